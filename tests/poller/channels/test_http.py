"""The http step: what is frozen, what leaves, and answers by class."""

from decimal import Decimal
from typing import Any

import pytest

from pgwhen.poller.channels import Attempt, Connection, Unsendable, http
from pgwhen.poller.secrets import SecretError, Vault
from tests.poller.channels.support import KEY, NOW, judge

HTTP = Connection("http", "http")


def message(**definition: Any) -> dict[str, Any]:
    return http.message({"url": "https://x.test/a"} | definition, HTTP, KEY, NOW)


def request(vault: Vault | None = None, **definition: Any) -> Any:
    resolve = (vault or Vault({})).resolve
    return http.request(message(**definition), Attempt(KEY, 1, 7.0, HTTP, resolve))


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
