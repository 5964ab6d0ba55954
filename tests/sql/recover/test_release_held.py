"""Stale actions: held after an outage, until a person releases or discards them."""

import psycopg
import pytest

from tests.sql.engine.support import (
    Connection,
    Workflow,
    claim,
    count,
    define,
    executions,
    fake_clock,
    happen,
    perform,
    send,
    steps,
    tick,
)

NOON = "2026-11-21 12:00+00"


def outage(db: Connection, **compiled: object) -> Workflow:
    """An event of three days ago that nobody has dispatched yet."""
    workflow = define(db, [{"id": "a"}, {"id": "b"}], [("a", "b", "success")], compiled=compiled)
    fake_clock(db, "2026-11-18 12:00+00")
    happen(db, workflow, {"id": 1})
    fake_clock(db, NOON)
    return workflow


def release(db: Connection, chosen: str = '{"cause": "stale"}') -> object:
    row = db.execute("select pgwhen.release_held(%s)", [chosen]).fetchone()
    assert row is not None
    return row[0]


def test_an_event_that_waited_too_long_is_not_acted_on_without_asking(db: Connection) -> None:
    outage(db)
    assert claim(db) == []
    assert steps(db) == {"a": "held"} and executions(db) == ["waiting"]
    assert db.execute("select cause, reason from pgwhen.held").fetchone() == (
        "stale",
        "stale: was due 2026-11-18 12:00 UTC, 3 days ago; stale_after is 24:00:00",
    )
    assert db.execute("select pgwhen.count_held()").fetchone() == (1,)
    doctor = db.execute("select status, detail from pgwhen.doctor() where check_name = 'stale actions'").fetchone()
    assert doctor == ("warning", "1 actions were too old to send without asking")
    assert release(db) == {"released": 1, "left": 0}
    assert perform(db) == ["a"] and perform(db) == ["b"] and executions(db) == ["completed"]


def test_a_workflow_says_how_old_is_too_old(db: Connection) -> None:
    outage(db, stale_after=4 * 86400)
    assert perform(db) == ["a"]


def test_what_stood_in_the_queue_through_an_outage_is_stale(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}])
    fake_clock(db, "2026-11-18 12:00+00")
    happen(db, workflow, {"id": 1})
    tick(db)
    fake_clock(db, NOON)
    assert claim(db) == [] and steps(db) == {"a": "held"}


def test_what_a_delay_slept_through_is_stale_and_what_it_was_meant_to_sleep_is_not(db: Connection) -> None:
    delay = {"id": "wait", "type": "delay", "for": {"literal": "30 days"}}
    workflow = define(db, [delay, {"id": "a"}], [("wait", "a", "success")])
    fake_clock(db, "2026-10-01 12:00+00")
    happen(db, workflow, {"id": 1})
    tick(db)
    fake_clock(db, "2026-10-10 12:00+00")
    happen(db, workflow, {"id": 2})
    tick(db)
    fake_clock(db, "2026-11-09 12:30+00")
    assert len(claim(db)) == 1
    assert count(db, "pgwhen.held where cause = 'stale'") == 1


def test_a_retry_that_nobody_made_in_time_is_stale(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}])
    fake_clock(db, "2026-11-18 12:00+00")
    happen(db, workflow, {"id": 1})
    perform(db, "transient")
    fake_clock(db, NOON)
    assert claim(db) == [] and steps(db) == {"a": "held"}


def test_a_filter_chooses(db: Connection) -> None:
    outage(db)
    claim(db)
    for chosen in (
        '{"cause": "connection"}',
        '{"step": "b"}',
        '{"since": "2026-11-21 12:01+00"}',
        '{"until": "now - 1 minute"}',
    ):
        assert release(db, chosen) == {"released": 0, "left": 0}, chosen
    assert release(db, '{"workflow": "w", "step": "a", "since": "now - 1 hour"}') == {"released": 1, "left": 0}


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ('{"reason": "x"}', "the filter has no reason"),
        ('{"cause": "bored"}', "bored is not a cause"),
        ('{"since": "yesterdayish"}', "is not a time, in since"),
        ('{"workflow": "nope"}', "workflow nope does not exist"),
    ],
)
def test_a_wrong_filter_is_refused(db: Connection, chosen: str, says: str) -> None:
    with pytest.raises(psycopg.Error, match=says):
        release(db, chosen)


def test_release_stops_at_its_number(db: Connection) -> None:
    workflow = outage(db)
    fake_clock(db, "2026-11-18 12:00+00")
    happen(db, workflow, {"id": 2}, {"id": 3})
    fake_clock(db, NOON)
    claim(db)
    row = db.execute("select pgwhen.release_held('{}', null, 2)").fetchone()
    assert row == ({"released": 2, "left": 1},)


def test_an_event_from_a_moment_ago_is_leased_as_it_begins(db: Connection) -> None:
    fake_clock(db, NOON)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    assert [a["attempt"] for a in claim(db)] == [1]
    send(db, {"v": 1, "operation": "event", "type": "nothing"})
    assert claim(db) == []
