"""Firebase: the token, the call, its answers by class, and what it cannot carry."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.poller.channels import Attempt, Connection, Unsendable, configured
from pgwhen.poller.channels import fcm as adapter
from pgwhen.poller.http import AddressGuard, HttpClient
from pgwhen.poller.outcome import Outcome
from pgwhen.poller.secrets import Vault
from tests.poller.channels.support import KEY, judge, send
from tests.poller.channels.texting import fcm, fcm_error, probe, said, service_account
from tests.servers import Answer

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
TOKEN = "dGhpcyBpcyBhIHRva2Vu:APA91b-_x"
GOOD = {"to": TOKEN, "title": "Klaar", "text": "Grüße 👋 {{ x }}"}
BAD_FIELD = [
    {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "a", "description": "b"}]}
]


def message(**definition: Any) -> dict[str, Any]:
    return adapter.message(GOOD | definition, Connection("fcm", "fcm"), KEY, NOW)


ANSWERS = [
    (200, {"name": "projects/p/messages/1"}, "ok", None),
    (200, {}, "uncertain", "fcm_answer"),
    (200, b"<html>", "uncertain", "fcm_answer"),
    (301, None, "permanent", "fcm_301"),
    (400, fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), "permanent", "fcm_invalid_argument"),
    (400, fcm_error(400, "INVALID_ARGUMENT", details=BAD_FIELD), "permanent", "fcm_invalid_argument"),
    (401, fcm_error(401, "UNAUTHENTICATED"), "auth", "fcm_unauthenticated"),
    (401, fcm_error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), "auth", "fcm_third_party_auth_error"),
    (403, fcm_error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), "permanent", "fcm_sender_id_mismatch"),
    (403, fcm_error(403, "PERMISSION_DENIED"), "auth", "fcm_permission_denied"),
    (404, fcm_error(404, "NOT_FOUND", "UNREGISTERED"), "permanent", "fcm_unregistered"),
    (404, fcm_error(404, "NOT_FOUND"), "auth", "fcm_not_found"),
    (404, b"<html>", "auth", "fcm_404"),
    (408, None, "uncertain", "fcm_408"),
    (429, fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), "throttled", "fcm_quota_exceeded"),
    (429, b"", "throttled", "fcm_429"),
    (500, fcm_error(500, "INTERNAL", "INTERNAL"), "uncertain", "fcm_internal"),
    (502, b"<!DOCTYPE html><title>Error 502</title>", "uncertain", "fcm_502"),
    (503, fcm_error(503, "UNAVAILABLE", "UNAVAILABLE"), "uncertain", "fcm_unavailable"),
    (400, {"error": "odd"}, "permanent", "fcm_400"),
    (400, {"error": {"details": "odd", "status": 7}}, "permanent", "fcm_7"),
    (400, {"error": {"details": ["odd", {"@type": 7}]}}, "permanent", "fcm_400"),
]


@pytest.mark.parametrize(("status", "body", "class_", "code"), ANSWERS)
def test_answers_have_classes(status: int, body: Any, class_: str, code: str | None) -> None:
    outcome = judge("fcm", status, body)
    assert outcome.class_ == class_
    assert (outcome.error or {}).get("code") == code


def test_an_error_names_the_field() -> None:
    outcome = judge("fcm", 400, fcm_error(400, "INVALID_ARGUMENT", message="Invalid value", details=BAD_FIELD))
    assert outcome.error and outcome.error["message"] == "Firebase answered 400 INVALID_ARGUMENT: Invalid value (a: b)"


def test_a_quota_is_a_minute_at_least_and_of_one_device_its_own_matter() -> None:
    quota = fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")
    assert judge("fcm", 429, quota).retry_after == 60
    assert judge("fcm", 429, quota, retry_after="90").retry_after == 90
    assert judge("fcm", 503, None, retry_after="5").retry_after == 5
    violation = [{"violations": [{"subject": "device:x", "description": "Device message rate exceeded"}]}]
    device = judge("fcm", 429, fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", details=violation))
    assert (device.class_, device.retry_after) == ("transient", 60)


def test_the_call() -> None:
    with fcm() as ours:
        outcome = send("fcm", ours.environ, **GOOD, image="https://x.example/a.png", data={"job": 7})
        token, call = ours.server.received
    assert outcome.class_ == "ok"
    assert outcome.output == {"message_id": "projects/acme-app/messages/1", "provider": "fcm"}
    assert token.path == "/token"
    assert (call.method, call.target) == ("POST", "/v1/projects/acme-app/messages:send")
    sent = call.json
    assert sent["validate_only"] is False
    identity = sent["message"]["apns"]["headers"]["apns-collapse-id"]
    assert len(identity) == 32
    assert sent["message"] == {
        "token": TOKEN,
        "notification": {"title": "Klaar", "body": "Grüße 👋 {{ x }}", "image": "https://x.example/a.png"},
        "data": {"job": "7"},
        "android": {"notification": {"tag": identity}},
        "apns": {"headers": {"apns-collapse-id": identity}},
    }


def test_each_attempt_has_the_same_bytes_and_the_token_is_fetched_once() -> None:
    with fcm() as ours:
        for _ in range(3):
            assert send("fcm", ours.environ, **GOOD, data={"b": "1", "a": "2"}).class_ == "ok"
        calls = [call for call in ours.server.received if call.path != "/token"]
        assert len({call.body for call in calls}) == 1
        assert ours.server.paths().count("/token") == 1


def test_a_repetition_replaces_itself_and_another_message_does_not() -> None:
    def tag(key: str) -> str:
        found = adapter.message(GOOD, Connection("fcm", "fcm"), key, NOW)
        return str(found["options"]["android"]["notification"]["tag"])

    assert tag("a:1:1:0") == tag("a:1:1:0") != tag("a:1:2:0")
    assert "options" not in adapter.message({"to": TOKEN, "data": {"a": "1"}}, Connection("fcm", "fcm"), KEY, NOW)


def test_options_are_merged_by_platform() -> None:
    options = {
        "android": {"priority": "HIGH", "ttl": 3600, "notification": {"tag": "mine", "sound": "default"}},
        "apns": {"payload": {"aps": {"badge": 1}}},
        "webpush": {"headers": {"Urgency": "high"}},
    }
    found = message(options=options)["options"]
    assert found["android"] == {"priority": "HIGH", "ttl": "3600s", "notification": {"tag": "mine", "sound": "default"}}
    assert found["apns"]["payload"] == {"aps": {"badge": 1}}
    assert "apns-collapse-id" in found["apns"]["headers"]
    assert found["webpush"] == {"headers": {"Urgency": "high"}}


@pytest.mark.parametrize(("ttl", "frozen"), [(0, "0s"), ("60s", "60s"), ("3.5s", "3.5s"), (2_419_200, "2419200s")])
def test_times_to_live(ttl: Any, frozen: str) -> None:
    assert message(options={"android": {"ttl": ttl}})["options"]["android"]["ttl"] == frozen


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"options": {"token": "x"}}, "options: 'token' is not one of android, apns, webpush"),
        ({"options": {"android": "x"}}, "options.android is not an object"),
        ({"options": {"apns": {"headers": []}, "android": {"notification": ["x"]}}}, "options.android.notification is"),
        ({"options": {"android": {"ttl": -1}}}, "ttl: '-1' is not a number of seconds up to 2419200"),
        ({"options": {"android": {"ttl": 2_419_201}}}, "ttl"),
        ({"options": {"android": {"ttl": "an hour"}}}, "ttl"),
        ({"options": {"android": {"ttl": True}}}, "ttl"),
        ({"options": {"android": {"ttl": "9" * 10_000}}}, "ttl"),
        ({"data": {"from": "x"}}, "data: the name from is reserved"),
        ({"data": {"message_type": "x"}}, "reserved"),
        ({"data": {"google.sent": "x"}}, "reserved"),
        ({"data": {"googlex": "x"}}, "reserved"),
        ({"data": {"gcm": "x"}}, "reserved"),
        ({"data": {"gcm.notification.x": "x"}}, "reserved"),
        ({"text": "x" * 1_000_000}, "the message has 1000014 bytes, more than the 4096 that Firebase carries"),
        ({"data": {"a": "👋" * 1_100}}, "more than the 4096"),
        ({"to": None, "topic": "news", "text": "x" * 2_100}, "more than the 2048"),
    ],
)
def test_what_firebase_cannot_carry_is_refused(definition: dict[str, Any], problem: str) -> None:
    with pytest.raises(Unsendable, match=problem) as refusal:
        message(**definition)
    assert len(str(refusal.value)) < 250


def test_names_that_only_look_reserved_are_taken() -> None:
    assert message(data={"from_user": "1", "gcmx": "2", "agoogle": "3"})["data"]["gcmx"] == "2"


def test_the_limit_is_exact() -> None:
    room = 4096 - len("titleKlaartext")
    assert message(text="x" * room)
    with pytest.raises(Unsendable, match="4097 bytes"):
        message(text="x" * (room + 1))


def test_a_dead_token_is_suppressed() -> None:
    with fcm() as ours:
        outcome = send("fcm", ours.environ, to="dead-token", text="Hi")
    assert outcome.class_ == "permanent"
    assert outcome.extra == {"suppress": {"channel": "push", "address": "dead-token", "reason": "dead_token"}}
    assert judge("fcm", 403, fcm_error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH")).extra is None


def test_validate_only_sends_nothing() -> None:
    with fcm() as ours:
        outcome = send("fcm", ours.environ | {"FCM_VALIDATE_ONLY": "true"}, **GOOD)
        assert outcome.class_ == "ok"
        assert ours.accepted == []


def test_another_project() -> None:
    with fcm() as ours:
        outcome = send("fcm", ours.environ | {"FCM_PROJECT": "other-app"}, **GOOD)
        assert ours.server.received[-1].target == "/v1/projects/other-app/messages:send"
    assert outcome.class_ == "auth"


@pytest.mark.parametrize(
    ("fault", "class_"),
    [
        (Answer(400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'), "auth"),
        (Answer(429, b"", {"retry-after": "9"}), "throttled"),
        (503, "transient"),
        ("drop", "transient"),
        (Answer(200, b"<html>"), "transient"),
    ],
)
def test_without_a_token_nothing_of_the_message_has_left(fault: Any, class_: str) -> None:
    with fcm() as ours:
        ours.server.script = [fault]
        outcome = send("fcm", ours.environ, **GOOD)
        assert outcome.class_ == class_
        assert ours.server.paths() == ["/token"]


def test_a_slow_token_is_transient_and_a_slow_answer_uncertain() -> None:
    with fcm() as ours:
        ours.server.script = ["slow"]
        assert send("fcm", ours.environ, timeout=0.4, **GOOD).class_ == "transient"
        assert send("fcm", ours.environ, **GOOD).class_ == "ok"
        ours.server.script = ["slow"]
        assert send("fcm", ours.environ, timeout=0.4, **GOOD).class_ == "uncertain"


def test_a_lost_answer_is_uncertain() -> None:
    with fcm() as ours:
        ours.server.script = [None, "then_drop", 500]
        assert send("fcm", ours.environ, **GOOD).class_ == "uncertain"
        assert send("fcm", ours.environ, **GOOD).class_ == "uncertain"
        assert len(ours.accepted) == 1


def test_a_token_that_google_revokes_is_fetched_anew() -> None:
    with fcm() as ours:
        assert send("fcm", ours.environ, **GOOD).class_ == "ok"
        ours.server.script = [401]
        assert send("fcm", ours.environ, **GOOD).class_ == "ok"
        assert [path == "/token" for path in ours.server.paths()] == [True, False, False, True, False]


def test_neither_key_nor_token_shows() -> None:
    with fcm() as ours:
        secret = service_account(f"{ours.server.url}/token")

        def echo(call: Any) -> Answer:
            if call.path == "/token":
                return said(200, {"access_token": "ya29.access-token"})
            return Answer(400, f"{call.headers['authorization']} {secret}".encode())

        ours.server.answer = echo
        outcome = send("fcm", ours.environ, **GOOD)
    assert outcome.class_ == "permanent"
    shown = str(outcome)
    assert "ya29" not in shown
    assert "PRIVATE KEY" not in shown


def test_a_thousand_messages_fetch_one_token() -> None:
    with fcm() as ours:
        connection = configured(ours.environ)["fcm"]
        vault = Vault(ours.environ)
        secrets = vault.reveal_all(connection.secrets)
        frozen = adapter.message(GOOD, connection, KEY, NOW)

        async def all_at_once() -> list[Any]:
            async with HttpClient(AddressGuard()) as http:
                attempt = Attempt(KEY, 1, 20.0, connection.with_secrets(secrets), vault.resolve, http=http)
                return await asyncio.gather(*(adapter.request(frozen, attempt).run() for _ in range(1_000)))

        outcomes: list[Outcome] = [adapter.outcome(answer) for answer in asyncio.run(all_at_once())]
        assert {outcome.class_ for outcome in outcomes} == {"ok"}
        assert ours.server.paths().count("/token") == 1


@pytest.mark.parametrize(
    ("account", "problem"),
    [
        ("not JSON", "is not JSON"),
        ("[]", "is not JSON"),
        ("{}", "has no client_email and no private_key"),
        ('{"client_email": "a", "private_key": "secret-but-no-key"}', "is not an RSA key"),
        (service_account("https://x.example", project_id=""), "has no project_id"),
        (service_account("https://x.example", project_id="../x"), "has no project_id"),
        (service_account("file:///etc/passwd"), "token_uri of the service account is not a URL"),
    ],
)
def test_an_account_that_is_none_is_said_at_the_start_without_showing_it(account: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as refusal:
        configured({"FCM_SERVICE_ACCOUNT": account})
    assert "secret-but-no-key" not in str(refusal.value)
    connection = Connection("fcm", "fcm", {}, {"account": account})
    attempt = Attempt(KEY, 1, 5.0, connection, str)
    outcome = adapter.outcome(asyncio.run(adapter.request(message(), attempt).run()))
    assert (outcome.class_, (outcome.error or {})["code"]) == ("auth", "fcm_account")


def test_validate_only_is_true_or_false() -> None:
    with pytest.raises(ValueError, match="validate_only: 'maybe' is not true or false"):
        adapter.check({"validate_only": "maybe"}, {})


def test_a_token_server_in_a_private_network_is_refused_unless_the_address_was_set() -> None:
    with fcm() as ours:
        environ = ours.environ | {"FCM_BASE_URL": ""}
        outcome = send("fcm", environ, **GOOD)
        assert (outcome.class_, (outcome.error or {})["code"]) == ("permanent", "address")
        assert ours.server.received == []


def test_the_probe_validates() -> None:
    with fcm() as ours:
        assert probe("fcm", ours.environ).class_ == "ok"
        assert probe("fcm", ours.environ, TOKEN).class_ == "ok"
        assert ours.server.received[-1].json["message"]["token"] == TOKEN
        assert probe("fcm", ours.environ, "dead-token").class_ == "permanent"
        assert ours.accepted == []
        assert all(call.json["validate_only"] for call in ours.server.received if call.path != "/token")
