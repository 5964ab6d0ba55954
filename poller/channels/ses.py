"""Amazon SES by SMTP: ``email-smtp.REGION.amazonaws.com:587`` with STARTTLS and the SMTP user and password of the
account (they are not its access keys), or a URL of its own.

Beyond a limit SES takes nothing and says ``454 Throttling failure: Maximum sending rate exceeded`` (a moment) or
``Daily message quota exceeded`` (a day's window). It replaces the Message-ID; its own stands in the last reply,
``250 Ok ID``, and in what it reports of the message later. Source: docs.aws.amazon.com/ses (SMTP endpoints; response
codes; managing sending quotas).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..outcome import Failure, Outcome
from . import Attempt, Call, smtp
from . import email as _email
from .smtp import Envelope, Reply, Server

message = _email.message

CHANNEL = "email"
SETTINGS: Mapping[str, str] = {
    "from": "sender",
    "region": "region of the account, for example eu-west-1",
    "user": "SMTP user name",
    "host": "another host",
    "port": "another port",
    "tls": "starttls (the default), tls or none",
    "cafile": "file with the CA that vouches for the host",
}
SECRETS: Mapping[str, str] = {
    "password": "SMTP password",
    "url": "URL of the endpoint with user and password, in place of region, user and password",
}
VARIABLES: Mapping[str, str] = {
    "SES_SMTP_URL": "url",
    "SES_REGION": "region",
    "SES_SMTP_USER": "user",
    "SES_SMTP_PASSWORD": "password",
    "SES_FROM_EMAIL": "from",
}
REQUIRED = ("url",)

#: What may stand in place of something required.
INSTEAD = {"url": ("region", "user", "password")}

#: Seconds to wait at a limit: of a second, and of a day, whose window moves on.
RATE_PAUSE = 1.0
QUOTA_PAUSE = 3_600.0

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ID = re.compile(r"Ok ([0-9A-Za-z][\w.@-]{7,200})")


def server_of(settings: Mapping[str, str], secrets: Mapping[str, str]) -> Server:
    """The endpoint. Raises ValueError that says what is wrong."""
    if secrets.get("url", "").strip():
        return smtp.server_of(settings, secrets, "SES_SMTP_URL")
    region = settings.get("region", "")
    if not settings.get("host") and not _REGION.fullmatch(region):
        raise ValueError(f"region is {region!r}; it is one like eu-west-1, or give the secret url (SES_SMTP_URL)")
    host = settings.get("host") or f"email-smtp.{region}.amazonaws.com"
    if not (settings.get("user") and secrets.get("password")):
        raise ValueError("SES needs the setting user and the secret password of its SMTP access")
    return smtp.server_of({**settings, "host": host}, secrets)


def check_settings(settings: Mapping[str, str]) -> None:
    """Look at the settings alone. Raises ValueError."""
    smtp.check_settings(settings)
    if (region := settings.get("region", "")) and not _REGION.fullmatch(region):
        raise ValueError(f"region is {region!r}; it is one like eu-west-1")


def check(settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Look at a connection before it is used. Raises ValueError."""
    server_of(settings, secrets)


def request(message: Mapping[str, Any], attempt: Attempt) -> Envelope:
    """The envelope and bytes of a frozen message."""
    return smtp.envelope(message, attempt, server_of(attempt.connection.settings, attempt.connection.secrets))


def outcome(answer: Reply | Failure) -> Outcome:
    """What a reply means."""
    found = smtp.outcome(answer)
    if found.class_ == "ok" and isinstance(answer, Reply):
        match = _ID.search(answer.text)
        return smtp.renamed(found, "ses", match[1] if match else None)
    if found.class_ == "throttled" and isinstance(answer, Reply):
        said = " ".join([answer.text, *(text for _, text in answer.refused.values())]).lower()
        return replace(found, retry_after=QUOTA_PAUSE if "quota" in said else RATE_PAUSE)
    return found


def probe(attempt: Attempt, to: str | None = None) -> Call:
    """Connect, TLS and log in; nothing is sent."""
    return smtp.greeting(server_of(attempt.connection.settings, attempt.connection.secrets), attempt.timeout)


def probed(answer: Reply | Failure) -> Outcome:
    """What the conversation means."""
    return smtp.renamed(smtp.probed(answer), "ses")
