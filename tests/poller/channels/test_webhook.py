"""Outgoing webhooks: the frozen body, signatures, answers, and what they tell of the receiver."""

import asyncio
import ipaddress
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pgwhen.poller.channels import Connection, Unsendable, webhook
from pgwhen.poller.connections import Connections
from pgwhen.poller.http import AddressGuard, HttpClient
from pgwhen.poller.mail import Mailer
from pgwhen.poller.outcome import Failure, Outcome, Request
from pgwhen.poller.perform import Performer
from pgwhen.poller.secrets import SecretError, Vault
from tests.poller.channels.support import KEY, NOW, judge
from tests.servers import Answer, http_server, unused_port

WEBHOOK = Connection("webhook", "webhook")
ONE, TWO = (f"whsec_{b64encode(letter * 32).decode()}" for letter in (b"a", b"b"))
ENVIRON = {"ONE": ONE, "TWO": TWO}


def message(**definition: Any) -> dict[str, Any]:
    return webhook.message({"endpoint": "orders", "event": "order.paid"} | definition, WEBHOOK, KEY, NOW)


def deliver(
    url: str,
    *,
    secrets: list[str] | None = None,
    frozen: dict[str, Any] | None = None,
    environ: Mapping[str, str] = ENVIRON,
    guard: AddressGuard | None = None,
    timeout: float = 3.0,
    tenant: str = "default",
    **endpoint: Any,
) -> Outcome:
    """Send a webhook once, as the poller does it."""
    found = {"name": "orders", "url": url, "status": "active", "secrets": secrets or ["env:ONE"]} | endpoint

    async def once() -> Outcome:
        allowed = AddressGuard((ipaddress.ip_network("127.0.0.0/8"),))
        async with HttpClient(guard or allowed) as client, Mailer() as mailer:
            performer = Performer(client, mailer, Connections({}), Vault(environ))
            extra = {"endpoint": found if found["url"] else None}
            action = {
                "idempotency_key": KEY,
                "attempt": 1,
                "timeout_seconds": timeout,
                "extra": extra,
                "tenant": tenant,
            }
            return await performer.perform(action, "webhook", frozen or message(data={"id": 7}))

    return asyncio.run(once())


# ---------------------------------------------------------------- what is frozen


def test_the_body_has_its_order_and_its_bytes() -> None:
    data = {"total": Decimal("10.20"), "id": 12345678901234567890, "é": ["ü", None], "a": 1}
    assert message(data=data) == {
        "endpoint": "orders",
        "id": KEY,
        "event": "order.paid",
        "body": '{"type":"order.paid","timestamp":"2025-03-01T12:00:00.000Z",'
        '"data":{"total":10.20,"id":12345678901234567890,"é":["ü",null],"a":1}}',
    }


def test_the_time_is_utc_and_no_data_is_null() -> None:
    at = datetime(2025, 3, 1, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    frozen = webhook.message({"endpoint": "orders", "event": "a"}, WEBHOOK, KEY, at)
    assert orjson.loads(frozen["body"]) == {"type": "a", "timestamp": "2025-03-01T12:00:00.123Z", "data": None}


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"event": ""}, "event is missing"),
        ({"event": None}, "event is missing"),
        ({"event": "order paid"}, "is not a type"),
        ({"event": "order..paid"}, "is not a type"),
        ({"event": ".paid"}, "is not a type"),
        ({"event": "a\r\nb"}, "is not a type"),
        ({"event": "zahlung.überfällig"}, "is not a type"),
        ({"event": "a" * 129}, "is not a type"),
        ({"endpoint": None}, "endpoint is missing"),
        ({"endpoint": {"a": 1}}, "endpoint is missing"),
    ],
)
def test_what_is_wrong_is_named(definition: dict[str, Any], problem: str) -> None:
    with pytest.raises(Unsendable, match=problem):
        message(**definition)


# ---------------------------------------------------------------- signatures


