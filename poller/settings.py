"""What the environment and the command line say, read once.

PGWHEN_CONCURRENCY PGWHEN_BATCH PGWHEN_LEASE PGWHEN_FALLBACK PGWHEN_MAX_SECONDS    numbers; options of `pgwhen poll`
PGWHEN_DOORBELL=off     only poll (behind PgBouncer in transaction mode)
PGWHEN_ACTIONS          modules of custom actions, with commas
PGWHEN_SECRETS          names that {{ secret('env:NAME') }} may name, with commas
PGWHEN_TENANT_SECRETS   what other tenants' connections may refer to: acme=env:ACME_*,acme=file:/run/acme/*
PGWHEN_HTTP_ALLOW       networks (CIDR, with commas) that http steps may call although private
PGWHEN_HTTP_PORTS       ports that http steps may call, instead of 80, 443, 8080, 8443
PGWHEN_EMAIL PGWHEN_SMS PGWHEN_PUSH PGWHEN_CHAT    which provider, where two are configured; their variables: channels/
"""

import functools
import ipaddress
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from . import actions, channels, http
from .connections import Connections
from .database import CONTRACT
from .http import PORTS, AddressGuard, Network
from .secrets import Vault

#: Seconds; a poller that dies is missed for this long.
LEASE = 60.0


class SettingsError(ValueError):
    """A variable is wrong; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a poller works. Times are in seconds; ``max_seconds`` None is without end."""

    dsn: str = field(repr=False)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    connections: Connections = field(default_factory=lambda: Connections({}))
    guard: AddressGuard = field(default_factory=AddressGuard)
    vault: Vault = field(default_factory=lambda: Vault({}))
    concurrency: int = 100
    batch: int = 100
    lease: float = LEASE
    fallback: float = 5.0
    doorbell: bool = True
    once: bool = False
    max_seconds: float | None = None
    poller_id: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}")

    @property
    def poller(self) -> dict[str, Any]:
        """What the database is told of this poller. Of http it is told nothing: one slow host must not throttle all."""
        ours = [c for c in self.connections if channels.adapter(c.provider).REQUIRED]
        return {
            "id": self.poller_id,
            "contract": CONTRACT,
            "batch": self.batch,
            **_program(),
            "actions": actions.announced(self.environ.get("PGWHEN_ACTIONS", "")),
            "connections": [{"name": c.name, "channel": c.channel, "provider": c.provider} for c in ours],
            "connections_revision": self.connections.revision,
        }


@functools.cache
def _program() -> dict[str, str]:
    return {"host": socket.gethostname(), "version": version("pgwhen")}


def from_environment(dsn: str, environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Settings from the environment; ``given`` are fields that the command line decides, None where it does not.

    Raises SettingsError.
    """
    environ = dict(os.environ if environ is None else environ)
    if modules := given.pop("actions", None):
        environ["PGWHEN_ACTIONS"] = ",".join(filter(None, [environ.get("PGWHEN_ACTIONS", ""), *modules]))
    try:
        actions.load(environ.get("PGWHEN_ACTIONS", ""))
        http.route(environ)
        connections = Connections(environ)
        own = (
            environ[reference.removeprefix("env:")].strip()
            for connection in connections
            for reference in connection.secrets.values()
        )
        values: dict[str, Any] = {
            "connections": connections,
            "guard": AddressGuard(_networks(environ), _ports(environ)),
            "vault": Vault(environ, _names(environ, "PGWHEN_SECRETS"), own, _names(environ, "PGWHEN_TENANT_SECRETS")),
            "concurrency": _number(environ, "PGWHEN_CONCURRENCY", int),
            "batch": _number(environ, "PGWHEN_BATCH", int),
            "lease": _number(environ, "PGWHEN_LEASE", float),
            "fallback": _number(environ, "PGWHEN_FALLBACK", float),
            "max_seconds": _number(environ, "PGWHEN_MAX_SECONDS", float),
            "doorbell": environ.get("PGWHEN_DOORBELL", "on").lower() not in ("off", "0", "false", "no"),
        }
    except ValueError as error:
        raise SettingsError(str(error)) from error
    values |= {name: value for name, value in given.items() if value is not None}
    if values["max_seconds"] is not None and values["lease"] is None:
        # A run with an end leaves what it was killed with to the next one: not for longer than needed.
        values["lease"] = min(LEASE, values["max_seconds"] + 5)
    return Settings(dsn, environ, **{name: value for name, value in values.items() if value is not None})


def _names(environ: Mapping[str, str], variable: str) -> list[str]:
    return [name.strip() for name in environ.get(variable, "").split(",") if name.strip()]


def _number(environ: Mapping[str, str], variable: str, kind: type[int] | type[float]) -> float | None:
    text = environ.get(variable, "").strip()
    try:
        number = kind(text) if text else None
    except ValueError:
        raise ValueError(f"{variable} is {text!r}, not a number") from None
    if number is not None and number <= 0:
        raise ValueError(f"{variable} is {text}; it has to be more than 0")
    return number


def _networks(environ: Mapping[str, str]) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(name) for name in _names(environ, "PGWHEN_HTTP_ALLOW"))
    except ValueError as error:
        raise ValueError(f"PGWHEN_HTTP_ALLOW: {error}; it lists networks as 10.0.0.0/8 or ::1/128") from error


def _ports(environ: Mapping[str, str]) -> frozenset[int]:
    names = _names(environ, "PGWHEN_HTTP_PORTS")
    if not all(name.isdigit() and 0 < int(name) < 65536 for name in names):
        raise ValueError("PGWHEN_HTTP_PORTS is not a list of ports with commas")
    return frozenset(map(int, names)) or PORTS
