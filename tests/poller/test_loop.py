"""The loop against the real engine: what is sent, how often, and what the database knows of it."""

import asyncio
import json
import threading
import time
from collections import Counter
from typing import Any

import psycopg
import pytest

from pgwhen.poller import loop
from pgwhen.poller.database import Database
from pgwhen.poller.http import HttpClient
from pgwhen.poller.loop import Poller
from pgwhen.poller.mail import Mailer
from pgwhen.poller.perform import Performer
from pgwhen.poller.settings import Settings
from tests.poller.support import Connection, happen, post, run, settings, workflow
from tests.servers import Answer, http_server, mail_server, providers, unused_port, wait_until

NO_WAIT = {"attempts": 3, "backoff": 0, "factor": 1, "max": 0, "jitter": "none", "within": 72000}


def states(db: Connection) -> dict[str, int]:
    """How many steps are in each state."""
    return dict(db.execute("select status, count(*) from pgwhen.execution_steps group by 1").fetchall())


def column(db: Connection, query: str) -> list[Any]:
    return [value for (value,) in db.execute(query).fetchall()]  # type: ignore[call-overload]


# ---------------------------------------------------------------- sending


def test_each_row_leads_to_one_call(db: Connection, dsn: str) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/jobs"))
        happen(db, made, *({"id": n} for n in range(250)))
        summary = run(dsn)
        assert sorted(call.json["id"] for call in server.received) == list(range(250))
        assert len({call.headers["idempotency-key"] for call in server.received}) == 250
    assert (summary.dispatched, summary.claimed, summary.ok, summary.failed) == (250, 250, 250, 0)
    assert states(db) == {"completed": 250}
    assert column(db, "select distinct class from pgwhen.attempts") == ["ok"]
    assert column(db, "select count(*) from pgmq.q_pgwhen_actions") == [0]


def test_what_is_frozen_is_what_leaves(db: Connection, dsn: str) -> None:
    with http_server() as server:
        step = post(server.url + "/{{ new.path }}", json={"total": "{{ new.total }}", "text": "<{{ new.text }}>"})
        made = workflow(db, step)
        row = '{"id": 1, "path": "a/b", "total": 10.20, "text": "{{ 7*7 }} \\u00e9"}'
        db.execute(
            "insert into pgmq.q_pgwhen_events (vt, enqueued_at, message) select clock_timestamp(), pgwhen._now(),"
            " jsonb_build_object('v', 1, 'attachment', %s::int, 'operation', 'insert', 'actor', 'a', 'new', %s::jsonb)",
            [made.attachment_id, row],
        )
        run(dsn)
        (call,) = server.received
    assert call.target == "/a%2Fb"
    assert call.body.decode() == '{"text":"<{{ 7*7 }} é>","total":10.20}'
    (frozen,) = column(db, "select message from pgwhen.frozen_messages")
    assert frozen["body"] == call.body.decode()
    assert frozen["headers"]["idempotency-key"] == call.headers["idempotency-key"]