def test_the_vector_of_the_specification() -> None:
    signature = webhook.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_leaves_is_signed_with_the_time_of_the_attempt() -> None:
    with http_server() as server:
        frozen = message(data={"name": "Zoë 🎉", "html": "</script>"})
        before = int(time.time())
        first = deliver(server.url + "/hooks", frozen=frozen)
        second = deliver(server.url + "/hooks", frozen=frozen)
        one, other = server.received
    assert first.class_ == second.class_ == "ok"
    assert first.output == {"status": 200} and first.extra == {"endpoint": {"ok": True}}
    assert (one.method, one.path, one.body) == ("POST", "/hooks", frozen["body"].encode())
    assert one.body == other.body and one.headers["webhook-id"] == other.headers["webhook-id"] == KEY
    assert "." not in KEY and one.headers["content-type"] == "application/json"
    at = int(one.headers["webhook-timestamp"])
    assert before <= at <= time.time()
    assert one.headers["webhook-signature"] == webhook.sign(ONE, KEY, at, one.body)
    assert set(one.headers) == {
        *("host", "accept-encoding", "content-length", "content-type", "user-agent"),
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    }


def test_during_a_rotation_each_secret_signs() -> None:
    with http_server() as server:
        deliver(server.url, secrets=["env:TWO", "env:ONE"])
        (call,) = server.received
    at = int(call.headers["webhook-timestamp"])
    expected = [webhook.sign(secret, KEY, at, call.body) for secret in (TWO, ONE)]
    assert call.headers["webhook-signature"].split(" ") == expected


def test_a_former_secret_may_be_gone_and_the_newest_may_not(caplog: pytest.LogCaptureFixture) -> None:
    with http_server() as server:
        assert deliver(server.url, secrets=["env:TWO", "env:GONE"]).class_ == "ok"
        assert "not signed with its former secret: env:GONE" in caplog.text
        outcome = deliver(server.url, secrets=["env:GONE", "env:TWO"])
        assert len(server.received) == 1
    assert (outcome.class_, (outcome.error or {})["code"]) == ("permanent", "secret")
    assert outcome.extra is None  # not the receiver's failure


def test_a_tenant_signs_with_its_own_secrets_only() -> None:
    with http_server() as server:
        outcome = deliver(server.url, tenant="acme")
        assert server.received == []
    assert (outcome.error or {})["message"].startswith("the tenant acme may not use env:ONE")


@pytest.mark.parametrize("tail", [b"", b"public key of 32 bytes, appended"])
def test_asymmetric_signatures(tail: bytes) -> None:
    key = Ed25519PrivateKey.generate()
    secret = f"whsk_{b64encode(key.private_bytes_raw() + tail).decode()}"
    kind, _, signature = webhook.sign(secret, "msg_1", 5, b"{}").partition(",")
    assert kind == "v1a"
    key.public_key().verify(b64decode(signature), b"msg_1.5.{}")


