"""Dispatch, the graph, sleepers, admission: everything that moves without the network."""

import threading
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import (
    Connection,
    attachment,
    claim,
    count,
    define,
    executions,
    fake_clock,
    happen,
    perform,
    report,
    send,
    steps,
    tick,
)

SCORE_IS_HIGH = {
    "op": "gte",
    "left": ["new", "score"],
    "type": "numeric",
    "right": {"literal": 50},
    "source": "score >= 50",
}


def test_an_event_starts_one_execution_that_runs_to_its_end(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 1, "name": "Zoë"})
    result = tick(db)
    assert {"single_flight": True, "dispatched": 1, "woken": 0, "admitted": 0}.items() <= result.items() and result[
        "next_due"
    ]
    assert executions(db) == ["running"] and steps(db) == {"post": "queued"}
    assert perform(db) == ["post"]
    assert executions(db) == ["completed"] and steps(db) == {"post": "completed"}
    assert [count(db, f"pgwhen.{t}") for t in ("unfinished", "failures", "sleepers", "ready", "held")] == [0] * 5
    assert count(db, "pgmq.q_pgwhen_actions") == 0 and count(db, "pgwhen.events") == 1


def test_an_event_delivered_three_times_starts_one_execution(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 1})
    db.execute("create table copy as table pgmq.q_pgwhen_events")
    tick(db)
    for _ in range(2):
        db.execute("insert into pgmq.q_pgwhen_events overriding system value table copy")
        assert tick(db)["dispatched"] == 1
    assert executions(db) == ["running"] and count(db, "pgmq.q_pgwhen_events") == 0
    assert db.execute("select status, start_count from pgwhen.events").fetchall() == [("dispatched", 1)]


def test_two_workflows_on_one_event_are_two_executions(db: Connection) -> None:
    one = define(db, [{"id": "a"}], name="one")
    define(db, [{"id": "b"}], name="two", attachment_id=one.attachment_id)
    happen(db, one, {"id": 1})
    tick(db)
    assert len(executions(db)) == 2
    assert db.execute("select start_count from pgwhen.events").fetchone() == (2,)


def test_four_ticks_at_once_create_exactly_one_execution_per_event(db: Connection, connect: Connect) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, *({"id": n} for n in range(400)))
    connections = [connect() for _ in range(4)]

    def work(connection: psycopg.Connection[Any]) -> None:
        for _ in range(60):
            tick(connection, 20)

    threads = [threading.Thread(target=work, args=[c]) for c in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tick(db, 1000)
    assert count(db, "pgwhen.executions") == 400 and count(db, "pgmq.q_pgwhen_events") == 0


def test_a_second_tick_finds_the_first_at_it_and_does_not_wait(db: Connection, connect: Connect) -> None:
    other = connect(autocommit=False)
    assert tick(other)["single_flight"] is True
    assert tick(db)["single_flight"] is False
    other.rollback()
    assert tick(db)["single_flight"] is True


def test_a_migrate_makes_ticks_do_nothing(db: Connection, connect: Connect) -> None:
    other = connect()
    other.execute("select pg_advisory_lock(hashtextextended('pgwhen.migrate', 0))")
    assert tick(db)["single_flight"] is False
    assert claim(db) == []


def test_what_was_dispatched_before_is_left_out_and_the_rest_goes_on(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 1}, {"id": 2})
    messages = (
        "select array_agg((msg_id, pgwhen._event_id(enqueued_at, msg_id), enqueued_at, message)::pgwhen.event_message)"
        " from pgmq.q_pgwhen_events"
    )
    db.execute("create temp table twice as " + messages)
    tick(db)
    happen(db, workflow, {"id": 3})
    db.execute(f"select pgwhen._dispatch_guarded((select array_agg from twice) || ({messages}))")
    assert len(executions(db)) == 3 and count(db, "pgwhen.events") == 3
    assert count(db, "pgwhen.events where status = 'failed'") == 0


def test_one_poison_event_among_500_fails_alone(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, *({"id": n} for n in range(250)))
    send(db, {"v": 1, "attachment": "not a number", "operation": "insert"})
    send(db, ["not an event"])
    happen(db, workflow, *({"id": n} for n in range(250)))
    tick(db, 1000)
    assert count(db, "pgwhen.executions") == 500
    failed = db.execute(
        "select error ->> 'code', input from pgwhen.events where status = 'failed' order by event_id"
    ).fetchall()
    assert [row[0] for row in failed] == ["22P02", "22023"] and failed[1][1] == ["not an event"]
    assert count(db, "pgmq.q_pgwhen_events") == 0


