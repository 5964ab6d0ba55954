"""Markdown becomes both bodies of an e-mail: HTML that mail programs show alike, and text that people can read.

CommonMark and tables, by markdown-it-py. HTML in it is text; links go to http, https, mailto and tel only. A value of
the context is put in after parsing (templates.render_marked), so that nothing in a row is markup, and no link is made
of it but where the template has one. A line that ends in the template ends in the message, as people expect of letters.

The page is one column of 600 px with inlined styles and no external asset: mail programs drop style sheets, and Outlook
lays out by tables. Only what makes it fit for a dark screen stands in a style element.
"""

import functools
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .templates import Formats, TemplateError, render_marked

#: Characters of Markdown, values not counted: parsing the worst of that length takes under 3 seconds.
MAX_MARKDOWN = 100_000

_SCHEMES = re.compile(r"(https?://|mailto:|tel:)[^\x00-\x20\x7f<>\"\\]{1,2000}", re.IGNORECASE)

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_STYLES = {
    "p": "margin:0 0 16px;font-size:16px;line-height:24px",
    "h1": "margin:0 0 16px;font-size:24px;line-height:32px;font-weight:600",
    "h2": "margin:24px 0 12px;font-size:20px;line-height:28px;font-weight:600",
    "h3": "margin:24px 0 8px;font-size:16px;line-height:24px;font-weight:600",
    "ul": "margin:0 0 16px;padding:0 0 0 24px",
    "ol": "margin:0 0 16px;padding:0 0 0 24px",
    "li": "margin:0 0 4px;font-size:16px;line-height:24px",
    "a": "color:#1a56db;text-decoration:underline",
    "blockquote": "margin:0 0 16px;padding:0 0 0 12px;border-left:3px solid #9ca3af",
    "hr": "margin:24px 0;border:0;border-top:1px solid #d1d5db",
    "pre": "margin:0 0 16px;padding:12px;background:#f3f4f6;color:#111827;white-space:pre-wrap",
    "code": "font-family:Menlo,Consolas,monospace;font-size:14px",
    "table": "margin:0 0 16px;width:100%;border-collapse:collapse",
    "th": "padding:8px 8px 8px 0;border-bottom:2px solid #d1d5db;font-size:14px;line-height:20px;text-align:left",
    "td": "padding:8px 8px 8px 0;border-bottom:1px solid #e5e7eb;font-size:14px;line-height:20px;vertical-align:top",
    "img": "max-width:100%;height:auto;border:0",
}
_DARK = (
    "@media (prefers-color-scheme: dark) {"
    " .page { background: #111827 !important; } .card { background: #1f2937 !important; color: #f9fafb !important; }"
    " .card a { color: #93c5fd !important; } .foot, .foot a { color: #9ca3af !important; } }"
)
_PAGE = """\
<!DOCTYPE html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
<style>{dark}</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f3f4f6">
{preheader}<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" \
style="background:#f3f4f6">
<tr><td align="center" style="padding:24px 12px">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px">
<tr><td class="card" style="padding:32px;background:#ffffff;color:#111827;border-radius:8px;{font}">
{body}</td></tr>
{foot}</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr>
</table>
</body>
</html>
"""
# The room behind it, or the inbox goes on with the first words of the body.
_PREHEADER = '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{text}{room}</div>\n'
_FOOT = (
    '<tr><td class="foot" style="padding:16px 32px;color:#6b7280;font-size:12px;line-height:18px;{font}">'
    "{text}</td></tr>\n"
)
_PLAIN_PAGE = """\
<!DOCTYPE html>
<html lang="{language}" dir="{direction}">
<head><meta charset="utf-8"><title>{title}</title></head>
<body style="margin:0;color:#111827;{font}">
{body}</body>
</html>
"""
_UNSUBSCRIBE = {
    "de": "Abmelden",
    "en": "Unsubscribe",
    "es": "Cancelar suscripción",
    "fr": "Se désabonner",
    "nl": "Afmelden",
}


class Bodies(NamedTuple):
    """What a message says, twice."""

    text: str
    html: str


def render(
    source: str,
    context: Mapping[str, Any],
    formats: Formats,
    *,
    title: str = "",
    preheader: str = "",
    unsubscribe: str = "",
    page: bool = False,
) -> Bodies:
    """Render a Markdown template to text and HTML. With ``page`` it is a document, else an e-mail.

    ``title`` and ``preheader`` are plain text, ``unsubscribe`` is the address of a link below the message. Raises
    TemplateError.
    """
    marked, values = render_marked(source, context, formats)
    if len(marked) > MAX_MARKDOWN:
        raise TemplateError(f"the Markdown is longer than {MAX_MARKDOWN} characters")
    tokens = _parser().parse(marked)
    for token in tokens:
        _fill(token, values)
    tokens = _without_empty_heads(tokens)
    language = re.split("[-_.@]", formats.locale)[0].lower() or "en"
    body = _parser().renderer.render([_styled(token) for token in tokens], _parser().options, {})
    text = _text_of(tokens)
    if unsubscribe:
        word = _UNSUBSCRIBE.get(language, _UNSUBSCRIBE["en"])
        text = f"{text}\n--\n{word}: {unsubscribe}\n"
        link = f'<a href="{escape(unsubscribe)}" style="color:#6b7280">{word}</a>'
    form = _PLAIN_PAGE if page else _PAGE
    found = form.format(
        language=escape(language[:8]),
        direction="rtl" if language in ("ar", "fa", "he", "ur") else "ltr",
        title=escape(title),
        dark=_DARK,
        font=_FONT,
        body=body,
        preheader=_PREHEADER.format(text=escape(preheader), room="&#847;&zwnj;&nbsp;" * 80) if preheader else "",
        foot=_FOOT.format(font=_FONT, text=link) if unsubscribe else "",
    )
    return Bodies(text, found)


