"""Documents: what is frozen, what is made of it, where it is stored."""

import base64
import hashlib
import io
import signal
from typing import Any
from uuid import UUID

import psycopg
import pypdf
import pytest

from pgwhen.poller import pdf
from pgwhen.poller.channels import Unsendable
from pgwhen.poller.channels.document import document_id, file_name, text_of
from tests.poller.local_support import KEY, emit, message, perform, published, steps
from tests.poller.support import run, start
from tests.servers import wait_until

LETTER = (
    "<html><head><title>no</title><style>p {color: red}</style></head><body><h1>Rechnung für Łukasz</h1>"
    "<p>é, € and <b>bold</b> &lt;x&gt;</p><ul><li>one</li></ul>"
    "<table><tr><th>What</th><th>Price</th></tr><tr><td>Boiler</td><td>€ 1.234,50</td></tr></table></body></html>"
)

needs_a_font = pytest.mark.skipif(
    not pdf.font_files(), reason="no TrueType font here: apt-get install fonts-dejavu-core"
)


def made(outcome: Any) -> bytes:
    assert outcome.class_ == "ok", outcome
    return base64.b64decode(outcome.extra["document"]["content"])


def text_of_pdf(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


# ---------------------------------------------------------------- what is frozen


def test_the_id_is_that_of_the_key() -> None:
    frozen = message("document", html="<p>x</p>")
    assert frozen["id"] == str(document_id(KEY)) == message("document", html="<p>y</p>")["id"]
    assert document_id(KEY) != document_id(KEY.replace(":1:0", ":2:0"))
    assert frozen["file"] == "thank.html" and frozen["created"] == "2025-03-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Invoice 7.pdf", "Invoice 7.pdf"),
        ("Invoice 7", "Invoice 7.pdf"),
        ("invoice.PDF", "invoice.pdf"),
        ("v1.2", "v1.2.pdf"),
        ("../../etc/passwd", "etc_passwd.pdf"),
        ("C:\\a\\b.pdf", "C_a_b.pdf"),
        ("a\r\nX-Evil: 1\x00", "a_X-Evil_ 1.pdf"),
        ("Łódź, é", "Łódź, é.pdf"),
        ("...", "document.pdf"),
        ("", "document.pdf"),
        ("é" * 300, "é" * 58 + ".pdf"),
        ("\u2028x\ud800", "x.pdf"),
    ],
)
def test_a_file_name_has_no_folder_and_one_ending(given: str, kept: str) -> None:
    assert file_name(given, "pdf") == kept


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ({"html": " "}, "the document is empty"),
        ({}, "html is missing"),
        ({"html": "é" * 500_001}, "the document has 1000002 bytes; 1000000 are possible"),
        ({"html": "<p>x</p>", "format": "docx"}, "'docx' is not one of html, pdf, text"),
    ],
)
def test_what_cannot_be_made_is_named(definition: dict[str, Any], text: str) -> None:
    with pytest.raises(Unsendable, match=text):
        message("document", **definition)


def test_a_pdf_is_refused_where_its_library_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = message("document", html="<p>x</p>", format="pdf")
    monkeypatch.setattr("pgwhen.poller.sandbox.is_installed", lambda name: False)
    with pytest.raises(Unsendable, match=r"pip install 'pgwhen\[pdf\]'"):
        message("document", html="<p>x</p>", format="pdf")
    with pytest.raises(Unsendable, match=r"pip install 'pgwhen\[pdf\]'"):
        perform("document", frozen)


# ---------------------------------------------------------------- what is made


def test_html_and_text_as_they_are() -> None:
    html = perform("document", message("document", html="<p>Zoë & Łukasz</p>"))
    assert made(html) == "<p>Zoë & Łukasz</p>".encode()
    assert html.output == {
        "id": str(document_id(KEY)),
        "file": "thank.html",
        "media_type": "text/html; charset=utf-8",
        "size": 21,
        "sha256": hashlib.sha256("<p>Zoë & Łukasz</p>".encode()).hexdigest(),
    }
    text = perform("document", message("document", html=LETTER, format="text", file="letter"))
    assert made(text).decode() == (
        "Rechnung für Łukasz\n\né, € and bold <x>\n\n- one\n\nWhat | Price |\nBoiler | € 1.234,50 |\n"
    )
    assert text.output and text.output["file"] == "letter.txt"


def test_text_of_html_names_where_links_go() -> None:
    html = '<p>Click <a href="https://a.example/x">here</a> or <a href="https://a.example">https://a.example</a></p>'
    assert text_of(html + "<script>no()</script>") == "Click here (https://a.example/x) or https://a.example\n"