def test_a_batch_that_fails_for_reasons_of_the_moment_is_done_again(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 1})
    db.execute(
        "create function pgwhen._busy() returns trigger language plpgsql"
        " as $$ begin raise exception using errcode = '55P03'; end $$"
    )
    db.execute("create trigger busy before insert on pgwhen.executions for each row execute function pgwhen._busy()")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        tick(db)
    assert count(db, "pgmq.q_pgwhen_events") == 1 and count(db, "pgwhen.events") == 0
    db.execute("drop trigger busy on pgwhen.executions")
    tick(db)
    assert executions(db) == ["running"]


def test_an_event_of_an_unknown_attachment_is_recorded_and_starts_nothing(db: Connection) -> None:
    send(db, {"v": 1, "attachment": 999, "operation": "insert", "new": {"id": 1}})
    tick(db)
    assert db.execute("select status, type, start_count from pgwhen.events").fetchall() == [
        ("dispatched", "unknown", 0)
    ]


@pytest.mark.parametrize(
    ("old", "new", "starts"),
    [
        ({"status": "new"}, {"status": "completed"}, 1),
        ({"status": "completed"}, {"status": "completed"}, 0),
        ({"status": None}, {"status": "completed"}, 1),
        ({"status": "new"}, {"status": "open"}, 0),
        (None, {"status": "completed"}, 1),
    ],
)
def test_becomes_is_true_of_new_and_was_not_of_old(db: Connection, old: Any, new: Any, starts: int) -> None:
    becomes = {
        "op": "eq",
        "left": ["status"],
        "type": "text",
        "right": {"literal": "completed"},
        "source": "status: completed",
    }
    number = attachment(db)
    operation = "update" if old else "insert"
    db.execute(
        "insert into pgwhen.match_columns values (%s, 'update', 'status'), (%s, 'insert', 'status')", [number, number]
    )
    workflow = define(
        db, [{"id": "a"}], attachment_id=number, key=operation + ":{}:status=completed", trigger={"becomes": becomes}
    )
    happen(db, workflow, {"id": 1} | new, operation=operation, **({"old": {"id": 1} | old} if old else {}))
    tick(db)
    assert count(db, "pgwhen.executions") == starts


def test_an_update_fires_only_if_one_of_the_columns_changed(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}], key="update:{}:changed:status", trigger={"columns": ["status"]})
    happen(db, workflow, {"id": 1, "status": "x", "n": 2}, operation="update", old={"id": 1, "status": "x", "n": 1})
    happen(db, workflow, {"id": 2, "status": "y", "n": 1}, operation="update", old={"id": 2, "status": "x", "n": 1})
    tick(db)
    assert db.execute("select record_key from pgwhen.executions").fetchall() == [({"id": 2},)]
    assert db.execute("select changed from pgwhen.events order by event_id").fetchall() == [(["n"],), (["status"],)]


def test_events_start_the_workflows_that_were_active_when_they_occurred(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}])
    happen(db, workflow, {"id": 1})
    db.execute("update pgwhen.activations set until_at = clock_timestamp()")
    db.execute("insert into pgwhen.activations values (%s, clock_timestamp(), null, 'paused')", [workflow.workflow_id])
    happen(db, workflow, {"id": 2})
    db.execute("update pgwhen.activations set until_at = clock_timestamp() where until_at is null")
    happen(db, workflow, {"id": 3})
    tick(db)
    assert db.execute("select record_key from pgwhen.executions").fetchall() == [({"id": 1},)]
    notes = db.execute("select notes from pgwhen.events order by event_id").fetchall()
    assert [n and n["skipped"][0]["reason"] for (n,) in notes] == [None, "paused", None]


def test_suppress_if_keeps_an_execution_from_starting_with_a_reason(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}], compiled={"suppress_if": SCORE_IS_HIGH})
    happen(db, workflow, {"id": 1, "score": 80}, {"id": 2, "score": 10})
    tick(db)
    assert db.execute("select record_key from pgwhen.executions").fetchall() == [({"id": 2},)]
    assert db.execute(
        "select notes #>> '{skipped,0,reason}' from pgwhen.events where key = '{\"id\": 1}'"
    ).fetchone() == ("suppressed",)


