"""Which provider the environment configures, and which one a step takes."""

import pytest

from pgwhen.poller.channels import NotConfigured, choose, configured, problems

SMTP = {"SMTP_URL": "smtp://localhost:1025", "SMTP_FROM": "a@x.org"}
RESEND = {"RESEND_API_KEY": "re", "RESEND_FROM_EMAIL": "b@x.org"}
MESSAGEBIRD = {"MESSAGEBIRD_API_KEY": "mb", "MESSAGEBIRD_ORIGINATOR": "Acme"}
TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_FROM_NUMBER": "+15005550006"}


def chosen(channel: str, environ: dict[str, str], wanted: str | None = None) -> str:
    return choose(channel, wanted, configured(environ), environ).name


def test_the_only_one() -> None:
    assert chosen("email", SMTP) == "smtp"
    assert chosen("email", RESEND | TWILIO) == "resend"
    assert chosen("sms", MESSAGEBIRD) == "messagebird"
    assert chosen("sms", TWILIO | SMTP) == "twilio"
    assert chosen("http", {}) == "http"


def test_the_environment_chooses_between_two() -> None:
    assert chosen("email", SMTP | RESEND | {"PGWHEN_EMAIL": "resend"}) == "resend"
    assert chosen("email", SMTP | RESEND | {"PGWHEN_EMAIL": "smtp"}) == "smtp"
    assert chosen("sms", MESSAGEBIRD | TWILIO | {"PGWHEN_SMS": "twilio"}) == "twilio"


def test_a_step_names_its_own() -> None:
    assert chosen("email", SMTP | RESEND, "resend") == "resend"


@pytest.mark.parametrize(
    ("channel", "environ", "wanted", "message"),
    [
        (
            "email",
            {},
            None,
            "no provider for email: set SMTP_URL and SMTP_FROM, or RESEND_API_KEY and RESEND_FROM_EMAIL",
        ),
        (
            "sms",
            {},
            None,
            "no provider for sms: set MESSAGEBIRD_API_KEY and MESSAGEBIRD_ORIGINATOR, or TWILIO_ACCOUNT_SID",
        ),
        ("sms", {"TWILIO_ACCOUNT_SID": "AC1"}, None, "no provider for sms"),
        ("email", SMTP | RESEND, None, r"2 providers for email \(smtp, resend\): set PGWHEN_EMAIL to one of them"),
        ("sms", MESSAGEBIRD | TWILIO, None, r"2 providers for sms \(messagebird, twilio\): set PGWHEN_SMS"),
        ("email", SMTP | {"PGWHEN_EMAIL": "resend"}, None, "the connection resend is not configured for email"),
        ("email", SMTP, "twilio", "the connection twilio is not configured for email"),
    ],
)
def test_what_is_not_configured_is_named(
    channel: str, environ: dict[str, str], wanted: str | None, message: str
) -> None:
    with pytest.raises(NotConfigured, match=message):
        chosen(channel, environ, wanted)


def test_problems_for_people() -> None:
    assert problems(SMTP | TWILIO) == []
    assert problems({"SMTP_URL": "smtp://localhost:1025"} | TWILIO) == [
        "smtp has no sender; steps without from fail: set SMTP_FROM"
    ]
    assert problems({"SMTP_URL": "what"}) == ["the secret url (SMTP_URL) is not smtp://host:port or smtps://host:port"]
    assert [text.split(":")[0] for text in problems(SMTP | RESEND)] == [
        "2 providers for email (smtp, resend)",
        "no provider for sms",
    ]


def test_connections_do_not_show_their_secrets() -> None:
    for connection in configured(SMTP | RESEND | MESSAGEBIRD | TWILIO | {"RESEND_API_KEY": "re_secret"}).values():
        assert "re_secret" not in repr(connection)
