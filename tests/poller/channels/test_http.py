"""The http step: what is frozen, what leaves, and answers by class."""

import asyncio
import email.message
import email.parser
import email.policy
import ipaddress
from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from pgwhen.poller import tokens
from pgwhen.poller.channels import Attempt, Connection, Unsendable, http
from pgwhen.poller.connections import Connections
from pgwhen.poller.http import AddressGuard, HttpClient
from pgwhen.poller.mail import Mailer
from pgwhen.poller.outcome import Failure, Outcome, Response
from pgwhen.poller.perform import Performer
from pgwhen.poller.secrets import SecretError, Vault
from tests.poller.channels.support import KEY, NOW, judge
from tests.servers import Answer, Call, HttpServer, http_server, unused_port

HTTP = Connection("http", "http")
D1, D2 = "0e9c8fbe-8f6b-5a5e-9b5e-3b0f8f0c0d01", "0e9c8fbe-8f6b-5a5e-9b5e-3b0f8f0c0d02"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def message(**definition: Any) -> dict[str, Any]:
    return http.message({"url": "https://x.test/a"} | definition, HTTP, KEY, NOW)


def request(vault: Vault | None = None, **definition: Any) -> Any:
    """The request that leaves; what is done with its answer is ``http.request``'s."""
    resolve = (vault or Vault({})).resolve
    return http.request(message(**definition), Attempt(KEY, 1, 7.0, HTTP, resolve)).run.args[1]


def perform(
    definition: Mapping[str, Any],
    *,
    connection: Connection = HTTP,
    secrets: Mapping[str, str] | None = None,
    documents: Mapping[str, bytes] | None = None,
    guard: AddressGuard | None = None,
    timeout: float = 3.0,
    key: str = KEY,
) -> Outcome:
    """Freeze, send and judge a request as the poller does it. ``secrets`` are its environment, all of them allowed."""
    environ = dict(secrets or {})
    frozen = orjson.loads(orjson.dumps(http.message(definition, connection, key, NOW)))

    async def once() -> Outcome:
        async with HttpClient(guard or AddressGuard(LOOPBACK)) as client, Mailer() as mailer:
            connections = Connections({}, {connection.name: connection})
            performer = Performer(client, mailer, connections, Vault(environ, environ))
            action = {"idempotency_key": key, "attempt": 1, "timeout_seconds": timeout, "documents": documents}
            return await performer.perform(action, connection.name, frozen)

    return asyncio.run(once())


@pytest.fixture(autouse=True)
def _no_tokens() -> None:
    tokens._kept.clear()


def test_a_get() -> None:
    headers = {"user-agent": "pgwhen", "idempotency-key": KEY}
    assert message() == {"method": "GET", "url": "https://x.test/a", "headers": headers, "body": None}


def test_json_keeps_its_numbers() -> None:
    found = message(json={"total": Decimal("10.20"), "id": 12345678901234567890, "ok": True, "x": None, "é": ["ü"]})
    assert found["method"] == "POST"
    assert found["body"] == '{"total":10.20,"id":12345678901234567890,"ok":true,"x":null,"é":["ü"]}'
    assert found["headers"]["content-type"] == "application/json"
    sent = request(json=[1])
    assert (sent.method, sent.body, sent.timeout) == ("POST", b"[1]", 7.0)


def test_forms_and_text() -> None:
    form = message(form={"a": "x y&z", "n": Decimal("1.50"), "b": True, "l": ["1", 2], "none": None})
    assert form["body"] == "a=x+y%26z&n=1.50&b=true&l=1&l=2"
    assert form["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert message(body="héllo", method="put") | {"headers": 0, "url": 0} == {
        "method": "PUT",
        "url": 0,
        "headers": 0,
        "body": "héllo",
    }


