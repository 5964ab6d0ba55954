"""Callbacks of SendGrid: many events in one body, signed by ECDSA."""

import psycopg
import pytest

from tests.sql.deliveries.support import EMAIL, NOON, Mail, Provider, call, status


@pytest.fixture
def key(mail: Mail) -> str:
    mail.app.apply(EMAIL)
    mail.connect("sendgrid")
    return mail.send(connection="sendgrid")


@pytest.mark.parametrize(
    ("word", "more", "expected", "suppression"),
    [
        ("processed", {}, "accepted", None),
        ("deferred", {"response": "451 later", "attempt": "2"}, "accepted", None),
        ("delivered", {"response": "250 OK"}, "delivered", None),
        ("open", {"sg_machine_open": True}, "opened", None),
        ("click", {"url": "https://example.com"}, "clicked", None),
        ("bounce", {"type": "bounce", "reason": "550 5.1.1 unknown", "status": "5.1.1"}, "bounced", "bounce"),
        ("bounce", {"type": "blocked", "reason": "550 5.7.1 policy", "status": "5.7.1"}, "failed", None),
        ("dropped", {"reason": "Bounced Address"}, "failed", "bounce"),
        ("dropped", {"reason": "Unsubscribed Address"}, "failed", "opt_out"),
        ("dropped", {"reason": "Spam Reporting Address"}, "failed", "complaint"),
        ("dropped", {"reason": "Invalid SMTPAPI header"}, "failed", None),
        ("spamreport", {}, "complained", "complaint"),
        ("unsubscribe", {}, "unsubscribed", "opt_out"),
        ("group_unsubscribe", {"asm_group_id": 7}, "unsubscribed", "opt_out"),
    ],
)
def test_what_each_event_means(
    mail: Mail, key: str, word: str, more: dict[str, object], expected: str, suppression: str | None
) -> None:
    mail.tell("sendgrid", word, key, **more)
    assert mail.rows() == [(expected, "ann@example.com")]
    wanted = [("default", "email", "ann@example.com", None, suppression, "sendgrid")] if suppression else []
    assert mail.suppressed() == wanted


def test_many_at_once_each_once(mail: Mail, key: str) -> None:
    told = [status("sendgrid", "delivered", key, f"{i}@example.com")[0] for i in range(1000)]
    told += [told[0], {"event": "account_status_change"}, {"event": "processed", "email": "no-id@example.com"}, 7, None]
    called = mail.providers["sendgrid"].sign(told)
    assert call(mail.db, "sendgrid", "sendgrid", called) == {"accepted": True, "recorded": 1001, "ignored": 1}
    assert call(mail.db, "sendgrid", "sendgrid", called) == {"accepted": True, "recorded": 0, "ignored": 1002}


@pytest.mark.parametrize("suffix", ["", ".filter0001.16648.5515E0B88.0", ".recvd-canary-54f-2jl-19-5E.0"])
def test_the_id_of_a_message_is_that_of_its_sending(mail: Mail, key: str, suffix: str) -> None:
    mail.tell("sendgrid", "delivered", key, message_id="14c5d75ce93.dfd.64b469" + suffix)
    row = mail.db.execute("select provider_message_id from pgwhen.deliveries").fetchone()
    assert row == ("14c5d75ce93.dfd.64b469",)


def test_an_opt_out_is_of_the_category_of_the_message(mail: Mail) -> None:
    mail.app.apply({**EMAIL, "category": "news"}, name="news")
    mail.connect("sendgrid")
    mail.db.execute('update pgwhen.steps set compiled = compiled || \'{"category": "news"}\'')
    mail.app.run("insert into leads values (1, 'Ann')")
    execution = mail.db.execute("select execution_id from pgwhen.executions").fetchone()
    assert execution is not None
    mail.db.execute(
        "insert into pgwhen.frozen_messages"
        " (execution_id, frozen_at, generation, part, step_id, channel, connection, message)"
        " values (%s, now(), 1, 0, 'mail', 'email', 'sendgrid', '{}')",
        [execution[0]],
    )
    mail.tell("sendgrid", "unsubscribe", f"{execution[0]}:mail:1:0")
    assert mail.suppressed() == [("default", "email", "ann@example.com", "news", "opt_out", "sendgrid")]


@pytest.mark.parametrize("where", ["body", "time", "signature", "key"])
def test_what_was_changed_on_the_way_is_refused(mail: Mail, key: str, where: str) -> None:
    provider = Provider.make("sendgrid") if where == "key" else mail.providers["sendgrid"]
    called = provider.sign(status("sendgrid", "delivered", key, "ann@example.com"))
    if where == "body":
        called.body += b" "
    elif where == "time":
        called.headers["X-Twilio-Email-Event-Webhook-Timestamp"] = str(NOON - 1)
    elif where == "signature":
        called.headers["X-Twilio-Email-Event-Webhook-Signature"] = "MEUCIQ=="
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "sendgrid", "sendgrid", called)
    assert error.value.sqlstate == "WF461" and mail.rows() == []


def test_old_signatures_and_missing_times_are_refused(mail: Mail, key: str) -> None:
    told = status("sendgrid", "delivered", key, "ann@example.com")
    old = mail.providers["sendgrid"].sign(told, at=NOON - 400)
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "sendgrid", "sendgrid", old)
    assert error.value.sqlstate == "WF463"
    for time in ("", "yesterday", "-5", "1e3", "9" * 30):
        called = mail.providers["sendgrid"].sign(told)
        called.headers["X-Twilio-Email-Event-Webhook-Timestamp"] = time
        with pytest.raises(psycopg.errors.Error) as error:
            call(mail.db, "sendgrid", "sendgrid", called)
        assert error.value.sqlstate == "WF461"
