"""Secrets: references become values only here, at the moment of sending, and values become ``***`` wherever they show.

A reference is structure that ``templates.render_header`` makes, ``{"$secret": "env:NAME"}``; text from a row that looks
like one stays text. Only names listed in ``PGWHEN_SECRETS`` resolve.

    SecretError     str(error) names the variable and what to do
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from .outcome import Response

MASK = "***"

#: What is shorter is no secret, and masking it would spoil every text; a beginning of a secret this long is masked
#: too where an answer was cut.
_SHORTEST = 4


class SecretError(ValueError):
    """A secret cannot be resolved; the message says which and what to do."""


class Vault:
    """The secrets of this process: ``allowed`` names from ``environ`` for headers, and ``own`` values to be masked."""

    def __init__(self, environ: Mapping[str, str], allowed: Iterable[str] = (), own: Iterable[str] = ()) -> None:
        self._values = {name: environ.get(name) for name in allowed}
        shown = {*own, *(value.strip() for value in self._values.values() if value)}
        forms = {
            form
            for value in shown
            if len(value) >= _SHORTEST
            for form in (value, quote(value, safe=""), json.dumps(value)[1:-1])
        }
        self._forms = sorted(forms, key=len, reverse=True)
        pattern = "|".join(map(re.escape, self._forms))
        self._text = re.compile(pattern) if pattern else None
        self._bytes = re.compile(pattern.encode()) if pattern else None

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._values)})"

    def resolve(self, value: str | Mapping[str, Any]) -> str:
        """The text of a header's value: references replaced. Raises SecretError."""
        if isinstance(value, str):
            return value
        if "$concat" in value:
            return "".join(map(self.resolve, value["$concat"]))
        name = str(value["$secret"]).removeprefix("env:")
        if name not in self._values:
            raise SecretError(f"the secret {name} is not in PGWHEN_SECRETS; add it there in the poller's environment")
        secret = (self._values[name] or "").strip()
        if not secret:
            raise SecretError(f"the secret {name} is in PGWHEN_SECRETS, but not set in the poller's environment")
        if not secret.isprintable() or not secret.isascii():
            raise SecretError(f"the secret {name} has characters that a header cannot carry")
        return secret

    def mask(self, value: Any) -> Any:
        """The same JSON value with every secret in it masked."""
        if self._text is None:
            return value
        if isinstance(value, str):
            return self._text.sub(MASK, value)
        if isinstance(value, Mapping):
            return {self.mask(key): self.mask(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.mask(item) for item in value]
        return value

    def mask_response(self, response: Response) -> Response:
        """An answer with the secrets masked that it echoes, the one where it was cut included."""
        if self._bytes is None:
            return response
        body = self._bytes.sub(MASK.encode(), response.body)
        if response.truncated:
            body = self._without_part(body)
        return replace(response, body=body, headers=self.mask(response.headers))

    def _without_part(self, body: bytes) -> bytes:
        for form in map(str.encode, self._forms):
            for length in range(min(len(form) - 1, len(body)), _SHORTEST - 1, -1):
                if body.endswith(form[:length]):
                    return body[:-length] + MASK.encode()
        return body
