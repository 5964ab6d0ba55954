"""What the database keeps of calls of many messages: who belongs to one, who leaves it, who is claimed with it."""

import json
from operator import itemgetter
from typing import Any

from tests.sql.engine.support import Connection, count, define, fake_clock, happen, identity

NOON = "2026-11-21 12:00+00"
A, B = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
RETRY = {"attempts": 5, "backoff": 60, "factor": 1, "max": 60, "jitter": "none", "within": 72000}


def claim(db: Connection, most: int = 100, contract: int = 2) -> list[dict[str, Any]]:
    poller = {"id": "p", "contract": contract, "connections": []}
    row = db.execute("select pgwhen.tick_and_claim(%s, 60, %s)", [most, json.dumps(poller)]).fetchone()
    assert row
    return list(row[0]["actions"])


def freeze(db: Connection, actions: list[dict[str, Any]], batch: str | None = A, given: bool = True) -> list[str]:
    """Freeze, in a batch; its verdicts in the order of the actions."""
    messages = [
        identity(action)
        | {"channel": "email", "connection": "resend", "recipients": [f"{place}@example.com"]}
        | {"message": None if action["frozen"] else {"to": [f"{place}@example.com"]}}
        | ({"batch_id": batch, "extra": {"batch_place": place}} if given else {})
        for place, action in enumerate(actions)
    ]
    row = db.execute("select pgwhen.freeze_actions(%s)", [json.dumps(messages)]).fetchone()
    assert row
    verdicts = {verdict["execution_id"]: verdict["verdict"] for verdict in row[0]}
    return [verdicts[action["execution_id"]] for action in actions]


def report(db: Connection, actions: list[dict[str, Any]], class_: str, answer: Any = None) -> None:
    db.execute("insert into pgwhen.settings (name, value) values ('breaker_failures', '1000') on conflict do nothing")
    reports = [identity(action) | {"class": class_, "answer": answer, "error": {"code": "x"}} for action in actions]
    db.execute("select pgwhen.report_actions(%s)", [json.dumps(reports)])


def begin(db: Connection, rows: int = 4, **step: Any) -> list[dict[str, Any]]:
    """Claim e-mails of so many new executions."""
    fake_clock(db, NOON)
    happen(db, define(db, [{"id": "mail", "type": "email", "retry": RETRY, **step}]), *({"id": n} for n in range(rows)))
    return claim(db)


def stored(db: Connection) -> list[tuple[Any, ...]]:
    return db.execute(
        "select batch_id::text, batch_place from pgwhen.frozen_messages order by recipients[1]"
    ).fetchall()


def batch_of(action: dict[str, Any]) -> dict[str, Any]:
    return dict(action["extra"]["batch"])


def test_what_may_leave_is_the_batch(db: Connection) -> None:
    actions = begin(db)
    db.execute("select pgwhen.suppress('email', '1@example.com', 'manual')")
    assert freeze(db, actions) == ["send", "suppressed", "send", "send"]
    assert stored(db) == [(A, 0), (None, None), (A, 2), (A, 3)]


def test_asked_again_it_lets_go_who_may_not_leave_any_more(db: Connection) -> None:
    """The answer of the first time was lost on the way, so nothing has left."""
    actions = begin(db)
    assert freeze(db, actions) == ["send"] * 4
    db.execute(
        "update pgwhen.executions set status = 'cancelled', finished_at = now() where execution_id = %s",
        [actions[2]["execution_id"]],
    )
    assert freeze(db, actions) == ["send", "send", "lost", "send"]
    assert stored(db) == [(A, 0), (A, 1), (None, None), (A, 3)]


def test_a_message_can_leave_its_batch_and_go_into_another(db: Connection) -> None:
    actions = begin(db)
    freeze(db, actions)
    freeze(db, actions[:1], None)
    assert stored(db) == [(None, None), (A, 1), (A, 2), (A, 3)]
    freeze(db, actions[1:3], B)
    assert stored(db) == [(None, None), (B, 0), (B, 1), (A, 3)]
    freeze(db, actions, given=False)
    assert stored(db) == [(None, None), (B, 0), (B, 1), (A, 3)]


