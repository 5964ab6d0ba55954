"""kill -9 of a poller at each of its boundaries, and of PostgreSQL under it: every row leads to its message, with the
same bytes and key if twice, and every execution ends."""

import os
import signal
import subprocess
import time
from typing import Any

import psycopg
import pytest

from pgwhen.poller import failpoints
from tests.conftest import OwnServer
from tests.poller.support import Connection, happen, post, run, start, workflow
from tests.servers import Answer, HttpServer, http_server, mail_server, wait_until

NO_WAIT = {"attempts": 5, "backoff": 0, "factor": 1, "max": 0, "jitter": "none", "within": 72000}
ROWS = 30


def until_done(db: Connection, dsn: str, environ: dict[str, str] | None = None, seconds: float = 20.0) -> None:
    """Run pollers until every execution has ended."""
    end = time.monotonic() + seconds
    while True:
        run(dsn, environ)
        rows = db.execute("select status, count(*) from pgwhen.executions group by 1").fetchall()
        waiting = db.execute("select count(*) from pgmq.q_pgwhen_events").fetchall()[0][0]
        if not waiting and {status for status, _ in rows} <= {"completed"}:
            return
        assert time.monotonic() < end, rows
        time.sleep(0.2)


def died(process: subprocess.Popen[bytes]) -> bool:
    """Wait for a process that kills itself."""
    process.communicate(timeout=30)
    return process.returncode == -signal.SIGKILL


def check(db: Connection, server: HttpServer, rows: int = ROWS) -> int:
    """Each row arrived, twice only with the same bytes and key; returns how many arrived more than once."""
    calls: dict[int, set[Any]] = {}
    for call in server.received:
        calls.setdefault(call.json["id"], set()).add((call.headers["idempotency-key"], call.target, call.body))
    assert sorted(calls) == list(range(rows))
    assert all(len(different) == 1 for different in calls.values())
    assert len({key for different in calls.values() for key, _, _ in different}) == rows
    states = db.execute("select distinct status from pgwhen.execution_steps").fetchall()
    assert states == [("completed",)]
    assert db.execute("select count(*) from pgwhen.unfinished").fetchall() == [(0,)]
    assert db.execute("select count(*) from pgmq.q_pgwhen_actions").fetchall() == [(0,)]
    return len(server.received) - rows


@pytest.mark.parametrize("point", failpoints.POINTS)
def test_killed_at(point: str, db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=0.02)) as server:
        made = workflow(db, post(server.url + "/", retry=NO_WAIT))
        happen(db, made, *({"id": n} for n in range(ROWS)))
        nth = 5 if point in ("mid_send", "after_send") else 1
        options = ("--once", "--lease", "1.5", "--concurrency", "8", "--batch", "20")
        process = start(dsn, *options, environ={"PGWHEN_FAIL_POINT": f"{point}:{nth}"})
        assert died(process)
        if point in ("after_claim", "after_render", "after_freeze"):
            assert server.received == []
        until_done(db, dsn)
        twice = check(db, server)
        # What was claimed together may all be sent before the first report.
        assert twice <= (0 if point in ("after_claim", "after_render", "after_freeze") else 20)


@pytest.mark.parametrize("point", ["after_freeze", "mid_send", "before_report"])
def test_a_mail_killed_at(point: str, db: Connection, dsn: str) -> None:
    definition = {"to": "{{ new.id }}@example.com", "subject": "Hello {{ new.id }}", "text": "now {{ now }}"}
    step = {"id": "thank", "type": "email", "definition": definition, "reads": [["new"], ["now"]], "retry": NO_WAIT}
    with mail_server() as server:
        environ = {"SMTP_URL": server.url, "SMTP_FROM": "hello@acme.example"}
        made = workflow(db, step)
        happen(db, made, *({"id": n} for n in range(5)))
        process = start(dsn, "--once", "--lease", "1.5", environ=environ | {"PGWHEN_FAIL_POINT": point})
        assert died(process)
        until_done(db, dsn, environ)
        messages: dict[str, set[bytes]] = {}
        for mail in server.received:
            messages.setdefault(mail.recipients[0], set()).add(mail.data)
    assert sorted(messages) == [f"{n}@example.com" for n in range(5)]
    assert all(len(different) == 1 for different in messages.values())


