"""Rows of the application's tables, read as pgwhen_actions."""

from typing import Any

import psycopg
import pytest

from tests.sql.context.support import World

READ = "select n, record::text from pgwhen_sandbox.read_rows('t', %s, %s, %s::jsonb[])"


@pytest.fixture
def table(world: World) -> World:
    world.db.execute(
        """
        create table t (a integer, b text, c text, primary key (a, b));
        insert into t values (1, 'x', '1x'), (1, 'y', '1y'), (2, 'x', null);
        grant select on t to pgwhen_actions;
        """
    )
    return world


def read(
    world: World, keys: list[str], columns: list[str], key_columns: list[str] | None = None
) -> list[tuple[Any, ...]]:
    return world.owner.execute(READ, [columns, key_columns or ["a", "b"], keys]).fetchall()


def test_rows_carry_the_position_of_their_key(table: World) -> None:
    keys = ['{"a": 2, "b": "x"}', '{"a": 9, "b": "x"}', '{"a": 1, "b": "y"}', '{"a": 2, "b": "x"}', '{"a": 1}', "{}"]
    assert sorted(read(table, keys, ["c"])) == [(1, '{"c": null}'), (3, '{"c": "1y"}'), (4, '{"c": null}')]


def test_columns_are_those_asked_for(table: World) -> None:
    key = ['{"a": 1, "b": "x"}']
    assert read(table, key, ["c", "a"]) == [(1, '{"a": 1, "c": "1x"}')]
    assert read(table, key, []) == [(1, "{}")]
    assert read(table, [], ["c"]) == []


def test_it_reads_with_the_rights_of_pgwhen_actions_and_only_pgwhen_owner_may_call_it(table: World) -> None:
    table.db.execute("revoke select on t from pgwhen_actions; grant select on t to pgwhen_owner")
    with pytest.raises(psycopg.Error) as error:
        read(table, ['{"a": 1, "b": "x"}'], ["c"])
    assert error.value.sqlstate == "WF135"
    row = table.db.execute(
        "select array_agg(distinct a.grantee::regrole::text order by a.grantee::regrole::text)"
        " from pg_proc p cross join aclexplode(p.proacl) a where p.proname = 'read_rows'"
    ).fetchone()
    assert row == (["pgwhen_actions", "pgwhen_owner"],)


def test_a_name_is_never_sql(table: World) -> None:
    table.db.execute('create table "t; drop table t" ("a, (select 1)" integer primary key, "b" text)')
    table.db.execute(
        """insert into "t; drop table t" values (1, 'x'); grant select on "t; drop table t" to pgwhen_actions"""
    )
    found = table.owner.execute(
        """select n, record::text from pgwhen_sandbox.read_rows(
          '"t; drop table t"', '{b,"a, (select 1)"}', '{"a, (select 1)"}', array['{"a, (select 1)": 1}']::jsonb[])"""
    ).fetchall()
    assert found == [(1, '{"b": "x", "a, (select 1)": 1}')]
