"""Markdown: one source, two bodies, and nothing in a row is ever markup."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgwhen.poller.markdown import Bodies, render
from pgwhen.poller.templates import Formats, TemplateError
from pgwhen.poller.templates import render as render_template

SOURCE = """\
# Order {{ n }}

Dear **{{ n }}**,
thank you. [See {{ n }}]({{ u }}) or <https://x.test/a>.

- one
- two {{ n }}

1. first
2. second

> {{ n }}

| Item | Price |
| :-- | --: |
{% for row in rows -%}
| {{ row.item }} | {{ row.price | money("EUR") }} |
{% endfor %}

Call [{{ p | phone }}](tel:{{ p }}), write to [a@x.test](mailto:a@x.test). `{{ n }}`
"""
CONTEXT = {
    "n": "Ann",
    "u": "https://x.test/?a=(1)&b=_2_",
    "p": "+31612345678",
    "rows": [{"item": "Pipe | 22", "price": 8}],
}


def bodies(source: str, context: dict[str, object] | None = None, **options: str | bool) -> Bodies:
    return render(source, CONTEXT if context is None else context, Formats("nl_NL"), **options)  # type: ignore[arg-type]


class _Tags(HTMLParser):
    """What a mail program makes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> _Tags:
    found = _Tags()
    found.feed(html)
    return found


def test_the_text() -> None:
    assert (
        bodies(SOURCE).text
        == """\
Order Ann

Dear Ann,
thank you. See Ann (https://x.test/?a=(1)&b=_2_) or https://x.test/a.

- one
- two Ann

1. first
2. second

> Ann

Item | Price
Pipe | 22 | €\u00a08,00

Call 06 12345678, write to a@x.test. Ann
"""
    )


def test_the_html() -> None:
    found = bodies(SOURCE, title="Order <1>", preheader="Thank you & more", unsubscribe="https://x.test/u?a=1&b=2")
    page = parsed(found.html)
    assert '<html lang="nl" dir="ltr">' in found.html and "<title>Order &lt;1&gt;</title>" in found.html
    assert "Thank you &amp; more" in found.html and "max-width:600px" in found.html
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links == [
        *("https://x.test/?a=(1)&b=_2_", "https://x.test/a", "tel:+31612345678", "mailto:a@x.test"),
        "https://x.test/u?a=1&b=2",
    ]
    assert found.text.endswith("--\nAfmelden: https://x.test/u?a=1&b=2\n")
    # No style sheet but the one for dark screens, no asset from elsewhere, tables that are layout say so.
    assert found.html.count("<style>") == 1 and "prefers-color-scheme: dark" in found.html
    assert not [tag for tag, attrs in page.tags if tag in ("script", "link", "iframe") or attrs.get("src")]
    layout = [attrs for tag, attrs in page.tags if tag == "table" and attrs.get("role") == "presentation"]
    assert len(layout) == 2 and ("th", "col") in [(tag, attrs.get("scope")) for tag, attrs in page.tags]
    assert all("style" in attrs for tag, attrs in page.tags if tag in ("p", "h1", "a", "li", "td", "th", "blockquote"))


