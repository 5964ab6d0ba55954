"""Rows that go, cascades among them."""

import pytest

from tests.sql.capture.support import LEADS, Connection, capture, changes, messages


@pytest.fixture
def leads(db: Connection) -> int:
    """The table leads with five rows, captured."""
    db.execute(LEADS)
    db.execute("insert into leads (score) select g from generate_series(1, 5) g")
    return capture(db, "leads")


def test_one_row(db: Connection, leads: int) -> None:
    db.execute("delete from leads where id = 3")
    assert messages(db) == [
        {
            "v": 1,
            "attachment": leads,
            "operation": "delete",
            "actor": "postgres",
            "old": {"id": 3, "email": None, "status": "new", "score": 3},
        }
    ]


def test_many_rows_and_none(db: Connection, leads: int) -> None:
    db.execute("delete from leads where false")
    assert messages(db) == []
    db.execute("delete from leads where id > 1")
    assert changes(db, "id") == [("delete", n, None) for n in range(2, 6)]


def test_cascades(db: Connection) -> None:
    db.execute("create table clients (id integer primary key)")
    db.execute(
        """
        create table jobs (
          id integer primary key,
          client_id integer references clients on delete cascade on update cascade
        )
        """
    )
    db.execute("create table calls (id integer primary key, client_id integer references clients on delete set null)")
    db.execute("insert into clients values (1), (2)")
    db.execute("insert into jobs values (1, 1), (2, 1), (3, 2)")
    db.execute("insert into calls values (1, 1), (2, 2)")
    for table in ("clients", "jobs", "calls"):
        capture(db, table)
    db.execute("delete from clients where id = 1")
    found = messages(db)
    assert sorted((m["attachment"], m["operation"], m["old"]["id"], m.get("new")) for m in found) == [
        (1, "delete", 1, None),
        (2, "delete", 1, None),
        (2, "delete", 2, None),
        (3, "update", 1, {"id": 1, "client_id": None}),
    ]
    db.execute("update calls set client_id = null")
    messages(db)
    db.execute("update clients set id = 20")
    assert sorted((m["attachment"], m["operation"], m["new"]) for m in messages(db)) == [
        (1, "update", {"id": 20}),
        (2, "update", {"id": 3, "client_id": 20}),
    ]


def test_a_cascade_of_thousands(db: Connection) -> None:
    """A statement for each parent: every one is captured, none is counted twice."""
    db.execute("create table clients (id integer primary key)")
    db.execute("create table jobs (id integer primary key, client_id integer references clients on delete cascade)")
    db.execute("create index on jobs (client_id)")
    db.execute("insert into clients select g from generate_series(1, 1000) g")
    db.execute("insert into jobs select g, (g + 1) / 2 from generate_series(1, 2000) g")
    capture(db, "jobs")
    db.execute("delete from clients")
    assert sorted(m["old"]["id"] for m in messages(db)) == list(range(1, 2001))
