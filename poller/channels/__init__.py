"""Channels: which providers the environment configures, which one a step takes, and what an adapter is.

An adapter is a module with four pure functions:

    from_environment(environ) -> Connection | None
    message(definition, connection, key, now) -> dict   what is frozen; raises Unsendable
    request(message, attempt) -> Request | Envelope     what goes out: a pure function of the message and secrets
    outcome(answer) -> Outcome                          what an answer means

    Unsendable          the step fails; code and message say why
    └── NotConfigured   no connection for the channel; the message names the variables
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

#: The channel of each type of step.
CHANNELS = {"email": "email", "sms": "sms", "http": "http"}

#: The variable that chooses between two providers of a channel, and what configures one.
CHOICES = {"email": "PGWHEN_EMAIL", "sms": "PGWHEN_SMS"}
VARIABLES = {
    "email": "SMTP_URL and SMTP_FROM, or RESEND_API_KEY and RESEND_FROM_EMAIL",
    "sms": "MESSAGEBIRD_API_KEY and MESSAGEBIRD_ORIGINATOR, "
    "or TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM_NUMBER",
}


class Unsendable(ValueError):
    """A message cannot be sent, now or ever."""

    def __init__(self, message: str, code: str = "message") -> None:
        super().__init__(message)
        self.code = code


class NotConfigured(Unsendable):
    """There is no connection for a channel."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "not_configured")


@dataclass(frozen=True, slots=True)
class Connection:
    """A configured provider. ``url`` is its base, ``trusted`` when an operator set it; ``secrets`` stay in memory."""

    name: str
    channel: str
    sender: str = ""
    url: str = ""
    trusted: bool = False
    account: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def base(self) -> str:
        """The base URL without its final slash."""
        return self.url.rstrip("/")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an adapter needs to make a request of a frozen message. ``timeout`` is in seconds."""

    key: str
    number: int
    timeout: float
    connection: Connection
    resolve: Callable[[str | Mapping[str, Any]], str]


class Adapter(Protocol):
    """What the modules of this package offer."""

    def from_environment(self, environ: Mapping[str, str]) -> Connection | None:
        """The connection that the environment configures."""

    def message(self, definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
        """The message to freeze, from the rendered definition."""

    def request(self, message: Mapping[str, Any], attempt: Attempt) -> Any:
        """What goes out."""

    def outcome(self, answer: Any) -> Any:
        """What the answer means."""


@functools.cache
def adapters() -> dict[str, Adapter]:
    """The adapters by name of connection."""
    from . import http, messagebird, resend, smtp, twilio

    return {"smtp": smtp, "resend": resend, "messagebird": messagebird, "twilio": twilio, "http": http}


def configured(environ: Mapping[str, str]) -> dict[str, Connection]:
    """The connections that the environment configures, by name. Raises ValueError for a variable that is wrong."""
    found = (adapter.from_environment(environ) for adapter in adapters().values())
    return {connection.name: connection for connection in found if connection}


def choose(
    channel: str, wanted: str | None, connections: Mapping[str, Connection], environ: Mapping[str, str]
) -> Connection:
    """The connection that a step takes: the one it names, the one the environment chooses, the only one."""
    ours = [connection for connection in connections.values() if connection.channel == channel]
    variables = f": set {VARIABLES[channel]}" if channel in VARIABLES else ""
    if wanted or (wanted := environ.get(CHOICES.get(channel, ""), "").strip()):
        for connection in ours:
            if connection.name == wanted:
                return connection
        raise NotConfigured(f"the connection {wanted} is not configured for {channel}{variables}")
    if not ours:
        raise NotConfigured(f"no provider for {channel}{variables}")
    if len(ours) > 1:
        raise NotConfigured(
            f"{len(ours)} providers for {channel} ({_names(ours)}): set {CHOICES[channel]} to one of them"
        )
    return ours[0]


def problems(environ: Mapping[str, str]) -> list[str]:
    """What a person should know about the configured providers, one sentence each: for doctor, and at the start."""
    try:
        connections = configured(environ)
    except ValueError as error:
        return [str(error)]
    found = []
    for channel in CHOICES:
        try:
            connection = choose(channel, None, connections, environ)
        except NotConfigured as error:
            found.append(str(error))
        else:
            if not connection.sender:
                found.append(
                    f"{connection.name} has no sender; steps without from fail: set {SENDERS[connection.name]}"
                )
    return found


#: The variable of each provider's default sender.
SENDERS = {
    "smtp": "SMTP_FROM",
    "resend": "RESEND_FROM_EMAIL",
    "messagebird": "MESSAGEBIRD_ORIGINATOR",
    "twilio": "TWILIO_FROM_NUMBER",
}


def _names(connections: Sequence[Connection]) -> str:
    return ", ".join(connection.name for connection in connections)
