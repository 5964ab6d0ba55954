"""`pgwhen deliveries`: the list, and keys that are made from secrets which stay outside of the database."""

from pathlib import Path

import pytest

from tests.cli.support import Cli
from tests.sql.deliveries.support import EMAIL, Db, Mail, start


@pytest.fixture
def mail(db: Db) -> Mail:
    return start(db)


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(dsn, capsys)


def test_the_list(mail: Mail, cli: Cli) -> None:
    assert "no provider has told" in cli("deliveries").err
    mail.app.apply(EMAIL)
    mail.connect("resend")
    key = mail.send()
    mail.tell("resend", "bounced", key, bounce={"type": "Permanent", "message": "no such\x1b[31m user"})
    done = cli("deliveries")
    assert done.code == 0 and "ann@example.com" in done.out and "bounced" in done.out and "\x1b[31m" not in done.out
    assert f" {key.split(':')[0]} " in done.out
    (row,) = cli("deliveries", "list", "--json").json
    assert row["status"] == "bounced" and row["step_id"] == "mail" and row["execution_id"] == key.split(":")[0]
    assert cli("deliveries", "list", "--status", "delivered", "--json").json == []
    assert len(cli("deliveries", "list", "--execution", key[:13], "--address", "ANN@example.com", "--json").json) == 1
    assert cli("deliveries", "list", "--status", "nice").code == 2
    assert cli("deliveries", "list", "--execution", "ffffffff").code == 1


def test_a_secret_stays_here(mail: Mail, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is set verifies callbacks, and the secret is found in no row of the table and in nothing that is printed."""
    provider = mail.connect("mailgun", key=False)
    monkeypatch.setenv("MAILGUN_SIGNING_KEY", provider.secret)
    done = cli("deliveries", "key", "mailgun", "--secret", "env:MAILGUN_SIGNING_KEY", "--reason", "new")
    assert done.code == 0 and "is set" in done.out and provider.secret not in done.out + done.err
    path = tmp_path / "key"
    path.write_text(provider.secret + "\n")
    assert "was set already" in cli("deliveries", "key", "mailgun", "--secret", f"file:{path}").out
    rows = mail.db.execute(
        "select k::text from pgwhen.callback_keys k union all select a::text from pgwhen.audit_log a"
    )
    assert not [
        text for (text,) in rows.fetchall() if provider.secret in text or provider.secret.encode().hex() in text
    ]
    mail.app.apply({**EMAIL, "connection": "mailgun"})
    key = mail.send(connection="mailgun")
    assert mail.tell("mailgun", "delivered", key)["recorded"] == 1
    (row,) = cli("deliveries", "keys", "--json").json
    assert row["connection"] == "mailgun" and row["scheme"] == "hmac-sha256"
    assert row["fingerprint"] in cli("deliveries", "keys").out
    assert cli("deliveries", "forget-key", "mailgun", "--json").json == {"removed": 1}
    assert cli("deliveries", "forget-key", "mailgun").code == 1


def test_public_keys(mail: Mail, cli: Cli, tmp_path: Path) -> None:
    telnyx, sendgrid = mail.connect("telnyx", key=False), mail.connect("sendgrid", key=False)
    assert cli("deliveries", "key", "telnyx", "--public-key", telnyx.secret, "--json").json["result"] == "set"
    path = tmp_path / "key.pem"
    path.write_text(f"-----BEGIN PUBLIC KEY-----\n{sendgrid.secret}\n-----END PUBLIC KEY-----\n")
    assert cli("deliveries", "key", "sendgrid", "--public-key", f"@{path}").code == 0
    mail.app.apply(EMAIL)
    key = mail.send(connection="sendgrid")
    assert mail.tell("sendgrid", "delivered", key)["recorded"] == 1


def test_twilio_signs_by_the_token_of_its_connection(mail: Mail, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = mail.connect("twilio", key=False)
    assert cli("deliveries", "key", "twilio").code == 2
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", provider.secret)
    assert cli("deliveries", "key", "twilio").code == 0
    mail.db.execute(
        "update pgwhen.connections set origin = 'defined', secrets = '{\"token\": \"env:OWN\"}' where name = 'twilio'"
    )
    done = cli("deliveries", "key", "twilio")
    assert done.code == 1 and "env:OWN" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nobody", "--secret", "env:X"], 2, "no connection nobody"),
        (["resend"], 2, "--secret"),
        (["resend", "--secret", "env:NOT_SET_HERE"], 1, "NOT_SET_HERE"),
        (["resend", "--secret", "whsec_abc"], 1, "neither env:"),
        (["resend", "--public-key", "x"], 2, "--secret"),
        (["telnyx"], 2, "--public-key"),
        (["telnyx", "--public-key", "x y"], 1, "base64"),
        (["telnyx", "--public-key", "@/nowhere"], 2, "/nowhere"),
        (["smtp", "--secret", "env:X"], 1, "no callbacks"),
    ],
)
def test_what_it_refuses(mail: Mail, cli: Cli, arguments: list[str], code: int, said: str) -> None:
    for name in ("resend", "telnyx"):
        mail.connect(name, key=False)
    mail.connect("smtp", key=False)
    done = cli("deliveries", "key", *arguments)
    assert done.code == code and said in done.err
    assert mail.app.count("pgwhen.callback_keys") == 0


def test_links_get_a_new_key(mail: Mail, cli: Cli) -> None:
    assert cli("deliveries", "rotate-links", "--reason", "yearly", "--json").json == {"key_id": 2}
    assert "by key 3" in cli("deliveries", "rotate-links").out