def test_an_email_and_an_sms(db: Connection, dsn: str) -> None:
    email = {
        "to": "{{ new.name }} <{{ new.email }}>",
        "subject": "Job completed - {{ new.title }}",
        "text": "Dear {{ new.name }},\n\nYour job has been completed.",
        "html": "<p>Dear {{ new.name }}</p>",
    }
    sms = {"to": "{{ new.phone }}", "text": "Job {{ new.title }} completed. Thank you!"}
    with mail_server() as mail, providers() as ours:
        made = workflow(
            db,
            {"id": "thank", "type": "email", "definition": email, "reads": [["new"]]},
            {"id": "text", "type": "sms", "definition": sms, "reads": [["new"]]},
            edges=[("thank", "text", "success")],
        )
        row = {"id": 1, "title": "Boiler", "name": "Ann <b>", "email": "ann@example.com", "phone": "+31612345678"}
        happen(db, made, row)
        environ = ours.environ | {
            "SMTP_URL": mail.url,
            "SMTP_FROM": "hello@acme.example",
            "PGWHEN_EMAIL": "smtp",
            "PGWHEN_SMS": "twilio",
        }
        summary = run(dsn, environ)
        (received,) = mail.received
    assert (summary.ok, summary.failed) == (2, 0)
    assert received.message["Subject"] == "Job completed - Boiler"
    assert received.message["To"] == '"Ann <b>" <ann@example.com>'
    assert received.text() == "Dear Ann <b>,\n\nYour job has been completed."
    assert received.text("html") == "<p>Dear Ann &lt;b&gt;</p>"
    assert ours.twilio == [{"To": "+31612345678", "From": "+15005550006", "Body": "Job Boiler completed. Thank you!"}]
    outputs = dict(db.execute("select step_id, output from pgwhen.execution_steps").fetchall())
    assert outputs["text"] == {"message_id": "SM1", "provider": "twilio", "segments": 1}
    assert outputs["thank"]["message_id"] == received.message["Message-ID"]
    connections = db.execute("select name, channel, provider from pgwhen.connections order by name").fetchall()
    assert connections == [
        ("messagebird", "sms", "messagebird"),
        ("resend", "email", "resend"),
        ("smtp", "email", "smtp"),
        ("twilio", "sms", "twilio"),
    ]
    assert dict(db.execute("select step_id, connection from pgwhen.frozen_messages").fetchall()) == {
        "thank": "smtp",
        "text": "twilio",
    }


# ---------------------------------------------------------------- errors of one never touch others


def test_one_poison_action_among_many(db: Connection, dsn: str) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/", json={"id": "{{ new.id }}", "name": "x {{ new.name }}"}))
        happen(db, made, *({"id": n, "name": None if n == 77 else "n"} for n in range(200)))
        summary = run(dsn)
        assert sorted(call.json["id"] for call in server.received) == [n for n in range(200) if n != 77]
    assert (summary.ok, summary.failed) == (199, 1)
    assert states(db) == {"completed": 199, "failed": 1}
    (error,) = column(db, "select error from pgwhen.attempts where class = 'permanent'")
    assert error == {"code": "template", "message": "step post, json: new.name is missing"}
    assert column(db, "select count(*) from pgwhen.frozen_messages") == [199]


def test_nothing_leaves_without_a_provider(db: Connection, dsn: str) -> None:
    made = workflow(db, {"id": "text", "type": "sms", "definition": {"to": "+31612345678", "text": "Hi"}})
    happen(db, made, {"id": 1})
    assert run(dsn).failed == 1
    (error,) = column(db, "select error from pgwhen.execution_steps")
    assert error["code"] == "not_configured"
    assert "set MESSAGEBIRD_API_KEY and MESSAGEBIRD_ORIGINATOR, or TWILIO_ACCOUNT_SID" in error["message"]


def test_an_answer_that_postgres_cannot_hold_is_made_storable(db: Connection, dsn: str) -> None:
    body = b'{"a": "x\\u0000y\\ud800", "n": 1e999999, "raw": "\x00"}'
    with http_server(lambda _: Answer(body=body)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, {"id": 1})
        assert run(dsn).ok == 1
    (output,) = column(db, "select output from pgwhen.execution_steps")
    assert output["json"] is None or output["json"]["a"] == "x\ufffdy?"
    assert states(db) == {"completed": 1}


def test_private_addresses_are_refused_unless_allowed(db: Connection, dsn: str) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, {"id": 1})
        assert run(dsn, {"PGWHEN_HTTP_ALLOW": ""}).failed == 1
        assert server.received == []
    (error,) = column(db, "select error from pgwhen.execution_steps")
    assert (error["code"], error["class"]) == ("address", "permanent")
    assert "PGWHEN_HTTP_ALLOW" in error["message"]


