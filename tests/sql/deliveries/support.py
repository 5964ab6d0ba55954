"""Providers that sign as the real ones do, and an application whose messages they tell of."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from pgwhen.cli.callback_keys import verifier
from tests.sql.engine.support import claim, freeze, report
from tests.sql.wait.support import TABLES, App

Db = psycopg.Connection[Any]
Json = dict[str, Any]

#: Noon on 5 January 2026, where the clock of the tests stands.
NOON = 1767614400
CHANNELS = {
    **dict.fromkeys(("resend", "sendgrid", "mailgun", "smtp"), "email"),
    **dict.fromkeys(("twilio", "telnyx", "messagebird"), "sms"),
}
URL = "https://hooks.example.com/callback"


@dataclass
class Call:
    """A callback as it arrives."""

    headers: dict[str, str]
    body: bytes
    url: str | None = URL


@dataclass
class Provider:
    """Signs what it tells. ``secret`` is what the provider shows its customer."""

    name: str
    secret: str = ""
    private: Any = None
    counter: int = field(default=0)

    @classmethod
    def make(cls, name: str, seed: str = "s3cr3t") -> "Provider":
        """A provider with keys of its own."""
        if name == "sendgrid":
            private: Any = ec.generate_private_key(ec.SECP256R1())
            der = private.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            return cls(name, base64.b64encode(der).decode(), private)
        if name == "telnyx":
            private = ed25519.Ed25519PrivateKey.generate()
            return cls(name, base64.b64encode(private.public_key().public_bytes_raw()).decode(), private)
        if name == "resend":
            return cls(name, "whsec_" + base64.b64encode((seed * 5).encode()).decode())
        return cls(name, f"{seed}-{name}-0123456789")

    def next(self) -> str:
        """An id that was not used before."""
        self.counter += 1
        return f"{self.name}-{self.counter:04d}"

    def sign(self, told: Any, at: int = NOON, url: str = URL, **how: Any) -> Call:
        """A callback that tells something, signed at a time."""
        return getattr(self, f"_{self.name}")(told, at, url, **how)  # type: ignore[no-any-return]

    def _resend(self, told: Any, at: int, url: str, id_: str | None = None) -> Call:
        body = json.dumps(told, ensure_ascii=False).encode()
        id_ = id_ or self.next()
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        mac = hmac.digest(key, f"{id_}.{at}.".encode() + body, "sha256")
        signature = "v1,AAAA v1," + base64.b64encode(mac).decode()
        return Call({"Svix-Id": id_, "svix-timestamp": str(at), "SVIX-SIGNATURE": signature}, body)

    def _sendgrid(self, told: Any, at: int, url: str) -> Call:
        body = json.dumps(told).encode()
        signed = self.private.sign(str(at).encode() + body, ec.ECDSA(hashes.SHA256()))
        return Call(
            {
                "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signed).decode(),
                "X-Twilio-Email-Event-Webhook-Timestamp": str(at),
            },
            body,
        )

    def _mailgun(self, told: Any, at: int, url: str, token: str | None = None) -> Call:
        token = token or self.next().ljust(50, "0")
        mac = hmac.digest(self.secret.encode(), f"{at}{token}".encode(), "sha256").hex()
        signature = {"timestamp": str(at), "token": token, "signature": mac}
        return Call({}, json.dumps({"signature": signature, "event-data": told}).encode())

    def _telnyx(self, told: Any, at: int, url: str) -> Call:
        body = json.dumps({"data": told}).encode()
        signed = self.private.sign(f"{at}|".encode() + body)
        headers = {
            "telnyx-signature-ed25519": base64.b64encode(signed).decode(),
            "telnyx-timestamp": str(at),
        }
        return Call(headers, body, url)

    def _twilio(self, told: Any, at: int, url: str, get: bool = False) -> Call:
        if get:
            url += ("&" if "?" in url else "?") + urlencode(told)
            told = {}
        text = url + "".join(name + value for name, value in sorted(told.items()))
        mac = hmac.digest(self.secret.encode(), text.encode(), "sha1")
        return Call({"X-Twilio-Signature": base64.b64encode(mac).decode()}, urlencode(told).encode(), url)

    def _messagebird(self, told: Any, at: int, url: str, post: bool = False, **claims: Any) -> Call:
        body = urlencode(told).encode() if post else b""
        url = url if post else url + "?" + urlencode(told)
        said = {
            "iss": "MessageBird",
            "nbf": at,
            "iat": at,
            "exp": at + 60,
            "jti": self.next(),
            "url_hash": hashlib.sha256(url.encode()).hexdigest(),
            **({"payload_hash": hashlib.sha256(body).hexdigest()} if body else {}),
            **claims,
        }
        head = _url64(json.dumps({"alg": said.pop("alg", "HS256"), "typ": "JWT"}).encode())
        text = f"{head}.{_url64(json.dumps(said).encode())}"
        mac = hmac.digest(self.secret.encode(), text.encode(), "sha256")
        return Call({"MessageBird-Signature-JWT": f"{text}.{_url64(mac)}"}, body, url)


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# ---------------------------------------------------------------- what they tell, in the words of each


def status(name: str, word: str, key: str, address: str, message_id: str = "m-1", **more: Any) -> Any:
    """A status in the form of a provider. ``key`` is EXECUTION:STEP:GENERATION:PART."""
    execution, step, generation, part = key.split(":")
    underlined = f"{execution}_{generation}_{part}_{step}"
    if name == "resend":
        data = {"email_id": message_id, "to": [address], "tags": {"pgwhen": underlined}, **more}
        return {"type": f"email.{word}", "created_at": "2026-01-05T11:59:58.000Z", "data": data}
    if name == "sendgrid":
        event = {
            "email": address,
            "event": word,
            "timestamp": NOON - 2,
            "sg_event_id": f"sg-{word}-{address}",
            "sg_message_id": message_id,
            "pgwhen": underlined,
            **more,
        }
        return [event]
    if name == "mailgun":
        return {
            "event": word,
            "id": f"mg-{word}",
            "timestamp": NOON - 2.5,
            "recipient": address,
            "message": {"headers": {"message-id": message_id}},
            "user-variables": {"pgwhen": underlined},
            **more,
        }
    if name == "telnyx":
        return {
            "id": f"tx-{word}",
            "event_type": "message.finalized",
            "occurred_at": "2026-01-05T11:59:58.000+00:00",
            "payload": {
                "id": message_id,
                "to": [{"phone_number": address, "status": word}],
                "errors": [],
                "tags": ["other", key],
                **more,
            },
        }
    if name == "twilio":
        return {"MessageSid": message_id, "MessageStatus": word, "To": address, "From": "+15005550006", **more}
    return {
        "id": message_id,
        "reference": key,
        "recipient": address.lstrip("+"),
        "status": word,
        "statusDatetime": "2026-01-05T11:59:58+00:00",
        **more,
    }


def call(db: Db, name: str, connection: str, called: Call) -> Json:
    """What the function of a provider answers."""
    row = db.execute(
        f"select pgwhen.receive_{name}(%s, %s, %s, %s)".encode(),
        [connection, json.dumps(called.headers), called.body, called.url],
    ).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


@dataclass
class Mail:
    """An application that writes to leads, its clock at noon, and the providers that its messages leave by."""

    app: App
    providers: dict[str, Provider] = field(default_factory=dict)

    @property
    def db(self) -> Db:
        """The superuser's connection."""
        return self.app.db

    def connect(self, name: str, connection: str | None = None, tenant: str = "default", key: bool = True) -> Provider:
        """A connection, and the key of its callbacks."""
        provider = self.providers.setdefault(name, Provider.make(name))
        connection = connection or name
        self.db.execute(
            "insert into pgwhen.connections (tenant, name, channel, provider, updated_at)"
            " values (%s, %s, %s, %s, now()) on conflict do nothing",
            [tenant, connection, CHANNELS[name], name],
        )
        if key:
            self.db.execute(
                "insert into pgwhen.callback_keys"
                " (tenant, connection, fingerprint, provider, verifier, made_at, made_by)"
                " values (%s, %s, 'f', %s, %s, now(), 'test') on conflict do nothing",
                [tenant, connection, name, json.dumps(verifier(name, provider.secret))],
            )
        return provider

    def send(self, record: int = 1, connection: str = "resend", class_: str = "ok") -> str:
        """A lead, whose message leaves; its idempotency key."""
        self.app.run(f"insert into leads values ({record}, 'Ann')")
        return self.leave(connection, class_)[0]

    def leave(self, connection: str = "resend", class_: str = "ok") -> list[str]:
        """What is due leaves; the keys."""
        actions = claim(self.db)
        verdicts = freeze(self.db, actions, connection)
        assert [v["verdict"] for v in verdicts] == ["send"] * len(actions)
        report(self.db, actions, class_, provider_message_id="m-1")
        return [str(action["idempotency_key"]) for action in actions]

    def tell(
        self,
        name: str,
        word: str,
        key: str,
        address: str = "ann@example.com",
        connection: str | None = None,
        **more: Any,
    ) -> Json:
        """A provider tells a status of a message."""
        provider = self.providers[name]
        url = f"{URL}?pgwhen={key.replace(':', '%3A')}" if name == "twilio" else URL
        told = status(name, word, key, address, **more)
        return call(self.db, name, connection or name, provider.sign(told, url=url))

    def rows(self) -> list[tuple[str, str | None]]:
        """(status, address) of what was recorded, in the order of arrival."""
        return self.db.execute("select status, address from pgwhen.deliveries order by delivery_id").fetchall()

    def suppressed(self) -> list[tuple[str, ...]]:
        """(tenant, channel, address, category, reason, source) of the suppressions."""
        return self.db.execute(
            "select tenant, channel, address, category, reason, source from pgwhen.suppressions order by 1, 2, 3"
        ).fetchall()

    def queued(self) -> list[Json]:
        """Type and input of the application events that wait in the queue."""
        rows = self.db.execute(
            "select message -> 'type', message -> 'input', message -> 'cause', message -> 'tenant'"
            " from pgmq.q_pgwhen_events order by msg_id"
        ).fetchall()
        return [{"type": row[0], "input": row[1], "cause": row[2], "tenant": row[3]} for row in rows]


EMAIL = {"id": "mail", "type": "email", "to": "ann@example.com", "subject": "Hi", "text": "Hi"}
SMS = {"id": "text", "type": "sms", "to": "+31612345678", "text": "Hi"}


def start(db: Db) -> Mail:
    """The tables, and the clock."""
    db.execute(TABLES)
    app = App(db)
    app.at(datetime.fromtimestamp(NOON).astimezone().isoformat())
    return Mail(app)


def parameters(url: str) -> dict[str, str]:
    """The query of a URL."""
    return dict(parse_qsl(urlsplit(url).query))
