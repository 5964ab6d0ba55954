"""Loops: what they go over, one child for each item, and what they come to."""

import json
import threading
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.children.support import (
    Connection,
    each,
    keep,
    left,
    on_top,
    order,
    parent,
    prepare,
    run,
    send,
    settled,
    states,
    step,
)
from tests.sql.engine.support import claim, freeze, perform, report, tick

FAIL = {
    "id": "check",
    "type": "stop",
    "as": "failed",
    "reason": "bad {{ item.name }}",
    "if": {"item.ok": False},
}


def results(db: Connection) -> Any:
    """What each item's last step gave."""
    return [r and r["value"] for r in step(db)["output"]["results"]]


def test_a_loop_does_its_steps_for_each_item_in_order(db: Connection) -> None:
    prepare(
        db,
        each(keep({"item": "{{ item }}", "index": "{{ index }}"})),
        keep("{{ steps.each.output.results }}", id="after"),
    )
    order(db, '["a", "ä", null, {"b": [1.10]}]')
    run(db)
    given = [{"value": {"item": item, "index": index}} for index, item in enumerate(["a", "ä", None, {"b": [1.10]}])]
    assert step(db) == {
        "status": "completed",
        "outcome": "success",
        "output": {"results": given, "failed": []},
        "error": None,
        "reason": None,
    }
    assert step(db, "after")["output"] == {"value": given}
    assert states(db) == [(index, "completed") for index in range(4)]
    assert parent(db) == ("completed", None) and left(db) == 0


@pytest.mark.parametrize("items", ["[]", "null"])
def test_no_items_are_no_failure(db: Connection, items: str) -> None:
    prepare(db, each(keep()))
    order(db, items)
    run(db)
    assert step(db)["output"] == {"results": [], "failed": []} and parent(db) == ("completed", None)
    assert states(db) == [] and left(db) == 0


@pytest.mark.parametrize("items", ['{"a": 1}', '"text"', "5", '{"rows": [1]}'])
def test_what_is_no_list_fails_the_loop(db: Connection, items: str) -> None:
    prepare(db, each(keep()))
    order(db, items)
    run(db)
    assert step(db)["error"]["code"] == "WF240" and parent(db) == ("failed", "step each failed")
    assert states(db) == [] and left(db) == 0


def test_one_loop_that_is_no_list_does_not_touch_others_of_its_batch(db: Connection) -> None:
    prepare(db, each(keep()))
    for number, items in enumerate(["[1]", '{"a": 1}', "[2, 3]"]):
        order(db, items, number)
    run(db)
    assert [status for status, _ in settled(db)] == ["completed", "completed", "failed"] and len(states(db)) == 3


def test_a_large_item_is_kept_whole(db: Connection) -> None:
    prepare(db, each(keep()))
    order(db, json.dumps(["x" * 1_000_000, "y"]))
    run(db)
    assert results(db) == ["x" * 1_000_000, "y"]


@pytest.mark.parametrize("at_once", [1, 50])
def test_many_items_take_time_in_proportion(db: Connection, at_once: int) -> None:
    prepare(db, each(keep(), at_once=at_once))
    size = 400 if at_once == 1 else 10_000
    order(db, json.dumps(list(range(size))))
    run(db)
    assert results(db) == list(range(size)) and left(db) == 0
    assert len(states(db)) == size


@pytest.mark.parametrize("at_once", [1, 3])
def test_at_once_is_how_many_are_at_work(db: Connection, at_once: int) -> None:
    prepare(db, each(send(), at_once=at_once))
    order(db, json.dumps([f"i{n}" for n in range(7)]))
    seen = []
    for _ in range(9):
        actions = claim(db)
        if not actions:
            tick(db)
            actions = claim(db)
        open_now = db.execute("select count(*) from pgwhen.unfinished").fetchone()
        assert len(actions) <= at_once and open_now is not None and open_now[0] <= at_once + 1
        seen += [a["context"]["item"] for a in actions]
        freeze(db, actions)
        report(db, actions)
    run(db)
    assert sorted(seen) == [f"i{n}" for n in range(7)]
    assert (
        step(db)["output"]["results"] == [{"status": 200}] * 7 and parent(db) == ("completed", None) and left(db) == 0
    )


