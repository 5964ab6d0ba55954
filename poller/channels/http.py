"""Any HTTP endpoint. 2xx is success, or what ``expect`` says; a redirect is followed only where ``redirects`` asks for
it. A frozen request is ``{method, url, headers, body}``, and where the step has them ``multipart`` (and ``documents``,
the ids that it names), ``auth``, ``expect``, ``redirects``; secrets are references. ``Idempotency-Key`` is sent unless
the step has its own; whether it is honoured cannot be known.

Methods that may be repeated (RFC 9110, 9.2.2) are transient after an uncertain end; POST and PATCH are uncertain.

A *connection* of this provider has a base address, put before relative ones, and credentials, which go to no other
address. An operator chose it, so that the guard against private addresses is not asked; a redirect ends that.
"""

import base64
import functools
import hashlib
import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlencode, urlsplit, urlunsplit
from uuid import UUID

from .. import tokens
from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from ..secrets import MASK
from ..templates import dumps
from . import Attempt, Call, Connection, Unsendable

CHANNEL = "http"
SETTINGS = {
    "base_url": "address that is put before relative ones; it may be private",
    "header": "header that carries the token, in place of Authorization: Bearer",
    "user": "user name of basic authentication; the token is its password",
    "token_url": "address of OAuth 2.0 where client credentials get an access token; the token is the client's secret",
    "client_id": "client of OAuth 2.0",
    "scope": "scope of OAuth 2.0",
}
SECRETS = {"token": "bearer token, or what header, user or token_url make of it"}
VARIABLES: Mapping[str, str] = {}
REQUIRED = ()
KEYS = {
    "url": "url",
    "query": "json",
    "headers": "secret_headers",
    "json": "json",
    "form": "json",
    "body": "text",
    "multipart": "json",
    "auth": "secrets",
}

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

#: Methods that change nothing (RFC 9110, 9.2.1): sent again when nobody knows what became of them, also where
#: on_uncertain is stop. PUT and DELETE are only idempotent: a second one could undo what somebody wrote in between.
REPEATABLE = ("GET", "HEAD", "OPTIONS")

BODIES = ("json", "form", "multipart", "body")

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}(; ?charset=[\w-]{1,40})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)

