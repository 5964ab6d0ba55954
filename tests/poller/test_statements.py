"""Database steps through a real poller: they are asked for one by one, with their own timeouts."""

import time

import pytest

from tests.poller.support import Connection, run, start
from tests.servers import http_server, wait_until
from tests.sql.database.support import grant, publish, rows

TABLE = "create table marks (id int primary key, word text not null, at timestamptz default now())"


@pytest.fixture
def marks(db: Connection) -> Connection:
    """A table that workflows may use."""
    db.execute(TABLE)
    grant(db, "marks")
    return db


def go(db: Connection, name: str, count: int = 1) -> None:
    """Start a workflow several times, numbered from 1."""
    db.execute(
        "select count(pgwhen.emit_event(%s, jsonb_build_object('n', n))) from generate_series(1, %s) n",
        [f"{name}.go", count],
    )


def test_they_run_between_actions(marks: Connection, dsn: str) -> None:
    with http_server() as server:
        name = publish(
            marks,
            {"type": "create", "table": "marks", "set": {"id": "{{ input.n }}", "word": "first"}},
            {
                "type": "http",
                "url": server.url + "/",
                "json": {"word": "{{ steps.s1.output.word }}", "n": "{{ input.n }}"},
            },
            {
                "type": "update",
                "table": "marks",
                "where": {"id": "{{ input.n }}"},
                "set": {"word": "{{ steps.s2.output.status }}"},
            },
        )
        go(marks, name, 30)
        summary = run(dsn)
        assert sorted(call.json["n"] for call in server.received) == list(range(1, 31))
    assert (summary.ok, summary.failed, summary.late) == (90, 0, 0)
    assert marks.execute("select distinct word from marks").fetchall() == [("200",)]
    assert marks.execute("select distinct status from pgwhen.executions").fetchall() == [("completed",)]


def test_failures_are_counted_and_keep_nothing_else(marks: Connection, dsn: str) -> None:
    name = publish(
        marks,
        {
            "type": "create",
            "table": "marks",
            "set": {"id": {"$if": {"if": {"input.n": {"lt": 3}}, "then": 1, "else": "{{ input.n }}"}}, "word": "x"},
        },
    )
    go(marks, name, 5)
    summary = run(dsn)
    assert (summary.ok, summary.failed) == (4, 1)
    assert sorted(row["status"] for row in rows(marks, name)) == ["completed"] * 4 + ["failed"]


def test_each_has_its_own_timeout(marks: Connection, dsn: str) -> None:
    marks.execute(
        "create function wait(seconds float) returns int language sql as $$ select 1 from pg_sleep(seconds) $$"
    )
    marks.execute("select pgwhen.register_function('wait(float)')")
    quick = publish(
        marks,
        {
            "type": "call",
            "function": "wait",
            "with": {"seconds": 30},
            "timeout": "300 milliseconds",
            "retry": {"attempts": 1},
        },
    )
    patient = publish(marks, {"type": "call", "function": "wait", "with": {"seconds": 0.6}, "timeout": "20 seconds"})
    go(marks, quick, 4)
    go(marks, patient, 4)
    run(dsn)
    assert {(row["status"], row["error"]["code"]) for row in rows(marks, quick)} == {("failed", "timeout")}
    assert {row["status"] for row in rows(marks, patient)} == {"completed"}


def test_four_run_at_once(marks: Connection, dsn: str) -> None:
    marks.execute(
        "create function wait(seconds float) returns int language sql as $$ select 1 from pg_sleep(seconds) $$"
    )
    marks.execute("select pgwhen.register_function('wait(float)')")
    name = publish(marks, {"type": "call", "function": "wait", "with": {"seconds": 1}})
    go(marks, name, 4)
    process = start(dsn, "--fallback", "0.3")
    try:
        running = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
        assert wait_until(lambda: marks.execute(running).fetchone() == (4,), 20)
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert {row["status"] for row in rows(marks, name)} == {"completed"}, "SIGTERM lets them finish"


def test_a_connection_that_breaks_costs_one_lease(marks: Connection, dsn: str) -> None:
    marks.execute(
        "create function wait(seconds float) returns int language sql as $$ select 1 from pg_sleep(seconds) $$"
    )
    marks.execute("select pgwhen.register_function('wait(float)')")
    name = publish(marks, {"type": "call", "function": "wait", "with": {"seconds": 1}})
    go(marks, name)
    process = start(dsn, "--fallback", "0.3", "--lease", "1.5")
    try:
        killing = (
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and"
            " wait_event = 'PgSleep'"
        )
        assert wait_until(lambda: marks.execute(killing).fetchall(), 20)
        assert wait_until(lambda: rows(marks, name)[0]["status"] == "completed", 20)
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert rows(marks, name)[0]["tries"] == 1


def test_what_a_stopping_poller_has_not_begun_is_given_back(marks: Connection, dsn: str) -> None:
    marks.execute(
        "create function wait(seconds float) returns int language sql as $$ select 1 from pg_sleep(seconds) $$"
    )
    marks.execute("select pgwhen.register_function('wait(float)')")
    name = publish(marks, {"type": "call", "function": "wait", "with": {"seconds": 1}})
    go(marks, name, 12)
    process = start(dsn)
    running = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
    assert wait_until(lambda: marks.execute(running).fetchone() == (4,), 20)
    process.terminate()
    began = time.monotonic()
    process.communicate(timeout=20)
    assert time.monotonic() - began < 8
    due = "select count(*) from pgmq.q_pgwhen_actions where vt <= now()"
    assert marks.execute(due).fetchone() == (12 - sum(row["status"] == "completed" for row in rows(marks, name)),)