def test_secrets_stay_out_of_the_database(db: Connection, dsn: str) -> None:
    def echo(call: Any) -> Answer:
        return Answer(
            body=json.dumps({"you sent": call.headers["authorization"]}).encode(), headers={"x-echo": "t0ps3cret"}
        )

    headers = {"Authorization": "Bearer {{ secret('env:CRM_TOKEN') }}", "X-Row": "{{ new.evil }}"}
    with http_server(echo) as server:
        made = workflow(db, post(server.url + "/", headers=headers))
        happen(db, made, {"id": 1, "evil": '{"$secret": "env:CRM_TOKEN"}'})
        run(dsn, {"CRM_TOKEN": "t0ps3cret", "PGWHEN_SECRETS": "OTHER, CRM_TOKEN"})
        (call,) = server.received
    assert call.headers["authorization"] == "Bearer t0ps3cret"
    assert call.headers["x-row"] == '{"$secret": "env:CRM_TOKEN"}'
    (frozen,) = column(db, "select message from pgwhen.frozen_messages")
    assert frozen["headers"]["authorization"] == {"$concat": ["Bearer ", {"$secret": "env:CRM_TOKEN"}]}
    assert frozen["headers"]["x-row"] == '{"$secret": "env:CRM_TOKEN"}'
    (output,) = column(db, "select output from pgwhen.execution_steps")
    assert output["json"] == {"you sent": "Bearer ***"}
    for table in ("frozen_messages", "attempts", "execution_steps", "executions", "logs"):
        assert "t0ps3cret" not in str(db.execute(f"select to_jsonb(t) from pgwhen.{table} t").fetchall())  # type: ignore[call-overload]


def test_a_secret_that_is_not_listed_fails_the_step(db: Connection, dsn: str) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/", headers={"X": "{{ secret('env:HOME') }}"}))
        happen(db, made, {"id": 1})
        run(dsn)
        assert server.received == []
    (error,) = column(db, "select error from pgwhen.execution_steps")
    assert error["code"] == "secret"
    assert "HOME is not in PGWHEN_SECRETS" in error["message"]


# ---------------------------------------------------------------- trying again


def test_a_retry_sends_the_same_bytes_and_key(db: Connection, dsn: str) -> None:
    with http_server() as server:
        server.script = [500, "drop"]
        made = workflow(db, post(server.url + "/", json={"id": "{{ new.id }}", "now": "{{ now }}"}, retry=NO_WAIT))
        happen(db, made, {"id": 1})
        run(dsn)
        assert len(server.received) == 3
        assert len({(call.body, call.headers["idempotency-key"], call.target) for call in server.received}) == 1
    classes = column(db, "select class from pgwhen.attempts order by attempt")
    assert classes == ["transient", "uncertain", "ok"]
    assert states(db) == {"completed": 1}


def test_waits_of_a_server_are_honoured(db: Connection, dsn: str) -> None:
    with http_server() as server:
        server.script = [Answer(429, headers={"retry-after": "120"})]
        made = workflow(db, post(server.url + "/", retry=NO_WAIT))
        happen(db, made, {"id": 1})
        run(dsn)
    ((seconds,),) = db.execute("select extract(epoch from due_at - now()) from pgwhen.sleepers").fetchall()
    assert 100 < seconds <= 120
    assert states(db) == {"sleeping": 1}


def test_one_slow_down_does_not_throttle_other_hosts(db: Connection, dsn: str) -> None:
    with http_server() as busy, http_server() as other:
        busy.script = [Answer(429, headers={"retry-after": "120"})]
        made = workflow(db, post("{{ new.url }}"))
        happen(db, made, {"id": 1, "url": busy.url})
        run(dsn)
        happen(db, made, {"id": 2, "url": other.url})
        run(dsn)
        assert len(other.received) == 1


def test_wrong_credentials_hold_the_connection_not_the_step(db: Connection, dsn: str) -> None:
    with providers() as ours:
        definition = {"to": "+31612345678", "text": "Hi"}
        made = workflow(db, {"id": "text", "type": "sms", "definition": definition})
        happen(db, made, {"id": 1})
        environ = {name: value for name, value in ours.environ.items() if name.startswith("TWILIO")}
        run(dsn, environ | {"TWILIO_AUTH_TOKEN": "wrong"})
        assert states(db) == {"held": 1}
        assert db.execute("select name, status from pgwhen.connections").fetchall() == [("twilio", "paused")]
        happen(db, made, {"id": 2})
        run(dsn, environ)
        assert ours.twilio == []  # held until somebody resumes it
        assert states(db) == {"held": 2}