#: Headers that the connection itself decides.
_OWN = {
    *("connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
}

#: Answer headers that stay out of the history: they are credentials.
_HIDDEN = frozenset(("set-cookie", "set-cookie2", "www-authenticate", "proxy-authenticate"))


@dataclass(frozen=True)
class Judged(Response):
    """An answer, with what is expected of it, and whether the connection's credentials went with its request."""

    expect: Any = None
    with_credentials: bool = False


# ---------------------------------------------------------------- what is frozen


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The request to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    given = [name for name in BODIES if definition.get(name) is not None]
    if len(given) > 1:
        raise Unsendable(f"{' and '.join(given)} are both given; a request has one body")
    parts = _parts(definition["multipart"]) if given == ["multipart"] else None
    body, kind = (None, f"multipart/form-data; boundary={_boundary(key)}") if parts else _body(definition)
    method = str(definition.get("method") or ("POST" if given else "GET")).upper()
    if method not in METHODS:
        raise Unsendable(f"method: {method[:20]!r} is not one of {', '.join(METHODS)}")
    headers = {"user-agent": "pgwhen", "idempotency-key": key, **({"content-type": kind} if kind else {})}
    own = _headers(definition.get("headers") or {})
    if parts and "content-type" in own:
        raise Unsendable("headers: 'content-type' cannot be set with multipart, whose boundary it holds")
    auth = _auth(definition["auth"], own) if definition.get("auth") else None
    documents = list(dict.fromkeys(part["document"] for part in parts or () if "document" in part))
    found = {
        "multipart": parts,
        "documents": documents,
        "auth": auth,
        "expect": definition.get("expect"),
        "redirects": definition.get("redirects"),
    }
    return {
        "method": method,
        "url": _url_of(definition.get("url"), definition.get("query"), connection),
        "headers": headers | own,
        "body": body,
    } | {name: value for name, value in found.items() if value}


def recipients(message: Mapping[str, Any]) -> list[str]:
    """Requests have no recipients."""
    return []


def _body(definition: Mapping[str, Any]) -> tuple[str | None, str]:
    """The body and its content type."""
    if definition.get("json") is not None:
        return dumps(definition["json"]), "application/json"
    if definition.get("form") is not None:
        return _pairs(definition["form"], "form"), "application/x-www-form-urlencoded"
    if definition.get("body") is not None:
        return str(definition["body"]), "text/plain; charset=utf-8"
    return None, ""


def _pairs(values: Any, key: str) -> str:
    """Names and values in URL encoding; a list gives its name several times, null leaves it out."""
    if not isinstance(values, Mapping):
        raise Unsendable(f"{key} is not an object of names and values")
    return urlencode([(name, _text(item)) for name, item in _items(values)])


def _items(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                yield name, item


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)


def _boundary(key: str) -> str:
    """The same at each attempt, and nothing that a value could know beforehand."""
    return f"pgwhen-{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def _parts(values: Any) -> list[dict[str, str]]:
    """The parts of a multipart body: {name, text} or {name, document}, with file and media_type for files."""
    if not isinstance(values, Mapping) or not values:
        raise Unsendable("multipart is not an object of names and values")
    found = [_part(name, item) for name, item in _items(values)]
    if not found:
        raise Unsendable("multipart has no value that is not null")
    return found


def _part(name: str, value: Any) -> dict[str, str]:
    where = f"multipart.{name[:60]}"
    if _CONTROL.search(name):
        raise Unsendable(f"multipart: {name[:60]!r} contains a control character")
    if not isinstance(value, Mapping):
        return {"name": name, "text": _text(value)}
    unknown = set(value) - {"file", "text", "document", "media_type"}
    if unknown:
        raise Unsendable(f"{where} has no {min(unknown)}: it has file, text, document, media_type")
    if (value.get("text") is None) == (value.get("document") is None):
        raise Unsendable(f"{where} has one of text and document")
    document = None if value.get("document") is None else _document(value["document"], where)
    file = _text(value.get("file") or (name if document else ""))
    media_type = _text(value.get("media_type") or mimetypes.guess_type(file)[0] or "application/octet-stream")
    if _CONTROL.search(file):
        raise Unsendable(f"{where}.file contains a control character")
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise Unsendable(f"{where}.media_type: {media_type[:80]!r} is not a media type")
    content = {"document": document} if document else {"text": _text(value["text"])}
    return {"name": name, **content, **({"file": file, "media_type": media_type} if file else {})}


def _document(value: Any, where: str) -> str:
    try:
        return str(UUID(value.strip()))
    except (ValueError, AttributeError):
        raise Unsendable(f"{where}.document: {str(value)[:100]!r} is not the id of a stored document") from None


def _auth(auth: Any, headers: Mapping[str, Any]) -> dict[str, Any]:
    """The authentication to freeze; its texts may be references to secrets."""
    if "authorization" in headers:
        raise Unsendable("auth and the header Authorization are both given")
    if not isinstance(auth, Mapping) or len(auth) != 1 or not set(auth) <= {"bearer", "basic", "oauth2"}:
        raise Unsendable("auth is one of {bearer}, {basic} and {oauth2}")
    way, given = next(iter(auth.items()))
    if way == "bearer":
        return {"bearer": given}
    needed = ("user", "password") if way == "basic" else ("token_url", "client_id", "client_secret")
    if not isinstance(given, Mapping) or not all(given.get(name) for name in needed):
        raise Unsendable(f"auth.{way} has {' and '.join(needed)}")
    if way == "oauth2":
        return {"oauth2": {**given, "token_url": address(given["token_url"])}}
    return {"basic": dict(given)}


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


# ---------------------------------------------------------------- addresses


def address(url: Any, query: Any = None) -> str:
    """An http or https URL in ASCII, without a fragment. Raises Unsendable."""
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


def _url_of(url: Any, query: Any, connection: Connection) -> str:
    """The address of a step: a relative one is put behind the connection's."""
    base = connection.base
    if not base or not isinstance(url, str) or not url.strip():
        return address(url, query)
    text = url.strip()
    found = address(text if _ABSOLUTE.match(text) else f"{base}/{text.lstrip('/')}", query)
    if is_within(base, found):
        return found
    if connection.is_default and _ABSOLUTE.match(text):
        return found  # nobody named the connection, and it has nothing to do with this address
    raise Unsendable(f"url is not behind {base}, the address of the connection {connection.name}", "url")


def is_within(base: str, url: str) -> bool:
    """Whether a URL is that of an operator, or behind it: of the same origin, and not by a way around (``..``)."""
    try:
        ours, theirs = urlsplit(address(base)), urlsplit(url)
        if (ours.scheme, ours.hostname, _port(ours)) != (theirs.scheme, theirs.hostname, _port(theirs)):
            return False
    except (ValueError, Unsendable):
        return False
    path, behind = ours.path.rstrip("/"), re.split(r"[/\\]", unquote(theirs.path))
    return (theirs.path == path or theirs.path.startswith(f"{path}/")) and not {".", ".."} & set(behind)


def _port(parts: Any) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


# ---------------------------------------------------------------- what leaves


def check_settings(settings: Mapping[str, str]) -> None:
    """Look at the settings alone. Raises ValueError."""
    for name in ("base_url", "token_url"):
        url = settings.get(name)
        try:
            if url and (urlsplit(address(url)).query or "#" in url):
                raise Unsendable("url has parameters")
        except Unsendable as error:
            raise ValueError(f"{name}: {str(error).removeprefix('url').strip(' :')}") from error
    if settings.get("header") and (not _NAME.fullmatch(settings["header"]) or settings["header"].lower() in _OWN):
        raise ValueError(f"header: {settings['header'][:80]!r} cannot be set")


def check(settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """What a connection says has to fit together. Raises ValueError."""
    check_settings(settings)
    base, token_url = settings.get("base_url"), settings.get("token_url")
    ways = [name for name in ("header", "user", "token_url") if settings.get(name)]
    if len(ways) > 1:
        raise ValueError(f"{' and '.join(ways)} are ways to use the token; a connection has one of them")
    if ways and "token" not in secrets:
        raise ValueError(f"{ways[0]} needs the secret token")
    if "token" in secrets and not base:
        raise ValueError("the secret token needs base_url, the only address that it is sent to")
    if token_url and not settings.get("client_id"):
        raise ValueError("token_url needs client_id")


def request(message: Mapping[str, Any], attempt: Attempt) -> Call:
    """The call for a frozen request. Raises SecretError and Unsendable."""
    connection, url = attempt.connection, message["url"]
    inside = bool(connection.base) and is_within(connection.base, url)
    headers = {name: attempt.resolve(value) for name, value in sorted(message["headers"].items())}
    auth = _resolved(message["auth"], attempt) if message.get("auth") else None
    with_credentials = False
    if inside and auth is None and "authorization" not in headers:
        auth, own = _credentials(connection)
        with_credentials = bool(auth or own)
        headers = own | headers
    plain = Request(message["method"], url, headers, _bytes(message, attempt), attempt.timeout, inside)
    run = functools.partial(_run, attempt, plain, auth or {}, message, with_credentials)
    # The client ends in time by itself, and knows whether anything has left; a token is asked for before that.
    timeout = attempt.timeout + 1.0 if "oauth2" in (auth or {}) else None
    return Call(run, timeout, safe=plain.method in REPEATABLE)


def _bytes(message: Mapping[str, Any], attempt: Attempt) -> bytes:
    """The body. That of a form with files is put together here, the same each time."""
    if not message.get("multipart"):
        return (message.get("body") or "").encode()
    boundary = message["headers"]["content-type"].rpartition("=")[2].encode()
    lines: list[bytes] = []
    for part in message["multipart"]:
        disposition = f'form-data; name="{_quoted(part["name"])}"'
        if "file" in part:
            disposition += f'; filename="{_quoted(part["file"])}"'
        lines += [b"--" + boundary, f"Content-Disposition: {disposition}".encode()]
        if "media_type" in part:
            lines.append(f"Content-Type: {part['media_type']}".encode())
        lines += [b"", _content(part, attempt)]
    return b"\r\n".join([*lines, b"--" + boundary + b"--", b""])


def _quoted(text: str) -> str:
    """As browsers write it (WHATWG HTML, multipart/form-data encoding algorithm)."""
    return text.replace('"', "%22")


def _content(part: Mapping[str, str], attempt: Attempt) -> bytes:
    if "document" not in part:
        return part["text"].encode()
    if part["document"] not in attempt.documents:
        raise Unsendable(f"multipart.{part['name'][:60]}: there is no document {part['document'][:60]}", "document")
    return attempt.documents[part["document"]]


def _resolved(auth: Mapping[str, Any], attempt: Attempt) -> dict[str, Any]:
    """The authentication with secrets in place of references."""
    way, given = next(iter(auth.items()))
    if way == "bearer":
        return {"bearer": attempt.resolve(given)}
    return {way: {name: attempt.resolve(value) for name, value in given.items()}}


def _credentials(connection: Connection) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """The authentication of a connection, and the header that carries its token."""
    settings, token = connection.settings, connection.secrets.get("token")
    if not token:
        return None, {}
    if settings.get("header"):
        return None, {settings["header"].lower(): token}
    if settings.get("user"):
        return {"basic": {"user": settings["user"], "password": token}}, {}
    if settings.get("token_url"):
        oauth2 = {name: settings[name] for name in ("token_url", "client_id", "scope") if settings.get(name)}
        return {"oauth2": {**oauth2, "client_secret": token}}, {}
    return {"bearer": token}, {}


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


async def _run(
    attempt: Attempt, plain: Request, auth: Mapping[str, Any], message: Mapping[str, Any], with_credentials: bool
) -> Judged | Failure | Outcome:
    """Send, and give the answer with what it is to be judged by."""
    redirects = int(message.get("redirects") or 0)
    answer: Response | Failure | Outcome
    if "oauth2" in auth:
        answer = await _with_token(attempt, plain, auth["oauth2"], redirects)
    else:
        value = ""
        if "bearer" in auth:
            plain = _authorized(plain, f"Bearer {auth['bearer']}")
        elif "basic" in auth:
            if ":" in auth["basic"]["user"]:  # RFC 7617, 2
                return failed("permanent", "auth", "auth.basic: a user name cannot have a colon")
            value = _basic(auth["basic"]["user"], auth["basic"]["password"])
            plain = _authorized(plain, f"Basic {value}")
        answer = await attempt.http.follow(plain, redirects)
        if value and isinstance(answer, Response):
            answer = _without(answer, value)
    if isinstance(answer, Failure):
        return replace(answer, sent=False) if plain.method in REPEATABLE else answer
    if isinstance(answer, Outcome):
        return _of_token(answer, with_credentials)
    return Judged(answer.status, answer.headers, answer.body, answer.truncated, message.get("expect"), with_credentials)


def _authorized(plain: Request, value: str) -> Request:
    return replace(plain, headers={**plain.headers, "authorization": value})


def _without(answer: Response, value: str) -> Response:
    """An answer that repeats what was made of a password does not get it into the history."""
    headers = {name: text.replace(value, MASK) for name, text in answer.headers.items()}
    return replace(answer, headers=headers, body=answer.body.replace(value.encode(), MASK.encode()))


@dataclass(frozen=True, slots=True)
class _Client:
    """What tokens.send sends by: redirects are followed for the request, never with the client's credentials."""

    attempt: Attempt
    token_url: str
    redirects: int

    async def send(self, request: Request) -> Response | Failure:
        """Send once."""
        answer: Response | Failure
        if request.url != self.token_url:
            answer = await self.attempt.http.follow(request, self.redirects)
            return answer
        answer = await self.attempt.http.send(request)
        value = request.headers["authorization"].partition(" ")[2]
        return _without(answer, value) if isinstance(answer, Response) else answer


async def _with_token(
    attempt: Attempt, plain: Request, oauth2: Mapping[str, str], redirects: int
) -> Response | Failure | Outcome:
    """Send with an access token of client credentials (RFC 6749, 4.4; the client is known by basic authentication)."""
    url, client, secret = oauth2["token_url"], oauth2["client_id"], oauth2["client_secret"]
    more = {name: oauth2[name] for name in ("scope", "audience") if oauth2.get(name)}
    key = "\0".join((url, client, secret, *more.values())).encode()
    trusted = plain.trusted and url == attempt.connection.settings.get("token_url")

    def fetch() -> Request:
        headers = {
            "authorization": f"Basic {_basic(quote_plus(client), quote_plus(secret))}",
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
            "user-agent": "pgwhen",
        }
        body = urlencode({"grant_type": "client_credentials", **more}).encode()
        return Request("POST", url, headers, body, attempt.timeout, trusted)

    return await tokens.send(
        _Client(attempt, url, redirects), key, fetch, lambda value: _authorized(plain, f"Bearer {value}"), plain.timeout
    )


def _of_token(answer: Outcome, is_connection: bool) -> Outcome:
    """Refused credentials pause the connection that they belong to; those of a step are the step's mistake."""
    return replace(answer, class_="permanent") if answer.class_ == "auth" and not is_connection else answer


# ---------------------------------------------------------------- what it means


def outcome(answer: Response | Failure | Outcome) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Outcome):
        return answer
    if isinstance(answer, Failure):
        return of_failure(answer)
    status, expect = answer.status, _expected(answer.expect if isinstance(answer, Judged) else None)
    if not _is_expected(status, expect.get("status")):
        return _refused(answer, expect.get("status"))
    if problem := _difference(expect, answer):
        return failed("permanent", "http_expect", f"the answer is not as expected: {problem}", answer=answer_of(answer))
    headers = {name: value for name, value in answer.headers.items() if name not in _HIDDEN}
    kind = answer.headers.get("content-type", "")
    text = answer.text
    json = answer.json if "json" in kind or text.lstrip()[:1] in ("{", "[") else None
    output = {"status": status, "headers": headers, "json": json, "text": text}
    return Outcome("ok", output | ({"truncated": True} if answer.truncated else {}), answer=answer_of(answer))


def _refused(answer: Response, wanted: Any) -> Outcome:
    status, location = answer.status, answer.headers.get("location")
    said = f"a redirect to {location[:200]}" if 300 <= status < 400 and location else answer.text[:200]
    class_ = _class(status)
    if status == 401 and isinstance(answer, Judged) and answer.with_credentials:
        class_ = "auth"
    but = "" if wanted is None else f", not {' or '.join(map(str, wanted if isinstance(wanted, list) else [wanted]))}"
    text = f"the server answered {status}{but}: {said}".strip(": ")
    pause = retry_after(answer.headers)
    return failed(class_, f"http_{status}", text, answer=answer_of(answer), retry_after=pause)


def _class(status: int) -> Class:
    if status == 429:
        return "throttled"
    return "transient" if status >= 500 or status in (408, 425) else "permanent"


def _expected(expect: Any) -> dict[str, Any]:
    if expect is None or isinstance(expect, Mapping):
        return dict(expect or {})
    return {"status": expect}


def _is_expected(status: int, expected: Any) -> bool:
    if expected is None:
        return 200 <= status < 300
    return status in (expected if isinstance(expected, list) else [expected])


def _difference(expect: Mapping[str, Any], answer: Response) -> str:
    """What of an answer differs from what is expected, in words; "" for nothing."""
    text = expect.get("text")
    if text and text not in answer.text:
        return f"{_short(text)} is not in it" + (", as far as it was read" if answer.truncated else "")
    for path, value in (expect.get("json") or {}).items():
        if answer.json is None:
            return "it is too long to be read as JSON" if answer.truncated else "it is not JSON"
        found = _at(answer.json, path.split("."))
        if found is _MISSING:
            return f"it has no {path}"
        if not _is_same(found, value):
            return f"{path} is {_short(found)}, not {_short(value)}"
    return ""


_MISSING = object()


def _at(value: Any, path: list[str]) -> Any:
    for name in path:
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, Mapping) and name in value:
            value = value[name]
        else:
            return _MISSING
    return value


