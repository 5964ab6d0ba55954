"""Servers that misbehave on request: mail (aiosmtpd), HTTP, and the three providers' APIs with their rules.

Each has ``received`` and a ``script``: what it does with the next messages, one entry each; with an empty script, or
None, it behaves. They run in a thread of their own, so that synchronous tests and killed processes can use them.

Faults of mail: ``"550 no"`` (the reply to DATA), ``mail:451 later``, ``rcpt:550 unknown`` (the reply to that command),
``drop`` (before DATA's end is answered), ``drop_at_mail``, ``slow`` (answers after 2 s).
Faults of HTTP: a number (the status), an ``Answer``, ``drop`` (read, no answer), ``half`` (a body that breaks off),
``garbage``, ``slow`` (answers after 2 s), ``drip`` (a body without end).
"""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from pgwhen.cli.sinks import Call, Mail

CERTIFICATE = Path(__file__).resolve().parent / "tls" / "localhost.pem"
KEY = CERTIFICATE.with_suffix(".key")

SLOW = 2.0


def unused_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(condition: Callable[[], Any], seconds: float) -> bool:
    """Wait for what happens in other threads and processes; whether it did."""
    end = time.monotonic() + seconds
    while not (found := bool(condition())) and time.monotonic() < end:
        time.sleep(0.005)
    return found


def tls_context() -> ssl.SSLContext:
    """The server side of TLS for localhost."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    return context


# ---------------------------------------------------------------- mail


@dataclass(slots=True)
class MailServer:
    """A mail server: ``url`` for SMTP_URL."""

    url: str = ""
    received: list[Mail] = field(default_factory=list)
    script: list[str | None] = field(default_factory=list)
    connections: int = 0
    open: set[object] = field(default_factory=set)

    def fault(self, kind: str = "") -> str:
        """The next fault, if it is of this kind."""
        if not self.script or self.script[0] is None:
            return ""
        text = self.script[0]
        found = text.removeprefix(f"{kind}:") if text.startswith(f"{kind}:") else text if text == kind else ""
        if found:
            self.script.pop(0)
        return found


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_MAIL(
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._server.fault("drop_at_mail"):
            smtp.transport.abort()
            return ""
        if reply := self._server.fault("mail"):
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 ok"

    async def handle_RCPT(
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self._server.fault("rcpt"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self._server.script.pop(0) if self._server.script else None
        if fault == "slow":
            await asyncio.sleep(SLOW)
        elif fault and fault[0].isdigit():
            return fault
        data = envelope.original_content or b""
        self._server.received.append(Mail(envelope.mail_from or "", list(envelope.rcpt_tos), data))
        if fault == "drop":
            smtp.transport.abort()
            return ""
        return "250 2.0.0 Ok: queued as ABC123"


class _Smtp(SMTP):
    server: MailServer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.session is None or self.session.ssl is None:
            self.server.connections += 1
            self.server.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.server.open.discard(self)


class _Controller(Controller):
    server_: MailServer

    def factory(self) -> SMTP:
        found = _Smtp(self.handler, **self.SMTP_kwargs)
        found.server = self.server_
        return found


@contextlib.contextmanager
def mail_server(tls: str = "none", login: tuple[str, str] | None = None, smtputf8: bool = True) -> Iterator[MailServer]:
    """A mail server; ``tls`` is none, starttls or tls, ``login`` the user and password that it asks for."""
    server = MailServer()
    options: dict[str, Any] = {"enable_SMTPUTF8": smtputf8, "decode_data": False, "hostname": "127.0.0.1", "port": 0}
    options |= {"tls_context": tls_context(), "require_starttls": True} if tls == "starttls" else {}
    if login:

        def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _kind: str, data: Any) -> AuthResult:
            assert isinstance(data, LoginPassword)
            good = (data.login.decode(), data.password.decode()) == login
            return AuthResult(success=good, handled=False, message=None if good else "535 5.7.8 bad credentials")

        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": tls == "starttls"}
    if tls == "tls":
        options |= {"ssl_context": tls_context()}
    controller = _Controller(_Handler(server), ready_timeout=10.0, **options)
    controller.server_ = server
    controller.port = unused_port()
    controller.start()
    server.connections = 0  # starting makes one to itself
    scheme, host = ("smtps" if tls == "tls" else "smtp"), "localhost" if tls != "none" else "127.0.0.1"
    user = f"{login[0]}:{login[1]}@" if login else ""
    query = f"?{'starttls&' if tls == 'starttls' else ''}cafile={CERTIFICATE}" if tls != "none" else ""
    server.url = f"{scheme}://{user}{host}:{controller.port}{query}"
    try:
        yield server
    finally:
        wait_until(lambda: not server.open, 1.0)
        controller.stop()


# ---------------------------------------------------------------- HTTP


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer."""

    status: int = 200
    body: bytes = b'{"ok": true}'
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


