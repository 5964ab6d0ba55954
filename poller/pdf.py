"""PDFs from HTML, by fpdf2.

Why fpdf2 (https://github.com/py-pdf/fpdf2): pure Python with wheels for what it needs, so that any machine can install
it; alive; the same bytes for the same input; and a policy for what HTML may load. WeasyPrint has far more of CSS, and
needs Pango of the system; xhtml2pdf needs ReportLab with Cairo. What fpdf2 knows is the HTML of letters and invoices:
headings, paragraphs, lists, tables, links, bold and italic, rules, colours and alignment, page breaks. It knows no
style sheets (``<style>`` is left out), and of inlined styles text-align and page breaks.

Nothing is loaded from files or the network: ``<img>`` takes ``data:image/png;base64,...`` (or jpeg) and nothing else.

Letters beyond Windows-1252 need a TrueType font, which the standard PDF fonts are not: DejaVu, Liberation, Noto or
Arial is taken where the system has it, or what PGWHEN_PDF_FONT names. Where there is none, a document that needs one
fails, and says so. No font has all letters: Chinese, Japanese, Korean and emoji need a font of their own, and
right-to-left and joined scripts (Arabic, Devanagari) are not laid out.

    PdfError    str(error) says what is wrong with the HTML, or what is missing here
"""

import warnings
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

MAX_PDF = 5 << 20  # bytes
MAX_PAGES = 500
MAX_PIXELS = 20_000_000

#: Folder, name, and what the files of the bold, italic and bold italic cuts add to it. Regular stands in for others.
FONTS = (
    ("/usr/share/fonts/truetype/dejavu", "DejaVuSans", "-Bold", "-Oblique", "-BoldOblique"),
    ("/usr/share/fonts/dejavu-sans-fonts", "DejaVuSans", "-Bold", "-Oblique", "-BoldOblique"),
    ("/usr/share/fonts/TTF", "DejaVuSans", "-Bold", "-Oblique", "-BoldOblique"),
    ("/usr/share/fonts/truetype/liberation", "LiberationSans", "-Bold", "-Italic", "-BoldItalic"),
    ("/usr/share/fonts/liberation-sans", "LiberationSans", "-Bold", "-Italic", "-BoldItalic"),
    ("/usr/share/fonts/truetype/noto", "NotoSans", "-Bold", "-Italic", "-BoldItalic"),
    ("/usr/share/fonts/noto", "NotoSans", "-Bold", "-Italic", "-BoldItalic"),
    ("/System/Library/Fonts/Supplemental", "Arial", " Bold", " Italic", " Bold Italic"),
)


class PdfError(ValueError):
    """The HTML cannot be made a PDF here."""


def font_files(named: str = "") -> list[Path]:
    """The four cuts of the font to use, regular first; none where no font is found.

    ``named`` is the regular font file that an operator chose; it stands for all cuts.
    """
    if named:
        return [Path(named)] * 4
    for folder, name, *cuts in FONTS:
        for regular in (Path(folder, f"{name}.ttf"), Path(folder, f"{name}-Regular.ttf")):
            if regular.is_file():
                others = (Path(folder, f"{name}{cut}.ttf") for cut in cuts)
                return [regular, *(cut if cut.is_file() else regular for cut in others)]
    return []


def render(html: str, title: str, created: str, fonts: list[str]) -> bytes:
    """The PDF of an HTML text. ``created`` (ISO 8601) is its date, so that the same input gives the same bytes.

    Raises PdfError.
    """
    from fpdf import FPDF
    from fpdf.enums import ResourceAccessPolicy
    from fpdf.errors import FPDFException
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    parts = _Allowed()
    parts.feed(html)
    pdf = FPDF(format="A4")
    pdf.resource_access_policy = ResourceAccessPolicy.NONE
    pdf.set_creation_date(datetime.fromisoformat(created))
    pdf.set_title(title)
    pdf.set_producer("pgwhen")
    pdf.set_margin(20)
    pdf.set_auto_page_break(True, 20)
    family = _set_font(pdf, parts.text + title, fonts)
    pdf.add_page()
    try:
        pdf.write_html(
            parts.html,
            font_family=family,
            tag_styles=_styles(family),
            li_prefix_color=(0, 0, 0),
            table_line_separators=True,
            warn_on_tags_not_matching=False,
        )
    except FPDFException as error:
        raise PdfError(f"the HTML cannot be made a PDF: {error}") from error
    if pdf.page_no() > MAX_PAGES:
        raise PdfError(f"the PDF has {pdf.page_no()} pages; {MAX_PAGES} are possible")
    content = bytes(pdf.output())
    if len(content) > MAX_PDF:
        raise PdfError(f"the PDF has {len(content)} bytes; {MAX_PDF} are possible")
    return content


