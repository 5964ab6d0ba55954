"""E-mails as bytes: what the standard library reads back is what was meant."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgwhen.poller.channels import Connection, Unsendable, mime
from pgwhen.poller.channels import email as _email

SMTP = Connection("smtp", "smtp", {"from": "hello@acme.example"})
NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


def to_bytes(**definition: Any) -> bytes:
    given = {"to": ["ann@example.com"], "subject": "Hello", "text": "Hi"} | definition
    return mime.to_bytes(_email.message(given, SMTP, "ex:thank:1:0", NOW))


def parse(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)


def test_a_plain_message() -> None:
    assert to_bytes().decode() == (
        "From: hello@acme.example\r\n"
        "To: ann@example.com\r\n"
        "Subject: Hello\r\n"
        "Date: Sat, 01 Mar 2025 12:00:00 +0000\r\n"
        "Message-ID: <ex.thank.1.0@acme.example>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 7bit\r\n"
        "\r\n"
        "Hi\r\n"
    )


def test_text_and_html_are_alternatives() -> None:
    message = parse(to_bytes(text="Hi ü\n", html="<p>Hi ü</p>"))
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()] == ["Hi ü\n", "<p>Hi ü</p>"]


def test_html_alone() -> None:
    assert parse(to_bytes(text=None, html="<p>Hi</p>")).get_content_type() == "text/html"


def test_long_headers_are_folded_and_unfold_to_the_same() -> None:
    url = "<https://example.com/" + "x" * 300 + ">"
    subject = "word " * 40
    data = to_bytes(subject=subject, headers={"List-Unsubscribe": url, "X-Many": "a, " * 60 + "z"})
    message = parse(data)
    assert message["Subject"] == subject.strip()
    assert message["List-Unsubscribe"] == url
    assert message["X-Many"] == "a, " * 60 + "z"
    assert f"List-Unsubscribe: {url}".encode() in data
    assert max(map(len, data.split(b"\r\n"))) < 400


def test_a_header_beyond_the_limit_is_refused() -> None:
    with pytest.raises(Unsendable, match="X-Long is too long"):
        to_bytes(headers={"X-Long": "x" * 1000})


def test_names_in_any_script() -> None:
    message = parse(
        to_bytes(to=["Jörg Müller <j@example.com>", '"Vries, Ann" <a@example.com>', "山田 <y@example.com>"])
    )
    assert [(a.display_name, a.addr_spec) for a in message["To"].addresses] == [
        ("Jörg Müller", "j@example.com"),
        ("Vries, Ann", "a@example.com"),
        ("山田", "y@example.com"),
    ]


def test_bcc_is_nowhere() -> None:
    assert b"secret@example.com" not in to_bytes(bcc=["secret@example.com"])


header_text = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).filter(str.strip)
body_text = st.text(
    st.characters(exclude_characters="\0\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", exclude_categories=["Cs"])
)


@given(subject=header_text, text=body_text.filter(bool))
def test_whatever_is_written_is_read(subject: str, text: str) -> None:
    data = to_bytes(subject=subject, text=text, html="<p>")
    assert data.isascii()
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    message = parse(data)
    raw = email.message_from_bytes(data)
    decoded = str(email.header.make_header(email.header.decode_header(raw["Subject"].replace("\r\n", ""))))
    assert decoded.split() == subject.split()
    (plain, _) = message.iter_parts()
    payload = plain.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n") == text
