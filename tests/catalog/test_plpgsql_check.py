"""plpgsql_check finds nothing in any function (Debian's server has it)."""

from typing import Any

import psycopg
import pytest


def test_plpgsql_check_finds_nothing(db: psycopg.Connection[Any]) -> None:
    if db.execute("select from pg_extension where extname = 'plpgsql_check'").fetchone() is None:
        pytest.skip("PGWHEN_TEST_SERVER=debian has plpgsql_check")
    db.execute("create temp table any_row (id int primary key)")
    rows = db.execute(
        """
        select concat_ws(' ', p.oid::regprocedure, 'line', c.lineno, c.level, c.message, c.detail, c.query)
        from pg_proc p
        join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
        cross join lateral plpgsql_check_function_tb(
          p.oid,
          relid => case
            when p.proname = '_note_executions' then 'pgwhen.executions'::regclass::oid
            when p.proname = '_note_steps' then 'pgwhen.execution_steps'::regclass::oid
            when p.prorettype = 'trigger'::regtype then 'any_row'::regclass::oid
            else 0
          end,
          oldtable => case when p.prorettype = 'trigger'::regtype then 'old_rows' end,
          newtable => case when p.prorettype = 'trigger'::regtype then 'new_rows' end,
          fatal_errors => false,
          extra_warnings => true,
          performance_warnings => false
        ) c
        where p.pronamespace in ('pgwhen'::regnamespace, 'pgwhen_sandbox'::regnamespace)
        order by 1
        """
    ).fetchall()
    assert not rows, "\n" + "\n".join(row[0] for row in rows)
