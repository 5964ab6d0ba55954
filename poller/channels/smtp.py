"""SMTP (RFC 5321). The reply to the final dot is the only commit point: a connection lost after it is uncertain.

``SMTP_URL`` is ``smtps://user:password@host`` (TLS, port 465), ``smtp://user:password@host:587`` (STARTTLS is required
on 587, and elsewhere with ``?starttls``), or ``smtp://host:25`` (no TLS; a password is then refused, except to this
machine). ``&cafile=PATH`` names a CA. ``SMTP_FROM`` is the sender. There is no downgrade.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ..outcome import Class, Failure, Outcome, clean_text, failed, of_failure
from . import Attempt, Connection, mime
from . import email as _email

message = _email.message

_LOCAL = ("localhost", "127.0.0.1", "::1")
_TRUE = ("", "1", "true", "yes", "required")


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
    """The reply that decided. ``phase`` is connect, auth, mail, rcpt or data; ``refused`` are recipients."""

    code: int
    text: str
    phase: str
    refused: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    message_id: str = ""


def server(url: str) -> Server:
    """Read SMTP_URL. Raises ValueError that says what is wrong, without the password."""
    parts = urlsplit(url)
    options = {name: values[-1].lower() for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("SMTP_URL is not smtp://host:port or smtps://host:port")
    port = parts.port or (465 if parts.scheme == "smtps" else 587 if "starttls" in options else 25)
    wanted = options.get("starttls", "true" if port == 587 else "false") in _TRUE
    tls = "tls" if parts.scheme == "smtps" else "starttls" if wanted else "none"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if password and tls == "none" and parts.hostname not in _LOCAL:
        raise ValueError("SMTP_URL has a password and no TLS: use smtps://, or add ?starttls")
    cafile = parse_qs(parts.query).get("cafile", [""])[-1]
    return Server(parts.hostname, port, tls, user, password, cafile)


def from_environment(environ: Mapping[str, str]) -> Connection | None:
    """The connection of SMTP_URL and SMTP_FROM."""
    url = environ.get("SMTP_URL", "").strip()
    if not url:
        return None
    password = server(url).password
    return Connection(
        "smtp", "email", sender=environ.get("SMTP_FROM", "").strip(), secrets={"url": url, "password": password}
    )


def request(message: Mapping[str, Any], attempt: Attempt) -> Envelope:
    """The envelope and bytes of a frozen message."""
    recipients = dict.fromkeys(map(mime.ascii_address, _email.recipients(message)))
    return Envelope(
        server(attempt.connection.secrets["url"]),
        mime.ascii_address(message["from"]),
        tuple(recipients),
        mime.to_bytes(message),
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
    if answer.phase == "data" and answer.code // 100 == 2:
        output = {"message_id": answer.message_id, "provider": "smtp", **({"refused": refused} if refused else {})}
        return Outcome("ok", output, answer=said, provider_message_id=answer.message_id)
    text = f"the mail server answered {answer.code} to {answer.phase}: {answer.text}"
    return failed(_class(answer), f"smtp_{answer.code}", text, answer=said)


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
