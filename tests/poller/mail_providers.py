"""Resend, SendGrid and Mailgun behind one address, with their rules: required fields, refusals, answers."""

import contextlib
import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from pgwhen.cli.sinks import Call
from tests.servers import Answer, HttpServer, http_server


@dataclass(slots=True)
class MailProviders:
    """``sent`` are the messages that were accepted: a list of (recipients, subject, our reference, the message).

    ``keys`` is what Resend remembers of its keys; ``bad`` are addresses that all of them refuse.
    """

    server: HttpServer
    sent: list[tuple[list[str], str, str, dict[str, Any]]] = field(default_factory=list)
    keys: dict[str, tuple[bytes, Answer]] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)

    @property
    def resend(self) -> dict[str, str]:
        """The variables of Resend."""
        return {
            "RESEND_API_KEY": "re_test",
            "RESEND_FROM_EMAIL": "hello@acme.example",
            "RESEND_BASE_URL": self.server.url,
        }

    @property
    def sendgrid(self) -> dict[str, str]:
        """The variables of SendGrid."""
        return {
            "SENDGRID_API_KEY": "SG.test",
            "SENDGRID_FROM_EMAIL": "Acme <hello@acme.example>",
            "SENDGRID_BASE_URL": self.server.url,
        }

    @property
    def mailgun(self) -> dict[str, str]:
        """The variables of Mailgun."""
        return {
            "MAILGUN_API_KEY": "mg-test",
            "MAILGUN_DOMAIN": "mg.acme.example",
            "MAILGUN_FROM_EMAIL": "Acme <hello@acme.example>",
            "MAILGUN_BASE_URL": self.server.url,
        }

    def recipients(self) -> list[str]:
        """Who got something, each as often as it came."""
        return sorted(address for to, _, _, _ in self.sent for address in to)

    def take(self, to: list[str], subject: str, reference: str, message: dict[str, Any]) -> None:
        """Accept a message."""
        self.sent.append((to, subject, reference, message))


@contextlib.contextmanager
def mail_providers() -> Iterator[MailProviders]:
    """The three; ``.server.script`` holds faults, ``then_drop`` accepts and loses the answer."""
    with http_server() as server:
        ours = MailProviders(server)

        def answer(call: Call) -> Answer:
            if call.path.startswith("/emails"):
                return _resend(ours, call)
            return _sendgrid(ours, call) if call.path == "/v3/mail/send" else _mailgun(ours, call)

        server.answer = answer
        yield ours


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, orjson.dumps(body), headers or {})


def _resend(ours: MailProviders, call: Call) -> Answer:
    """resend.com/docs/api-reference: send-email, send-batch-emails, and the permissive validation of batches."""

    def refuse(status: int, name: str, message: str = "") -> Answer:
        return _json(status, {"statusCode": status, "name": name, "message": message or name})

    if call.headers.get("authorization") != "Bearer re_test":
        return refuse(403, "invalid_api_key", "API key is invalid")
    key = call.headers.get("idempotency-key", "")
    if not 0 < len(key) <= 256:
        return refuse(400, "invalid_idempotency_key")
    if key in ours.keys:
        body, known = ours.keys[key]
        return known if body == call.body else refuse(409, "invalid_idempotent_request")
    batch = call.path == "/emails/batch"
    messages = call.json if batch else [call.json]
    if not isinstance(messages, list) or not 0 < len(messages) <= 100:
        return refuse(422, "validation_error", "a batch has 1 to 100 messages")
    problems = {place: text for place, one in enumerate(messages) if (text := _problem(ours, one, batch))}
    if problems and not (batch and call.headers.get("x-batch-validation") == "permissive"):
        return refuse(422, "validation_error", next(iter(problems.values())))
    ids = []
    for place, one in enumerate(messages):
        if place not in problems:
            to = one["to"] if isinstance(one["to"], list) else [one["to"]]
            ours.take([*to, *one.get("cc", []), *one.get("bcc", [])], one["subject"], one["tags"][0]["value"], one)
            ids.append({"id": f"re-{len(ours.sent)}"})
    errors = [{"index": place, "message": text} for place, text in problems.items()]
    good = _json(200, {"data": ids, "errors": errors} if batch else ids[0])
    ours.keys[key] = call.body, good
    return good


