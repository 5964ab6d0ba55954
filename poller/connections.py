"""Which connection a step takes: of those that the environment configures, and those that the database defines.

A name means the tenant's own connection, else that of the tenant ``default``, else the environment's; the database
looks at rates and pauses in the same order. A step that names none takes the default of its channel, the tenant's own
before the common one; then what the environment chooses; then the only one that is defined.

The database hands over the defined ones with a claim, when their number (``revision``) is another than the one that
this process knows. Their secrets are references; ``Vault`` reads them at each attempt.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .channels import PROVIDERS, Connection, NotConfigured, adapter, choose, configured, missing

log = logging.getLogger(__name__)

#: The tenant whose connections serve those that have none.
HOUSE = "default"


class Connections:
    """The connections that this process knows. Raises ValueError for a variable that is wrong."""

    def __init__(self, environ: Mapping[str, str], own: Mapping[str, Connection] | None = None) -> None:
        #: What the database was told is known; None before it has said anything.
        self.revision: int | None = None
        self._environ = environ
        self._own = configured(environ) if own is None else own
        self._chosen: dict[str, Connection] = {}
        self._defined: dict[tuple[str, str], Connection] = {}
        self._channels: dict[tuple[str, str], str] = {}
        self._by_channel: dict[tuple[str, str], list[Connection]] = {}
        self._defaults: dict[tuple[str, str], Connection] = {}

    def __iter__(self) -> Iterator[Connection]:
        """Those of the environment."""
        return iter(self._own.values())

    @property
    def defined(self) -> list[Connection]:
        """Those of the database, of all tenants."""
        return list(self._defined.values())

    def learn(self, rows: Sequence[Mapping[str, Any]] | None, revision: int | None) -> None:
        """Know these defined connections from now on, and no others. None, where nothing has changed, does nothing."""
        if rows is None:
            return
        self._defined, self._channels, self._by_channel, self._defaults = {}, {}, {}, {}
        for row in rows:
            key = row["tenant"], row["name"]
            connection = Connection(
                row["name"], row["provider"], row["settings"], row["secrets"], row["tenant"], row["is_default"]
            )
            self._defined[key], self._channels[key] = connection, row["channel"]
            self._by_channel.setdefault((row["tenant"], row["channel"]), []).append(connection)
            if row["is_default"]:
                self._defaults[row["tenant"], row["channel"]] = connection
        if self._defined or self.revision is not None:
            log.info("%s connections are defined in the database", len(self._defined))
        self.revision = revision

    def choose(self, channel: str, wanted: str | None = None, tenant: str = HOUSE) -> Connection:
        """The connection that a step of a tenant takes. Raises NotConfigured."""
        if wanted:
            return self._checked(wanted, tenant, channel)
        default = self._defaults.get((tenant, channel)) or self._defaults.get((HOUSE, channel))
        if default:
            return self._checked(default.name, tenant, channel)
        own = self._chosen.get(channel) or self._choose_own(channel, tenant)
        if (HOUSE, own.name) not in self._defined and (tenant, own.name) not in self._defined:
            return own
        return self._checked(own.name, tenant, channel)

    def find(self, name: str, tenant: str = HOUSE) -> Connection:
        """The connection by which a frozen message leaves. Raises NotConfigured."""
        found = self._defined.get((tenant, name)) or self._defined.get((HOUSE, name)) or self._own.get(name)
        if found is None:
            raise NotConfigured(
                f"the connection {name}, by which the message was to leave, is not configured here: set the variables "
                f"of its provider where this poller runs, or pgwhen connections add {name}"
            )
        return found

    def _choose_own(self, channel: str, tenant: str) -> Connection:
        """What the environment chooses, or the only defined one where it has none. Raises NotConfigured."""
        named = self._environ.get(f"PGWHEN_{channel.upper()}", "").strip()
        if named and (named not in self._own) and (HOUSE, named) in self._defined:
            return self._defined[HOUSE, named]
        if named or any(connection.channel == channel for connection in self._own.values()):
            self._chosen[channel] = choose(channel, None, self._own, self._environ)
            return self._chosen[channel]
        for owner in (tenant, HOUSE):
            ours = self._by_channel.get((owner, channel), [])
            if len(ours) == 1:
                return ours[0]
            if ours:
                names = ", ".join(sorted(connection.name for connection in ours))
                raise NotConfigured(
                    f"{len(ours)} connections for {channel} ({names}), and none is the default: "
                    "pgwhen connections default NAME, or name one in the step"
                )
        return choose(channel, None, self._own, self._environ)

    def _checked(self, name: str, tenant: str, channel: str) -> Connection:
        """The connection of that name, if it serves the channel. Raises NotConfigured."""
        key = next((key for key in ((tenant, name), (HOUSE, name)) if key in self._defined), None)
        if key is None:
            return choose(channel, name, self._own, self._environ)
        if self._channels[key] != channel:
            raise NotConfigured(
                f"the connection {name} is not configured for {channel}: it is one for {self._channels[key]}"
            )
        connection = self._defined[key]
        if problem := incomplete(connection, channel):
            raise NotConfigured(f"the connection {name} {problem}")
        return connection


def incomplete(connection: Connection, channel: str) -> str:
    """What a defined connection lacks for a channel, as the end of a sentence that begins with it; "" for nothing."""
    if not any(connection.provider in providers for providers in PROVIDERS.values()):
        return f"is one of {connection.provider}, which this version of pgwhen does not know: upgrade the poller"
    module = adapter(connection.provider)
    if channel != module.CHANNEL:
        return f"is one of {connection.provider}, which is not a provider for {channel}"
    lacking = missing(module, {**connection.settings, **connection.secrets})
    if lacking:
        options = " ".join(
            f"--secret {name}=env:VARIABLE" if name in module.SECRETS else f"--set {name}=..." for name in lacking
        )
        return f"lacks {' and '.join(lacking)}: pgwhen connections set {connection.name} {options}"
    return ""
