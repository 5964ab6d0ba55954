"""Callbacks of Resend: signed by Svix, recorded once, and what they mean."""

import json

import psycopg
import pytest

from tests.sql.deliveries.support import EMAIL, NOON, Mail, call, status


@pytest.fixture
def key(mail: Mail) -> str:
    mail.app.apply(EMAIL)
    mail.connect("resend")
    return mail.send()


def test_a_delivery_is_recorded_with_the_step_it_belongs_to(mail: Mail, key: str) -> None:
    assert mail.tell("resend", "delivered", key) == {"accepted": True, "recorded": 1, "ignored": 0}
    row = mail.db.execute(
        "select execution_id::text, step_id, generation, part, tenant, connection, channel, provider_message_id,"
        " status, event, address, at from pgwhen.deliveries"
    ).fetchone()
    assert row is not None
    assert row[:-1] == (
        *(key.split(":")[0], "mail", 1, 0, "default", "resend", "email", "m-1"),
        *("delivered", "email.delivered", "ann@example.com"),
    )
    assert row[-1].timestamp() == NOON - 2


@pytest.mark.parametrize(
    ("word", "more", "expected", "suppression"),
    [
        ("sent", {}, "accepted", None),
        ("delivery_delayed", {}, "accepted", None),
        ("delivered", {}, "delivered", None),
        ("opened", {}, "opened", None),
        ("clicked", {"click": {"link": "https://example.com/é"}}, "clicked", None),
        ("failed", {"failed": {"reason": "reached_daily_quota"}}, "failed", None),
        (
            "bounced",
            {"bounce": {"type": "Permanent", "subType": "General", "message": "no such user"}},
            "bounced",
            "bounce",
        ),
        ("bounced", {"bounce": {"type": "Transient", "subType": "MailboxFull", "message": "full"}}, "bounced", None),
        ("complained", {}, "complained", "complaint"),
    ],
)
def test_what_each_event_means(
    mail: Mail, key: str, word: str, more: dict[str, object], expected: str, suppression: str | None
) -> None:
    mail.tell("resend", word, key, **more)
    assert mail.rows() == [(expected, "ann@example.com")]
    wanted = [("default", "email", "ann@example.com", None, suppression, "resend")] if suppression else []
    assert mail.suppressed() == wanted


def test_tags_as_a_list(mail: Mail, key: str) -> None:
    told = status("resend", "delivered", key, "ann@example.com")
    told["data"]["tags"] = [{"name": "x", "value": "y"}, {"name": "pgwhen", "value": told["data"]["tags"]["pgwhen"]}]
    call(mail.db, "resend", "resend", mail.providers["resend"].sign(told))
    assert mail.db.execute("select step_id from pgwhen.deliveries").fetchall() == [("mail",)]


def test_several_recipients_are_not_suppressed(mail: Mail, key: str) -> None:
    told = status("resend", "bounced", key, "x", bounce={"type": "Permanent"})
    told["data"]["to"] = ["ann@example.com", "bob@example.com"]
    call(mail.db, "resend", "resend", mail.providers["resend"].sign(told))
    assert mail.rows() == [("bounced", None)] and mail.suppressed() == []


def test_what_is_not_about_delivery_is_taken_and_ignored(mail: Mail, key: str) -> None:
    told = {"type": "contact.created", "created_at": "2026-01-05T12:00:00Z", "data": {"email": "ann@example.com"}}
    answer = call(mail.db, "resend", "resend", mail.providers["resend"].sign(told))
    assert answer == {"accepted": True, "recorded": 0, "ignored": 0} and mail.rows() == []


def test_again_changes_nothing(mail: Mail, key: str) -> None:
    told = mail.providers["resend"].sign(status("resend", "bounced", key, "a@b.nl", bounce={"type": "Permanent"}))
    assert call(mail.db, "resend", "resend", told)["recorded"] == 1
    mail.db.execute("delete from pgwhen.suppressions")
    assert call(mail.db, "resend", "resend", told) == {"accepted": True, "recorded": 0, "ignored": 1}
    assert mail.suppressed() == [] and len(mail.rows()) == 1