@pytest.mark.parametrize(
    ("url", "query", "expected"),
    [
        ("https://x.test/a", {"q": "x y", "n": 1, "none": None}, "https://x.test/a?q=x+y&n=1"),
        ("https://x.test/a?b=c", {"q": ["1", "2"]}, "https://x.test/a?b=c&q=1&q=2"),
        ("https://x.test/a%2Fb/é x#frag", None, "https://x.test/a%2Fb/%C3%A9%20x"),
        ("https://exämple.test:8443/a", None, "https://xn--exmple-cua.test:8443/a"),
        ("  http://127.0.0.1:8080  ", None, "http://127.0.0.1:8080"),
        ("https://[2606:4700::1111]/a", None, "https://[2606:4700::1111]/a"),
    ],
)
def test_urls(url: str, query: Any, expected: str) -> None:
    assert message(url=url, query=query)["url"] == expected


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"url": None}, "url is missing"),
        ({"url": ""}, "url is missing"),
        ({"url": "ftp://x.test"}, "not an http or https URL"),
        ({"url": "/path"}, "not an http or https URL"),
        ({"url": "javascript:alert(1)"}, "not an http or https URL"),
        ({"url": "https://user:pass@x.test/"}, "holds a user name"),
        ({"url": "https://x.test:99999/"}, "url"),
        ({"method": "TRACE"}, "method"),
        ({"method": "GET /"}, "method"),
        ({"json": {}, "body": "x"}, "json and body are both given"),
        ({"query": "a=b"}, "query is not an object"),
        ({"form": ["a"]}, "form is not an object"),
        ({"headers": ["x"]}, "headers is not an object"),
        ({"headers": {"Host": "evil"}}, "'Host' cannot be set"),
        ({"headers": {"content-length": "1"}}, "cannot be set"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "cannot be set"),
        ({"headers": {"a b": "1"}}, "cannot be set"),
        ({"headers": {"x": "é"}}, "characters that a header cannot carry"),
        ({"multipart": {"a": "b"}, "json": {}}, "json and multipart are both given"),
        ({"multipart": []}, "multipart is not an object"),
        ({"multipart": {}}, "multipart is not an object"),
        ({"multipart": {"a": None}}, "no value that is not null"),
        ({"multipart": {"a": {"file": "x"}}}, "multipart.a has one of text and document"),
        ({"multipart": {"a": {"text": "x", "document": "y"}}}, "multipart.a has one of text and document"),
        ({"multipart": {"a": {"text": "x", "path": "/etc"}}}, "multipart.a has no path"),
        ({"multipart": {"a\r\nb": "x"}}, "control character"),
        ({"multipart": {"a": {"text": "x", "file": "b\r\nContent-Type: y"}}}, "multipart.a.file contains a control"),
        ({"multipart": {"a": {"text": "x", "file": "b", "media_type": "text/html\r\nX: y"}}}, "is not a media type"),
        ({"multipart": {"a": {"document": 7}}}, "is not the id of a stored document"),
        ({"multipart": {"a": {"document": "quote"}}}, "multipart.a.document: 'quote' is not the id of a"),
        ({"multipart": {"a": "b"}, "headers": {"Content-Type": "x/y"}}, "cannot be set with multipart"),
        ({"auth": {"bearer": "x"}, "headers": {"Authorization": "y"}}, "auth and the header Authorization"),
        ({"auth": "x"}, "auth is one of"),
        ({"auth": {"digest": {}}}, "auth is one of"),
        ({"auth": {"bearer": "x", "basic": {}}}, "auth is one of"),
        ({"auth": {"basic": {"user": "x"}}}, "auth.basic has user and password"),
        ({"auth": {"oauth2": {"token_url": "https://x.test/t"}}}, "auth.oauth2 has token_url"),
        (
            {"auth": {"oauth2": {"token_url": "ftp://x.test/t", "client_id": "a", "client_secret": "b"}}},
            "not an http or https URL",
        ),
    ],
)
def test_what_is_wrong_is_named(definition: dict[str, Any], problem: str) -> None:
    with pytest.raises(Unsendable, match=problem):
        message(**definition)


