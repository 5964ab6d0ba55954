"""The HTTP client over real sockets: what leaves, what may not, what a failure says."""

import asyncio
import contextlib
import gzip
import ipaddress
import resource
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from pgwhen.poller.http import MAX_BODY, AddressGuard, HttpClient, Route, route
from pgwhen.poller.outcome import Failure, Request, Response
from tests.servers import Answer, Fault, HttpServer, http_server, unused_port

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class FixedResolver(AbstractResolver):
    """Gives each name the addresses it is told, one after the other: a name server that changes its mind."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        kind = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            ResolveResult(hostname=host, host=a, port=port, family=kind[":" in a], proto=0, flags=0) for a in addresses
        ]

    async def close(self) -> None:
        pass


def send(request: Request, guard: AddressGuard | None = None, **options: Any) -> Response | Failure:
    """Send with a client of its own; the local servers are allowed unless ``guard`` is given."""

    async def once() -> Response | Failure:
        async with HttpClient(guard or AddressGuard(LOOPBACK), **options) as client:
            return await client.send(request)

    return asyncio.run(once())


def in_client(work: Callable[[HttpClient], Awaitable[Any]], **options: Any) -> Any:
    """Do something with one client."""

    async def run() -> Any:
        async with HttpClient(AddressGuard(LOOPBACK), **options) as client:
            return await work(client)

    return asyncio.run(run())


# ---------------------------------------------------------------- what leaves


def test_a_request_arrives_as_it_was_made() -> None:
    with http_server() as server:
        target = "/a%2Fb/%C3%A9?q=x%20y&z=%26&w=1+2"
        headers = {"x-one": "1", "content-type": "text/plain"}
        answer = send(Request("PUT", server.url + target, headers, b"body \xc3\xa9", timeout=5))
        (call,) = server.received
    assert isinstance(answer, Response)
    assert answer.status == 200
    assert answer.json == {"ok": True}
    assert (call.method, call.target, call.body) == ("PUT", target, b"body \xc3\xa9")
    host = server.url.removeprefix("http://")
    assert call.headers == {**headers, "host": host, "accept-encoding": "identity", "content-length": "7"}


def test_a_get_has_no_body_and_no_headers_of_its_own() -> None:
    with http_server() as server:
        send(Request("GET", server.url + "/", timeout=5))
        (call,) = server.received
    assert set(call.headers) == {"host", "accept-encoding"}


def test_connections_are_kept_and_cookies_are_not() -> None:
    with http_server(lambda _: Answer(headers={"set-cookie": "a=b"})) as server:

        async def thrice(client: HttpClient) -> None:
            for _ in range(3):
                await client.send(Request("POST", server.url + "/", body=b"x", timeout=5))

        in_client(thrice)
        assert all("cookie" not in call.headers for call in server.received)


def test_the_environment_has_no_proxy_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    with http_server() as server:
        assert isinstance(send(Request("GET", server.url + "/", timeout=5)), Response)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_answers(status: int) -> None:
    with http_server() as server:
        server.script = [Answer(status, headers={"location": server.url + "/other"})]
        answer = send(Request("POST", server.url + "/", body=b"x", timeout=5))
        assert isinstance(answer, Response)
        assert answer.status == status
        assert server.paths() == ["/"]


def test_many_at_once() -> None:
    with http_server(lambda _: Answer(delay=0.1)) as server:

        async def fifty(client: HttpClient) -> list[Any]:
            request = Request("POST", server.url + "/", body=b"x", timeout=10)
            return await asyncio.gather(*(client.send(request) for _ in range(50)))

        started = time.monotonic()
        answers = in_client(fifty, limit=50)
        assert all(isinstance(answer, Response) and answer.status == 200 for answer in answers)
        assert server.most_in_flight > 25
        assert time.monotonic() - started < 4


# ---------------------------------------------------------------- answers


def test_a_long_answer_is_cut() -> None:
    with http_server(lambda _: Answer(body=b"x" * 1_000_000)) as server:
        answer = send(Request("GET", server.url + "/", timeout=5))
    assert isinstance(answer, Response)
    assert answer.truncated
    assert answer.body == b"x" * MAX_BODY


@pytest.mark.parametrize("fault", ["half", "drip"])
def test_a_body_that_breaks_off_or_never_ends_does_not_undo_the_status(fault: str) -> None:
    with http_server() as server:
        server.script = [fault]
        started = time.monotonic()
        answer = send(Request("POST", server.url + "/", body=b"x", timeout=1.0))
    assert isinstance(answer, Response)
    assert (answer.status, answer.truncated) == (200, True)
    assert answer.body.startswith(b'{"ok": ')
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_not_unpacked(encoding: str) -> None:
    packed = gzip.compress(b"\0" * 50_000_000)
    with http_server(lambda _: Answer(body=packed, headers={"content-encoding": encoding})) as server:
        answer = send(Request("GET", server.url + "/", timeout=5))
    assert isinstance(answer, Response)
    assert answer.truncated
    assert len(answer.body) <= MAX_BODY


def test_a_small_packed_answer_is_unpacked_and_others_are_left() -> None:
    with http_server(lambda _: Answer(body=gzip.compress(b"hello"), headers={"content-encoding": "gzip"})) as server:
        answer = send(Request("GET", server.url + "/", timeout=5))
        server.script = [Answer(body=b"???", headers={"content-encoding": "br"})]
        other = send(Request("GET", server.url + "/", timeout=5))
    assert isinstance(answer, Response) and isinstance(other, Response)
    assert (answer.body, answer.truncated) == (b"hello", False)
    assert (other.body, other.truncated) == (b"", True)


# ---------------------------------------------------------------- failures: before or after the first byte


def failure(server: HttpServer, fault: Fault, method: str = "POST", timeout: float = 1.0) -> Failure:
    server.script = [fault]
    answer = send(Request(method, server.url + "/", body=b"x", timeout=timeout))
    assert isinstance(answer, Failure)
    return answer


@pytest.mark.parametrize(("fault", "code"), [("drop", "lost"), ("garbage", "lost"), ("slow", "timeout")])
def test_what_was_written_and_not_answered_may_have_been_done(fault: str, code: str) -> None:
    with http_server() as server:
        found = failure(server, fault)
        assert (found.code, found.sent) == (code, True)
        assert len(server.received) == 1


def test_a_refused_connection_is_before_the_first_byte() -> None:
    answer = send(Request("POST", f"http://127.0.0.1:{unused_port()}/", body=b"x", timeout=5))
    assert isinstance(answer, Failure)
    assert (answer.code, answer.sent, answer.refused) == ("connect", False, False)


def test_a_name_that_does_not_resolve_is_before_the_first_byte() -> None:
    answer = send(Request("POST", "http://nowhere.invalid/", timeout=5))
    assert isinstance(answer, Failure)
    assert (answer.code, answer.sent) == ("dns", False)


def test_a_connection_that_is_never_taken_is_before_the_first_byte() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        others = [socket.create_connection(full.getsockname(), 1)]
        try:
            for _ in range(3):  # the backlog is full: no SYN is answered any more
                other = socket.socket()
                other.setblocking(False)
                other.connect_ex(full.getsockname())
                others.append(other)
            answer = send(Request("POST", f"http://127.0.0.1:{full.getsockname()[1]}/", body=b"x", timeout=1.0))
        finally:
            for other in others:
                other.close()
    assert isinstance(answer, Failure)
    assert (answer.code, answer.sent) == ("connect", False)


def test_a_certificate_that_nobody_vouches_for_is_before_the_first_byte() -> None:
    with http_server(tls=True) as server:
        answer = send(Request("POST", server.url + "/", body=b"x", timeout=5))
        assert server.received == []
    assert isinstance(answer, Failure)
    assert (answer.code, answer.sent) == ("tls", False)


def test_tls_works_with_a_known_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.servers import CERTIFICATE

    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with http_server(tls=True) as server:
        answer = send(Request("POST", server.url + "/", body=b"x", timeout=5))
    assert isinstance(answer, Response)
    assert answer.status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "GET"])
def test_nothing_is_repeated_behind_our_back(method: str) -> None:
    """aiohttp would repeat PUT and others when a kept connection drops."""
    with http_server() as server:

        async def twice(client: HttpClient) -> Any:
            await client.send(Request(method, server.url + "/", body=b"x", timeout=5))
            server.script = ["drop"]
            return await client.send(Request(method, server.url + "/", body=b"x", timeout=5))

        answer = in_client(twice)
        assert len(server.received) == 2
    assert isinstance(answer, Failure)
    assert answer.sent


def test_a_request_that_cannot_be_written_is_refused() -> None:
    for request in (
        Request("POST", "http://127.0.0.1/", {"x": "a\r\nb"}),
        Request("POST", "http://127.0.0.1/", {"x": "é"}),
    ):
        answer = send(request)
        assert isinstance(answer, Failure)
        assert answer.refused


# ---------------------------------------------------------------- the guard

BLOCKED = [
    *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254"),
    *("0.0.0.0", "100.64.0.1", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1"),
    *("fd00:ec2::254", "ff02::1", "2001:db8::1", "3fff::1", "100::1", "2002:7f00:1::1", "64:ff9b::7f00:1"),
    *("64:ff9b:1::1", "5f00::1", "2001::1", "::ffff:0:7f00:1", "::2", "4000::1", "8000::1", "fd12::1", "febf::1"),
    *("100:0:0:1::1", "0.255.255.255", "100.127.255.255", "192.0.0.255", "192.0.2.255", "198.19.255.255"),
    *("198.51.100.255", "203.0.113.255", "239.255.255.255", "64:ff9b::808:808", "2001:1ff::1", "ff0e::1"),
]

#: What an issue or Svix's list names, each by a word of its own; two addresses of each are above.
NETS = [
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "255.255.255.255/32"),
    *("224.0.0.0/4", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "100.64.0.0/10", "192.0.0.0/24"),
    *("192.88.99.0/24", "240.0.0.0/4", "198.18.0.0/15", "0.0.0.0/8", "::/128", "::1/128", "fe80::/10", "fc00::/7"),
    *("ff00::/8", "2001:db8::/32", "3fff::/20", "100::/64", "2002::/16", "64:ff9b::/96", "64:ff9b:1::/48", "5f00::/16"),
    "fd00:ec2::254/128",
]


@pytest.mark.parametrize("net", NETS)
def test_every_net_of_the_list_is_blocked_from_its_first_address_to_its_last(net: str) -> None:
    network = ipaddress.ip_network(net)
    for address in (network[0], network[-1], network[network.num_addresses // 2]):
        assert AddressGuard().problem(str(address), 443) is not None, address


@pytest.mark.parametrize("address", BLOCKED)
def test_private_and_reserved_addresses_are_blocked(address: str) -> None:
    problem = AddressGuard().problem(address, 443)
    assert problem is not None
    assert "PGWHEN_HTTP_ALLOW" in problem


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "100.128.0.1", "9.255.255.255"),
        *("11.0.0.0", "2000::1", "2001:200::1", "2001:db7::1", "2003::1", "3ffe::1", "2a00:1450::1", "::ffff:8.8.8.8"),
    ],
)
def test_public_addresses_are_not(address: str) -> None:
    assert AddressGuard().problem(address, 443) is None
    assert "port 22" in str(AddressGuard().problem(address, 22))
    assert AddressGuard(ports=frozenset({22})).problem(address, 22) is None


def test_an_allowed_network_allows_its_ports() -> None:
    guard = AddressGuard((ipaddress.ip_network("10.1.0.0/16"),))
    assert guard.problem("10.1.2.3", 5000) is None
    assert guard.problem("::ffff:10.1.2.3", 5000) is None
    assert guard.problem("10.2.0.1", 80) is not None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[fe80::1%25lo]",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "2130706433",
        "127.1",
        "0",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "127.0.1",
        "0x7F000001",
        "[::ffff:0:127.0.0.1]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
        "ip6-localhost",
    ],
)
def test_no_way_of_writing_an_address_reaches_it(host: str) -> None:
    with http_server() as server:
        port = server.url.rpartition(":")[2]
        answer = send(Request("GET", f"http://{host}:{port}/", timeout=3), AddressGuard())
        assert server.received == []
    assert isinstance(answer, Failure)
    assert not answer.sent
    assert answer.refused or answer.code == "dns"


def test_a_name_is_judged_by_the_address_that_is_connected_to() -> None:
    with http_server() as server:
        port = server.url.rpartition(":")[2]
        resolver = FixedResolver(["127.0.0.1"])
        guard = AddressGuard(ports=frozenset({int(port)}))
        answer = send(Request("GET", f"http://crm.example:{port}/", timeout=3), guard, resolver=resolver)
        assert server.received == []
    assert resolver.asked == ["crm.example"]
    assert isinstance(answer, Failure)
    assert (answer.code, answer.refused) == ("address", True)
    assert "127.0.0.1" in answer.message


def test_a_name_server_that_changes_its_mind_gains_nothing() -> None:
    """DNS rebinding: whatever an earlier look-up said, each connection is judged by its own address."""
    with http_server() as server:
        port = int(server.url.rpartition(":")[2])
        resolver = FixedResolver(["192.0.2.99"], ["127.0.0.1"], ["::ffff:127.0.0.1"], ["10.0.0.1", "127.0.0.1"])
        guard = AddressGuard((ipaddress.ip_network("192.0.2.99/32"),), frozenset({port}))

        async def several() -> list[Response | Failure]:
            async with HttpClient(guard, resolver=resolver) as client:
                return [
                    await client.send(Request("GET", f"http://{name}.example:{port}/", timeout=1)) for name in "abcd"
                ]

        first, *others = asyncio.run(several())
        assert server.received == []
    assert isinstance(first, Failure)
    assert not first.refused  # allowed, and nobody is there
    assert all(isinstance(answer, Failure) and answer.code == "address" for answer in others)


def test_one_forbidden_address_among_several_is_passed_over() -> None:
    with http_server() as server:
        port = int(server.url.rpartition(":")[2])
        guard = AddressGuard((ipaddress.ip_network("127.0.0.1/32"),))
        resolver = FixedResolver(["10.0.0.1", "127.0.0.1"])
        answer = send(Request("GET", f"http://crm.example:{port}/", timeout=3), guard, resolver=resolver)
    assert isinstance(answer, Response)


def test_a_trusted_request_is_not_guarded_and_its_connection_serves_no_other() -> None:
    with http_server() as server:

        async def both() -> Any:
            async with HttpClient() as client:
                trusted = await client.send(Request("GET", server.url + "/", timeout=3, trusted=True))
                return trusted, await client.send(Request("GET", server.url + "/", timeout=3))

        trusted, guarded = asyncio.run(both())
        assert len(server.received) == 1
    assert isinstance(trusted, Response)
    assert isinstance(guarded, Failure)
    assert guarded.refused


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http:///x",
        "http://user:pass@127.0.0.1/",
        "http://@127.0.0.1/",
        "x",
        "",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    answer = send(Request("GET", url, timeout=3))
    assert isinstance(answer, Failure)
    assert (answer.code, answer.refused) == ("url", True)


# ---------------------------------------------------------------- redirects


def follow(request: Request, redirects: int, guard: AddressGuard | None = None, **options: Any) -> Response | Failure:
    """Send with a client of its own, following redirects."""

    async def once() -> Response | Failure:
        async with HttpClient(guard or AddressGuard(LOOPBACK), **options) as client:
            return await client.follow(request, redirects)

    return asyncio.run(once())


def to(status: int, location: str) -> Answer:
    return Answer(status, b"", {"location": location})


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        *(("POST", status, "GET") for status in (301, 302, 303)),
        *(("POST", status, "POST") for status in (307, 308)),
        *(("PUT", status, "PUT") for status in (301, 302, 307, 308)),
        *((method, 303, "GET") for method in ("PUT", "DELETE", "PATCH", "GET")),
        *(("HEAD", status, "HEAD") for status in (301, 302, 303, 307, 308)),
        *(("GET", status, "GET") for status in (301, 302, 303, 307, 308)),
    ],
)
def test_method_and_body_of_what_follows(method: str, status: int, then: str) -> None:
    headers = {"content-type": "text/plain", "authorization": "Bearer x", "x-api-key": "y"}
    with http_server() as server:
        server.script = [to(status, "/other?x=1#fragment")]
        answer = follow(Request(method, server.url + "/first", headers, b"body", 5), 1)
        first, second = server.received
    assert isinstance(answer, Response) and answer.status == 200
    assert (first.method, second.method, second.target) == (method, then, "/other?x=1")
    # To the same origin everything goes along, but for the body and what speaks of it.
    assert (second.headers["authorization"], second.headers["x-api-key"]) == ("Bearer x", "y")
    assert second.body == (b"body" if then == method and not (method == "GET" and status == 303) else b"")
    assert ("content-type" in second.headers) == bool(second.body)


def test_to_another_origin_no_credential_goes_along() -> None:
    headers = {
        "authorization": "Bearer x",
        "x-api-key": "y",
        "cookie": "z",
        "signature": "s",
        "content-type": "application/json",
        "accept": "a/b",
        "user-agent": "pgwhen",
        "idempotency-key": "k",
    }
    with http_server() as one, http_server() as other:
        one.script = [to(307, other.url + "/x")]
        follow(Request("POST", one.url + "/", headers, b"{}", 5), 1)
        (call,) = other.received
    assert set(call.headers) - {"host", "content-length", "accept-encoding"} == {
        *("content-type", "accept", "user-agent", "idempotency-key")
    }
    assert call.body == b"{}"


def test_as_many_as_were_asked_for_and_no_loop() -> None:
    with http_server(lambda call: to(302, call.path)) as server:
        answer = follow(Request("GET", server.url + "/loop", timeout=5), 3)
        assert len(server.received) == 4
        assert isinstance(answer, Response) and answer.status == 302
        server.received.clear()
        follow(Request("GET", server.url + "/loop", timeout=5), 0)
        assert len(server.received) == 1


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://10.0.0.1/", "address"),
        ("http://[::ffff:10.0.0.1]/", "address"),
        ("http://0x0a000001/", "address"),
        ("http://169.254.169.254/latest/meta-data/", "address"),
        ("http://user:pass@127.0.0.1/", "url"),
        ("ftp://127.0.0.1/", "url"),
        ("file:///etc/passwd", "url"),
        ("javascript:alert(1)", "url"),
        ("http://[::1", "redirect"),
        ("http://127.0.0.1:99999999/", "redirect"),
    ],
)
def test_each_address_is_judged_like_the_first(location: str, code: str) -> None:
    with http_server() as server:
        server.script = [to(302, location)]
        answer = follow(Request("GET", server.url + "/", timeout=3), 5)
        assert len(server.received) == 1
    assert isinstance(answer, Failure)
    assert answer.refused and answer.code in (code, "url")


def test_an_operators_address_is_trusted_and_what_it_redirects_to_is_not() -> None:
    with http_server() as ours, http_server() as other:
        ours.script = [to(302, "/next"), to(302, other.url + "/")]
        answer = follow(Request("GET", ours.url + "/", timeout=3, trusted=True), 5, AddressGuard())
        assert ours.paths() == ["/", "/next"] and other.received == []
    assert isinstance(answer, Failure)
    assert (answer.code, answer.refused) == ("address", True)


def test_https_never_becomes_http() -> None:
    from tests.servers import CERTIFICATE

    with http_server(tls=True) as server, http_server() as plain:
        server.script = [to(302, plain.url + "/")]
        environ = {"PGWHEN_HTTP_CAFILE": str(CERTIFICATE)}
        answer = follow(Request("GET", server.url + "/", timeout=5), 3, environ=environ)
        assert plain.received == []
    assert isinstance(answer, Failure)
    assert (answer.code, answer.refused) == ("redirect", True)


@pytest.mark.parametrize(("status", "sent"), [(303, True), (302, True), (307, False)])
def test_a_failure_behind_a_redirect_says_whether_it_had_been_done(status: int, sent: bool) -> None:
    with http_server() as server:
        server.script = [to(status, f"http://127.0.0.1:{unused_port()}/")]
        answer = follow(Request("POST", server.url + "/", body=b"x", timeout=3), 1)
    assert isinstance(answer, Failure)
    assert (answer.code, answer.sent) == ("connect", sent)


def test_the_time_is_for_all_of_them() -> None:
    with http_server(lambda call: Answer(302, b"", {"location": "/"}, delay=0.4)) as server:
        started = time.monotonic()
        answer = follow(Request("GET", server.url + "/", timeout=1.0), 10)
    assert isinstance(answer, Failure)
    assert (answer.code, answer.sent) == ("timeout", True)
    assert time.monotonic() - started < 2.5


# ---------------------------------------------------------------- rebinding, with every way to get a second look-up


class Raw:
    """A server on any local address, whose answers are bytes; counts connections."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0

    @contextlib.asynccontextmanager
    async def listening(self, host: str, port: int = 0) -> AsyncIterator[int]:
        """Listen; the port."""
        async with listening(self._serve, host, port) as found:
            yield found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            writer.write(answer)
            await writer.drain()
            if b"connection: close" in answer.lower():
                return


