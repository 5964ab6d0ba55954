"""Telnyx v2: the call, and its answers by class."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from pgwhen.poller.channels import Connection, Unsendable
from pgwhen.poller.channels import telnyx as adapter
from tests.poller.channels.support import KEY, judge, send
from tests.poller.channels.texting import probe, telnyx
from tests.servers import Answer

GOOD = {"to": "+31 6 1234 5678", "text": "Grüße 👋"}
NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


def errors(*codes: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "title": f"error {code}", "detail": "x"} for code in codes]}


ANSWERS = [
    (200, {"data": {"id": "tx-1", "parts": 2}}, "ok", None),
    (201, {"data": {"id": "tx-1"}}, "ok", None),
    (200, {"data": {}}, "uncertain", "telnyx_answer"),
    (200, {"data": "odd"}, "uncertain", "telnyx_answer"),
    (200, b"<html>", "uncertain", "telnyx_answer"),
    (302, None, "permanent", "telnyx_302"),
    (400, errors("10015"), "permanent", "telnyx_10015"),
    (400, errors("10016"), "permanent", "telnyx_10016"),
    (400, errors("40310"), "permanent", "telnyx_40310"),
    (401, errors("10009"), "auth", "telnyx_10009"),
    (402, None, "auth", "telnyx_402"),
    (403, errors("10010"), "auth", "telnyx_10010"),
    (403, errors("20100"), "auth", "telnyx_20100"),
    (403, errors("20012"), "auth", "telnyx_20012"),
    (403, None, "auth", "telnyx_403"),
    (403, errors("40300"), "permanent", "telnyx_40300"),
    (403, errors("40309"), "permanent", "telnyx_40309"),
    (400, errors("40312"), "auth", "telnyx_40312"),
    (400, errors("40318"), "throttled", "telnyx_40318"),
    (400, errors("40320"), "transient", "telnyx_40320"),
    (404, errors("10005"), "permanent", "telnyx_10005"),
    (408, errors("10008"), "uncertain", "telnyx_10008"),
    (422, errors("10004", "10015"), "permanent", "telnyx_10004"),
    (422, {"errors": "odd"}, "permanent", "telnyx_422"),
    (429, errors("10011"), "throttled", "telnyx_10011"),
    (429, b"", "throttled", "telnyx_429"),
    (500, errors("10007"), "uncertain", "telnyx_10007"),
    (502, b"<html>", "uncertain", "telnyx_502"),
    (503, None, "uncertain", "telnyx_503"),
]


@pytest.mark.parametrize(("status", "body", "class_", "code"), ANSWERS)
def test_answers_have_classes(status: int, body: Any, class_: str, code: str | None) -> None:
    outcome = judge("telnyx", status, body)
    assert outcome.class_ == class_
    assert (outcome.error or {}).get("code") == code


def test_patience_is_honoured() -> None:
    assert judge("telnyx", 429, errors("10011"), retry_after="12").retry_after == 12
    assert judge("telnyx", 429, errors("10011"), x_ratelimit_reset="3").retry_after == 3
    assert judge("telnyx", 429, errors("10011"), x_ratelimit_reset="1700000000").retry_after is None
    assert judge("telnyx", 400, errors("10015"), x_ratelimit_reset="3").retry_after is None


def test_the_call() -> None:
    with telnyx() as ours:
        outcome = send("telnyx", ours.environ, **GOOD)
        (call,) = ours.server.received
    assert outcome.class_ == "ok"
    assert outcome.output == {"message_id": "tx-1", "provider": "telnyx", "segments": 2}
    assert outcome.provider_message_id == "tx-1"
    assert (call.method, call.target) == ("POST", "/v2/messages")
    assert call.headers["authorization"] == "Bearer tx_test_key"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["idempotency-key"] == KEY
    assert call.body == '{"from":"+15005550006","text":"Grüße 👋","to":"+31612345678"}'.encode()


def test_status_changes_come_back_with_the_key() -> None:
    with telnyx() as ours:
        url = "https://hooks.acme.example/telnyx"
        assert send("telnyx", ours.environ | {"TELNYX_CALLBACK_URL": url}, **GOOD).class_ == "ok"
        assert ours.accepted[0]["webhook_url"] == f"{url}?pgwhen={quote(KEY, safe='')}"


def test_a_name_goes_with_its_profile() -> None:
    with telnyx() as ours:
        named = ours.environ | {"TELNYX_FROM_NUMBER": "Acme", "TELNYX_MESSAGING_PROFILE_ID": "p-1"}
        assert send("telnyx", named, **GOOD).class_ == "ok"
        assert (ours.accepted[0]["from"], ours.accepted[0]["messaging_profile_id"]) == ("Acme", "p-1")
        with pytest.raises(
            Unsendable, match="'Acme' is a name, which needs the setting profile of the connection telnyx"
        ):
            send("telnyx", ours.environ | {"TELNYX_FROM_NUMBER": "Acme"}, **GOOD)


def test_a_profile_with_a_pool_needs_no_sender() -> None:
    with telnyx() as ours:
        pool = ours.environ | {"TELNYX_FROM_NUMBER": "", "TELNYX_MESSAGING_PROFILE_ID": "p-1"}
        assert send("telnyx", pool, **GOOD).class_ == "ok"
        assert "from" not in ours.accepted[0]


def test_numbers_are_strictly_e164() -> None:
    connection = Connection("telnyx", "telnyx", {"from": "15005550006"})
    with pytest.raises(Unsendable, match=r"'15005550006' is not in E\.164 form; write it with a \+"):
        adapter.message(GOOD, connection, KEY, NOW)
    short = Connection("telnyx", "telnyx", {"from": "12345"})
    assert adapter.message(GOOD, short, KEY, NOW)["from"] == "12345"


def test_a_number_that_said_stop_is_suppressed() -> None:
    with telnyx() as ours:
        outcome = send("telnyx", ours.environ, to="+15005550009", text="Hi")
    assert outcome.class_ == "permanent"
    assert outcome.extra == {"suppress": {"channel": "sms", "address": "+15005550009", "reason": "opt_out"}}
    assert judge("telnyx", 400, errors("40310")).extra is None


def test_a_lost_answer_is_uncertain_although_the_key_was_sent() -> None:
    with telnyx() as ours:
        ours.server.script = ["then_drop", 500]
        assert send("telnyx", ours.environ, **GOOD).class_ == "uncertain"
        assert send("telnyx", ours.environ, **GOOD).class_ == "uncertain"
        environ = ours.environ
    assert send("telnyx", environ, **GOOD).class_ == "transient"


def test_a_wrong_key_is_the_connections_fault_and_does_not_show() -> None:
    with telnyx() as ours:
        ours.server.answer = lambda call: Answer(401, call.headers["authorization"].encode())
        outcome = send("telnyx", ours.environ | {"TELNYX_API_KEY": "wrong-key"}, **GOOD)
    assert outcome.class_ == "auth"
    assert "wrong-key" not in str(outcome)


def test_the_probe_asks_for_the_balance() -> None:
    with telnyx() as ours:
        good = probe("telnyx", ours.environ)
        assert (good.class_, good.output) == ("ok", {"provider": "telnyx", "balance": "300.00", "currency": "USD"})
        assert probe("telnyx", ours.environ | {"TELNYX_API_KEY": "wrong"}).class_ == "auth"
        ours.server.script = [500, "drop"]
        assert [probe("telnyx", ours.environ).class_ for _ in range(2)] == ["transient", "transient"]
        assert ours.accepted == []
