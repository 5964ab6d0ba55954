"""Programs in Python and JavaScript: JSON in, JSON out, in a sandbox (poller/sandbox.py).

Python is run by pydantic-monty (https://github.com/pydantic/monty), an interpreter of the language's core and a part of
its library: json, re, math, datetime, decimal, random. The output is the value of the last expression, or what a
``return`` gives. JavaScript is run by mini-racer (https://github.com/bpcreech/PyMiniRacer), which is V8: the program is
the body of a function and returns its output. In both ``input`` is what ``with`` says.

A frozen program: ``{language, source, input, seconds, megabytes}``. An exception, a result that is no JSON and too much
memory are permanent; a program that ran out of time is tried again, since the machine may have been busy.
"""

import functools
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from .. import sandbox
from ..actions import storable
from ..outcome import Failure, Outcome, failed, of_failure
from ..sandbox import Ended
from ..templates import loads
from . import Attempt, Call, Connection, Unsendable

CHANNEL = "code"
SETTINGS: Mapping[str, str] = {}
SECRETS: Mapping[str, str] = {}
VARIABLES: Mapping[str, str] = {}
REQUIRED = ()
KEYS: Mapping[str, str] = {"with": "json"}

#: Seconds and megabytes where a step says no limit, and the most that it can say.
SECONDS, MOST_SECONDS = 5.0, 10.0
MEGABYTES, MOST_MEGABYTES = 64, 1_024

_NAMES = {"python": "Python", "javascript": "JavaScript"}
_PACKAGES = {"python": "pydantic-monty", "javascript": "mini-racer"}
_LARGEST = 2**53 - 1


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The program to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    language = str(definition.get("language") or "").lower()
    if language not in _NAMES:
        raise Unsendable(f"language: {language[:20]!r} is not one of {', '.join(_NAMES)}")
    _installed(language)
    source = str(definition.get("source") or "")
    if not source.strip():
        raise Unsendable("source is missing")
    given = definition.get("with")
    for path, number in _inexact(given, "with", language):
        raise Unsendable(f"{path} is {number}, which {_NAMES[language]} cannot hold exactly; give it as a text")
    limit = definition.get("limit") or {}
    return {
        "language": language,
        "source": source,
        "input": given,
        "seconds": min(max(float(limit.get("seconds") or SECONDS), 0.1), MOST_SECONDS),
        "megabytes": int(min(max(int(limit.get("megabytes") or MEGABYTES), 8), MOST_MEGABYTES)),
    }


def recipients(message: Mapping[str, Any]) -> list[str]:
    """Programs have no recipients."""
    return []


def request(message: Mapping[str, Any], attempt: Attempt) -> Call:
    """The run of a frozen program. It can be done again: it does nothing to the world."""
    language = message["language"]
    _installed(language)
    job = {"source": message["source"], "input": _floats(message["input"])}
    seconds = min(float(message["seconds"]), attempt.timeout)
    return Call(
        functools.partial(sandbox.run, language, job, seconds=seconds, megabytes=int(message["megabytes"])),
        attempt.timeout,
    )


def outcome(answer: Ended | Failure) -> Outcome:
    """What the program came to; what it printed is kept with the attempt."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    kept = {"printed": answer.printed} if answer.printed else None
    if answer.code:
        return failed(
            "transient" if answer.code == "timeout" else "permanent",
            f"code_{answer.code}",
            answer.message,
            answer=storable(kept),
        )
    try:
        output = storable(loads(answer.value))
    except (ValueError, RecursionError) as error:
        return failed(
            "permanent", "code_result", f"the result is no JSON that can be stored: {error}", answer=storable(kept)
        )
    return Outcome("ok", cast(Any, output), answer=storable(kept))


def _installed(language: str) -> None:
    if not sandbox.is_installed(sandbox.INTERPRETERS[language]):
        raise Unsendable(
            f"language: {_NAMES[language]} needs {_PACKAGES[language]}, which this poller does not have:"
            " pip install 'pgwhen[code]'",
            "not_installed",
        )


def _inexact(value: Any, path: str, language: str) -> Iterator[tuple[str, Any]]:
    """Numbers that the language would round: integers of JavaScript beyond 2**53, more digits than a float has."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _inexact(item, f"{path}.{key}", language)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _inexact(item, f"{path}[{index}]", language)
    elif isinstance(value, Decimal):
        if not value.is_finite() or Decimal(repr(float(value))) != value:
            yield path, value
    elif isinstance(value, int) and not isinstance(value, bool) and language == "javascript" and abs(value) > _LARGEST:
        yield path, value


def _floats(value: Any) -> Any:
    """Decimals as floats, which hold them exactly (_inexact)."""
    if isinstance(value, Mapping):
        return {key: _floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value