def test_on_uncertain_stop_sends_once(db: Connection, dsn: str) -> None:
    with http_server() as server:
        server.script = ["drop"]
        made = workflow(db, post(server.url + "/", method="POST", on_uncertain="stop", retry=NO_WAIT))
        happen(db, made, {"id": 1})
        run(dsn)
        run(dsn)
        assert len(server.received) == 1
    assert states(db) == {"uncertain": 1}


def test_a_timeout_of_the_step_bounds_the_attempt(db: Connection, dsn: str) -> None:
    with http_server() as server:
        server.script = ["slow"]
        made = workflow(db, post(server.url + "/", timeout=0.3))
        happen(db, made, {"id": 1})
        started = time.monotonic()
        run(dsn)
        assert time.monotonic() - started < 2
    assert column(db, "select error ->> 'code' from pgwhen.attempts") == ["timeout"]


def test_a_throttled_connection_is_left_alone_by_all(db: Connection, dsn: str) -> None:
    with providers() as ours:
        ours.server.script = [Answer(429, b'{"code": 20429}', headers={"retry-after": "60"})]
        made = workflow(db, {"id": "text", "type": "sms", "definition": {"to": "+31612345678", "text": "Hi"}})
        environ = {name: value for name, value in ours.environ.items() if name.startswith("TWILIO")}
        happen(db, made, {"id": 1})
        run(dsn, environ)
        happen(db, made, {"id": 2}, {"id": 3})
        run(dsn, environ)
        assert len(ours.server.received) == 1
    assert states(db) == {"sleeping": 3}


def test_a_connection_that_is_gone_at_the_second_attempt_may_be_anothers(db: Connection, dsn: str) -> None:
    with providers() as ours:
        ours.server.script = ["drop"]
        retry = NO_WAIT | {"backoff": 0.5, "max": 0.5}
        step = {"id": "text", "type": "sms", "definition": {"to": "+31612345678", "text": "Hi"}, "retry": retry}
        made = workflow(db, step)
        happen(db, made, {"id": 1})
        environ = {name: value for name, value in ours.environ.items() if name.startswith("TWILIO")}
        run(dsn, environ)
        time.sleep(0.5)
        run(dsn)
        assert states(db) == {"sleeping": 1}
        assert column(db, "select error ->> 'code' from pgwhen.execution_steps") == ["not_configured"]
        time.sleep(0.5)
        run(dsn, environ)
    assert states(db) == {"completed": 1}


def test_a_context_that_cannot_be_read_fails_its_step(db: Connection, dsn: str) -> None:
    body = "select prosrc, pg_get_function_arguments(oid), pg_get_function_result(oid) from pg_proc where proname = %s"
    ((_, arguments, result),) = db.execute(body, ["_build_contexts"]).fetchall()
    db.execute(
        f"create or replace function pgwhen._build_contexts({arguments}) returns {result} language plpgsql as"  # type: ignore[call-overload]
        " $$ begin raise exception using errcode = '42501', message = 'permission denied for table jobs'; end $$"
    )
    made = workflow(db, post("http://127.0.0.1/"))
    happen(db, made, {"id": 1})
    assert run(dsn).failed == 1
    (error,) = column(db, "select error from pgwhen.execution_steps")
    assert (error["code"], error["message"]) == ("42501", "permission denied for table jobs")


# ---------------------------------------------------------------- several, long, short


def test_concurrency_is_bounded_and_work_is_fetched_ahead(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=0.02)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(60)))
        run(dsn, concurrency=5, batch=10)
        assert server.most_in_flight == 5
        assert len(server.received) == 60


