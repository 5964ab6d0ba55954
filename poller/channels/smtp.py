"""SMTP (RFC 5321). The reply to the final dot is the only commit point: a connection lost after it is uncertain.

A connection is a URL, ``smtps://user:password@host`` (TLS, port 465), ``smtp://user:password@host:587`` (STARTTLS is
required on 587, and elsewhere with ``?starttls``), or ``smtp://host:25`` (no TLS; a password is then refused, except to
this machine), where ``&cafile=PATH`` names a CA; or the same in parts: host, port, tls, user, cafile, and the password
as a secret of its own. There is no downgrade.

Bodies are 7-bit, so that every server takes the same bytes; 8BITMIME is asked for only with SMTPUTF8, which addresses
beyond ASCII need and which includes it (RFC 6531).
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ..outcome import Class, Failure, Outcome, clean_text, failed, of_failure
from . import Attempt, Call, mime
from . import email as _email

message = _email.message

CHANNEL = "email"
SETTINGS = {
    "from": "sender",
    "host": "mail server, where no URL is given",
    "port": "its port; 587 unless given, 465 with tls: tls, 25 with tls: none",
    "tls": "starttls (the default), tls (from the first byte) or none",
    "user": "user name",
    "cafile": "file with the CA that vouches for the server",
}
SECRETS = {"url": "URL of the mail server, with user and password", "password": "password, where no URL is given"}
VARIABLES = {"SMTP_URL": "url", "SMTP_FROM": "from"}
REQUIRED = ("url",)

#: What may stand in place of something required.
INSTEAD = {"url": ("host",)}

_HOST = re.compile(r"[^\s/@?#]+")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_TRUE = ("", "1", "true", "yes", "required")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}

#: The address does not exist, has no server, or cannot exist (RFC 3463; RFC 7505): no other server will take it either.
#: What a server refuses by policy (5.7.x), and a full mailbox (5.2.2), say nothing of the address.
_DEAD = re.compile(r"5\.1\.(1|2|3|6|10)\b")


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to connect. ``tls`` is none, starttls or tls."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = field(default="", repr=False)
    cafile: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What goes to the server: sender, recipients and the bytes of the message. ``timeout`` is in seconds."""

    server: Server
    sender: str
    recipients: tuple[str, ...]
    data: bytes
    utf8: bool
    timeout: float
    message_id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply that decided. ``phase`` is connect, auth, mail, rcpt, data, or greeted; ``refused`` are recipients."""

    code: int
    text: str
    phase: str
    refused: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    message_id: str = ""


def server(url: str, name: str = "SMTP_URL") -> Server:
    """Read the URL. Raises ValueError that says what is wrong, without the password."""
    parts = urlsplit(url)
    options = {name: values[-1].lower() for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError(f"the secret url ({name}) is not smtp://host:port or smtps://host:port")
    port = parts.port or (465 if parts.scheme == "smtps" else 587 if "starttls" in options else 25)
    wanted = options.get("starttls", "true" if port == 587 else "false") in _TRUE
    tls = "tls" if parts.scheme == "smtps" else "starttls" if wanted else "none"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if password and tls == "none" and parts.hostname not in _LOCAL:
        raise ValueError(f"the secret url ({name}) has a password and no TLS: use smtps://, or add ?starttls")
    cafile = parse_qs(parts.query).get("cafile", [""])[-1]
    return Server(parts.hostname, port, tls, user, password, cafile)


def server_of(settings: Mapping[str, str], secrets: Mapping[str, str], variable: str = "SMTP_URL") -> Server:
    """Where a connection leads: its URL, or its parts. Raises ValueError that says what is wrong."""
    if url := secrets.get("url", "").strip():
        return server(url, variable)
    host = settings.get("host", "")
    if not host:
        raise ValueError(f"the mail server is missing: give the secret url ({variable}), or the setting host")
    tls, port = _parts(settings)
    user, password = settings.get("user", ""), secrets.get("password", "")
    if bool(user) != bool(password):
        raise ValueError(f"{'password' if user else 'user'} is missing: a mail server asks for both or for none")
    if password and tls == "none" and host not in _LOCAL:
        raise ValueError("a password without TLS: set tls to starttls or tls")
    return Server(host, port, tls, user, password, settings.get("cafile", ""))


def _parts(settings: Mapping[str, str]) -> tuple[str, int]:
    """The settings tls and port. Raises ValueError."""
    tls = settings.get("tls") or "starttls"
    if tls not in _PORTS:
        raise ValueError(f"tls is {tls!r}; it is starttls, tls or none")
    port = str(settings.get("port") or _PORTS[tls])
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"port is {port!r}, not a number from 1 to 65535")
    return tls, int(port)


def check_settings(settings: Mapping[str, str]) -> None:
    """Look at the settings alone. Raises ValueError."""
    _email.check_sender(settings)
    if (host := settings.get("host", "")) and not _HOST.fullmatch(host):
        raise ValueError(f"host is {host[:100]!r}: it is the name or address of a server, like mail.example.com")
    _parts(settings)


def check(settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Look at a connection before it is used. Raises ValueError."""
    server_of(settings, secrets)


