"""Steps to people, claimed and frozen as a poller does: recipients, messages and connections of one's own choice."""

import json
from collections.abc import Sequence
from typing import Any

from tests.sql.engine.support import Connection, Workflow, define, fake_clock, happen, identity, report

NOON = "2026-11-21 12:00+00"

__all__ = [
    "NOON",
    "Connection",
    "Workflow",
    "ask",
    "claim",
    "connection",
    "due",
    "freeze",
    "mails",
    "reasons",
    "report",
    "send",
]


POLLER = json.dumps(
    {"id": "test", "contract": 2, "connections": [{"name": "smtp", "channel": "email", "provider": "smtp"}]}
)


def claim(db: Connection, maximum: int = 100, lease: float = 60) -> list[dict[str, Any]]:
    """Tick and claim as a poller of contract 2."""
    (answer,) = db.execute("select pgwhen.tick_and_claim(%s, %s, %s)", [maximum, lease, POLLER]).fetchone() or ()
    return list(answer["actions"])


def mails(db: Connection, count: int = 1, *, at: str = NOON, **step: Any) -> list[dict[str, Any]]:
    """Claimed e-mail actions of ``count`` executions; ``step`` are keys of the compiled step."""
    fake_clock(db, at)
    step = {"type": "email"} | step
    workflow = define(db, [{"id": "mail"} | step], name=f"w{_count(db)}", attachment_id=_attachment(db))
    happen(db, workflow, *({"id": number} for number in range(count)))
    return sorted(claim(db, maximum=max(count, 1)), key=lambda action: int(action["message_id"]))


def ask(
    action: dict[str, Any], *to: str, channel: str = "email", connection: str = "smtp", **more: Any
) -> dict[str, Any]:
    """A frozen_message object for an action."""
    recipients = list(to) or ["a@example.com"]
    body: dict[str, Any] = {"to": recipients if channel == "email" else recipients[0], "subject": "Hello"} | more
    every = [*recipients, *body.get("cc", []), *body.get("bcc", [])]
    message = {"message": body} if action["frozen"] is None else {}
    return identity(action) | {"channel": channel, "connection": connection, "recipients": every} | message


def freeze(db: Connection, messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The verdicts, in the order of the messages."""
    (verdicts,) = db.execute("select pgwhen.freeze_actions(%s)", [json.dumps(messages)]).fetchone() or ()
    place = {(m["execution_id"], m["step_id"], m["part"]): n for n, m in enumerate(messages)}
    return sorted(verdicts, key=lambda v: place[v["execution_id"], v["step_id"], v["part"]])


def send(db: Connection, actions: Sequence[dict[str, Any]], *to: str, **more: Any) -> list[dict[str, Any]]:
    """Freeze the same message for each action."""
    return freeze(db, [ask(action, *to, **more) for action in actions])


def connection(db: Connection, name: str = "smtp", **columns: Any) -> None:
    """A connection with these columns."""
    db.execute(
        "insert into pgwhen.connections (tenant, name, channel, provider, updated_at)"
        " values ('default', %s, 'email', 'smtp', now()) on conflict do nothing",
        [name],
    )
    if columns:
        assignments = ", ".join(f"{column} = %s" for column in columns)
        db.execute(f"update pgwhen.connections set {assignments} where name = %s", [*columns.values(), name])


def reasons(db: Connection) -> list[str | None]:
    """Reasons of the steps."""
    return [
        r for (r,) in db.execute("select reason from pgwhen.execution_steps order by execution_id, step_id").fetchall()
    ]


def due(db: Connection) -> list[str]:
    """When sleepers wake."""
    rows = db.execute("select to_char(due_at, 'YYYY-MM-DD HH24:MI') from pgwhen.sleepers order by due_at").fetchall()
    return [at for (at,) in rows]


def _count(db: Connection) -> int:
    (count,) = db.execute("select count(*) from pgwhen.workflows").fetchone() or (0,)
    return int(count)


def _attachment(db: Connection) -> int:
    """A table of its own for each workflow, so that one does not start the others."""
    (number,) = db.execute(
        "insert into pgwhen.attachments (schema_name, table_name, alias, key_columns)"
        " values ('public', 'leads' || (select count(*) from pgwhen.attachments), 'lead', '{id}')"
        " returning attachment_id"
    ).fetchone() or (0,)
    return int(number)
