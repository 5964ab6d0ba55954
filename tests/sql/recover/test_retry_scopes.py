"""What runs again: the failed steps, what follows them, from a step, everything; in which version, with which input."""

import json
import uuid
from typing import Any

import psycopg
import pytest

from tests.sql.engine.support import (
    Connection,
    Workflow,
    attachment,
    claim,
    count,
    define,
    executions,
    fake_clock,
    freeze,
    happen,
    perform,
    report,
    send,
    steps,
    tick,
)

CHAIN = [("a", "b", "success"), ("b", "c", "success")]
THREE = [{"id": "a"}, {"id": "b"}, {"id": "c"}]


def only(db: Connection) -> uuid.UUID:
    """The id of the one execution."""
    (row,) = db.execute("select execution_id from pgwhen.executions").fetchall()
    return row[0]  # type: ignore[no-any-return]


def retry(
    db: Connection, execution: uuid.UUID, scope: str = "failed", **more: Any
) -> tuple[str, int | None, int | None]:
    """Retry one execution: result, generation before, messages that leave again."""
    names = "".join(f", p_{name} => %s" for name in more)
    values = [json.dumps(v) if isinstance(v, dict) else v for v in more.values()]
    query = f"select result, generation, again from pgwhen.retry_executions(array[%s], p_scope => %s{names})"
    row = db.execute(query, [execution, scope, *values]).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0], row[1], row[2]


def attempts(db: Connection) -> dict[str, int]:
    """Attempts of each step."""
    return dict(db.execute("select step_id, count(*) from pgwhen.attempts group by 1").fetchall())


def finish(db: Connection) -> None:
    """Perform until nothing is due."""
    while perform(db):
        pass


def republish(db: Connection, workflow: Workflow, new: list[dict[str, Any]], edges: list[tuple[str, str, str]]) -> None:
    """Make version 2 of a workflow, of steps given as define takes them."""
    define(db, new, edges, name="scratch", attachment_id=workflow.attachment_id, key="none:{}")
    db.execute(
        "insert into pgwhen.versions select %(w)s, 2, definition, source, compiled, published_at from pgwhen.versions"
        " where workflow_id = (select workflow_id from pgwhen.workflows where workflow = 'scratch')",
        {"w": workflow.workflow_id},
    )
    db.execute(
        "update pgwhen.steps set workflow_id = %(w)s, version = 2"
        " where workflow_id = (select workflow_id from pgwhen.workflows where workflow = 'scratch')",
        {"w": workflow.workflow_id},
    )
    db.execute(
        "update pgwhen.edges set workflow_id = %(w)s, version = 2"
        " where workflow_id = (select workflow_id from pgwhen.workflows where workflow = 'scratch')",
        {"w": workflow.workflow_id},
    )
    db.execute("update pgwhen.workflows set active_version = 2 where workflow_id = %s", [workflow.workflow_id])


# ---------------------------------------------------------------- following, start, step


def tolerant(db: Connection) -> uuid.UUID:
    """a -> b (fails, goes on) -> c, ended completed with failures."""
    edges = [("a", "b", "success"), ("b", "c", "success"), ("b", "c", "error")]
    happen(db, define(db, [{"id": "a"}, {"id": "b", "on_error": "continue"}, {"id": "c"}], edges), {"id": 1})
    perform(db)
    perform(db, "permanent")
    perform(db)
    assert executions(db) == ["completed"]
    return only(db)


def test_failed_leaves_what_succeeded_behind_the_failure(db: Connection) -> None:
    execution = tolerant(db)
    assert retry(db, execution) == ("retried", 1, 0)
    finish(db)
    assert attempts(db) == {"a": 1, "b": 2, "c": 1}
    assert executions(db) == ["completed"]


def test_following_runs_what_stands_behind_the_failure_again(db: Connection) -> None:
    execution = tolerant(db)
    assert retry(db, execution, "following", dry_run=True) == ("can be retried", 1, 1)
    assert executions(db) == ["completed"] and count(db, "pgwhen.audit_log") == 0, "a dry run changes nothing"
    assert retry(db, execution, "following") == ("retried", 1, 1)
    finish(db)
    assert attempts(db) == {"a": 1, "b": 2, "c": 2}
    assert executions(db) == ["completed"]


