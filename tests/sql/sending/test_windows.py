"""Sending windows and quiet hours: deferred to the minute, never dropped."""

import json
from typing import Any

import pytest

from tests.sql.engine.support import fake_clock, steps
from tests.sql.sending.support import Connection, ask, claim, due, freeze, mails, report, send

OFFICE = {"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "17:00"}


def _recipient(db: Connection, **values: Any) -> None:
    values = {"tenant": "default", "recipient": "7", "updated_at": "2026-01-01"} | values
    db.execute(
        f"insert into pgwhen.recipients ({', '.join(values)}) values ({', '.join(['%s'] * len(values))})",
        list(values.values()),
    )


@pytest.mark.parametrize(
    ("at", "zone", "opens"),
    [
        ("2026-11-20 16:59+01", "Europe/Amsterdam", None),
        ("2026-11-20 17:00+01", "Europe/Amsterdam", "2026-11-23 08:00"),
        ("2026-11-23 08:59:59+01", "Europe/Amsterdam", "2026-11-23 08:00"),
        ("2026-11-23 09:00+01", "Europe/Amsterdam", None),
        # Over the weekend in which the clocks are set back and forward.
        ("2026-10-23 20:00+02", "Europe/Amsterdam", "2026-10-26 08:00"),
        ("2026-03-27 20:00+01", "Europe/Amsterdam", "2026-03-30 07:00"),
        ("2026-11-20 16:00+01", "America/New_York", None),
        ("2026-11-20 12:00+01", "America/New_York", "2026-11-20 14:00"),
    ],
)
def test_outside_the_window_a_message_waits_until_it_opens(
    db: Connection, at: str, zone: str, opens: str | None
) -> None:
    actions = mails(db, at=at, window=OFFICE, timezone=zone)
    (verdict,) = send(db, actions)
    assert verdict["verdict"] == ("send" if opens is None else "deferred")
    assert due(db) == ([] if opens is None else [opens])
    if opens:
        assert verdict["reason"].startswith("outside the sending window until ") and zone in verdict["reason"]
        assert steps(db) == {"mail": "sleeping"}


def test_a_deferred_message_leaves_with_the_same_bytes_and_all_its_attempts(db: Connection) -> None:
    (action,) = mails(db, at="2026-11-21 12:00+00", window=OFFICE, timezone="UTC")
    send(db, [action])
    fake_clock(db, "2026-11-23 09:00:01+00")
    (again,) = claim(db)
    assert again["frozen"]["subject"] == "Hello" and send(db, [again])[0]["verdict"] == "send"
    report(db, [again])
    assert db.execute("select tries from pgwhen.execution_steps").fetchone() == (1,)


def test_it_goes_by_the_recipients_clock(db: Connection) -> None:
    _recipient(db, email="Anna@Example.com", timezone="Asia/Tokyo")
    actions = mails(db, 2, at="2026-11-20 12:00+01", window=OFFICE, timezone="Europe/Amsterdam")
    verdicts = freeze(db, [ask(actions[0], "anna@example.com"), ask(actions[1], "b@example.com")])
    assert [v["verdict"] for v in verdicts] == ["deferred", "send"]
    assert due(db) == ["2026-11-23 00:00"] and "Asia/Tokyo" in verdicts[0]["reason"]


@pytest.mark.parametrize(
    ("channel", "column", "address"),
    [
        ("email", "email", "a@example.com"),
        ("sms", "phone", "+31612345678"),
        ("push", "push", "tok"),
        ("chat", "chat", "C1"),
    ],
)
def test_quiet_hours_defer_what_is_not_transactional(db: Connection, channel: str, column: str, address: str) -> None:
    value: Any = [address] if column == "push" else address
    _recipient(db, **{column: value}, timezone="Europe/Amsterdam", quiet_from="22:00", quiet_to="07:30")
    marketing = mails(db, at="2026-11-21 23:30+01", type=channel, category="marketing", timezone="UTC")
    (verdict,) = send(db, marketing, address, channel=channel)
    assert verdict["verdict"] == "deferred" and due(db) == ["2026-11-22 06:30"]
    assert verdict["reason"] == "quiet hours of the recipient until 2026-11-22 07:30 (Europe/Amsterdam)"
    plain = mails(db, at="2026-11-21 23:30+01", type=channel)
    assert send(db, plain, address, channel=channel)[0]["verdict"] == "send"


def test_quiet_hours_that_the_clock_skips_or_repeats_end_when_the_wall_says_so(db: Connection) -> None:
    _recipient(db, email="a@example.com", timezone="Europe/Amsterdam", quiet_from="22:00", quiet_to="02:30")
    send(db, mails(db, at="2026-03-29 00:30+01", category="news"))
    assert due(db) == ["2026-03-29 01:30"], "02:30 is skipped: 03:30 is what comes of it"
    send(db, mails(db, at="2026-10-25 00:30+02", category="news"))
    assert due(db)[-1] == "2026-10-25 00:30", "the first of the two"


def test_window_and_quiet_hours_together(db: Connection) -> None:
    _recipient(db, email="a@example.com", quiet_from="08:00", quiet_to="10:00")
    send(db, mails(db, at="2026-11-23 07:00+00", category="news", window=OFFICE, timezone="UTC"))
    assert due(db) == ["2026-11-23 10:00"]


def test_where_they_never_leave_a_moment_the_quiet_hours_count(db: Connection) -> None:
    _recipient(db, email="a@example.com", quiet_from="08:00", quiet_to="18:00")
    send(db, mails(db, at="2026-11-23 09:00+00", category="news", window=OFFICE, timezone="UTC"))
    assert due(db) == ["2026-11-23 18:00"]
    fake_clock(db, "2026-11-23 18:00:01+00")
    assert [v["verdict"] for v in send(db, claim(db))] == ["send"], "it leaves in the end"


def test_holidays(db: Connection) -> None:
    window = OFFICE | {"holidays": ["2026-12-25", "2026-12-28"]}
    send(db, mails(db, at="2026-12-24 18:00+00", window=window, timezone="UTC"))
    assert due(db) == ["2026-12-29 09:00"]


def test_holidays_that_cannot_be_read_hold_the_message_and_say_so(db: Connection) -> None:
    window = OFFICE | {"table": {"table": "public.gone", "columns": ["day"]}}
    (verdict,) = send(db, mails(db, at="2026-11-23 10:00+00", window=window, timezone="UTC"))
    assert verdict["verdict"] == "held" and "holidays of the sending window cannot be read" in verdict["reason"]
    assert steps(db) == {"mail": "held"}
    assert db.execute("select connection, cause from pgwhen.held").fetchone() == (None, None)


def test_a_zone_that_is_none_is_not_taken(db: Connection) -> None:
    _recipient(db, email="a@example.com", timezone="Mars/Olympus")
    send(db, mails(db, at="2026-11-23 08:00+00", window=OFFICE, timezone="UTC"))
    assert due(db) == ["2026-11-23 09:00"]


def test_what_waits_for_the_window_does_not_use_up_the_time_for_retries(db: Connection) -> None:
    (action,) = mails(db, at="2026-11-20 16:59+00", window=OFFICE, timezone="UTC")
    send(db, [action])
    report(db, [action], "transient")
    fake_clock(db, "2026-11-20 17:01+00")
    send(db, claim(db))
    assert due(db) == ["2026-11-23 09:00"]
    fake_clock(db, "2026-11-23 09:00:01+00")
    (again,) = claim(db)
    assert send(db, [again])[0]["verdict"] == "send"
    report(db, [again], "transient")
    assert steps(db) == {"mail": "sleeping"}, "20 hours have not been tried"


def test_a_published_window_reaches_the_message(db: Connection) -> None:
    db.execute("create table public.days (day date primary key, closed boolean)")
    db.execute("grant usage on schema public to pgwhen_actions")
    db.execute("grant select on public.days to pgwhen_actions")
    db.execute("insert into public.days values ('2026-11-23', true), ('2026-11-24', false)")
    db.execute("create table public.people (id int primary key, email text)")
    db.execute("select pgwhen.attach('people')")
    db.execute("select pgwhen.attach('days')")
    definition = {
        "workflow": "w",
        "when": [{"table": "people", "row": "created"}],
        "timezone": "Europe/Amsterdam",
        "window": {
            "days": ["mon", "tue"],
            "from": "09:00",
            "to": "17:00",
            "holidays": {"table": "days", "column": "day", "where": {"closed": True}},
        },
        "steps": [{"id": "mail", "type": "email", "to": "{{ new.email }}", "subject": "s", "text": "t"}],
    }
    fake_clock(db, "2026-11-21 12:00+00")
    db.execute("select pgwhen.apply_definition(%s, p_publish => true)", [json.dumps(definition)])
    db.execute("insert into public.people values (1, 'a@example.com')")
    (verdict,) = send(db, claim(db))
    assert verdict["verdict"] == "deferred" and due(db) == ["2026-11-24 08:00"], verdict
