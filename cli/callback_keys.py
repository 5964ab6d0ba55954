"""What callbacks are verified with, made from a secret that never reaches the database.

HMAC hashes its key before anything else, in two blocks, one for each of its two rounds. The states of the hash after
these blocks are all that is needed to verify a message, and the key cannot be told from them (docs/decisions/0008).
``hashlib`` does not give its state away, hence the compression functions of FIPS 180-4 here, for one block each.

    KeyProblem      the secret or public key is not what the provider's callbacks are verified with
"""

import base64
import binascii
import hashlib
import struct

_MASK = 0xFFFFFFFF
_SHA1 = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
_SHA256 = (
    *(0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A),
    *(0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19),
)

#: The header of a P-256 public key in DER (RFC 5480): what follows is the point, 65 bytes.
_P256_HEADER = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")

#: Provider -> scheme, and what the key is called there.
SCHEMES = {
    "resend": ("hmac-sha256", "the signing secret of the webhook, whsec_..."),
    "mailgun": ("hmac-sha256", "the HTTP webhook signing key"),
    "messagebird": ("hmac-sha256", "the signing key of the developer settings"),
    "twilio": ("hmac-sha1", "the auth token"),
    "sendgrid": ("p256", "the verification key of the event webhook, in base64"),
    "telnyx": ("ed25519", "the public key of the portal, in base64"),
}


class KeyProblem(ValueError):
    """The key cannot be used; the message says why."""


def is_public(provider: str) -> bool:
    """Whether a provider's callbacks are verified with a public key. Raises KeyProblem for one without callbacks."""
    return _scheme(provider) in ("p256", "ed25519")


def verifier(provider: str, key: str) -> dict[str, str]:
    """What the database keeps for a provider's secret or public key. Raises KeyProblem."""
    scheme = _scheme(provider)
    if scheme == "p256":
        return {"scheme": scheme, "public_key": _p256(key).hex()}
    if scheme == "ed25519":
        return {"scheme": scheme, "public_key": _decoded(key, 32).hex()}
    secret = _decoded(key.removeprefix("whsec_")) if provider == "resend" else key.encode()
    if len(secret) < 8:
        raise KeyProblem(f"the secret has {len(secret)} bytes; anybody could guess it")
    inner, outer = midstates(scheme, secret)
    return {"scheme": scheme, "inner": inner.hex(), "outer": outer.hex()}


def midstates(scheme: str, key: bytes) -> tuple[bytes, bytes]:
    """The states of ``hmac-sha1`` or ``hmac-sha256`` after the blocks of the key, the inner and the outer one."""
    algorithm = scheme.removeprefix("hmac-")
    block = (hashlib.new(algorithm, key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    compress = {"sha1": _sha1_block, "sha256": _sha256_block}[algorithm]
    inner, outer = (compress(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    return inner, outer


def _scheme(provider: str) -> str:
    if provider not in SCHEMES:
        known = ", ".join(SCHEMES)
        raise KeyProblem(f"{provider} has no callbacks that this version of pgwhen verifies; these have: {known}")
    return SCHEMES[provider][0]


def _decoded(text: str, length: int | None = None) -> bytes:
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyProblem("the key is not base64") from error
    if length is not None and len(data) != length:
        raise KeyProblem(f"the key has {len(data)} bytes, not {length}")
    return data


def _p256(text: str) -> bytes:
    """The point of a public key: DER in base64, with or without the lines of PEM."""
    lines = [line for line in text.splitlines() if not line.startswith("-----")]
    data = _decoded("".join(lines))
    if not data.startswith(_P256_HEADER) or len(data) != len(_P256_HEADER) + 65 or data[len(_P256_HEADER)] != 4:
        raise KeyProblem("the key is not a P-256 public key in DER")
    return data[len(_P256_HEADER) :]


def _left(value: int, by: int) -> int:
    return (value << by | value >> (32 - by)) & _MASK


def _sha1_block(block: bytes) -> bytes:
    words = list(struct.unpack(">16L", block))
    for i in range(16, 80):
        words.append(_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1))
    a, b, c, d, e = _SHA1
    for i, word in enumerate(words):
        if i < 20:
            mixed, constant = (b & c) | (~b & d), 0x5A827999
        elif i < 40:
            mixed, constant = b ^ c ^ d, 0x6ED9EBA1
        elif i < 60:
            mixed, constant = (b & c) | (b & d) | (c & d), 0x8F1BBCDC
        else:
            mixed, constant = b ^ c ^ d, 0xCA62C1D6
        a, b, c, d, e = (_left(a, 5) + mixed + e + constant + word) & _MASK, a, _left(b, 30), c, d
    return _state(_SHA1, (a, b, c, d, e))


def _sha256_block(block: bytes) -> bytes:
    words = list(struct.unpack(">16L", block))
    for i in range(16, 64):
        x, y = words[i - 15], words[i - 2]
        s0 = _left(x, 25) ^ _left(x, 14) ^ x >> 3
        s1 = _left(y, 15) ^ _left(y, 13) ^ y >> 10
        words.append((words[i - 16] + s0 + words[i - 7] + s1) & _MASK)
    a, b, c, d, e, f, g, h = _SHA256
    for constant, word in zip(_constants(), words, strict=True):
        s1 = _left(e, 26) ^ _left(e, 21) ^ _left(e, 7)
        s0 = _left(a, 30) ^ _left(a, 19) ^ _left(a, 10)
        first = h + s1 + ((e & f) ^ (~e & g)) + constant + word
        second = s0 + ((a & b) ^ (a & c) ^ (b & c))
        a, b, c, d, e, f, g, h = (first + second) & _MASK, a, b, c, (d + first) & _MASK, e, f, g
    return _state(_SHA256, (a, b, c, d, e, f, g, h))


def _state(before: tuple[int, ...], after: tuple[int, ...]) -> bytes:
    return b"".join(struct.pack(">L", (x + y) & _MASK) for x, y in zip(before, after, strict=True))


def _constants() -> list[int]:
    """The first 32 bits of the fractions of the cube roots of the first 64 primes, in whole numbers."""
    primes = [n for n in range(2, 312) if all(n % p for p in range(2, int(n**0.5) + 1))]
    return [_cube_root(prime << 96) & _MASK for prime in primes]


def _cube_root(number: int) -> int:
    low, high = 0, 1 << 40
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle)
    return low
