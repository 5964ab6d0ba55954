"""Channels and providers: who performs a step, and what an adapter is.

A *channel* is a type of step that the poller performs; its module has

    KEYS                                                how each key is rendered (render.KINDS); others stay as they are
    message(definition, connection, key, now) -> dict   what is frozen; raises Unsendable
    recipients(message) -> list[str]                    the addresses that it goes to

A *provider* is who performs it; its module, the adapter, has the ``message`` of its channel, or one that says more, and

    CHANNEL  SETTINGS  SECRETS  VARIABLES  REQUIRED     what a connection to it is made of (Adapter)
    INSTEAD                                             optional: what may stand in place of something required
    check_settings(settings)                            optional: raises ValueError for a setting that cannot have its
                                                        value, whatever the others and the secrets are
    check(settings, secrets)                            optional: raises ValueError for what cannot work
    probe(attempt, to) -> Request | Envelope | Call     optional: a question that reaches nobody, and
    probed(answer) -> Outcome                           what its answer means, where outcome does not say it
    request(message, attempt) -> Request | Envelope | Call   what goes out: a pure function of message and secrets
    outcome(answer) -> Outcome                          what an answer means

Where no provider is needed (http, document, code ...) both are one module.

    Unsendable          the step fails; code and message say why
    └── NotConfigured   no connection for the channel; the message says what to do
"""

import functools
import importlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

#: The channels, and the providers of each in the order of preference for documents and errors.
PROVIDERS = {
    "email": ("smtp", "resend", "sendgrid", "mailgun", "ses"),
    "sms": ("messagebird", "twilio", "telnyx", "bird"),
    "push": ("fcm",),
    "chat": ("slack", "slack_webhook"),
    "http": ("http",),
    "webhook": ("webhook",),
    "document": ("document",),
    "calendar": ("calendar",),
    "code": ("code",),
    "action": ("action",),
}

#: The variable that chooses between two connections of a channel that the environment configures.
CHOICES = {"email": "PGWHEN_EMAIL", "sms": "PGWHEN_SMS", "push": "PGWHEN_PUSH", "chat": "PGWHEN_CHAT"}


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
    """A configured provider. ``settings`` are not secret; ``secrets`` are references (``env:NAME``, ``file:PATH``)
    until an attempt is made, and values in its Attempt.
    """

    name: str
    provider: str
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    tenant: str = "default"
    is_default: bool = False

    @property
    def channel(self) -> str:
        """The channel of its provider."""
        return adapter(self.provider).CHANNEL

    @property
    def sender(self) -> str:
        """Who a message is from where its step does not say."""
        return self.settings.get("from", "")

    @property
    def base(self) -> str:
        """The base URL without its final slash: the one that was set, else the provider's."""
        return str(self.settings.get("base_url") or getattr(adapter(self.provider), "URL", "")).rstrip("/")

    @property
    def trusted(self) -> bool:
        """Whether an operator of the house chose the address, which the address guard then lets be."""
        return bool(self.settings.get("base_url")) and self.tenant == "default"

    def with_secrets(self, values: Mapping[str, str]) -> "Connection":
        """The same with values in place of references."""
        return replace(self, secrets=values)


def _no_secret(reference: str) -> str:
    raise Unsendable(f"the secret {reference} cannot be looked up here", "secret")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an adapter needs to make a request of a frozen message. ``timeout`` is in seconds.

    ``extra`` is what the database says of the action beside its message (``extra`` of claimed_action); ``documents``
    are the contents of the stored documents that the message refers to, by id; ``http`` is the HttpClient, for a Call
    that needs several requests; ``reveal`` gives the value of a secret's reference, and raises SecretError.
    """

    key: str
    number: int
    timeout: float
    connection: Connection
    resolve: Callable[[str | Mapping[str, Any]], str]
    extra: Mapping[str, Any] = field(default_factory=dict)
    documents: Mapping[str, bytes] = field(default_factory=dict)
    http: Any = None
    reveal: Callable[[str], str] = field(default=_no_secret, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that needs no connection of ours: ``run`` gives the answer, whatever ``outcome`` takes.

    ``timeout`` is in seconds, None where ``run`` keeps one itself. What ``run`` raises is an error of the poller:
    transient where ``safe``, else uncertain.
    """

    run: Callable[[], Awaitable[Any]]
    timeout: float | None
    safe: bool = True


