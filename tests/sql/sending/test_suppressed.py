"""Suppressions at the last moment: who is left out, who is not, and what becomes of the step."""

import pytest

from tests.sql.engine.support import define, executions, fake_clock, happen, steps
from tests.sql.sending.support import NOON, Connection, ask, claim, connection, freeze, mails, reasons, report, send


def _suppress(
    db: Connection, address: str, reason: str = "bounce", category: str | None = None, channel: str = "email"
) -> None:
    db.execute(
        "select pgwhen._suppress('default', %s, %s, %s, %s, 'test', 'mailbox gone')",
        [channel, address, category, reason],
    )


def test_a_message_to_a_suppressed_address_is_not_sent_and_its_step_is_skipped_with_the_reason(db: Connection) -> None:
    fake_clock(db, NOON)
    happen(db, define(db, [{"id": "mail", "type": "email"}, {"id": "post"}], [("mail", "post", "success")]), {"id": 1})
    actions = claim(db)
    _suppress(db, "A@Example.com")
    (verdict,) = send(db, actions, "a@example.com")
    assert verdict["verdict"] == "suppressed"
    assert verdict["reason"] == "not sent: a@example.com: bounced on 2026-11-21 (test), mailbox gone"
    assert steps(db) == {"mail": "skipped", "post": "queued"}, "a step that is skipped fires its edges"
    assert reasons(db)[0] == verdict["reason"]
    assert [a["step_id"] for a in claim(db)] == ["post"]
    (message,) = db.execute("select message from pgwhen.frozen_messages").fetchone() or ()
    assert message["to"] == ["a@example.com"], "what was not sent is shown"


def test_the_execution_completes_where_nothing_follows(db: Connection) -> None:
    actions = mails(db)
    _suppress(db, "a@example.com")
    send(db, actions)
    assert executions(db) == ["completed"] and claim(db) == []
    (shown,) = db.execute("select pgwhen.show_execution(execution_id) from pgwhen.executions").fetchone() or ()
    assert shown["steps"][0]["status"] == "skipped" and "bounced" in shown["steps"][0]["reason"]
    assert shown["steps"][0]["messages"][0]["recipients"] == ["a@example.com"]


def test_some_recipients_are_taken_out_of_the_stored_bytes_which_then_stay(db: Connection) -> None:
    (action,) = mails(db)
    _suppress(db, "b@example.com", "complaint")
    _suppress(db, "d@example.com", "manual")
    message = ask(action, "A <a@example.com>", "B <b@example.com>", cc=["c@example.com"], bcc=["d@example.com"])
    (verdict,) = freeze(db, [message | {"recipients": [f"{x}@example.com" for x in "abcd"]}])
    assert verdict["verdict"] == "send"
    assert verdict["extra"]["message"] == {"to": ["A <a@example.com>"], "cc": ["c@example.com"], "subject": "Hello"}
    stored = db.execute("select message, recipients from pgwhen.frozen_messages").fetchone()
    assert stored == (verdict["extra"]["message"], ["a@example.com", "c@example.com"])
    assert db.execute("select count(*) from pgwhen.logs where message like 'left out: b@example.com%%'").fetchone() == (
        1,
    )

    report(db, [action], "transient")
    _suppress(db, "a@example.com")
    fake_clock(db, "2026-11-21 12:02+00")
    (again,) = claim(db)
    assert again["frozen"] == stored[0]
    (verdict,) = send(db, [again], "a@example.com", "c@example.com")
    assert verdict["verdict"] == "send" and not verdict["extra"], "frozen bytes stay while anybody may have them"
    report(db, [again], "transient")
    _suppress(db, "c@example.com")
    fake_clock(db, "2026-11-21 12:06+00")
    (verdict,) = send(db, claim(db), "a@example.com", "c@example.com")
    assert verdict["verdict"] == "suppressed" and steps(db) == {"mail": "skipped"}


def test_a_message_that_nobody_in_to_may_have_is_stopped_though_a_copy_might_go(db: Connection) -> None:
    actions = mails(db)
    _suppress(db, "a@example.com")
    assert send(db, actions, "a@example.com", cc=["c@example.com"])[0]["verdict"] == "suppressed"


def test_the_same_attempt_gets_the_stored_message_again_though_the_suppression_was_lifted(db: Connection) -> None:
    (action,) = mails(db)
    _suppress(db, "b@example.com")
    (first,) = send(db, [action], "a@example.com", "b@example.com")
    db.execute("delete from pgwhen.suppressions")
    (second,) = send(db, [action], "a@example.com", "b@example.com")
    assert second["verdict"] == "send" and second["extra"] == first["extra"]
    assert first["extra"]["message"]["to"] == ["a@example.com"]