def test_from_the_start_everything_leaves_again_under_new_keys(db: Connection) -> None:
    happen(db, define(db, THREE, CHAIN), {"id": 1})
    finish(db)
    execution = only(db)
    assert retry(db, execution)[0] == "completed: nothing failed"
    assert retry(db, execution, "start") == ("retried", 1, 3)
    assert steps(db) == {"a": "queued"}
    (action,) = claim(db)
    assert action["idempotency_key"] == f"{execution}:a:2:0" and action["frozen"] is None
    freeze(db, [action])
    report(db, [action])
    finish(db)
    assert attempts(db) == {"a": 2, "b": 2, "c": 2} and executions(db) == ["completed"]
    assert count(db, "pgwhen.unfinished") == 0
    detail = db.execute("select detail from pgwhen.audit_log").fetchone()
    assert detail == ({"scope": "start"},)


def test_from_a_step_what_came_before_stays(db: Connection) -> None:
    happen(db, define(db, THREE, CHAIN), {"id": 1})
    finish(db)
    assert retry(db, only(db), "step", step="b") == ("retried", 1, 2)
    assert steps(db) == {"a": "completed", "b": "queued"}
    finish(db)
    assert attempts(db) == {"a": 1, "b": 2, "c": 2} and executions(db) == ["completed"]


def test_from_a_step_the_failure_that_ended_the_execution_runs_again_too(db: Connection) -> None:
    edges = [("root", "x", "success"), ("root", "fails", "success"), ("x", "y", "success")]
    workflow = define(db, [{"id": "root"}, {"id": "x"}, {"id": "fails"}, {"id": "y"}], edges)
    happen(db, workflow, {"id": 1})
    perform(db)
    by_step = {a["step_id"]: a for a in claim(db)}
    freeze(db, list(by_step.values()))
    report(db, [by_step["x"]])
    (last,) = claim(db)
    freeze(db, [last])
    report(db, [last])
    report(db, [by_step["fails"]], "permanent")
    assert executions(db) == ["failed"]
    assert retry(db, only(db), "step", step="x") == ("retried", 1, 2)
    assert steps(db) == {"root": "completed", "x": "queued", "fails": "queued"}
    finish(db)
    assert attempts(db) == {"root": 1, "x": 2, "fails": 2, "y": 2} and executions(db) == ["completed"]


def test_a_tolerated_failure_elsewhere_stays_and_its_join_is_decided(db: Connection) -> None:
    """a and b (fails, goes on) both lead to j; a again runs j again."""
    edges = [("a", "j", "success"), ("b", "j", "success"), ("b", "j", "error")]
    happen(db, define(db, [{"id": "a"}, {"id": "b", "on_error": "continue"}, {"id": "j"}], edges), {"id": 1})
    by_step = {a["step_id"]: a for a in claim(db)}
    freeze(db, list(by_step.values()))
    report(db, [by_step["b"]], "permanent")
    report(db, [by_step["a"]])
    finish(db)
    assert executions(db) == ["completed"]
    assert retry(db, only(db), "step", step="a")[0] == "retried"
    finish(db)
    assert attempts(db) == {"a": 2, "b": 1, "j": 2}
    assert executions(db) == ["completed"] and steps(db)["b"] == "failed"


def test_a_cancelled_execution_can_begin_again(db: Connection) -> None:
    happen(db, define(db, THREE, CHAIN), {"id": 1})
    perform(db)
    execution = only(db)
    db.execute("select pgwhen.cancel_executions(array[%s])", [execution])
    assert retry(db, execution)[0] == "cancelled"
    assert retry(db, execution, "following")[0] == "cancelled"
    assert retry(db, execution, "start") == ("retried", 1, 1)
    finish(db)
    assert attempts(db) == {"a": 2, "b": 1, "c": 1} and executions(db) == ["completed"]


def test_a_stop_that_runs_again_ends_it_again(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}, {"id": "end", "type": "stop", "as": "cancelled"}], [("a", "end", "success")])
    happen(db, workflow, {"id": 1})
    finish(db)
    assert executions(db) == ["cancelled"]
    assert retry(db, only(db), "step", step="a")[0] == "retried"
    finish(db)
    assert executions(db) == ["cancelled"] and attempts(db) == {"a": 2}


