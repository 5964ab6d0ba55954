"""Webhooks from a row to a receiver: the real engine, a real poller, a real server."""

import json
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pgwhen.poller.channels import webhook
from tests.conftest import Connect
from tests.poller.support import Connection, happen, poll, run
from tests.servers import Answer, HttpServer, http_server, wait_until
from tests.sql.engine.support import executions, steps
from tests.sql.http.support import add, claim, one, show, tell

SECRET, TWO = (f"whsec_{b64encode(letter * 32).decode()}" for letter in (b"s", b"t"))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What the poller has: a secret in its environment, another in a file."""
    (tmp_path / "two").write_text(TWO + "\n")
    return {"ORDERS_SECRET": SECRET}


def wake(db: Connection) -> None:
    """What sleeps is due."""
    db.execute("update pgwhen.sleepers set due_at = now()")


def verified(server: HttpServer) -> list[dict[str, Any]]:
    """What arrived, each with a good signature."""
    found = []
    for call in server.received:
        at, id_ = int(call.headers["webhook-timestamp"]), call.headers["webhook-id"]
        assert call.headers["webhook-signature"].split(" ")[0] == webhook.sign(SECRET, id_, at, call.body)
        found.append(call.json | {"id": id_})
    return found


def test_it_arrives_signed(dsn: str, db: Connection, environ: dict[str, str]) -> None:
    with http_server() as server:
        add(db, url=server.url + "/hooks")
        happen(db, tell(db), {"id": 7})
        summary = run(dsn, environ)
        (found,) = verified(server)
    assert (summary.ok, summary.failed) == (1, 0)
    assert (found["type"], found["data"]) == ("order.paid", {"id": 7})
    assert executions(db) == ["completed"]
    assert one(db, "select output from pgwhen.execution_steps") == {"status": 200}
    assert found["id"] == one(db, "select message ->> 'id' from pgwhen.frozen_messages")


def test_the_time_is_that_of_sending_however_long_freezing_took(
    dsn: str, db: Connection, connect: Connect, environ: dict[str, str]
) -> None:
    other = connect(autocommit=False)
    with http_server() as server, ThreadPoolExecutor() as threads:
        add(db, url=server.url)
        happen(db, tell(db), {"id": 7})
        other.execute("lock table pgwhen.frozen_messages in share mode")
        done = threads.submit(run, dsn, environ)
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'freeze_actions'"
        try:
            assert wait_until(lambda: one(db, waiting) == 1, 20)
            time.sleep(2.5)
        finally:
            released = time.time()
            other.commit()
        assert done.result().ok == 1
        verified(server)
        assert int(server.received[0].headers["webhook-timestamp"]) >= int(released)


def test_each_attempt_has_the_same_id_and_bytes(dsn: str, db: Connection, environ: dict[str, str]) -> None:
    with http_server() as server:
        add(db, url=server.url)
        server.script = [500, "then_drop", Answer(429, b"", {"retry-after": "0"}), 404]
        happen(db, tell(db, retry={"attempts": 9, "backoff": 1, "factor": 1, "max": 1, "within": 9000}), {"id": 7})
        for _ in range(5):
            run(dsn, environ)
            wake(db)
        assert len(server.received) == 5
        assert len({call.body for call in server.received}) == 1
        assert len({found["id"] for found in verified(server)}) == 1
    assert executions(db) == ["completed"]
    classes = [row[0] for row in db.execute("select class from pgwhen.attempts order by attempt")]
    assert classes == ["transient", "uncertain", "throttled", "transient", "ok"]
    assert show(db)["failing_since"] is None


def test_what_comes_while_it_is_disabled_comes_after(dsn: str, db: Connection, environ: dict[str, str]) -> None:
    with http_server() as server:
        add(db, url=server.url)
        server.script = [410]
        workflow = tell(db)
        happen(db, workflow, {"id": 1})
        run(dsn, environ)
        happen(db, workflow, {"id": 2}, {"id": 3})
        run(dsn, environ)
        assert [call.json["data"] for call in server.received] == [{"id": 1}]
        assert sorted(executions(db)) == ["failed", "waiting", "waiting"]
        assert (show(db)["status"], show(db)["held"], show(db)["failed"]) == ("disabled", 2, 1)
        assert one(db, "select pgwhen.enable_endpoint('orders')")["released"] == 2
        run(dsn, environ)
        assert sorted(found["data"]["id"] for found in verified(server)) == [1, 2, 3]
        db.execute("select pgwhen.recover_endpoint('orders', '-infinity')")
        run(dsn, environ)
        found = verified(server)
    assert executions(db) == ["completed"] * 3
    assert (found[0], len(found)) == (found[3], 4)  # the first once more: the same id, the same bytes


def test_a_rotation_in_the_middle(dsn: str, db: Connection, environ: dict[str, str], tmp_path: Path) -> None:
    with http_server() as server:
        add(db, url=server.url)
        db.execute("select pgwhen.rotate_endpoint('orders', %s)", [f"file:{tmp_path / 'two'}"])
        happen(db, tell(db), {"id": 7})
        run(dsn, environ)
        (call,) = server.received
    at, id_ = int(call.headers["webhook-timestamp"]), call.headers["webhook-id"]
    both = [webhook.sign(secret, id_, at, call.body) for secret in (TWO, SECRET)]
    assert call.headers["webhook-signature"] == " ".join(both)


def test_the_secret_is_nowhere(dsn: str, db: Connection, environ: dict[str, str]) -> None:
    with http_server(lambda call: Answer(400, SECRET.encode(), {"x-echo": SECRET})) as server:
        add(db, url=server.url)
        happen(db, tell(db, retry={"attempts": 1, "backoff": 1, "factor": 1, "max": 1, "within": 9}), {"id": 7})
        code, stderr = poll(dsn, "--once", environ=environ)
    assert code == 0 and "***" in stderr and SECRET not in stderr
    assert steps(db) == {"tell": "failed"}
    tables = db.execute(
        "select c.oid::regclass::text from pg_class c where relkind = 'r' and relnamespace = 'pgwhen'::regnamespace"
    )
    for (table,) in tables.fetchall():
        (text,) = db.execute(f"select coalesce(string_agg(t::text, ''), '') from {table} t").fetchone() or ("",)
        assert SECRET not in text, table


def test_a_poller_without_the_secret_fails_the_step_and_says_which(dsn: str, db: Connection) -> None:
    with http_server() as server:
        add(db, url=server.url)
        happen(db, tell(db), {"id": 7})
        run(dsn)
        assert server.received == []
    error = one(db, "select error from pgwhen.execution_steps")
    assert error["code"] == "secret" and "env:ORDERS_SECRET" in error["message"]
    assert show(db)["failing_since"] is None
    assert claim(db) == []


def test_a_disabled_endpoint_tells_who_waits_for_it(dsn: str, db: Connection, environ: dict[str, str]) -> None:
    definition = {
        "workflow": "tell_us",
        "when": {"event": "endpoint.disabled"},
        "steps": [
            {
                "id": "call",
                "type": "http",
                "url": "{{ vars.url }}",
                "json": {"text": "{{ input.endpoint }}: {{ input.reason }}"},
            }
        ],
    }
    with http_server() as ours, http_server() as receiver:
        definition["vars"] = {"url": ours.url}
        one(db, "select pgwhen.apply_definition(%s)", json.dumps(definition))
        add(db, url=receiver.url)
        receiver.script = [410]
        happen(db, tell(db), {"id": 7})
        run(dsn, environ)
        (call,) = ours.received
    assert call.json == {"text": "orders: the receiver answered 410: it wants no more webhooks"}
