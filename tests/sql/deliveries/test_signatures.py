"""HMAC from states, ECDSA and Ed25519 in SQL, against the library that everybody uses, and what they have to refuse."""

import base64
import hashlib
import hmac
import json
import os
import random
import time
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from pgwhen.cli.callback_keys import KeyProblem, is_public, midstates, verifier

Db = psycopg.Connection[Any]

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
L = 2**252 + 27742317777372353535851937790883648493
LENGTHS = [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000]


def ask(db: Db, function: str, *arguments: Any) -> Any:
    """What a function of the schema gives."""
    row = db.execute(f"select pgwhen.{function}({', '.join(['%s'] * len(arguments))})".encode(), arguments).fetchone()
    assert row is not None
    return row[0]


# ---------------------------------------------------------------- HMAC


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
@pytest.mark.parametrize(
    "key",
    [b"k" * 8, b"\x00\xff" * 32, bytes(range(65)), "sleutel-é".encode()],
    ids=["short", "block", "longer", "text"],
)
def test_hmac_from_states_is_hmac(db: Db, algorithm: str, key: bytes) -> None:
    inner, outer = midstates(f"hmac-{algorithm}", key)
    states = json.dumps({"scheme": f"hmac-{algorithm}", "inner": inner.hex(), "outer": outer.hex()})
    for length in LENGTHS:
        message = os.urandom(length)
        right = hmac.new(key, message, algorithm).digest()
        assert ask(db, "_hmac_verify", states, message, right) is True
        wrong = bytes([right[0] ^ 1]) + right[1:]
        for signature in (wrong, right[:-1], b"", None, right + b"\0"):
            assert ask(db, "_hmac_verify", states, message, signature) is False
        assert ask(db, "_hmac_verify", states, message + b"\0", right) is False


def test_an_unknown_scheme_verifies_nothing(db: Db) -> None:
    assert ask(db, "_hmac_verify", json.dumps({"scheme": "none"}), b"", b"") is False


@pytest.mark.parametrize("name", ["sha256", "sha1"])
def test_the_hash_is_the_hash(db: Db, name: str) -> None:
    """From the state after one block, and on."""
    states = {"sha256": 0, "sha1": 1}
    assert states[name] in (0, 1)
    block = os.urandom(64)
    inner, _ = midstates(f"hmac-{name}", bytes(byte ^ 0x36 for byte in block))
    for length in LENGTHS:
        rest = os.urandom(length)
        assert ask(db, f"_continue_{name}", inner, 64, rest) == hashlib.new(name, block + rest).digest()


# ---------------------------------------------------------------- keys


def test_verifiers() -> None:
    secret = base64.b64encode(b"s" * 24).decode()
    assert verifier("resend", f"whsec_{secret}") == verifier("resend", secret)
    assert verifier("resend", secret) == {
        "scheme": "hmac-sha256",
        **dict(zip(("inner", "outer"), (s.hex() for s in midstates("hmac-sha256", b"s" * 24)), strict=True)),
    }
    assert "ssss" not in json.dumps(verifier("mailgun", "s" * 24))
    assert is_public("telnyx") and is_public("sendgrid") and not is_public("twilio")


@pytest.mark.parametrize(
    ("provider", "key", "problem"),
    [
        ("smtp", "x", "no callbacks"),
        ("resend", "whsec_%%%", "not base64"),
        ("resend", "whsec_YQ==", "guess"),
        ("mailgun", "short", "guess"),
        ("telnyx", base64.b64encode(b"x" * 31).decode(), "31 bytes"),
        ("sendgrid", base64.b64encode(b"x" * 91).decode(), "P-256"),
        ("sendgrid", "é", "base64"),
    ],
)
def test_what_is_no_key_is_refused(provider: str, key: str, problem: str) -> None:
    with pytest.raises(KeyProblem, match=problem):
        verifier(provider, key)


# ---------------------------------------------------------------- ECDSA


def p256() -> tuple[ec.EllipticCurvePrivateKey, bytes]:
    """A private key, and the public one as the database has it."""
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, bytes.fromhex(verifier("sendgrid", base64.b64encode(der).decode())["public_key"])


def test_ecdsa_agrees_with_the_library(db: Db) -> None:
    for _ in range(20):
        private, public = p256()
        message = os.urandom(random.randrange(300))
        signature = private.sign(message, ec.ECDSA(hashes.SHA256()))
        assert ask(db, "_verify_p256", public, message, signature) is True
        assert ask(db, "_verify_p256", public, message + b"x", signature) is False
        assert ask(db, "_verify_p256", p256()[1], message, signature) is False


