"""Firebase Cloud Messaging, HTTP v1. ``POST /v1/projects/{project}/messages:send``, JSON ``{"message": {...},
"validate_only"}``; 200 with a name. The bearer token is fetched with an assertion that the service account signs
(RFC 7523, RS256) and is shared by the process (tokens.py); ``validate_only`` is a real dry run.

Errors are ``{"error": {code, message, status, details[]}}``. What happened is the ``errorCode`` in the detail whose
type ends in FcmError; the status alone does not say (two different 400 look alike, and a 502 may be HTML).
UNREGISTERED: the token is dead. QUOTA_EXCEEDED: a minute's pause at least, for one device or topic only where it says
so. There is no idempotency key: an error of the server is uncertain. A message that arrives twice replaces itself on
the screen (``android.notification.tag``, ``apns-collapse-id``). Limits: 4,096 bytes, 2,048 to a topic; reserved names.
Source: firebase.google.com/docs/reference/fcm/rest/v1 (projects.messages, ErrorCode), docs/cloud-messaging/error-codes,
developers.google.com/identity/protocols/oauth2/service-account.
"""

import base64
import binascii
import functools
import hashlib
import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from .. import tokens
from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from . import Attempt, Call, Connection, Unsendable
from . import push as _push

URL = "https://fcm.googleapis.com"
TOKEN_URL = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"

CHANNEL = "push"
SETTINGS: Mapping[str, str] = {
    "project": "id of the project; that of the service account unless set",
    "validate_only": "true has messages checked and not sent",
    "base_url": "another address of the API",
}
SECRETS: Mapping[str, str] = {"account": "service account, as JSON"}
VARIABLES: Mapping[str, str] = {
    "FCM_SERVICE_ACCOUNT": "account",
    "FCM_PROJECT": "project",
    "FCM_VALIDATE_ONLY": "validate_only",
    "FCM_BASE_URL": "base_url",
}
REQUIRED = ("account",)

PLATFORMS = ("android", "apns", "webpush")

MAX_BYTES = 4_096
MAX_TOPIC_BYTES = 2_048
MAX_TTL = 2_419_200

#: Seconds; the vendor asks for a minute where it names no time.
QUOTA_PAUSE = 60.0

_RESERVED = re.compile(r"from|message_type|gcm|google.*|gcm\..*", re.IGNORECASE)
_TTL = re.compile(r"\d{1,8}(\.\d{1,9})?")
_PROJECT = re.compile(r"[a-z0-9.:-]{1,100}")


def check_settings(settings: Mapping[str, str]) -> None:
    """Look at the settings alone. Raises ValueError."""
    if settings.get("validate_only", "").lower() not in ("", "true", "false"):
        raise ValueError(f"validate_only: {settings['validate_only'][:20]!r} is not true or false")
    if (project := settings.get("project", "")) and not _PROJECT.fullmatch(project):
        raise ValueError(f"project is {project[:100]!r}: it is the id of a project, like shop-4711")