def test_a_chain_of_workflows_stops_at_the_depth_limit_with_a_reason(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}])
    happen(db, workflow, {"id": 1}, cause={"execution": "00000000-0000-8000-8000-000000000000", "depth": 8})
    happen(db, workflow, {"id": 2}, cause={"execution": "00000000-0000-8000-8000-000000000000", "depth": 9})
    tick(db)
    assert db.execute("select record_key, depth from pgwhen.executions").fetchall() == [({"id": 1}, 8)]
    (note,) = db.execute("select notes -> 'skipped' -> 0 from pgwhen.events where depth = 9").fetchone() or ({},)
    assert note["reason"] == "depth" and "max_depth" in note["detail"]


def test_a_workflow_does_not_enter_itself_for_the_same_record(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}])
    happen(db, workflow, {"id": 1})
    tick(db)
    (execution,) = db.execute("select execution_id::text from pgwhen.executions").fetchone() or ("",)
    cause = {"execution": execution, "depth": 1}
    happen(db, workflow, {"id": 1}, {"id": 2}, cause=cause)
    tick(db)
    assert db.execute("select record_key, depth from pgwhen.executions order by depth").fetchall() == [
        ({"id": 1}, 0),
        ({"id": 2}, 1),
    ]
    reasons = db.execute("select notes #>> '{skipped,0,reason}' from pgwhen.events where notes is not null").fetchall()
    assert reasons == [("reentry",)]


def test_a_condition_takes_one_branch_and_the_other_is_not_reached(db: Connection) -> None:
    workflow = define(
        db,
        [
            {"id": "ask", "type": "condition", "if": SCORE_IS_HIGH},
            {"id": "yes"},
            {"id": "no"},
            {"id": "more"},
            {"id": "end"},
        ],
        [
            ("ask", "yes", "true"),
            ("ask", "no", "false"),
            ("no", "more", "success"),
            ("yes", "end", "success"),
            ("more", "end", "success"),
        ],
    )
    happen(db, workflow, {"id": 1, "score": 50})
    tick(db)
    assert steps(db) == {"ask": "completed", "yes": "queued", "no": "not_reached", "more": "not_reached"}
    assert perform(db) == ["yes"]
    assert perform(db) == ["end"]
    assert executions(db) == ["completed"]


def test_an_unknown_condition_counts_as_not_met(db: Connection) -> None:
    workflow = define(
        db, [{"id": "ask", "type": "condition", "if": SCORE_IS_HIGH}, {"id": "no"}], [("ask", "no", "false")]
    )
    happen(db, workflow, {"id": 1, "score": None})
    tick(db)
    assert steps(db) == {"ask": "completed", "no": "queued"}


def test_a_step_skipped_by_its_if_fires_its_edges(db: Connection) -> None:
    workflow = define(db, [{"id": "a", "if": SCORE_IS_HIGH}, {"id": "b"}], [("a", "b", "success")])
    happen(db, workflow, {"id": 1, "score": 1})
    tick(db)
    assert steps(db) == {"a": "skipped", "b": "queued"}
    assert db.execute("select reason from pgwhen.execution_steps where step_id = 'a'").fetchone() == (
        "if does not hold",
    )


def test_an_execution_of_engine_steps_only_completes_within_the_tick(db: Connection) -> None:
    workflow = define(db, [{"id": "ask", "type": "condition", "if": SCORE_IS_HIGH}])
    happen(db, workflow, {"id": 1, "score": 99})
    tick(db)
    assert executions(db) == ["completed"] and count(db, "pgwhen.unfinished") == 0


def test_join_all_waits_for_every_branch(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}, {"id": "b"}, {"id": "end"}], [("a", "end", "success"), ("b", "end", "success")])
    happen(db, workflow, {"id": 1})
    one, two = sorted(claim(db), key=lambda action: action["step_id"])
    report(db, [one])
    assert steps(db) == {"a": "completed", "b": "claimed"}
    report(db, [two])
    assert steps(db) == {"a": "completed", "b": "completed", "end": "queued"}


@pytest.mark.parametrize("result", ["completed", "failed", "cancelled"])
def test_stop_ends_the_execution_and_what_has_not_begun(db: Connection, result: str) -> None:
    workflow = define(
        db,
        [
            {"id": "halt", "type": "stop", "as": result, "reason": {"literal": "enough"}},
            {"id": "sleep", "type": "delay", "for": {"literal": "3 days"}},
        ],
    )
    happen(db, workflow, {"id": 1})
    tick(db)
    assert steps(db) == {"halt": "completed", "sleep": "cancelled"}
    assert db.execute("select status, reason from pgwhen.executions").fetchall() == [(result, "enough")]
    assert count(db, "pgwhen.sleepers") == 0 and count(db, "pgwhen.unfinished") == 0


