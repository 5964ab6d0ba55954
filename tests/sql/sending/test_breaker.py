"""The circuit breaker of a connection: it opens, lets one message try, and closes."""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.sql.engine.support import count, fake_clock, steps
from tests.sql.sending.support import Connection, ask, claim, connection, freeze, mails, report, send

REFUSED = {"code": "connect", "message": "connection refused"}


def _state(db: Connection, name: str = "smtp") -> tuple[int, str | None]:
    row = db.execute(
        "select failures, to_char(opened_until, 'HH24:MI:SS') from pgwhen.connections where name = %s", [name]
    ).fetchone()
    assert row
    return row[0], row[1]


def _open(db: Connection, failures: int = 5) -> None:
    """So many failures one after the other at noon."""
    actions = mails(db, failures)
    send(db, actions)
    for action in actions:
        report(db, [action], "transient", error=REFUSED)


def _names(verdicts: list[dict[str, Any]]) -> list[str]:
    return [v["verdict"] for v in verdicts]


def test_failures_in_a_row_open_it_and_what_is_due_waits_without_an_attempt(db: Connection) -> None:
    _open(db, 4)
    assert _state(db) == (4, None)
    (action,) = mails(db)
    send(db, [action])
    report(db, [action], "transient", error=REFUSED)
    assert _state(db) == (5, "12:00:30")
    (waiting,) = mails(db, at="2026-11-21 12:00:01+00")
    (verdict,) = send(db, [waiting])
    assert verdict["verdict"] == "deferred" and "2026-11-21T12:00:30" <= verdict["until"] <= "2026-11-21T12:00:36"
    assert "connection smtp: circuit breaker open until 2026-11-21 12:00:30 UTC after 5 failures" in verdict["reason"]
    row = db.execute(
        "select tries, status from pgwhen.execution_steps where execution_id = %s", [waiting["execution_id"]]
    )
    assert row.fetchone() == (0, "sleeping")
    (told,) = (
        db.execute("select message from pgwhen.logs where level = 'warning' order by log_id desc limit 1").fetchone()
        or ()
    )
    assert told == verdict["reason"] + ", the last: connection refused"


def test_resume_lets_go_on_what_it_deferred(db: Connection) -> None:
    _open(db)
    (waiting,) = mails(db, at="2026-11-21 12:00:01+00")
    assert _names(send(db, [waiting])) == ["deferred"]
    row = db.execute("select pgwhen.resume_connection('smtp', 'repaired')").fetchone()
    assert row and row[0] == {"resumed": True, "released": 1}
    fake_clock(db, "2026-11-21 12:00:02+00")
    (again,) = [a for a in claim(db) if a["execution_id"] == waiting["execution_id"]]
    assert _names(send(db, [again])) == ["send"]


def test_a_batch_of_failures_opens_it_once(db: Connection) -> None:
    actions = mails(db, 50)
    send(db, actions)
    report(db, actions, "uncertain", error={"code": "timeout", "message": "no answer in 30 s"})
    assert _state(db) == (5, "12:00:30")
    assert db.execute("select count(*) from pgwhen.logs where message like '%%circuit breaker%%'").fetchone() == (1,)


@pytest.mark.parametrize(
    ("class_", "code", "counts"),
    [
        ("transient", "connect", True),
        ("transient", "503", True),
        ("uncertain", "lost", True),
        ("uncertain", "lease_expired", False),
        ("transient", "stopped", False),
        ("throttled", "429", False),
        ("permanent", "400", False),
    ],
)
def test_what_counts(db: Connection, class_: str, code: str, counts: bool) -> None:
    actions = mails(db)
    send(db, actions)
    report(db, actions, class_, error={"code": code, "message": "x"})
    assert _state(db) == ((1 if counts else 0), None)


def test_a_success_sets_it_back(db: Connection) -> None:
    _open(db, 3)
    actions = mails(db, 2)
    send(db, actions)
    report(db, actions)
    assert _state(db) == (0, None)


def test_failures_after_the_success_of_the_same_batch_count(db: Connection) -> None:
    _open(db, 3)
    actions = mails(db, 3)
    send(db, actions)
    reports = []
    for action, (class_, at) in zip(actions, [("transient", 1), ("ok", 2), ("transient", 3)], strict=True):
        known = {k: action[k] for k in ("execution_id", "step_id", "generation", "part", "attempt", "message_id")}
        error = REFUSED if class_ != "ok" else None
        reports.append(known | {"class": class_, "error": error, "finished_at": f"2026-11-21T12:00:0{at}Z"})
    db.execute("select pgwhen.report_actions(%s)", [json.dumps(reports)])
    assert _state(db) == (1, None)


def test_half_open_one_message_tries_it_and_a_success_closes_it(db: Connection) -> None:
    _open(db)
    actions = mails(db, 4, at="2026-11-21 12:00:31+00")
    verdicts = send(db, actions[-4:])
    assert sorted(_names(verdicts)) == ["deferred"] * 3 + ["send"]
    assert "half-open" in next(v["reason"] for v in verdicts if v["verdict"] == "deferred")
    probe = actions[_names(verdicts).index("send")]
    report(db, [probe])
    assert _state(db) == (0, None)
    (told,) = (
        db.execute("select message from pgwhen.logs where level = 'info' order by log_id desc limit 1").fetchone() or ()
    )
    assert told == "connection smtp: circuit breaker closed, it works again"
    fake_clock(db, "2026-11-21 12:00:50+00")
    again = claim(db)
    assert _names(send(db, again)) == ["send"] * len(again) and len(again) >= 3