def test_a_failed_item_fails_the_loop_and_cancels_the_others(db: Connection) -> None:
    prepare(db, each(FAIL, send(text="{{ item.name }}"), at_once=2))
    order(db, '[{"name": "a", "ok": true}, {"name": "b", "ok": false}, {"name": "c", "ok": true}]')
    run(db)
    assert step(db)["status"] == "failed" and parent(db) == ("failed", "step each failed")
    assert step(db)["error"] == {
        "class": "permanent",
        "code": "item_failed",
        "index": 1,
        "message": "item 1: bad b",
    }
    assert step(db)["output"] == {
        "results": [None, None],
        "failed": [{"index": 1, "error": {"code": "failed", "message": "bad b"}}],
    }
    assert states(db) == [(0, "cancelled"), (1, "failed")] and left(db) == 0
    assert claim(db) == []


def test_on_error_of_the_loop_applies(db: Connection) -> None:
    prepare(
        db,
        each(FAIL, keep(), on_error=[keep("{{ steps.each.output.failed }}", id="sorry")]),
        keep("{{ steps.each.status }}", id="after"),
    )
    order(db, '[{"name": "a", "ok": false}]')
    run(db)
    assert step(db, "sorry")["output"]["value"][0]["index"] == 0
    assert step(db, "after")["output"] == {"value": "failed"} and parent(db) == ("completed", "completed with failures")


def test_continue_goes_on_and_says_which_failed(db: Connection) -> None:
    prepare(db, each(FAIL, keep("{{ item.name }}"), on_item_error="continue"))
    order(db, '[{"name": "a", "ok": false}, {"name": "b", "ok": true}, {"name": "c", "ok": false}]')
    run(db)
    assert results(db) == [None, "b", None] and [f["index"] for f in step(db)["output"]["failed"]] == [0, 2]
    assert step(db)["reason"] == "2 of 3 items failed" and parent(db) == ("completed", "completed with failures")


def test_some_may_fail(db: Connection) -> None:
    prepare(db, each(FAIL, keep("{{ item.name }}"), on_item_error={"max": 1}))
    bad, good = {"name": "x", "ok": False}, {"name": "y", "ok": True}
    order(db, json.dumps([bad, good, good]), 1)
    order(db, json.dumps([bad, good, bad, good]), 2)
    run(db)
    found = db.execute(
        "select status, error ->> 'message' from pgwhen.execution_steps where step_id = 'each' order by 1"
    ).fetchall()
    assert found == [("completed", None), ("failed", "2 items failed; item 0: bad x")]


def test_an_item_that_went_on_past_a_failure_counts_as_done(db: Connection) -> None:
    prepare(db, each(send(on_error="continue"), keep()))
    order(db, '["a"]')
    perform(db, "permanent")
    run(db)
    perform(db, "permanent")
    run(db)
    assert results(db) == ["a"] and parent(db) == ("completed", "completed with failures")


def test_max_takes_the_first(db: Connection) -> None:
    prepare(db, each(keep(), max=2))
    order(db, "[1, 2, 3]")
    run(db)
    assert results(db) == [1, 2] and step(db)["reason"] == "the first 2 of 3 items"


def test_while_sees_what_the_iteration_before_gave(db: Connection) -> None:
    page = keep({"$add": [{"$default": ["{{ item.value }}", 10]}, "{{ index }}"]})
    loop = {
        "id": "each",
        "type": "loop",
        "while": {"any": [{"index": 0}, {"item.value": {"lt": 13}}]},
        "max": 10,
        "steps": [page],
    }
    prepare(db, loop)
    order(db, "null")
    run(db)
    assert results(db) == [10, 11, 13] and step(db)["reason"] is None and parent(db) == ("completed", None)


def test_while_ends_at_max_and_says_so(db: Connection) -> None:
    prepare(
        db, {"id": "each", "type": "loop", "while": {"index": {"gte": 0}}, "max": 3, "steps": [keep("{{ index }}")]}
    )
    order(db, "null")
    run(db)
    assert results(db) == [0, 1, 2] and step(db)["reason"] == "stopped at max, after 3 iterations" and left(db) == 0


def test_while_that_does_not_hold_does_nothing(db: Connection) -> None:
    prepare(db, {"id": "each", "type": "loop", "while": {"order.items": 5}, "max": 3, "steps": [keep("{{ index }}")]})
    order(db, "4")
    run(db)
    assert step(db)["output"] == {"results": [], "failed": []} and states(db) == []


