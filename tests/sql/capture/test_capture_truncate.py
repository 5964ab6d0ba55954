"""TRUNCATE is one event."""

from tests.sql.capture.support import LEADS, Connection, capture, messages


def test_one_message_without_rows(db: Connection) -> None:
    db.execute(LEADS)
    attachment_id = capture(db, "leads")
    db.execute("insert into leads (score) values (1), (2)")
    messages(db)
    db.execute("truncate leads")
    assert messages(db) == [{"v": 1, "attachment": attachment_id, "operation": "truncate", "actor": "postgres"}]


def test_one_message_for_a_table_with_partitions(db: Connection) -> None:
    db.execute("create table visits (id integer) partition by range (id)")
    db.execute("create table visits_a partition of visits for values from (0) to (10)")
    db.execute("create table visits_b partition of visits for values from (10) to (20)")
    capture(db, "visits")
    db.execute("truncate visits")
    assert [m["operation"] for m in messages(db)] == ["truncate"]
    db.execute("truncate visits_a")
    assert messages(db) == []


def test_truncate_cascade_reaches_the_attached_table(db: Connection) -> None:
    db.execute("create table clients (id integer primary key)")
    db.execute("create table jobs (id integer primary key, client_id integer references clients)")
    attachment_id = capture(db, "jobs")
    db.execute("truncate clients cascade")
    assert [(m["attachment"], m["operation"]) for m in messages(db)] == [(attachment_id, "truncate")]
