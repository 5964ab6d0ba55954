"""Executions that go on in another version, and those that cannot."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import claim, perform
from tests.sql.versions.support import App, Db, app, http, refused

NAP = {"id": "nap", "type": "delay", "for": "1 day"}


@pytest.fixture
def shop(db: Db) -> App:
    return app(db)


def migrate(db: Db, **how: Any) -> dict[str, Any]:
    names = "".join(f", {name} => %s" for name in how)
    row = db.execute(f"select pgwhen.migrate_executions('wf'{names})", list(how.values())).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def reasons(db: Db) -> list[str]:
    result = migrate(db)
    assert result["moved"] == 0
    return [r["reason"] for r in result["refused"]]


def placed(db: Db) -> list[tuple[int, int]]:
    return db.execute(
        "select x.version, u.version from pgwhen.executions x join pgwhen.unfinished u using (execution_id) order by 1"
    ).fetchall()


def test_a_sleeping_execution_goes_on_in_the_new_version(shop: App) -> None:
    shop.apply(NAP, http("old"))
    shop.run("insert into leads select n from generate_series(1, 3) n")
    shop.apply(NAP, http("new"))
    dry = migrate(shop.db, p_dry_run=True)
    assert (dry["moved"], dry["refused"], placed(shop.db)) == (3, [], [(1, 1)] * 3)
    assert migrate(shop.db, p_reason="typo")["moved"] == 3
    assert placed(shop.db) == [(2, 2)] * 3
    assert migrate(shop.db)["moved"] == 0, "they are there"
    shop.at("2026-01-06T12:00:00Z")
    shop.tick()
    assert shop.steps() == {"nap": "completed", "new": "queued"}
    row = shop.db.execute(
        "select count(*), min(reason), min(detail::text) from pgwhen.audit_log where command = 'migrate_executions'"
    ).fetchone()
    assert row == (3, "typo", '{"to": 2, "workflow": "wf"}')


def test_an_action_in_the_queue_leaves_as_the_new_version_says(shop: App) -> None:
    shop.apply(http("a"), http("b"))
    shop.run("insert into leads values (1)")
    shop.apply(http("a", method="PUT"), http("c"))
    assert migrate(shop.db)["moved"] == 1
    actions = claim(shop.db)
    assert [a["definition"]["method"] for a in actions] == ["PUT"]


def test_page_by_page_and_from_one_version_only(shop: App) -> None:
    shop.apply(NAP, http("a"))
    shop.run("insert into leads select n from generate_series(1, 5) n")
    shop.apply(NAP, http("b"))
    shop.run("insert into leads values (6)")
    shop.apply(NAP, http("c"))
    assert migrate(shop.db, p_from=2)["moved"] == 1
    after, seen = None, 0
    while True:
        page = migrate(shop.db, p_after=after, p_max=2)
        seen += page["moved"]
        after = page["last"]
        if after is None:
            break
    assert (seen, placed(shop.db)) == (5, [(3, 3)] * 6)


def test_back_to_an_older_version(shop: App) -> None:
    shop.apply(NAP, http("a"))
    shop.apply(NAP, http("b"))
    shop.run("insert into leads values (1)")
    assert migrate(shop.db, p_to=1)["moved"] == 1
    shop.at("2026-01-06T12:00:00Z")
    shop.tick()
    assert shop.steps() == {"nap": "completed", "a": "queued"}


def test_a_branch_that_was_not_taken_is_decided_anew(shop: App) -> None:
    ask = {"id": "ask", "type": "condition", "if": {"lead.name": "x"}}
    shop.apply(ask | {"then": [http("yes")]}, NAP, http("end"))
    shop.run("insert into leads (id, name) values (1, 'y')")
    assert shop.steps() == {"ask": "completed", "yes": "not_reached", "nap": "sleeping"}
    shop.apply(ask | {"then": [http("other")]}, NAP, http("end"), http("more"))
    assert migrate(shop.db)["moved"] == 1
    assert shop.steps() == {"ask": "completed", "other": "not_reached", "nap": "sleeping"}
    shop.at("2026-01-06T12:00:00Z")
    shop.tick()
    assert perform(shop.db) == ["end"] and perform(shop.db) == ["more"]
    assert shop.execution() == "completed"


def test_a_new_branch_beside_what_is_open_begins(shop: App) -> None:
    shop.apply(http("a"), NAP)
    shop.run("insert into leads values (1)")
    assert perform(shop.db) == ["a"]
    shop.apply(http("a"), NAP, http("beside", needs="a"))
    assert migrate(shop.db)["moved"] == 1
    assert shop.steps() == {"a": "completed", "nap": "sleeping", "beside": "queued"}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ([NAP], [http("x")], "step nap has begun, and version 2 does not have it"),
        ([NAP], [http("nap")], "step nap has begun as a delay, and is a http in version 2"),
        ([NAP], [http("first"), NAP], "in version 2 step first comes before nap, which has begun"),
        (
            [{"id": "w", "type": "wait", "event": "paid"}],
            [{"id": "w", "type": "wait", "event": "sent"}],
            "step w waits: for what its version says",
        ),
        (
            [{"id": "w", "type": "wait", "event": "paid"}, NAP],
            [{"id": "w", "type": "wait", "event": "paid"}],
            "step w waits: for what its version says",
        ),
    ],
)
def test_what_cannot_move(shop: App, old: Any, new: Any, reason: str) -> None:
    shop.apply(*old)
    shop.run("insert into leads values (1)")
    shop.apply(*new)
    assert reasons(shop.db) == [reason]
    assert placed(shop.db) == [(1, 1)]


def test_what_is_being_performed_stays(shop: App) -> None:
    shop.apply(http("a"))
    shop.run("insert into leads values (1)")
    assert len(claim(shop.db)) == 1
    shop.apply(http("a"), NAP)
    assert reasons(shop.db) == ["step a is being performed"]


def test_items_of_loops_stay_with_their_loop(shop: App) -> None:
    each = {"id": "each", "type": "loop", "over": [1, 2], "steps": [NAP]}
    shop.apply(each)
    shop.run("insert into leads values (1)")
    shop.apply(each, http("end"))
    assert sorted(reasons(shop.db)) == [
        "an item of a loop has the version of its loop",
        "step each waits: its items have the version of the loop",
    ]


def test_exit_on_of_the_new_version_counts(shop: App) -> None:
    shop.apply(NAP, http("a"), exit_on=[{"event": "stop.old"}])
    shop.run("insert into leads values (1)")
    shop.tick()
    shop.apply(NAP, http("a"), exit_on=[{"event": "stop.new"}])
    assert migrate(shop.db)["moved"] == 1
    shop.tick()
    shop.emit("stop.old")
    shop.tick()
    assert shop.execution() == "waiting"
    shop.emit("stop.new")
    shop.tick()
    assert (shop.execution(), shop.left()["waits"]) == ("completed", 0)


def test_a_delay_that_follows_the_record_follows_it_in_the_new_version(shop: App) -> None:
    until = {"id": "nap", "type": "delay", "until": "{{ lead.call_at }}"}
    shop.apply(until, http("a"))
    shop.run("insert into leads (id, call_at) values (1, '2026-02-01Z')")
    shop.tick()
    shop.apply(until | {"offset": "-1 day"}, http("a"))
    assert migrate(shop.db)["moved"] == 1
    shop.tick()
    shop.run("update leads set call_at = '2026-03-01Z'")
    row = shop.db.execute("select due_at at time zone 'UTC' from pgwhen.sleepers").fetchone()
    assert row is not None and str(row[0]) == "2026-02-28 00:00:00"


def test_an_older_version_that_waits_is_no_target(shop: App) -> None:
    shop.apply(NAP, {"id": "w", "type": "wait", "event": "paid"})
    shop.apply(NAP)
    with refused("WF309"):
        migrate(shop.db, p_to=1)
    with refused("WF225"):
        migrate(shop.db, p_to=5)
    with refused("WF225"):
        migrate(shop.db, p_from=5)
    with refused("WF152"):
        migrate(shop.db, p_max=0)


def test_beside_a_tick_each_sees_the_other_whole(shop: App, connect: Connect) -> None:
    """A tick that holds the executions: migrate waits, and judges what it left."""
    shop.apply(NAP, http("a"))
    shop.run("insert into leads values (1)")
    shop.apply(NAP, http("b"))
    ticking, moving = connect(), connect()
    for db in (ticking, moving):
        db.execute("select set_config('pgwhen.now', '2026-01-06T12:00:00Z', false)")
    ticking.execute("begin")
    ticking.execute("select pgwhen.tick()")
    moving.execute("set lock_timeout = '200ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        migrate(moving)
    ticking.execute("commit")
    moving.execute("set lock_timeout = 0")
    assert [r["reason"] for r in migrate(moving)["refused"]] == ["step a has begun, and version 2 does not have it"]


def test_beside_a_publish_it_moves_to_one_version_or_the_other(shop: App, connect: Connect) -> None:
    shop.apply(NAP, http("a"))
    shop.run("insert into leads values (1)")
    publishing, moving = connect(), connect()
    publishing.execute("begin")
    App(publishing).apply(NAP, http("b"))
    moving.execute("set lock_timeout = '200ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        migrate(moving)
    publishing.execute("commit")
    moving.execute("set lock_timeout = 0")
    assert migrate(moving)["to"] == 2 and placed(shop.db) == [(2, 2)]