@functools.cache
def _parser() -> MarkdownIt:
    """Links are judged when values are in, so the parser takes every one as it is written."""
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20}).enable("table")
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


# ---------------------------------------------------------------- values


def _fill(token: Token, values: Callable[..., str]) -> None:
    """Put values into the places of a token, and unmake the links that lead nowhere good."""
    token.content = values(token.content)
    token.info = ""
    for name, value in token.attrs.items():
        if isinstance(value, str):
            token.attrs[name] = values(value)
    if token.children is not None:
        filled: list[Token] = []
        for child in token.children:
            _fill(child, values)
            filled += _lines(child) if child.type == "text" else [child]
        token.children = _good_links(filled)


def _lines(token: Token) -> list[Token]:
    """A text whose value has line breaks keeps them."""
    found: list[Token] = []
    for index, line in enumerate(token.content.replace("\r\n", "\n").split("\n")):
        if index:
            found.append(Token("hardbreak", "br", 0))
        found.append(Token("text", "", 0, content=line))
    return found


def _good_links(tokens: list[Token]) -> list[Token]:
    found: list[Token] = []
    good: list[str | None] = []
    for token in tokens:
        if token.type == "link_open":
            url = str(token.attrGet("href") or "").strip()
            good.append(url if _SCHEMES.fullmatch(url) else None)
            if good[-1]:
                token.attrSet("href", url)
                found.append(token)
        elif token.type == "link_close":
            if good and good.pop():
                found.append(token)
        elif token.type == "image" and not re.match("https?://", str(token.attrGet("src") or ""), re.IGNORECASE):
            found.append(Token("text", "", 0, content=token.content))
        else:
            found.append(token)
    return found


def _without_empty_heads(tokens: list[Token]) -> list[Token]:
    """Markdown has no table without a head; one that says nothing is not shown, nor read aloud."""
    found: list[Token] = []
    head: list[Token] | None = None
    for token in tokens:
        if token.type == "thead_open":
            head = []
        if head is None:
            found.append(token)
        else:
            head.append(token)
        if token.type == "thead_close" and head is not None:
            found += head if any(part.content.strip() for part in head if part.type == "inline") else []
            head = None
    return found


# ---------------------------------------------------------------- HTML


def _styled(token: Token) -> Token:
    tag = "code" if token.type == "code_inline" else "h3" if token.tag in ("h4", "h5", "h6") else token.tag
    if token.nesting >= 0 and tag in _STYLES:
        align = str(token.attrGet("style") or "")
        token.attrSet("style", _STYLES[tag] + (f";{align}" if align else ""))
        if tag == "th":
            token.attrSet("scope", "col")
    if token.type in ("paragraph_open", "paragraph_close") and token.hidden:
        token.attrs.pop("style", None)
    for child in token.children or ():
        _styled(child)
    return token


# ---------------------------------------------------------------- text


def _text_of(tokens: list[Token]) -> str:
    """Blocks as text: lists with their signs, tables with a line for each row, links with their address behind."""
    blocks: list[str] = []
    prefixes: list[str] = []  # of the lines of what is open: quotes, and how far lists are indented
    lists: list[int | None] = []  # numbers of the lists that are open; None for bullets
    sign = ""
    tight = False
    cells: list[str] = []
    between = " | "  # of cells; a table without a head is a list of names and values

    def add(text: str) -> None:
        nonlocal sign
        first, rest = "".join(prefixes[:-1]) + sign if sign else "".join(prefixes), "".join(prefixes)
        lines = [(rest if index else first) + line for index, line in enumerate(text.split("\n"))]
        block = "\n".join(line.rstrip() for line in lines)
        if tight and blocks:
            blocks[-1] += "\n" + block
        else:
            blocks.append(block)
        sign = ""

    for index, token in enumerate(tokens):
        match token.type:
            case "blockquote_open":
                prefixes.append("> ")
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 1))
            case "list_item_open":
                number = lists[-1]
                sign = "- " if number is None else f"{number}. "
                lists[-1] = None if number is None else number + 1
                prefixes.append(" " * len(sign))
            case "blockquote_close" | "list_item_close":
                prefixes.pop()
                # What follows the first item of a tight list stands right below it.
                tight = token.type == "list_item_close" and tokens[index + 1].type == "list_item_open"
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
                tight = False
            case "table_open":
                between = " | " if tokens[index + 1].type == "thead_open" else ": "
            case "inline" if tokens[index - 1].type in ("th_open", "td_open"):
                cells.append(_inline_text(token).replace("\n", " "))
            case "tr_close":
                add(between.join(cells))
                cells = []
                tight = True
            case "table_close":
                tight = False
            case "inline":
                add(_inline_text(token))
                tight = False
            case "fence" | "code_block":
                add("\n".join("    " + line for line in token.content.rstrip("\n").split("\n")))
            case "hr":
                add("---")
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"


def _inline_text(token: Token) -> str:
    parts: list[str] = []
    links: list[tuple[int, str]] = []
    for child in token.children or ():
        match child.type:
            case "text" | "code_inline":
                parts.append(child.content)
            case "softbreak":
                parts.append("\n")
            case "hardbreak":
                parts.append("\n")
            case "image":
                parts.append(child.content)
            case "link_open":
                links.append((len(parts), str(child.attrGet("href"))))
            case "link_close":
                start, url = links.pop()
                shown = "".join(parts[start:]).strip()
                if shown not in (url, url.removeprefix("mailto:")) and not url.lower().startswith("tel:"):
                    parts.append(f" ({url})")
    return "".join(parts)
