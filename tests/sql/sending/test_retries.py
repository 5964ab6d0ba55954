"""Pauses between attempts: schedules, batches, and from when the time for retries counts."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sql.engine.support import claim as claim_1
from tests.sql.engine.support import fake_clock, steps
from tests.sql.sending.support import Connection, ask, claim, freeze, mails, report, send

WEBHOOK = {
    "schedule": [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400],
    "attempts": 10,
    "within": 345600,
    "jitter": "full",
}


def _decide(
    db: Connection,
    retry: dict[str, Any],
    tries: int,
    *,
    class_: str = "transient",
    after: float | None = None,
    batch: uuid.UUID | None = None,
) -> tuple[str, float]:
    row = db.execute(
        "select d.status, extract(epoch from d.due_at - '2026-11-21 12:00+00')::float8"
        " from pgwhen._decide_report(%s, %s, jsonb_build_object('retry', %s::jsonb), %s, '2026-11-21 12:00+00', %s,"
        " true, '2026-11-21 12:00+00') d",
        [class_, after, json.dumps(retry), tries, batch],
    ).fetchone()
    assert row
    return row[0], row[1]


@pytest.mark.parametrize("tries", range(9))
def test_webhooks_keep_their_schedule_but_for_a_tenth(db: Connection, tries: int) -> None:
    status, wait = _decide(db, WEBHOOK, tries)
    pause = WEBHOOK["schedule"][tries]
    assert status == "sleeping" and pause <= wait <= pause * 1.1


def test_after_the_schedule_it_fails(db: Connection) -> None:
    assert _decide(db, WEBHOOK, 9)[0] == "failed"


def test_retry_after_is_the_least(db: Connection) -> None:
    assert _decide(db, WEBHOOK, 0, after=900)[1] == 900
    assert _decide(db, WEBHOOK, 1, after=1)[1] >= 300
    assert _decide(db, WEBHOOK, 0, class_="throttled", after=60)[1] == 60


def test_a_batch_wakes_together_and_batches_apart(db: Connection) -> None:
    full = {"attempts": 9, "backoff": 600, "factor": 1, "max": 600, "jitter": "full", "within": 72000}
    one, other = uuid.uuid4(), uuid.uuid4()
    assert len({_decide(db, full, 0, batch=one)[1] for _ in range(5)}) == 1
    assert len({_decide(db, full, 0, batch=b)[1] for b in (one, other)}) == 2
    assert _decide(db, full, 0, batch=one) != _decide(db, full, 1, batch=one)
    waits = [_decide(db, full, 0, batch=uuid.uuid4())[1] for _ in range(100)]
    assert 0 <= min(waits) < 150 and 450 < max(waits) <= 600, "the jitter is full"


def test_what_leaves_in_one_call_is_stored_and_sleeps_as_one(db: Connection) -> None:
    actions = mails(
        db, 4, retry={"attempts": 9, "backoff": 600, "factor": 1, "max": 600, "jitter": "full", "within": 72000}
    )
    db.execute("select pgwhen._suppress('default', 'email', 'gone@example.com', null, 'bounce', 'test', null)")
    batch = str(uuid.uuid4())
    messages = [
        ask(a, "gone@example.com" if n == 2 else "a@example.com") | {"batch_id": batch, "extra": {"batch_place": n}}
        for n, a in enumerate(actions)
    ]
    freeze(db, messages)
    stored = db.execute(
        "select batch_place, batch_id::text from pgwhen.frozen_messages order by batch_place"
    ).fetchall()
    assert stored == [(0, batch), (1, batch), (3, batch), (None, None)], "what was taken out is in no batch"
    report(db, [actions[0], actions[1], actions[3]], "uncertain")
    assert len(set(db.execute("select due_at from pgwhen.sleepers").fetchall())) == 1


def test_the_time_counts_from_the_first_attempt_however_long_it_waited_before(db: Connection) -> None:
    (action,) = mails(db, at="2026-11-20 12:00+00", window={"days": [1], "from": "09:00"}, timezone="UTC")
    send(db, [action])
    fake_clock(db, "2026-11-23 09:00:01+00")
    (again,) = claim(db)
    send(db, [again])
    report(db, [again], "transient")
    assert steps(db) == {"mail": "sleeping"}


def test_it_gives_up_when_the_next_attempt_would_be_too_late(db: Connection) -> None:
    retry = {"attempts": 99, "backoff": 30, "factor": 1, "max": 30, "jitter": "none", "within": 70}
    (action,) = mails(db, retry=retry)
    at = datetime.fromisoformat("2026-11-21 12:00+00")
    for _ in range(2):
        send(db, [action])
        report(db, [action], "transient", started_at=at.isoformat())
        assert steps(db) == {"mail": "sleeping"}
        at += timedelta(seconds=30.5)
        fake_clock(db, at.isoformat())
        (action,) = claim(db)
    send(db, [action])
    report(db, [action], "transient", started_at=at.isoformat())
    assert steps(db) == {"mail": "failed"}


@pytest.mark.parametrize(
    ("type_", "method", "class_"),
    [
        ("document", None, "transient"),
        ("code", None, "transient"),
        ("calendar", None, "transient"),
        ("email", None, "uncertain"),
        ("action", None, "uncertain"),
        ("http", "GET", "transient"),
        ("http", "PUT", "uncertain"),
        ("http", "POST", "uncertain"),
    ],
)
def test_a_poller_that_dies_leaves_uncertain_only_what_may_have_done_something(
    db: Connection, type_: str, method: str | None, class_: str
) -> None:
    actions = mails(db, type=type_)
    send(db, actions, channel=type_, **({"method": method} if method else {}))
    fake_clock(db, "2026-11-21 12:01:01+00")
    claim(db)
    assert db.execute("select class from pgwhen.attempts").fetchall() == [(class_,)]


def test_documents_of_a_message_come_with_the_verdict_to_send(db: Connection) -> None:
    (action,) = mails(db)
    (verdict,) = send(db, [action], documents=[])
    assert verdict["verdict"] == "send" and verdict["extra"] == {"documents": {}}
    report(db, [action], "transient")
    fake_clock(db, "2026-11-21 12:02+00")
    (verdict,) = send(db, claim(db))
    assert verdict["extra"] == {"documents": {}}, "for another attempt too"


def test_new_types_and_keys_are_for_pollers_of_contract_2_and_leased_at_birth_to_them(db: Connection) -> None:
    old = [("email", "{}"), ("sms", "{}"), ("http", "{}"), ("approval", "{}")]
    new = [(t, "{}") for t in ("push", "chat", "webhook", "document", "calendar", "code", "action", "notification")]
    new += [("email", '{"template": "x"}'), ("http", '{"auth": {}}'), ("sms", '{"category": "news"}')]
    query = "select pgwhen._message_version('poller', %s, %s::jsonb)"
    assert [db.execute(query, given).fetchone() for given in old + new] == [(1,)] * len(old) + [(2,)] * len(new)
    (action,) = mails(db, type="push")
    assert (action["type"], action["attempt"]) == ("push", 1)
    (row,) = db.execute("select message ->> 'v', read_ct from pgmq.q_pgwhen_actions").fetchall()
    assert row == ("2", 1)
    send(db, [action], channel="push")
    report(db, [action], "transient")
    fake_clock(db, "2026-11-21 12:05+00")
    assert claim_1(db) == []
