"""Keys for callbacks: what verifies is kept, three at most, and nothing that signs elsewhere."""

import json
from typing import Any

import psycopg
import pytest

from pgwhen.cli.callback_keys import verifier
from tests.sql.deliveries.support import Mail, Provider


def set_key(mail: Mail, name: str, given: Any, reason: str | None = None) -> Any:
    row = mail.db.execute("select pgwhen.set_callback_key(%s, %s, %s)", [name, json.dumps(given), reason]).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("name", ["resend", "sendgrid", "mailgun", "twilio", "telnyx", "messagebird"])
def test_a_key_of_each_provider(mail: Mail, name: str) -> None:
    provider = mail.connect(name, key=False)
    result = set_key(mail, name, verifier(name, provider.secret), "new")
    assert result["result"] == "set" and result["provider"] == name and len(result["fingerprint"]) == 12
    assert set_key(mail, name, verifier(name, provider.secret))["result"] == "known"
    audit = mail.db.execute("select target, reason, detail from pgwhen.audit_log").fetchall()
    assert audit == [(name, "new", {"fingerprint": result["fingerprint"]})]


def test_the_newest_three_count(mail: Mail) -> None:
    mail.connect("resend", key=False)
    made = []
    for i in range(5):
        mail.app.at(f"2026-01-05T12:0{i}:00Z")
        made.append(
            set_key(mail, "resend", verifier("resend", Provider.make("resend", f"s{i}rt").secret))["fingerprint"]
        )
    kept = mail.db.execute("select fingerprint from pgwhen.callback_keys order by made_at").fetchall()
    assert [row[0] for row in kept] == made[2:]


RIGHT = verifier("resend", Provider.make("resend").secret)


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        [],
        "x",
        {**RIGHT, "scheme": "hmac-sha1"},
        {**RIGHT, "inner": "00"},
        {**RIGHT, "outer": RIGHT["outer"].upper() + "x"},
        {**RIGHT, "secret": "whsec_x"},
        {"scheme": "hmac-sha256", "secret": "whsec_x"},
        {"scheme": "p256", "public_key": "04" + "00" * 64},
    ],
)
def test_anything_else_is_refused(mail: Mail, given: Any) -> None:
    mail.connect("resend", key=False)
    with pytest.raises(psycopg.errors.Error) as error:
        set_key(mail, "resend", given)
    assert error.value.sqlstate == "WF465"
    assert mail.app.count("pgwhen.callback_keys") == 0


def test_only_for_connections_whose_provider_tells(mail: Mail) -> None:
    mail.connect("smtp", key=False)
    for name, state in (("smtp", "WF465"), ("nobody", "WF201")):
        with pytest.raises(psycopg.errors.Error) as error:
            set_key(mail, name, RIGHT)
        assert error.value.sqlstate == state


def test_roles(mail: Mail, connect: Any) -> None:
    mail.connect("resend", key=False)
    for role in ("pgwhen_viewer", "pgwhen_app", "pgwhen_author", "pgwhen_poller"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connect(user=role).execute("select pgwhen.set_callback_key('resend', %s)", [json.dumps(RIGHT)])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connect(user=role).execute("select verifier from pgwhen.callback_keys")