@needs_a_font
def test_a_pdf_has_its_letters_and_the_same_bytes_each_time() -> None:
    frozen = message("document", html=LETTER, format="pdf", file="Rechnung 7")
    first, second = perform("document", frozen), perform("document", frozen)
    assert made(first) == made(second)
    text = text_of_pdf(made(first))
    for words in ("Rechnung für Łukasz", "é, € and bold <x>", "Boiler", "€ 1.234,50"):
        assert words in text
    assert "color: red" not in text
    about = pypdf.PdfReader(io.BytesIO(made(first))).metadata
    assert about and about.title == "Rechnung 7" and str(about.creation_date) == "2025-03-01 12:00:00+00:00"


def test_alignment_and_page_breaks_of_inlined_styles() -> None:
    def left_edge(style: str) -> float:
        found: list[float] = []
        content = pdf.render(f'<p style="{style}">word</p>', "t", "2025-03-01T12:00:00+00:00", [])
        pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text(
            visitor_text=lambda text, _cm, matrix, *_: found.append(matrix[4]) if text.strip() else None
        )
        return found[0]

    assert left_edge("Text-Align: right; line-height: 1e9px") > left_edge("text-align:center") > left_edge("") + 100
    html = '<p>one</p><p style="page-break-before: always">two</p>'
    content = pdf.render(html, "t", "2025-03-01T12:00:00+00:00", [])
    assert [page.extract_text().strip() for page in pypdf.PdfReader(io.BytesIO(content)).pages] == ["one", "two"]


def test_without_a_font_western_letters_work_and_others_are_named() -> None:
    html = "<p>é, €, “quotes” ß</p>"
    content = pdf.render(html, "t", "2025-03-01T12:00:00+00:00", [])
    assert "é, €, “quotes” ß" in text_of_pdf(content)
    with pytest.raises(pdf.PdfError, match=r"'Ł' \(U\+0141\), and no font here has it: install fonts-dejavu-core"):
        pdf.render("<p>Łukasz</p>", "t", "2025-03-01T12:00:00+00:00", [])


@needs_a_font
def test_a_letter_that_the_font_lacks_is_named() -> None:
    outcome = perform("document", message("document", html="<p>ok 日本</p>", format="pdf"))
    assert outcome.class_ == "permanent" and outcome.error
    assert "'日' (U+65E5)" in outcome.error["message"] and "PGWHEN_PDF_FONT" in outcome.error["message"]


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "/etc/hostname.png",
        "http://127.0.0.1:9/x.png",
        "https://example.com/x.png",
        "//example.com/x.png",
        "data:image/svg+xml;base64,PHN2Zz48aW1hZ2UgaHJlZj0iZmlsZTovLy9ldGMvcGFzc3dkIi8+PC9zdmc+",
        "data:text/plain;base64,eA==",
        "DATA:image/svg+xml,<svg/>",
        "ftp://example.com/x",
        "",
    ],
)
@pytest.mark.parametrize("around", ["{}", "<table><tr><td>{}</td></tr></table>"])
def test_nothing_is_loaded(source: str, around: str) -> None:
    html = around.format(f'<img src="{source}">')
    with pytest.raises(pdf.PdfError, match="would have to be loaded"):
        pdf.render(html, "t", "2025-03-01T12:00:00+00:00", [])


def test_an_image_in_the_html_is_shown() -> None:
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(picture, "PNG")
    source = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()
    content = made(perform("document", message("document", html=f'<p>x</p><img src="{source}">', format="pdf")))
    assert len(pypdf.PdfReader(io.BytesIO(content)).pages[0].images) == 1


@pytest.mark.parametrize(
    "html",
    [
        '<object data="file:///etc/passwd">x</object><p>y</p>',
        '<iframe src="http://127.0.0.1/">x</iframe><p>y</p>',
        '<link rel="stylesheet" href="http://127.0.0.1/x.css"><p>y</p>',
        "<style>@import url(http://127.0.0.1/x.css);</style><p>y</p>",
        "<script>fetch('http://127.0.0.1')</script><p>y</p>",
        '<svg><image href="file:///etc/passwd"/></svg><p>y</p>',
        '<p style="background:url(file:///etc/passwd)">y</p>',
        "<p>y</p><!-- <img src='/etc/passwd'> -->",
        '<toc pages="100000000"></toc><p>y</p>',
    ],
)
def test_what_is_no_content_is_left_out(html: str) -> None:
    assert "y" in text_of_pdf(made(perform("document", message("document", html=html, format="pdf"))))


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("<td>x", "document"),
        ('<img src="data:image/png;base64,AAAA">', "document"),
        ('<p>x</p><font size="99999999">x</font>', "document"),
        ("x<br>" * 60_000, "document"),
    ],
)
def test_html_that_cannot_be_laid_out_fails_the_step(html: str, code: str) -> None:
    outcome = perform("document", message("document", html=html, format="pdf"))
    assert outcome.class_ == "permanent" and outcome.error and outcome.error["code"] == code


