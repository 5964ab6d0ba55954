"""SMTP over real sockets: TLS, passwords, kept connections, and what each loss means."""

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.poller import mail
from pgwhen.poller.channels import Attempt, Connection, email, smtp
from pgwhen.poller.mail import Mailer
from pgwhen.poller.outcome import Outcome
from tests.servers import CERTIFICATE, MailServer, mail_server, tls_context, unused_port

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


def connection(url: str) -> Connection:
    return Connection("smtp", "smtp", {"from": "Acme <hello@acme.example>"}, {"url": url})


def envelope(url: str, timeout: float = 5.0, **definition: Any) -> smtp.Envelope:
    ours = connection(url)
    given = {"to": ["ann@example.com"], "subject": "Hello", "text": "Hi"} | definition
    message = email.message(given, ours, "ex:thank:1:0", NOW)
    return smtp.request(message, Attempt("ex:thank:1:0", 1, timeout, ours, str))


def in_mailer(work: Callable[[Mailer], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Mailer() as mailer:
            return await work(mailer)

    return asyncio.run(run())


def send(server: MailServer | str, timeout: float = 5.0, **definition: Any) -> Outcome:
    """Send one message with a mailer of its own."""
    url = server if isinstance(server, str) else server.url

    async def once(mailer: Mailer) -> Outcome:
        return smtp.outcome(await mailer.send(envelope(url, timeout, **definition)))

    outcome: Outcome = in_mailer(once)
    return outcome


def test_a_message_arrives() -> None:
    with mail_server() as server:
        outcome = send(server, cc=["Bob <bob@example.com>"], bcc=["eve@example.com"], html="<p>Hi</p>")
        (received,) = server.received
    assert outcome.class_ == "ok"
    assert outcome.output == {"message_id": "<ex.thank.1.0@acme.example>", "provider": "smtp"}
    assert outcome.provider_message_id == "<ex.thank.1.0@acme.example>"
    assert outcome.answer == {"code": 250, "text": "2.0.0 Ok: queued as ABC123"}
    assert received.sender == "hello@acme.example"
    assert received.recipients == ["ann@example.com", "bob@example.com", "eve@example.com"]
    assert received.text() == "Hi"
    assert received.text("html") == "<p>Hi</p>"
    assert b"eve" not in received.data
    assert received.message["Auto-Submitted"] == "auto-generated"


def test_the_bytes_are_the_same_each_time() -> None:
    with mail_server() as server:
        for _ in range(2):
            send(server, text="Grüße\n.\n..\nFrom x\n", html="<p>ü</p>")
        first, second = server.received
    assert first.data == second.data
    assert first.text() == "Grüße\n.\n..\nFrom x\n"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it cannot see TLS from the first byte
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_tls_with_a_known_authority(tls: str) -> None:
    with mail_server(tls, ("ann", "pass-word")) as server:
        assert send(server).class_ == "ok"
        assert len(server.received) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_ends_it_before_the_message(tls: str) -> None:
    with mail_server(tls) as server:
        outcome = send(server.url.replace("cafile=", "ignored="))
        assert server.received == []
    assert outcome.class_ == "transient"
    assert outcome.error and outcome.error["code"] == "tls"


def test_a_server_without_starttls_gets_nothing_in_clear() -> None:
    with mail_server() as server:
        outcome = send(server.url + "?starttls")
        assert server.received == []
    assert outcome.class_ == "auth"
    assert outcome.error and "STARTTLS" in outcome.error["message"]


def test_a_wrong_password_is_the_connections_fault() -> None:
    with mail_server("starttls", ("ann", "right")) as server:
        outcome = send(server.url.replace("right", "wrong"))
        assert server.received == []
    assert outcome.class_ == "auth"
    assert outcome.error and outcome.error["code"] == "smtp_535"
    assert "wrong" not in str(outcome)


def test_a_server_that_knows_no_passwords_is_the_connections_fault() -> None:
    with mail_server() as server:
        assert send(server.url.replace("smtp://", "smtp://ann:pw@")).class_ == "auth"


REPLIES = [
    ("550 5.1.1 no such message", "permanent", "smtp_550"),
    ("552 5.3.4 too big", "permanent", "smtp_552"),
    ("554 5.7.1 spam", "permanent", "smtp_554"),
    ("451 4.3.0 later", "transient", "smtp_451"),
    ("421 4.7.0 closing", "transient", "smtp_421"),
    ("454 Throttling failure: Maximum sending rate exceeded.", "throttled", "smtp_454"),
    ("mail:530 5.7.0 Authentication required", "auth", "smtp_530"),
    ("mail:550 5.7.1 sender not allowed", "permanent", "smtp_550"),
    ("mail:451 4.3.0 later", "transient", "smtp_451"),
    ("rcpt:550 5.1.1 unknown", "permanent", "smtp_550"),
    ("rcpt:450 4.2.1 greylisted", "transient", "smtp_450"),
    ("rcpt:452 4.2.2 mailbox full", "transient", "smtp_452"),
]


@pytest.mark.parametrize(("fault", "class_", "code"), REPLIES)
def test_replies_have_classes(fault: str, class_: str, code: str) -> None:
    with mail_server() as server:
        server.script = [fault]
        outcome = send(server)
        assert server.received == []
    assert outcome.class_ == class_
    assert outcome.error and outcome.error["code"] == code


def test_refused_recipients_stand_beside_those_that_got_it() -> None:
    with mail_server() as server:
        server.script = ["rcpt:550 5.1.1 unknown"]
        outcome = send(server, to=["gone@example.com", "ann@example.com"])
        (received,) = server.received
    assert received.recipients == ["ann@example.com"]
    assert outcome.class_ == "ok"
    assert outcome.output and outcome.output["refused"] == [
        {"address": "gone@example.com", "code": 550, "message": "5.1.1 unknown"}
    ]


def test_some_refused_for_now_and_none_taken_is_tried_again() -> None:
    with mail_server() as server:
        server.script = ["rcpt:550 5.1.1 unknown", "rcpt:450 4.2.1 later"]
        assert send(server, to=["gone@example.com", "ann@example.com"]).class_ == "transient"


def test_lost_after_the_message_is_uncertain() -> None:
    with mail_server() as server:
        server.script = ["drop"]
        outcome = send(server)
        assert len(server.received) == 1
    assert outcome.class_ == "uncertain"


def test_no_reply_to_the_message_in_time_is_uncertain() -> None:
    with mail_server() as server:
        server.script = ["slow"]
        outcome = send(server, timeout=0.5)
    assert outcome.class_ == "uncertain"
    assert outcome.error and outcome.error["code"] == "timeout"


def test_lost_before_the_message_is_safe() -> None:
    with mail_server() as server:
        server.script = ["drop_at_mail"]
        assert send(server).class_ == "transient"
    assert send(f"smtp://127.0.0.1:{unused_port()}").class_ == "transient"
    assert send("smtp://nowhere.invalid:25").class_ == "transient"


def test_a_server_that_says_nothing_is_safe() -> None:
    async def silent() -> Outcome:
        async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.read()
            finally:
                writer.close()

        server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
        async with server, Mailer() as mailer:
            url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            return smtp.outcome(await mailer.send(envelope(url, timeout=0.3)))

    outcome = asyncio.run(silent())
    assert outcome.class_ == "transient"
    assert outcome.error and outcome.error["code"] == "timeout"


def test_a_connection_ends_without_the_servers_goodbye() -> None:
    left = threading.Event()

    def refuse(listener: socket.socket) -> None:
        with listener, tls_context().wrap_socket(listener.accept()[0], server_side=True) as peer:
            peer.sendall(b"220 hello\r\n")
            peer.recv(1000)
            peer.sendall(b"250 hello\r\n")
            peer.recv(1000)
            peer.sendall(b"550 no\r\n")
            left.wait(10)

    listener = socket.create_server(("127.0.0.1", 0))
    server = threading.Thread(target=refuse, args=(listener,))
    server.start()
    outcome = send(f"smtps://localhost:{listener.getsockname()[1]}?cafile={CERTIFICATE}")
    gc.collect()  # warns of what was left open
    left.set()
    server.join()
    assert outcome.error and outcome.error["code"] == "smtp_550"


def test_connections_are_used_again() -> None:
    with mail_server() as server:

        async def several(mailer: Mailer) -> None:
            for _ in range(5):
                assert smtp.outcome(await mailer.send(envelope(server.url))).class_ == "ok"

        in_mailer(several)
        assert (len(server.received), server.connections) == (5, 1)


def test_a_crowd_shares_a_few_connections() -> None:
    with mail_server() as server:

        async def crowd(mailer: Mailer) -> None:
            await asyncio.gather(*(mailer.send(envelope(server.url)) for _ in range(40)))

        in_mailer(crowd)
        assert len(server.received) == 40
        assert server.connections <= mail.LIMIT


def test_a_kept_connection_that_was_closed_is_replaced() -> None:
    with mail_server() as server:

        async def twice(mailer: Mailer) -> list[str]:
            first = await mailer.send(envelope(server.url))
            server.script = ["drop_at_mail"]
            return [smtp.outcome(answer).class_ for answer in (first, await mailer.send(envelope(server.url)))]

        assert in_mailer(twice) == ["ok", "ok"]
        assert (len(server.received), server.connections) == (2, 2)


def test_an_error_does_not_spoil_the_next_message() -> None:
    with mail_server() as server:
        server.script = ["550 no", "rcpt:550 unknown", None]

        async def thrice(mailer: Mailer) -> list[str]:
            return [smtp.outcome(await mailer.send(envelope(server.url))).class_ for _ in range(3)]

        assert in_mailer(thrice) == ["permanent", "permanent", "ok"]


def test_addresses_beyond_ascii_need_smtputf8() -> None:
    with mail_server() as server:
        assert send(server, to=["jörg@exämple.com"]).class_ == "ok"
        assert server.received[0].recipients == ["jörg@xn--exmple-cua.com"]
    with mail_server(smtputf8=False) as server:
        outcome = send(server, to=["jörg@example.com"])
        assert server.received == []
        assert outcome.class_ == "permanent"
        assert outcome.error and outcome.error["code"] == "smtputf8"
        assert send(server, to=["jo@exämple.com"]).class_ == "ok"
        assert server.received[0].recipients == ["jo@xn--exmple-cua.com"]


def test_a_stopped_send_closes_its_connection() -> None:
    with mail_server() as server:
        server.script = ["slow"]

        async def stop(mailer: Mailer) -> None:
            task = asyncio.create_task(mailer.send(envelope(server.url)))
            await asyncio.sleep(0.3)
            task.cancel()
            started = time.monotonic()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - started < 1

        in_mailer(stop)


URLS = [
    ("smtp://mail.example", ("mail.example", 25, "none")),
    ("smtp://mail.example:587", ("mail.example", 587, "starttls")),
    ("smtp://mail.example?starttls", ("mail.example", 587, "starttls")),
    ("smtp://mail.example:25?starttls=true", ("mail.example", 25, "starttls")),
    ("smtp://localhost:587?starttls=false", ("localhost", 587, "none")),
    ("smtps://mail.example", ("mail.example", 465, "tls")),
    ("smtps://u%40x:p%2Fw@mail.example:4650", ("mail.example", 4650, "tls")),
]


@pytest.mark.parametrize(("url", "expected"), URLS)
def test_smtp_url(url: str, expected: tuple[str, int, str]) -> None:
    server = smtp.server(url)
    assert (server.host, server.port, server.tls) == expected


def test_passwords_are_decoded_and_do_not_show() -> None:
    server = smtp.server("smtps://u%40x:p%2Fw@mail.example")
    assert (server.user, server.password) == ("u@x", "p/w")
    assert "p/w" not in repr(server)


@pytest.mark.parametrize("url", ["http://x", "smtp://", "mail.example:25", "smtp://u:hunter2@mail.example:25"])
def test_a_wrong_url_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL") as caught:
        smtp.server(url)
    assert "hunter2" not in str(caught.value)
