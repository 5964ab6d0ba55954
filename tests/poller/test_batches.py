"""Many e-mails in one call: what is formed, what is stored, and that a retry is the same call, whatever died."""

import json
import signal
import time
from dataclasses import replace
from typing import Any

import pytest

from pgwhen.poller.channels.email import reference
from tests.poller.mail_providers import mail_providers
from tests.poller.support import Connection, happen, run, start, workflow
from tests.poller.test_killed import died
from tests.servers import Answer, wait_until

NO_WAIT = {"attempts": 5, "backoff": 0, "factor": 1, "max": 0, "jitter": "none", "within": 72000}


def mail(db: Connection, count: int, retry: Any = NO_WAIT, **more: Any) -> None:
    """Have a workflow of one e-mail begin count times: to 0@example.com and so on. No breaker opens."""
    db.execute("insert into pgwhen.settings (name, value) values ('breaker_failures', '100000')")
    engine = {key: more.pop(key) for key in ("on_uncertain",) if key in more}
    definition = {"to": "{{ new.id }}@example.com", "subject": "Hello {{ new.id }}", "text": "Dear {{ new.id }}"} | more
    step = {"id": "thank", "type": "email", "definition": definition, "reads": [["new"]], "retry": retry, **engine}
    made = workflow(db, step)
    happen(db, made, *({"id": n} for n in range(count)))


def until_done(db: Connection, dsn: str, environ: dict[str, str], seconds: float = 20.0, **given: Any) -> None:
    """Run pollers until every step has ended."""
    end = time.monotonic() + seconds
    while True:
        run(dsn, environ, **given)
        rows = db.execute("select status, count(*) from pgwhen.execution_steps group by 1").fetchall()
        if {status for status, _ in rows} <= {"completed", "failed", "cancelled", "uncertain"}:
            return
        assert time.monotonic() < end, rows
        time.sleep(0.1)


def statuses(db: Connection) -> dict[str, int]:
    return dict(db.execute("select status, count(*) from pgwhen.execution_steps group by 1").fetchall())


def everyone(count: int) -> list[str]:
    return sorted(f"{n}@example.com" for n in range(count))


def batch_rows(db: Connection) -> list[tuple[Any, ...]]:
    return db.execute(
        "select batch_id::text, count(*), count(distinct batch_place) from pgwhen.frozen_messages group by 1 order by 2"
    ).fetchall()


# ---------------------------------------------------------------- formed