def _is_same(one: Any, other: Any) -> bool:
    """Equality of JSON: 1 is 1.0, and true is not 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_is_same(one[name], other[name]) for name in one)
    numbers = (int, float, Decimal)
    if (
        isinstance(one, bool)
        or isinstance(other, bool)
        or not (isinstance(one, numbers) and isinstance(other, numbers))
    ):
        return type(one) is type(other) and bool(one == other)
    return bool(one == other)


def _short(value: Any) -> str:
    text = dumps(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


# ---------------------------------------------------------------- connections test


def probe(attempt: Attempt, to: str | None = None) -> Call:
    """A GET of the connection's address with its credentials, for `pgwhen connections test`."""
    if not attempt.connection.base:
        raise Unsendable(f"the connection {attempt.connection.name} has no base_url that could be tested")
    headers = {"user-agent": "pgwhen"}
    return request({"method": "GET", "url": address(attempt.connection.base), "headers": headers}, attempt)


def probed(answer: Response | Failure | Outcome) -> Outcome:
    """Whatever the server answers is good, unless it refuses the credentials or is out of order."""
    found = outcome(answer)
    if not isinstance(answer, Response) or answer.status >= 500 or answer.status in (401, 403, 407, 429):
        return found
    return Outcome("ok", {"status": answer.status}, answer=answer_of(answer))