def test_only_what_is_being_sent_is_sending(db: Connection, dsn: str) -> None:
    """A poller that dies leaves no more in doubt than it had places, where these do not become free at once."""
    seen = []
    with http_server(lambda _: Answer(delay=0.3)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(20)))
        thread = threading.Thread(target=run, args=(dsn,), kwargs={"concurrency": 3, "batch": 20})
        thread.start()
        while thread.is_alive():
            seen.append(states(db))
            time.sleep(0.02)
        thread.join()
    # Three are on their way, one may be frozen ahead; the three that have arrived are being reported.
    assert 3 <= max(state.get("sending", 0) for state in seen) <= 7
    assert max(state.get("claimed", 0) for state in seen) > 3


def test_what_is_frozen_ahead_is_little_and_known_not_to_have_left(db: Connection, dsn: str) -> None:
    """While a freeze lasts places become free: there are messages for them already, half as many as places at most."""
    db.execute(
        "create function dawdle() returns trigger language plpgsql as"
        " $$ begin perform pg_sleep(0.03); return null; end $$"
    )
    db.execute(
        "create trigger dawdle after insert on pgwhen.frozen_messages for each statement execute function dawdle()"
    )
    sent = 200
    with http_server(lambda call: Answer(delay=5 if call.json["id"] >= sent else 0)) as server:
        made = workflow(db, post(server.url + "/", retry=NO_WAIT))
        happen(db, made, *({"id": n} for n in range(sent + 100)))
        with Running(settings(dsn, once=False, concurrency=10, batch=100)) as running:
            assert wait_until(lambda: server.most_in_flight == 10 and states(db).get("completed") == sent, 20)
            assert wait_until(lambda: len(server.received) == sent + 10, 10)
            assert wait_until(lambda: 10 < states(db)["sending"] <= 15, 5)
            running.stop()
            running.stop()
        codes = db.execute("select class, count(*) from pgwhen.attempts where class <> 'ok' group by 1").fetchall()
        assert dict(codes)["uncertain"] == 10
        assert 0 < dict(codes)["transient"] <= 5
        server.answer = lambda _: Answer()
        run(dsn)
    counts = Counter(call.json["id"] for call in server.received)
    assert sorted(counts) == list(range(sent + 100))
    assert sum(count == 2 for count in counts.values()) == 10  # those that were in doubt
    assert states(db) == {"completed": sent + 100}


def test_leases_of_long_actions_are_extended(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=2.5)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, {"id": 1})
        thread = threading.Thread(target=run, args=(dsn,), kwargs={"lease": 1.0})
        thread.start()
        assert wait_until(lambda: server.received, 5)
        time.sleep(1.3)
        assert run(dsn).claimed == 0  # its lease would have run out by now
        thread.join()
        assert len(server.received) == 1
    assert column(db, "select class from pgwhen.attempts") == ["ok"]
    assert column(db, "select late from pgwhen.attempts") == [False]


def test_four_pollers_send_each_message_once(db: Connection, dsn: str) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(400)))
        threads = [threading.Thread(target=run, args=(dsn,), kwargs={"batch": 20, "concurrency": 10}) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        run(dsn)
        assert sorted(call.json["id"] for call in server.received) == list(range(400))
    assert states(db) == {"completed": 400}


def test_a_limited_run_stops_in_time_and_gives_back_the_rest(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=0.4)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(100)))
        started = time.monotonic()
        summary = run(dsn, max_seconds=3.0, concurrency=2, batch=50)
        assert time.monotonic() - started < 3.5
        assert 2 <= summary.ok < 30
        assert summary.given_back > 0
        assert summary.claimed == summary.ok + summary.given_back
        assert states(db).get("sending") is None
        server.answer = lambda _: Answer()
        run(dsn)
        assert sorted(call.json["id"] for call in server.received) == list(range(100))
    assert states(db) == {"completed": 100}


def test_what_does_not_answer_before_the_end_is_cut_off_and_reported(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=4)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, {"id": 1})
        started = time.monotonic()
        run(dsn, max_seconds=2.0)
        assert time.monotonic() - started < 3
    assert column(db, "select class from pgwhen.attempts") == ["uncertain"]
    assert states(db) == {"sleeping": 1}


def test_once_with_nothing_to_do_is_quick(dsn: str) -> None:
    started = time.monotonic()
    assert run(dsn).claimed == 0
    assert time.monotonic() - started < 2


