"""The HTTP client: the only module that knows httpx2 and aiohttp.

Why this pair: httpx's own pool is quadratic in connections; its API over aiohttp's transport is 2 to 30 times as fast
(docs/decisions/0001). What it adds to them:

* The *address guard*: the address that a socket is about to connect to is judged, not the name that was looked up, so
  that a second look-up (DNS rebinding), a literal address or a mapped one changes nothing. Blocked is what Svix blocks
  (BLOCKED below), unless the operator allows it (``PGWHEN_HTTP_ALLOW``).
* No cookies, netrc, retries; TLS is verified. Redirects only where `follow` is asked for them, each judged like the
  first address, without credentials once it leads elsewhere.
* A proxy only where ``PGWHEN_HTTP_PROXY`` names one, never one that the environment has for others. It looks names up,
  and so the guard sees only addresses that are written as such: what a proxy may reach is the proxy's to decide.
* Answers are read up to a limit, unpacked up to a limit.
* A failure says whether bytes may have left: only aiohttp's connector errors come before the first byte.

PGWHEN_HTTP_PROXY       http://[user:password@]host:port of the proxy for all requests
PGWHEN_HTTP_CAFILE      certificates (PEM) of authorities that are trusted beside the usual ones
"""

import asyncio
import errno
import functools
import ipaddress
import logging
import os
import re
import socket
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urljoin, urlsplit

import aiohttp
import httpx2
from aiohttp.abc import AbstractResolver
from httpx_aiohttp.httpx2 import AiohttpTransport

from . import failpoints
from .outcome import Failure, Request, Response, clean_text

log = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Bytes of an answer that are kept; reading stops there.
MAX_BODY = 65_536

#: Ports that may be called without an allowance.
PORTS = frozenset((80, 443, 8080, 8443))

#: Svix's list (svix-webhooks, is_allowed), and more: of IPv6 all but what is given out for the internet (2000::/3).
#: Hence ::/3 (::, ::1, 64:ff9b::/96, 64:ff9b:1::/48, 100::/64, the translated ::ffff:0:0:0/96), 4000::/2 (5f00::/16),
#: 8000::/1 (fc00::/7, fe80::/10, fec0::/10, ff00::/8); of 2000::/3 not 2001::/23 (Teredo among them), 2001:db8::/32,
#: 2002::/16 (6to4) and 3fff::/20. Mapped addresses (::ffff:0:0/96) are judged as what they stand for.
BLOCKED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(block)
    for block in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "4000::/2", "8000::/1"),
    )
)

#: Marks our own refusal; the connector keeps the number of an error, not its class, when several addresses fail.
_REFUSED = max(errno.errorcode) + 1000


_UNWRITABLE = re.compile(r"[^\t\x20-\x7e]")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

#: Headers that go with a redirect to another origin; any other may be a credential.
_HARMLESS = frozenset(("accept", "accept-language", "content-type", "idempotency-key", "user-agent"))


@dataclass(frozen=True, slots=True)
class Route:
    """How requests get to the network: by a proxy (its URL, "" for none), trusting further authorities (a PEM file)."""

    proxy: str = field(default="", repr=False)
    cafile: str = ""


def route(environ: Mapping[str, str]) -> Route:
    """What PGWHEN_HTTP_PROXY and PGWHEN_HTTP_CAFILE say. Raises ValueError naming the variable that is wrong."""
    found = Route(environ.get("PGWHEN_HTTP_PROXY", "").strip(), environ.get("PGWHEN_HTTP_CAFILE", "").strip())
    if found.proxy:
        try:
            parts = urlsplit(found.proxy)
            good = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise ValueError("PGWHEN_HTTP_PROXY is not like http://proxy.example.com:3128")
    if found.cafile:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(found.cafile)
        except OSError as error:  # SSLError is one
            raise ValueError(f"PGWHEN_HTTP_CAFILE: {found.cafile} is not a file of certificates: {error}") from error
    return found


