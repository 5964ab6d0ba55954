"""Waits and exits within the items of a loop."""

from typing import Any

from tests.sql.wait.support import NOTHING, App, http, perform, wait


def loop(*steps: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"id": "each", "type": "loop", "over": {"$literal": [1, 2, 3]}, "as": "n", "steps": list(steps), **keys}


def test_items_share_the_events_of_their_execution(app: App) -> None:
    app.apply(loop(wait(event="a"), at_once=3), on_deleted="continue")
    app.run("insert into leads values (1, 'Ann')")
    for number in (1, 2):
        app.emit("a", number=number)
    app.tick()
    taken = app.db.execute(
        "select output #>> '{input,number}' from pgwhen.execution_steps where step_id = 'w' order by 1"
    )
    assert taken.fetchall() == [("1",), ("2",), (None,)]
    app.emit("a", number=3)
    app.tick()
    assert app.count("pgwhen.executions where status = 'completed'") == 4 and app.left() == NOTHING


def test_each_item_waits_for_its_own(app: App) -> None:
    app.apply(loop(wait(event="a", match={"n": "{{ item }}"}), at_once=3), on_deleted="continue")
    app.run("insert into leads values (1, 'Ann')")
    app.emit("a", n=2)
    app.tick()
    states = app.db.execute(
        "select x.item_index, x.status from pgwhen.executions x where x.body is not null order by 1"
    ).fetchall()
    assert states == [(0, "waiting"), (1, "completed"), (2, "waiting")]


def test_exit_if_within_an_item_ends_all(app: App) -> None:
    app.apply(loop(http("a"), http("b")), exit_if={"status": "lost"})
    app.run("insert into leads values (1, 'Ann')")
    assert perform(app.db) == ["a"]
    app.run("update leads set status = 'lost'")
    assert {row[0] for row in app.db.execute("select status from pgwhen.executions where body is null")} == {
        "completed"
    }
    assert perform(app.db) == [] and app.left() == NOTHING
    assert app.count("pgwhen.executions") == 2


def test_exit_if_between_the_steps_of_an_item_ends_all(app: App) -> None:
    """Nothing tells of the change: the item finds it before its next step."""
    app.apply(loop(http("a"), http("b")), exit_if={"status": "lost"})
    app.run("insert into leads values (1, 'Ann')")
    app.db.execute("set session_replication_role = replica")
    app.db.execute("update leads set status = 'lost'")
    app.db.execute("reset session_replication_role")
    assert perform(app.db) == ["a"]
    app.tick()
    assert app.count("pgwhen.executions where status = 'waiting' or status = 'running'") == 0
    assert app.count("pgwhen.executions") == 2 and app.left() == NOTHING


def test_exit_on_ends_the_items_too(app: App) -> None:
    app.apply(loop({"id": "pause", "type": "delay", "for": "1 day"}, at_once=2), exit_on=[{"event": "stop.all"}])
    app.run("insert into leads values (1, 'Ann')")
    assert app.count("pgwhen.waits where purpose = 'exit'") == 1
    app.emit("stop.all")
    app.tick()
    app.tick()
    assert app.count("pgwhen.executions where status in ('running', 'waiting')") == 0 and app.left() == NOTHING
