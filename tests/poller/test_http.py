"""The HTTP client over real sockets: what leaves, what may not, what a failure says."""

import asyncio
import gzip
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from pgwhen.poller.http import MAX_BODY, AddressGuard, HttpClient
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
    *("64:ff9b:1::1", "5f00::1", "2001::1"),
]


@pytest.mark.parametrize("address", BLOCKED)
def test_private_and_reserved_addresses_are_blocked(address: str) -> None:
    problem = AddressGuard().problem(address, 443)
    assert problem is not None
    assert "PGWHEN_HTTP_ALLOW" in problem


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "100.128.0.1"]
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