def check(settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Whether settings and secret of a connection make sense. Raises ValueError, without the secret."""
    check_settings(settings)
    if secrets.get("account"):
        _account(secrets["account"], settings)


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    found = _push.message(definition, connection, key, now)
    data = found.get("data", {})
    for name in data:
        if _RESERVED.fullmatch(name):
            raise Unsendable(f"data: the name {name} is reserved by Firebase (from, message_type, gcm, google)")
    found["options"] = _options(found.get("options", {}), key, shown="title" in found or "text" in found)
    shown = {name: found[name] for name in ("title", "text", "image") if name in found}
    size = sum(len(part.encode()) for pair in (shown | data).items() for part in pair)
    limit = MAX_TOPIC_BYTES if "topic" in found else MAX_BYTES
    if size > limit:
        raise Unsendable(
            f"the message has {size} bytes, more than the {limit} that Firebase carries: shorten text or data",
            "too_long",
        )
    return {name: value for name, value in found.items() if value}


def request(message: Mapping[str, Any], attempt: Attempt) -> Call:
    """The call for a frozen message: a token, where none is kept, then the message."""
    validate_only = attempt.connection.settings.get("validate_only", "").lower() == "true"
    return _call(_body(message), validate_only, attempt)


def probe(attempt: Attempt, to: str | None) -> Call:
    """Have a message checked, to a device or to a topic that nobody needs to have, and not sent."""
    message: dict[str, Any] = {"notification": {"title": "pgwhen", "body": "A test."}}
    return _call(message | ({"token": to} if to else {"topic": "pgwhen-test"}), True, attempt)


def outcome(answer: Response | Failure | Outcome) -> Outcome:
    """What an answer means; an Outcome is that of a token that could not be had."""
    if isinstance(answer, Outcome):
        return answer
    if isinstance(answer, Failure):
        return of_failure(answer)
    said = answer.json if isinstance(answer.json, dict) else {}
    status = answer.status
    if 200 <= status < 300:
        if isinstance(name := said.get("name"), str) and name:
            return Outcome("ok", {"message_id": name, "provider": "fcm"}, None, answer_of(answer), name)
        return failed("uncertain", "fcm_answer", f"status {status} without a name", answer=answer_of(answer))
    error = said["error"] if isinstance(said.get("error"), dict) else {}
    found = error.get("details")
    details = [detail for detail in found if isinstance(detail, dict)] if isinstance(found, list) else []
    code = next((str(d["errorCode"]) for d in details if _is_fcm(d) and d.get("errorCode")), "")
    name = code or str(error.get("status") or status)
    text = f"Firebase answered {status} {name}: {error.get('message') or answer.text}{_violations(details)}"
    class_ = _class(status, code, text)
    pause = retry_after(answer.headers)
    return failed(
        class_,
        f"fcm_{name.lower()}"[:100],
        text,
        answer=answer_of(answer),
        retry_after=max(pause or 0.0, QUOTA_PAUSE) if status == 429 else pause,
        extra={"suppress": {"channel": "push", "reason": "dead_token"}} if code == "UNREGISTERED" else None,
    )


def _options(given: Mapping[str, Any], key: str, shown: bool) -> dict[str, Any]:
    """What is said per platform, with what makes a repetition replace the message on the screen."""
    if unknown := [name for name in given if name not in PLATFORMS]:
        raise Unsendable(f"options: {unknown[0][:40]!r} is not one of {', '.join(PLATFORMS)}")
    options = {name: _object(value, f"options.{name}") for name, value in given.items() if value is not None}
    android = options.get("android", {})
    if "ttl" in android:
        options["android"] = android = android | {"ttl": _ttl(android["ttl"])}
    if shown:
        identity = hashlib.sha256(key.encode()).hexdigest()[:32]
        notification = {"tag": identity} | _object(android.get("notification") or {}, "options.android.notification")
        options["android"] = android | {"notification": notification}
        apns = options.get("apns", {})
        headers = {"apns-collapse-id": identity} | _object(apns.get("headers") or {}, "options.apns.headers")
        options["apns"] = apns | {"headers": headers}
    return options


def _object(value: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Unsendable(f"{key} is not an object")
    return dict(value)


def _ttl(value: Any) -> str:
    """A time to live in seconds, as Firebase writes it."""
    text = str(value).strip().removesuffix("s")
    if isinstance(value, bool) or not _TTL.fullmatch(text) or float(text) > MAX_TTL:
        raise Unsendable(f"options.android.ttl: {str(value)[:40]!r} is not a number of seconds up to {MAX_TTL}")
    return f"{text}s"


def _body(message: Mapping[str, Any]) -> dict[str, Any]:
    """A frozen message in Firebase's words."""
    notification = {"title": message.get("title"), "body": message.get("text"), "image": message.get("image")}
    notification = {name: value for name, value in notification.items() if value}
    body = {"token": message["to"]} if "to" in message else {"topic": message["topic"]}
    return {
        **body,
        **({"notification": notification} if notification else {}),
        **({"data": message["data"]} if message.get("data") else {}),
        **message.get("options", {}),
    }


def _call(body: Mapping[str, Any], validate_only: bool, attempt: Attempt) -> Call:
    connection = attempt.connection
    try:
        account = _account(connection.secrets["account"], connection.settings)
    except ValueError as error:
        return Call(functools.partial(_refuse, str(error)), attempt.timeout)
    url = f"{connection.base}/v1/projects/{quote(account['project'], safe='')}/messages:send"
    content = orjson.dumps(
        {"message": body, "validate_only": validate_only}, option=orjson.OPT_SORT_KEYS, default=float
    )

    def with_token(token: str) -> Request:
        headers = {
            "accept": "application/json",
            "authorization": f"Bearer {token}",
            "content-type": "application/json; charset=utf-8",
            "user-agent": "pgwhen",
        }
        return Request("POST", url, headers, content, attempt.timeout, connection.trusted)

    async def run() -> Response | Failure | Outcome:
        fetch = functools.partial(_fetch, account, connection.trusted)
        key = f"{account['token_uri']}\n{SCOPE}\n{connection.secrets['account']}".encode()
        return await tokens.send(attempt.http, key, fetch, with_token, attempt.timeout)

    # run keeps to the time itself, and knows whether the message has left: this is for what should not happen.
    return Call(run, attempt.timeout + 5.0, safe=validate_only)


async def _refuse(problem: str) -> Failure:
    return Failure("fcm_account", problem, connection=True)


def _fetch(account: Mapping[str, str], trusted: bool) -> Request:
    """The request for a token: an assertion, signed now."""
    # Only who sends push messages loads these.
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    now = int(time.time())
    head = {"alg": "RS256", "typ": "JWT", **({"kid": account["kid"]} if account["kid"] else {})}
    claims = {"iss": account["email"], "scope": SCOPE, "aud": account["token_uri"], "iat": now, "exp": now + 3_600}
    signed = b".".join(map(_base64, map(orjson.dumps, (head, claims))))
    signature = _private_key(account["private_key"]).sign(signed, padding.PKCS1v15(), SHA256())
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": (signed + b"." + _base64(signature)).decode(),
    }
    headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
    return Request("POST", account["token_uri"], headers, urlencode(form).encode(), 10.0, trusted)


