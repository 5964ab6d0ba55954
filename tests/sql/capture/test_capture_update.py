"""Rows before and after: which belongs to which."""

from typing import Any

import pytest

from tests.sql.capture.support import LEADS, Connection, capture, changes, messages


@pytest.fixture
def leads(db: Connection) -> int:
    """The table leads with five rows, captured."""
    db.execute(LEADS)
    db.execute("insert into leads (score) select g from generate_series(1, 5) g")
    return capture(db, "leads")


def pairs(db: Connection, *names: str) -> list[tuple[Any, ...]]:
    """(pairing, old, new) of all messages, which have to be updates."""
    found = messages(db)
    assert {m["operation"] for m in found} <= {"update"}
    shown = [tuple(tuple(m[side].get(name) for name in names) for side in ("old", "new")) for m in found]
    return [(m.get("pairing"), *sides) for m, sides in zip(found, shown, strict=True)]


def test_one_row(db: Connection, leads: int) -> None:
    db.execute("update leads set status = 'won' where id = 2")
    row = {"id": 2, "email": None, "score": 2}
    assert messages(db) == [
        {
            "v": 1,
            "attachment": leads,
            "operation": "update",
            "actor": "postgres",
            "old": {**row, "status": "new"},
            "new": {**row, "status": "won"},
        }
    ]


def test_no_rows_no_message(db: Connection, leads: int) -> None:
    db.execute("update leads set score = 0 where false")
    assert messages(db) == []


@pytest.mark.parametrize("count", [2, 5, 1000, 1001, 2500])
def test_many_rows_pair_by_key(db: Connection, leads: int, count: int) -> None:
    db.execute("insert into leads (score) select g from generate_series(6, %s) g", [count])
    messages(db)
    db.execute("update leads set score = score * 10 where id <= %s", [count])
    assert pairs(db, "id", "score") == [(None, (n, n), (n, n * 10)) for n in range(1, count + 1)]


def test_an_update_that_changes_nothing_is_an_event(db: Connection, leads: int) -> None:
    db.execute("update leads set score = score where id = 1")
    assert pairs(db, "id", "score") == [(None, (1, 1), (1, 1))]


def test_one_changed_key(db: Connection, leads: int) -> None:
    db.execute("update leads set id = 50 where id = 5")
    assert pairs(db, "id", "score") == [("order", (5, 5), (50, 5))]


def test_all_keys_changed(db: Connection, leads: int) -> None:
    db.execute("update leads set id = id + 100")
    assert pairs(db, "id", "score") == [("order", (n, n), (n + 100, n)) for n in range(1, 6)]


def test_some_keys_changed(db: Connection, leads: int) -> None:
    db.execute("update leads set id = case when id = 5 then 9 else id end, score = score + 1 where id >= 3")
    assert pairs(db, "id", "score") == [
        ("order", (3, 3), (3, 4)),
        ("order", (4, 4), (4, 5)),
        ("order", (5, 5), (9, 6)),
    ]


def test_moved_keys_pair_by_order(db: Connection) -> None:
    """id + 1: most keys are there before and after, the sets differ."""
    db.execute("create table seats (id integer primary key deferrable, who text)")
    capture(db, "seats")
    db.execute("insert into seats values (1, 'a'), (2, 'b'), (3, 'c')")
    messages(db)
    db.execute("update seats set id = id + 1")
    assert pairs(db, "id", "who") == [
        ("order", (1, "a"), (2, "a")),
        ("order", (2, "b"), (3, "b")),
        ("order", (3, "c"), (4, "c")),
    ]


def test_swapped_keys_pair_by_key(db: Connection) -> None:
    """The record is its key: seat 1 has another person now."""
    db.execute("create table seats (id integer primary key deferrable, who text)")
    capture(db, "seats")
    db.execute("insert into seats values (1, 'a'), (2, 'b'), (3, 'c')")
    messages(db)
    db.execute("update seats set id = 3 - id where id < 3")
    assert sorted(pairs(db, "id", "who")) == [(None, (1, "a"), (1, "b")), (None, (2, "b"), (2, "a"))]


