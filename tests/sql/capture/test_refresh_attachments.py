"""What maintain notices about attached tables."""

from typing import Any

import pytest

from tests.sql.capture.support import LEADS, Connection, attach, capture, changes, value


@pytest.fixture
def leads(db: Connection) -> int:
    """The table leads, captured."""
    db.execute(LEADS)
    return capture(db, "leads")


def refresh(db: Connection) -> list[dict[str, Any]]:
    """As maintain does: with the rights of pgwhen_owner."""
    db.execute("set role pgwhen_owner")
    found: list[dict[str, Any]] = value(db, "select pgwhen._refresh_attachments()")
    db.execute("reset role")
    return found


def stored(db: Connection) -> tuple[Any, ...] | None:
    """What the first attachment knows of its table."""
    query = """
        select schema_name, table_name, key_columns, detached_at is null from pgwhen.attachments order by attachment_id
    """
    return db.execute(query).fetchone()


def test_nothing_to_say(db: Connection, leads: int) -> None:
    assert refresh(db) == []


def test_a_renamed_table(db: Connection, leads: int) -> None:
    db.execute("create schema crm")
    db.execute("alter table leads set schema crm")
    db.execute('alter table crm.leads rename to "Prospects"')
    assert refresh(db) == [
        {"attachment": leads, "table": 'crm."Prospects"', "change": "renamed", "detail": "was public.leads"}
    ]
    assert stored(db) == ("crm", "Prospects", ["id"], True)
    assert refresh(db) == []


def test_two_tables_that_swapped_their_names(db: Connection, leads: int) -> None:
    db.execute("create table prospects (id int primary key)")
    prospects = attach(db, "prospects")["attachment"]
    for old, new in (("leads", "x"), ("prospects", "leads"), ("x", "prospects")):
        db.execute(f"alter table {old} rename to {new}".encode())
    assert [(c["attachment"], c["table"], c["change"]) for c in refresh(db)] == [
        (leads, "public.prospects", "renamed"),
        (prospects, "public.leads", "renamed"),
    ]
    assert stored(db) == ("public", "prospects", ["id"], True)
    assert refresh(db) == []


def test_a_changed_key(db: Connection, leads: int) -> None:
    db.execute("alter table leads drop constraint leads_pkey")
    db.execute("alter table leads add primary key (status, id)")
    (change,) = refresh(db)
    assert (change["change"], change["detail"]) == ("key changed", "from (id) to (status, id)")
    assert stored(db) == ("public", "leads", ["status", "id"], True)
    assert refresh(db) == []


def test_a_dropped_table(db: Connection, leads: int) -> None:
    db.execute("drop table leads")
    (change,) = refresh(db)
    assert (change["attachment"], change["table"], change["change"]) == (leads, "public.leads", "gone")
    assert stored(db) == ("public", "leads", ["id"], False)
    assert value(db, "select count(*) from pgwhen.attachments where operations <> '{}'") == 0
    assert refresh(db) == []


def test_dropped_triggers(db: Connection, leads: int) -> None:
    db.execute("drop trigger pgwhen_update on leads")
    (change,) = refresh(db)
    assert (change["change"], change["detail"]) == ("trigger missing", "update of public.leads")
    assert change["hint"] == "As its owner: select pgwhen.attach('public.leads')"
    for operation in ("insert", "delete", "truncate"):
        db.execute(f"drop trigger pgwhen_{operation} on leads".encode())
    (change,) = refresh(db)
    assert change["change"] == "triggers missing"
    assert stored(db) == ("public", "leads", ["id"], True)


def test_a_disabled_trigger(db: Connection, leads: int) -> None:
    db.execute("alter table leads disable trigger user")
    found = refresh(db)
    assert {change["change"] for change in found} == {"trigger disabled"}
    assert found[0]["hint"] == "alter table public.leads enable trigger pgwhen_insert"
    for change in found:
        db.execute(change["hint"].encode())
    assert refresh(db) == []


def test_a_new_secret_column(db: Connection) -> None:
    db.execute("create table accounts (id int primary key, password text)")
    attach(db, "accounts")
    db.execute("alter table accounts add column api_token text")
    (change,) = refresh(db)
    assert (change["change"], change["detail"]) == (
        "secret columns",
        "in events, though the names say secret: api_token",
    )
    db.execute(change["hint"].removeprefix("As its owner: ").encode())
    assert refresh(db) == []
    assert value(db, "select excluded_columns from pgwhen.attachments") == ["password", "api_token"]


@pytest.fixture
def visits(db: Connection) -> int:
    """A partitioned table, captured, with a partition that came later."""
    db.execute("create table visits (id int primary key) partition by range (id)")
    attachment_id = capture(db, "visits")
    db.execute("create table visits_a partition of visits for values from (0) to (10)")
    return attachment_id


def test_a_new_partition_is_told(db: Connection, visits: int) -> None:
    found = refresh(db)
    assert [(change["change"], change["detail"]) for change in found] == [
        ("partition not covered", f"{operation} of public.visits_a") for operation in ("insert", "update", "delete")
    ]
    assert {change["hint"] for change in found} == {"As its owner: select pgwhen.attach('public.visits')"}
    db.execute("insert into visits values (1)")
    assert changes(db, "id") == [("insert", None, 1)]
    db.execute("select pgwhen.attach('public.visits')")
    assert refresh(db) == []


def test_a_new_partition_is_covered_where_we_may(db: Connection, visits: int) -> None:
    db.execute("grant trigger on visits_a to pgwhen_owner")
    assert [change["change"] for change in refresh(db)] == ["partition covered"] * 3
    db.execute("insert into visits_a values (1)")
    assert changes(db, "id") == [("insert", None, 1)]
    assert refresh(db) == []


def test_a_partition_that_left(db: Connection, visits: int) -> None:
    attach(db, "visits")
    db.execute("alter table visits detach partition visits_a")
    found = refresh(db)
    assert {change["change"] for change in found} == {"not a partition any more"}
    for change in found:
        db.execute(change["hint"].encode())
    assert refresh(db) == []
