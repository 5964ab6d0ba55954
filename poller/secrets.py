"""Secrets: references become values only here, at the moment of sending, and values become ``***`` wherever they show.

A reference in a header is structure that ``templates.render_header`` makes, ``{"$secret": "env:NAME"}``; text from a
row that looks like one stays text. Only names listed in ``PGWHEN_SECRETS`` resolve.

A connection's references are ``env:NAME`` and ``file:PATH``, read at each attempt.

Whoever may define a connection or a step decides where its secrets go, and other tenants than ``default`` have no
business with those of the house: of both kinds they get only what ``PGWHEN_TENANT_SECRETS`` lists for them.

    SecretError     str(error) names the variable and what to do
"""

import base64
import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from .outcome import Request, Response

MASK = "***"

#: What is shorter is no secret, and masking it would spoil every text; a beginning of a secret this long is masked
#: too where an answer was cut.
_SHORTEST = 4

#: A path of a URL of this length is a secret of its own: those of incoming webhooks are.
_LONG_PATH = 12

#: Headers whose value is a credential, after the name of its scheme.
_CREDENTIALS = ("authorization", "proxy-authorization")


class SecretError(ValueError):
    """A secret cannot be resolved; the message says which and what to do."""


def _parts(value: str) -> Iterator[str]:
    """What is a secret of its own within one: the password and long path of a URL, the private key of an account."""
    if "://" in value:
        with contextlib.suppress(ValueError):
            parts = urlsplit(value)
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
            if password:
                # As it is, as it is in the URL, and as SMTP's LOGIN and PLAIN and HTTP's Basic say it.
                yield from (password, parts.password or "", parts.netloc.rpartition("@")[0])
                yield from map(_base64, (password, f"{user}:{password}", f"\0{user}\0{password}"))
            if len(parts.path) >= _LONG_PATH:
                yield parts.path + (f"?{parts.query}" if parts.query else "")
    if value.startswith("{") and "private_key" in value:
        with contextlib.suppress(ValueError, AttributeError):
            yield str(json.loads(value).get("private_key") or "")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def credentials(request: Request) -> list[str]:
    """The credentials of a request that are made of secrets, such as base64 of user and password, in their forms."""
    values = (value.partition(" ")[2] or value for name, value in request.headers.items() if name in _CREDENTIALS)
    return [form for value in values if len(value) >= _SHORTEST for form in (value, quote(value, safe=""))]