def test_loops_in_loops_see_all_items_and_steps_around(db: Connection) -> None:
    paths = ("steps.first.output.value", "box.name", "steps.named.output.value", "item", "thing", "index")
    inner = each(
        keep([f"{{{{ {path} }}}}" for path in paths]),
        id="inner",
        over="{{ box.things }}",
        **{"as": "thing"},
    )
    prepare(db, keep("top", id="first"), each(keep("{{ item.name }}!", id="named"), inner, at_once=2, **{"as": "box"}))
    order(db, '[{"name": "a", "things": [1, 2]}, {"name": "b", "things": [3]}, {"name": "c", "things": []}]')
    run(db)
    found = [[r["value"] for r in box["results"]] for box in step(db)["output"]["results"]]
    assert found == [
        [["top", "a", "a!", 1, 1, 0], ["top", "a", "a!", 2, 2, 1]],
        [["top", "b", "b!", 3, 3, 0]],
        [],
    ]
    assert parent(db) == ("completed", None) and left(db) == 0


def test_branches_within_a_loop(db: Connection) -> None:
    body = [
        {
            "id": "both",
            "type": "parallel",
            "branches": [
                [keep("l{{ item }}", id="l")],
                [{"id": "test", "type": "condition", "if": {"item": {"gt": 1}}, "then": [keep("r{{ item }}", id="r")]}],
            ],
        },
        keep("{{ steps.l.output.value }}{{ steps.r.output.value | default('-') }}"),
    ]
    prepare(db, each(*body, at_once=5))
    order(db, "[1, 2]")
    run(db)
    assert results(db) == ["l1-", "l2r2"]


def test_templates_and_conditions_of_actions_see_the_item(db: Connection) -> None:
    text = "{{ ticket.name }} {{ index }} {{ item.ok }} {{ steps.keep.output.value }}"
    prepare(db, each(keep("k"), send(text=text, **{"if": {"ticket.ok": True}}), at_once=2, **{"as": "ticket"}))
    order(db, '[{"name": "a", "ok": true}, {"name": "b", "ok": false}]')
    run(db)
    (action,) = claim(db)
    context = action["context"]
    assert (context["ticket"], context["item"], context["index"]) == ({"name": "a", "ok": True},) * 2 + (0,)
    assert context["steps"]["keep"]["output"] == {"value": "k"} and states(db)[1] == (1, "completed")


def test_a_delay_within_a_loop(db: Connection) -> None:
    db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    db.execute("select set_config('pgwhen.now', '2026-01-05T10:00:00Z', false)")
    prepare(db, each({"id": "rest", "type": "delay", "for": "1 hour"}, keep()))
    order(db, "[1, 2]")
    run(db)
    assert states(db) == [(0, "waiting")] and parent(db)[0] == "waiting"
    db.execute("select set_config('pgwhen.now', now()::date + 1 || '', false)")
    for _ in range(4):
        run(db)
        later = "(current_setting('pgwhen.now')::timestamptz + interval '2 hours')::text"
        db.execute(f"select set_config('pgwhen.now', {later}, false)")
    assert results(db) == [1, 2] and parent(db) == ("completed", None)


def test_cancel_reaches_the_children_and_their_children(db: Connection) -> None:
    prepare(db, each(each(send(), id="inner", over="{{ item }}", at_once=2), at_once=2))
    order(db, "[[1, 2, 3], [4], [5]]")
    run(db)
    actions = claim(db, 1)
    freeze(db, actions)
    on_top(db, "cancel_executions")
    assert parent(db)[0] == "cancelled"
    run(db)
    assert {s for _, s in states(db)} == {"cancelled"} and left(db) == 0
    report(db, actions)
    row = db.execute(
        "select status from pgwhen.execution_steps where execution_id = %s", [actions[0]["execution_id"]]
    ).fetchone()
    assert row == ("completed",)
    run(db)
    assert claim(db) == [] and {s for _, s in states(db)} == {"cancelled"}


def test_an_item_that_is_cancelled_has_failed(db: Connection) -> None:
    prepare(db, each(send(), at_once=2, on_item_error="continue"))
    order(db, '["a", "b"]')
    run(db)
    on_top(db, "cancel_executions", "x.item_index = 0")
    run(db)
    perform(db)
    run(db)
    assert step(db)["output"]["results"] == [None, {"status": 200}]
    assert step(db)["output"]["failed"][0]["error"]["code"] == "cancelled"