def test_a_picture_that_unpacks_to_gigabytes_is_refused() -> None:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )
    html = f'<img src="data:image/png;base64,{base64.b64encode(bomb).decode()}">'
    outcome = perform("document", message("document", html=html, format="pdf"))
    assert outcome.class_ == "permanent" and outcome.error and outcome.error["code"] == "document"


# ---------------------------------------------------------------- in the engine


def test_a_document_is_stored_with_the_result_of_its_step(dsn: str, db: psycopg.Connection[Any]) -> None:
    name = published(
        db,
        {"type": "document", "html": "<h1>{{ input.who }}</h1>", "format": "pdf", "file": "Letter to {{ input.who }}"},
        {"type": "transform", "set": {"file": "{{ steps.s1.output.file }}", "id": "{{ steps.s1.output.id }}"}},
    )
    emit(db, name, {"who": "Zoë <b>&amp;</b>"})
    found = steps(db, dsn, name)
    assert found["s1"]["status"] == "completed", found
    output = found["s1"]["output"]
    assert found["s2"]["output"] == {"file": "Letter to Zoë _b_&amp;_b.pdf", "id": output["id"]}
    row = db.execute("select * from pgwhen.get_document(%s)", [UUID(output["id"])]).fetchone()
    assert row
    assert (row[3], row[4], row[5], row[6]) == (output["file"], "application/pdf", output["size"], output["sha256"])
    assert "Zoë <b>&amp;</b>" in text_of_pdf(bytes(row[8]))


def test_markdown_makes_a_document(dsn: str, db: psycopg.Connection[Any]) -> None:
    name = published(db, {"type": "document", "markdown": "# Hello {{ input.who }}\n\nOne **two**.", "format": "text"})
    emit(db, name, {"who": "*Zoë*"})
    output = steps(db, dsn, name)["s1"]["output"]
    row = db.execute("select content from pgwhen.documents where document_id = %s", [output["id"]]).fetchone()
    assert row and "Hello *Zoë*" in bytes(row[0]).decode() and "One two." in bytes(row[0]).decode()


def test_a_missing_value_fails_the_step_and_stores_nothing(dsn: str, db: psycopg.Connection[Any]) -> None:
    name = published(db, {"type": "document", "html": "<p>{{ input.nothing }}</p>"})
    emit(db, name)
    found = steps(db, dsn, name)["s1"]
    assert found["status"] == "failed" and "input.nothing is missing" in found["error"]["message"]
    assert db.execute("select count(*) from pgwhen.documents").fetchone() == (0,)


@pytest.mark.parametrize("point", ["after_send", "after_report"])
def test_killed_pollers_leave_one_document_for_each_execution(
    dsn: str, db: psycopg.Connection[Any], point: str
) -> None:
    name = published(
        db,
        {
            "type": "document",
            "html": "<p>{{ input.n }}</p>",
            "retry": {"attempts": 5, "backoff": "1 second", "max": "1 second"},
        },
    )
    for number in range(20):
        emit(db, name, {"n": number})
    killed = start(dsn, "--once", "--lease", "1", environ={"PGWHEN_FAIL_POINT": point})
    killed.communicate(timeout=30)
    assert killed.returncode == -signal.SIGKILL
    assert wait_until(lambda: run(dsn) and not unfinished(db), 30)
    rows = db.execute(
        "select execution_id, min(encode(content, 'escape')), count(*) from pgwhen.documents group by 1"
    ).fetchall()
    assert sorted(row[1] for row in rows) == sorted(f"<p>{number}</p>" for number in range(20))
    assert {row[2] for row in rows} == {1}


def unfinished(db: psycopg.Connection[Any]) -> int:
    row = db.execute(
        "select (select count(*) from pgwhen.unfinished) + (select count(*) from pgmq.q_pgwhen_events)"
    ).fetchone()
    assert row
    return int(row[0])