def test_half_open_a_failure_opens_it_for_twice_as_long_up_to_ten_minutes(db: Connection) -> None:
    _open(db)
    lengths = []
    for _ in range(7):
        (until,) = db.execute("select opened_until from pgwhen.connections where name = 'smtp'").fetchone() or ()
        at = until.isoformat()
        (action, *_) = mails(db, at=at)[-1:]
        assert _names(send(db, [action])) == ["send"]
        report(db, [action], "transient", error=REFUSED)
        (new,) = db.execute("select opened_until from pgwhen.connections where name = 'smtp'").fetchone() or ()
        lengths.append((new - datetime.fromisoformat(at)).total_seconds())
    assert lengths == [60, 120, 240, 480, 600, 600, 600]


def test_what_left_before_it_opened_and_fails_later_does_not_make_it_longer(db: Connection) -> None:
    late = mails(db, 3)
    send(db, late)
    _open(db)
    fake_clock(db, "2026-11-21 12:00:10+00")
    report(db, late, "transient", error=REFUSED)
    assert _state(db) == (5, "12:00:30")


def test_what_left_before_it_opened_and_succeeds_closes_it(db: Connection) -> None:
    late = mails(db)
    send(db, late)
    _open(db)
    report(db, late)
    assert _state(db) == (0, None)


def test_a_probe_whose_poller_dies_is_replaced_after_its_lease(db: Connection) -> None:
    _open(db)
    actions = mails(db, 2, at="2026-11-21 12:00:31+00")[-2:]
    assert sorted(_names(send(db, actions))) == ["deferred", "send"]
    fake_clock(db, "2026-11-21 12:01:20+00")
    waiting = [a for a in claim(db) if a["frozen"]]
    assert set(_names(send(db, waiting))) == {"deferred"}, "the probe is still leased"
    fake_clock(db, "2026-11-21 12:01:40+00")
    assert _names(send(db, claim(db))).count("send") == 1
    assert _state(db)[0] == 5, "a lost poller is no failure of the connection"


def test_exactly_one_probe_of_four_sessions(db: Connection, connect: Callable[..., Connection]) -> None:
    _open(db)
    actions = mails(db, 24, at="2026-11-21 12:00:31+00")[-24:]
    verdicts: list[str] = []
    start = threading.Barrier(4)

    def freeze_part(part: list[dict[str, Any]]) -> None:
        with connect() as other:
            fake_clock(other, "2026-11-21 12:00:31+00")
            start.wait()
            for n in range(0, len(part), 2):
                verdicts.extend(_names(freeze(other, [ask(action) for action in part[n : n + 2]])))

    threads = [threading.Thread(target=freeze_part, args=[actions[n::4]]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts) == ["deferred"] * 23 + ["send"]
    assert count(db, "pgwhen.connection_slots") == 1


def test_hosts_of_requests_without_a_connection_do_not_share_one(db: Connection) -> None:
    db.execute(
        "insert into pgwhen.connections (tenant, name, channel, provider, updated_at)"
        " values ('default', 'http', 'http', 'http', now())"
    )
    actions = mails(db, 6, type="http")
    send(db, actions, channel="http", connection="http")
    report(db, actions, "transient", error=REFUSED)
    assert _state(db, "http") == (0, None)
    db.execute("update pgwhen.connections set origin = 'defined' where name = 'http'")
    fake_clock(db, "2026-11-21 12:05+00")
    again = claim(db)
    send(db, again, channel="http", connection="http")
    report(db, again, "transient", error=REFUSED)
    assert _state(db, "http")[0] == 5


def test_the_number_of_failures_is_a_setting(db: Connection) -> None:
    db.execute("insert into pgwhen.settings values ('breaker_failures', '2')")
    _open(db, 2)
    assert _state(db) == (2, "12:00:30")


def test_an_outage_does_not_use_up_the_time_for_retries(db: Connection) -> None:
    (action,) = mails(db, retry={"attempts": 9, "backoff": 30, "factor": 1, "max": 30, "jitter": "none", "within": 600})
    send(db, [action])
    report(db, [action], "transient", error=REFUSED)
    connection(db, failures=5, opened_until="2026-11-21 13:00+00")
    fake_clock(db, "2026-11-21 12:00:31+00")
    assert _names(send(db, claim(db))) == ["deferred"]
    fake_clock(db, "2026-11-21 13:00:06+00")
    (again,) = claim(db)
    assert _names(send(db, [again])) == ["send"]
    report(db, [again], "transient", error=REFUSED)
    assert steps(db) == {"mail": "sleeping"}


def test_a_few_failures_of_long_ago_are_forgotten(db: Connection) -> None:
    _open(db, 3)
    db.execute("select pgwhen._prune_sending(pgwhen._now())")
    assert _state(db) == (3, None)
    fake_clock(db, "2026-11-22 12:00:01+00")
    db.execute("select pgwhen._prune_sending(pgwhen._now())")
    assert _state(db) == (0, None)
