"""Documents: HTML, PDF or text, stored in the database with the result of the step.

A frozen document: ``{id, file, format, title, created, html}``, or ``text`` in place of html. Its id is made from the
step's key, so that each attempt makes the same document, and ``created`` is the date in the PDF. Output: ``{id, file,
media_type, size, sha256}``.
"""

import base64
import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from .. import pdf, sandbox
from ..outcome import Failure, Outcome, failed, of_failure
from . import Attempt, Call, Connection, Unsendable

CHANNEL = "document"
SETTINGS: Mapping[str, str] = {"font": "TrueType font of PDFs"}
SECRETS: Mapping[str, str] = {}
VARIABLES: Mapping[str, str] = {"PGWHEN_PDF_FONT": "font"}
REQUIRED = ()
KEYS: Mapping[str, str] = {"html": "html", "text": "text", "file": "text", "subject": "text"}

#: Format -> end of the file name, media type.
FORMATS = {
    "html": ("html", "text/html; charset=utf-8"),
    "pdf": ("pdf", "application/pdf"),
    "text": ("txt", "text/plain; charset=utf-8"),
}

#: Bytes of a document's HTML or text. Many of them come to the database in one call.
MAX_BYTES = 1_000_000

#: Seconds and megabytes that a PDF may take.
PDF_SECONDS = 20.0
PDF_MEMORY = 256

_NAMESPACE = uuid5(NAMESPACE_URL, "https://pgwhen.dev/documents")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029/\\:*?\"<>|\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Made:
    """A document to store; ``more`` goes into the output beside what all documents say."""

    id: str
    file: str
    media_type: str
    content: bytes
    more: Mapping[str, Any] = field(default_factory=dict)


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The document to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    kind = str(definition.get("format") or "html")
    if kind not in FORMATS:
        raise Unsendable(f"format: {kind[:20]!r} is not one of {', '.join(FORMATS)}")
    if kind == "pdf" and not sandbox.is_installed("fpdf"):
        raise Unsendable("format: PDFs need a package that this poller does not have: pip install 'pgwhen[pdf]'")
    html, text = definition.get("html"), definition.get("text")
    if kind == "text":
        body = {"text": str(text) if text else text_of(str(html or ""))}
    else:
        body = {"html": str(html) if html else ""}
    if not next(iter(body.values())).strip():
        raise Unsendable("html is missing: the document is empty")
    if (size := len(next(iter(body.values())).encode("utf-8", "replace"))) > MAX_BYTES:
        raise Unsendable(f"html: the document has {size} bytes; {MAX_BYTES} are possible")
    file = file_name(definition.get("file") or key.split(":")[1], FORMATS[kind][0])
    title = " ".join(str(definition.get("subject") or file.rpartition(".")[0]).split())[:200]
    return {
        "id": str(document_id(key)),
        "file": file,
        "format": kind,
        "title": title,
        "created": now.isoformat(timespec="seconds"),
        **body,
    }


def recipients(message: Mapping[str, Any]) -> list[str]:
    """Documents have no recipients."""
    return []


def request(message: Mapping[str, Any], attempt: Attempt) -> Call:
    """The making of a frozen document. It can be done again: the same document comes of it."""
    if message["format"] == "pdf" and not sandbox.is_installed("fpdf"):
        raise Unsendable("PDFs need a package that this poller does not have: pip install 'pgwhen[pdf]'")
    return Call(functools.partial(_make, message, attempt.connection.settings.get("font", "")), attempt.timeout)


def outcome(answer: Made | Failure | Outcome) -> Outcome:
    """What became of it; the document itself goes to the database beside the output."""
    if isinstance(answer, Outcome):
        return answer
    if isinstance(answer, Failure):
        return of_failure(answer)
    about = {"id": answer.id, "file": answer.file, "media_type": answer.media_type}
    content = base64.b64encode(answer.content).decode()
    sums = {"size": len(answer.content), "sha256": hashlib.sha256(answer.content).hexdigest()}
    return Outcome("ok", about | sums | dict(answer.more), extra={"document": about | {"content": content}})


async def _make(message: Mapping[str, Any], font: str) -> Made | Outcome:
    kind = message["format"]
    if kind == "pdf":
        fonts = [str(file) for file in pdf.font_files(font)]
        job = {"html": message["html"], "title": message["title"], "created": message["created"], "fonts": fonts}
        ended = await sandbox.run("pdf", job, seconds=PDF_SECONDS, megabytes=PDF_MEMORY, most=pdf.MAX_PDF * 3 // 2)
        if ended.code:
            class_ = "transient" if ended.code == "timeout" else "permanent"
            return failed(class_, ended.code, ended.message)  # type: ignore[arg-type]
        content = base64.b64decode(ended.value)
    else:
        content = message["html" if kind == "html" else "text"].encode("utf-8", "replace")
    return Made(message["id"], message["file"], FORMATS[kind][1], content)


def document_id(key: str) -> UUID:
    """The id of the document that the step of an idempotency key makes."""
    return uuid5(_NAMESPACE, key)


def file_name(given: Any, ending: str) -> str:
    """A file name without a folder, with its ending, of 120 characters at most."""
    name = _UNSAFE.sub("_", str(given)).strip(" ._")
    stem, dot, last = name.rpartition(".")
    if dot and last.lower() == ending:
        name = stem
    name = name.encode("utf-8")[: 119 - len(ending)].decode("utf-8", "ignore").strip(" .") or "document"
    return f"{name}.{ending}"


def text_of(html: str) -> str:
    """HTML as text: a line a block, a bar between cells, addresses behind their links."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Text(HTMLParser):
    BLOCKS = frozenset(
        ("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "tr", "hr", "pre", "blockquote")
    )
    LEFT_OUT = frozenset(("script", "style", "head", "title", "template"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._inside: list[str] = []
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.LEFT_OUT:
            self._inside.append(tag)
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in self.BLOCKS:
            self.parts.append("\n" if tag == "tr" else "\n\n")
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()
        elif tag in ("td", "th"):
            self.parts.append(" | ")
        elif tag == "a" and self._links:
            address = self._links.pop()
            if address.startswith(("http://", "https://")) and address not in "".join(self.parts[-3:]):
                self.parts.append(f" ({address})")
        elif tag in self.BLOCKS and tag != "tr":
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data.replace("\n", " "))
