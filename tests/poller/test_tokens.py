"""Access tokens: fetched once, kept until shortly before their end, and what their failures mean."""

import asyncio
import itertools
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from pgwhen.poller import tokens
from pgwhen.poller.http import AddressGuard, HttpClient
from pgwhen.poller.outcome import Outcome, Request, Response
from tests.servers import Answer, Call, HttpServer, http_server


def answered(**said: Any) -> Answer:
    return Answer(200, orjson.dumps(said))


def issuer(**more: Any) -> Callable[[Call], Answer]:
    """A server that gives token-1, token-2 ... to a form that asks properly."""
    numbers = itertools.count(1)

    def answer(call: Call) -> Answer:
        form = parse_qs(call.body.decode())
        if call.method != "POST" or form.get("grant_type") != ["client_credentials"]:
            return Answer(400, b'{"error": "unsupported_grant_type"}')
        said = {"access_token": f"token-{next(numbers)}", "token_type": "Bearer", "expires_in": 3600} | more
        return Answer(200, orjson.dumps(said), delay=0.05)

    return answer


def asking(server: HttpServer) -> Callable[[], Request]:
    form = {"content-type": "application/x-www-form-urlencoded"}
    return lambda: Request("POST", f"{server.url}/token", form, b"grant_type=client_credentials", 5.0, True)


@pytest.fixture
def key() -> bytes:
    return uuid.uuid4().bytes


async def fetched(server: HttpServer, key: bytes, times: int = 1, seconds: float = 5.0) -> list[Any]:
    async with HttpClient(AddressGuard()) as http:
        asked = (tokens.token(http, key, asking(server), seconds) for _ in range(times))
        return await asyncio.gather(*asked, return_exceptions=True)


def outcome_of(server: HttpServer, key: bytes, seconds: float = 5.0) -> Outcome:
    (found,) = asyncio.run(fetched(server, key, seconds=seconds))
    assert isinstance(found, tokens.TokenError)
    return found.outcome


def test_a_hundred_that_ask_fetch_once(key: bytes) -> None:
    with http_server(issuer()) as server:
        assert asyncio.run(fetched(server, key, 100)) == ["token-1"] * 100
        assert asyncio.run(fetched(server, key, 100)) == ["token-1"] * 100, "kept by the process, not by the loop"
        assert len(server.received) == 1


def test_other_keys_have_other_tokens(key: bytes) -> None:
    with http_server(issuer()) as server:
        first = asyncio.run(fetched(server, key + b"a"))
        assert asyncio.run(fetched(server, key + b"b")) != first


def test_a_token_that_ends_is_fetched_anew(key: bytes) -> None:
    with http_server(issuer(expires_in=0)) as server:
        assert asyncio.run(fetched(server, key)) == ["token-1"]
        assert asyncio.run(fetched(server, key)) == ["token-2"]


@pytest.mark.parametrize(
    ("expires_in", "lasts"),
    [
        (3600, 3540.0),
        ("3600", 3540.0),
        (120, 60.0),
        (10, 5.0),
        (0, 0.0),
        (-5, 0.0),
        (None, tokens.UNSAID),
        ("soon", tokens.UNSAID),
        ({}, tokens.UNSAID),
        (10**12, tokens.LONGEST - tokens.MARGIN),
    ],
)
def test_it_is_used_for_less_than_it_lasts(expires_in: Any, lasts: float) -> None:
    assert tokens._lasts(expires_in) == lasts


def test_all_that_wait_get_the_failure_and_the_next_one_asks_again(key: bytes) -> None:
    with http_server(issuer()) as server:
        server.script = [500]
        found = asyncio.run(fetched(server, key, 20))
        assert all(isinstance(one, tokens.TokenError) for one in found)
        assert len(server.received) == 1
        assert asyncio.run(fetched(server, key)) == ["token-1"]