Fault = int | str | Answer | None


@dataclass(slots=True)
class HttpServer:
    """A web server: ``url`` without a final slash."""

    url: str = ""
    received: list[Call] = field(default_factory=list)
    script: list[Fault] = field(default_factory=list)
    answer: Callable[[Call], Answer] = lambda call: Answer()
    in_flight: int = 0
    most_in_flight: int = 0

    def paths(self) -> list[str]:
        """What was called."""
        return [call.path for call in self.received]


async def _misbehave(request: web.BaseRequest, fault: Fault, answer: Answer) -> web.StreamResponse:
    transport = request.transport
    assert transport is not None
    if isinstance(fault, int):
        answer = Answer(fault, b'{"error": true}')
    elif isinstance(fault, Answer):
        answer = fault
    elif fault == "garbage":
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        transport.close()
    elif fault == "slow":
        await asyncio.sleep(SLOW)
    if fault == "drop" or fault == "garbage":
        transport.close()
        return web.Response()
    if fault in ("half", "drip"):
        return await _never_whole(request, str(fault))
    await asyncio.sleep(answer.delay)
    headers = {"content-type": "application/json"} | answer.headers
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def _never_whole(request: web.BaseRequest, fault: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "application/json", "content-length": "100000"})
    await response.prepare(request)
    for _ in range(1 if fault == "half" else 1000):
        await response.write(b'{"ok": ')
        await asyncio.sleep(0 if fault == "half" else 0.05)
    assert request.transport is not None
    request.transport.close()
    return response


async def _serve(server: HttpServer, tls: bool) -> Callable[[], Coroutine[Any, Any, None]]:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(request.method, request.raw_path, request.path, dict(request.query), headers, body)
        server.received.append(call)
        fault = server.script.pop(0) if server.script else None
        server.in_flight += 1
        server.most_in_flight = max(server.most_in_flight, server.in_flight)
        try:
            if isinstance(fault, str) and fault.startswith("then_"):
                server.answer(call)  # it is done, and then the answer gets lost
                fault = fault.removeprefix("then_")
            good = Answer() if fault is not None else server.answer(call)
            return await _misbehave(request, fault, good)
        finally:
            server.in_flight -= 1

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls_context() if tls else None).start()
    port = runner.addresses[0][1]
    server.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    return runner.cleanup


@contextlib.contextmanager
def http_server(answer: Callable[[Call], Answer] | None = None, *, tls: bool = False) -> Iterator[HttpServer]:
    """A web server in a thread of its own."""
    server = HttpServer()
    if answer:
        server.answer = answer
    loop = asyncio.new_event_loop()
    stop = loop.run_until_complete(_serve(server, tls))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


# ---------------------------------------------------------------- providers


@dataclass(slots=True)
class Providers:
    """Resend, MessageBird and Twilio behind one address, with what they accepted, once per idempotency key."""

    server: HttpServer
    resend: list[dict[str, Any]] = field(default_factory=list)
    messagebird: list[dict[str, Any]] = field(default_factory=list)
    twilio: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """The variables of all three."""
        url = self.server.url
        return {
            "RESEND_API_KEY": "re_test",
            "RESEND_FROM_EMAIL": "Acme <hello@acme.example>",
            "RESEND_BASE_URL": url,
            "MESSAGEBIRD_API_KEY": "mb_test",
            "MESSAGEBIRD_ORIGINATOR": "Acme",
            "MESSAGEBIRD_BASE_URL": url,
            "TWILIO_ACCOUNT_SID": "AC123",
            "TWILIO_AUTH_TOKEN": "tw_test",
            "TWILIO_FROM_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": url,
        }


def _json(status: int, body: dict[str, Any], **headers: str) -> Answer:
    return Answer(status, orjson.dumps(body), {name.replace("_", "-"): value for name, value in headers.items()})