def _base64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


@functools.lru_cache(maxsize=16)
def _private_key(pem: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, binascii.Error):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("private_key of the service account is not an RSA key; download its JSON again")
    return key


@functools.lru_cache(maxsize=16)
def _parsed(text: str) -> dict[str, str]:
    try:
        said = orjson.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise ValueError(
            "the service account of Firebase is not JSON: the secret is the content of the file that Google gives"
        )
    names = ("project_id", "client_email", "private_key", "private_key_id", "token_uri")
    found = {name: value if isinstance(value := said.get(name), str) else "" for name in names}
    if missing := [name for name in ("client_email", "private_key") if not found[name]]:
        raise ValueError(f"the service account of Firebase has no {' and no '.join(missing)}: it is not Google's file")
    _private_key(found["private_key"])
    return {
        "project": found["project_id"],
        "email": found["client_email"],
        "private_key": found["private_key"],
        "kid": found["private_key_id"],
        "token_uri": found["token_uri"] or TOKEN_URL,
    }


def _account(text: str, settings: Mapping[str, str]) -> dict[str, str]:
    """The service account. Raises ValueError."""
    found = _parsed(text)
    project = settings.get("project") or found["project"]
    if not _PROJECT.fullmatch(project):
        raise ValueError("the service account of Firebase has no project_id: set the setting project")
    if urlsplit(found["token_uri"]).scheme not in ("http", "https"):
        raise ValueError("token_uri of the service account is not a URL")
    return found | {"project": project}


def _is_fcm(detail: Mapping[str, Any]) -> bool:
    return str(detail.get("@type", "")).endswith("FcmError")


def _violations(details: list[dict[str, Any]]) -> str:
    """Which fields are wrong, or which quota is used up."""
    lists = [d.get(name) for d in details for name in ("fieldViolations", "violations")]
    found = [v for one in lists if isinstance(one, list) for v in one if isinstance(v, dict)]
    texts = [f"{v.get('field') or v.get('subject')}: {v.get('description')}" for v in found]
    return f" ({'; '.join(texts)})" if texts else ""


def _class(status: int, code: str, text: str) -> Class:
    if status == 429:
        # Too many to one device or topic is no reason to hold up the others; nothing was sent.
        return "transient" if re.search(r"\b(device|topic)\b", text, re.IGNORECASE) else "throttled"
    if status >= 500 or status == 408:
        return "uncertain"
    if code in ("UNREGISTERED", "SENDER_ID_MISMATCH", "INVALID_ARGUMENT"):
        return "permanent"
    # 404 without a code of Firebase's own: there is no such project.
    return "auth" if status in (401, 403, 404) or code == "THIRD_PARTY_AUTH_ERROR" else "permanent"