@pytest.mark.parametrize(
    ("answer", "class_", "code"),
    [
        (
            Answer(400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'),
            "auth",
            "invalid_grant",
        ),
        (Answer(401, b'{"error": "invalid_client"}'), "auth", "invalid_client"),
        (Answer(403, b"<html>"), "auth", "403"),
        (Answer(302, b"", {"location": "https://login.example"}), "auth", "302"),
        (Answer(400, b'{"error": "temporarily_unavailable"}'), "transient", "temporarily_unavailable"),
        (Answer(408, b""), "transient", "408"),
        (Answer(500, b"\x00\xff"), "transient", "500"),
        (Answer(502, b"<html>"), "transient", "502"),
        (Answer(429, b"", {"retry-after": "7"}), "throttled", "429"),
        (Answer(200, b"not JSON"), "transient", "answer"),
        (Answer(200, b'{"access_token": ""}'), "transient", "answer"),
        (Answer(200, b'{"access_token": "a\\r\\nx: y"}'), "transient", "answer"),
        (Answer(200, b'{"access_token": 7}'), "transient", "answer"),
        (Answer(200, b'{"access_token": "t", "token_type": "mac"}'), "auth", "type"),
        ("drop", "transient", None),
        ("garbage", "transient", None),
        ("then_drop", "transient", None),
    ],
)
def test_failures_have_classes(key: bytes, answer: Any, class_: str, code: str | None) -> None:
    with http_server() as server:
        server.script = [answer]
        outcome = outcome_of(server, key)
    assert outcome.class_ == class_
    assert code is None or (outcome.error or {})["code"] == f"token_{code}"
    assert outcome.retry_after == (7 if class_ == "throttled" else None)


def test_a_private_address_that_nobody_trusts_is_refused(key: bytes) -> None:
    async def ask(url: str) -> Any:
        async with HttpClient(AddressGuard()) as http:
            with pytest.raises(tokens.TokenError) as found:
                await tokens.token(http, key, lambda: Request("POST", url))
            return found.value.outcome.class_

    with http_server() as server:
        assert asyncio.run(ask(server.url)) == "permanent"
        assert server.received == []


def test_who_waits_too_long_gives_up_and_the_others_go_on(key: bytes) -> None:
    async def ask(server: HttpServer) -> tuple[Any, Any]:
        async with HttpClient(AddressGuard()) as http:
            hasty = asyncio.create_task(tokens.token(http, key, asking(server), 0.01))
            patient = asyncio.create_task(tokens.token(http, key, asking(server), 5.0))
            cancelled = asyncio.create_task(tokens.token(http, key, asking(server), 5.0))
            await asyncio.sleep(0.02)
            cancelled.cancel()
            return (await asyncio.gather(hasty, return_exceptions=True))[0], await patient

    with http_server(issuer()) as server:
        hasty, patient = asyncio.run(ask(server))
        assert isinstance(hasty, tokens.TokenError)
        assert hasty.outcome.class_ == "transient"
        assert patient == "token-1"
        assert len(server.received) == 1


def test_a_refused_token_goes_and_a_newer_one_stays(key: bytes) -> None:
    with http_server(issuer()) as server:
        asyncio.run(fetched(server, key))
        tokens.forget(key, "another")
        assert asyncio.run(fetched(server, key)) == ["token-1"]
        tokens.forget(key, "token-1")
        assert asyncio.run(fetched(server, key)) == ["token-2"]


def test_a_kept_token_does_not_show(key: bytes) -> None:
    with http_server(issuer()) as server:
        asyncio.run(fetched(server, key))
    assert "token-1" not in repr(tokens._kept)


# ---------------------------------------------------------------- requests with a token


class Api:
    """Gives tokens, and takes the ones that it has not revoked; an echo of the authorization is its answer."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()
        self.issue = issuer()

    def __call__(self, call: Call) -> Answer:
        if call.path == "/token":
            return self.issue(call)
        token = call.headers["authorization"].removeprefix("Bearer ")
        return Answer(401 if token in self.revoked else 200, f'{{"you": "{token}"}}'.encode(), {"x-you": token})


async def sent(server: HttpServer, key: bytes, times: int = 1, seconds: float = 5.0) -> list[Any]:
    def request(value: str) -> Request:
        return Request("POST", f"{server.url}/send", {"authorization": f"Bearer {value}"}, b"x", 5.0, True)

    async with HttpClient(AddressGuard()) as http:
        return await asyncio.gather(*(tokens.send(http, key, asking(server), request, seconds) for _ in range(times)))


def test_a_request_with_a_token(key: bytes) -> None:
    with http_server(Api()) as server:
        (answer,) = asyncio.run(sent(server, key))
        assert isinstance(answer, Response)
        assert (answer.status, answer.text, answer.headers["x-you"]) == (200, '{"you": "***"}', "***")
        assert server.paths() == ["/token", "/send"]


def test_a_token_that_was_kept_and_is_refused_is_fetched_anew_once(key: bytes) -> None:
    api = Api()
    with http_server(api) as server:
        asyncio.run(sent(server, key))
        api.revoked.add("token-1")
        server.received.clear()
        assert asyncio.run(sent(server, key))[0].status == 200
        assert server.paths() == ["/send", "/token", "/send"]
        api.revoked |= {"token-2", "token-3"}
        server.received.clear()
        assert asyncio.run(sent(server, key))[0].status == 401
        assert server.paths() == ["/send", "/token", "/send"], "not for ever"


def test_a_new_token_that_is_refused_is_not_asked_for_again(key: bytes) -> None:
    api = Api()
    api.revoked.add("token-1")
    with http_server(api) as server:
        assert asyncio.run(sent(server, key))[0].status == 401
        assert server.paths() == ["/token", "/send"]


def test_fifty_refused_at_once_fetch_one_new_token(key: bytes) -> None:
    api = Api()
    with http_server(api) as server:
        asyncio.run(sent(server, key))
        api.revoked.add("token-1")
        server.received.clear()
        assert {answer.status for answer in asyncio.run(sent(server, key, 50))} == {200}
        assert server.paths().count("/token") == 1


def test_without_a_token_nothing_is_sent(key: bytes) -> None:
    with http_server(Api()) as server:
        server.script = [401]
        (outcome,) = asyncio.run(sent(server, key))
        assert isinstance(outcome, Outcome)
        assert outcome.class_ == "auth"
        assert server.paths() == ["/token"]


def test_the_time_is_for_both(key: bytes) -> None:
    with http_server(Api()) as server:
        server.script = ["slow"]
        (outcome,) = asyncio.run(sent(server, key, seconds=0.4))
        assert isinstance(outcome, Outcome)
        assert (outcome.class_, (outcome.error or {})["code"]) == ("transient", "token_timeout")