def test_an_item_that_stops_as_cancelled_has_failed(db: Connection) -> None:
    prepare(db, each({"id": "enough", "type": "stop", "as": "cancelled"}))
    order(db, '["a", "b"]')
    run(db)
    assert states(db) == [(0, "cancelled")] and parent(db)[0] == "failed"
    assert step(db)["error"]["message"] == "item 0: step enough"


def test_a_failure_reported_beside_the_loop_ends_its_children(db: Connection) -> None:
    prepare(
        db, {"id": "both", "type": "parallel", "branches": [[each(send(), at_once=3)], [send(id="other", text="x")]]}
    )
    order(db, '["a", "b", "c", "d"]')
    run(db)
    actions = claim(db)
    assert len(actions) == 4
    freeze(db, actions)
    report(db, [a for a in actions if a["step_id"] == "other"], "permanent")
    assert parent(db)[0] == "failed"
    run(db)
    assert states(db) == [(n, "cancelled") for n in range(3)] and left(db) == 0
    report(db, [a for a in actions if a["step_id"] == "send"])
    run(db)
    assert states(db) == [(n, "cancelled") for n in range(3)] and claim(db) == [] and left(db) == 0


def test_a_retried_loop_makes_children_of_its_own(db: Connection) -> None:
    prepare(db, each(send()))
    order(db, '["a"]')
    run(db)
    perform(db, "permanent")
    run(db)
    assert parent(db)[0] == "failed"
    on_top(db, "retry_executions")
    run(db)
    perform(db)
    run(db)
    assert parent(db) == ("completed", None) and step(db)["output"] == {"results": [{"status": 200}], "failed": []}
    assert states(db) in ([(0, "failed"), (0, "completed")], [(0, "completed"), (0, "failed")]) and left(db) == 0


def test_a_retry_of_what_failed_does_what_had_not_completed(db: Connection) -> None:
    prepare(db, each(send(**{"if": {"item": {"ne": "skip"}}}), at_once=3))
    order(db, '["a", "b", "c", "d", "e"]')
    run(db)
    actions = claim(db)
    freeze(db, actions)
    report(db, [a for a in actions if a["context"]["item"] != "b"])
    report(db, [a for a in actions if a["context"]["item"] == "b"], "permanent")
    run(db)
    assert parent(db)[0] == "failed"
    db.execute("""update orders set items = '["a", "b", "x", "d", "e"]'""")
    on_top(db, "retry_executions")
    seen = []
    for _ in range(4):
        run(db)
        actions = claim(db)
        seen += [a["context"]["item"] for a in actions]
        freeze(db, actions)
        report(db, actions)
    assert sorted(seen) == ["b", "d", "e", "x"], "a had completed, the item in the place of c is another one"
    assert step(db)["output"] == {"results": [{"status": 200}] * 5, "failed": []} and left(db) == 0


def test_a_retry_from_the_start_does_all_items(db: Connection) -> None:
    prepare(db, each(keep(), send(**{"if": {"item": 2}})))
    order(db, "[1, 2]")
    run(db)
    perform(db, "permanent")
    run(db)
    ids = "array(select execution_id from pgwhen.executions where body is null)"
    db.execute(f"select pgwhen.retry_executions({ids}, null, 'start')")
    run(db)
    perform(db)
    run(db)
    assert parent(db)[0] == "completed" and len([s for s in states(db) if s[0] == 0]) == 2


def test_two_ticks_at_once_make_each_child_once(db: Connection, connect: Connect) -> None:
    prepare(db, each(keep(), at_once=7))
    for number in range(20):
        order(db, json.dumps(list(range(30))), number)
    connections = [connect() for _ in range(3)]

    def work(connection: psycopg.Connection[Any]) -> None:
        for _ in range(40):
            tick(connection, 25)

    threads = [threading.Thread(target=work, args=[c]) for c in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run(db)
    assert states(db) == [(n, "completed") for n in range(30) for _ in range(20)] and left(db) == 0


def test_a_tick_that_is_killed_is_done_again(db: Connection, connect: Connect) -> None:
    db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    prepare(db, each(keep(), at_once=2))
    order(db, "[1, 2, 3, 4, 5]")
    for _ in range(3):
        other = connect()
        other.execute("set pgwhen.fail_point = 'tick.handed!error'")
        with pytest.raises(psycopg.Error, match="fail point"):
            tick(other)
        assert states(db) == []
    run(db)
    assert results(db) == [1, 2, 3, 4, 5] and left(db) == 0
