"""kill -9 of the backend at every statement boundary of tick, claim, freeze and report, and of PostgreSQL as a whole.

The poller here is a few lines without a network, so that what it sent is known exactly: every row must lead to its
message, with the same key and bytes if it leaves twice, and every execution must end.
"""

import json
import re
import threading
import time
from collections import defaultdict
from pathlib import Path

import psycopg
import pytest

from tests.conftest import OwnServer
from tests.sql.engine.support import Connection, claim, count, executions, freeze, report

FUNCTIONS = Path(__file__).parents[2] / "sql" / "functions" / "engine"
POINTS = sorted({p for f in FUNCTIONS.glob("*.sql") for p in re.findall(r"_fail_point\('([a-z.]+)'\)", f.read_text())})
ROWS = 20
QUICK = {"attempts": 5, "backoff": "0.01 seconds", "factor": 1, "jitter": "none"}
WORKFLOW = {
    "workflow": "w",
    "when": {"event": "go"},
    "steps": [
        {"id": "first", "type": "http", "url": "https://example.com", "retry": QUICK},
        {"id": "rest", "type": "delay", "for": "0.1 seconds"},
        {
            "id": "each",
            "type": "loop",
            "over": ["one"],
            "steps": [{"id": "second", "type": "http", "url": "https://example.com", "retry": QUICK}],
        },
    ],
}


def _prepare(server: OwnServer) -> Connection:
    db = psycopg.connect(server.dsn, autocommit=True)
    db.execute("alter database pgwhen set synchronous_commit = on")
    db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    db.execute("set synchronous_commit = on")
    db.execute("select pgwhen.apply_definition(%s)", [json.dumps(WORKFLOW)])
    for number in range(ROWS):
        db.execute("select pgwhen.emit_event('go', %s)", [json.dumps({"id": number})])
    return db


def _work(dsn: str, sent: dict[str, list[str]], fail_point: str = "") -> None:
    """Poll until nothing is left, or until this session is killed."""
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute("select set_config('pgwhen.fail_point', %s, false)", [fail_point])
        while count(db, "pgmq.q_pgwhen_events") or count(db, "pgwhen.unfinished"):
            actions = claim(db, 7, lease=1)
            verdicts = freeze(db, actions)
            leaving = [a for a, v in zip(actions, verdicts, strict=True) if v["verdict"] == "send"]
            for action in leaving:
                body = action["frozen"] or {"body": action["idempotency_key"]}
                sent[action["idempotency_key"]].append(json.dumps(body, sort_keys=True))
            report(db, leaving)
            time.sleep(0.02)


def _kill_when_asleep(server: OwnServer, fail_point: str) -> None:
    """Wait until the session of the fail point stands at it, then kill it as an operating system would."""
    with psycopg.connect(server.dsn, autocommit=True) as db:
        for _ in range(400):
            row = db.execute("select pid from pg_stat_activity where wait_event = 'PgSleep'").fetchone()
            if row:
                server.kill9(row[0])
                return
            time.sleep(0.025)
    pytest.fail(f"nothing reached {fail_point}")


def _work_to_the_end(dsn: str, sent: dict[str, list[str]]) -> None:
    """Poll on, through the recovery of the server."""
    for _ in range(400):
        try:
            return _work(dsn, sent)
        except psycopg.OperationalError:
            time.sleep(0.05)
    pytest.fail("the server did not come back")


def _check(db: Connection, sent: dict[str, list[str]]) -> None:
    assert executions(db) == ["completed"] * 2 * ROWS, "each with the item of its loop"
    assert len(sent) == 2 * ROWS and all(len(set(bodies)) == 1 for bodies in sent.values())
    assert count(db, "pgwhen.events") == ROWS
    left = [
        count(db, t)
        for t in ("pgwhen.unfinished", "pgwhen.sleepers", "pgwhen.ready", "pgwhen.held", "pgmq.q_pgwhen_actions")
    ]
    assert left == [0] * 5


@pytest.mark.parametrize("fail_point", POINTS)
def test_a_backend_killed_at(fail_point: str, own_server: OwnServer) -> None:
    _prepare(own_server).close()
    sent: dict[str, list[str]] = defaultdict(list)
    died: list[Exception] = []

    def first_poller() -> None:
        try:
            _work(own_server.dsn, sent, fail_point)
        except psycopg.OperationalError as error:
            died.append(error)

    thread = threading.Thread(target=first_poller)
    thread.start()
    _kill_when_asleep(own_server, fail_point)
    thread.join()
    assert died
    _work_to_the_end(own_server.dsn, sent)
    with psycopg.connect(own_server.dsn, autocommit=True) as db:
        _check(db, sent)


def test_postgresql_stopped_at_once_in_the_middle(own_server: OwnServer) -> None:
    _prepare(own_server).close()
    sent: dict[str, list[str]] = defaultdict(list)
    died: list[Exception] = []

    def first_poller() -> None:
        try:
            _work(own_server.dsn, sent)
        except psycopg.Error as error:
            died.append(error)

    thread = threading.Thread(target=first_poller)
    thread.start()
    time.sleep(0.1)
    own_server.restart("immediate")
    thread.join()
    _work_to_the_end(own_server.dsn, sent)
    with psycopg.connect(own_server.dsn, autocommit=True) as db:
        _check(db, sent)
