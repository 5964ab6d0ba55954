"""Mailgun. ``POST /v3/DOMAIN/messages``, basic ``api:KEY``, a form, multipart where there are attachments; 200 with an
id. Keys belong to a region: ``region: eu`` is api.eu.mailgun.net. There is no idempotency key: what was written and not
answered is uncertain.

A 404 may pass, says Mailgun, because its system is eventually consistent, unless it comes without JSON: then the
address is wrong. Options, headers and variables together have at most 16 kB, a message 25 MB.

Sources: documentation.mailgun.com (api-reference/send/messages, quickstart-guide/responses, api-overview).
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from . import Attempt, Connection
from . import email as _email

message = _email.message

URL = "https://api.mailgun.net"
EU = "https://api.eu.mailgun.net"

CHANNEL = "email"
SETTINGS: Mapping[str, str] = {
    "from": "sender",
    "domain": "sending domain",
    "region": "eu for a domain of the EU",
    "base_url": "another address of the API",
}
SECRETS: Mapping[str, str] = {"key": "API key"}
VARIABLES: Mapping[str, str] = {
    "MAILGUN_API_KEY": "key",
    "MAILGUN_DOMAIN": "domain",
    "MAILGUN_FROM_EMAIL": "from",
    "MAILGUN_REGION": "region",
    "MAILGUN_BASE_URL": "base_url",
}
REQUIRED = ("key", "domain")

#: Status -> class; what is not here is permanent below 500 and uncertain from there.
CLASSES: Mapping[int, Class] = {
    401: "auth",
    402: "auth",
    403: "auth",
    404: "transient",
    408: "uncertain",
    429: "throttled",
}


_DOMAIN = re.compile(r"[^\s/@:?#]+\.[^\s/@:?#]+")


def check_settings(settings: Mapping[str, str]) -> None:
    """Look at the settings alone. Raises ValueError."""
    _email.check_sender(settings)
    _email.check_region(settings)
    domain = settings.get("domain", "")
    if domain and not _DOMAIN.fullmatch(domain):
        raise ValueError(f"domain is {domain[:100]!r}: it is the name of a domain, like mail.example.com")


def check(settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Look at a connection before it is used. Raises ValueError."""
    _email.check_region(settings)


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message."""
    fields = [*_fields(message), ("v:pgwhen", _email.reference(attempt.key))]
    return _call(fields, _email.files(message, attempt), attempt)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    status, said, kept = answer.status, answer.json, answer_of(answer)
    id_ = said.get("id") if isinstance(said, dict) else None
    if 200 <= status < 300:
        if isinstance(id_, str) and id_:
            return Outcome("ok", {"message_id": id_, "provider": "mailgun"}, answer=kept, provider_message_id=id_)
        return failed("uncertain", "mailgun_answer", f"status {status} without an id", answer=kept)
    class_ = CLASSES.get(status, "permanent" if status < 500 else "uncertain")
    if status == 404 and not isinstance(said, dict):
        class_ = "permanent"
    text = str(said.get("message")) if isinstance(said, dict) and said.get("message") else answer.text
    pause = retry_after(answer.headers)
    return failed(class_, f"mailgun_{status}", f"Mailgun answered {status}: {text}", answer=kept, retry_after=pause)


def probe(attempt: Attempt, to: str | None = None) -> Request:
    """A message in test mode, which is not delivered; without a recipient a call without a message."""
    if not to:
        return _call([], [], attempt)
    sender = attempt.connection.sender or f"pgwhen@{attempt.connection.settings['domain']}"
    fields = [("from", sender), ("to", to), ("subject", "pgwhen"), ("text", "pgwhen"), ("o:testmode", "yes")]
    return _call(fields, [], attempt)


def probed(answer: Response | Failure) -> Outcome:
    """What the answer to that means: a good key is told what is missing."""
    if isinstance(answer, Response) and answer.status == 400:
        return Outcome("ok", {"provider": "mailgun"}, answer=answer_of(answer))
    return outcome(answer)


def _fields(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "from", message["from"]
    for name in ("to", "cc", "bcc"):
        yield from ((name, address) for address in message.get(name, ()))
    yield "subject", message["subject"]
    for name in ("text", "html"):
        if message.get(name):
            yield name, message[name]
    if replies := message.get("reply_to"):
        yield "h:Reply-To", ", ".join(replies)
    # Theirs would differ from attempt to attempt: the same one lets receivers see a repetition.
    yield "h:Message-Id", message["message_id"]
    yield "h:Auto-Submitted", "auto-generated"
    for name, value in sorted(_email.headers(message).items()):
        yield f"h:{name}", value


def _call(fields: Sequence[tuple[str, str]], files: Sequence[_email.File], attempt: Attempt) -> Request:
    connection = attempt.connection
    token = base64.b64encode(f"api:{connection.secrets['key']}".encode()).decode()
    if files:
        boundary = f"pgwhen-{hashlib.sha256(attempt.key.encode()).hexdigest()[:32]}"
        body, kind = _multipart(fields, files, boundary), f"multipart/form-data; boundary={boundary}"
    else:
        body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
    headers = {"authorization": f"Basic {token}", "content-type": kind, "user-agent": "pgwhen"}
    return Request("POST", _url(connection), headers, body, attempt.timeout, connection.trusted)


def _url(connection: Connection) -> str:
    domain = quote(connection.settings["domain"].encode("idna").decode(), safe="")
    return f"{_email.base_of(connection, EU)}/v3/{domain}/messages"


def _multipart(fields: Sequence[tuple[str, str]], files: Sequence[_email.File], boundary: str) -> bytes:
    parts = [(f'name="{_quoted(name)}"', "", value.encode()) for name, value in fields]
    parts += [
        (f'name="attachment"; filename="{_quoted(file.name)}"', f"Content-Type: {file.media_type}\r\n", file.content)
        for file in files
    ]
    written = [
        f"--{boundary}\r\nContent-Disposition: form-data; {name}\r\n{kind}\r\n".encode() + content + b"\r\n"
        for name, kind, content in parts
    ]
    return b"".join([*written, f"--{boundary}--\r\n".encode()])


def _quoted(name: str) -> str:
    """A name within quotes, as browsers write it (WHATWG, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
