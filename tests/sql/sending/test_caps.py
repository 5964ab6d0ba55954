"""Caps for each recipient, exact however many freeze at once."""

import json
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.sql.engine.support import count, fake_clock
from tests.sql.sending.support import Connection, ask, claim, due, freeze, mails, report, send


def _cap(db: Connection, **caps: Any) -> None:
    db.execute("insert into pgwhen.settings values ('recipient_caps', %s)", [json.dumps(caps)])


def test_beyond_the_cap_a_message_waits_until_the_oldest_is_old_enough(db: Connection) -> None:
    _cap(db, email={"limit": 2, "per": "1 day"})
    for hour in ("10", "11"):
        actions = mails(db, at=f"2026-11-21 {hour}:00+00", category="news")
        assert send(db, actions)[0]["verdict"] == "send"
        report(db, actions)
    (verdict,) = send(db, mails(db, at="2026-11-21 12:00+00", category="news"), "A@example.com")
    assert verdict["verdict"] == "deferred" and due(db) == ["2026-11-22 10:00"]
    assert "a@example.com has had 2 messages by email in 1 day" in verdict["reason"]
    fake_clock(db, "2026-11-22 10:00+00")
    assert [v["verdict"] for v in send(db, [a for a in claim(db) if a["frozen"]])] == ["send"]


def test_many_in_one_batch(db: Connection) -> None:
    _cap(db, email={"limit": 3, "per": "1 hour"})
    verdicts = send(db, mails(db, 5, category="news"))
    assert sorted(v["verdict"] for v in verdicts) == ["deferred"] * 2 + ["send"] * 3
    assert all("has had 3 messages" in v["reason"] for v in verdicts if v["verdict"] == "deferred")
    assert due(db) == ["2026-11-21 13:00"] * 2 and count(db, "pgwhen.recipient_sends") == 3


@pytest.mark.parametrize(
    ("cap", "category", "capped"),
    [
        ({}, None, False),
        ({}, "transactional", False),
        ({}, "news", True),
        ({"categories": ["marketing"]}, "news", False),
        ({"categories": ["marketing"]}, "marketing", True),
        ({"categories": ["transactional"]}, None, True),
    ],
)
def test_which_messages_count(db: Connection, cap: dict[str, Any], category: str | None, capped: bool) -> None:
    _cap(db, email={"limit": 1, "per": "1 day"} | cap, sms={"limit": 1, "per": "1 day", "categories": []})
    verdicts = send(db, mails(db, 2, **({"category": category} if category else {})))
    assert sorted(v["verdict"] for v in verdicts) == (["deferred", "send"] if capped else ["send", "send"])
    assert count(db, "pgwhen.recipient_sends") == (1 if capped else 0)


def test_another_attempt_of_a_message_is_no_further_message(db: Connection) -> None:
    _cap(db, email={"limit": 1, "per": "1 day"})
    (action,) = mails(db, category="news")
    send(db, [action])
    report(db, [action], "transient")
    fake_clock(db, "2026-11-21 12:02+00")
    assert send(db, claim(db))[0]["verdict"] == "send" and count(db, "pgwhen.recipient_sends") == 1


