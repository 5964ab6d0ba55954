"""Rows of a table page by page, as pgwhen_actions; test_backfill_workflow has hostile keys and the plan."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection

QUERY = "select * from pgwhen_sandbox.scan_rows('t', '{a,b,c}', '{a,b}', %s::jsonb, %s)"


@pytest.fixture
def table(db: Connection) -> Connection:
    """A table with a key of two columns, in another order than it was filled."""
    db.execute("create table t (a int, b text, c timestamptz, secret text, primary key (a, b))")
    db.execute("insert into t values (2, 'x', '2026-11-21 12:00+02', 's'), (1, 'y', null, 's'), (1, 'x', null, 's')")
    db.execute("grant select (a, b, c) on t to pgwhen_actions")
    return db


def scan(db: Connection, after: str | None, limit: int) -> list[Any]:
    """The rows of a page."""
    return [row[0] for row in db.execute(QUERY, [after, limit]).fetchall()]


def test_in_the_order_of_the_key_with_times_in_utc(table: Connection) -> None:
    table.execute("set timezone = 'Asia/Tokyo'")
    assert scan(table, None, 2) == [{"a": 1, "b": "x", "c": None}, {"a": 1, "b": "y", "c": None}]
    assert scan(table, '{"a": 1, "b": "y"}', 2) == [{"a": 2, "b": "x", "c": "2026-11-21T10:00:00+00:00"}]
    assert scan(table, '{"a": 2, "b": "x"}', 2) == []


def test_without_the_right_the_grant_is_named(table: Connection) -> None:
    table.execute("revoke select (c) on t from pgwhen_actions")
    with pytest.raises(psycopg.Error) as error:
        scan(table, None, 1)
    assert (error.value.sqlstate, error.value.diag.message_hint) == (
        "WF135",
        "grant select on public.t to pgwhen_actions;",
    )


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_operator", "pgwhen_author", "pgwhen_poller"])
def test_nobody_calls_it_directly(table: Connection, connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute(QUERY, [None, 1])