def test_what_is_in_motion_is_left_alone(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}, {"id": "b"}]), {"id": 1})
    by_step = {a["step_id"]: a for a in claim(db)}
    execution = only(db)
    assert retry(db, execution, "start")[0] == "running: not finished"
    freeze(db, list(by_step.values()))
    report(db, [by_step["a"]], "permanent")
    assert retry(db, execution, "start")[0] == "step b is on its way, and its result is not known yet"
    assert retry(db, execution, "step", step="b")[0] == "step b is on its way, and its result is not known yet"
    report(db, [by_step["b"]])
    assert retry(db, execution, "start") == ("retried", 1, 1)


def test_a_step_that_never_began(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}, {"id": "send"}], [("a", "send", "success")]), {"id": 1})
    perform(db, "permanent")
    assert retry(db, only(db), "step", step="send")[0] == "step send was not begun"
    with pytest.raises(psycopg.Error) as error:
        retry(db, only(db), "step", step="sned")
    assert error.value.sqlstate == "WF203" and error.value.diag.message_hint == "Did you mean send?"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("p_scope => 'all'", "WF156"), ("p_scope => null", "WF156"), ("p_scope => 'step'", "WF156"),
        ("p_step => 'a'", "WF156"), ("p_version => '2'", "WF157"), ("p_version => null", "WF157"),
        ("p_generations => '{1,2}'", "WF158"), ("p_input => '[]'", "WF116"),
    ],
)  # fmt: skip
def test_arguments_that_fit_nothing(db: Connection, arguments: str, code: str) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute(f"select pgwhen.retry_executions(array[gen_random_uuid()], {arguments})")
    assert error.value.sqlstate == code and error.value.diag.message_hint


def test_what_a_dry_run_told_holds_for_its_generation_only(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "permanent")
    execution = only(db)
    assert retry(db, execution, "start", dry_run=True) == ("can be retried", 1, 0)
    assert retry(db, execution)[0] == "retried"
    perform(db, "permanent")
    assert retry(db, execution, "start", generations=[1])[0] == "moved on: generation 2, not 1"
    assert executions(db) == ["failed"]
    assert retry(db, execution, "start", generations=[2])[0] == "retried"


