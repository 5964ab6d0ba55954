"""The local servers of the demo keep what they receive."""

import asyncio
import ipaddress
from datetime import UTC, datetime

from pgwhen.cli.sinks import http_sink, smtp_sink
from pgwhen.poller.channels import Attempt, Connection, email, smtp
from pgwhen.poller.http import AddressGuard, HttpClient
from pgwhen.poller.mail import Mailer
from pgwhen.poller.outcome import Request, Response


def test_mail_arrives() -> None:
    async def send() -> None:
        seen = []
        async with smtp_sink(on_mail=seen.append) as sink, Mailer() as mailer:
            connection = Connection("smtp", "smtp", {"from": "a@x.org"}, {"url": sink.url})
            definition = {"to": ["jörg@example.com"], "subject": "Grüße", "text": ".dots\n..\nend", "html": "<p>ü"}
            message = email.message(definition, connection, "ex:st:1:0", datetime.now(UTC))
            for _ in range(2):
                reply = await mailer.send(smtp.request(message, Attempt("ex:st:1:0", 1, 5.0, connection, str)))
                assert smtp.outcome(reply).class_ == "ok"
            await asyncio.wait_for(sink.arrived.wait(), 1)
            assert sink.received == seen
            assert len(seen) == 2
            assert seen[0].recipients == ["jörg@example.com"]
            assert seen[0].message["Subject"] == "Grüße"
            assert (seen[0].text(), seen[0].text("html")) == (".dots\n..\nend", "<p>ü")

    asyncio.run(send())


def test_calls_arrive() -> None:
    async def send() -> None:
        allowed = AddressGuard((ipaddress.ip_network("127.0.0.0/8"),))
        async with http_sink() as sink, HttpClient(allowed) as client:
            answer = await client.send(Request("PUT", sink.url + "/a%2Fb?q=1", {"X-A": "1"}, b'{"n": 1}', timeout=5))
            assert isinstance(answer, Response)
            assert answer.json == {"ok": True}
            (call,) = sink.received
            assert (call.method, call.target, call.path, dict(call.query)) == ("PUT", "/a%2Fb?q=1", "/a/b", {"q": "1"})
            assert (call.json, call.headers["x-a"]) == ({"n": 1}, "1")

    asyncio.run(send())


def test_rude_clients_do_no_harm() -> None:
    async def talk() -> None:
        async with smtp_sink() as sink:
            port = int(sink.url.rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert (await reader.readline()).startswith(b"220")
            writer.write(b"WHAT\r\nHELO x\r\nRSET\r\n")
            assert [(await reader.readline())[:3] for _ in range(3)] == [b"502", b"250", b"250"]
            writer.close()
            assert sink.received == []

    asyncio.run(talk())
