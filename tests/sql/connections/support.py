"""What the tests of connections share."""

import json
from typing import Any

from tests.sql.engine.support import Connection


def add(db: Connection, name: str = "mail", channel: str = "email", provider: str = "resend", **more: Any) -> Any:
    """Define a connection; ``settings``, ``secrets``, ``default`` in ``more``."""
    row = db.execute(
        "select pgwhen.add_connection(%s, %s, %s, %s, %s, %s)",
        [
            name,
            channel,
            provider,
            json.dumps(more.get("settings", {"from": "shop@example.com"})),
            json.dumps(more.get("secrets", {"key": "env:RESEND_API_KEY"})),
            more.get("default", False),
        ],
    ).fetchone()
    assert row
    return row[0]


def known(db: Connection, revision: int | None = None) -> Any:
    """What a poller that knows a revision is told: {connections, connections_revision}."""
    poller = {"id": "p", "contract": 2, "connections_revision": revision}
    row = db.execute("select pgwhen.tick_and_claim(0, 10, %s)", [json.dumps(poller)]).fetchone()
    assert row
    return {name: row[0][name] for name in ("connections", "connections_revision")}


def audited(db: Connection) -> list[tuple[Any, ...]]:
    """Commands and targets of the audit log."""
    return db.execute("select command, target from pgwhen.audit_log order by audit_id").fetchall()


def join(db: Connection, login: str, tenant: str) -> None:
    """Have a login work for a tenant."""
    db.execute("insert into pgwhen.tenants (tenant) values (%s) on conflict do nothing", [tenant])
    db.execute("insert into pgwhen.tenant_roles values (%s, %s)", [login, tenant])
