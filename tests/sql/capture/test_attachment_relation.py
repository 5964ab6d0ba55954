"""An attachment finds its table: renamed, moved, dumped and restored, copied."""

import subprocess

import psycopg

from pgwhen.cli.embedded import Server
from tests.conftest import Connect
from tests.sql.capture.support import LEADS, Connection, attach, capture, changes, detach, messages, value

RELATION = "select pgwhen._attachment_relation(%s)::text"


def test_by_its_name(db: Connection) -> None:
    db.execute(LEADS)
    assert value(db, RELATION, attach(db, "leads")["attachment"]) == "leads"
    assert value(db, RELATION, 99) is None


def test_renamed_moved_and_with_other_columns(db: Connection) -> None:
    db.execute(LEADS)
    attachment_id = capture(db, "leads")
    db.execute("insert into leads (score) values (1)")
    db.execute("alter table leads rename to prospects")
    db.execute("insert into prospects (score) values (2)")
    db.execute("create schema crm")
    db.execute("alter table prospects set schema crm")
    db.execute("alter table crm.prospects rename column score to points")
    db.execute("alter table crm.prospects rename column id to number")
    db.execute("alter table crm.prospects drop column email, add column extra text default 'x'")
    db.execute("insert into crm.prospects (points) values (3)")
    db.execute("update crm.prospects set points = 4 where number = 3")
    assert value(db, RELATION, attachment_id) == "crm.prospects"
    found = messages(db)
    assert {m["attachment"] for m in found} == {attachment_id}
    assert [m["new"].get("score", m["new"].get("points")) for m in found] == [1, 2, 3, 4]
    assert found[2]["new"] == {"number": 3, "points": 3, "status": "new", "extra": "x"}


def test_another_table_under_the_old_name(db: Connection) -> None:
    db.execute(LEADS)
    first = attach(db, "leads")["attachment"]
    db.execute("alter table leads rename to old_leads")
    db.execute(LEADS)
    assert value(db, RELATION, first) == "old_leads"
    db.execute("select pgwhen._refresh_attachments()")
    second = attach(db, "leads")["attachment"]
    assert second != first
    assert [value(db, RELATION, n) for n in (first, second)] == ["old_leads", "leads"]


def test_names_that_were_swapped_before_anybody_looked(db: Connection) -> None:
    """The usual way to rebuild a table: make a new one, copy, rename both."""
    db.execute(LEADS)
    first = attach(db, "leads")["attachment"]
    db.execute("create table new_leads (like leads including all)")
    db.execute("alter table leads rename to old_leads")
    db.execute("alter table new_leads rename to leads")
    second = attach(db, "leads")["attachment"]
    assert [value(db, RELATION, n) for n in (first, second)] == ["old_leads", "leads"]
    db.execute("drop table old_leads")
    assert value(db, RELATION, first) is None


def test_dropped_and_made_again_it_has_its_identity(db: Connection) -> None:
    db.execute(LEADS)
    first = attach(db, "leads")["attachment"]
    db.execute("drop table leads")
    assert value(db, RELATION, first) is None
    db.execute(LEADS)
    assert attach(db, "leads")["attachment"] == first
    db.execute("drop table leads")
    db.execute("select pgwhen._refresh_attachments()")
    db.execute(LEADS)
    assert attach(db, "leads")["attachment"] == first


def test_a_copy_that_carries_the_triggers_is_another_table(db: Connection) -> None:
    db.execute(LEADS)
    first = attach(db, "leads")["attachment"]
    db.execute("create schema copy")
    db.execute(LEADS.replace("create table leads", "create table copy.leads").encode())
    for operation in ("insert", "truncate"):
        definition = value(
            db,
            "select pg_get_triggerdef(oid) from pg_trigger where tgname = %s and tgrelid = 'leads'::regclass",
            f"pgwhen_{operation}",
        )
        db.execute(definition.replace("public.leads", "copy.leads").replace("ON leads", "ON copy.leads").encode())
    assert value(db, RELATION, first) == "leads"
    assert attach(db, "copy.leads")["attachment"] != first
    assert value(db, RELATION, first) == "leads"


def test_dumped_and_restored(server: Server, dsn: str, db: Connection, connect: Connect) -> None:
    """In the other database everything has other oids."""
    db.execute("create table filler (id int)")
    db.execute(LEADS)
    db.execute("create table visits (id int primary key) partition by range (id)")
    db.execute("create table visits_a partition of visits for values from (0) to (10)")
    capture(db, "leads")
    visits = capture(db, "visits")
    db.execute("insert into leads (score) values (1)")
    messages(db)
    db.execute("insert into leads (score) values (2)")
    name = value(db, "select current_database()")
    restored = server.dsn(f"{name}_restored")
    db.execute(f"create database {name}_restored template template0".encode())
    try:
        dump = subprocess.run(
            [str(server.binaries / "pg_dump"), "--dbname", dsn], check=True, capture_output=True
        ).stdout
        load = [str(server.binaries / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "--dbname", restored]
        subprocess.run(load, input=dump, check=True, capture_output=True)
        with psycopg.connect(restored, autocommit=True) as other:
            assert changes(other, "score") == [("insert", None, 2)]
            other.execute("insert into leads (score) values (3)")
            other.execute("update leads set score = 4 where score = 3")
            other.execute("insert into visits_a values (1)")
            assert changes(other, "score") == [("insert", None, 3), ("update", 3, 4), ("insert", None, None)]
            assert value(other, RELATION, visits) == "visits"
            assert value(other, "select pgwhen._refresh_attachments()") == []
            assert attach(other, "leads")["statements"] == []
            detach(other, "leads")
    finally:
        db.execute(f"drop database {name}_restored with (force)".encode())