class Adapter(Protocol):
    """What the modules of providers offer."""

    CHANNEL: str
    #: Names of settings and of secrets, with a description each. The first secret is the one that
    #: ``connections add --secret REFERENCE`` means where it gives no name.
    SETTINGS: Mapping[str, str]
    SECRETS: Mapping[str, str]
    #: Variable of the environment -> setting or secret, and which of these a connection needs.
    VARIABLES: Mapping[str, str]
    REQUIRED: Sequence[str]

    def message(self, definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
        """The message to freeze, from the rendered definition."""

    def request(self, message: Mapping[str, Any], attempt: Attempt) -> Any:
        """What goes out."""

    def outcome(self, answer: Any) -> Any:
        """What the answer means."""


class Channel(Protocol):
    """What the modules of channels offer."""

    KEYS: Mapping[str, str]

    def recipients(self, message: Mapping[str, Any]) -> list[str]:
        """The addresses that a message goes to."""


@functools.cache
def adapter(provider: str) -> Adapter:
    """The adapter of a provider. Raises NotConfigured for a name that is none."""
    if not any(provider in providers for providers in PROVIDERS.values()):
        raise NotConfigured(f"{provider} is not a provider of this version of pgwhen")
    return cast(Adapter, importlib.import_module(f".{provider}", __package__))


@functools.cache
def channel_module(channel: str) -> Channel:
    """The module of a channel. Raises KeyError for a name that is none."""
    if channel not in PROVIDERS:
        raise KeyError(channel)
    return cast(Channel, importlib.import_module(f".{channel}", __package__))


def missing(module: Adapter, given: Collection[str]) -> list[str]:
    """Settings and secrets that a connection still needs; what ``INSTEAD`` lists may stand in place of one."""
    instead: Mapping[str, Sequence[str]] = getattr(module, "INSTEAD", {})
    return [name for name in module.REQUIRED if name not in given and not set(instead.get(name, (name,))) <= set(given)]


def check_settings(provider: str, settings: Mapping[str, str]) -> None:
    """Whether each setting of a connection can have its value, before there are secrets. Raises ValueError."""
    module = adapter(provider)
    for name in ("base_url", "token_url"):
        if name in module.SETTINGS and settings.get(name):
            _check_url(name, settings[name])
    if check := getattr(module, "check_settings", None):
        check(settings)


def _check_url(name: str, url: str) -> None:
    """Look at a setting that is the address of an API. Raises ValueError."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or "@" in parts.netloc or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise ValueError(f"{name} is {url[:100]!r}: it is an http or https URL without user name and parameters")


def configured(environ: Mapping[str, str]) -> dict[str, Connection]:
    """The connections that the environment configures, by name. Raises ValueError for a variable that is wrong."""
    found = (_configured(provider, environ) for providers in PROVIDERS.values() for provider in providers)
    return {connection.name: connection for connection in found if connection}


def _configured(provider: str, environ: Mapping[str, str]) -> Connection | None:
    module = adapter(provider)
    given = {variable: environ.get(variable, "").strip() for variable in module.VARIABLES}
    names = {module.VARIABLES[variable] for variable, value in given.items() if value}
    if missing(module, names):
        return None
    settings, secrets = {}, {}
    for variable, name in module.VARIABLES.items():
        if name in module.SECRETS and given[variable]:
            secrets[name] = f"env:{variable}"
        elif given[variable]:
            settings[name] = given[variable]
    _check(module, settings, {name: environ[reference.removeprefix("env:")] for name, reference in secrets.items()})
    return Connection(provider, provider, settings, secrets)


def verify(connection: Connection) -> None:
    """Look at a connection with its secrets' values before it is used. Raises ValueError, which says what is wrong."""
    module = adapter(connection.provider)
    given = [name for name, value in {**connection.settings, **connection.secrets}.items() if value]
    if lacking := missing(module, given):
        raise ValueError(f"{' and '.join(lacking)} is missing")
    _check(module, connection.settings, connection.secrets)


def _check(module: Adapter, settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Have the adapter look. What a library says of a value may repeat part of a secret: only adapters are quoted."""
    check = getattr(module, "check", None)
    try:
        if check:
            check(settings, secrets)
    except ValueError as error:
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        if trace and not str(trace.tb_frame.f_globals.get("__name__")).startswith(__name__):
            raise ValueError(
                f"{' or '.join(secrets)} is not what it should be; in a URL, characters of a password such as / @ : "
                "are written as %2F %40 %3A"
            ) from None
        raise


def choose(
    channel: str, wanted: str | None, connections: Mapping[str, Connection], environ: Mapping[str, str]
) -> Connection:
    """The connection that a step takes: the one it names, the one the environment chooses, the only one."""
    ours = [connection for connection in connections.values() if connection.channel == channel]
    variables = f": set {variables_of(channel)}; or pgwhen connections add" if channel in CHOICES else ""
    if wanted or (wanted := environ.get(CHOICES.get(channel, ""), "").strip()):
        for connection in ours:
            if connection.name == wanted:
                return connection
        if wanted not in PROVIDERS.get(channel, ()):
            variables = f": pgwhen connections add {wanted}"
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
    for channel in ("email", "sms"):
        try:
            connection = choose(channel, None, connections, environ)
        except NotConfigured as error:
            found.append(str(error))
        else:
            settings = adapter(connection.provider).SETTINGS
            if "from" in settings and not connection.sender and not connection.settings.get("profile"):
                found.append(f"{connection.name} has no sender; steps without from fail: {set_sender(connection)}")
    return found


def set_sender(connection: Connection) -> str:
    """How a connection gets a sender: by a variable, if it is one of the environment, which has its provider's name."""
    variables = adapter(connection.provider).VARIABLES
    variable = next((variable for variable, name in variables.items() if name == "from"), None)
    if variable and connection.name == connection.provider:
        return f"set {variable}"
    return f"pgwhen connections set {connection.name} from=..."


def variables_of(channel: str) -> str:
    """The variables that configure a channel's providers, as a sentence."""
    modules = [adapter(provider) for provider in PROVIDERS[channel]]
    needed = [
        [variable for variable, name in module.VARIABLES.items() if name in module.REQUIRED or name == "from"]
        for module in modules
    ]
    return ", or ".join(" and ".join(variables) for variables in needed if variables)


def _names(connections: Sequence[Connection]) -> str:
    return ", ".join(connection.name for connection in connections)
