"""Rate and concurrency of a connection: exact over all pollers, and nothing that waits is lost or overtaken."""

import json
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sql.engine.support import count, fake_clock
from tests.sql.sending.support import NOON, Connection, ask, claim, connection, freeze, mails, report, send

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _verdicts(verdicts: list[dict[str, Any]]) -> dict[str, int]:
    names = [v["verdict"] for v in verdicts]
    return {name: names.count(name) for name in set(names)}


def _drain(db: Connection, actions: list[dict[str, Any]], seconds: float, step: float = 0.25) -> list[datetime]:
    """Perform all that is due every ``step`` seconds; when each message left."""
    sent: list[datetime] = []
    for tick in range(int(seconds / step)):
        now = START + timedelta(seconds=tick * step)
        fake_clock(db, now.isoformat())
        actions = actions or claim(db, maximum=1000)
        leaving = [a for a, v in zip(actions, send(db, actions), strict=True) if v["verdict"] == "send"]
        sent += [now] * len(leaving)
        report(db, leaving)
        actions = []
    return sent


def _most(sent: list[datetime], seconds: float) -> int:
    """The most that left in any period of this length."""
    return max(sum(at <= other < at + timedelta(seconds=seconds) for other in sent) for at in sent)


def test_a_rate_lets_one_seconds_worth_leave_at_once_and_gives_the_others_their_turn(db: Connection) -> None:
    actions = mails(db, 10)
    connection(db, rate_limit=4, rate_seconds=1.0)
    verdicts = send(db, actions)
    assert [v["verdict"] for v in verdicts] == ["send"] * 4 + ["deferred"] * 6
    turns = [datetime.fromisoformat(v["until"]) - START for v in verdicts[4:]]
    assert [t.total_seconds() for t in turns] == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
    assert verdicts[4]["reason"].startswith(
        "connection smtp: its rate of 4 in 1 s is used up; it is its turn at 2026-11-21 12:00:00"
    )


def test_all_leave_in_the_end_each_in_its_turn_and_none_too_early(db: Connection) -> None:
    actions = mails(db, 40)
    connection(db, rate_limit=4, rate_seconds=1.0)
    sent = _drain(db, actions, 12)
    assert len(sent) == 40
    assert (sent[-1] - START).total_seconds() <= 9.5, "the rate is used"
    assert _most(sent, 5) <= 5 * 4 + 4 and _most(sent, 1) <= 8
    assert count(db, "pgwhen.connection_turns") == 0
    (attempts,) = db.execute("select max(tries) from pgwhen.execution_steps").fetchone() or ()
    assert attempts == 1, "waiting uses up no attempt"


def test_who_comes_later_does_not_pass_those_who_wait(db: Connection) -> None:
    actions = mails(db, 8)
    connection(db, rate_limit=1, rate_seconds=1.0)
    first = send(db, actions)
    later = send(db, mails(db, at="2026-11-21 12:00:01+00")[-1:])
    assert later[0]["verdict"] == "deferred" and later[0]["until"] > max(v["until"] for v in first if v["until"])


def test_turns_that_were_missed_do_not_add_up(db: Connection) -> None:
    """Nobody polls for ten seconds: what has missed its turn does not leave all at once."""
    actions = mails(db, 30)
    connection(db, rate_limit=2, rate_seconds=1.0)
    send(db, actions)
    fake_clock(db, "2026-11-21 12:00:10+00")
    waiting = [a for a in claim(db, maximum=100) if a["frozen"]]
    assert len(waiting) == 20
    assert _verdicts(send(db, waiting)) == {"send": 2, "deferred": 18}


def test_priority_goes_first(db: Connection) -> None:
    actions = mails(db, 4)
    connection(db, rate_limit=1, rate_seconds=1.0)
    db.execute("update pgwhen.executions set priority = 1 where execution_id = %s", [actions[3]["execution_id"]])
    assert [v["verdict"] for v in send(db, actions)] == ["deferred"] * 3 + ["send"]


@pytest.mark.parametrize(("limit", "seconds"), [(2_000_000_000, 1.0), (1, 0.0000001), (5, 86400.0), (1, 31536000.0)])
def test_rates_beyond_all_measure(db: Connection, limit: int, seconds: float) -> None:
    actions = mails(db, 3)
    connection(db, rate_limit=limit, rate_seconds=seconds)
    assert _verdicts(send(db, actions)) == ({"send": 3} if seconds <= 1 else {"send": 1, "deferred": 2})


def test_a_slow_rate(db: Connection) -> None:
    actions = mails(db, 3)
    connection(db, rate_limit=1, rate_seconds=60.0)
    assert [v["until"] and v["until"][11:19] for v in send(db, actions)] == [None, "12:01:00", "12:02:00"]


def test_other_connections_and_other_tenants_are_free(db: Connection) -> None:
    actions = mails(db, 6)
    connection(db, rate_limit=1, rate_seconds=60.0)
    connection(db, "other")
    assert _verdicts(send(db, actions[:2], connection="other")) == {"send": 2}
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    db.execute(
        "insert into pgwhen.connections (tenant, name, channel, provider, updated_at)"
        " values ('acme', 'smtp', 'email', 'smtp', now())"
    )
    acme = [a["execution_id"] for a in actions[2:4]]
    db.execute("update pgwhen.executions set tenant = 'acme' where execution_id = any(%s::uuid[])", [acme])
    assert _verdicts(send(db, actions[2:4])) == {"send": 2}, "a tenant's own connection has its own clock"
    assert _verdicts(send(db, actions[4:])) == {"send": 1, "deferred": 1}


