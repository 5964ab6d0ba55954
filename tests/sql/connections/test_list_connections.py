"""What a tenant's messages leave by."""

from collections.abc import Callable

import psycopg

from tests.sql.engine.support import Connection, claim, define, freeze, happen


def test_state_and_what_is_held(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db)
    query = (
        "select name, channel, provider, status, reason, throttled_until, held, shared from pgwhen.list_connections()"
    )
    assert db.execute(query).fetchall() == [("smtp", "email", "smtp", "active", None, None, 0, False)]
    db.execute("select pgwhen.pause_connection('smtp', 'quota')")
    db.execute("update pgwhen.connections set throttled_until = now() - interval '1 second'")
    freeze(db, actions, "smtp")
    assert db.execute(query).fetchall() == [("smtp", "email", "smtp", "paused", "quota", None, 1, False)]


def test_shared_ones_and_own_ones(db: Connection, login: Callable[..., str]) -> None:
    dsn = login("pgwhen_viewer")
    db.execute("insert into pgwhen.tenants (tenant) values ('other'), ('third')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_viewer', 'other')")
    db.execute(
        "insert into pgwhen.connections (tenant, name, channel, provider, updated_at)"
        " select t, n, c, p, now() from (values"
        " ('default', 'smtp', 'email', 'smtp'), ('default', 'http', 'http', 'http'),"
        " ('other', 'smtp', 'email', 'resend'), ('third', 'x', 'sms', 'twilio')) v (t, n, c, p)"
    )
    with psycopg.connect(dsn, autocommit=True) as other:
        rows = other.execute("select name, provider, shared from pgwhen.list_connections()").fetchall()
    assert rows == [("http", "http", True), ("smtp", "resend", False)]
