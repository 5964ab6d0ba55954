"""kill -9 of backends and pollers in the middle of a database step: effect and result are there exactly once."""

import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import OwnServer
from tests.poller.support import start
from tests.servers import wait_until
from tests.sql.database.support import Connection, claim, grant, publish, rows, run_one

FUNCTIONS = Path(__file__).parents[2] / "sql" / "functions" / "database"
POINTS = sorted({p for f in FUNCTIONS.glob("*.sql") for p in re.findall(r"_fail_point\('([a-z.]+)'\)", f.read_text())})
RETRY = {"attempts": 3, "backoff": "10 milliseconds", "jitter": "none"}


def prepare(server: OwnServer, count: int = 1, **step: Any) -> str:
    """A workflow that writes a row, started."""
    with psycopg.connect(server.dsn, autocommit=True) as db:
        db.execute("alter database pgwhen set synchronous_commit = on")
        db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
        db.execute("create table marks (id bigint generated always as identity primary key, n int)")
        grant(db, "marks")
        written = {"type": "create", "table": "marks", "set": {"n": "{{ input.n }}"}}
        name = publish(db, {**(step or written), "retry": RETRY})
        db.execute("set synchronous_commit = on")
        db.execute(
            "select count(pgwhen.emit_event(%s, jsonb_build_object('n', n))) from generate_series(1, %s) n",
            [f"{name}.go", count],
        )
    return name


def work(dsn: str, fail_point: str = "") -> None:
    """Claim and run until no execution is open, or until this session is killed."""
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute("select set_config('pgwhen.fail_point', %s, false)", [fail_point])
        while db.execute("select 1 from pgmq.q_pgwhen_events union select 1 from pgwhen.unfinished").fetchall():
            for action in claim(db, 5, lease=0.5):
                run_one(db, action)
            time.sleep(0.02)


def work_to_the_end(dsn: str) -> None:
    """Go on through recoveries of the server."""
    for _ in range(400):
        try:
            return work(dsn)
        except psycopg.OperationalError:
            time.sleep(0.05)
    pytest.fail("the server did not come back")


def kill_sleeper(server: OwnServer) -> None:
    """kill -9 the backend that stands still."""
    for _ in range(400):
        try:
            with psycopg.connect(server.dsn, autocommit=True) as db:
                found = db.execute("select pid from pg_stat_activity where wait_event = 'PgSleep'").fetchone()
            if found:
                return server.kill9(found[0])
        except psycopg.OperationalError:
            pass
        time.sleep(0.025)
    return pytest.fail("nothing stood still")


@pytest.mark.parametrize("fail_point", POINTS)
def test_a_backend_killed_at(fail_point: str, own_server: OwnServer) -> None:
    name = prepare(own_server, 10)
    died: list[Exception] = []

    def first() -> None:
        try:
            work(own_server.dsn, fail_point)
        except psycopg.OperationalError as error:
            died.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    kill_sleeper(own_server)
    thread.join()
    assert died
    work_to_the_end(own_server.dsn)
    with psycopg.connect(own_server.dsn, autocommit=True) as db:
        assert [n for (n,) in db.execute("select n from marks order by n").fetchall()] == list(range(1, 11))
        assert {row["status"] for row in rows(db, name)} == {"completed"}
        assert db.execute("select count(*) from pgmq.q_pgwhen_actions").fetchone() == (0,)


def test_a_statement_that_kills_its_backend_each_time_ends(own_server: OwnServer) -> None:
    with psycopg.connect(own_server.dsn, autocommit=True) as db:
        db.execute("create function fatal() returns int language sql as $$ select 1 from pg_sleep(60) $$")
        db.execute("select pgwhen.register_function('fatal()')")
    name = prepare(own_server, 1, type="call", function="fatal")
    ended = threading.Event()

    def killer() -> None:
        while not ended.is_set():
            try:
                with psycopg.connect(own_server.dsn, autocommit=True) as db:
                    for (pid,) in db.execute(
                        "select pid from pg_stat_activity where wait_event = 'PgSleep'"
                    ).fetchall():
                        own_server.kill9(pid)
            except psycopg.OperationalError:
                pass
            time.sleep(0.05)

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        work_to_the_end(own_server.dsn)
    finally:
        ended.set()
        thread.join()
    with psycopg.connect(own_server.dsn, autocommit=True) as db:
        (row,) = rows(db, name)
        assert (row["status"], row["error"]["code"], row["tries"]) == ("failed", "lease_expired", 3)


def test_a_poller_killed_while_a_statement_runs(db: Connection, dsn: str) -> None:
    db.execute(
        "create table marks (id bigint generated always as identity primary key, n int);"
        "create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(1); return new; end $$;"
        "create trigger slow before insert on marks for each row execute function slow()"
    )
    grant(db, "marks")
    name = publish(db, {"type": "create", "table": "marks", "set": {"n": "{{ input.n }}"}})
    db.execute(
        "select count(pgwhen.emit_event(%s, jsonb_build_object('n', n))) from generate_series(1, 3) n", [f"{name}.go"]
    )
    sleeping = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
    poller = start(dsn, "--lease", "1", "--fallback", "0.3")
    assert wait_until(lambda: db.execute(sleeping).fetchone() == (3,), 20)
    poller.send_signal(signal.SIGKILL)
    poller.communicate()
    poller = start(dsn, "--lease", "1", "--fallback", "0.3")
    try:
        assert wait_until(lambda: {row["status"] for row in rows(db, name)} == {"completed"}, 30)
    finally:
        poller.terminate()
        poller.communicate(timeout=20)
    assert db.execute("select n from marks order by n").fetchall() == [(1,), (2,), (3,)]