def test_who_was_left_out_is_not_counted(db: Connection) -> None:
    _cap(db, email={"limit": 1, "per": "1 day"})
    db.execute("select pgwhen._suppress('default', 'email', 'b@example.com', null, 'bounce', 'test', null)")
    send(db, mails(db, category="news"), "a@example.com", "b@example.com")
    assert db.execute("select address from pgwhen.recipient_sends").fetchall() == [("a@example.com",)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("3", "recipient_caps is 3, not an object of channels"),
        ('{"letter": {"limit": 3, "per": "1 day"}}', 'recipient_caps: "letter" is not a channel with recipients'),
        ('{"http": {"limit": 3, "per": "1 day"}}', 'recipient_caps: "http" is not a channel with recipients'),
        ('{"sms": 3}', "recipient_caps: 3 of sms is not an object"),
        ('{"sms": [{"limit": 3, "per": "1 day"}]}', "of sms is not an object"),
        ('{"sms": {"limit": 0, "per": "1 day"}}', "sms: limit is 0, not a whole number from 1"),
        ('{"sms": {"limit": "3", "per": "1 day"}}', 'sms: limit is "3", not a whole number'),
        ('{"sms": {"limit": 1.5, "per": "1 day"}}', "sms: limit is 1.5, not a whole number"),
        ('{"sms": {"per": "1 day"}}', "sms: limit is null, not a whole number"),
        ('{"sms": {"limit": 3}}', "sms: per is null, not a number of seconds"),
        ('{"sms": {"limit": 3, "per": "a while"}}', 'sms: per is "a while", not a number of seconds'),
        ('{"sms": {"limit": 3, "per": "1 day", "categories": "news"}}', 'categories is "news", not a list of'),
        (
            '{"sms": {"limit": 3, "per": "1 day", "categories": ["news", 3]}}',
            'categories is ["news", 3], not a list of',
        ),
        ('{"sms": {"limit": 3, "per": "1 day", "categories": [["news"]]}}', "not a list of categories"),
        ('{"sms": {"limit": 3, "per": "1 day", "category": "news"}}', 'sms: a cap has no key "category"'),
    ],
)
def test_a_cap_that_means_nothing_is_refused(db: Connection, value: str, said: str) -> None:
    for statement in (
        "insert into pgwhen.settings values ('recipient_caps', %s)",
        "update pgwhen.settings set value = %s where name = 'recipient_caps'",
    ):
        with pytest.raises(psycopg.Error) as error:
            db.execute(statement, [value])
        assert error.value.sqlstate == "WF178" and said in str(error.value)
        hint = error.value.diag.message_hint or ""
        assert hint == "Channels are email, sms, push and chat." if "channel with" in said else "limit" in hint
        db.execute("delete from pgwhen.settings where name = 'recipient_caps'")
        _cap(db, sms={"limit": 3, "per": "1 day"})


def test_doctor_tells_of_a_channel_that_was_written_before(db: Connection) -> None:
    db.execute("alter table pgwhen.settings disable trigger user")
    _cap(db, letter={"limit": 3, "per": "1 day"}, sms={"limit": 3, "per": "1 day"})
    rows = db.execute("select status, detail from pgwhen.doctor() where check_name = 'settings'").fetchall()
    assert rows == [
        ("error", 'setting recipient_caps caps nothing for "letter", which is not a channel with recipients')
    ]


def test_four_sessions_at_once_never_exceed_the_cap(db: Connection, connect: Callable[..., Connection]) -> None:
    _cap(db, email={"limit": 7, "per": "1 day"})
    actions = mails(db, 40, category="news")
    parts = [actions[n::4] for n in range(4)]
    verdicts: list[str] = []
    start = threading.Barrier(4)

    def freeze_part(part: list[dict[str, Any]]) -> None:
        with connect() as other:
            fake_clock(other, "2026-11-21 12:00+00")
            start.wait()
            for action in part:
                verdicts.extend(v["verdict"] for v in freeze(other, [ask(action)]))

    threads = [threading.Thread(target=freeze_part, args=[part]) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts) == ["deferred"] * 33 + ["send"] * 7
    assert count(db, "pgwhen.recipient_sends") == 7 and count(db, "pgwhen.sleepers") == 33


def test_maintain_drops_what_no_cap_counts(db: Connection) -> None:
    _cap(db, email={"limit": 3, "per": "1 day"})
    send(db, mails(db, category="news"))
    db.execute("select pgwhen.maintain()")
    assert count(db, "pgwhen.recipient_sends") == 1
    fake_clock(db, "2026-11-22 12:00+00")
    db.execute("select pgwhen.maintain()")
    assert count(db, "pgwhen.recipient_sends") == 0
