"""Start steps: another workflow, now or later, waited for or not."""

from typing import Any

import pytest

from tests.sql.children.support import (
    Connection,
    each,
    keep,
    left,
    manual,
    on_top,
    order,
    parent,
    prepare,
    run,
    send,
    settled,
    step,
)
from tests.sql.engine.support import claim, fake_clock, perform

START = {"id": "go", "type": "start", "workflow": "other"}
WANT = {"inputs": {"name": {"type": "text", "required": True}, "count": {"type": "number", "default": 1}}}


def children(db: Connection) -> list[tuple[Any, ...]]:
    """Executions that a start made: workflow, state, depth, input, cause."""
    return db.execute(
        "select w.workflow, x.status, x.depth, e.input, e.cause ->> 'execution' = x.parent_execution_id::text,"
        " e.operation, x.record_key, e.actor is not null"
        " from pgwhen.executions x join pgwhen.workflows w using (workflow_id) join pgwhen.events e using (event_id)"
        " where x.parent_execution_id is not null order by x.execution_id"
    ).fetchall()


def test_a_start_gives_the_execution_and_goes_on(db: Connection) -> None:
    manual(db, "other", send(text="{{ input.name }} {{ input.count }}"), **WANT)
    prepare(db, START | {"with": {"name": "order {{ order.id }}"}}, keep("{{ steps.go.output.execution }}"))
    order(db, "1", 7)
    run(db)
    assert children(db) == [("other", "running", 1, {"name": "order 7", "count": 1}, True, "manual", None, True)]
    row = db.execute(
        "select execution_id::text from pgwhen.executions where parent_execution_id is not null"
    ).fetchone()
    assert row is not None and step(db, "keep")["output"] == {"value": row[0]} and parent(db) == ("completed", None)
    (action,) = claim(db)
    assert action["context"]["input"] == {"name": "order 7", "count": 1} and action["workflow"] == "other"


def test_await_takes_the_result(db: Connection) -> None:
    manual(
        db,
        "other",
        keep("first", id="a"),
        send(id="b", text="x"),
        {"id": "c", "type": "condition", "if": {"input.name": "x"}},
        **WANT,
    )
    prepare(db, START | {"with": {"name": "x"}, "await": True}, keep("{{ steps.go.output.outputs.c }}"))
    order(db, "1")
    run(db)
    assert parent(db) == ("waiting", None) and step(db, "go")["status"] == "waiting"
    perform(db)
    run(db)
    output = step(db, "go")["output"]
    assert output | {"execution": None} == {
        "execution": None,
        "status": "completed",
        "reason": None,
        "outputs": {"c": True},
    }
    assert step(db, "keep")["output"] == {"value": True} and parent(db) == ("completed", None) and left(db) == 0


def test_an_awaited_execution_that_ends_in_the_same_tick(db: Connection) -> None:
    manual(db, "other", keep("done"))
    prepare(db, START | {"await": True}, keep("{{ steps.go.output.outputs.keep.value }}", id="after"))
    order(db, "1")
    run(db)
    assert step(db, "after")["output"] == {"value": "done"} and parent(db) == ("completed", None) and left(db) == 0


@pytest.mark.parametrize("ending", ["failed", "cancelled"])
def test_an_awaited_execution_that_does_not_complete_fails_the_step(db: Connection, ending: str) -> None:
    manual(db, "other", {"id": "no", "type": "stop", "as": ending, "reason": "no stock"})
    prepare(db, START | {"await": True, "on_error": [keep("{{ steps.go.error.code }}")]})
    order(db, "1")
    run(db)
    error = step(db, "go")["error"]
    said = "failed" if ending == "failed" else "was cancelled"
    assert error["code"] == f"child_{ending}" and error["message"] == f"workflow other {said}: no stock"
    assert step(db, "keep")["output"] == {"value": f"child_{ending}"} and left(db) == 0


def test_a_failed_execution_that_nobody_awaits_is_its_own_affair(db: Connection) -> None:
    manual(db, "other", {"id": "no", "type": "stop", "as": "failed"})
    prepare(db, START)
    order(db, "1")
    run(db)
    assert parent(db) == ("completed", None) and children(db)[0][1] == "failed" and left(db) == 0


@pytest.mark.parametrize("awaits", [True, False])
def test_cancel_reaches_only_what_is_awaited(db: Connection, awaits: bool) -> None:
    manual(db, "other", send(text="x"))
    prepare(db, START | {"await": awaits}, {"id": "rest", "type": "delay", "for": "1 day"})
    order(db, "1")
    run(db)
    on_top(db, "cancel_executions")
    run(db)
    assert children(db)[0][1] == ("cancelled" if awaits else "running")