def request(message: Mapping[str, Any], attempt: Attempt) -> Envelope:
    """The envelope and bytes of a frozen message."""
    return envelope(message, attempt, server_of(attempt.connection.settings, attempt.connection.secrets))


def envelope(message: Mapping[str, Any], attempt: Attempt, to: Server) -> Envelope:
    """The envelope and bytes of a frozen message for a server."""
    recipients = dict.fromkeys(map(mime.ascii_address, _email.recipients(message)))
    return Envelope(
        to,
        mime.ascii_address(message["from"]),
        tuple(recipients),
        mime.to_bytes(message, _email.files(message, attempt)),
        mime.needs_utf8(message),
        attempt.timeout,
        message["message_id"],
    )


def outcome(answer: Reply | Failure) -> Outcome:
    """What a reply means. Recipients that were refused stand in the output, beside those that got it."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    refused = [
        {"address": to, "code": code, "message": clean_text(text)} for to, (code, text) in answer.refused.items()
    ]
    said = {"code": answer.code, "text": clean_text(answer.text), **({"refused": refused} if refused else {})}
    extra = _dead(answer)
    if answer.phase == "data" and answer.code // 100 == 2:
        output = {"message_id": answer.message_id, "provider": "smtp", **({"refused": refused} if refused else {})}
        return Outcome("ok", output, answer=said, provider_message_id=answer.message_id, extra=extra)
    text = f"the mail server answered {answer.code} to {answer.phase}: {answer.text}"
    return failed(_class(answer), f"smtp_{answer.code}", text, answer=said, extra=extra)


def probe(attempt: Attempt, to: str | None = None) -> Call:
    """Connect, TLS and log in; nothing is sent."""
    return greeting(server_of(attempt.connection.settings, attempt.connection.secrets), attempt.timeout)


def greeting(to: Server, timeout: float) -> Call:
    """A conversation that ends before there is a message."""
    from ..mail import greet

    return Call(functools.partial(greet, to, timeout), timeout)


def probed(answer: Reply | Failure) -> Outcome:
    """What the conversation means."""
    if isinstance(answer, Reply) and answer.phase == "greeted":
        return Outcome("ok", {"provider": "smtp"}, answer={"code": answer.code, "text": clean_text(answer.text)})
    return outcome(answer)


def _class(answer: Reply) -> Class:
    codes = [code for code, _ in answer.refused.values()] if answer.phase == "rcpt" else [answer.code]
    if answer.code in (530, 534, 535, 538) or (answer.phase == "auth" and answer.code // 100 == 5):
        return "auth"
    if 454 in codes and answer.phase in ("mail", "rcpt", "data"):
        return "throttled"  # Amazon SES: 454 Throttling failure
    if all(code // 100 == 5 for code in codes):
        return "permanent"
    # 4yz, and what no mail server should say: nothing was accepted.
    return "transient"


def _dead(answer: Reply) -> dict[str, Any] | None:
    """The address that nothing should be sent to again. Of several the first: the next message tells of the next."""
    for to, (code, text) in answer.refused.items():
        if code in (550, 551, 553) and _DEAD.match(text):
            return {"suppress": {"channel": "email", "address": _as_written(to), "reason": "bounce"}}
    return None


def _as_written(address: str) -> str:
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode().decode('idna')}"
    except UnicodeError:
        return address


def renamed(outcome: Outcome, provider: str, message_id: str | None = None) -> Outcome:
    """The outcome of a provider that is reached by SMTP, and calls the message by an id of its own."""
    output = outcome.output and {**outcome.output, "provider": provider}
    if output and message_id:
        output["message_id"] = message_id
    return replace(outcome, output=output, provider_message_id=message_id or outcome.provider_message_id)
