"""What a definition may say of requests and webhooks."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.poller.channels import Connection as Connection_
from pgwhen.poller.channels import Unsendable
from pgwhen.poller.channels import http as http_channel
from pgwhen.poller.channels.http import message
from tests.sql.http.support import Connection, add, one
from tests.sql.language.support import call, dump_json, errors, problems, workflow


def http(db: Connection, kind: str, value: Any) -> list[tuple[str, str]]:
    found = one(db, "select pgwhen._check_http_kind(%s, %s, 'p')", kind, dump_json(value))
    return [(problem["code"], problem["path"]) for problem in found]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("redirects", value) for value in (0, 1, 10)),
        *(
            ("expect", value)
            for value in (200, [200, 404], {"status": [200]}, {"text": "ok"}, {"json": {"a.0.b": None}})
        ),
        ("expect", {"status": 201, "json": {"state": "done"}, "text": "x"}),
        ("auth", {"bearer": "{{ secret('env:TOKEN') }}"}),
        ("auth", {"basic": {"user": "me", "password": "{{ secret('env:TOKEN') }}"}}),
        ("auth", {"oauth2": {"token_url": "https://x.test/t", "client_id": "a", "client_secret": "b"}}),
        (
            "auth",
            {"oauth2": {"token_url": "x", "client_id": "a", "client_secret": "b", "scope": "c", "audience": "d"}},
        ),
    ],
)
def test_what_is_right(db: Connection, kind: str, value: Any) -> None:
    assert http(db, kind, value) == []


@pytest.mark.parametrize(
    ("kind", "value", "problems"),
    [
        *(("redirects", value, [("WF002", "p")]) for value in (-1, 11, 1.5, "1", True, None, [1])),
        *(("expect", value, [("WF002", "p")]) for value in (99, 600, "200", [], {}, True, None)),
        ("expect", [200, "x", [404]], [("WF002", "p[1]"), ("WF002", "p[2]")]),
        ("expect", {"status": 7}, [("WF002", "p.status")]),
        ("expect", {"json": [1]}, [("WF002", "p.json")]),
        ("expect", {"json": {}}, [("WF002", "p.json")]),
        ("expect", {"text": 5}, [("WF002", "p.text")]),
        ("expect", {"body": "x"}, [("WF003", "p.body")]),
        *(("auth", value, [("WF002", "p")]) for value in ("x", {}, [], None, {"bearer": "a", "basic": {}})),
        ("auth", {"digest": {}}, [("WF003", "p.digest")]),
        ("auth", {"bearer": ""}, [("WF002", "p.bearer")]),
        ("auth", {"bearer": {"$secret": "env:X"}}, [("WF002", "p.bearer")]),
        ("auth", {"basic": "x"}, [("WF002", "p.basic")]),
        ("auth", {"basic": {"user": "x"}}, [("WF005", "p.basic")]),
        ("auth", {"basic": {"user": "x", "password": "y", "realm": "z"}}, [("WF003", "p.basic.realm")]),
        ("auth", {"oauth2": {"token_url": "x"}}, [("WF005", "p.oauth2"), ("WF005", "p.oauth2")]),
        ("auth", {"oauth2": None}, [("WF002", "p.oauth2")]),
    ],
)
def test_what_is_wrong_is_named(db: Connection, kind: str, value: Any, problems: list[tuple[str, str]]) -> None:
    assert http(db, kind, value) == problems


def endpoint(db: Connection, step: Any, tenant: str = "default") -> list[tuple[str, str, str | None]]:
    found = call(db, "_check_endpoint", step, tenant, "steps[0]")
    return [(problem["code"], problem["message"], problem["hint"]) for problem in found]


def test_an_endpoint_has_to_be_there(db: Connection) -> None:
    step = {"type": "webhook", "endpoint": "order"}
    assert endpoint(db, step) == [
        ("WF430", 'there is no endpoint "order"', "pgwhen endpoints add order URL --secret env:VARIABLE")
    ]
    add(db)
    assert endpoint(db, step) == [("WF430", 'there is no endpoint "order"', "did you mean orders?")]
    assert endpoint(db, {"type": "webhook", "endpoint": "orders"}) == []
    assert endpoint(db, {"type": "webhook", "endpoint": "orders"}, "other") != []
    assert endpoint(db, {"type": "webhook", "endpoint": 5}) == []  # said by the kind of the key


def published(db: Connection, *steps: dict[str, Any]) -> list[tuple[str, str]]:
    return errors(db, workflow(*steps, when={"event": "order.paid"}))


WEBHOOK = {
    "id": "tell",
    "type": "webhook",
    "endpoint": "orders",
    "event": "order.paid",
    "data": {"id": "{{ input.id }}"},
}
HTTP = {"id": "call", "type": "http", "url": "https://x.test"}


def test_a_webhook_is_published_when_its_endpoint_is_there(db: Connection) -> None:
    assert published(db, WEBHOOK) == [("WF430", "steps[0].endpoint")]
    add(db)
    assert published(db, WEBHOOK) == []
    assert published(db, {"id": "tell", "type": "webhook"}) == [("WF005", "steps[0]")]
    assert published(db, WEBHOOK | {"url": "https://x.test"}) == [("WF003", "steps[0].url")]
    # Its status is what later steps see.
    use = {"id": "text", "type": "sms", "to": "1", "text": "{{ steps.tell.output.status }}"}
    assert published(db, WEBHOOK, use) == []


def test_a_webhook_has_the_schedule_of_the_specification(db: Connection) -> None:
    add(db)
    one(db, "select pgwhen.apply_definition(%s)", dump_json(workflow(WEBHOOK, when={"event": "order.paid"})))
    retry = one(db, "select compiled -> 'retry' from pgwhen.steps where step_id = 'tell'")
    assert retry["schedule"] == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert (retry["attempts"], retry["jitter"]) == (10, "full")


def test_a_request_with_everything(db: Connection) -> None:
    step = HTTP | {
        "method": "POST",
        "multipart": {"name": "{{ input.name }}", "file": {"text": "x", "file": "a.txt"}},
        "auth": {"basic": {"user": "{{ input.user }}", "password": "x"}},
        "expect": {"status": [200, 201], "json": {"state": "done"}},
        "redirects": 3,
        "connection": "crm",
    }
    assert published(db, step) == []
    assert published(db, step | {"redirects": 20, "expect": 7, "auth": {"x": 1}}) == [
        ("WF003", "steps[0].auth.x"),
        ("WF002", "steps[0].expect"),
        ("WF002", "steps[0].redirects"),
    ]


def request(url: str = "https://x.test/a", **more: Any) -> dict[str, Any]:
    return {"id": "a", "type": "http", "url": url, **more}


@pytest.mark.parametrize(
    "step",
    [
        *(
            request(url)
            for url in (
                "HTTPS://x.test",
                "http://x.test:8080/a@b?c=d@e",
                "/orders/{{ input.id }}",
                "orders?at=10:30",
                "https://{{ input.host }}/a",
                "{{ input.base }}/orders",
                "{{ input.base }}:8080/a@b",
                "{% if input.id %}ftp{% endif %}://x",
                "http{{ input.s }}://x.test",
                "https://x.test/{{ input.id }}@{{ input.id }}",
                "https://{{ input.host | safe }}@x",
                "https:{# a #}//x.test",
            )
        ),
        request(headers={"X-Host": "a", "Authorization": "b"}),
        request(headers={"Content-Type": "text/csv"}, body="a"),
        request(auth={"oauth2": {"token_url": "{{ input.base }}/t", "client_id": "a", "client_secret": "b"}}),
    ],
    ids=str,
)
def test_a_request_that_can_be_made(db: Connection, step: dict[str, Any]) -> None:
    assert errors(db, workflow(step, when={"event": "order.paid"}, inputs=INPUTS)) == []


INPUTS = {name: {"type": "text"} for name in ("id", "base", "host", "s")}


@pytest.mark.parametrize(
    ("step", "code", "path", "said"),
    [
        *(
            (request(url), "WF012", "steps[0].url", "url is not an http or https URL")
            for url in (
                "ftp://x.test/a",
                "ftp://{{ input.host }}/a",
                "FILE:///etc/passwd",
                "mailto:{{ input.id }}",
                "localhost:8080/a",
                "https://",
                "http:/x",
                "https:///a",
                "javascript:alert(1)",
                "ftp://me:secret@x.test",
            )
        ),
        *(
            (request(url), "WF012", "steps[0].url", "url holds a user name")
            for url in (
                "http://me:secret@x.test",
                "https://me@x.test/a",
                "HTTP://me:secret@{{ input.host }}/a",
                "https://{{ input.id }}:{{ input.s }}@x.test",
                " https://me:secret@x.test",
            )
        ),
        *(
            (request(headers={name: "a"}), "WF012", f"steps[0].headers.{name}", f'"{name}" cannot be set')
            for name in ("Host", "host", "Content-Length", "TE", "Transfer-Encoding")
        ),
        (
            request(headers={"authorization": "a"}, auth={"bearer": "b"}),
            "WF014",
            "steps[0].headers.authorization",
            "auth and the header Authorization are both given",
        ),
        (
            request(headers={"Content-Type": "a"}, multipart={"a": "b"}),
            "WF014",
            "steps[0].headers.Content-Type",
            '"Content-Type" cannot be set with multipart, whose boundary it holds',
        ),
        *(
            (
                request(auth={"oauth2": {"token_url": url, "client_id": "a", "client_secret": "b"}}),
                "WF012",
                "steps[0].auth.oauth2.token_url",
                said,
            )
            for url, said in (
                ("/token", "token_url is not an http or https URL"),
                ("https://me:secret@x.test/t", "token_url holds a user name"),
            )
        ),
    ],
    ids=str,
)
def test_a_request_that_nobody_can_make_is_refused_at_publish(
    db: Connection, step: dict[str, Any], code: str, path: str, said: str
) -> None:
    (found,) = problems(db, workflow(step, when={"event": "order.paid"}, inputs=INPUTS))
    assert found[:4] == ("error", code, path, said) and "secret@" not in str(found)


@pytest.mark.parametrize("url", ["ftp://x.test/a", "localhost:8080/a", "https://", "https:///a", "https://me@x.test/a"])
@pytest.mark.parametrize("base", ["", "https://crm.test/api"])
def test_the_poller_refuses_the_same(url: str, base: str) -> None:
    connection = Connection_("crm", "http", {"base_url": base} if base else {})
    with pytest.raises(Unsendable, match=r"url is not an http or https URL|url holds a user name"):
        message({"url": url}, connection, "key", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("name", ["Host", "Content-Length", "TE"])
def test_the_poller_refuses_the_same_headers(name: str) -> None:
    with pytest.raises(Unsendable, match=f"'{name}' cannot be set"):
        message({"url": "https://x.test", "headers": {name: "a"}}, Connection_("c", "http"), "key", datetime.now(UTC))


def test_publish_refuses_the_headers_that_the_poller_refuses(db: Connection) -> None:
    names = sorted(http_channel._OWN)
    found = one(db, "select pgwhen._check_request(%s, 'p')", dump_json({"headers": dict.fromkeys(names, "x")}))
    assert sorted(problem["path"] for problem in found) == [f"p.headers.{name}" for name in names]