HOSTILE = [
    "*b* _i_ `c` ~~s~~",
    "[x](javascript:alert(1))",
    "![x](https://evil.test/pixel.png)",
    "<https://evil.test>",
    "https://evil.test",
    "<script>alert(1)</script>",
    "&lt;b&gt; &#42; &amp;",
    "# head",
    "\n# head\n\n> quote\n\n    code\n\n---\n\n- list",
    "a | b | c",
    "\\*\\",
    "```\ncode\n```",
    "[ref]: https://evil.test",
    "\ue0000.0\ue001",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe \u0645\u0631\u062d\u0628\u0627 🎉",
    '"><img src=x onerror=alert(1)>',
    "](https://evil.test)",
    "a" * 10_000,
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: value[:20])
def test_a_value_is_never_markup(value: str) -> None:
    context = {"v": value}
    found = bodies(
        "Dear {{ v }}, **{{ v }}** [link {{ v }}](https://x.test/) `{{ v }}`\n\n| a |\n| - |\n| {{ v }} |\n", context
    )
    plain = bodies(
        "Dear {{ v }}, **{{ v }}** [link {{ v }}](https://x.test/) `{{ v }}`\n\n| a |\n| - |\n| {{ v }} |\n", {"v": "x"}
    )
    tags = [(tag, attrs.get("href")) for tag, attrs in parsed(found.html).tags if tag != "br"]
    assert tags == [(tag, attrs.get("href")) for tag, attrs in parsed(plain.html).tags]
    assert value.split("\n")[-1].strip() in found.text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_whatever_a_value_is(value: str) -> None:
    tags = [tag for tag, _ in parsed(bodies("{{ v }} **{{ v }}**", {"v": value}).html).tags]
    assert tags == [tag for tag, _ in parsed(bodies("{{ v }} **{{ v }}**", {"v": "x"}).html).tags]


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "data:text/html,x", "vbscript:x"),
        *(
            "file:///etc/passwd",
            "//evil.test",
            "/path",
            "x",
            "https://x.test/\nBcc: a@b.c",
            'https://x.test/"onclick=x',
        ),
        *("java\tscript:alert(1)", "https://x.test/a b", "https://" + "a" * 3000),
    ],
)
def test_links_go_where_they_may_only(url: str) -> None:
    found = bodies("[pay]({{ u }})", {"u": url})
    assert "<a " not in found.html and found.text == "pay\n"


def test_html_and_images_of_the_template() -> None:
    found = bodies("<b>x</b> <script>y</script> ![logo](https://x.test/l.png) ![bad](javascript:x)")
    assert "<b>" not in found.html and "<script" not in found.html
    images = [attrs for tag, attrs in parsed(found.html).tags if tag == "img"]
    assert [(image["src"], image["alt"]) for image in images] == [("https://x.test/l.png", "logo")]


def test_blocks_that_are_set_and_filter_blocks() -> None:
    context = {"v": "*a*", "u": "https://x.test/"}
    assert bodies("{% set x %}Dear {{ v }}{% endset %}{{ x }}!", context).text == "Dear *a*!\n"
    assert bodies("{% filter upper %}dear {{ v }}{% endfilter %}", context).text == "DEAR *a*\n"
    assert bodies("{{ 'Dear ' ~ v }}", context).text == "Dear *a*\n"
    macro = "{% macro link(t, u) %}[{{ t }}]({{ u }}){% endmacro %}{{ link(v, u) | safe }}"
    assert bodies(macro, context).text == "*a* (https://x.test/)\n"
    assert bodies("{{ v | safe }}", context).text == "a\n"
    with pytest.raises(TemplateError, match="cut a value in two"):
        bodies("{% filter truncate(8, true, '') %}dear {{ v }}{% endfilter %}", context)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(TemplateError, match="nope is missing"):
        bodies("Dear {{ nope }}")


def test_blocks_within_blocks_do_not_multiply_without_end() -> None:
    source = "{% set a %}{{ v }}{% endset %}"
    for _ in range(8):
        source += "{% set a %}" + "{{ a }}" * 200 + "{% endset %}"
    with pytest.raises(TemplateError):
        bodies(source + "{{ a }}", {"v": "x" * 100})


def test_what_would_take_long_to_parse_is_refused() -> None:
    with pytest.raises(TemplateError, match="longer than 100000 characters"):
        bodies("{% for i in range(9000) %}![![![![![![{% endfor %}")
    assert len(bodies("{{ v }}", {"v": "x" * 500_000}).text) == 500_001


def test_a_document_is_a_page_without_the_frame_of_an_email() -> None:
    found = bodies("# Quote\n\n{{ n }}", page=True)
    assert "600px" not in found.html and "<h1" in found.html and found.text == "Quote\n\nAnn\n"


def test_lists_within_lists() -> None:
    source = "- a\n  - b\n  - c\n\n    more\n- d\n\n3. x\n4. y\n"
    assert bodies(source).text.split() == ["-", "a", "-", "b", "-", "c", "more", "-", "d", "3.", "x", "4.", "y"]


def test_as_a_target_values_are_escaped_for_people_to_read() -> None:
    assert render_template("**{{ v }}**", {"v": "*a* [x](y)"}, "markdown") == r"**\*a\* \[x\]\(y\)**"
