"""Local servers that keep what they receive, for the demo and for trying things out.

async with smtp_sink() as mail, http_sink() as calls:
    ...  # SMTP_URL=mail.url, an http step to calls.url + "/x"; private addresses need PGWHEN_HTTP_ALLOW=127.0.0.0/8
    mail.received[0].message["Subject"], calls.received[0].json
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that arrived, as it stood in the SMTP conversation."""

    sender: str
    recipients: list[str]
    data: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.data, policy=policy.default)

    def text(self, kind: str = "plain") -> str:
        """The body as plain text, or as html; "" when there is none. Lines end with a line feed."""
        body = self.message.get_body((kind,))
        return "" if body is None else str(body.get_content()).replace("\r\n", "\n")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that arrived, names of headers in lower case; ``target`` is the path and query as sent."""

    method: str
    target: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(slots=True)
class SmtpSink:
    """Where the server is, and what came."""

    url: str
    received: list[Mail] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class HttpSink:
    """Where the server is, and what came."""

    url: str
    received: list[Call] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


@contextlib.asynccontextmanager
async def smtp_sink(
    port: int = 0, on_mail: Callable[[Mail], None] | None = None, host: str = HOST
) -> AsyncIterator[SmtpSink]:
    """A mail server without TLS and passwords that takes everything; port 0 chooses a free one."""
    sink = SmtpSink("")

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for mail in _conversation(reader, writer):
                sink.received.append(mail)
                sink.arrived.set()
                if on_mail:
                    on_mail(mail)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever sent went away
        finally:
            writer.close()

    server = await asyncio.start_server(converse, host, port)
    sink.url = f"smtp://{host}:{server.sockets[0].getsockname()[1]}"
    try:
        yield sink
    finally:
        server.close()


async def _conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator[Mail]:
    """What a mail server says (RFC 5321); yields each message before its reply."""
    sender, recipients = "", list[str]()
    writer.write(b"220 pgwhen sink\r\n")
    while line := await reader.readline():
        command = line.decode(errors="replace").strip()
        verb = command.upper()
        if verb.startswith("EHLO"):
            writer.write(b"250-pgwhen\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
        elif verb.startswith("MAIL FROM:"):
            sender, recipients = _address(command), []
            writer.write(b"250 ok\r\n")
        elif verb.startswith("RCPT TO:"):
            recipients.append(_address(command))
            writer.write(b"250 ok\r\n")
        elif verb == "DATA":
            writer.write(b"354 go on\r\n")
            data = await _data(reader)
            yield Mail(sender, recipients, data)
            writer.write(b"250 ok\r\n")
        elif verb == "QUIT":
            writer.write(b"221 bye\r\n")
            return
        elif verb.startswith(("HELO", "RSET", "NOOP")):
            writer.write(b"250 ok\r\n")
        else:
            writer.write(b"502 not known\r\n")
        await writer.drain()


def _address(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


async def _data(reader: asyncio.StreamReader) -> bytes:
    """The message up to the final dot. Raises IncompleteReadError if the client goes before: no mail arrived then."""
    lines = []
    while (line := await reader.readline()) != b".\r\n":
        if not line.endswith(b"\n"):
            raise asyncio.IncompleteReadError(line, None)
        lines.append(line[1:] if line.startswith(b"..") else line)
    return b"".join(lines)


@contextlib.asynccontextmanager
async def http_sink(
    port: int = 0,
    on_call: Callable[[Call], None] | None = None,
    host: str = HOST,
    answer_with: Callable[[Call], Any] = lambda call: {"ok": True},
) -> AsyncIterator[HttpSink]:
    """A web server that answers every request with 200 and a JSON body; port 0 chooses a free one."""
    sink = HttpSink("")

    async def answer(request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        call = Call(request.method, request.raw_path, request.path, dict(request.query), headers, body)
        sink.received.append(call)
        sink.arrived.set()
        if on_call:
            on_call(call)
        return web.json_response(answer_with(call))

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    sink.url = f"http://{host}:{runner.addresses[0][1]}"
    try:
        yield sink
    finally:
        await runner.cleanup()