# ---------------------------------------------------------------- a poller that goes on


class Running:
    """A poller in a thread, until the test stops it."""

    def __init__(self, given: Settings) -> None:
        self.settings = given
        self.poller: Poller | None = None
        self.summary: loop.Summary | None = None
        self.error: BaseException | None = None
        self.told = False
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run)

    async def _work(self) -> None:
        async with (
            Database(self.settings.dsn, doorbell=self.settings.doorbell) as database,
            HttpClient(self.settings.guard) as http,
            Mailer() as mailer,
        ):
            performer = Performer(http, mailer, self.settings.connections, self.settings.vault)
            self.poller = Poller(self.settings, database, performer)
            self.summary = await self.poller.run()

    def _run(self) -> None:
        try:
            self.loop.run_until_complete(self._work())
        except BaseException as error:
            self.error = error
        finally:
            self.loop.close()

    def stop(self) -> None:
        if self.poller and self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.poller.stop)
            self.told = True

    def __enter__(self) -> "Running":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self.told:
            self.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()
        if self.error:
            raise self.error


def sleeping(db: Connection) -> bool:
    """Whether a poller waits at the door."""
    query = """select exists (select from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and granted
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32 | objid::bigint) = hashtextextended('pgwhen.doorbell', 0))
      and exists (select from pg_stat_activity
        where datname = current_database() and query like '%tick_and_claim%' and state = 'idle')"""
    return bool(column(db, query)[0])


def ring(db: Connection) -> None:
    """What capture does in the transaction of a row."""
    db.execute(
        "select case when not pg_try_advisory_xact_lock_shared(hashtextextended('pgwhen.doorbell', 0))"
        " then pg_notify('pgwhen_doorbell', '') end"
    )


def test_the_bell_wakes_a_sleeper_at_once(db: Connection, dsn: str) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/"))
        with Running(settings(dsn, once=False, fallback=60.0)):
            for number in range(3):
                assert wait_until(lambda: sleeping(db), 10)
                time.sleep(0.05)
                with db.transaction():
                    happen(db, made, {"id": number})
                    ring(db)
                started = time.monotonic()
                assert wait_until(lambda n=number: len(server.received) > n, 10)
                assert time.monotonic() - started < 1


def test_nobody_is_at_the_door_while_there_is_work(db: Connection, dsn: str) -> None:
    """Rows that commit meanwhile cost no NOTIFY."""
    query = "select pg_try_advisory_xact_lock_shared(hashtextextended('pgwhen.doorbell', 0))"
    with http_server(lambda _: Answer(delay=0.1)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(20)))
        with Running(settings(dsn, once=False, fallback=60.0, concurrency=1, batch=1)):
            for number in range(1, 15):
                assert wait_until(lambda n=number: len(server.received) >= n, 10)
                assert column(db, query) == [True]


def test_without_a_bell_it_polls(db: Connection, dsn: str) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/"))
        with Running(settings(dsn, {"PGWHEN_DOORBELL": "off"}, once=False, fallback=0.2)):
            time.sleep(0.5)
            assert not sleeping(db)
            happen(db, made, {"id": 1})
            assert wait_until(lambda: server.received, 5)


def test_when_the_door_is_taken_it_still_polls(db: Connection, dsn: str, connect: Any) -> None:
    other = connect()
    other.execute("select pg_advisory_lock(hashtextextended('pgwhen.doorbell', 0))")
    with http_server() as server:
        made = workflow(db, post(server.url + "/"))
        with Running(settings(dsn, once=False, fallback=0.3)):
            time.sleep(1)
            happen(db, made, {"id": 1})
            assert wait_until(lambda: server.received, 5)


def test_a_poller_waits_while_the_database_is_migrated(db: Connection, dsn: str, connect: Any) -> None:
    other = connect()
    other.execute("select pg_advisory_lock(hashtextextended('pgwhen.migrate', 0))")
    with http_server() as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, {"id": 1})
        with Running(settings(dsn, once=False)):
            time.sleep(0.5)
            assert server.received == []
            other.execute("select pg_advisory_unlock_all()")
            assert wait_until(lambda: server.received, 10)