@pytest.mark.parametrize(
    "secret",
    ["s3cret-itself", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64!", "whpk_" + "A" * 44, "whsk_c2hvcnQ=", "é"],
)
def test_what_is_no_secret_of_the_standard_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(SecretError, match="not one of Standard Webhooks") as error:
        webhook.sign(secret, "a", 1, b"")
    assert secret.removeprefix("whsec_").removeprefix("whsk_")[:8] not in str(error.value) or len(secret) < 8
    with http_server() as server:
        outcome = deliver(server.url, environ={"ONE": secret})
        assert server.received == []
    assert (outcome.class_, (outcome.error or {})["code"]) == ("permanent", "secret")


def test_a_receiver_that_repeats_the_secret_does_not_get_it_into_the_history() -> None:
    with http_server(lambda _: Answer(400, ONE.encode())) as server:
        outcome = deliver(server.url)
    assert ONE not in str(outcome) and "***" in str(outcome)


# ---------------------------------------------------------------- answers

ANSWERS = [
    *((status, "ok", {"ok": True}) for status in (200, 201, 202, 204, 299)),
    *((status, "transient", {"ok": False, "gone": False}) for status in (300, 301, 302, 303, 307, 308)),
    *((status, "transient", {"ok": False, "gone": False}) for status in (400, 401, 403, 404, 409, 413, 422)),
    (410, "permanent", {"ok": False, "gone": True}),
    (429, "throttled", {"ok": False, "gone": False}),
    *((status, "transient", {"ok": False, "gone": False}) for status in (500, 501, 502, 503, 504, 599)),
]


@pytest.mark.parametrize(("status", "class_", "endpoint"), ANSWERS)
def test_answers_have_classes(status: int, class_: str, endpoint: dict[str, bool]) -> None:
    outcome = judge("webhook", status, b"said")
    assert (outcome.class_, outcome.extra) == (class_, {"endpoint": endpoint})
    if class_ != "ok":
        assert outcome.error == {"code": f"webhook_{status}", "message": f"the receiver answered {status}: said"}


@pytest.mark.parametrize(
    ("status", "given", "pause"), [(429, "7", 7.0), (429, None, 60.0), (503, "9", 9.0), (504, None, None)]
)
def test_waits(status: int, given: str | None, pause: float | None) -> None:
    assert judge("webhook", status, b"", **({"retry_after": given} if given else {})).retry_after == pause


def test_redirects_are_never_followed() -> None:
    with http_server() as server, http_server() as other:
        server.script = [Answer(308, b"", {"location": other.url})]
        assert deliver(server.url).class_ == "transient"
        assert other.received == []


@pytest.mark.parametrize(("fault", "code"), [("drop", "lost"), ("garbage", "lost"), ("slow", "timeout")])
def test_no_answer_is_uncertain_and_a_failure_of_the_receiver(fault: str, code: str) -> None:
    with http_server() as server:
        server.script = [fault]
        outcome = deliver(server.url, timeout=0.5)
    assert (outcome.class_, (outcome.error or {})["code"]) == ("uncertain", code)
    assert outcome.extra == {"endpoint": {"ok": False}}


def test_nobody_there() -> None:
    outcome = deliver(f"http://127.0.0.1:{unused_port()}")
    assert (outcome.class_, outcome.extra) == ("transient", {"endpoint": {"ok": False}})


def test_a_private_address_is_refused_and_says_nothing_of_the_receiver() -> None:
    with http_server() as server:
        outcome = deliver(server.url, guard=AddressGuard())
        assert server.received == []
    assert (outcome.class_, (outcome.error or {})["code"], outcome.extra) == ("permanent", "address", None)


def test_an_attempt_takes_twenty_seconds_at_most() -> None:
    from pgwhen.poller.channels import Attempt

    extra = {"endpoint": {"name": "orders", "url": "https://x.test", "status": "active", "secrets": ["env:ONE"]}}

    def request(timeout: float) -> Any:
        return webhook.request(
            message(), Attempt(KEY, 1, timeout, WEBHOOK, str, extra=extra, reveal=Vault(ENVIRON).reveal)
        )

    assert isinstance(request(30.0), Request)
    assert (request(30.0).timeout, request(7.0).timeout) == (20.0, 7.0)
    assert not request(30.0).trusted


def test_nothing_is_sent_to_a_disabled_endpoint() -> None:
    with http_server() as server:
        outcome = deliver(server.url, status="disabled", reason="it answered 410")
        assert server.received == []
    assert (outcome.class_, outcome.extra) == ("auth", {"endpoint": {"disabled": True}})
    assert outcome.error == {"code": "endpoint_disabled", "message": "endpoint orders is disabled: it answered 410"}


def test_an_endpoint_that_asked_for_patience_is_left_alone() -> None:
    with http_server() as server:
        outcome = deliver(server.url, wait=12.5)
        assert server.received == []
    assert (outcome.class_, outcome.retry_after, outcome.extra) == ("throttled", 12.5, None)


def test_an_endpoint_that_is_gone_fails_the_step() -> None:
    outcome = deliver("")
    assert (outcome.class_, (outcome.error or {})["code"]) == ("permanent", "endpoint")
    assert "pgwhen endpoints add orders URL" in (outcome.error or {})["message"]


def test_the_outcome_of_a_failure_before_sending() -> None:
    assert webhook.outcome(Failure("address", "no", refused=True)).extra is None
    assert NOW.tzinfo == UTC
