"""Telnyx, Bird, Firebase and Slack as local servers that keep to their contracts, and a look at the probes."""

import asyncio
import base64
import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pgwhen.poller.channels import Attempt, Call, adapter, configured
from pgwhen.poller.http import AddressGuard, HttpClient
from pgwhen.poller.outcome import Outcome
from pgwhen.poller.secrets import Vault
from tests.poller.channels.support import KEY
from tests.servers import Answer, HttpServer, http_server
from tests.servers import Call as Received


@dataclass(slots=True)
class Provider:
    """A provider's server: ``environ`` configures it, ``accepted`` is what it took."""

    server: HttpServer
    environ: dict[str, str]
    accepted: list[dict[str, Any]] = field(default_factory=list)


def probe(name: str, environ: Mapping[str, str], to: str | None = None) -> Outcome:
    """What the adapter's probe of a connection comes to."""
    module: Any = adapter(name)
    vault = Vault(environ)
    connection = configured(environ)[name]

    async def once() -> Outcome:
        async with HttpClient(AddressGuard()) as http:
            secrets = vault.reveal_all(connection.secrets)
            attempt = Attempt(KEY, 1, 5.0, connection.with_secrets(secrets), vault.resolve, http=http)
            request = module.probe(attempt, to)
            answer = await (request.run() if isinstance(request, Call) else http.send(request))
            judged: Outcome = getattr(module, "probed", module.outcome)(answer)
            return judged

    return asyncio.run(once())


def said(status: int, body: Any, **headers: str) -> Answer:
    """An answer in JSON."""
    return Answer(status, orjson.dumps(body), {name.replace("_", "-"): value for name, value in headers.items()})


@contextlib.contextmanager
def _provider(
    environ: Callable[[str], dict[str, str]], rules: Callable[[Provider, Received], Answer]
) -> Iterator[Provider]:
    with http_server() as server:
        ours = Provider(server, environ(server.url))
        server.answer = functools.partial(rules, ours)
        yield ours


# ---------------------------------------------------------------- Telnyx


def _telnyx(ours: Provider, call: Received) -> Answer:
    def refuse(status: int, code: str, title: str) -> Answer:
        return said(status, {"errors": [{"code": code, "title": title, "detail": f"{title}."}]})

    if call.headers.get("authorization") != "Bearer tx_test_key":
        return refuse(401, "10009", "Authentication failed")
    if (call.method, call.path) == ("GET", "/v2/balance"):
        return said(200, {"data": {"record_type": "balance", "balance": "300.00", "currency": "USD"}})
    if (call.method, call.path) != ("POST", "/v2/messages"):
        return refuse(404, "10005", "Resource not found")
    body = call.json
    known = {"from", "messaging_profile_id", "to", "text", "webhook_url", "webhook_failover_url", "type", "encoding"}
    if unknown := set(body) - known:
        return refuse(422, "10015", f"Unknown parameter {unknown.pop()}")
    for name in ("to", "text"):
        if not body.get(name):
            return refuse(422, "10004", f"Missing required parameter {name}")
    if not body.get("from") and not body.get("messaging_profile_id"):
        return refuse(422, "10004", "Missing required parameter from")
    sender = body.get("from", "+1")
    if not body["to"].startswith("+") or not (sender.startswith("+") or len(sender) <= 8 or not sender.isdigit()):
        return refuse(400, "10016", "Phone number must be in +E.164 format")
    if not sender.removeprefix("+").isdigit() and not body.get("messaging_profile_id"):
        return refuse(400, "40305", "Invalid 'from' address")
    if body["to"] == "+15005550009":
        return refuse(403, "40300", "Blocked due to STOP message")
    ours.accepted.append(body)
    to = [{"phone_number": body["to"], "status": "queued"}]
    return said(200, {"data": {"id": f"tx-{len(ours.accepted)}", "to": to, "parts": 2, "encoding": "GSM-7"}})


