"""What is frozen of an e-mail, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.poller.channels import Connection, NotConfigured, Unsendable, email

SMTP = Connection("smtp", "smtp", {"from": "Acme B.V. <hello@acme.example>"})
NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
GOOD = {"to": ["ann@example.com"], "subject": "Hello", "text": "Hi"}


def message(connection: Connection = SMTP, **definition: Any) -> dict[str, Any]:
    return email.message(GOOD | definition, connection, "ex:thank:1:0", NOW)


def test_a_message() -> None:
    assert message() == {
        "from": '"Acme B.V." <hello@acme.example>',
        "to": ["ann@example.com"],
        "subject": "Hello",
        "text": "Hi",
        "message_id": "<ex.thank.1.0@acme.example>",
        "date": "Sat, 01 Mar 2025 12:00:00 +0000",
    }


def test_all_keys() -> None:
    found = message(
        cc=["b@x.org", "C <c@x.org>"],
        bcc=["d@x.org"],
        reply_to=["e@x.org"],
        html="<p>",
        headers={"X-Job": "7", "X-Null": None},
        **{"from": "Other <o@y.org>"},
    )
    assert found["cc"] == ["b@x.org", "C <c@x.org>"]
    assert found["reply_to"] == ["e@x.org"]
    assert found["from"] == "Other <o@y.org>"
    assert found["message_id"] == "<ex.thank.1.0@y.org>"
    assert found["headers"] == {"X-Job": "7"}
    assert email.recipients(found) == ["ann@example.com", "b@x.org", "c@x.org", "d@x.org"]


def test_each_recipient_once() -> None:
    assert email.recipients(message(to=["a@x.org", "A <a@x.org>"], cc=["a@X.ORG"])) == ["a@x.org"]


@pytest.mark.parametrize(
    ("given", "frozen"),
    [
        ("ann@example.com", "ann@example.com"),
        (" ann@EXAMPLE.com ", "ann@example.com"),
        ("Ann <ann@example.com>", "Ann <ann@example.com>"),
        ("Ann de Vries-Ö <ann@example.com>", "Ann de Vries-Ö <ann@example.com>"),
        ('"Vries, Ann" <ann@example.com>', '"Vries, Ann" <ann@example.com>'),
        ('Ann "x" <ann@example.com>', '"Ann \\"x\\"" <ann@example.com>'),
        ("<ann@example.com>", "ann@example.com"),
        ("o'brien+tag@sub.example.co.uk", "o'brien+tag@sub.example.co.uk"),
        ("jörg@exämple.com", "jörg@exämple.com"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_addresses(given: str, frozen: str) -> None:
    assert message(to=[given])["to"] == [frozen]


@pytest.mark.parametrize(
    "address",
    [
        "ann",
        "ann@",
        "@example.com",
        "a b@example.com",
        "ann@exa mple.com",
        "ann@example..com",
        "ann@-example.com",
        "ann@example.com, eve@example.com",
        "ann@example.com;eve@example.com",
        "ann@example.com\r\nBcc: eve@example.com",
        "Ann\n<ann@example.com>",
        "Ann\u2028<ann@example.com>",
        "a..b@example.com",
        ".a@example.com",
        "ann@example.com>",
        "<ann@example.com",
        "ann@@example.com",
        "a\x00b@example.com",
        "x" * 65 + "@example.com",
        "a@" + "x" * 64 + ".com",
        7,
        {"email": "ann@example.com"},
    ],
)
def test_what_is_no_address_is_refused(address: Any) -> None:
    with pytest.raises(Unsendable, match="to"):
        message(to=[address])


@pytest.mark.parametrize("to", [None, [], "", "  ", [None], [""]])
def test_there_is_no_default_recipient(to: Any) -> None:
    with pytest.raises(Unsendable, match="to is missing"):
        message(to=to)


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"subject": ""}, "subject is missing"),
        ({"subject": None}, "subject is missing"),
        ({"subject": "a\nBcc: x@example.com"}, "subject contains a line break"),
        ({"text": ""}, "text is missing"),
        ({"from": "a@x.org\r\nX: y"}, "from contains a line break"),
        ({"from": ["a@x.org", "b@x.org"]}, "from takes one address"),
        ({"headers": {"X-A": "a\r\nBcc: x@example.com"}}, "headers.X-A contains a line break"),
        ({"headers": {"Bcc": "x@example.com"}}, "'Bcc' cannot be set"),
        ({"headers": {"subject": "x"}}, "'subject' cannot be set"),
        ({"headers": {"Content-Type": "x"}}, "'Content-Type' cannot be set"),
        ({"headers": {"X A": "x"}}, "'X A' cannot be set"),
        ({"headers": {"X:": "x"}}, "cannot be set"),
        ({"headers": ["x"]}, "headers is not an object"),
    ],
)
def test_what_is_wrong_is_named(definition: dict[str, Any], problem: str) -> None:
    with pytest.raises(Unsendable, match=problem):
        message(**definition)


@pytest.mark.parametrize(("name", "variable"), [("smtp", "SMTP_FROM"), ("resend", "RESEND_FROM_EMAIL")])
def test_without_a_sender_the_variable_is_named(name: str, variable: str) -> None:
    with pytest.raises(Unsendable, match=f"from is missing: set {variable}"):
        message(Connection(name, name))
    with pytest.raises(Unsendable, match="from is missing: pgwhen connections set mail from="):
        message(Connection("mail", "smtp"))
    assert not issubclass(Unsendable, NotConfigured)
