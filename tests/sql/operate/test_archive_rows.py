"""The rows that go, one by one, without keeping them (tests/cli/test_archive.py has what becomes of them)."""

import json
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, define, fake_clock, happen, perform
from tests.sql.operate.test_maintain import start
from tests.sql.operate.test_plan_archive import plan


def rows(db: Connection, table: str) -> list[str]:
    query = "select pgwhen.archive_rows(%s, %s)"
    return [row for (row,) in db.execute(query, [table, json.dumps(plan(db))]).fetchall()]


def test_what_stays_is_not_among_them(db: Connection) -> None:
    at = start(db)
    workflow = define(db, [{"id": "a"}])
    happen(db, workflow, {"id": 1}, {"id": 2})
    perform(db)
    happen(db, workflow, {"id": 3})
    perform(db, "permanent")
    assert rows(db, "executions") == []
    fake_clock(db, (at + timedelta(days=38)).isoformat())
    for table in ("executions", "execution_steps", "frozen_messages", "attempts", "events"):
        assert len(rows(db, table)) == 2, table
    assert rows(db, "logs") == [] and rows(db, "workflows") == []


def test_they_are_streamed(db: Connection) -> None:
    at = start(db)
    db.execute(
        "insert into pgwhen.logs (log_id, at, execution_id, level, tenant, message)"
        " select pgwhen._log_id(%s), %s, gen_random_uuid(), 'info', 'default', repeat('x', 1000)"
        " from generate_series(1, 20000)",
        [at, at],
    )
    fake_clock(db, (at + timedelta(days=38)).isoformat())
    db.execute("set work_mem = '64kB'")
    count, size = 0, "select temp_bytes from pg_stat_database where datname = current_database()"
    with (
        db.cursor() as cursor,
        cursor.copy("copy (select pgwhen.archive_rows('logs', %s)) to stdout", [json.dumps(plan(db))]) as copy,
    ):
        for _ in copy.rows():
            count += 1
    assert count == 20000
    db.execute("select pg_stat_force_next_flush()")
    assert db.execute(size).fetchone() == (0,), "nothing was put aside on disk"


def test_who_may(db: Connection, login: Callable[..., str], connect: Connect) -> None:
    at = start(db)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db)
    fake_clock(db, (at + timedelta(days=38)).isoformat())
    given = json.dumps(plan(db))
    login("pgwhen_operator"), login("pgwhen_viewer")
    operator, query = connect(user="test_pgwhen_operator"), "select pgwhen.archive_rows('executions', %s)"
    assert len(operator.execute(query, [given]).fetchall()) == 1
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_operator', 'acme')")
    assert operator.execute(query, [given]).fetchall() == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(user="test_pgwhen_viewer").execute(query, [given])