def test_recipients_are_taken_out_though_the_message_has_to_wait(db: Connection) -> None:
    (action,) = mails(db)
    connection(db, rate_limit=1, rate_seconds=60.0)
    _suppress(db, "b@example.com")
    db.execute(
        "insert into pgwhen.connection_clocks values (%s, '-infinity', 'default', 'smtp')", ["2026-11-21 12:10+00"]
    )
    (verdict,) = send(db, [action], "a@example.com", "b@example.com")
    assert verdict["verdict"] == "deferred"
    assert db.execute("select recipients, message -> 'to' from pgwhen.frozen_messages").fetchone() == (
        ["a@example.com"],
        ["a@example.com"],
    )


@pytest.mark.parametrize(
    ("channel", "category", "reason", "refused", "stopped"),
    [
        ("email", None, "opt_out", "marketing", False),
        ("email", None, "opt_out", None, False),
        ("email", "transactional", "opt_out", None, False),
        ("email", "marketing", "opt_out", "marketing", True),
        ("email", "marketing", "opt_out", "news", False),
        ("email", "marketing", "opt_out", None, True),
        ("email", None, "bounce", None, True),
        ("email", None, "complaint", None, True),
        ("email", "transactional", "manual", None, True),
        ("email", None, "manual", "marketing", False),
        ("sms", None, "opt_out", None, True),
        ("sms", None, "opt_out", "marketing", False),
        ("sms", "marketing", "opt_out", None, True),
        ("push", None, "dead_token", None, True),
        ("push", None, "opt_out", None, False),
        ("chat", "marketing", "opt_out", None, True),
    ],
)
def test_what_stops_what(
    db: Connection, channel: str, category: str | None, reason: str, refused: str | None, stopped: bool
) -> None:
    address = {"email": "a@example.com", "sms": "+31612345678"}.get(channel, "token:ÄB")
    actions = mails(db, type=channel, **({"category": category} if category else {}))
    _suppress(db, address, reason, refused, channel)
    (verdict,) = send(db, actions, address, channel=channel)
    assert verdict["verdict"] == ("suppressed" if stopped else "send")


@pytest.mark.parametrize(
    ("channel", "written", "sent", "same"),
    [
        ("email", "Jörg <JÖRG@Exämple.com>", "jörg@exämple.com", True),
        ("email", "a@example.com", "aa@example.com", False),
        ("sms", "0031 6-1234 5678", "+31612345678", True),
        ("sms", "31612345678", "+31612345678", True),
        ("push", "Token", "token", False),
    ],
)
def test_addresses_are_compared_as_their_channel_does(
    db: Connection, channel: str, written: str, sent: str, same: bool
) -> None:
    actions = mails(db, type=channel)
    _suppress(db, written, "manual", None, channel)
    assert send(db, actions, sent, channel=channel)[0]["verdict"] == ("suppressed" if same else "send")


def test_another_tenants_suppressions_do_not_count(db: Connection) -> None:
    actions = mails(db)
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    db.execute("select pgwhen._suppress('acme', 'email', 'a@example.com', null, 'bounce', 'test', null)")
    assert send(db, actions)[0]["verdict"] == "send"


def test_one_message_of_many_is_stopped_and_the_others_leave(db: Connection) -> None:
    actions = mails(db, 20)
    _suppress(db, "a7@example.com")
    verdicts = freeze(db, [ask(a, f"a{n}@example.com") for n, a in enumerate(actions)])
    assert [v["verdict"] for v in verdicts] == ["send"] * 7 + ["suppressed"] + ["send"] * 12


def test_a_report_that_says_that_the_address_is_dead_suppresses_it(db: Connection) -> None:
    (action,) = mails(db)
    send(db, [action])
    report(
        db,
        [action],
        "permanent",
        error={"code": "550", "message": "5.1.1 no such user"},
        extra={"suppress": {"channel": "email", "address": "A@example.com", "reason": "bounce"}},
    )
    rows = db.execute(
        "select tenant, channel, address, category, reason, source, detail from pgwhen.suppressions"
    ).fetchall()
    assert rows == [("default", "email", "a@example.com", None, "bounce", "smtp", "5.1.1 no such user")]
    assert send(db, mails(db))[0]["verdict"] == "suppressed"


@pytest.mark.parametrize(
    "extra", [{"suppress": None}, {"suppress": "x"}, {"suppress": {"channel": "post"}}, {"other": 1}, []]
)
def test_extras_that_mean_nothing_change_nothing(db: Connection, extra: object) -> None:
    (action,) = mails(db)
    send(db, [action])
    report(db, [action], "permanent", extra=extra)
    assert steps(db) == {"mail": "failed"}
    assert db.execute("select count(*) from pgwhen.suppressions").fetchone() == (0,)