def test_only_so_many_at_a_time(db: Connection) -> None:
    actions = mails(db, 10)
    connection(db, concurrency=3)
    verdicts = send(db, actions)
    assert _verdicts(verdicts) == {"send": 3, "deferred": 7}
    waits = [(datetime.fromisoformat(v["until"]) - START).total_seconds() for v in verdicts[3:]]
    assert all(0.7 < wait < 4 for wait in waits) and "has 3 messages on their way" in verdicts[3]["reason"]
    report(db, actions[:2])
    fake_clock(db, "2026-11-21 12:00:05+00")
    assert _verdicts(send(db, claim(db))) == {"send": 2, "deferred": 5}


def test_a_poller_that_dies_leaks_no_slot(db: Connection) -> None:
    actions = mails(db, 4)
    connection(db, concurrency=2)
    send(db, actions)
    fake_clock(db, "2026-11-21 12:00:50+00")
    assert _verdicts(send(db, claim(db))) == {"deferred": 2}
    fake_clock(db, "2026-11-21 12:01:01+00")
    assert _verdicts(send(db, claim(db))) == {"send": 2}
    fake_clock(db, "2026-11-21 13:01:01+00")
    db.execute("select pgwhen._prune_sending(pgwhen._now())")
    report(db, claim(db))


def test_a_lease_that_is_extended_keeps_its_slot(db: Connection) -> None:
    actions = mails(db, 2)
    connection(db, concurrency=1)
    send(db, actions)
    fake_clock(db, "2026-11-21 12:00:50+00")
    db.execute("select pgwhen.extend_leases(jsonb_build_array(%s::jsonb), 60)", [json.dumps(actions[0])])
    fake_clock(db, "2026-11-21 12:01:10+00")
    assert _verdicts(send(db, claim(db))) == {"deferred": 1}


def test_rate_and_concurrency_together_drain(db: Connection) -> None:
    actions = mails(db, 20)
    connection(db, rate_limit=5, rate_seconds=1.0, concurrency=2)
    sent = _drain(db, actions, 30)
    assert len(sent) == 20 and _most(sent, 1) <= 10


def test_the_same_attempt_asked_again_takes_nothing_more(db: Connection) -> None:
    actions = mails(db, 2)
    connection(db, rate_limit=2, rate_seconds=1.0, concurrency=2)
    for _ in range(3):
        assert _verdicts(send(db, actions)) == {"send": 2}
    assert count(db, "pgwhen.connection_slots") == 2


@pytest.mark.parametrize("limits", [{"rate_limit": 2, "rate_seconds": 1.0}, {"concurrency": 2}])
def test_what_left_in_one_call_is_tried_again_whole(db: Connection, limits: dict[str, Any]) -> None:
    actions = mails(db, 5)
    batch = {"batch_id": "0b2a5f6e-0000-4000-8000-000000000001"}
    assert _verdicts(freeze(db, [ask(a) | batch for a in actions])) == {"send": 5}
    report(db, actions, "transient")
    connection(db, **limits)
    (other, *_) = mails(db, at="2026-11-21 12:05+00")[-1:]
    again = claim(db)
    members = {a["execution_id"] for a in actions}
    assert _verdicts(send(db, [other])) == {"send": 1}
    verdicts = send(db, [a for a in again if a["execution_id"] in members])
    assert len({v["verdict"] for v in verdicts}) == 1 and len({v["until"] for v in verdicts}) == 1
    for second in range(1, 20):
        fake_clock(db, f"2026-11-21 12:05:{second:02}+00")
        report(db, [other])
        if [v["verdict"] for v in verdicts] == ["send"] * 5:
            break
        waiting = [a for a in claim(db) if a["execution_id"] in members]
        verdicts = send(db, waiting) if waiting else verdicts
    assert _verdicts(verdicts) == {"send": 5}
    if "rate_limit" in limits:
        (later, *_) = mails(db, at=f"2026-11-21 12:05:{second:02}.1+00")[-1:]
        assert _verdicts(send(db, [later])) == {"deferred": 1}, "all of them counted"


@pytest.mark.parametrize("limits", [{"rate_limit": 9, "rate_seconds": 1.0}, {"concurrency": 9}])
def test_four_sessions_at_once_never_exceed_it(
    db: Connection, connect: Callable[..., Connection], limits: dict[str, Any]
) -> None:
    actions = mails(db, 60)
    connection(db, **limits)
    random.Random(7).shuffle(actions)
    verdicts: list[dict[str, Any]] = []
    start = threading.Barrier(4)

    def freeze_part(part: list[dict[str, Any]]) -> None:
        with connect() as other:
            fake_clock(other, NOON)
            start.wait()
            for n in range(0, len(part), 3):
                verdicts.extend(freeze(other, [ask(action) for action in part[n : n + 3]]))

    threads = [threading.Thread(target=freeze_part, args=[actions[n::4]]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _verdicts(verdicts) == {"send": 9, "deferred": 51}
    if "rate_limit" in limits:
        turns = sorted(v["until"] for v in verdicts if v["until"])
        assert len(set(turns)) == 51, "no two have the same turn"