@pytest.mark.parametrize("where", ["body", "id", "time", "signature", "missing"])
def test_what_was_changed_on_the_way_is_refused(mail: Mail, key: str, where: str) -> None:
    called = mail.providers["resend"].sign(status("resend", "delivered", key, "ann@example.com"))
    if where == "body":
        called.body = called.body.replace(b"ann@", b"bob@")
    elif where == "id":
        called.headers["Svix-Id"] += "x"
    elif where == "time":
        called.headers["svix-timestamp"] = str(NOON + 1)
    elif where == "signature":
        called.headers["SVIX-SIGNATURE"] = "v1,AAAA v1, v2,x"
    else:
        del called.headers["SVIX-SIGNATURE"]
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "resend", "resend", called)
    assert error.value.sqlstate == "WF461" and error.value.diag.message_hint
    assert mail.rows() == []


@pytest.mark.parametrize(
    ("at", "refused"), [(NOON - 301, True), (NOON + 301, True), (NOON - 299, False), (NOON + 299, False)]
)
def test_five_minutes_either_way(mail: Mail, key: str, at: int, refused: bool) -> None:
    called = mail.providers["resend"].sign(status("resend", "delivered", key, "a@b.nl"), at=at)
    if not refused:
        assert call(mail.db, "resend", "resend", called)["recorded"] == 1
        return
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "resend", "resend", called)
    assert error.value.sqlstate == "WF463"
    mail.db.execute("insert into pgwhen.settings values ('callback_seconds', '600')")
    assert call(mail.db, "resend", "resend", called)["recorded"] == 1


@pytest.mark.parametrize(
    ("body", "state"),
    [(b"", "WF462"), (b"{", "WF462"), (b"\xff", "WF462"), (b'"\\u0000"', "WF462"), (b" " * 300_000, "WF464")],
)
def test_what_is_no_callback_is_refused(mail: Mail, key: str, body: bytes, state: str) -> None:
    called = mail.providers["resend"].sign({})
    called.body = body
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "resend", "resend", called)
    assert error.value.sqlstate == state


@pytest.mark.parametrize(
    "told", [[], "x", 7, None, {"data": 1}, {"type": [], "data": {"to": {}}}, {"type": "email.sent", "data": [1]}]
)
def test_strange_json_is_no_error(mail: Mail, key: str, told: object) -> None:
    assert call(mail.db, "resend", "resend", mail.providers["resend"].sign(told))["accepted"] is True


def test_a_connection_without_a_key_takes_nothing(mail: Mail, key: str) -> None:
    called = mail.providers["resend"].sign(status("resend", "delivered", key, "a@b.nl"))
    mail.connect("sendgrid")
    for connection in ("other", "sendgrid", "", "é" * 1000):
        with pytest.raises(psycopg.errors.Error) as error:
            call(mail.db, "resend", connection, called)
        assert error.value.sqlstate == "WF460"
        assert str(error.value.diag.message_detail).startswith(
            "It has one for callbacks of sendgrid." if connection == "sendgrid" else "Tenant default has keys for: "
        )


def test_both_secrets_count_while_it_is_changed(mail: Mail, key: str) -> None:
    from pgwhen.cli.callback_keys import verifier
    from tests.sql.deliveries.support import Provider

    new = Provider.make("resend", "another")
    mail.db.execute(
        "insert into pgwhen.callback_keys values ('default', 'resend', 'new', 'resend', %s, now(), 'x')",
        [json.dumps(verifier("resend", new.secret))],
    )
    assert mail.tell("resend", "delivered", key)["recorded"] == 1
    called = new.sign(status("resend", "opened", key, "a@b.nl"), id_="other")
    assert call(mail.db, "resend", "resend", called)["recorded"] == 1


