"""Any HTTP endpoint. 2xx is success; 3xx is never followed. A frozen request is ``{method, url, headers, body}``,
secrets in headers as references. ``Idempotency-Key`` is sent unless the step has its own.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from ..templates import dumps
from . import Attempt, Connection, Unsendable

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")

#: Headers that the connection itself decides.
_OWN = {
    *("connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
}

#: Answer headers that stay out of the history: they are credentials.
_HIDDEN = frozenset(("set-cookie", "set-cookie2", "www-authenticate", "proxy-authenticate"))


def from_environment(environ: Mapping[str, str]) -> Connection | None:
    """HTTP needs no provider."""
    return Connection("http", "http")


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The request to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    body, kind = _body(definition)
    method = str(definition.get("method") or ("GET" if body is None else "POST")).upper()
    if method not in METHODS:
        raise Unsendable(f"method: {method[:20]!r} is not one of {', '.join(METHODS)}")
    headers = {"user-agent": "pgwhen", "idempotency-key": key, **({"content-type": kind} if kind else {})}
    return {
        "method": method,
        "url": _url(definition.get("url"), definition.get("query")),
        "headers": headers | _headers(definition.get("headers") or {}),
        "body": body,
    }


def recipients(message: Mapping[str, Any]) -> list[str]:
    """Requests have no recipients."""
    return []


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen request. Raises SecretError."""
    headers = {name: attempt.resolve(value) for name, value in sorted(message["headers"].items())}
    body = (message.get("body") or "").encode()
    return Request(message["method"], message["url"], headers, body, attempt.timeout)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    status = answer.status
    if 200 <= status < 300:
        headers = {name: value for name, value in answer.headers.items() if name not in _HIDDEN}
        text = answer.text
        kind = answer.headers.get("content-type", "")
        json = answer.json if "json" in kind or text.lstrip()[:1] in ("{", "[") else None
        output = {"status": status, "headers": headers, "json": json, "text": text}
        return Outcome("ok", output | ({"truncated": True} if answer.truncated else {}), answer=answer_of(answer))
    text = f"the server answered {status}: {answer.text[:200]}".strip(": ")
    pause = retry_after(answer.headers)
    return failed(_class(status), f"http_{status}", text, answer=answer_of(answer), retry_after=pause)


def _class(status: int) -> Class:
    if status == 429:
        return "throttled"
    return "transient" if status >= 500 or status in (408, 425) else "permanent"


def _body(definition: Mapping[str, Any]) -> tuple[str | None, str]:
    """The body and its content type."""
    given = [name for name in ("json", "form", "body") if definition.get(name) is not None]
    if len(given) > 1:
        raise Unsendable(f"{' and '.join(given)} are both given; a request has one body")
    if given == ["json"]:
        return dumps(definition["json"]), "application/json"
    if given == ["form"]:
        return _pairs(definition["form"], "form"), "application/x-www-form-urlencoded"
    if given == ["body"]:
        return str(definition["body"]), "text/plain; charset=utf-8"
    return None, ""


def _pairs(values: Any, key: str) -> str:
    """Names and values in URL encoding; a list gives its name several times, null leaves it out."""
    if not isinstance(values, Mapping):
        raise Unsendable(f"{key} is not an object of names and values")
    pairs = [
        (name, item if isinstance(item, str) else dumps(item))
        for name, value in values.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]
    return urlencode(pairs)


def _url(url: Any, query: Any) -> str:
    if not isinstance(url, str) or not url.strip():
        raise Unsendable("url is missing", "url")
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
        netloc = parts.netloc if parts.netloc.isascii() else (host or "").encode("idna").decode()
    except ValueError as error:
        raise Unsendable(f"url: {error}", "url") from error
    if parts.scheme not in ("http", "https") or not host:
        raise Unsendable("url is not an http or https URL", "url")
    if "@" in parts.netloc:
        raise Unsendable("url holds a user name; use a header with secret('env:NAME')", "url")
    if not parts.netloc.isascii() and port:
        netloc = f"{netloc}:{port}"
    more = _pairs(query, "query") if query else ""
    asked = "&".join(part for part in (parts.query, more) if part)
    safe = "/:@!$&'()*+,;=~%[]"
    # The fragment is for readers of pages, not for servers.
    return urlunsplit((parts.scheme, netloc, quote(parts.path, safe=safe), quote(asked, safe=safe + "?"), ""))


def _headers(headers: Any) -> dict[str, Any]:
    if not isinstance(headers, Mapping):
        raise Unsendable("headers is not an object of names and values")
    found: dict[str, Any] = {}
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OWN:
            raise Unsendable(f"headers: {name[:80]!r} cannot be set")
        texts = value.get("$concat", ()) if isinstance(value, Mapping) else (value,)
        if not all(text.isascii() for text in texts if isinstance(text, str)):
            raise Unsendable(f"headers.{name} has characters that a header cannot carry")
        found[name.lower()] = value
    return found