def test_at_sleeps_until_the_time(db: Connection) -> None:
    fake_clock(db, "2026-01-05T10:00:00Z")
    manual(db, "other", keep("done"))
    prepare(db, START | {"at": "now + 2 days", "await": True})
    order(db, "1")
    db.execute("update pgmq.q_pgwhen_events set enqueued_at = pgwhen._now()")
    run(db)
    assert children(db) == [] and parent(db)[0] == "waiting"
    db.execute("set pgwhen.now = '2026-01-07T09:59:00Z'")
    run(db)
    assert children(db) == []
    db.execute("set pgwhen.now = '2026-01-07T10:00:01Z'")
    run(db)
    assert children(db)[0][:2] == ("other", "completed") and parent(db) == ("completed", None) and left(db) == 0


def test_at_that_is_no_time_fails_the_step(db: Connection) -> None:
    manual(db, "other", keep("done"))
    prepare(db, START | {"at": "{{ order.items }}"})
    order(db, '"soon"', 1)
    run(db)
    assert step(db, "go")["error"]["code"] == "WF241" and children(db) == []


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (
            "update pgwhen.workflows set workflow = 'gone' where workflow = 'other'",
            "WF242",
            "there is no workflow other",
        ),
        ("select pgwhen.pause_workflow('other')", "WF243", "workflow other is paused"),
        ("select pgwhen.archive_workflow('other')", "WF243", "workflow other is archived"),
        (
            "update pgwhen.triggers set enabled = false where kind = 'manual'",
            "WF244",
            "workflow other has no manual trigger",
        ),
        ("update pgwhen.settings set value = '0' where name = 'max_depth'", "WF245", None),
    ],
)
def test_what_cannot_be_started_fails_the_step(db: Connection, change: str, code: str, message: str | None) -> None:
    manual(db, "other", keep("done"))
    prepare(db, START)
    db.execute(change)
    order(db, "1")
    run(db)
    error = step(db, "go")["error"]
    assert (
        error["code"] == code
        and message in (None, error["message"])
        and parent(db)[0] == "failed"
        and children(db) == []
    )


def test_an_input_that_does_not_fit_fails_the_step_and_no_other(db: Connection) -> None:
    manual(db, "other", keep("done"), **WANT)
    prepare(db, START | {"with": {"name": "{{ order.items }}"}})
    order(db, '["no text"]', 1)
    order(db, '"text"', 2)
    run(db)
    assert settled(db, "go", "code") == [("completed", None), ("failed", "WF160")]


def test_a_workflow_does_not_start_itself_for_ever(db: Connection) -> None:
    manual(db, "other", {"id": "go", "type": "start", "workflow": "other"})
    prepare(db, START)
    order(db, "1")
    run(db)
    assert settled(db, "go") == [("completed", None), ("failed", "workflow other would start itself")]


@pytest.mark.parametrize(
    "keys", [{"suppress_if": {"input.name": "x"}}, {"when": {"manual": True, "if": {"input.name": "y"}}}]
)
def test_what_the_other_workflow_keeps_out(db: Connection, keys: dict[str, Any]) -> None:
    manual(db, "other", keep("done"), **WANT, **keys)
    prepare(db, START | {"with": {"name": "x"}, "await": True}, keep("after", id="after"))
    order(db, "1")
    run(db)
    assert (
        children(db) == []
        and step(db, "go")["output"] == {"execution": None}
        and step(db, "go")["status"] == "completed"
    )
    assert (
        step(db, "go")["reason"].startswith("other was not started")
        and parent(db) == ("completed", None)
        and left(db) == 0
    )


def test_a_start_for_each_item(db: Connection) -> None:
    manual(db, "other", keep("{{ input.name }}!"), **WANT)
    prepare(
        db,
        each(
            START | {"with": {"name": "{{ item }}"}, "await": True},
            keep("{{ steps.go.output.outputs.keep.value }}"),
            at_once=2,
        ),
    )
    order(db, '["a", "b", "c"]')
    run(db)
    assert [r["value"] for r in step(db)["output"]["results"]] == ["a!", "b!", "c!"] and left(db) == 0


def test_a_retried_start_starts_anew(db: Connection) -> None:
    manual(db, "other", send(text="x"))
    prepare(db, START | {"await": True})
    order(db, "1")
    run(db)
    perform(db, "permanent")
    run(db)
    on_top(db, "retry_executions")
    run(db)
    perform(db)
    run(db)
    assert sorted(c[1] for c in children(db)) == ["completed", "failed"] and parent(db) == ("completed", None)
