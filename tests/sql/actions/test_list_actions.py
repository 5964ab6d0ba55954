"""What pollers announce is listed, and what they no longer do is forgotten in time."""

import json
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import fake_clock

Connection = psycopg.Connection[Any]

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


def announce(db: Connection, *actions: Any, poller: str = "p1") -> None:
    """A poller comes by."""
    about = {"id": poller, "contract": 2, "connections": [], "actions": list(actions)}
    db.execute("select pgwhen.tick_and_claim(0, 60, %s)", [json.dumps(about)])


def one(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "schema": SCHEMA, "description": "Does it."} | more


def listed(db: Connection) -> list[tuple[Any, ...]]:
    return db.execute("select name, description, pollers from pgwhen.list_actions()").fetchall()


def test_each_action_once_with_the_pollers_that_have_it(db: Connection) -> None:
    announce(db, one("b"), one("a"))
    announce(db, one("a", description="Łater."), poller="p2")
    assert [(row[0], row[2]) for row in listed(db)] == [("a", ["p1", "p2"]), ("b", ["p1"])]
    assert db.execute("select schema from pgwhen.list_actions() where name = 'b'").fetchone() == (SCHEMA,)


def test_a_poller_that_is_gone_is_no_longer_named_and_later_forgotten(db: Connection) -> None:
    fake_clock(db, "2026-01-01T00:00:00Z")
    announce(db, one("a"), one("b"))
    fake_clock(db, "2026-01-01T00:05:00Z")
    assert [row[2] for row in listed(db)] == [[], []]
    fake_clock(db, "2026-01-01T02:00:00Z")
    announce(db, one("a", description="New."), poller="p2")
    assert listed(db) == [("a", "New.", ["p2"]), ("b", "Does it.", [])]
    assert db.execute("select count(*) from pgwhen.registered_actions").fetchone() == (2,)
    fake_clock(db, "2026-02-15T00:00:00Z")
    announce(db, one("a"), poller="p3")
    assert [row[0] for row in listed(db)] == ["a"]


def test_it_is_written_once_a_minute_and_when_it_changes(db: Connection) -> None:
    def version() -> Any:
        return db.execute("select xmin::text from pgwhen.registered_actions").fetchone()

    fake_clock(db, "2026-01-01T00:00:00Z")
    announce(db, one("a"))
    first = version()
    fake_clock(db, "2026-01-01T00:00:30Z")
    announce(db, one("a"))
    assert version() == first
    announce(db, one("a", schema={"type": "object"}))
    assert version() == first, "a poller is noted every ten seconds at most"
    fake_clock(db, "2026-01-01T00:00:45Z")
    announce(db, one("a", schema={"type": "object"}))
    assert version() != first


@pytest.mark.parametrize(
    "actions", [None, {}, "x", [], [{}], [{"name": "x"}], [{"name": None, "schema": {}}], [{"name": "x", "schema": 1}]]
)
def test_what_is_no_announcement_is_passed_over(db: Connection, actions: Any) -> None:
    about = {"id": "p", "contract": 2, "connections": [], "actions": actions}
    db.execute("select pgwhen.tick_and_claim(0, 60, %s)", [json.dumps(about)])
    assert listed(db) == []


@pytest.mark.parametrize("role", ["pgwhen_poller", "pgwhen_app", "pgwhen_actions"])
def test_a_role_that_may_not(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(user=role).execute("select * from pgwhen.list_actions()")
