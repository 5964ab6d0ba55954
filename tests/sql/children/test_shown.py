"""How loops and their items are shown, found and kept."""

import json
from typing import Any

from tests.sql.children.support import Connection, each, keep, manual, on_top, order, prepare, run, send
from tests.sql.engine.support import perform
from tests.sql.language.support import call


def top(db: Connection) -> Any:
    """The execution that no other one made."""
    row = db.execute("select execution_id from pgwhen.executions where parent_execution_id is null").fetchone()
    assert row is not None
    return row[0]


def explained(db: Connection) -> str:
    """What explain says of the execution."""
    row = db.execute(
        "select pgwhen._explain_execution(x) ->> 'text' from pgwhen.executions x where execution_id = %s", [top(db)]
    ).fetchone()
    assert row is not None
    return str(row[0])


def test_progress_and_the_items_that_matter(db: Connection) -> None:
    prepare(db, each(send(), at_once=2, on_item_error="continue"))
    order(db, json.dumps([f"i{n}" for n in range(30)]))
    run(db)
    perform(db, "permanent")
    run(db)
    (shown,) = call(db, "show_execution", top(db))["steps"]
    children = shown["children"]
    assert children["progress"] == "2 of 30 done, 2 failed, 2 at work"
    assert [(c["index"], c["status"]) for c in children["executions"]] == [
        (0, "failed"),
        (1, "failed"),
        (2, "running"),
        (3, "running"),
    ]
    item = call(db, "show_execution", children["executions"][0]["execution_id"])
    assert item["parent"] == {"execution_id": str(top(db)), "step_id": "each", "index": 0, "item": "i0"}
    assert [s["step_id"] for s in item["steps"]] == ["send"]
    assert "step each goes over its items: 2 of 30 done, 2 failed, 2 at work" in explained(db)
    assert db.execute("select execution_id from pgwhen.list_executions()").fetchall() == [(top(db),)]
    assert db.execute("select execution_id from pgwhen.list_executions('failed')").fetchall() == []


def test_what_a_start_waits_for(db: Connection) -> None:
    manual(db, "other", send(text="x"))
    prepare(db, {"id": "go", "type": "start", "workflow": "other", "await": True})
    order(db, "1")
    run(db)
    assert "step go waits for execution" in explained(db) and " of other since" in explained(db)
    (shown,) = call(db, "show_execution", top(db))["steps"]
    assert shown["children"]["progress"] == "0 of 1 done, 1 at work"
    assert len(db.execute("select from pgwhen.list_executions()").fetchall()) == 2


def test_a_retry_takes_what_failed_in_items_with_it(db: Connection) -> None:
    prepare(db, each(each(send(), id="inner", over="{{ item }}")))
    order(db, '[["a"]]')
    run(db)
    perform(db, "permanent")
    run(db)
    assert db.execute("select count(*) from pgwhen.failures").fetchone() == (3,)
    on_top(db, "retry_executions")
    run(db)
    assert db.execute("select count(*) from pgwhen.failures").fetchone() == (0,)


def test_items_are_kept_as_long_as_their_loop(db: Connection) -> None:
    prepare(
        db, each(keep(), {"id": "bad", "type": "stop", "as": "failed", "if": {"item": 2}}, on_item_error="continue")
    )
    order(db, "[1, 2]")
    run(db)
    order(db, "[3]", 2)
    run(db)
    # Completed, but with failures: kept for the longer time, and with it the item that completed without any.
    db.execute(
        "update pgwhen.executions set finished_at = now() - interval '45 days', started_at = now() - interval '45 days'"
    )
    condition = db.execute("select pgwhen._kept_condition('executions', 'executions')").fetchone()
    assert condition is not None
    query = f"select o.item from pgwhen.executions o where {condition[0]}"
    db.execute(f"prepare kept (timestamptz, timestamptz) as {query}")
    kept = db.execute("execute kept (now() - interval '30 days', now() - interval '90 days')")
    assert sorted(str(item) for (item,) in kept.fetchall()) == ["1", "2", "None"]
