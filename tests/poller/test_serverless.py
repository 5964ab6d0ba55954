"""The poller as a function of a cloud: a time limit, a killed process, the next call."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from pgwhen.poller import serverless
from pgwhen.poller.settings import SettingsError
from tests.poller.support import ENVIRON, Connection, happen, post, workflow
from tests.servers import Answer, http_server, wait_until

CALL = """
import json, sys, time
from pgwhen.poller.serverless import handler

started = time.monotonic()

class Context:
    def get_remaining_time_in_millis(self):
        return int(sys.argv[1]) - int((time.monotonic() - started) * 1000)

counts = handler({"source": "cron"}, Context())
print(json.dumps([counts, time.monotonic() - started]))
"""


def call(dsn: str, milliseconds: str = "10000", **environ: str) -> subprocess.Popen[bytes]:
    """Call the function as a platform does: in a process of its own."""
    env = {**os.environ, **ENVIRON, "PGWHEN_DSN": dsn, **environ}
    return subprocess.Popen(
        [sys.executable, "-c", CALL, milliseconds], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def result(process: subprocess.Popen[bytes], limit: float = 10.0) -> dict[str, int]:
    """What the function returned, in time."""
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr.decode()
    counts, seconds = json.loads(stdout)
    assert seconds < limit
    return counts  # type: ignore[no-any-return]


def test_a_call_does_what_is_due(db: Connection, dsn: str) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(50)))
        counts = result(call(dsn))
        assert len(server.received) == 50
    assert counts == {"dispatched": 50, "claimed": 50, "ok": 50, "failed": 0, "late": 0, "given_back": 0}
    assert result(call(dsn))["claimed"] == 0


def test_a_call_ends_before_its_time(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=0.5)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(100)))
        counts = result(call(dsn, "5000", PGWHEN_CONCURRENCY="4"), limit=5.0)
        assert counts["ok"] >= 4
        assert counts["claimed"] == counts["ok"] + counts["given_back"]


def test_killed_in_mid_send_the_next_call_finishes(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=1)) as server:
        made = workflow(
            db,
            post(
                server.url + "/",
                retry={"attempts": 3, "backoff": 0, "factor": 1, "max": 0, "jitter": "none", "within": 3600},
            ),
        )
        happen(db, made, *({"id": n} for n in range(10)))
        process = call(dsn, "10000", PGWHEN_LEASE="2", PGWHEN_CONCURRENCY="5")
        assert wait_until(lambda: len(server.received) == 5, 20)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        server.answer = lambda _: Answer()
        time.sleep(2)
        counts = result(call(dsn, "10000"))
        assert counts["ok"] == 10
        bytes_by_id: dict[int, set[tuple[str, bytes]]] = {}
        for arrived in server.received:
            bytes_by_id.setdefault(arrived.json["id"], set()).add((arrived.headers["idempotency-key"], arrived.body))
    assert sorted(bytes_by_id) == list(range(10))
    assert all(len(different) == 1 for different in bytes_by_id.values())
    assert db.execute("select status, count(*) from pgwhen.executions group by 1").fetchall() == [("completed", 10)]
    classes = db.execute("select class, count(*) from pgwhen.attempts group by 1 order by 1").fetchall()
    assert classes == [("ok", 10), ("uncertain", 5)]


def test_leases_are_short_where_time_is(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    monkeypatch.setenv("PGWHEN_DSN", "postgresql://x")
    monkeypatch.delenv("PGWHEN_LEASE", raising=False)
    monkeypatch.setattr(serverless.loop, "run", lambda settings: seen.update(s=settings) or serverless.loop.Summary())
    serverless.handler(None)
    assert (seen["s"].max_seconds, seen["s"].lease, seen["s"].once) == (9.0, 14.0, True)
    monkeypatch.setenv("PGWHEN_MAX_SECONDS", "60")
    serverless.handler(None)
    assert (seen["s"].max_seconds, seen["s"].lease) == (59.0, 60.0)
    monkeypatch.setenv("PGWHEN_LEASE", "7")
    serverless.handler(None)
    assert seen["s"].lease == 7


def test_a_database_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGWHEN_DSN", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SettingsError, match="PGWHEN_DSN or DATABASE_URL"):
        serverless.handler(None)