@contextlib.asynccontextmanager
async def listening(serve: Callable[..., Awaitable[None]], host: str, port: int = 0) -> AsyncIterator[int]:
    """A server whose connections end when it does; the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await serve(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answered(body: bytes = b"ok", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


#: 127.0.0.2 stands for a public address: the guard lets it pass, and 127.0.0.1 not.
PUBLIC = (ipaddress.ip_network("127.0.0.2/32"),)


def test_rebinding_after_the_connection_was_closed() -> None:
    """A name server that answers a public address first and 127.0.0.1 then: the second connection is refused."""

    async def run() -> tuple[Any, Any, int]:
        public, private = Raw(answered(b"ok", "Connection: close")), Raw(answered(b"secret"))
        resolver = FixedResolver(["127.0.0.2"], ["127.0.0.1"])
        async with (
            public.listening("127.0.0.2") as port,
            private.listening("127.0.0.1", port),
            HttpClient(AddressGuard(PUBLIC, frozenset({port})), resolver=resolver) as client,
        ):
            request = Request("GET", f"http://rebind.example:{port}/", timeout=3)
            first = await client.send(request)
            client._guarded.client._connector.clear_dns_cache()  # type: ignore[union-attr]  # ten seconds later
            return first, await client.send(request), private.connections

    first, second, stolen = asyncio.run(run())
    assert isinstance(first, Response) and first.body == b"ok"
    assert isinstance(second, Failure) and (second.code, second.refused) == ("address", True)
    assert stolen == 0


def test_rebinding_and_a_kept_connection() -> None:
    """What was judged when it was opened stays what it is: no second look-up, the same address."""

    async def run() -> tuple[list[Any], list[str], int]:
        public, private = Raw(answered()), Raw(answered(b"secret"))
        resolver = FixedResolver(["127.0.0.2"], ["127.0.0.1"])
        async with (
            public.listening("127.0.0.2") as port,
            private.listening("127.0.0.1", port),
            HttpClient(AddressGuard(PUBLIC, frozenset({port})), resolver=resolver) as client,
        ):
            request = Request("GET", f"http://rebind.example:{port}/", timeout=3)
            answers = [await client.send(request) for _ in range(3)]
            return answers, resolver.asked, private.connections

    answers, asked, stolen = asyncio.run(run())
    assert [answer.body for answer in answers] == [b"ok"] * 3
    assert (asked, stolen) == (["rebind.example"], 0)


@pytest.mark.parametrize("close", [True, False])
def test_rebinding_by_a_redirect_to_the_same_name(close: bool) -> None:
    async def run() -> tuple[Any, int]:
        private, public = Raw(answered(b"secret")), Raw(b"")
        async with private.listening("127.0.0.1") as other, public.listening("127.0.0.2") as port:
            headers = [f"Location: http://rebind.example:{other}/", *(["Connection: close"] if close else [])]
            public.answers = [answered(b"", *headers, status="307 Temporary Redirect")]
            resolver = FixedResolver(["127.0.0.2"], ["127.0.0.1"])
            async with HttpClient(AddressGuard(PUBLIC, frozenset({port, other})), resolver=resolver) as client:
                request = Request("POST", f"http://rebind.example:{port}/", body=b"x", timeout=3)
                return await client.follow(request, 3), private.connections

    answer, stolen = asyncio.run(run())
    assert isinstance(answer, Failure) and (answer.code, answer.refused) == ("address", True)
    assert stolen == 0


# ---------------------------------------------------------------- hostile servers


CREDENTIALS = {"authorization": "Bearer of-no-vault", "x-api-key": "of-no-vault"}


def raw(*answers: bytes, timeout: float = 1.0, method: str = "GET") -> tuple[Any, float]:
    """What becomes of a request to a server that answers these bytes, and how long it took."""

    async def run() -> Any:
        async with Raw(*answers).listening("127.0.0.1") as port, HttpClient(AddressGuard(LOOPBACK)) as client:
            return await client.send(Request(method, f"http://127.0.0.1:{port}/", CREDENTIALS, timeout=timeout))

    started = time.monotonic()
    return asyncio.run(run()), time.monotonic() - started


def test_a_server_that_drips_its_headers_is_left_in_time() -> None:
    async def run() -> Any:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n")
            with contextlib.suppress(ConnectionError):
                for number in range(1000):
                    writer.write(f"X-{number}: y\r\n".encode())
                    await writer.drain()
                    await asyncio.sleep(0.05)

        async with listening(serve, "127.0.0.1") as port, HttpClient(AddressGuard(LOOPBACK)) as client:
            return await client.send(Request("GET", f"http://127.0.0.1:{port}/", timeout=1.0))

    started = time.monotonic()
    answer = asyncio.run(run())
    assert isinstance(answer, Failure)
    assert (answer.code, answer.sent) == ("timeout", True)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 999999999 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
)
def test_garbage_is_a_failure_and_no_error(answer: bytes) -> None:
    found, seconds = raw(answer + b"Connection: close\r\n")
    assert isinstance(found, Failure)
    assert found.sent and not found.refused
    assert seconds < 3 and len(found.message) < 400
    assert "of-no-vault" not in found.message


@pytest.mark.parametrize("part", [b"X: y\r\n", b"X: ", b"1;e=f\r\na\r\n", b"HTTP/1.1 102 Wait\r\n\r\n"])
def test_a_flood_costs_neither_memory_nor_more_than_its_time(part: bytes) -> None:
    head = b"" if part.startswith(b"HTTP") else b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
    head += b"\r\n" if b";" in part else b""

    async def run() -> Any:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head)
            while True:
                writer.write(part * 5_000)
                await writer.drain()
                await asyncio.sleep(0)

        async with listening(serve, "127.0.0.1") as port, HttpClient(AddressGuard(LOOPBACK)) as client:
            return await client.send(Request("GET", f"http://127.0.0.1:{port}/", timeout=1.0))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    answer = asyncio.run(run())
    assert isinstance(answer, Failure) or (answer.truncated and len(answer.body) == MAX_BODY)
    assert time.monotonic() - started < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_endless_interim_answers_end_in_time() -> None:
    found, seconds = raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000, timeout=1.0)
    assert isinstance(found, Failure) and found.sent
    assert seconds < 4


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "compress", "GZIP", "gzip\x00", "identity, gzip"])
def test_no_encoding_costs_memory(encoding: str) -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 20_000_000))
    found, _ = raw(answered(bomb, f"Content-Encoding: {encoding}", "Connection: close"))
    assert isinstance(found, Failure) or len(found.body) <= MAX_BODY


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "http://127.0.0.1/\r\nX: y"),
        Request("GET", "http://127.0.0.1/\x00"),
        Request("GET", "http://127.0.0.1\r\nHost: evil/"),
        Request("GET / HTTP/1.1\r\nX: y", "http://127.0.0.1/"),
        Request("GET", "http://127.0.0.1/", {"x\r\ny": "z"}),
        Request("GET", "http://127.0.0.1/", {"x": "z\ny: a"}),
        Request("GET", "http://127.0.0.1/", {"x": "z\x00"}),
        Request("GET", "http://127.0.0.1/", {"x": "z\x85y"}),
        Request("GET", "http://127.0.0.1/", {"x y": "z"}),
        Request("GET", "http://127.0.0.1/", {"": "z"}),
    ],
)
def test_nothing_can_be_put_into_a_request(request_: Request) -> None:
    async def run() -> tuple[Any, list[bytes]]:
        server = Raw(answered())
        async with server.listening("127.0.0.1") as port, HttpClient(AddressGuard(LOOPBACK)) as client:
            url = request_.url.replace("127.0.0.1", f"127.0.0.1:{port}", 1)
            return await client.send(replace(request_, url=url, timeout=2)), server.requests

    answer, requests = asyncio.run(run())
    assert isinstance(answer, Failure), requests
    assert not answer.sent and requests == []


# ---------------------------------------------------------------- proxies and authorities


class Proxy:
    """A proxy for plain requests and tunnels; notes what it was asked for."""

    def __init__(self, login: str = "", refuse: str = "") -> None:
        self.login, self.refuse = login, refuse
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line = head.partition("\r\n")[0]
        self.asked.append(line)
        if self.refuse or (self.login and f"Proxy-Authorization: Basic {self.login}" not in head):
            writer.write(f"HTTP/1.1 {self.refuse or '407 Login'}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        if not line.startswith("CONNECT"):
            writer.write(answered(b"by proxy", "Connection: close"))
            return
        back, forth = await asyncio.open_connection("127.0.0.1", int(line.split()[1].rpartition(":")[2]))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        try:
            await asyncio.gather(_pipe(reader, forth), _pipe(back, writer))
        finally:
            forth.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


def by_proxy(proxy: Proxy, request: Request, user: str = "", **environ: str) -> Any:
    """Send a request by a proxy."""

    async def run() -> Any:
        async with listening(proxy.serve, "127.0.0.1") as port:
            variables = {"PGWHEN_HTTP_PROXY": f"http://{user}127.0.0.1:{port}"} | environ
            async with HttpClient(AddressGuard(), environ=variables) as client:
                return await client.send(request)

    return asyncio.run(run())


def test_a_proxy_that_is_set_gets_the_requests_and_looks_names_up() -> None:
    proxy = Proxy(login="YWRtaW46czNjcmV0")
    answer = by_proxy(proxy, Request("GET", "http://nowhere.invalid/a?b=c", timeout=5), "admin:s3cret@")
    assert isinstance(answer, Response), answer
    assert answer.body == b"by proxy"
    assert proxy.asked == ["GET http://nowhere.invalid/a?b=c HTTP/1.1"]


def test_a_tunnel_through_a_proxy_is_verified_to_its_end() -> None:
    from tests.servers import CERTIFICATE

    with http_server(tls=True) as server:
        # A port that is allowed: tunnels of a proxy are for those too.
        request = Request("GET", server.url + "/", timeout=5, trusted=True)
        assert isinstance(by_proxy(Proxy(), request), Failure)
        proxy = Proxy()
        answer = by_proxy(proxy, request, PGWHEN_HTTP_CAFILE=str(CERTIFICATE))
        assert isinstance(answer, Response), answer
        assert proxy.asked == [f"CONNECT {server.url.removeprefix('https://')} HTTP/1.1"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "[::1]", "0x7f.1", "2130706433", "0177.0.0.1", "localhost", "a.localhost", "x:22"]
)
def test_what_a_proxy_must_not_be_asked_for(host: str) -> None:
    proxy = Proxy()
    answer = by_proxy(proxy, Request("GET", f"http://{host}/", timeout=5))
    assert isinstance(answer, Failure)
    assert (answer.code, answer.refused, proxy.asked) == ("address", True, [])


def test_a_proxy_that_refuses_or_is_away_is_before_the_first_byte() -> None:
    answer = by_proxy(Proxy(refuse="503 Full"), Request("POST", "https://x.example/", body=b"x", timeout=5))
    assert isinstance(answer, Failure), answer
    assert (answer.code, answer.sent) == ("proxy", False)

    async def away() -> Any:
        environ = {"PGWHEN_HTTP_PROXY": f"http://127.0.0.1:{unused_port()}"}
        async with HttpClient(AddressGuard(), environ=environ) as client:
            return await client.send(Request("POST", "http://x.example/", body=b"x", timeout=5))

    answer = asyncio.run(away())
    assert isinstance(answer, Failure)
    assert (answer.code, answer.sent) == ("proxy", False)


def test_an_authority_of_ones_own() -> None:
    from tests.servers import CERTIFICATE

    with http_server(tls=True) as server:
        environ = {"PGWHEN_HTTP_CAFILE": str(CERTIFICATE)}
        answer = send(Request("POST", server.url + "/", body=b"x", timeout=5), environ=environ)
        elsewhere = Request("GET", server.url.replace("localhost", "other.example"), timeout=5)
        wrong = send(elsewhere, environ=environ, resolver=FixedResolver(["127.0.0.1"]))
    assert isinstance(answer, Response) and answer.status == 200
    assert isinstance(wrong, Failure) and wrong.code == "tls"  # for another name


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"PGWHEN_HTTP_PROXY": "socks5://x:1"}, "PGWHEN_HTTP_PROXY is not like"),
        ({"PGWHEN_HTTP_PROXY": "proxy:3128"}, "PGWHEN_HTTP_PROXY is not like"),
        ({"PGWHEN_HTTP_PROXY": "http://:99999999"}, "PGWHEN_HTTP_PROXY is not like"),
        ({"PGWHEN_HTTP_CAFILE": "/nowhere"}, "PGWHEN_HTTP_CAFILE: /nowhere is not a file"),
        ({"PGWHEN_HTTP_CAFILE": __file__}, "PGWHEN_HTTP_CAFILE: .* is not a file"),
    ],
)
def test_a_route_that_is_wrong_is_named(environ: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        route(environ)
    assert route({}) == Route()
    assert "s3cret" not in repr(route({"PGWHEN_HTTP_PROXY": "http://a:s3cret@x:1"}))