def _resend(ours: Providers, call: Call) -> Answer:
    """Their rules (resend.com/docs/api-reference): required fields, batches, and a key's memory of 24 hours."""

    def refuse(status: int, name: str, message: str = "") -> Answer:
        return _json(status, {"statusCode": status, "name": name, "message": message or name})

    if call.headers.get("authorization") is None:
        return refuse(401, "missing_api_key")
    if call.headers["authorization"] != "Bearer re_test":
        return refuse(403, "invalid_api_key", "API key is invalid")
    batch = call.path == "/emails/batch"
    bodies = call.json if batch else [call.json]
    if not isinstance(bodies, list) or not 0 < len(bodies) <= 100:
        return refuse(422, "validation_error", "A batch has 1 to 100 emails.")
    problems = {place: text for place, body in enumerate(bodies) if (text := _resend_problem(body))}
    if problems and not (batch and call.headers.get("x-batch-validation") == "permissive"):
        return refuse(422, "missing_required_field", next(iter(problems.values())))
    key = call.headers.get("idempotency-key", "")
    if len(key) > 256:
        return refuse(400, "invalid_idempotency_key")
    if key in ours.keys:
        known, said = ours.keys[key]
        return Answer(200, said.encode()) if known == call.body else refuse(409, "invalid_idempotent_request")
    ids = []
    for place, body in enumerate(bodies):
        if place not in problems:
            ours.resend.append(body)
            ids.append({"id": f"re-{len(ours.resend)}"})
    errors = [{"index": place, "message": text} for place, text in problems.items()]
    answer = orjson.dumps({"data": ids, "errors": errors} if batch else ids[0])
    if key:
        ours.keys[key] = (call.body, answer.decode())
    return Answer(200, answer)


def _resend_problem(body: dict[str, Any]) -> str:
    for name in ("from", "to", "subject"):
        if not body.get(name):
            return f"Missing `{name}` field."
    if not body.get("html") and not body.get("text"):
        return "Missing `html` or `text` field."
    return "" if isinstance(body["to"], (str, list)) and len(body["to"]) <= 50 else "Invalid `to` field."


def _messagebird(ours: Providers, call: Call) -> Answer:
    """Their classic API: originator, body and recipients; numbers without +."""

    def refuse(status: int, code: int, description: str, parameter: str | None = None) -> Answer:
        return _json(status, {"errors": [{"code": code, "description": description, "parameter": parameter}]})

    if call.headers.get("authorization") != "AccessKey mb_test":
        return refuse(401, 2, "Request not allowed (incorrect access_key)", "access_key")
    body = call.json
    for name in ("originator", "recipients", "body"):
        if not body.get(name):
            return refuse(422, 9, f"no (correct) {name} found", name)
    if not all(number.isdigit() for number in body["recipients"]):
        return refuse(422, 10, "no (correct) recipients found", "recipients")
    ours.messagebird.append(body)
    items = [{"recipient": int(number), "status": "sent"} for number in body["recipients"]]
    return _json(201, {"id": f"mb-{len(ours.messagebird)}", "recipients": {"totalCount": len(items), "items": items}})


def _twilio(ours: Providers, call: Call) -> Answer:
    """Their rules: a form with To in E.164, From or MessagingServiceSid, Body up to 1,600 characters."""

    def refuse(status: int, code: int, message: str) -> Answer:
        more = f"https://www.twilio.com/docs/errors/{code}"
        return _json(status, {"code": code, "message": message, "more_info": more, "status": status})

    if call.headers.get("authorization") != "Basic QUMxMjM6dHdfdGVzdA==":
        return refuse(401, 20003, "Authenticate")
    if call.path != "/2010-04-01/Accounts/AC123/Messages.json":
        return refuse(404, 20404, "The requested resource was not found")
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    if not form.get("To", "").startswith("+"):
        return refuse(400, 21211, "The 'To' number is not a valid phone number.")
    if not form.get("From") and not form.get("MessagingServiceSid"):
        return refuse(400, 21603, "A 'From' phone number is required.")
    if not form.get("Body"):
        return refuse(400, 21602, "Message body is required.")
    if len(form["Body"]) > 1600:
        return refuse(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    if form["To"] == "+15005550009":
        return refuse(400, 21610, "Attempt to send to unsubscribed recipient")
    ours.twilio.append(form)
    return _json(201, {"sid": f"SM{len(ours.twilio)}", "status": "queued", "num_segments": "1"})


@contextlib.contextmanager
def providers() -> Iterator[Providers]:
    """The three providers; ``.server.script`` holds faults, ``then_drop`` accepts and loses the answer."""
    with http_server() as server:
        ours = Providers(server)

        def answer(call: Call) -> Answer:
            if call.path in ("/emails", "/emails/batch"):
                return _resend(ours, call)
            return _messagebird(ours, call) if call.path == "/messages" else _twilio(ours, call)

        server.answer = answer
        yield ours