class AddressGuard:
    """Decides which addresses may be connected to. Refuses with an OSError before there is a socket."""

    def __init__(self, allow: tuple[Network, ...] = (), ports: frozenset[int] = PORTS) -> None:
        self._allow = allow
        self._ports = ports

    def problem(self, host: str, port: int) -> str | None:
        """Why this address may not be connected to; None when it may. An allowed network allows every port."""
        address = ipaddress.ip_address(host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if any(address in network for network in self._allow if network.version == address.version):
            return None
        if any(address in network for network in BLOCKED if network.version == address.version):
            return f"the address {address} is private or reserved; PGWHEN_HTTP_ALLOW can allow it"
        if port not in self._ports:
            return f"port {port} is not among {_list(self._ports)}; PGWHEN_HTTP_PORTS can allow it"
        return None

    def literal_problem(self, host: str, port: int) -> str | None:
        """The same of what a URL says, as far as it can be known without a look-up: for requests by a proxy."""
        name = host.rstrip(".").lower()
        if name == "localhost" or name.endswith(".localhost"):
            return self.problem("127.0.0.1", port)
        try:
            # Also the old ways to write one: 127.1, 0x7f000001, 2130706433, 0177.0.0.1.
            address = host if ":" in host else socket.inet_ntoa(socket.inet_aton(name))
        except OSError:
            address = "2000::"  # any that is not blocked: what is left is the port
        return self.problem(address, port)

    def make_socket(self, info: Any) -> socket.socket:
        """aiohttp's socket factory: ``info`` is what getaddrinfo returns, for the one address to connect to."""
        family, type_, proto, _, (host, port, *_) = info
        if problem := self.problem(host, port):
            raise OSError(_REFUSED, problem)
        return socket.socket(family, type_, proto)


def _list(ports: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


@dataclass(frozen=True, slots=True)
class Written:
    """A request and what it is to httpx2."""

    request: Request
    message: httpx2.Request

    @property
    def timeout(self) -> float:
        """Seconds for all of it."""
        return self.request.timeout


class HttpClient:
    """Sends requests. ``limit`` is how many at once; ``environ`` (os.environ unless given) says the `route`;
    ``resolver`` replaces the look-up of names (tests). Raises ValueError for a route that is wrong.
    """

    def __init__(
        self,
        guard: AddressGuard | None = None,
        *,
        limit: int = 100,
        max_body: int = MAX_BODY,
        resolver: AbstractResolver | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._max_body = max_body
        self._guard = guard or AddressGuard()
        way = route(os.environ if environ is None else environ)
        self._by_proxy = bool(way.proxy)
        context = httpx2.create_ssl_context()
        if way.cafile:
            context.load_verify_locations(way.cafile)
        # Two pools: a connection that was opened for a trusted request must not serve one that is guarded.
        make_socket = None if way.proxy else self._guard.make_socket
        guarded = _session(context, limit, resolver, make_socket, way.proxy)
        self._guarded = AiohttpTransport(verify=context, client=guarded)
        self._trusted = AiohttpTransport(verify=context, client=_session(context, limit, resolver, None, way.proxy))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._guarded.aclose()
        await self._trusted.aclose()

    def write(self, request: Request) -> "Written | Failure":
        """The request as it will leave, or why it cannot."""
        try:
            parts = urlsplit(request.url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            return Failure("url", f"the URL cannot be called: {error}", refused=True)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            return Failure("url", "not an http or https URL, or one with a user name", refused=True)
        if self._by_proxy and not request.trusted and (problem := self._guard.literal_problem(parts.hostname, port)):
            return Failure("address", problem, refused=True)
        try:
            return Written(request, _message(request))
        except (ValueError, TypeError, httpx2.InvalidURL) as error:
            return Failure("request", f"the request cannot be written: {error}", refused=True)

    async def send(self, request: "Request | Written") -> Response | Failure:
        """Send once; never raises for what a server or a network does."""
        deadline = asyncio.get_running_loop().time() + request.timeout
        written = self.write(request) if isinstance(request, Request) else request
        if isinstance(written, Failure):
            return written
        request = written.request
        known: list[httpx2.Response] = []
        body = bytearray()
        try:
            async with asyncio.timeout_at(deadline):
                transport = self._trusted if request.trusted else self._guarded
                known.append(await transport.handle_async_request(written.message))
                async for chunk in cast(httpx2.AsyncByteStream, known[0].stream):
                    body += chunk
                    if len(body) > self._max_body:
                        break
        except Exception as error:
            if not known:
                return _failure(error, request.timeout)
            # The status is known: a body that breaks off, or is late, is only cut short.
            return await self._response(known[0], body, whole=False)
        return await self._response(known[0], body, whole=len(body) <= self._max_body)

    async def follow(self, request: Request, redirects: int) -> Response | Failure:
        """Send, and go on to where redirects lead, ``redirects`` times at most; the last answer, whatever it is.

        The timeout is for all of it. A failure after a redirect that had done what was asked (a POST that became a GET)
        counts as sent.
        """
        if not redirects:
            return await self.send(request)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + request.timeout
        is_done = False
        for left in range(redirects, -1, -1):
            answer = await self.send(replace(request, timeout=max(deadline - loop.time(), 0.001)))
            if isinstance(answer, Failure):
                return replace(answer, sent=True) if is_done and not answer.refused else answer
            if not left or (following := redirected(request, answer)) is None:
                break
            if isinstance(following, Failure):
                return following
            is_done = is_done or following.method != request.method
            request = following
        return answer

    async def _response(self, answer: httpx2.Response, body: bytearray, whole: bool) -> Response:
        await _close(answer)
        headers: dict[str, str] = {}
        for raw_name, raw_value in answer.headers.raw:
            name, value = raw_name.decode("latin-1").lower(), clean_text(raw_value.decode("utf-8", "replace"))
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        kept, unpacked = _unpack(bytes(body[: self._max_body]), headers.get("content-encoding", ""), self._max_body)
        return Response(answer.status_code, headers, kept, truncated=not (whole and unpacked))


def redirected(request: Request, answer: Response) -> Request | Failure | None:
    """The request that a redirect asks for (RFC 9110, 15.4); None where the answer is none.

    A POST becomes a GET with 301, 302 and 303, anything but HEAD with 303; 307 and 308 keep method and body. To another
    origin go only headers that cannot be credentials, and the trust of an operator's address ends there.
    """
    location = answer.headers.get("location", "").strip()
    if answer.status not in (301, 302, 303, 307, 308) or not location:
        return None
    try:
        url = urljoin(request.url, location).partition("#")[0]
        old, new = urlsplit(request.url), urlsplit(url)
        same = _origin(request.url) == _origin(url)
    except ValueError as error:
        return Failure("redirect", f"the server redirects to what is no URL: {error}", refused=True)
    if old.scheme == "https" and new.scheme != "https":
        return Failure("redirect", f"the server redirects from https to {new.scheme[:20]}", refused=True)
    method, body, headers = request.method, request.body, dict(request.headers)
    if (answer.status == 303 and method != "HEAD") or (answer.status in (301, 302) and method == "POST"):
        method, body = "GET", b""
        headers = {name: value for name, value in headers.items() if not name.lower().startswith("content-")}
    if not same:
        headers = {name: value for name, value in headers.items() if name.lower() in _HARMLESS}
    return Request(method, url, headers, body, request.timeout, request.trusted and same)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _message(request: Request) -> httpx2.Request:
    if not _TOKEN.fullmatch(request.method):
        raise ValueError(f"the method {request.method[:40]!r} is none")
    for name, value in request.headers.items():
        if not _TOKEN.fullmatch(name) or _UNWRITABLE.search(value):
            raise ValueError(f"the header {name[:80]!r} has characters that a header cannot carry")
    # The connect phase (waiting for the pool, look-up, handshake) ends well before the whole does, so that what runs
    # out of time as a whole is known to have been written. aiohttp rounds deadlines beyond 5 s up to a full second.
    connect = min(request.timeout * 0.8, 10.0)
    timeouts = {"connect": connect, "pool": connect, "read": None, "write": None}
    headers = {"accept-encoding": "identity", **request.headers}
    # As a stream: aiohttp adds Host and Content-Length, and httpx2 need not. `read` has aiohttp send it as one piece.
    body = httpx2.ByteStream(request.body)
    message = httpx2.Request(
        request.method, _url(request.url), headers=headers, stream=body, extensions={"timeout": timeouts}
    )
    message.read()
    message.headers.encoding = "ascii"  # as was checked above; else each header is decoded to find out
    return message


#: Parsing one takes longer than sending to it.
_url = functools.lru_cache(maxsize=1_024)(httpx2.URL)


async def _close(answer: httpx2.Response) -> None:
    try:
        await answer.aclose()
    except Exception as error:
        log.debug("a connection ended badly after its answer: %r", error)


def _session(
    context: ssl.SSLContext, limit: int, resolver: AbstractResolver | None, make_socket: Any, proxy: str = ""
) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=limit, ssl=context, resolver=resolver, socket_factory=make_socket, keepalive_timeout=10
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        proxy=proxy or None,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        trace_configs=[_fail_in_mid_send()] if failpoints.armed("mid_send") else None,
    )
    # aiohttp repeats PUT, DELETE and others by itself when a kept connection drops: that is ours to decide.
    session._retry_connection = False
    return session


def _fail_in_mid_send() -> aiohttp.TraceConfig:
    async def written(*_args: Any) -> None:
        failpoints.hit("mid_send")

    trace = aiohttp.TraceConfig()
    trace.on_request_chunk_sent.append(written)
    return trace


def _unpack(body: bytes, encoding: str, limit: int) -> tuple[bytes, bool]:
    """Undo a compression that we did not ask for, up to the limit; and whether that was all."""
    if encoding.strip().lower() in ("", "identity"):
        return body, True
    if encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return b"", False
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        return unpacker.decompress(body, limit), unpacker.eof
    except zlib.error:
        return b"", False


def _failure(error: Exception, timeout: float) -> Failure:
    if type(error) is TimeoutError:
        return Failure("timeout", f"no answer in {round(timeout, 2):g} s", sent=True)
    cause = error.__cause__ if isinstance(error, httpx2.HTTPError) else error
    if isinstance(cause, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return Failure("url", f"the URL cannot be called: {cause}", refused=True)
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        return Failure("proxy", f"the proxy answered {cause.status}: {cause.message}")
    if isinstance(cause, aiohttp.ClientProxyConnectionError):
        return Failure("proxy", f"cannot connect to the proxy: {cause.os_error.strerror or cause.os_error}")
    if isinstance(cause, aiohttp.ClientSSLError):
        return Failure("tls", f"no TLS connection with {cause.host}:{cause.port}: {cause.os_error}")
    if isinstance(cause, aiohttp.ClientConnectorError):
        reason = cause.os_error
        if reason.errno == _REFUSED:
            return Failure("address", reason.strerror or str(reason), refused=True)
        code = "dns" if isinstance(cause, aiohttp.ClientConnectorDNSError) else "connect"
        return Failure(code, f"cannot connect to {cause.host}:{cause.port}: {reason.strerror or reason}")
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return Failure("connect", "no connection in time")
    # aiohttp's word for an answer that is none has the request with it, credentials included.
    said = cause.message if isinstance(cause, aiohttp.ClientResponseError) else repr(cause or error)
    return Failure("lost", f"the connection ended without an answer: {said[:300]}", sent=True)
