"""SMTP connections: in parts and as a URL; the probe; attachments and headers as they arrive; dead addresses."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from pgwhen.poller.channels import Connection, Unsendable, smtp
from pgwhen.poller.channels import email as _email
from pgwhen.poller.mail import Mailer
from tests.poller.channels.support import KEY, Attempt, send
from tests.servers import MailServer, mail_server, unused_port

GOOD = {"to": ["ann@example.com"], "subject": "Hello", "text": "Hi"}
PDF = b"%PDF-1.7 \x00\xff" * 10


def environ(server: MailServer) -> dict[str, str]:
    return {"SMTP_URL": server.url, "SMTP_FROM": "Acme <hello@acme.example>"}


# ---------------------------------------------------------------- where it leads


def test_a_connection_in_parts_is_the_url() -> None:
    settings = {"host": "mail.example", "user": "ann", "port": "587"}
    found = smtp.server_of(settings, {"password": "s/e:c@ret"})
    assert found == smtp.server("smtp://ann:s%2Fe%3Ac%40ret@mail.example:587")
    assert smtp.server_of({"host": "m"}, {}).port == 587
    assert (
        smtp.server_of({"host": "m", "tls": "tls"}, {}).port,
        smtp.server_of({"host": "m", "tls": "none"}, {}).port,
    ) == (465, 25)
    assert smtp.server_of({"host": "ignored"}, {"url": "smtps://x@y"}).host == "y"


WRONG: list[tuple[dict[str, str], dict[str, str], str]] = [
    ({}, {}, "the mail server is missing"),
    ({"host": "m", "tls": "maybe"}, {}, "tls is 'maybe'"),
    ({"host": "m", "port": "²"}, {}, "port is"),
    ({"host": "m", "port": "0"}, {}, "port is"),
    ({"host": "m", "user": "ann"}, {}, "password is missing"),
    ({"host": "m"}, {"password": "x"}, "user is missing"),
    ({"host": "m", "tls": "none", "user": "ann"}, {"password": "pw-secret"}, "a password without TLS"),
    ({}, {"url": "http://m"}, r"the secret url \(SMTP_URL\) is not"),
    ({}, {"url": "smtp://ann:pw-secret@m:25"}, "no TLS"),
]


@pytest.mark.parametrize(("settings", "secrets", "text"), WRONG)
def test_what_is_wrong_is_said_without_the_secret(settings: dict[str, str], secrets: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError, match=text) as found:
        smtp.check(settings, secrets)
    assert "pw-secret" not in str(found.value)


def probe(url: str) -> Any:
    connection = Connection("smtp", "smtp", {}, {"url": url})
    call = smtp.probe(Attempt("test:1", 1, 3.0, connection, str))
    return smtp.probed(asyncio.run(call.run()))  # type: ignore[arg-type]


def test_the_probe_connects_and_logs_in_and_sends_nothing() -> None:
    with mail_server("starttls", ("ann", "right")) as server:
        assert probe(server.url).class_ == "ok"
        assert probe(server.url.replace("right", "wrong")).class_ == "auth"
        assert server.received == []
    assert probe(f"smtp://127.0.0.1:{unused_port()}").class_ == "transient"


# ---------------------------------------------------------------- what arrives


def test_attachments_arrive() -> None:
    files = [
        {"text": "naïve,1\n", "file": "übersicht für März.csv"},
        {
            "text": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
            "file": "x.ics",
            "media_type": "text/calendar; method=REQUEST",
        },
        {"text": "x", "file": "a/b\\..\\" + "long" * 50 + ".txt"},
    ]
    with mail_server() as server:
        for _ in range(2):
            assert send("smtp", environ(server), **GOOD, html="<p>Hi</p>", attachments=files).class_ == "ok"
        first, second = server.received
    assert first.data == second.data
    assert max(map(len, first.data.split(b"\r\n"))) < 100
    message = first.message
    assert message.get_content_type() == "multipart/mixed"
    assert first.text() == "Hi" and first.text("html") == "<p>Hi</p>"
    parts = list(message.iter_attachments())
    assert [part.get_filename() for part in parts] == ["übersicht für März.csv", "x.ics", "long" * 50 + ".txt"]
    assert [part.get_content_type() for part in parts] == ["text/csv", "text/calendar", "text/plain"]
    assert parts[1].get_param("method") == "REQUEST"
    assert parts[0].get_payload(decode=True) == "naïve,1\n".encode()


def test_a_stored_document_is_attached() -> None:
    id_ = str(uuid4())
    connection = Connection("smtp", "smtp", {"from": "hello@acme.example"}, {"url": "smtp://127.0.0.1"})
    message = _email.message(GOOD | {"attachments": [{"document": id_}]}, connection, KEY, datetime.now(UTC))
    assert message["documents"] == [id_]
    made = {
        "steps": {"quote": {"output": {"id": id_, "file": "Angebot.pdf", "media_type": "application/pdf"}}, "x": {}}
    }
    _email.name_documents(message, made)
    attempt = Attempt(KEY, 1, 5.0, connection, str, documents={id_: PDF})
    with mail_server() as server:
        connection = Connection("smtp", "smtp", {}, {"url": server.url})
        attempt = Attempt(KEY, 1, 5.0, connection, str, documents={id_: PDF})

        async def once() -> Any:
            async with Mailer() as mailer:
                return await mailer.send(smtp.request(message, attempt))

        assert smtp.outcome(asyncio.run(once())).class_ == "ok"
        (part,) = server.received[0].message.iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("Angebot.pdf", "application/pdf")
    assert part.get_payload(decode=True) == PDF
    with pytest.raises(Unsendable, match="is not stored"):
        smtp.request(message, Attempt(KEY, 1, 5.0, connection, str))


def test_the_output_of_a_step_says_file_and_type_itself() -> None:
    output = {"id": str(uuid4()), "file": "x.pdf", "media_type": "application/pdf", "size": 7}
    connection = Connection("smtp", "smtp", {"from": "hello@acme.example"})
    message = _email.message(GOOD | {"attachments": [{"document": output}]}, connection, KEY, datetime.now(UTC))
    assert message["attachments"] == [{"file": "x.pdf", "media_type": "application/pdf", "document": output["id"]}]


BAD_ATTACHMENTS: list[tuple[Any, str]] = [
    ("x", "attachments is not a list"),
    (["x"], r"attachments\[0\] is not an object"),
    ([{"file": "a"}], "one of document and text"),
    ([{"text": "a", "document": str(uuid4())}], "one of document and text"),
    ([{"text": "a"}], "file is missing"),
    ([{"text": "a", "file": "a\r\nX: y"}], "line break"),
    ([{"text": "a", "file": "../.."}], "not the name of a file"),
    ([{"text": "a", "file": "ü" * 200}], "not the name of a file"),
    ([{"text": {"a": 1}, "file": "a.json"}], "tojson"),
    ([{"text": "a", "file": "a", "media_type": "text/plain\r\nX: y"}], "not a media type"),
    ([{"text": "a", "file": "a", "media_type": "multipart/mixed"}], "not a media type"),
    ([{"document": "1; drop table"}], "not the id of a stored document"),
    ([{"document": {"file": "a.pdf"}}], "not the id of a stored document"),
    ([{"text": "x" * 13_000_000, "file": "a"}, {"text": "x" * 13_000_000, "file": "b"}], "26.0 MB together"),
]


@pytest.mark.parametrize(("attachments", "text"), BAD_ATTACHMENTS)
def test_a_bad_attachment_is_refused_by_name(attachments: Any, text: str) -> None:
    connection = Connection("smtp", "smtp", {"from": "hello@acme.example"})
    with pytest.raises(Unsendable, match=text):
        _email.message(GOOD | {"attachments": attachments}, connection, KEY, datetime.now(UTC))


def test_documents_have_a_limit_too() -> None:
    ids = [str(uuid4()), str(uuid4())]
    connection = Connection("smtp", "smtp", {"from": "hello@acme.example"}, {"url": "smtp://127.0.0.1"})
    given = GOOD | {"attachments": [{"document": id_} for id_ in ids]}
    message = _email.message(given, connection, KEY, datetime.now(UTC))
    with pytest.raises(Unsendable, match=r"30\.0 MB together"):
        smtp.request(message, Attempt(KEY, 1, 5.0, connection, str, documents=dict.fromkeys(ids, b"x" * 15_000_000)))


def test_unsubscribing_is_two_headers() -> None:
    url = "https://acme.example/u/" + "x" * 300 + "?a==?b"
    with mail_server() as server:
        send("smtp", environ(server), **GOOD, unsubscribe=url)
        send("smtp", environ(server), **GOOD, unsubscribe="http://intranet/u")
        send("smtp", environ(server), **GOOD, unsubscribe=url, headers={"list-unsubscribe": "<mailto:u@x.org>"})
        both, plain, own = (mail.message for mail in server.received)
    assert both["List-Unsubscribe"] == f"<{url}>"
    assert both["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (plain["List-Unsubscribe"], plain["List-Unsubscribe-Post"]) == ("<http://intranet/u>", None)
    assert (own["List-Unsubscribe"], own["List-Unsubscribe-Post"]) == ("<mailto:u@x.org>", None)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x/\r\nBcc: eve@x.org", "https://x/>a<", 7])
def test_a_link_that_is_none_is_refused(url: Any) -> None:
    connection = Connection("smtp", "smtp", {"from": "hello@acme.example"})
    with pytest.raises(Unsendable, match="unsubscribe"):
        _email.message(GOOD | {"unsubscribe": url}, connection, KEY, datetime.now(UTC))


# ---------------------------------------------------------------- dead addresses

REFUSALS = [
    ("550 5.1.1 no such user", True),
    ("550 5.1.2 no such host", True),
    ("550 5.1.10 null MX", True),
    ("553 5.1.3 bad syntax", True),
    ("551 5.1.6 moved", True),
    ("550 5.7.1 not from you", False),
    ("550 5.1.8 bad sender", False),
    ("550 5.2.1 disabled", False),
    ("552 5.2.2 full", False),
    ("550 unknown", False),
    ("554 5.1.1 blocked", False),
    ("450 4.1.1 later", False),
]


@pytest.mark.parametrize(("reply", "dead"), REFUSALS)
def test_only_an_address_that_is_dead_is_suppressed(reply: str, dead: bool) -> None:
    with mail_server() as server:
        server.script = [f"rcpt:{reply}"]
        outcome = send("smtp", environ(server), **GOOD | {"to": ["gone@bücher.example"]})
    expected = {"channel": "email", "address": "gone@bücher.example", "reason": "bounce"}
    assert (outcome.extra or {}).get("suppress") == (expected if dead else None)


def test_a_dead_address_beside_a_good_one() -> None:
    with mail_server() as server:
        server.script = ["rcpt:550 5.1.1 gone"]
        outcome = send("smtp", environ(server), **GOOD | {"to": ["gone@example.com", "ann@example.com"]})
    assert outcome.class_ == "ok"
    assert outcome.extra and outcome.extra["suppress"]["address"] == "gone@example.com"


def test_addresses_beyond_ascii_ask_for_eight_bits() -> None:
    with mail_server() as server:
        assert send("smtp", environ(server), **GOOD | {"to": ["jürgen@example.com"]}).class_ == "ok"
    with mail_server(smtputf8=False) as server:
        outcome = send("smtp", environ(server), **GOOD | {"to": ["jürgen@example.com"]})
    assert outcome.error and outcome.error["code"] == "smtputf8"


def test_one_session_carries_many_messages() -> None:
    with mail_server() as server:
        connection = Connection("smtp", "smtp", {"from": "hello@acme.example"}, {"url": server.url})
        message = _email.message(GOOD, connection, KEY, datetime.now(UTC))
        envelope = smtp.request(message, Attempt(KEY, 1, 5.0, connection, str))

        async def many() -> list[Any]:
            async with Mailer(limit=3) as mailer:
                return await asyncio.gather(*(mailer.send(envelope) for _ in range(60)))

        assert {smtp.outcome(answer).class_ for answer in asyncio.run(many())} == {"ok"}
        assert len(server.received) == 60
        assert server.connections <= 3