def _problem(ours: MailProviders, message: dict[str, Any], batch: bool) -> str:
    for name in ("from", "to", "subject"):
        if not message.get(name):
            return f"Missing `{name}` field."
    if not message.get("html") and not message.get("text"):
        return "Missing `html` or `text` field."
    if batch and message.get("attachments"):
        return "Attachments are not supported in batches."
    if any(not set(tag["value"]) <= _TAG for tag in message.get("tags", ())):
        return "Tags may have ASCII letters, numbers, underscores and dashes."
    return "Invalid `to` field." if ours.bad & set(message["to"]) else ""


_TAG = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def _sendgrid(ours: MailProviders, call: Call) -> Answer:
    """docs.sendgrid.com/api-reference/mail-send: one content, up to 1,000 personalizations and recipients."""

    def refuse(status: int, message: str, field: str | None = None) -> Answer:
        return _json(status, {"errors": [{"message": message, "field": field, "help": None}]})

    if call.headers.get("authorization") != "Bearer SG.test":
        return refuse(401, "The provided authorization grant is invalid, expired, or revoked")
    body = call.json
    people = body.get("personalizations")
    if not people or len(people) > 1000:
        return refuse(400, "The personalizations field is required and must have 1 to 1000 of them", "personalizations")
    if not body.get("from", {}).get("email"):
        return refuse(400, "The from object must be provided for every email send.", "from.email")
    kinds = [content["type"] for content in body.get("content", ())]
    if not kinds or sorted(kinds, reverse=True) != kinds or not all(content["value"] for content in body["content"]):
        return refuse(400, "text/plain content, if present, must be first", "content")
    taken = []
    for place, one in enumerate(people):
        if not one.get("to"):
            return refuse(
                400, "The to array is required for all personalization objects", f"personalizations.{place}.to"
            )
        all_of = [person for name in ("to", "cc", "bcc") for person in one.get(name, ())]
        addresses = [person["email"].lower() for person in all_of]
        if len(set(addresses)) < len(addresses):
            return refuse(400, "Each email address should be unique", f"personalizations.{place}.to")
        if any("," in person.get("name", "") for person in all_of) or ours.bad & set(addresses):
            return refuse(400, "Does not contain a valid address.", f"personalizations.{place}.to")
        taken.append((addresses, one.get("subject") or body["subject"], one["custom_args"]["pgwhen"], body | one))
    if sum(len(addresses) for addresses, *_ in taken) > 1000:
        return refuse(400, "The total number of recipients must be no more than 1000")
    if body.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
        return Answer(200, b"")
    for one in taken:
        ours.take(*one)
    return Answer(202, b"", {"x-message-id": f"sg-{len(ours.sent)}"})


def _mailgun(ours: MailProviders, call: Call) -> Answer:
    """documentation.mailgun.com: a form, or multipart with attachments."""
    if call.headers.get("authorization") != "Basic YXBpOm1nLXRlc3Q=":
        return Answer(401, b"Forbidden")
    if call.path != "/v3/mg.acme.example/messages":
        return _json(404, {"message": "Domain not found: " + call.path.split("/")[2]})
    form: dict[str, list[Any]] = {}
    for name, value in _form(call):
        form.setdefault(name, []).append(value)
    for name in ("from", "to", "subject"):
        if not form.get(name):
            return _json(400, {"message": f"{name} parameter is missing"})
    if not form.get("text") and not form.get("html"):
        return _json(400, {"message": "Need at least one of 'text' or 'html' parameters specified"})
    if any(address in ours.bad for address in form["to"]):
        return _json(400, {"message": "'to' parameter is not a valid address. please check documentation"})
    if form.get("o:testmode") != ["yes"]:
        reference = form.get("v:pgwhen", [""])[0]
        ours.take([*form["to"], *form.get("cc", []), *form.get("bcc", [])], form["subject"][0], reference, form)
    return _json(200, {"id": f"<mg-{len(ours.sent)}@mg.acme.example>", "message": "Queued. Thank you."})


def _form(call: Call) -> list[tuple[str, Any]]:
    kind = call.headers["content-type"]
    if kind == "application/x-www-form-urlencoded":
        return list(parse_qsl(call.body.decode(), keep_blank_values=True, strict_parsing=bool(call.body)))
    whole = b"Content-Type: " + kind.encode() + b"\r\n\r\n" + call.body
    parts = email.message_from_bytes(whole, policy=email.policy.HTTP).iter_parts()
    found: list[tuple[str, Any]] = []
    for part in parts:
        name, content = str(part.get_param("name", header="content-disposition")), part.get_payload(decode=True)
        assert isinstance(content, bytes)
        file = part.get_filename()
        found.append((name, (file, part.get_content_type(), content) if file else content.decode()))
    return found
