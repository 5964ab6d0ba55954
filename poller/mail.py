"""The way out for SMTP: connections that are kept and used again; the only module that knows aiosmtplib.

A conversation is EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA. Until the message itself is written a loss is harmless; after
that only the reply to the final dot says whether the server has it.
"""

import asyncio
import contextlib
import functools
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPResponseException, SMTPServerDisconnected

from . import failpoints
from .channels.smtp import Envelope, Reply, Server
from .outcome import Failure

#: Seconds that an idle connection is kept, and messages that one carries.
IDLE = 10.0
MESSAGES = 100

#: Connections at once: mail servers refuse crowds.
LIMIT = 10

_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(slots=True)
class _Conversation:
    client: aiosmtplib.SMTP
    used_at: float = 0.0
    sent: int = 0
    phase: str = "connect"
    kept: bool = False
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)


class Mailer:
    """Sends envelopes. ``limit`` is how many connections a server gets."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._places = asyncio.Semaphore(limit)
        self._idle: dict[Server, list[_Conversation]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for conversations in self._idle.values():
            for conversation in conversations:
                await _quit(conversation)

    async def send(self, envelope: Envelope) -> Reply | Failure:
        """Send once; never raises for what a server or a network does."""
        async with self._places:
            conversation = self._take(envelope.server)
            try:
                async with asyncio.timeout(envelope.timeout):
                    if conversation.sent:
                        try:
                            return await self._converse(conversation, envelope)
                        except (SMTPException, OSError):
                            if conversation.phase != "mail":
                                raise
                            # It was closed while it was idle; nothing of this message had been taken.
                            _close(conversation)
                            conversation = _Conversation(_client(envelope.server))
                    return await self._converse(conversation, envelope)
            except (SMTPException, OSError, ValueError) as error:
                return _failure(conversation, error)
            finally:
                if not conversation.kept:
                    _close(conversation)

    def _take(self, server: Server) -> _Conversation:
        """A conversation that is idle, or a new one."""
        idle = self._idle.setdefault(server, [])
        while idle:
            conversation = idle.pop()
            if conversation.client.is_connected and time.monotonic() - conversation.used_at < IDLE:
                conversation.kept = False
                return conversation
            _close(conversation)
        return _Conversation(_client(server))

    def _keep(self, conversation: _Conversation, server: Server) -> None:
        conversation.sent += 1
        conversation.used_at = time.monotonic()
        if conversation.sent < MESSAGES and conversation.client.is_connected:
            conversation.kept = True
            self._idle[server].append(conversation)

    async def _converse(self, conversation: _Conversation, envelope: Envelope) -> Reply | Failure:
        client = conversation.client
        client.timeout = envelope.timeout
        conversation.phase, conversation.refused = "connect", {}
        if not client.is_connected:
            await _connect(conversation, envelope.server)
        conversation.phase = "mail"
        options = ["SMTPUTF8", "BODY=8BITMIME"] if envelope.utf8 else []
        encoding = "utf-8" if envelope.utf8 else "ascii"
        if envelope.utf8 and not client.supports_extension("smtputf8"):
            return Failure("smtputf8", "the mail server does not take addresses beyond ASCII", refused=True)
        await client.mail(envelope.sender, options=options, encoding=encoding)
        conversation.phase = "rcpt"
        for recipient in envelope.recipients:
            try:
                await client.rcpt(recipient, encoding=encoding)
            except aiosmtplib.SMTPRecipientRefused as error:
                conversation.refused[recipient] = (error.code, error.message)
        if len(conversation.refused) == len(envelope.recipients):
            code, text = next(iter(conversation.refused.values()))
            return Reply(code, text, "rcpt", conversation.refused)
        reply = await _data(conversation, envelope)
        if reply.code // 100 == 2:
            self._keep(conversation, envelope.server)
        return reply


async def greet(server: Server, seconds: float) -> Reply | Failure:
    """Connect, encrypt and log in, and say goodbye: whether a message could be handed over, without one."""
    conversation = _Conversation(_client(server))
    conversation.client.timeout = seconds
    try:
        async with asyncio.timeout(seconds):
            await _connect(conversation, server)
            conversation.phase = "mail"
            reply = await conversation.client.noop()
            return Reply(reply.code, reply.message, "greeted")
    except (SMTPException, OSError, ValueError) as error:
        return _failure(conversation, error)
    finally:
        await _quit(conversation)


def _client(server: Server) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls == "tls",
        start_tls=False,
        tls_context=None if server.tls == "none" else _context(server.cafile),
        local_hostname=_host(),
    )


@functools.cache
def _context(cafile: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=cafile or None)


@functools.cache
def _host() -> str:
    """What we call ourselves in EHLO."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name) else "localhost"


async def _connect(conversation: _Conversation, server: Server) -> None:
    client = conversation.client
    await client.connect(timeout=client.timeout)
    await client.ehlo()
    if server.tls == "starttls":
        conversation.phase = "starttls"
        await client.starttls()
        await client.ehlo()
    if server.user:
        conversation.phase = "auth"
        await client.login(server.user, server.password)


async def _data(conversation: _Conversation, envelope: Envelope) -> Reply:
    client = conversation.client
    conversation.phase = "data"
    start = await client.execute_command(b"DATA")
    if start.code != 354:
        return Reply(start.code, start.message, "data", conversation.refused)
    protocol = client.protocol
    if protocol is None:
        raise SMTPServerDisconnected("the connection ended before the message")
    conversation.phase = "written"
    protocol.write(_DOT.sub(b"..", envelope.data) + b".\r\n")
    failpoints.hit("mid_send")
    end = await protocol.read_response(timeout=client.timeout)
    return Reply(end.code, end.message, "data", conversation.refused, envelope.message_id)


async def _quit(conversation: _Conversation) -> None:
    try:
        # Nothing depends on the answer: what was handed over has had its own.
        with contextlib.suppress(SMTPException, OSError):
            async with asyncio.timeout(1):
                await conversation.client.execute_command(b"QUIT")
    finally:
        _close(conversation)


def _close(conversation: _Conversation) -> None:
    """End a connection at once: one under TLS, merely closed, stays until the server says goodbye as well."""
    if (transport := conversation.client.transport) is not None:
        cast(asyncio.WriteTransport, transport).abort()
    conversation.client.close()


def _failure(conversation: _Conversation, error: Exception) -> Reply | Failure:
    phase = conversation.phase
    sent = phase == "written"
    if isinstance(error, SMTPResponseException) and error.code > 0:
        return Reply(error.code, error.message, "data" if sent else phase, conversation.refused)
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return Failure("tls", f"no TLS connection: {error.__cause__ or error}")
    if isinstance(error, TimeoutError):
        return Failure("timeout", f"the mail server did not answer in time ({phase})", sent=sent)
    if isinstance(error, SMTPServerDisconnected | OSError):
        return Failure("lost" if sent else "connect", f"the connection to the mail server ended: {error}", sent=sent)
    # What the server does not offer: STARTTLS, or a way to log in.
    wrong = phase in ("starttls", "auth") and isinstance(error, SMTPException)
    return Failure(f"smtp_{phase}", str(error), sent=sent, connection=wrong, refused=not wrong and not sent)