def _set_font(pdf: Any, text: str, fonts: list[str]) -> str:
    """Choose the font of the document, and refuse letters that it does not have."""
    if not fonts:
        try:
            text.encode("cp1252")
        except UnicodeEncodeError as error:
            letter = text[error.start]
            raise PdfError(
                f"the document has {letter!r} (U+{ord(letter):04X}), and no font here has it:"
                " install fonts-dejavu-core, or name a TrueType font in PGWHEN_PDF_FONT"
            ) from None
        pdf.core_fonts_encoding = "cp1252"
        pdf.set_font("helvetica", size=11)
        return "helvetica"
    for style, file in zip(("", "b", "i", "bi"), fonts, strict=True):
        pdf.add_font("body", style, file)
    pdf.set_font("body", size=11)
    known = pdf.fonts["body"].cmap
    for letter in text:
        if ord(letter) not in known and letter.isprintable() and not letter.isspace():
            name = Path(fonts[0]).name
            raise PdfError(
                f"the document has {letter!r} (U+{ord(letter):04X}), and {name} has no such letter:"
                " name a TrueType font that has it in PGWHEN_PDF_FONT"
            )
    return "body"


def _styles(family: str) -> dict[str, Any]:
    """Sober headings and one family for everything: fpdf2's own are red, its code is in a font without Unicode."""
    from fpdf import FontFace, TextStyle

    sizes = {"h1": (20, 6), "h2": (16, 5), "h3": (13, 4), "h4": (11, 4), "h5": (11, 3), "h6": (11, 3)}
    styles: dict[str, Any] = {
        tag: TextStyle(
            font_family=family, font_style="B", font_size_pt=size, color=(0, 0, 0), t_margin=space, b_margin=2
        )
        for tag, (size, space) in sizes.items()
    }
    plain = {tag: FontFace(family=family) for tag in ("code", "b", "strong", "i", "em", "u")}
    return styles | plain | {"pre": TextStyle(font_family=family), "a": FontFace(family=family, color=(0, 0, 160))}


def _as_attributes(style: str) -> dict[str, str | None]:
    """What fpdf2 knows of an inlined style, as the attributes and styles that it takes."""
    given = dict(part.strip().split(":", 1) for part in style.lower().split(";") if ":" in part)
    css = {name.strip(): value.strip() for name, value in given.items()}
    found: dict[str, str | None] = {}
    if (align := css.get("text-align")) in ("left", "right", "center", "justify"):
        found["align"] = align
    breaks = {
        f"break-{side}": "page"
        for side in ("before", "after")
        if css.get(f"page-break-{side}") == "always" or css.get(f"break-{side}") == "page"
    }
    if breaks:
        found["style"] = ";".join(f"{name}:{value}" for name, value in breaks.items())
    return found


class _Allowed(HTMLParser):
    """The HTML without what is no content, and its text. Raises PdfError for images that would have to be loaded."""

    LEFT_OUT = (
        "script",
        "style",
        "head",
        "template",
        "title",
        "toc",
        "object",
        "iframe",
        "svg",
        "link",
        "meta",
        "base",
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._texts: list[str] = []
        self._inside: list[str] = []

    @property
    def html(self) -> str:
        """What is left."""
        return "".join(self._out)

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(self._texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.LEFT_OUT:
            if tag not in ("link", "meta", "base", "toc"):
                self._inside.append(tag)
            return
        if self._inside:
            return
        given = dict(attrs)
        if tag == "img" and not (given.get("src") or "").startswith(
            ("data:image/png;base64,", "data:image/jpeg;base64,")
        ):
            raise PdfError(
                f"an image of the document would have to be loaded ({(given.get('src') or '')[:80]!r}):"
                ' write it into the HTML, as src="data:image/png;base64,..."'
            )
        given.pop("face", None)
        given |= _as_attributes(given.pop("style", None) or "")
        self._out.append(self._tag(tag, given))

    def handle_endtag(self, tag: str) -> None:
        if self._inside:
            if tag == self._inside[-1]:
                self._inside.pop()
        elif tag not in self.LEFT_OUT:
            self._out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            from html import escape

            self._texts.append(data)
            self._out.append(escape(data, quote=False))

    @staticmethod
    def _tag(tag: str, attrs: dict[str, str | None]) -> str:
        from html import escape

        words = "".join(f' {name}="{escape(value or "")}"' for name, value in attrs.items())
        return f"<{tag}{words}>"