def telnyx() -> contextlib.AbstractContextManager[Provider]:
    """Telnyx."""
    return _provider(
        lambda url: {
            "TELNYX_API_KEY": "tx_test_key",
            "TELNYX_FROM_NUMBER": "+15005550006",
            "TELNYX_BASE_URL": url,
        },
        _telnyx,
    )


# ---------------------------------------------------------------- Bird


def _bird(ours: Provider, call: Received) -> Answer:
    def refuse(status: int, code: str, message: str, **details: Any) -> Answer:
        return said(status, {"code": code, "message": message, "details": details})

    if call.headers.get("authorization") != "AccessKey bird_test_key":
        return refuse(401, "Unauthorized", "the access key is not valid")
    if (call.method, call.path) == ("GET", "/workspaces/w-1/channels/c-1"):
        return said(200, {"id": "c-1", "name": "Texts", "platformId": "sms-messagebird", "status": "active"})
    if (call.method, call.path) != ("POST", "/workspaces/w-1/channels/c-1/messages"):
        return refuse(404, "NotFound", "the channel was not found")
    body = call.json
    contacts = body.get("receiver", {}).get("contacts", [])
    if len(contacts) != 1 or contacts[0].get("identifierKey") != "phonenumber":
        return refuse(422, "InvalidPayload", "validation failed", receiver=["required"])
    if not contacts[0].get("identifierValue", "").startswith("+"):
        return refuse(422, "InvalidPayload", "validation failed", identifierValue=["not a phone number"])
    if body.get("body", {}).get("type") != "text" or not body["body"]["text"].get("text"):
        return refuse(422, "InvalidPayload", "validation failed", body=["required"])
    ours.accepted.append(body)
    return said(202, {"id": f"bird-{len(ours.accepted)}", "channelId": "c-1", "status": "accepted"})


def bird() -> contextlib.AbstractContextManager[Provider]:
    """Bird."""
    return _provider(
        lambda url: {
            "BIRD_ACCESS_KEY": "bird_test_key",
            "BIRD_WORKSPACE": "w-1",
            "BIRD_CHANNEL": "c-1",
            "BIRD_BASE_URL": url,
        },
        _bird,
    )


# ---------------------------------------------------------------- Firebase


