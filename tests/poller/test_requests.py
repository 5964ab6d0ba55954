"""Requests from a row to a server: the real engine, a real poller, a real server."""

import json
from base64 import b64encode
from typing import Any

from tests.poller.support import Connection, happen, post, run, workflow
from tests.servers import Answer, http_server
from tests.sql.engine.support import executions, steps
from tests.sql.http.support import one

ENVIRON = {"CRM_TOKEN": "s3cret-token", "PGWHEN_SECRETS": "CRM_TOKEN"}


def wake(db: Connection) -> None:
    """What sleeps is due."""
    db.execute("update pgwhen.sleepers set due_at = now()")


def nowhere(db: Connection, text: str) -> None:
    """A text is in no row."""
    tables = db.execute(
        "select c.oid::regclass::text from pg_class c where relkind = 'r' and relnamespace = 'pgwhen'::regnamespace"
    )
    for (table,) in tables.fetchall():
        (found,) = db.execute(f"select coalesce(string_agg(t::text, ''), '') from {table} t").fetchone() or ("",)
        assert text not in found, table


def test_multipart_and_auth_are_rendered_frozen_and_repeated(dsn: str, db: Connection) -> None:
    auth = {"basic": {"user": "client-{{ new.id }}", "password": "{{ secret('env:CRM_TOKEN') }}"}}
    parts = {"name": "{{ new.name }}", "file": {"text": "{{ new.name }}", "file": "{{ new.id }}.txt"}}
    with http_server() as server:
        server.script = [500]
        made = workflow(db, post(server.url, multipart=parts, auth=auth, json=None, retry=RETRY))
        happen(db, made, {"id": 7, "name": "Zoë {{ 7*7 }}\r\n--x"})
        run(dsn, ENVIRON)
        wake(db)
        run(dsn, ENVIRON)
        first, second = server.received
    assert executions(db) == ["completed"]
    assert (first.body, first.headers) == (second.body, second.headers)
    assert first.headers["authorization"] == f"Basic {b64encode(b'client-7:s3cret-token').decode()}"
    assert (
        'name="file"; filename="7.txt"\r\nContent-Type: text/plain\r\n\r\nZoë {{ 7*7 }}\r\n--x\r\n'.encode()
        in first.body
    )
    nowhere(db, "s3cret-token")
    nowhere(db, b64encode(b"client-7:s3cret-token").decode())


RETRY = {"attempts": 3, "backoff": 1, "factor": 1, "max": 1, "jitter": "none", "within": 9000}


def test_what_is_expected_decides_what_the_step_comes_to(dsn: str, db: Connection) -> None:
    with http_server(lambda call: Answer(404 if call.path == "/gone" else 200, b'{"state": "queued"}')) as server:
        one_ = post(server.url + "/gone", id="gone", expect=404)
        other = post(server.url + "/job", id="job", expect={"json": {"state": "done"}}, on_error="continue")
        happen(db, workflow(db, one_, other), {"id": 7})
        run(dsn)
    assert steps(db) == {"gone": "completed", "job": "failed"}
    error = one(db, "select error from pgwhen.execution_steps where step_id = 'job'")
    assert error == {
        "class": "permanent",
        "code": "http_expect",
        "message": 'the answer is not as expected: state is "queued", not "done"',
    }


def test_what_changes_something_waits_for_a_person_where_a_look_is_repeated(dsn: str, db: Connection) -> None:
    """on_uncertain: stop is at most once, also for a method that is idempotent."""
    with http_server() as server:
        server.script = ["drop", "drop", "drop"]
        made = [
            post(server.url, id=method.lower(), method=method, on_uncertain="stop", retry=RETRY)
            for method in ("GET", "POST", "PUT")
        ]
        happen(db, workflow(db, *made), {"id": 7})
        run(dsn)
        assert steps(db) == {"get": "sleeping", "post": "uncertain", "put": "uncertain"}
        wake(db)
        run(dsn)
    assert steps(db) == {"get": "completed", "post": "uncertain", "put": "uncertain"}


def define_connection(db: Connection, url: str, **settings: str) -> None:
    """A connection to an API, in the database."""
    found = json.dumps({"base_url": url, **settings})
    db.execute(
        "select pgwhen.add_connection('crm', 'http', 'http', %s, '{\"token\": \"env:CRM_TOKEN\"}', false)", [found]
    )


def test_a_connection_of_the_database(dsn: str, db: Connection) -> None:
    with http_server() as server:
        define_connection(db, f"{server.url}/api")
        made = workflow(db, post("/contacts/{{ new.name }}", connection="crm"))
        happen(db, made, {"id": 7, "name": "a/b?x=ü"}, {"id": 8, "name": "../admin"})
        # The address may be private: an operator chose it.
        run(dsn, {"CRM_TOKEN": "s3cret-token", "PGWHEN_HTTP_ALLOW": ""})
        (call,) = server.received
    assert sorted(executions(db)) == ["completed", "failed"]  # the other would have got away from /api
    assert call.target == "/api/contacts/a%2Fb%3Fx=%C3%BC" and call.headers["authorization"] == "Bearer s3cret-token"
    nowhere(db, "s3cret-token")


def test_refused_credentials_pause_it_and_hold_its_work(dsn: str, db: Connection) -> None:
    with http_server() as server:
        server.script = [401]
        define_connection(db, server.url)
        made = workflow(db, post("/x", connection="crm"))
        happen(db, made, {"id": 7})
        run(dsn, ENVIRON)
        assert steps(db) == {"post": "held"}
        assert one(db, "select status from pgwhen.connections where name = 'crm'") == "paused"
        db.execute("select pgwhen.resume_connection('crm')")
        run(dsn, ENVIRON)
    assert executions(db) == ["completed"]


def test_a_slow_host_holds_up_its_own_connection_only(dsn: str, db: Connection) -> None:
    def answer(call: Any) -> Answer:
        return Answer(429, b"", {"retry-after": "60"}) if call.path == "/x" else Answer()

    with http_server(answer) as server:
        define_connection(db, server.url)
        crm = post("/x", id="crm", connection="crm", retry=RETRY)
        other = post(f"{server.url}/y", id="other")
        happen(db, workflow(db, crm, other), {"id": 7})
        run(dsn, ENVIRON)
    assert steps(db) == {"crm": "sleeping", "other": "completed"}
    assert one(db, "select throttled_until > now() from pgwhen.connections where name = 'crm'")