def test_what_left_by_another_connection_is_not_spoken_of(mail: Mail, key: str) -> None:
    """The event is kept, and belongs to no execution."""
    mail.connect("resend", "second")
    mail.tell("resend", "delivered", key, connection="second")
    assert mail.db.execute("select execution_id, connection, status from pgwhen.deliveries").fetchall() == [
        (None, "second", "delivered")
    ]


@pytest.mark.parametrize("key_", ["", "x", "0" * 36 + "_1_0_mail", "00000000-0000-0000-0000-000000000000_1_0_mail"])
def test_a_key_that_is_not_ours_is_kept_apart(mail: Mail, key: str, key_: str) -> None:
    told = status("resend", "delivered", key, "a@b.nl")
    told["data"]["tags"] = {"pgwhen": key_}
    assert call(mail.db, "resend", "resend", mail.providers["resend"].sign(told))["recorded"] == 1
    assert mail.db.execute("select execution_id from pgwhen.deliveries").fetchall() == [(None,)]


def test_a_tenant_cannot_speak_of_anothers_messages(mail: Mail, key: str, login) -> None:  # type: ignore[no-untyped-def]
    dsn = login("pgwhen_app")
    user = dsn.split("//")[1].split("@")[0]
    mail.db.execute("insert into pgwhen.tenants values ('acme') on conflict do nothing")
    mail.db.execute("insert into pgwhen.tenant_roles values (%s, 'acme')", [user])
    mail.connect("resend", tenant="acme")
    called = mail.providers["resend"].sign(status("resend", "bounced", key, "a@b.nl", bounce={"type": "Permanent"}))
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute("select set_config('pgwhen.now', '2026-01-05T12:00:00Z', false)")
        assert call(other, "resend", "resend", called)["recorded"] == 1
    assert mail.db.execute("select tenant, execution_id from pgwhen.deliveries").fetchall() == [("acme", None)]
    assert [row[0] for row in mail.suppressed()] == ["acme"]


def test_the_house_speaks_of_messages_of_tenants_that_share_its_connection(mail: Mail, key: str) -> None:
    execution = key.split(":")[0]
    mail.db.execute("insert into pgwhen.tenants values ('acme') on conflict do nothing")
    mail.db.execute("update pgwhen.executions set tenant = 'acme' where execution_id = %s", [execution])
    mail.tell("resend", "bounced", key, bounce={"type": "Permanent"})
    assert mail.db.execute("select tenant, execution_id::text from pgwhen.deliveries").fetchall() == [
        ("acme", execution)
    ]
    assert [row[0] for row in mail.suppressed()] == ["acme"]
    mail.db.execute("delete from pgwhen.deliveries")
    mail.connect("resend", tenant="acme", key=False)
    mail.tell("resend", "delivered", key)
    assert mail.db.execute("select tenant, execution_id from pgwhen.deliveries").fetchall() == [("default", None)]


def test_roles(mail: Mail, key: str, connect) -> None:  # type: ignore[no-untyped-def]
    called = mail.providers["resend"].sign(status("resend", "delivered", key, "a@b.nl"))
    for role in ("pgwhen_viewer", "pgwhen_author", "pgwhen_poller"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            call(connect(user=role), "resend", "resend", called)


def test_two_at_once_record_it_once(mail: Mail, key: str, connect) -> None:  # type: ignore[no-untyped-def]
    called = mail.providers["resend"].sign(status("resend", "delivered", key, "a@b.nl"))
    first = connect(autocommit=False)
    first.execute("select set_config('pgwhen.now', '2026-01-05T12:00:00Z', false)")
    assert call(first, "resend", "resend", called)["recorded"] == 1
    mail.db.execute("set lock_timeout = '100ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        call(mail.db, "resend", "resend", called)
    first.commit()
    assert call(mail.db, "resend", "resend", called)["recorded"] == 0