def test_ecdsa_refuses_what_is_no_signature(db: Db) -> None:
    private, public = p256()
    good = private.sign(b"m", ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(good)
    # Either s signs: ECDSA is malleable, and what is signed is the same.
    assert ask(db, "_verify_p256", public, b"m", encode_dss_signature(r, N - s)) is True
    numbers = [(0, s), (r, 0), (0, 0), (N, s), (r, N), (r + N, s), (r, s + N), (N - r, s), (1, 1), (r, N - 1), (s, r)]
    for pair in numbers:
        assert ask(db, "_verify_p256", public, b"m", encode_dss_signature(*pair)) is False, pair
    for bad in (b"", b"0", good[:-1], good + b"\0", b"\x31" + good[1:], bytes(72), os.urandom(70)):
        assert ask(db, "_verify_p256", public, b"m", bad) is False
    longer = good[:1] + b"\x81" + good[1:]
    padded = bytes([48, good[1] + 1, 2, good[3] + 1, 0]) + good[4:]
    negative = b"\x30\x06\x02\x01\xff\x02\x01\x01"
    for bad in (longer, padded, negative):
        assert ask(db, "_verify_p256", public, b"m", bad) is False


def test_ecdsa_refuses_what_is_no_key(db: Db) -> None:
    private, public = p256()
    signature = private.sign(b"m", ec.ECDSA(hashes.SHA256()))
    off = public[:64] + bytes([public[64] ^ 1])
    for bad in (off, public[:-1], b"\x02" + public[1:], b"\x04" + bytes(64), b"\x04" + b"\xff" * 64, b""):
        assert ask(db, "_verify_p256", bad, b"m", signature) is False


def test_ecdsa_every_bit_counts(db: Db) -> None:
    private, public = p256()
    message = b"the message"
    signature = private.sign(message, ec.ECDSA(hashes.SHA256()))
    for i in range(0, len(signature) * 8, 7):
        flipped = bytearray(signature)
        flipped[i // 8] ^= 1 << i % 8
        assert ask(db, "_verify_p256", public, message, bytes(flipped)) is False


# ---------------------------------------------------------------- Ed25519

RFC8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), RFC8032)
def test_ed25519_of_rfc_8032(db: Db, public: str, message: str, signature: str) -> None:
    key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert ask(db, "_verify_ed25519", key, text, signed) is True
    assert ask(db, "_verify_ed25519", key, text + b"x", signed) is False


def test_ed25519_agrees_with_the_library(db: Db) -> None:
    for _ in range(20):
        private = ed25519.Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        message = os.urandom(random.randrange(300))
        signature = private.sign(message)
        assert ask(db, "_verify_ed25519", public, message, signature) is True
        assert ask(db, "_verify_ed25519", public, b"x" + message, signature) is False
        other = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        assert ask(db, "_verify_ed25519", other, message, signature) is False


def test_ed25519_refuses_what_is_no_signature(db: Db) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    good = private.sign(b"m")
    s = int.from_bytes(good[32:], "little")
    beyond = good[:32] + (s + L).to_bytes(32, "little")
    for bad in (beyond, good[:-1], good + b"\0", b"", bytes(64), good[:32] + bytes(32), bytes(32) + good[32:]):
        assert ask(db, "_verify_ed25519", public, b"m", bad) is False
    for i in range(0, 512, 13):
        flipped = bytearray(good)
        flipped[i // 8] ^= 1 << i % 8
        assert ask(db, "_verify_ed25519", public, b"m", bytes(flipped)) is False


#: The points whose order divides 8, and forms of them that are not canonical (from "Taming the many EdDSAs").
SMALL = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("key", SMALL)
def test_ed25519_refuses_keys_of_small_order(db: Db, key: str) -> None:
    """With s = 0 and R the neutral point, such a key would sign one message in eight, or all."""
    neutral = bytes([1]) + bytes(31)
    for message in (b"", b"a", b"b", b"c"):
        for point in (neutral, bytes.fromhex(key)):
            assert ask(db, "_verify_ed25519", bytes.fromhex(key), message, point + bytes(32)) is False


# ---------------------------------------------------------------- how long it takes


def test_none_takes_long(db: Db) -> None:
    """A callback is verified in a few ten milliseconds; the bound is wide, for machines that do other things too."""
    private, public = p256()
    signature = private.sign(b"m" * 1000, ec.ECDSA(hashes.SHA256()))
    other = ed25519.Ed25519PrivateKey.generate()
    signed = other.sign(b"m" * 1000)
    states = json.dumps(verifier("mailgun", "s" * 32))
    calls = {
        "p256": ("_verify_p256", public, b"m" * 1000, signature),
        "ed25519": ("_verify_ed25519", other.public_key().public_bytes_raw(), b"m" * 1000, signed),
        "hmac of 4 KB": ("_hmac_verify", states, b"m" * 4096, b"x"),
    }
    for name, (function, *arguments) in calls.items():
        times = []
        for _ in range(5):
            began = time.perf_counter()
            ask(db, function, *arguments)
            times.append(time.perf_counter() - began)
        print(f"{name}: {min(times) * 1000:.1f} ms")
        assert min(times) < 0.5, name