def test_a_lost_lease_changes_nothing_of_anybodys_batch(db: Connection) -> None:
    actions = begin(db)
    freeze(db, actions)
    fake_clock(db, "2026-11-21 12:02+00")
    assert freeze(db, actions, B) == ["lost"] * 4
    assert stored(db) == [(A, n) for n in range(4)]


def test_a_retry_is_claimed_whole_beyond_what_was_asked_for(db: Connection) -> None:
    actions = begin(db)
    freeze(db, actions)
    report(db, actions, "uncertain")
    fake_clock(db, "2026-11-21 12:01:01+00")
    again = claim(db, 1)
    assert len(again) == 4
    assert sorted(map(batch_of, again), key=itemgetter("place")) == [
        {"id": A, "place": place, "size": 4, "bound": True} for place in range(4)
    ]


def test_one_that_may_have_been_done_comes_with_the_messages_of_the_others(db: Connection) -> None:
    actions = begin(db)
    freeze(db, actions)
    report(db, actions[:3], "uncertain")
    report(db, actions[3:], "ok")
    db.execute(
        "update pgwhen.executions set status = 'cancelled', finished_at = now() where execution_id = %s",
        [actions[2]["execution_id"]],
    )
    fake_clock(db, "2026-11-21 12:01:01+00")
    claimed = {batch["place"]: batch for batch in map(batch_of, claim(db))}
    (others,) = (batch.pop("others") for batch in claimed.values() if "others" in batch)
    assert claimed == {place: {"id": A, "place": place, "size": 4, "bound": True} for place in range(2)}
    assert others == [
        {"place": place, "key": actions[place]["idempotency_key"], "message": {"to": [f"{place}@example.com"]}}
        for place in (2, 3)
    ]


def test_one_that_nobody_can_have_taken_comes_without(db: Connection) -> None:
    actions = begin(db)
    freeze(db, actions)
    report(db, actions[:2], "transient")
    report(db, actions[2:], "ok")
    fake_clock(db, "2026-11-21 12:01:01+00")
    assert sorted(map(batch_of, claim(db)), key=itemgetter("place")) == [
        {"id": A, "place": place, "size": 4, "bound": False} for place in range(2)
    ]


def test_an_answer_of_the_server_binds_and_throttling_does_not(db: Connection) -> None:
    actions = begin(db, 2)
    freeze(db, actions, None)
    report(db, actions[:1], "transient", {"status": 500})
    report(db, actions[1:], "throttled", {"status": 429})
    fake_clock(db, "2026-11-21 12:03+00")
    bound = {action["execution_id"]: batch_of(action) for action in claim(db)}
    assert bound == {actions[0]["execution_id"]: {"bound": True}, actions[1]["execution_id"]: {"bound": False}}


def test_a_poller_of_contract_1_does_not_get_it(db: Connection) -> None:
    actions = begin(db)
    freeze(db, actions)
    report(db, actions, "uncertain")
    fake_clock(db, "2026-11-21 12:01:01+00")
    assert claim(db, contract=1) == []
    assert count(db, "pgmq.q_pgwhen_actions") == 4
    assert len(claim(db)) == 4


def test_a_kill_switch_holds_the_others_too(db: Connection) -> None:
    actions = begin(db)
    freeze(db, actions)
    report(db, actions, "uncertain")
    fake_clock(db, "2026-11-21 12:01:01+00")
    db.execute("select pgwhen.throw_kill_switch('test')")
    assert claim(db, 1) == []


def test_who_must_not_be_uncertain_is_single(db: Connection) -> None:
    (action,) = begin(db, 1, on_uncertain="stop")
    assert action["extra"] == {"single": True}
    freeze(db, [action], None)
    report(db, [action], "transient")
    fake_clock(db, "2026-11-21 12:01:01+00")
    assert [again["extra"] for again in claim(db)] == [{"single": True, "batch": {"bound": False}}]