def test_a_delay_of_thirty_days_sleeps_and_goes_on(db: Connection) -> None:
    fake_clock(db, "2026-01-01 12:00+00")
    workflow = define(
        db,
        [{"id": "wait", "type": "delay", "for": {"literal": "30 days"}}, {"id": "post"}],
        [("wait", "post", "success")],
    )
    happen(db, workflow, {"id": 1})
    tick(db)
    assert executions(db) == ["waiting"] and steps(db) == {"wait": "sleeping"}
    fake_clock(db, "2026-01-31 11:59+00")
    assert tick(db)["woken"] == 0
    fake_clock(db, "2026-01-31 12:00+00")
    assert tick(db)["woken"] == 1
    assert executions(db) == ["running"] and steps(db) == {"wait": "completed", "post": "queued"}


def test_a_delay_until_a_value_with_an_offset(db: Connection) -> None:
    fake_clock(db, "2026-03-01 00:00+00")
    until = {"until": {"path": ["new", "at"]}, "offset": {"literal": "-24 hours"}}
    workflow = define(db, [{"id": "wait", "type": "delay"} | until])
    happen(db, workflow, {"id": 1, "at": "2026-03-05T09:00:00+00:00"})
    tick(db)
    assert db.execute("select due_at::text from pgwhen.sleepers").fetchone() == ("2026-03-04 09:00:00+00",)


def test_a_delay_until_the_past_is_over_at_once(db: Connection) -> None:
    workflow = define(db, [{"id": "wait", "type": "delay", "until": {"path": ["new", "at"]}}])
    happen(db, workflow, {"id": 1, "at": "2020-03-05T09:00:00+00:00"})
    tick(db)
    assert executions(db) == ["completed"]


def test_a_delay_until_nothing_fails_alone_and_says_so(db: Connection) -> None:
    workflow = define(db, [{"id": "wait", "type": "delay", "until": {"path": ["new", "at"]}}])
    happen(
        db,
        workflow,
        {"id": 1, "at": "2020-03-05T09:00:00+00:00"},
        {"id": 2, "at": None},
        {"id": 3, "at": "2020-03-05T09:00:00+00:00"},
    )
    tick(db)
    rows = db.execute(
        "select record_key ->> 'id', status, error ->> 'code', error ->> 'step' from pgwhen.executions order by 1"
    ).fetchall()
    assert rows == [("1", "completed", None, None), ("2", "failed", "WF141", "wait"), ("3", "completed", None, None)]
    assert count(db, "pgwhen.failures") == 1


def test_a_delay_until_what_is_no_time_fails(db: Connection) -> None:
    workflow = define(db, [{"id": "wait", "type": "delay", "until": {"path": ["new", "at"]}}])
    happen(db, workflow, {"id": 1, "at": "soon"})
    tick(db)
    assert db.execute("select status, error ->> 'message' from pgwhen.executions").fetchone() == (
        "failed",
        "until is soon, which is not a time",
    )


def test_actions_are_admitted_in_turn_by_tenant(db: Connection) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('small')")
    flood = define(db, [{"id": "a"}])
    small = define(db, [{"id": "a"}], name="small", attachment_id=attachment(db, "others"))
    db.execute("update pgwhen.attachments set tenant = 'small' where attachment_id = %s", [small.attachment_id])
    db.execute("update pgwhen.workflows set tenant = 'small' where workflow_id = %s", [small.workflow_id])
    for _ in range(3):
        happen(db, flood, *({"id": n} for n in range(500)))
    for _ in range(3):
        tick(db)
    assert count(db, "pgmq.q_pgwhen_actions") == 1000 and count(db, "pgwhen.ready") == 500
    happen(db, small, *({"id": n} for n in range(10)))
    tick(db)
    perform(db)
    tick(db)
    waiting = dict(db.execute("select tenant, count(*) from pgwhen.ready group by tenant").fetchall())
    assert waiting == {"default": 410}
    assert count(db, "pgmq.q_pgwhen_actions") == 1000


@pytest.mark.parametrize("maximum", [0, -1, None])
def test_a_maximum_below_one_is_refused(db: Connection, maximum: int | None) -> None:
    with pytest.raises(psycopg.Error) as caught:
        tick(db, maximum)  # type: ignore[arg-type]
    assert caught.value.sqlstate == "WF142"


def test_nobody_but_pollers_and_operators_may_tick(connect: Connect) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tick(connect(user="pgwhen_viewer"))
