"""Counts by place."""

from collections.abc import Callable

import psycopg

from tests.sql.engine.support import Connection, claim, define, freeze, happen, perform, send, tick


def counts(db: Connection) -> dict[tuple[str, str], int]:
    """What is not empty."""
    return {
        row[:2]: row[2]
        for row in db.execute("select place, state, count from pgwhen.queue_status where count > 0").fetchall()
    }


def test_every_place(db: Connection) -> None:
    assert counts(db) == {}
    workflow = define(db, [{"id": "a"}, {"id": "d", "type": "delay", "for": {"literal": "1 day"}}])
    happen(db, workflow, {"id": 1}, {"id": 2}, {"id": 3})
    assert counts(db) == {("events", "waiting"): 3}
    tick(db)
    assert counts(db) == {("actions", "queued"): 3, ("sleeping", "delay"): 3, ("executions", "unfinished"): 3}
    first = claim(db, maximum=1)
    assert counts(db)["actions", "claimed"] == 1
    freeze(db, first)
    assert counts(db)["actions", "sending"] == 1 and counts(db)["actions", "queued"] == 2
    perform(db, "permanent")
    assert counts(db)["steps", "failed"] == 2
    happen(db, workflow, {"id": 4})
    perform(db, "auth")
    assert counts(db)["actions", "held by http"] == 1
    row = db.execute(
        "select oldest_at < now(), next_at > now() from pgwhen.queue_status where state = 'sending'"
    ).fetchone()
    assert row == (True, True)


def test_empty_places_are_shown_with_zero(db: Connection) -> None:
    rows = db.execute("select place, state from pgwhen.queue_status where count = 0 order by 1, 2").fetchall()
    assert rows == [
        ("actions", "claimed"), ("actions", "queued"), ("actions", "ready"), ("actions", "sending"),
        ("events", "waiting"), ("executions", "unfinished"), ("steps", "failed"),
    ]  # fmt: skip


def test_each_tenant_sees_its_own(db: Connection, login: Callable[..., str]) -> None:
    dsn = login("pgwhen_viewer")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_viewer', 'other')")
    happen(db, define(db, [{"id": "a"}]), {"id": 1}, {"id": 2})
    tick(db)
    send(db, {"v": 1, "operation": "event", "type": "x", "tenant": "other"})
    send(db, {"v": 1, "operation": "event", "type": "x", "tenant": "default"})
    with psycopg.connect(dsn, autocommit=True) as other:
        assert counts(other) == {("events", "waiting"): 1}
    assert counts(db)["events", "waiting"] == 1


def test_a_message_that_is_no_object_or_names_nothing_does_not_break_it(db: Connection) -> None:
    for body in ([], "x", {}, {"attachment": None}, {"attachment": 99}):
        send(db, body)
    db.execute("""select pgmq.send('pgwhen_actions', '{"v": 1}')""")
    assert counts(db)["events", "waiting"] == 5
