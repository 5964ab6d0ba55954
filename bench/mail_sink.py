"""Where messages arrive: the providers of a benchmark in a process of their own, which count calls and messages.

``python -m bench.mail_sink [DELAY]`` prints the ports of its web and its mail server (with TLS). Each call is answered
as its provider would, DELAY seconds later. ``GET /`` gives ``{calls, messages, sessions}``.
"""

import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from aiohttp import web

from .sink import ROOT, Sink

FROM = "Acme <hello@acme.example>"

_CERTIFICATE = ROOT / "tests" / "tls" / "localhost.pem"


@dataclass(frozen=True, slots=True)
class Counts:
    """What arrived: requests or SMTP messages, messages in them, SMTP connections."""

    calls: int
    messages: int
    sessions: int


@dataclass(frozen=True, slots=True)
class MailSink(Sink):
    """A running sink; ``smtp`` is a URL for SMTP_URL."""

    smtp: str

    def counts(self) -> Counts:
        """What has arrived."""
        return Counts(**self.arrivals())  # type: ignore[arg-type]

    def environ(self, provider: str) -> dict[str, str]:
        """The variables that make a poller send to it."""
        upper = provider.upper()
        match provider:
            case "smtp":
                return {"SMTP_URL": self.smtp, "SMTP_FROM": FROM}
            case "messagebird":
                own = {"MESSAGEBIRD_ORIGINATOR": "Acme"}
            case "mailgun":
                own = {"MAILGUN_DOMAIN": "acme.example", "MAILGUN_FROM_EMAIL": FROM}
            case "resend" | "sendgrid":
                own = {f"{upper}_FROM_EMAIL": FROM}
            case _:
                return {"PGWHEN_HTTP_ALLOW": "127.0.0.0/8"}
        return {f"{upper}_API_KEY": "key-of-the-benchmark", f"{upper}_BASE_URL": self.url, **own}


@contextlib.contextmanager
def running(delay: float = 0.0) -> Iterator[MailSink]:
    """A sink until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.mail_sink", str(delay)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            http, smtp = process.stdout.readline().split()
            yield MailSink(f"http://127.0.0.1:{http}", f"smtps://localhost:{smtp}?cafile={_CERTIFICATE}")
        finally:
            process.terminate()


class _Providers:
    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.calls = self.messages = self.sessions = 0

    async def http(self, request: web.BaseRequest) -> web.Response:
        if request.method == "GET":
            counts = {"calls": self.calls, "messages": self.messages, "sessions": self.sessions}
            return web.Response(text=str(self.messages)) if request.path == "/count" else _json(200, counts)
        body = await request.read()
        if self.delay:
            await asyncio.sleep(self.delay)
        self.calls += 1
        match request.path:
            case "/emails/batch":
                messages = orjson.loads(body)
                self.messages += len(messages)
                return _json(200, {"data": [{"id": f"id-{self.messages}-{n}"} for n in range(len(messages))]})
            case "/v3/mail/send":
                self.messages += len(orjson.loads(body)["personalizations"])
                return web.Response(status=202, headers={"x-message-id": f"id-{self.messages}"})
        self.messages += 1
        return _json(201 if request.path == "/messages" else 200, {"id": f"id-{self.messages}"})

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As little SMTP as a benchmark needs: what it costs should be the poller's."""
        self.sessions += 1
        writer.write(b"220 ready\r\n")
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    writer.write(b"354 go on\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    if self.delay:
                        await asyncio.sleep(self.delay)
                    self.calls += 1
                    self.messages += 1
                writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
                await writer.drain()
                if word == b"QUIT":
                    break
            writer.close()


def _json(status: int, body: object) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")


async def _serve(delay: float) -> None:
    providers = _Providers(delay)
    runner = web.ServerRunner(web.Server(providers.http, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(_CERTIFICATE, _CERTIFICATE.with_suffix(".key"))
    mail = await asyncio.start_server(providers.smtp, "127.0.0.1", 0, limit=2**20, ssl=context)
    print(runner.addresses[0][1], mail.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(float(sys.argv[1]) if sys.argv[1:] else 0.0))