class Vault:
    """The secrets of this process: ``allowed`` names from ``environ`` for headers, and ``own`` values to be masked.

    ``tenants`` are patterns of what other tenants' connections may refer to: ``acme=env:ACME_*``.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        allowed: Iterable[str] = (),
        own: Iterable[str] = (),
        tenants: Iterable[str] = (),
    ) -> None:
        self._environ = environ
        self._values = {name: environ.get(name) for name in allowed}
        self._tenants = [tuple(pattern.split("=", 1)) for pattern in tenants if "=" in pattern]
        self._shown: set[str] = set()
        self._forms: list[str] = []
        self._text: re.Pattern[str] | None = None
        self._bytes: re.Pattern[bytes] | None = None
        self._learn(*own, *(value.strip() for value in self._values.values() if value))

    def _learn(self, *values: str) -> None:
        """Mask these from now on."""
        if self._shown.issuperset(values):
            return
        self._shown.update(values)
        forms = {
            form
            for value in self._shown
            for part in (value, _base64(value), *_parts(value))
            if len(part) >= _SHORTEST
            for form in (part, quote(part, safe=""), json.dumps(part)[1:-1])
        }
        self._forms = sorted(forms, key=len, reverse=True)
        pattern = "|".join(map(re.escape, self._forms))
        self._text = re.compile(pattern) if pattern else None
        self._bytes = re.compile(pattern.encode()) if pattern else None

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._values)})"

    def resolve(self, value: str | Mapping[str, Any], tenant: str = "default") -> str:
        """The text of a header's value: references replaced. Raises SecretError."""
        if isinstance(value, str):
            return value
        if "$concat" in value:
            return "".join(self.resolve(part, tenant) for part in value["$concat"])
        name = str(value["$secret"]).removeprefix("env:")
        if tenant != "default":
            return _for_header(self.reveal(f"env:{name}", tenant), name)
        if name not in self._values:
            raise SecretError(f"the secret {name} is not in PGWHEN_SECRETS; add it there in the poller's environment")
        secret = (self._values[name] or "").strip()
        if not secret:
            raise SecretError(f"the secret {name} is in PGWHEN_SECRETS, but not set in the poller's environment")
        return _for_header(secret, name)

    def reveal(self, reference: str, tenant: str = "default") -> str:
        """The value of a connection's secret, from the environment or a file. Raises SecretError."""
        kind, _, name = reference.partition(":")
        if kind not in ("env", "file"):
            raise SecretError("a secret is neither env:NAME nor file:PATH")
        if tenant != "default" and not self._may(tenant, reference):
            raise SecretError(
                f"the tenant {tenant} may not use {reference}; whoever runs the poller allows it by "
                f"PGWHEN_TENANT_SECRETS={tenant}={reference}"
            )
        if kind == "file":
            try:
                value = Path(name).read_text("utf-8").strip()
            except OSError as error:
                raise SecretError(f"{reference} cannot be read where this poller runs: {error.strerror}") from error
            except ValueError as error:
                raise SecretError(f"{reference} is not text in UTF-8") from error
        else:
            value = (self._environ.get(name) or "").strip()
        if not value:
            raise SecretError(f"{reference} is {'empty' if kind == 'file' else 'not set'} where this poller runs")
        self._learn(value)
        return value

    def reveal_all(self, references: Mapping[str, str], tenant: str = "default") -> dict[str, str]:
        """The values of a connection's secrets by name. Raises SecretError."""
        return {name: self.reveal(reference, tenant) for name, reference in references.items()}

    def _may(self, tenant: str, reference: str) -> bool:
        if ".." in Path(reference).parts:
            return False
        return any(
            reference.startswith(pattern[:-1]) if pattern.endswith("*") else reference == pattern
            for owner, pattern in self._tenants
            if owner == tenant
        )

    def mask(self, value: Any, also: Sequence[str] = ()) -> Any:
        """The same JSON value with every secret in it masked, and the texts ``also``."""
        if self._text is None and not also:
            return value
        if isinstance(value, str):
            text = self._text.sub(MASK, value) if self._text else value
            for secret in also:
                text = text.replace(secret, MASK)
            return text
        if isinstance(value, Mapping):
            return {self.mask(key, also): self.mask(item, also) for key, item in value.items()}
        if isinstance(value, list):
            return [self.mask(item, also) for item in value]
        return value

    def mask_response(self, response: Response, also: Sequence[str] = ()) -> Response:
        """An answer with the secrets masked that it echoes, the one where it was cut included."""
        if self._bytes is None and not also:
            return response
        body = self._bytes.sub(MASK.encode(), response.body) if self._bytes else response.body
        for secret in also:
            body = body.replace(secret.encode(), MASK.encode())
        if response.truncated:
            body = _without_part(body, [*also, *self._forms])
        return replace(response, body=body, headers=self.mask(response.headers, also))


def _for_header(secret: str, name: str) -> str:
    if not secret.isprintable() or not secret.isascii():
        raise SecretError(f"the secret {name} has characters that a header cannot carry")
    return secret


def _without_part(body: bytes, forms: Iterable[str]) -> bytes:
    for form in map(str.encode, forms):
        for length in range(min(len(form) - 1, len(body)), _SHORTEST - 1, -1):
            if body.endswith(form[:length]):
                return body[:-length] + MASK.encode()
    return body