def test_at_most_once_stays_at_most_once(db: Connection, dsn: str) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/", retry=NO_WAIT, on_uncertain="stop"))
        happen(db, made, *({"id": n} for n in range(5)))
        options = ("--once", "--lease", "1", "--concurrency", "2")
        process = start(dsn, *options, environ={"PGWHEN_FAIL_POINT": "mid_send"})
        assert died(process)
        time.sleep(1.2)
        run(dsn)
        ids = [call.json["id"] for call in server.received]
        assert len(ids) == len(set(ids))
    states = dict(db.execute("select status, count(*) from pgwhen.execution_steps group by 1").fetchall())
    assert set(states) == {"completed", "uncertain"}
    assert states["uncertain"] <= 2


def test_sigterm_ends_a_poller_well(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=0.3)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(20)))
        process = start(dsn, "--concurrency", "2", "--log-format", "json")
        assert wait_until(lambda: server.received, 20)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=20)
        assert process.returncode == 0, stderr
        server.answer = lambda _: Answer()
        run(dsn)
        assert check(db, server, 20) == 0


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgres_restarted_in_the_middle(mode: str, own_server: OwnServer) -> None:
    rows = 300
    with http_server(lambda _: Answer(delay=0.02)) as server:
        with psycopg.connect(own_server.dsn, autocommit=True) as db:
            made = workflow(db, post(server.url + "/", retry=NO_WAIT))
            happen(db, made, *({"id": n} for n in range(rows)))
            if mode == "immediate":
                db.execute("checkpoint")
        process = start(own_server.dsn, "--lease", "2", "--concurrency", "10", "--batch", "30", "--fallback", "0.3")
        try:
            for part in (rows // 4, rows // 2):
                assert wait_until(lambda n=part: len(server.received) > n, 30)
                own_server.restart(mode)
            with psycopg.connect(own_server.dsn, autocommit=True) as db:
                query = "select count(*) from pgwhen.executions where status = 'completed'"
                assert wait_until(lambda: db.execute(query).fetchall() == [(rows,)], 60)
                process.send_signal(signal.SIGTERM)
                _, stderr = process.communicate(timeout=30)
                assert process.returncode == 0, stderr
                check(db, server, rows)
        finally:
            process.kill()
            process.communicate()


def test_a_poller_whose_backend_is_killed_goes_on(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=0.02)) as server:
        made = workflow(db, post(server.url + "/", retry=NO_WAIT))
        happen(db, made, *({"id": n} for n in range(200)))
        process = start(dsn, "--lease", "2", "--concurrency", "5", "--batch", "20", "--fallback", "0.3")
        try:
            for part in (20, 60, 100, 140):
                assert wait_until(lambda n=part: len(server.received) > n, 30)
                db.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
            query = "select count(*) from pgwhen.executions where status = 'completed'"
            assert wait_until(lambda: db.execute(query).fetchall() == [(200,)], 60)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        check(db, server, 200)


def test_several_pollers_of_which_some_die(db: Connection, dsn: str) -> None:
    rows = 200
    with http_server(lambda _: Answer(delay=0.01)) as server:
        made = workflow(db, post(server.url + "/", retry=NO_WAIT))
        happen(db, made, *({"id": n} for n in range(rows)))
        options = ("--lease", "1.5", "--concurrency", "5", "--batch", "10", "--fallback", "0.3")
        pollers: list[subprocess.Popen[bytes]] = [start(dsn, *options) for _ in range(3)]
        try:
            for number, poller in enumerate(pollers[:2]):
                assert wait_until(lambda n=number: len(server.received) > 20 * (n + 1), 30)
                os.kill(poller.pid, signal.SIGKILL)
            query = "select count(*) from pgwhen.executions where status = 'completed'"
            assert wait_until(lambda: db.execute(query).fetchall() == [(rows,)], 60)
        finally:
            for poller in pollers:
                poller.kill()
                poller.communicate()
        # Whoever is killed may have sent all that it held: what was under way, and a batch ahead.
        assert check(db, server, rows) <= 2 * (5 + 10)