def test_an_uncertain_message_counts_as_one_that_may_leave_again(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a", "on_uncertain": "stop"}]), {"id": 1})
    freeze(db, claim(db, lease=60))
    fake_clock(db, "2026-11-21 12:05+00")
    claim(db)
    assert retry(db, only(db), dry_run=True) == ("can be retried", 1, 1)


# ---------------------------------------------------------------- version


def failed_in_b(db: Connection) -> tuple[Workflow, uuid.UUID]:
    """An execution of a -> b -> c whose b has failed."""
    workflow = define(db, THREE, CHAIN)
    happen(db, workflow, {"id": 1})
    perform(db)
    perform(db, "permanent")
    return workflow, only(db)


def test_the_current_version_goes_on_from_what_stays(db: Connection) -> None:
    """Version 2 has x between a and b, and d at the end; a has run and stays."""
    workflow, execution = failed_in_b(db)
    new = [{"id": "a"}, {"id": "x"}, {"id": "b"}, {"id": "d"}]
    republish(db, workflow, new, [("a", "x", "success"), ("x", "b", "success"), ("b", "d", "success")])
    assert retry(db, execution, version="current") == ("retried", 1, 0)
    assert db.execute("select version from pgwhen.executions").fetchone() == (2,)
    assert db.execute("select version from pgwhen.unfinished").fetchone() == (2,)
    assert steps(db) == {"a": "completed", "x": "queued"}, "b waits for what now comes before it"
    finish(db)
    assert attempts(db) == {"a": 1, "b": 2, "x": 1, "d": 1} and executions(db) == ["completed"]


def test_a_version_without_a_step_that_ran_is_refused_with_the_reason(db: Connection) -> None:
    workflow, execution = failed_in_b(db)
    republish(db, workflow, [{"id": "b"}, {"id": "c"}], [("b", "c", "success")])
    assert retry(db, execution, version="current")[0] == "step a has run, and version 2 has it no more"
    assert retry(db, execution, "step", step="a", version="current")[0] == "version 2 has no step a"
    assert db.execute("select version, status from pgwhen.executions").fetchone() == (1, "failed")
    assert retry(db, execution, "start", version="current") == ("retried", 1, 1)
    finish(db)
    assert set(steps(db)) == {"b", "c"} and executions(db) == ["completed"]


def test_a_step_of_another_type_is_another_step(db: Connection) -> None:
    workflow, execution = failed_in_b(db)
    new = [{"id": "a", "type": "delay", "for": {"literal": "1 day"}}, {"id": "b"}]
    republish(db, workflow, new, [("a", "b", "success")])
    assert retry(db, execution, version="current")[0] == "step a has run, and version 2 has it no more"


def test_the_current_version_is_the_same_where_nothing_was_published(db: Connection) -> None:
    _, execution = failed_in_b(db)
    assert retry(db, execution, version="current")[0] == "retried"
    finish(db)
    assert attempts(db) == {"a": 1, "b": 2, "c": 1}


def test_a_parked_execution_keeps_its_version(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    workflow = define(db, [{"id": "a", "on_uncertain": "stop"}])
    happen(db, workflow, {"id": 1})
    freeze(db, claim(db, lease=60))
    fake_clock(db, "2026-11-21 12:05+00")
    claim(db)
    republish(db, workflow, [{"id": "a"}], [])
    assert retry(db, only(db), version="current")[0] == "waiting: only what has ended is retried in another version"
    assert retry(db, only(db))[0] == "retried"


# ---------------------------------------------------------------- input


def manual(db: Connection, inputs: dict[str, Any] | None = None) -> uuid.UUID:
    """A failed execution that an application event started with the input {"n": 1}."""
    define(
        db,
        [{"id": "a", "reads": [["input"]]}],
        key="event:default:thing.done",
        trigger={"kind": "event", "attachment_id": None, "operations": [], "event_type": "thing.done"},
        attachment_id=attachment(db),
        compiled={"inputs": inputs or {}},
    )
    send(db, {"v": 1, "operation": "event", "type": "thing.done", "tenant": "default", "input": {"n": 1}})
    perform(db, "permanent")
    return only(db)


def test_an_edited_input_is_what_the_steps_see_and_the_event_keeps_its_own(db: Connection) -> None:
    execution = manual(db)
    assert retry(db, execution, input={"n": 2, "naïve": "☃"})[0] == "retried"
    (action,) = claim(db)
    assert action["context"]["input"] == {"n": 2, "naïve": "☃"}
    assert db.execute("select input from pgwhen.events").fetchone() == ({"n": 1},)
    shown = db.execute("select pgwhen.show_execution(%s)", [execution]).fetchone()
    assert shown is not None
    assert shown[0]["edited_input"] == {"n": 2, "naïve": "☃"} and shown[0]["event"]["input"] == {"n": 1}
    assert db.execute("select detail ->> 'input' from pgwhen.audit_log").fetchone() == ("edited",)


def test_an_edited_input_stays_at_the_next_retry(db: Connection) -> None:
    execution = manual(db)
    retry(db, execution, input={"n": 2})
    perform(db, "permanent")
    assert retry(db, execution)[0] == "retried"
    assert claim(db)[0]["context"]["input"] == {"n": 2}


def test_an_input_that_does_not_fit_is_refused_with_the_reason(db: Connection) -> None:
    execution = manual(db, {"n": {"type": "number", "required": True}})
    assert retry(db, execution, input={"n": "two"})[0].startswith("the input does not fit: n is")
    assert executions(db) == ["failed"]


def test_a_change_of_a_row_has_no_input(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "permanent")
    result = retry(db, only(db), input={"n": 2})[0]
    assert result == "it was started by a change of a row, and has no input"


# ---------------------------------------------------------------- many


def test_ten_thousand_from_the_start(db: Connection) -> None:
    happen(db, define(db, [{"id": "s", "type": "stop", "as": "completed"}]), *({"id": n} for n in range(10_000)))
    while tick(db, 5000)["dispatched"]:
        pass
    ids = [row[0] for row in db.execute("select execution_id from pgwhen.executions").fetchall()]
    rows = db.execute("select result from pgwhen.retry_executions(%s, p_scope => 'start')", [ids]).fetchall()
    assert rows == [("retried",)] * 10_000
    assert set(executions(db)) == {"completed"} and count(db, "pgwhen.unfinished") == 0
