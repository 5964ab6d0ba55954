"""The sandbox's door to the application's tables."""

import json
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.database.support import Connection


def run(db: Connection, statement: str, values: Any = None, most: int | None = None, path: str = "public") -> Any:
    """Run a statement; its result."""
    row = db.execute(
        "select pgwhen_sandbox.run_statement(%s, %s, %s, %s, '{id}')", [statement, json.dumps(values), path, most]
    ).fetchone()
    assert row
    return row[0]


def test_it_runs_as_the_sandbox_role_with_the_search_path_that_it_is_given(db: Connection) -> None:
    found = run(db, "select current_user::text as who, current_setting('search_path') as path", path="pg_temp, public")
    assert found["rows"] == [{"who": "pgwhen_actions", "path": "pg_temp, public"}]
    assert db.execute("show search_path").fetchone() == ('"$user", public',)
    db.execute("create table t (id int)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(db, "select id from public.t")


def test_values_have_the_form_of_events_whatever_the_session_s_settings(db: Connection) -> None:
    db.execute("set timezone = 'Asia/Tokyo'; set datestyle = 'German'; set intervalstyle = 'iso_8601'")
    query = "select timestamptz '2026-01-01 00:00:00+00' as at, interval '1 day 2 hours' as i, '\\xff'::bytea as b"
    assert run(db, query)["rows"] == [{"at": "2026-01-01T00:00:00+00:00", "i": "1 day 02:00:00", "b": "\\xff"}]


def test_rows_beyond_the_limit_are_not_read(db: Connection) -> None:
    assert run(db, "select 1 / (500 - n) as x from generate_series(1, 500) n", most=1) == {
        "rows": [{"x": 0}],
        "count": 1,
        "more": True,
    }
    assert run(db, "select n as id from generate_series(1, 2) n", most=2)["more"] is False


def test_names_of_columns_stand_for_nothing_else(db: Connection) -> None:
    assert run(db, "select 1 as r, 2 as t, 3 as v_json")["rows"] == [{"r": 1, "t": 2, "v_json": 3}]


def test_nobody_but_the_owner_calls_it(connect: Connect) -> None:
    for role in ("pgwhen_poller", "pgwhen_author", "pgwhen_operator", "pgwhen_app", "pgwhen_viewer"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run(connect(user=role), "select 1")