def test_keys_of_several_columns(db: Connection) -> None:
    db.execute('create table prices ("Product" text, region text, price numeric, primary key (region, "Product"))')
    capture(db, "prices")
    db.execute("insert into prices values ('a', 'eu', 1), ('a', 'us', 1), ('b', 'eu', 1)")
    messages(db)
    db.execute("update prices set price = 2 where region = 'us'")
    db.execute("update prices set price = 3")
    db.execute("""update prices set "Product" = 'c' where region = 'us'""")
    found = pairs(db, "Product", "region", "price")
    assert found[0] == (None, ("a", "us", 1), ("a", "us", 2))
    assert sorted(found[1:4]) == [
        (None, ("a", "eu", 1), ("a", "eu", 3)),
        (None, ("a", "us", 2), ("a", "us", 3)),
        (None, ("b", "eu", 1), ("b", "eu", 3)),
    ]
    assert found[4:] == [("order", ("a", "us", 3), ("c", "us", 3))]


@pytest.mark.parametrize("count", [1, 3, 1500])
def test_without_a_primary_key_by_order(db: Connection, count: int) -> None:
    db.execute("create table visits (page text, n integer)")
    capture(db, "visits")
    db.execute("insert into visits select 'same', g from generate_series(1, %s) g", [count])
    messages(db)
    db.execute("update visits set n = -n")
    assert pairs(db, "n") == [("order", (n,), (-n,)) for n in range(1, count + 1)]


def test_a_row_swallowed_on_its_way_is_deleted_and_created(db: Connection) -> None:
    """An update that moves a row between partitions deletes and inserts it; a BEFORE trigger may refuse one."""
    db.execute("create table tickets (id integer, state text, primary key (id, state)) partition by list (state)")
    db.execute("create table tickets_open partition of tickets for values in ('open')")
    db.execute("create table tickets_done partition of tickets for values in ('done')")
    db.execute("create function refuse() returns trigger language plpgsql as $$ begin return null; end $$")
    db.execute(
        "create trigger refuse before insert on tickets_done for each row when (new.id = 2) execute function refuse()"
    )
    capture(db, "tickets")
    db.execute("insert into tickets select g, 'open' from generate_series(1, 3) g")
    messages(db)
    db.execute("update tickets set state = 'done' where id = 1")
    db.execute("update tickets set state = 'done' where id > 1")
    found = [(m["operation"], m.get("pairing"), m.get("old"), m.get("new")) for m in messages(db)]
    assert found[0] == ("update", "order", {"id": 1, "state": "open"}, {"id": 1, "state": "done"})
    assert found[1:] == [
        ("delete", "unknown", {"id": 2, "state": "open"}, None),
        ("delete", "unknown", {"id": 3, "state": "open"}, None),
        ("insert", "unknown", None, {"id": 3, "state": "done"}),
    ]


def test_a_single_row_that_vanishes_is_deleted(db: Connection) -> None:
    db.execute("create table tickets (id integer primary key) partition by range (id)")
    db.execute("create table tickets_a partition of tickets for values from (0) to (10)")
    db.execute("create table tickets_b partition of tickets for values from (10) to (20)")
    db.execute("create function refuse() returns trigger language plpgsql as $$ begin return null; end $$")
    db.execute("create trigger refuse before insert on tickets_b for each row execute function refuse()")
    db.execute("insert into tickets values (1)")
    capture(db, "tickets")
    db.execute("update tickets set id = 11")
    assert changes(db, "id") == [("delete", 1, None)]


def test_a_key_found_late_pairs_in_inheritance(db: Connection) -> None:
    """Children do not share the parent's key: the same number twice is not a key, and order pairs."""
    db.execute("create table base (id integer primary key deferrable, n integer)")
    db.execute("create table child () inherits (base)")
    db.execute("insert into base values (1, 1), (2, 2)")
    db.execute("insert into child values (1, 10)")
    capture(db, "base")
    db.execute("update base set n = -n")
    assert sorted(pairs(db, "id", "n"), key=str) == [
        (None, (1, 1), (1, -1)),
        (None, (1, 10), (1, -10)),
        (None, (2, 2), (2, -2)),
    ]
    db.execute("update base set n = -n, id = 3 - id")
    assert sorted(pairs(db, "id", "n"), key=str) == [
        ("order", (1, -1), (2, 1)),
        ("order", (1, -10), (2, 10)),
        ("order", (2, -2), (1, 2)),
    ]