def test_a_retry_is_made_when_it_is_due(db: Connection, dsn: str) -> None:
    with http_server() as server:
        server.script = [500]
        retry = NO_WAIT | {"backoff": 1, "max": 1}
        made = workflow(db, post(server.url + "/", retry=retry))
        happen(db, made, {"id": 1})
        with Running(settings(dsn, once=False, fallback=60.0)):
            assert wait_until(lambda: len(server.received) == 2, 10)


def test_stopping_finishes_what_is_sent_and_gives_back_the_rest(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=0.7)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(30)))
        with Running(settings(dsn, once=False, concurrency=2, batch=30)) as running:
            assert wait_until(lambda: len(server.received) == 2, 10)
            running.stop()
        assert running.summary
        assert (running.summary.ok, running.summary.given_back) == (2, 28)
        assert len(server.received) == 2
        assert states(db) == {"completed": 2, "claimed": 28}
        server.answer = lambda _: Answer()
        run(dsn)  # at once: no lease has to run out
        assert sorted(call.json["id"] for call in server.received) == list(range(30))


def test_stopping_twice_does_not_wait(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=3)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, {"id": 1})
        with Running(settings(dsn, once=False)) as running:
            assert wait_until(lambda: server.received, 10)
            running.stop()
            time.sleep(0.1)
            started = time.monotonic()
            running.stop()
        assert time.monotonic() - started < 2
    assert column(db, "select class from pgwhen.attempts") == ["uncertain"]
    assert column(db, "select error ->> 'code' from pgwhen.attempts") == ["stopped"]


def test_a_database_that_refuses_a_batch_gets_the_rest_of_it(db: Connection, dsn: str) -> None:
    """What PostgreSQL cannot store is one action's trouble: the batch is halved until it stands alone."""
    db.execute(
        "create function bad() returns trigger language plpgsql as $$ begin"
        " if new.message ->> 'body' like '%\"id\":3}' then raise exception using errcode = '22P05'; end if;"
        " return new; end $$"
    )
    db.execute("create trigger bad before insert on pgwhen.frozen_messages for each row execute function bad()")
    with http_server() as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(8)))
        summary = run(dsn)
        assert sorted(call.json["id"] for call in server.received) == [0, 1, 2, 4, 5, 6, 7]
    assert (summary.ok, summary.failed) == (7, 1)
    assert states(db) == {"completed": 7, "failed": 1}


def test_a_result_that_cannot_be_stored_is_stored_without_its_answer(db: Connection, dsn: str) -> None:
    db.execute(
        "create function bad() returns trigger language plpgsql as $$ begin"
        " if new.answer ->> 'body' like '%poison%' then raise exception using errcode = '22P05'; end if;"
        " return new; end $$"
    )
    db.execute("create trigger bad before insert on pgwhen.attempts for each row execute function bad()")
    with http_server(lambda call: Answer(body=b"poison" if call.json["id"] == 3 else b"fine")) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, *({"id": n} for n in range(8)))
        run(dsn)
        assert len(server.received) == 8
    assert states(db) == {"completed": 8}


def test_a_database_without_pgwhen_is_an_error(empty_dsn: str) -> None:
    with pytest.raises(psycopg.errors.InvalidSchemaName):
        run(empty_dsn)
    with pytest.raises(psycopg.errors.InvalidSchemaName):
        run(empty_dsn, once=False)


def test_a_database_that_is_not_there_is_waited_for_and_then_an_error() -> None:
    started = time.monotonic()
    with pytest.raises(psycopg.OperationalError):
        run(f"postgresql://nobody@127.0.0.1:{unused_port()}/x", max_seconds=1.0)
    assert time.monotonic() - started < 5


def test_the_role_of_the_poller_is_enough(db: Connection, dsn: str, login: Any) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, {"id": 1})
        with Running(settings(login("pgwhen_poller"), once=False)):
            assert wait_until(lambda: server.received, 10)
            assert wait_until(lambda: sleeping(db), 10)
    assert states(db) == {"completed": 1}