@functools.cache
def service_account_key() -> rsa.RSAPrivateKey:
    """The key of the service account of these tests."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def service_account(token_uri: str, **more: Any) -> str:
    """The file of a service account."""
    pem = service_account_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {
        "type": "service_account",
        "project_id": "acme-app",
        "private_key_id": "key-1",
        "private_key": pem,
        "client_email": "push@acme-app.iam.gserviceaccount.com",
        "token_uri": token_uri,
    }
    return orjson.dumps(account | more).decode()


def _part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def assertion_problem(form: Mapping[str, list[str]], token_uri: str) -> str | None:
    """What is wrong with a request for a token, as Google's endpoint sees it."""
    if form.get("grant_type") != ["urn:ietf:params:oauth:grant-type:jwt-bearer"]:
        return "unsupported_grant_type"
    head, claims, signature = form["assertion"][0].split(".")
    try:
        key = service_account_key().public_key()
        key.verify(_part(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return "invalid_grant"
    header, claimed = orjson.loads(_part(head)), orjson.loads(_part(claims))
    good = (
        header == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
        and claimed["iss"] == "push@acme-app.iam.gserviceaccount.com"
        and claimed["aud"] == token_uri
        and claimed["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
        and abs(claimed["iat"] - time.time()) < 60
        and claimed["exp"] - claimed["iat"] == 3_600
    )
    return None if good else "invalid_grant"


def fcm_error(status: int, name: str, code: str | None = None, message: str = "no", **more: Any) -> dict[str, Any]:
    """An error as Firebase writes it."""
    details = [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}] if code else []
    error = {"code": status, "message": message, "status": name, "details": [*details, *more.get("details", [])]}
    return {"error": error}


def _fcm(ours: Provider, call: Received) -> Answer:
    if call.path == "/token":
        problem = assertion_problem(parse_qs(call.body.decode()), f"{ours.server.url}/token")
        if problem:
            return said(400, {"error": problem, "error_description": "Invalid JWT."})
        return said(200, {"access_token": "ya29.access-token", "expires_in": 3_599, "token_type": "Bearer"})
    if call.headers.get("authorization") != "Bearer ya29.access-token":
        return said(401, fcm_error(401, "UNAUTHENTICATED"))
    if (call.method, call.path) != ("POST", "/v1/projects/acme-app/messages:send"):
        return said(404, fcm_error(404, "NOT_FOUND"))
    body = call.json
    message = body["message"]
    if set(body) != {"message", "validate_only"} or not isinstance(body["validate_only"], bool):
        return said(400, fcm_error(400, "INVALID_ARGUMENT"))
    if len({"token", "topic"} & set(message)) != 1 or not set(message) <= {
        *("token", "topic", "notification", "data", "android", "apns", "webpush"),
    }:
        return said(400, fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "recipient"))
    if not all(isinstance(value, str) for value in message.get("data", {}).values()):
        return said(400, fcm_error(400, "INVALID_ARGUMENT", None, "Invalid value at 'message.data[0].value'"))
    if message.get("token") == "dead-token":
        return said(404, fcm_error(404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."))
    if body["validate_only"]:
        return said(200, {"name": "projects/acme-app/messages/fake_message_id"})
    ours.accepted.append(message)
    return said(200, {"name": f"projects/acme-app/messages/{len(ours.accepted)}"})


def fcm() -> contextlib.AbstractContextManager[Provider]:
    """Firebase, and the server that gives its tokens."""
    return _provider(
        lambda url: {"FCM_SERVICE_ACCOUNT": service_account(f"{url}/token"), "FCM_BASE_URL": url},
        _fcm,
    )


# ---------------------------------------------------------------- Slack


def _slack(ours: Provider, call: Received) -> Answer:
    def refuse(error: str, **more: Any) -> Answer:
        return said(200, {"ok": False, "error": error} | more)

    if call.path.startswith("/services/"):
        return _slack_webhook(ours, call)
    if call.headers.get("authorization") != "Bearer xoxb-test-token":
        return refuse("invalid_auth")
    if call.headers.get("content-type") != "application/json; charset=utf-8":
        return refuse("invalid_post_type")
    if call.path == "/api/auth.test":
        return said(200, {"ok": True, "team": "Acme", "user": "pgwhen", "team_id": "T1", "user_id": "U1"})
    body = call.json
    if body.get("channel") != "C123":
        return refuse("channel_not_found")
    if not body.get("text") and not body.get("blocks"):
        return refuse("no_text")
    if len(body.get("blocks", [])) > 50:
        return refuse("invalid_blocks", response_metadata={"messages": ["[ERROR] no more than 50 items allowed"]})
    ours.accepted.append(body)
    return said(200, {"ok": True, "channel": "C123", "ts": f"1700000000.{len(ours.accepted):06}"})


def _slack_webhook(ours: Provider, call: Received) -> Answer:
    if call.path != "/services/T1/B1/secretsecret":
        return Answer(404, b"no_service", {"content-type": "text/plain"})
    if not call.json.get("text"):
        return Answer(400, b"no_text", {"content-type": "text/plain"})
    ours.accepted.append(call.json)
    return Answer(200, b"ok", {"content-type": "text/plain"})


def slack() -> contextlib.AbstractContextManager[Provider]:
    """Slack: its API and an incoming webhook."""
    return _provider(lambda url: {"SLACK_BOT_TOKEN": "xoxb-test-token", "SLACK_BASE_URL": url}, _slack)


def slack_webhook() -> contextlib.AbstractContextManager[Provider]:
    """Slack, configured by its webhook."""
    return _provider(lambda url: {"SLACK_WEBHOOK_URL": f"{url}/services/T1/B1/secretsecret"}, _slack)
