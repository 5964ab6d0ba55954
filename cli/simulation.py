"""What a simulated run would send: its actions, rendered by the poller's own renderer.

The database performs actions in pretence (pgwhen._simulate) and gives their definitions and contexts; here they become
messages. One that cannot be rendered would have failed, and what follows would have been another way: so it is said to
fail, by its number, and the simulation is done again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..poller.channels import CHOICES, PROVIDERS, Connection, NotConfigured, adapter, configured
from ..poller.connections import Connections
from ..poller.render import RenderError, render
from ..poller.templates import loads

#: How often a simulation is done again because a message could not be rendered.
MAX_FAILURES = 25

#: Who messages are from where nobody says, by channel.
_SENDERS = {"email": "pgwhen@example.com", "sms": "+15005550006"}


def _pretended(name: str, provider: str, channel: str, row: Mapping[str, Any] | None = None) -> Connection:
    """A connection for runs that send nothing: it has everything."""
    row = row or {}
    settings = {"from": _SENDERS[channel]} if channel in _SENDERS else {}
    if provider == "slack":
        settings = {"channel": "default"}
    secrets = dict.fromkeys(adapter(provider).SECRETS, "env:PRETENDED")
    return Connection(name, provider, settings | (row.get("settings") or {}), secrets, row.get("tenant", "default"))


#: One for each provider.
CONNECTIONS = {
    provider: _pretended(provider, provider, channel)
    for channel, providers in PROVIDERS.items()
    for provider in providers
}
_CHOSEN = {"PGWHEN_EMAIL": "smtp", "PGWHEN_SMS": "twilio", "PGWHEN_PUSH": "fcm", "PGWHEN_CHAT": "slack"}

Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered action: where and when it ran, what would be sent, or why it could not be."""

    number: int
    execution_id: str
    step_id: str
    type: str
    at: datetime
    attempt: int
    connection: str
    message: dict[str, Any] | None
    error: dict[str, Any] | None
    action: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Run:
    """A simulation with its messages; ``document`` is what the database returned."""

    document: dict[str, Any]
    messages: list[Message]
    given: Given = field(default_factory=dict)

    @property
    def executions(self) -> list[dict[str, Any]]:
        """Executions, the started one first, then its children."""
        return list(self.document["executions"])

    def steps(self, execution: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The steps of an execution; further messages of a step (reminders) are in ``messages`` only."""
        return [step for step in execution["steps"] if step["part"] == 0]


def simulate(
    run: Callable[[Given], dict[str, Any]],
    given: Given,
    environ: Mapping[str, str] | None = None,
    pretend: bool = True,
    defined: Sequence[Mapping[str, Any]] | None = None,
) -> Run:
    """Simulate until every message that cannot be rendered has failed.

    ``environ`` configures providers, ``defined`` are the connections of the database (connections.defined_rows); with
    ``pretend`` there is one for every channel all the same, and without ``defined`` one of any name.
    """
    connections = _connections(environ or {}, defined) if pretend else Connections(environ or {})
    if not pretend:
        connections.learn(defined, 0)
    given = dict(given)
    while True:
        document = run(given)
        messages: list[Message] = []
        for action in document["actions"]:
            message = _render(action, connections)
            messages.append(message)
            number = f"#{message.number}"
            if message.message is None and number not in given and len(given) < MAX_FAILURES:
                given[number] = {"error": message.error}
                break
        else:
            return Run(document, messages, given)


class _OfAnyName(Connections):
    """Where no database says which there are."""

    def choose(self, channel: str, wanted: str | None = None, tenant: str = "default") -> Connection:
        """As anywhere; a name that nobody has is one of the channel's usual provider."""
        try:
            return super().choose(channel, wanted, tenant)
        except NotConfigured:
            if not wanted or wanted in CONNECTIONS:
                raise
            return _pretended(wanted, _CHOSEN.get(CHOICES.get(channel, ""), channel), channel)


def _connections(environ: Mapping[str, str], defined: Sequence[Mapping[str, Any]] | None) -> Connections:
    """Those of the environment and the database, and for channels without any those of this module."""
    ours = configured(environ)
    channels = {connection.channel for connection in ours.values()} | {row["channel"] for row in defined or ()}
    channels.discard("http")
    found = {name: own for name, own in CONNECTIONS.items() if own.channel not in channels} | ours
    chosen = {
        variable: environ.get(variable, "") if channel in channels else _CHOSEN[variable]
        for channel, variable in CHOICES.items()
    }
    if defined is None:
        return _OfAnyName(chosen, found)
    connections = Connections(chosen, found)
    known = [row for row in defined if row["provider"] in CONNECTIONS]
    connections.learn([{**row, **_completed(row)} for row in known], 0)
    return connections


def _completed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Settings and secrets of a defined connection, those that are missing pretended."""
    complete = _pretended(row["name"], row["provider"], row["channel"], row)
    settings = dict.fromkeys((n for n in adapter(row["provider"]).REQUIRED if n not in complete.secrets), "pretended")
    return {"settings": settings | dict(complete.settings), "secrets": dict(complete.secrets)}


def _render(action: dict[str, Any], connections: Connections) -> Message:
    """One action. An error that was given for it stays beside its message."""
    error = action.get("error")
    message, connection = None, ""
    at = datetime.fromisoformat(action["at"])
    try:
        if not (action.get("extra") or {}).get("error"):
            rendered = render(action, connections, at)
            message, connection = rendered.message, rendered.connection.name
    except RenderError as failure:
        error = {"class": "permanent", "code": failure.code, "message": str(failure)}
    return Message(
        number=action["number"],
        execution_id=action["execution_id"],
        step_id=action["step_id"],
        type=action["type"],
        at=at,
        attempt=action["attempt"],
        connection=connection,
        message=message,
        error=error,
        action=action,
    )


def fields_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message in the words of its step: the body of a request as json or form, its address's parameters as query."""
    found = dict(message)
    if "endpoint" in message:
        return {**found, **loads(message["body"])}
    if "url" not in message:
        return found
    kind = str(message.get("headers", {}).get("content-type", ""))
    body = message.get("body")
    if body is not None and "json" in kind:
        found["json"] = loads(body)
    elif body is not None and "form" in kind:
        found["form"] = dict(parse_qsl(body, keep_blank_values=True))
    found["query"] = dict(parse_qsl(urlsplit(message["url"]).query, keep_blank_values=True))
    return found


def given_steps(steps: Mapping[str, Any]) -> Given:
    """``{crm.output: x, ask.outcome: approved}`` by step: ``{crm: {output: x}, ask: {outcome: approved}}``."""
    found: Given = {}
    for key, value in steps.items():
        step, dot, what = key.partition(".")
        given = found.setdefault(step, {})
        if dot:
            given[what] = value
        elif isinstance(value, dict):
            given.update(value)
        else:
            given["outcome"] = value
    return found


# ---------------------------------------------------------------- every way that a run may go


@dataclass(frozen=True, slots=True)
class Way:
    """A run, and what was assumed of steps whose outcome nobody knows: (step, outcome) each."""

    assumed: tuple[tuple[str, Any], ...]
    run: Run


def explore(run: Callable[[Given], Run], given: Given, most: int) -> tuple[list[Way], bool]:
    """The run as the database takes it, then one for each other outcome of each step whose outcome is not known.

    At most ``most`` ways; whether these are all.
    """
    ways: list[Way] = []
    pending: list[tuple[tuple[tuple[str, Any], ...], Given]] = [((), given)]
    while pending and len(ways) < most:
        assumed, known = pending.pop(0)
        way = Way(assumed, run(known))
        ways.append(way)
        settled = dict(known)
        for open_ in way.run.document["unknown"]:
            step, key = open_["step_id"], "if" if open_["kind"] == "if" else "outcome"
            own = settled.get(step, {})
            for outcome in open_["outcomes"] or ():
                if outcome != open_["assumed"]:
                    pending.append(((*assumed, (step, outcome)), {**settled, step: {**own, key: outcome}}))
            # The next ones are looked at as this one came out; a wait that nothing ended is left as it is.
            if open_["assumed"] in (open_["outcomes"] or ()):
                settled[step] = {**own, key: open_["assumed"]}
    return ways, not pending