def test_what_is_pending_leaves_in_one_call(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        mail(db, 30)
        run(dsn, ours.resend)
        (call,) = ours.server.received
    assert call.path == "/emails/batch"
    assert ours.recipients() == everyone(30)
    ((batch_id, count, places),) = batch_rows(db)
    assert (count, places) == (30, 30)
    assert call.headers["idempotency-key"] == f"batch:{batch_id}:30"
    assert call.headers["x-batch-validation"] == "permissive"
    rows = db.execute(
        "select s.output ->> 'message_id', f.batch_place, f.execution_id || ':thank:1:0', f.message ->> 'subject'"
        " from pgwhen.execution_steps s join pgwhen.frozen_messages f using (execution_id, step_id) order by 2"
    ).fetchall()
    # Each has its own id, its own reference, its own text.
    assert [row[0] for row in rows] == [f"re-{n}" for n in range(1, 31)]
    assert [(reference(row[2]), row[3]) for row in rows] == [(sent[2], sent[1]) for sent in ours.sent]
    assert statuses(db) == {"completed": 30}


def test_a_call_has_a_limit_and_the_connection_another(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        mail(db, 250)
        run(dsn, ours.resend, batch=500)
        assert sorted(len(call.json) for call in ours.server.received) == [50, 100, 100]
    assert ours.recipients() == everyone(250)


def test_one_message_leaves_by_itself(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        mail(db, 1)
        run(dsn, ours.resend)
        (call,) = ours.server.received
    assert call.path == "/emails"
    assert [row[0] for row in batch_rows(db)] == [None]


ALONE = [{"attachments": [{"text": "hi", "file": "a.txt"}]}, {"on_uncertain": "stop"}]


@pytest.mark.parametrize("more", ALONE)
def test_attachments_and_what_must_not_be_uncertain_leave_alone(more: dict[str, Any], db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        mail(db, 3, **more)
        run(dsn, ours.resend)
        assert [call.path for call in ours.server.received] == ["/emails"] * 3


def test_a_connection_can_do_without(db: Connection, dsn: str) -> None:
    db.execute("select pgwhen.add_connection('bulk', 'email', 'resend', %s, %s)", _defined("1"))
    with mail_providers() as ours:
        db.execute(
            "update pgwhen.connections set settings = settings || %s", [json.dumps({"base_url": ours.server.url})]
        )
        mail(db, 5, connection="bulk")
        until_done(db, dsn, ours.resend)
        assert [call.path for call in ours.server.received] == ["/emails"] * 5


def _defined(batch: str) -> list[Any]:
    return [json.dumps({"from": "hello@acme.example", "batch": batch}), json.dumps({"key": "env:RESEND_API_KEY"})]


def test_what_may_not_leave_is_not_in_it(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        db.execute("select pgwhen.suppress('email', '3@example.com', 'manual')")
        mail(db, 6)
        run(dsn, ours.resend)
        (call,) = ours.server.received
    assert len(call.json) == 5
    assert call.headers["idempotency-key"].endswith(":5")
    assert "3@example.com" not in ours.recipients()
    assert [(row[0] is None, row[1]) for row in batch_rows(db)] == [(True, 1), (False, 5)]


def test_the_same_text_to_many_is_one_call_of_sendgrid(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        mail(db, 40, text="We are closed on Monday.")
        run(dsn, ours.sendgrid)
        (call,) = ours.server.received
    assert len(call.json["personalizations"]) == 40
    assert ours.recipients() == everyone(40)
    assert {to[0].split("@")[0]: subject for to, subject, _, _ in ours.sent} == {
        str(n): f"Hello {n}" for n in range(40)
    }
    assert statuses(db) == {"completed": 40}


def test_different_texts_never_share_a_call_of_sendgrid(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        mail(db, 5)
        run(dsn, ours.sendgrid)
        assert [len(call.json["personalizations"]) for call in ours.server.received] == [1] * 5
    for to, _, _, message in ours.sent:
        assert message["content"][0]["value"] == f"Dear {to[0].split('@')[0]}"


# ---------------------------------------------------------------- results


def test_a_bad_message_fails_alone(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        ours.bad = {"2@example.com"}
        mail(db, 5)
        run(dsn, ours.resend)
        assert len(ours.server.received) == 1
    assert ours.recipients() == sorted(set(everyone(5)) - ours.bad)
    assert statuses(db) == {"completed": 4, "failed": 1}
    (row,) = db.execute(
        "select recipients, error from pgwhen.frozen_messages join pgwhen.execution_steps"
        " using (execution_id, step_id) where status = 'failed'"
    ).fetchall()
    assert row[0] == ["2@example.com"]
    assert row[1]["code"] == "resend_validation_error"


def test_what_sendgrid_refuses_as_a_whole_goes_one_by_one(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        ours.bad = {"2@example.com"}
        mail(db, 5, text="the same")
        run(dsn, ours.sendgrid)
        assert [len(call.json["personalizations"]) for call in ours.server.received] == [5, 1, 1, 1, 1, 1]
    assert ours.recipients() == sorted(set(everyone(5)) - ours.bad)
    assert statuses(db) == {"completed": 4, "failed": 1}
    assert [row[0] for row in batch_rows(db)] == [None]
    assert db.execute("select max(attempt) from pgwhen.attempts").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "body", [b"<html>ok</html>", b'{"data": [{"id": "re-1"}]}', b'{"data": "x"}', b"[]", b"\xff\xfe"]
)
def test_a_good_status_with_an_answer_that_is_none_is_uncertain(body: bytes, db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        ours.server.script = [Answer(200, body)]
        mail(db, 3, retry=NO_WAIT | {"attempts": 1})
        run(dsn, ours.resend)
    assert db.execute("select distinct class from pgwhen.attempts").fetchall() == [("uncertain",)]


def test_a_call_that_fails_is_one_failure_of_the_connection(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        ours.server.script = [500]
        mail(db, 20, retry=NO_WAIT | {"backoff": 60, "max": 60})
        run(dsn, ours.resend)
        assert len(ours.server.received) == 1
    assert db.execute("select failures from pgwhen.connections where name = 'resend'").fetchall() == [(1,)]


# ---------------------------------------------------------------- again


@pytest.mark.parametrize("fault", ["then_drop", "drop", 500, 429, "garbage"])
def test_a_retry_is_the_same_call(fault: Any, db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        ours.server.script = [fault]
        mail(db, 20)
        until_done(db, dsn, ours.resend)
        first, second = ours.server.received
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body
    assert ours.recipients() == everyone(20)
    assert statuses(db) == {"completed": 20}


def test_a_call_that_nobody_took_is_put_together_anew_from_what_is_left(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        ours.server.script = [429]
        mail(db, 4, retry=NO_WAIT | {"backoff": 1, "max": 1})
        run(dsn, ours.resend)
        cancel(db, "1@example.com")
        until_done(db, dsn, ours.resend)
        first, second = ours.server.received
    assert (len(first.json), len(second.json)) == (4, 3)
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]
    assert ours.recipients() == ["0@example.com", "2@example.com", "3@example.com"]
    assert statuses(db) == {"completed": 3, "cancelled": 1}


def cancel(db: Connection, address: str) -> None:
    db.execute(
        "select pgwhen.cancel_executions(array_agg(execution_id)) from pgwhen.frozen_messages"
        " where %s = any (recipients)",
        [address],
    )


def test_a_call_that_may_have_been_taken_stays_whole(db: Connection, dsn: str) -> None:
    """The cancelled one had left already; the others are told so, and nothing leaves twice."""
    with mail_providers() as ours:
        ours.server.script = ["then_drop"]
        mail(db, 4, retry=NO_WAIT | {"backoff": 1, "max": 1})
        run(dsn, ours.resend)
        cancel(db, "1@example.com")
        until_done(db, dsn, ours.resend)
        first, second = ours.server.received
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert ours.recipients() == everyone(4)
    assert statuses(db) == {"completed": 3, "cancelled": 1}
    rows = db.execute(
        "select recipients[1], output ->> 'message_id' from pgwhen.frozen_messages join"
        " pgwhen.execution_steps using (execution_id, step_id) where status = 'completed'"
    ).fetchall()
    assert dict(rows) == {to[0]: f"re-{n}" for n, (to, _, _, _) in enumerate(ours.sent, 1) if to != ["1@example.com"]}


def test_without_a_key_only_what_is_ours_goes_again(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        ours.server.script = ["then_drop"]
        mail(db, 4, text="the same", retry=NO_WAIT | {"backoff": 1, "max": 1})
        run(dsn, ours.sendgrid)
        cancel(db, "1@example.com")
        until_done(db, dsn, ours.sendgrid)
        assert [len(call.json["personalizations"]) for call in ours.server.received] == [4, 3]
    assert ours.recipients().count("1@example.com") == 1
    assert db.execute("select distinct class from pgwhen.attempts where attempt = 1").fetchall() == [("uncertain",)]


def test_a_retry_claims_the_whole_batch(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        ours.server.script = ["then_drop"]
        mail(db, 30)
        run(dsn, ours.resend, batch=30, max_seconds=3)
        db.execute("update pgwhen.sleepers set due_at = pgwhen._now()")
        until_done(db, dsn, ours.resend, batch=4)
        assert len({call.body for call in ours.server.received}) == 1
        assert len({call.headers["idempotency-key"] for call in ours.server.received}) == 1
    assert ours.recipients() == everyone(30)
    assert statuses(db) == {"completed": 30}


def test_two_parts_of_a_batch_ask_for_the_same_call(db: Connection, dsn: str) -> None:
    """One member wakes later than the others: the whole is sent for each, and done once."""
    with mail_providers() as ours:
        ours.server.script = ["then_drop"]
        mail(db, 5, retry=NO_WAIT | {"backoff": 1, "max": 1})
        run(dsn, ours.resend)
        db.execute(
            "update pgwhen.sleepers set due_at = pgwhen._now() + interval '1.5 seconds' where execution_id ="
            " (select max(execution_id::text)::uuid from pgwhen.sleepers)"
        )
        until_done(db, dsn, ours.resend)
        assert len(ours.server.received) == 3
        assert len({call.body for call in ours.server.received}) == 1
    assert ours.recipients() == everyone(5)
    assert statuses(db) == {"completed": 5}


# ---------------------------------------------------------------- killed


@pytest.mark.parametrize("point", ["after_freeze", "mid_send", "after_send", "before_report"])
def test_killed_in_the_middle_of_a_batch(point: str, db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        mail(db, 25)
        process = start(dsn, "--once", "--lease", "1.5", environ=ours.resend | {"PGWHEN_FAIL_POINT": point})
        assert died(process)
        before = list(ours.server.received)
        until_done(db, dsn, ours.resend)
        calls = ours.server.received
    assert len(calls) == len(before) + 1
    assert len({(call.headers["idempotency-key"], call.body) for call in calls}) == 1
    assert ours.recipients() == everyone(25)
    assert statuses(db) == {"completed": 25}
    assert db.execute("select count(*) from pgwhen.attempts where class = 'uncertain'").fetchall() == [(25,)]


def test_killed_between_refusal_and_single_messages(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        ours.server.script = [413]
        mail(db, 4)
        process = start(dsn, "--once", "--lease", "1.5", environ=ours.resend | {"PGWHEN_FAIL_POINT": "after_freeze:2"})
        assert died(process)
        until_done(db, dsn, ours.resend)
        paths = [call.path for call in ours.server.received]
        keys = [call.headers["idempotency-key"] for call in ours.server.received[1:]]
    assert paths == ["/emails/batch", *["/emails"] * 4]
    assert len(set(keys)) == 4 and not any(key.startswith("batch") for key in keys)
    assert ours.recipients() == everyone(4)


def test_several_pollers_of_which_one_dies(db: Connection, dsn: str) -> None:
    rows = 400
    with mail_providers() as ours:
        mail(db, rows)
        options = ("--once", "--lease", "1.5", "--batch", "50", "--concurrency", "4")
        doomed = start(dsn, *options, environ=ours.resend | {"PGWHEN_FAIL_POINT": "after_send"})
        assert wait_until(lambda: ours.server.received, 30)
        other = start(dsn, *options, environ=ours.resend)
        assert died(doomed)
        other.communicate(timeout=60)
        until_done(db, dsn, ours.resend, seconds=40)
        by_key: dict[str, set[bytes]] = {}
        for call in ours.server.received:
            by_key.setdefault(call.headers["idempotency-key"], set()).add(call.body)
    assert all(len(bodies) == 1 for bodies in by_key.values())
    assert ours.recipients() == everyone(rows)
    assert statuses(db) == {"completed": rows}


# ---------------------------------------------------------------- waiting


def test_what_was_kept_back_leaves_together_later(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        run(dsn, ours.resend)
        db.execute("update pgwhen.connections set throttled_until = pgwhen._now() + interval '1 second'")
        mail(db, 12)
        run(dsn, ours.resend)
        assert ours.server.received == []
        assert [row[0] for row in batch_rows(db)] == [None]
        until_done(db, dsn, ours.resend)
        assert [len(call.json) for call in ours.server.received] == [12]
    assert ours.recipients() == everyone(12)
    assert [row[1:] for row in batch_rows(db)] == [(12, 12)]


def test_a_slow_answer_outlives_the_lease(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        ours.server.script = ["slow"]
        mail(db, 8)
        run(dsn, ours.resend, lease=0.9)
        # The answer of a slow server here is a plain one, without ids: what counts is that nobody took the lease.
        assert db.execute("select distinct class, late from pgwhen.attempts where attempt = 1").fetchall() == [
            ("uncertain", False)
        ]
        until_done(db, dsn, ours.resend)
    assert statuses(db) == {"completed": 8}


def test_sigterm_waits_for_the_answer(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        good = ours.server.answer
        ours.server.answer = lambda call: replace(good(call), delay=1.0)
        mail(db, 8)
        process = start(dsn, "--concurrency", "2", environ=ours.resend)
        assert wait_until(lambda: ours.server.received, 20)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0
        assert len(ours.server.received) == 1
    assert statuses(db) == {"completed": 8}


def test_a_batch_is_of_one_connection(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        for name in ("one", "two"):
            settings = json.dumps({"from": f"{name}@acme.example", "base_url": ours.server.url})
            db.execute(
                "select pgwhen.add_connection(%s, 'email', 'resend', %s, %s)",
                [name, settings, json.dumps({"key": "env:RESEND_API_KEY"})],
            )
        db.execute("insert into pgwhen.settings (name, value) values ('breaker_failures', '100000')")
        texts = {"to": "{{ new.id }}@example.com", "subject": "Hello", "text": "Dear {{ new.id }}"}
        steps = [
            {"id": name, "type": "email", "definition": texts | {"connection": name}, "reads": [["new"]]}
            for name in ("one", "two")
        ]
        made = workflow(db, *steps)
        happen(db, made, *({"id": n} for n in range(5)))
        until_done(db, dsn, ours.resend)
        senders = [{one["from"] for one in call.json} for call in ours.server.received]
    assert sorted(map(sorted, senders)) == [["one@acme.example"], ["two@acme.example"]]


def test_a_setting_that_is_no_number_holds_the_messages_and_not_the_poller(db: Connection, dsn: str) -> None:
    with mail_providers() as ours:
        settings = json.dumps({"from": "hello@acme.example", "base_url": ours.server.url, "batch": "many"})
        db.execute(
            "select pgwhen.add_connection('bulk', 'email', 'resend', %s, %s)",
            [settings, json.dumps({"key": "env:RESEND_API_KEY"})],
        )
        mail(db, 3, connection="bulk")
        run(dsn, ours.resend)
        assert ours.server.received == []
    assert statuses(db) == {"held": 3}
    (row,) = db.execute("select distinct error ->> 'message' from pgwhen.execution_steps").fetchall()
    assert "batch is 'many'" in row[0]