def test_own_headers_win() -> None:
    found = message(json={}, headers={"Content-Type": "application/vnd.x+json", "Idempotency-Key": "mine", "X-A": "1"})
    assert found["headers"] == {
        "user-agent": "pgwhen",
        "idempotency-key": "mine",
        "content-type": "application/vnd.x+json",
        "x-a": "1",
    }


def test_secrets_are_frozen_as_references_and_resolved_when_sent() -> None:
    bearer = {"$concat": ["Bearer ", {"$secret": "env:TOKEN"}]}
    assert message(headers={"Authorization": bearer})["headers"]["authorization"] == bearer
    vault = Vault({"TOKEN": "t0ken"}, ["TOKEN"])
    assert request(vault, headers={"Authorization": bearer}).headers["authorization"] == "Bearer t0ken"
    with pytest.raises(SecretError, match="TOKEN is not in PGWHEN_SECRETS"):
        request(headers={"Authorization": bearer})


ANSWERS = [
    (200, "ok"),
    (201, "ok"),
    (202, "ok"),
    (204, "ok"),
    (299, "ok"),
    (300, "permanent"),
    (301, "permanent"),
    (302, "permanent"),
    (304, "permanent"),
    (307, "permanent"),
    (400, "permanent"),
    (401, "permanent"),
    (403, "permanent"),
    (404, "permanent"),
    (405, "permanent"),
    (408, "transient"),
    (409, "permanent"),
    (410, "permanent"),
    (413, "permanent"),
    (422, "permanent"),
    (425, "transient"),
    (429, "throttled"),
    (451, "permanent"),
    (500, "transient"),
    (501, "transient"),
    (502, "transient"),
    (503, "transient"),
    (504, "transient"),
    (599, "transient"),
]


@pytest.mark.parametrize(("status", "class_"), ANSWERS)
def test_answers_have_classes(status: int, class_: str) -> None:
    outcome = judge("http", status, b"said")
    assert outcome.class_ == class_
    assert outcome.answer == {"status": status, "body": "said"}
    if class_ != "ok":
        assert outcome.error == {"code": f"http_{status}", "message": f"the server answered {status}: said"}


def test_what_later_steps_see() -> None:
    outcome = judge(
        "http", 200, b'{"id": 12345678901234567890, "total": 10.20}', content_type="application/json", set_cookie="a=b"
    )
    assert outcome.output == {
        "status": 200,
        "headers": {"content-type": "application/json"},
        "json": {"id": 12345678901234567890, "total": Decimal("10.20")},
        "text": '{"id": 12345678901234567890, "total": 10.20}',
    }
    assert (judge("http", 200, b"plain").output or {})["json"] is None
    assert (judge("http", 200, b" [1]").output or {})["json"] == [1]


def test_waits() -> None:
    assert judge("http", 429, b"", retry_after="1.5").retry_after == 1.5
    assert judge("http", 503, b"", retry_after="10").retry_after == 10
    assert judge("http", 503, b"").retry_after is None


# ---------------------------------------------------------------- multipart


