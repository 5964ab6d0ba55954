"""An e-mail as bytes (RFC 5322, 2045 to 2047, 6532): a pure function of the frozen message, whatever Python runs it.

The standard library's generator is not used: what it writes differs between versions of Python, and it encodes long
header values that must stay as they are (URLs in List-Unsubscribe). Everything is 7-bit, except addresses that cannot
be: those make the headers UTF-8, which needs a server with SMTPUTF8.
"""

import base64
import hashlib
import quopri
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from . import Unsendable, email
from .email import File, split

_LINE = 76
_LONGEST_LINE = 998
#: Headers that hold a URL of ours: nothing in it is to be encoded.
_EXACT = ("List-Unsubscribe", "List-Unsubscribe-Post")

#: What a parameter carries as it is (RFC 2231, attribute-char).
_ATTRIBUTE = "!#$&+-.^_`|~"

#: Characters of a file's name that a line carries.
_NAME_LINE = 50

_ATOMS = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+")


def needs_utf8(message: Mapping[str, Any]) -> bool:
    """Whether an address has a local part that only SMTPUTF8 can carry (domains have an ASCII form)."""
    others = (address for field in ("to", "cc", "bcc", "reply_to") for address in message.get(field, ()))
    return any(not split(address)[1].rpartition("@")[0].isascii() for address in (message["from"], *others))


def to_bytes(message: Mapping[str, Any], files: Sequence[File] = ()) -> bytes:
    """The message as it stands between DATA and the final dot, lines ended by CRLF, without Bcc."""
    boundary = f"=_pgwhen_{hashlib.sha256(message['message_id'].encode()).hexdigest()[:32]}"
    bodies = [_part(kind, message[key]) for key, kind in (("text", "plain"), ("html", "html")) if message.get(key)]
    body = _multipart("alternative", boundary, bodies) if len(bodies) > 1 else bodies[0]
    if files:
        body = _multipart("mixed", boundary + "_files", [body, *map(_attachment, files)])
    # The last line break is the message's own.
    lines = [*_headers(message, needs_utf8(message)), *(body if body[-1] else body[:-1])]
    return "\r\n".join([*lines, ""]).encode()


def ascii_address(address: str) -> str:
    """The address alone, its domain in its ASCII form. Raises Unsendable."""
    local, _, domain = split(address)[1].rpartition("@")
    try:
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise Unsendable(f"{domain!r} is not a domain", "recipient") from error


def _headers(message: Mapping[str, Any], utf8: bool) -> Iterator[str]:
    yield _fold("From", _mailbox(message["from"], utf8))
    for name, key in (("To", "to"), ("Cc", "cc"), ("Reply-To", "reply_to")):
        if message.get(key):
            yield _fold(name, ", ".join(_mailbox(address, utf8) for address in message[key]))
    yield _fold("Subject", _words(message["subject"]))
    yield f"Date: {message['date']}"
    yield f"Message-ID: {message['message_id']}"
    yield "Auto-Submitted: auto-generated"
    for name, value in sorted(email.headers(message).items()):
        yield _fold(name, value if name in _EXACT else _words(value))
    yield "MIME-Version: 1.0"


def _mailbox(address: str, utf8: bool) -> str:
    name, _ = split(address)
    plain = split(address)[1] if utf8 else ascii_address(address)
    if not name:
        return plain
    if not name.isascii():
        return f"{_words(name)} <{plain}>"
    quoted = name if _ATOMS.fullmatch(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{quoted} <{plain}>"


def _words(text: str) -> str:
    """Text as it stands, or as encoded words (RFC 2047) of whole characters, at most 75 bytes each."""
    if text.isascii() and "=?" not in text:
        return text
    words, chunk = [], ""
    for character in text:
        if len((chunk + character).encode()) > 45:
            words.append(chunk)
            chunk = ""
        chunk += character
    return " ".join(f"=?utf-8?b?{base64.b64encode(word.encode()).decode()}?=" for word in [*words, chunk])


def _fold(name: str, value: str) -> str:
    """A header, broken at its spaces where a line gets long."""
    lines = [f"{name}:"]
    for word in value.split(" "):
        if word and len(lines[-1]) + 1 + len(word) > _LINE and lines != [f"{name}:"]:
            lines.append("")
        lines[-1] += " " + word
    if any(len(line.encode()) > _LONGEST_LINE for line in lines):
        raise Unsendable(f"the header {name} is too long")
    return "\r\n".join(lines)


def _part(kind: str, text: str) -> list[str]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = text.isascii() and all(len(line) <= _LINE for line in text.split("\n"))
    if not plain:
        text = quopri.encodestring(text.encode()).decode()
    encoding = "7bit" if plain else "quoted-printable"
    return [
        f"Content-Type: text/{kind}; charset=utf-8",
        f"Content-Transfer-Encoding: {encoding}",
        "",
        *text.split("\n"),
    ]


def _multipart(kind: str, boundary: str, parts: Sequence[Sequence[str]]) -> list[str]:
    lines = [f'Content-Type: multipart/{kind}; boundary="{boundary}"', ""]
    for part in parts:
        lines += [f"--{boundary}", *part]
    return [*lines, f"--{boundary}--"]


def _attachment(file: File) -> list[str]:
    text = base64.b64encode(file.content).decode()
    return [
        _fold("Content-Type", file.media_type),
        "Content-Transfer-Encoding: base64",
        ";\r\n ".join(["Content-Disposition: attachment", *_file_name(file.name)]),
        "",
        *(text[start : start + _LINE] for start in range(0, len(text), _LINE)),
    ]


def _file_name(name: str) -> list[str]:
    """The parameter filename, in pieces where it is long or not ASCII (RFC 2231)."""
    if len(name) <= _NAME_LINE and _ATOMS.fullmatch(name.replace(".", "")):
        return [f'filename="{name}"']
    quoted = quote(name, safe=_ATTRIBUTE)
    pieces = re.findall(rf"(?:%..|[^%]){{1,{_NAME_LINE // 3}}}", quoted)
    if len(pieces) == 1:
        return [f"filename*=utf-8''{quoted}"]
    return [f"filename*0*=utf-8''{pieces[0]}", *(f"filename*{n}*={piece}" for n, piece in enumerate(pieces[1:], 1))]
