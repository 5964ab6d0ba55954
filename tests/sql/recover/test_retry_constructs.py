"""Retries of workflows with loops, joins that do not wait for all, and waits, published from their definitions."""

import json
from typing import Any

from tests.sql.engine.support import Connection, executions, perform, tick


def start(db: Connection, steps: list[dict[str, Any]], **more: Any) -> None:
    """Publish a workflow with a manual trigger, and start it."""
    definition = {"workflow": "w", "when": {"manual": True}, "steps": steps} | more
    db.execute("select pgwhen.apply_definition(%s)", [json.dumps(definition)])
    db.execute("select pgwhen.start_execution('w')")
    tick(db)


def retry(db: Connection, scope: str = "failed", **more: Any) -> tuple[str, int]:
    """Retry the execution that is no item of a loop: the result, and the messages that leave again."""
    names = "".join(f", p_{name} => %s" for name in more)
    row = db.execute(
        "select result, again from pgwhen.retry_executions("
        f"array(select execution_id from pgwhen.executions where body is null), p_scope => %s{names})",  # type: ignore[arg-type]
        [scope, *more.values()],
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def top(db: Connection) -> tuple[str, dict[str, str]]:
    """State of the execution and of its steps."""
    row = db.execute("select status from pgwhen.executions where body is null").fetchone()
    assert row is not None
    query = "select s.step_id, s.status from pgwhen.execution_steps s join pgwhen.executions x using (execution_id)"
    return row[0], dict(db.execute(f"{query} where x.body is null and s.part = 0").fetchall())


def http(step_id: str, **more: Any) -> dict[str, Any]:
    """A step that a poller performs."""
    return {"id": step_id, "type": "http", "url": "https://example.com"} | more


def finish(db: Connection) -> list[str]:
    """Perform until nothing is due; the steps in order."""
    done: list[str] = []
    while steps := perform(db):
        done += steps
    tick(db)
    return done


LOOP = {"id": "all", "type": "loop", "over": [1, 2, 3], "at_once": 3, "steps": [http("each")]}


def test_a_failed_loop_runs_for_all_its_items_again(db: Connection) -> None:
    start(db, [LOOP, http("after")])
    assert perform(db, "permanent") == ["each"] * 3
    tick(db)
    assert top(db) == ("failed", {"all": "failed"})
    assert retry(db)[0] == "retried"
    tick(db)
    assert finish(db) == ["each"] * 3 + ["after"]
    assert top(db) == ("completed", {"all": "completed", "after": "completed"})
    assert db.execute("select count(*) from pgwhen.failures").fetchone() == (0,)
    assert len(executions(db)) == 7, "the items of the first run stay as history"


def test_the_messages_of_a_loop_count_among_those_that_leave_again(db: Connection) -> None:
    start(db, [LOOP, http("after")])
    assert finish(db) == ["each"] * 3 + ["after"]
    assert retry(db, "start", dry_run=True) == ("can be retried", 4)
    assert retry(db, "step", step="all") == ("retried", 4)
    tick(db)
    assert finish(db) == ["each"] * 3 + ["after"]
    assert retry(db, "step", step="all", dry_run=True) == ("can be retried", 4), "those of the latest run"


def test_an_item_of_a_loop_is_not_retried_alone(db: Connection) -> None:
    start(db, [LOOP | {"on_item_error": "continue"}])
    perform(db, "permanent")
    tick(db)
    assert top(db)[0] == "completed"
    items = "array(select execution_id from pgwhen.executions where body = 'all')"
    rows = db.execute(f"select result from pgwhen.retry_executions({items})").fetchall()  # type: ignore[arg-type]
    (parent,) = db.execute("select execution_id from pgwhen.executions where body is null").fetchone()  # type: ignore[misc]
    assert sorted(row[0] for row in rows) == [
        f"item {n} of the loop all: retry the execution {parent}" for n in range(3)
    ]


def test_a_loop_that_is_skipped_drops_its_items(db: Connection) -> None:
    start(db, [LOOP, http("after")])
    query = "select result from pgwhen.skip_step(array[%s], 'all', 'not needed', '{\"results\": []}')"
    (parent,) = db.execute("select execution_id from pgwhen.executions where body is null").fetchone()  # type: ignore[misc]
    assert db.execute(query, [parent]).fetchall() == [("skipped",)]
    tick(db)
    assert perform(db) == ["after"]
    tick(db)
    assert sorted(executions(db)) == ["cancelled"] * 3 + ["completed"]


def test_what_a_join_cancelled_stays_cancelled_while_the_join_stays(db: Connection) -> None:
    slow = {"id": "slow", "type": "delay", "for": "1 day"}
    race = {"id": "race", "type": "parallel", "branches": [[http("fast")], [slow]], "join": "any", "cancel_rest": True}
    start(db, [race, http("after")])
    assert perform(db) == ["fast"]
    assert perform(db, "permanent") == ["after"]
    state, steps = top(db)
    assert state == "failed" and steps["slow"] == "cancelled"
    assert retry(db)[0] == "retried"
    assert top(db)[1]["slow"] == "cancelled"
    assert finish(db) == ["after"]
    assert top(db)[0] == "completed"


def test_from_before_the_race_both_run_again(db: Connection) -> None:
    slow = {"id": "slow", "type": "delay", "for": "1 day"}
    race = {"id": "race", "type": "parallel", "branches": [[http("fast")], [slow]], "join": "any", "cancel_rest": True}
    start(db, [http("first"), race, http("after")])
    finish(db)
    assert top(db)[0] == "completed"
    assert retry(db, "start") == ("retried", 3)
    assert finish(db) == ["first", "fast", "after"]
    assert top(db)[0] == "completed" and top(db)[1]["slow"] == "cancelled"