def parts_of(call: Call) -> list[email.message.EmailMessage]:
    """The parts of a multipart request, read by the standard library."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    parsed = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + call.body)
    return list(parsed.iter_parts())  # type: ignore[attr-defined]


def test_multipart_with_texts_files_and_stored_documents() -> None:
    definition = {
        "multipart": {
            "name": "Zoë 🎉",
            "count": Decimal("1.50"),
            "yes": True,
            "tags": ["a", "b"],
            "none": None,
            "note": {"text": "hi", "file": "note.txt"},
            "quote": {"document": D1, "file": 'Über "us".pdf'},
            "raw": {"document": D2},
            "again": {"document": D1, "file": "x.bin", "media_type": "application/pdf"},
        }
    }
    documents = {D1: b"%PDF\x00\xff\r\n--x\r\n", D2: b""}
    frozen = http.message({"url": "https://x.test"} | definition, HTTP, KEY, NOW)
    assert frozen["documents"] == [D1, D2] and frozen["body"] is None and frozen["method"] == "POST"
    with http_server() as server:
        for _ in range(2):
            assert perform({"url": server.url} | definition, documents=documents).class_ == "ok"
        first, second = server.received
    assert (first.body, first.headers["content-type"]) == (second.body, second.headers["content-type"])
    parts = parts_of(first)
    names = [part.get_param("name", header="content-disposition") for part in parts]
    assert names == ["name", "count", "yes", "tags", "tags", "note", "quote", "raw", "again"]
    contents = [part.get_payload(decode=True) for part in parts]
    assert contents[:6] == ["Zoë 🎉".encode(), b"1.50", b"true", b"a", b"b", b"hi"]
    assert contents[6:] == [documents[D1], b"", documents[D1]]
    assert parts[5].get_content_type() == "text/plain" and parts[5].get_filename() == "note.txt"
    assert parts[6].get_content_type() == "application/pdf"
    assert 'filename="Über %22us%22.pdf"'.encode() in first.body
    assert parts[7].get_content_type() == "application/octet-stream"
    assert "filename" not in str(parts[0]["content-disposition"]) and parts[0]["content-type"] is None


def test_another_key_another_boundary() -> None:
    def made(key: str) -> Any:
        return http.message({"url": "https://x.test", "multipart": {"a": "b"}}, HTTP, key, NOW)["headers"]

    assert made("a")["content-type"] != made("b")["content-type"] == made("b")["content-type"]


def test_a_document_that_is_gone_fails_the_step() -> None:
    outcome = perform({"url": "http://127.0.0.1", "multipart": {"a": {"document": D1.upper()}}})
    assert (outcome.class_, (outcome.error or {})["code"]) == ("permanent", "document")
    assert f"there is no document {D1}" in (outcome.error or {})["message"]


# ---------------------------------------------------------------- authentication

SECRET = {"$secret": "env:TOKEN"}


def test_bearer_and_basic() -> None:
    assert message(auth={"bearer": SECRET})["auth"] == {"bearer": SECRET}
    secrets = {"TOKEN": "s3cret"}
    with http_server() as server:
        url = server.url
        perform({"url": url, "auth": {"bearer": SECRET}}, secrets=secrets)
        perform({"url": url, "auth": {"basic": {"user": "Zoë", "password": SECRET}}}, secrets=secrets)
        one, other = (call.headers["authorization"] for call in server.received)
    assert one == "Bearer s3cret"
    assert other == f"Basic {b64encode('Zoë:s3cret'.encode()).decode()}"


def test_a_secret_that_is_not_there_fails_before_anything_leaves() -> None:
    outcome = perform({"url": "http://127.0.0.1", "auth": {"bearer": SECRET}})
    assert (outcome.class_, (outcome.error or {})["code"]) == ("permanent", "secret")
    colon = perform({"url": "http://127.0.0.1", "auth": {"basic": {"user": "a:b", "password": "c"}}})
    assert (colon.class_, (colon.error or {})["code"]) == ("permanent", "auth")


def test_what_a_server_repeats_of_credentials_does_not_stay() -> None:
    def echo(call: Call) -> Answer:
        return Answer(int(call.query["status"]), str(call.headers).encode(), {"x-echo": call.headers["authorization"]})

    with http_server(echo) as server:
        for status in (200, 400, 500):
            for auth in ({"bearer": SECRET}, {"basic": {"user": "me", "password": SECRET}}):
                outcome = perform({"url": f"{server.url}?status={status}", "auth": auth}, secrets={"TOKEN": "s3cret"})
                assert "***" in str(outcome)
                assert "s3cret" not in str(outcome) and b64encode(b"me:s3cret").decode() not in str(outcome)


class TokenServer:
    """An authorization server and the resource that takes its newest token; both note what they are asked."""

    def __init__(self) -> None:
        self.fetched: list[Call] = []
        self.valid = ""
        self.refuse: Answer | None = None

    def __call__(self, call: Call) -> Answer:
        if call.path == "/token":
            self.fetched.append(call)
            self.valid = f"access-{len(self.fetched)}"
            body = {"access_token": self.valid, "token_type": "bearer", "expires_in": 3600}
            return self.refuse or Answer(200, orjson.dumps(body))
        good = call.headers.get("authorization") == f"Bearer {self.valid}"
        return Answer(200, str(call.headers).encode()) if good else Answer(401, b"no")


def oauth2(server: HttpServer, **more: str) -> dict[str, Any]:
    known = {"token_url": f"{server.url}/token", "client_id": "me:x", "client_secret": SECRET}
    return {"url": f"{server.url}/resource", "auth": {"oauth2": known | more}}


def test_oauth2_client_credentials() -> None:
    ours = TokenServer()
    with http_server(ours) as server:
        definition = oauth2(server, scope="read write")
        for _ in range(3):
            outcome = perform(definition, secrets={"TOKEN": "s3cret/+"})
            assert outcome.class_ == "ok"
            assert "access-" not in str(outcome) and "s3cret" not in str(outcome)
    (call,) = ours.fetched  # once for all three
    assert call.method == "POST"
    assert parse_qs(call.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["read write"]}
    # RFC 6749, 2.3.1: encoded as a form before they are joined.
    assert call.headers["authorization"] == f"Basic {b64encode(b'me%3Ax:s3cret%2F%2B').decode()}"


def test_a_kept_token_that_is_refused_is_fetched_anew_once() -> None:
    ours = TokenServer()
    with http_server(ours) as server:
        secrets = {"TOKEN": "s3cret"}
        assert perform(oauth2(server), secrets=secrets).class_ == "ok"
        ours.valid = "revoked"
        assert perform(oauth2(server), secrets=secrets).class_ == "ok"
        assert len(ours.fetched) == 2
        server.answer = lambda call: ours(call) if call.path == "/token" else Answer(401, b"never")
        outcome = perform(oauth2(server), secrets=secrets)
    assert outcome.class_ == "permanent" and (outcome.error or {})["code"] == "http_401"
    assert len(ours.fetched) == 3


@pytest.mark.parametrize(
    ("refuse", "class_"),
    [
        (Answer(401, b'{"error": "invalid_client"}'), "permanent"),  # the step's mistake: no connection to pause
        (Answer(400, b'{"error": "invalid_scope"}'), "permanent"),
        (Answer(503, b"later"), "transient"),
        (Answer(429, b"{}", {"retry-after": "7"}), "throttled"),
        (Answer(200, b"<html>"), "transient"),
    ],
)
def test_a_token_that_is_not_given(refuse: Answer, class_: str) -> None:
    ours = TokenServer()
    ours.refuse = refuse
    with http_server(ours) as server:
        outcome = perform(oauth2(server), secrets={"TOKEN": "s3cret"})
        assert server.paths() == ["/token"]
    assert outcome.class_ == class_
    assert "s3cret" not in str(outcome)


def test_the_clients_secret_follows_no_redirect() -> None:
    ours = TokenServer()
    with http_server(ours) as server, http_server() as thief:
        ours.refuse = Answer(307, b"", {"location": thief.url + "/token"})
        outcome = perform(oauth2(server) | {"redirects": 3}, secrets={"TOKEN": "s3cret"})
        assert thief.received == []
    assert outcome.class_ == "permanent"


# ---------------------------------------------------------------- what is expected

EXPECT: list[tuple[Any, int, bytes, str]] = [
    (None, 404, b"", "permanent"),
    (404, 404, b"", "ok"),
    (404, 200, b"", "permanent"),
    ([200, 404], 404, b"", "ok"),
    ([200, 404], 410, b"", "permanent"),
    ([200, 404], 500, b"", "transient"),
    ([200, 404], 429, b"", "throttled"),
    ([200, 404], 408, b"", "transient"),
    (503, 503, b"", "ok"),
    (302, 302, b"", "ok"),
    ({"json": {"state": "done"}}, 200, b'{"state": "done"}', "ok"),
    ({"json": {"state": "done"}}, 200, b'{"state": "queued"}', "permanent"),
    ({"json": {"state": "done"}}, 200, b"{}", "permanent"),
    ({"json": {"state": "done"}}, 200, b"<html>", "permanent"),
    ({"json": {"state": "done"}}, 500, b'{"state": "done"}', "transient"),
    ({"json": {"items.1.id": 7}}, 200, b'{"items": [{}, {"id": 7.0}]}', "ok"),
    ({"json": {"items.2.id": 7}}, 200, b'{"items": [{}, {"id": 7}]}', "permanent"),
    ({"json": {"ok": True}}, 200, b'{"ok": 1}', "permanent"),
    ({"json": {"ok": 1}}, 200, b'{"ok": true}', "permanent"),
    ({"json": {"ok": True}}, 200, b'{"ok": true}', "ok"),
    ({"json": {"error": None}}, 200, b'{"error": null}', "ok"),
    ({"json": {"error": None}}, 200, b"{}", "permanent"),
    ({"json": {"list": [1, {"a": "b"}]}}, 200, b'{"list": [1.0, {"a": "b"}]}', "ok"),
    ({"json": {"list": [1, {"a": "b"}]}}, 200, b'{"list": [1, {"a": "b", "c": 1}]}', "permanent"),
    ({"text": "ok"}, 200, b"it is ok", "ok"),
    ({"text": "ok"}, 200, b"it is not", "permanent"),
    ({"text": "ok"}, 200, b"o" * 100_000, "permanent"),
    ({"json": {"a": 1}}, 200, b'{"b": "' + b"x" * 100_000 + b'", "a": 1}', "permanent"),
    ({"status": [200, 409], "text": "exists"}, 409, b"exists", "ok"),
    ({"status": 200, "json": {"a": 1}, "text": "a"}, 200, b'{"a": 1}', "ok"),
]


@pytest.mark.parametrize(("expect", "status", "body", "class_"), EXPECT)
def test_what_is_expected_decides(expect: Any, status: int, body: bytes, class_: str) -> None:
    with http_server(lambda _: Answer(status, body)) as server:
        outcome = perform({"url": server.url, "method": "POST", "expect": expect})
    assert outcome.class_ == class_
    if class_ == "ok":
        assert (outcome.output or {})["status"] == status
    elif status == 200 and (expect or {}) != 404:
        assert (outcome.error or {})["code"] == "http_expect"


def test_a_status_that_is_not_expected_is_said_with_those_that_are() -> None:
    with http_server(lambda _: Answer(200, b"said")) as server:
        one = perform({"url": server.url, "expect": 404})
        several = perform({"url": server.url, "expect": {"status": [201, 202]}})
    assert one.error == {"code": "http_200", "message": "the server answered 200, not 404: said"}
    assert several.error == {"code": "http_200", "message": "the server answered 200, not 201 or 202: said"}


def test_a_difference_is_said_in_words() -> None:
    with http_server(lambda _: Answer(200, b'{"state": "queued"}')) as server:
        outcome = perform({"url": server.url, "expect": {"json": {"state": "done"}}})
    assert outcome.error == {
        "code": "http_expect",
        "message": 'the answer is not as expected: state is "queued", not "done"',
    }


# ---------------------------------------------------------------- methods and uncertain ends


@pytest.mark.parametrize("fault", ["drop", "garbage", "slow"])
@pytest.mark.parametrize("method", http.METHODS)
def test_a_method_says_whether_an_uncertain_end_may_be_repeated(method: str, fault: str) -> None:
    with http_server() as server:
        server.script = [fault]
        outcome = perform({"url": server.url, "method": method}, timeout=0.5)
        assert len(server.received) == 1
    assert outcome.class_ == ("transient" if method in ("GET", "HEAD", "OPTIONS") else "uncertain")


def test_before_the_first_byte_every_method_may() -> None:
    outcome = perform({"url": f"http://127.0.0.1:{unused_port()}", "json": {}})
    assert (outcome.class_, (outcome.error or {})["code"]) == ("transient", "connect")


# ---------------------------------------------------------------- redirects


def test_redirects_are_followed_where_the_step_asks_for_them() -> None:
    with http_server() as server:
        server.script = [Answer(302, b"", {"location": "/next"})] * 3
        outcome = perform({"url": server.url, "json": {}})
        assert (outcome.class_, (outcome.error or {})["code"]) == ("permanent", "http_302")
        assert "a redirect to /next" in (outcome.error or {})["message"]
        server.received.clear()
        outcome = perform({"url": server.url, "json": {}, "redirects": 2})
        assert outcome.class_ == "ok"
        assert [call.method for call in server.received] == ["POST", "GET", "GET"]


def test_a_redirect_to_a_private_address_fails_the_step() -> None:
    with http_server() as server:
        server.script = [Answer(302, b"", {"location": "http://169.254.169.254/latest/meta-data/"})]
        outcome = perform({"url": server.url, "redirects": 5})
    assert (outcome.class_, (outcome.error or {})["code"]) == ("permanent", "address")


# ---------------------------------------------------------------- connections


def crm(base_url: str, *, is_default: bool = False, secret: bool = True, **settings: str) -> Connection:
    secrets = {"token": "env:CRM_TOKEN"} if secret else {}
    return Connection("crm", "http", {"base_url": base_url, **settings}, secrets, is_default=is_default)


NO_GUARD = AddressGuard()
ENVIRON = {"CRM_TOKEN": "s3cret"}


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({}, "authorization", "Bearer s3cret"),
        ({"header": "X-Api-Key"}, "x-api-key", "s3cret"),
        ({"user": "me"}, "authorization", f"Basic {b64encode(b'me:s3cret').decode()}"),
    ],
)
def test_a_connection_gives_its_address_and_credentials(settings: dict[str, str], header: str, value: str) -> None:
    with http_server() as server:
        connection = crm(f"{server.url}/api/v2/", **settings)
        http.check(connection.settings, {"token": "x"})
        for url in ("/contacts?a=b", "contacts?a=b", f"{server.url}/api/v2/contacts?a=b"):
            outcome = perform({"url": url}, connection=connection, secrets=ENVIRON, guard=NO_GUARD)
            assert outcome.class_ == "ok", outcome
    assert {call.target for call in server.received} == {"/api/v2/contacts?a=b"}
    assert all(call.headers[header] == value for call in server.received)


def test_a_connections_oauth2() -> None:
    ours = TokenServer()
    with http_server(ours) as server:
        connection = crm(server.url, token_url=f"{server.url}/token", client_id="me")
        outcome = perform({"url": "/x"}, connection=connection, secrets=ENVIRON, guard=NO_GUARD)
        assert outcome.class_ == "ok", outcome
        ours.refuse = Answer(401, b'{"error": "invalid_client"}')
        tokens._kept.clear()
        outcome = perform({"url": "/x"}, connection=connection, secrets=ENVIRON, guard=NO_GUARD)
    assert outcome.class_ == "auth"  # all that leave by it have the same trouble


def test_refused_credentials_of_a_connection_pause_it_and_those_of_a_step_do_not() -> None:
    with http_server(lambda _: Answer(401, b"no")) as server:
        outcome = perform({"url": "/x"}, connection=crm(server.url), secrets=ENVIRON, guard=NO_GUARD)
        assert outcome.class_ == "auth"
        own = {"url": "/x", "headers": {"Authorization": "Bearer mine"}}
        assert perform(own, connection=crm(server.url), secrets=ENVIRON, guard=NO_GUARD).class_ == "permanent"
        assert [call.headers["authorization"] for call in server.received] == ["Bearer s3cret", "Bearer mine"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/api/x",
        "http://127.0.0.1:1/api/x",
        "{base}/other",
        "{base}/apix",
        "/../admin",
        "/x/../../admin",
        "/%2e%2e/admin",
        "/x/%2E%2E%2Fadmin",
        "/..%5cadmin",
        "/./x",
        "{base}/api/../admin",
        "javascript:alert(1)",
    ],
)
def test_a_step_does_not_get_away_from_its_connection(url: str) -> None:
    base = "http://127.0.0.1:2"
    with pytest.raises(Unsendable, match="url"):
        http.message({"url": url.replace("{base}", base)}, crm(f"{base}/api"), KEY, NOW)


def test_a_default_connection_has_nothing_to_do_with_other_addresses() -> None:
    with http_server() as ours, http_server() as other:
        connection = crm(ours.url, is_default=True)
        outcome = perform({"url": other.url}, connection=connection, secrets=ENVIRON, guard=NO_GUARD)
        assert (outcome.class_, (outcome.error or {})["code"]) == ("permanent", "address")
        outcome = perform({"url": other.url}, connection=connection, secrets=ENVIRON)
        assert outcome.class_ == "ok"
        assert "authorization" not in other.received[0].headers


def test_a_redirect_away_from_a_connection_is_guarded_and_gets_no_credentials() -> None:
    with http_server() as ours, http_server() as other:
        ours.script = [Answer(307, b"", {"location": other.url + "/x"})] * 2
        definition = {"url": "/", "json": {}, "redirects": 3}
        outcome = perform(definition, connection=crm(ours.url), secrets=ENVIRON, guard=NO_GUARD)
        assert (outcome.class_, (outcome.error or {})["code"]) == ("permanent", "address")
        outcome = perform(definition, connection=crm(ours.url), secrets=ENVIRON)
        assert outcome.class_ == "ok"
        assert "authorization" not in other.received[0].headers


def test_a_relative_address_needs_a_connection() -> None:
    with pytest.raises(Unsendable, match="not an http or https URL"):
        message(url="/contacts")


@pytest.mark.parametrize(
    ("settings", "secrets", "problem"),
    [
        ({"base_url": "ftp://x"}, (), "base_url"),
        ({"base_url": "https://me:pw@x.test"}, (), "base_url"),
        ({"base_url": "https://x.test?a=b"}, (), "base_url"),
        ({"base_url": "https://x.test", "user": "a", "header": "b"}, ("token",), "header and user are ways"),
        ({"base_url": "https://x.test", "user": "a"}, (), "user needs the secret token"),
        ({}, ("token",), "needs base_url"),
        ({"base_url": "https://x.test", "token_url": "https://x.test/t"}, ("token",), "needs client_id"),
        ({"base_url": "https://x.test", "header": "Host"}, ("token",), "'Host' cannot be set"),
        ({"base_url": "https://x.test", "header": "a\r\nb"}, ("token",), "cannot be set"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings: dict[str, str], secrets: tuple[str, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        http.check(settings, dict.fromkeys(secrets, "x"))
    http.check({}, {})


@pytest.mark.parametrize(
    ("status", "class_"), [(200, "ok"), (404, "ok"), (405, "ok"), (401, "auth"), (403, "permanent")]
)
def test_a_connection_can_be_tested(status: int, class_: str) -> None:
    with http_server(lambda _: Answer(status, b"")) as server:
        connection = crm(server.url).with_secrets({"token": "s3cret"})

        async def probe() -> Any:
            async with HttpClient(NO_GUARD) as client:
                return await http.probe(Attempt(KEY, 1, 3.0, connection, str, http=client)).run()

        answer = asyncio.run(probe())
        assert http.probed(answer).class_ == class_
        assert server.received[0].headers["authorization"] == "Bearer s3cret"
    with pytest.raises(Unsendable, match="base_url"):
        http.probe(Attempt(KEY, 1, 3.0, HTTP, str))
    assert http.probed(Failure("connect", "x")).class_ == "transient"
    assert http.probed(Response(500)).class_ == "transient"
