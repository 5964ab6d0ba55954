"""Templates: what comes out of them, and what never does."""

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgwhen.poller.templates import (
    MAX_OUTPUT,
    TemplateError,
    dumps,
    loads,
    render,
    render_header,
    render_value,
)

CONTEXT = loads(
    """{"job": {"title": "Boiler", "price": 10.20, "big": 12345678901234567890123, "paid": true, "client": null,
        "note": null, "tags": ["a", "b"], "items": {"items": 1}, "keys": "k", "template": "{{ 7*7 }}{% raw %}",
        "html": "<b>\\"&", "path": "a/b c&d=é", "lines": "a\\r\\nBcc: x@example.com"},
       "rows": [{"n": 1.50}, {"n": null}, {"n": 2}], "empty": "", "none": null, "zero": 0}"""
)

TEXT = [
    ("no template", "no template"),
    ("", ""),
    ("Dear {{ job.title }}!", "Dear Boiler!"),
    # Numbers are exact.
    ("{{ job.price }} {{ job.big }} {{ zero }}", "10.20 12345678901234567890123 0"),
    ("{{ job.price * 2 }} {{ job.price * 1.21 }} {{ job.price / 4 }}", "20.40 12.3420 2.55"),
    ("{{ 0.1 + 0.2 }} {{ 10 / 4 }} {{ 6 / 2 }} {{ 7 // 2 }} {{ -7 % 3 }} {{ 2 ** 10 }}", "0.3 2.5 3 3 2 1024"),
    ("{{ job.price == 10.2 }} {{ job.price > 5 }}", "true true"),
    ("{{ '%.1f' | format(job.price) }} {{ job.price | round(1) }}", "10.2 10.2"),
    ("{{ rows | map(attribute='n') | reject('none') | sum }}", "3.50"),
    # true prints as true, structures as JSON.
    ("{{ job.paid }} {{ not job.paid }}", "true false"),
    ("{{ job.tags }} {{ rows }}", '["a","b"] [{"n":1.50},{"n":null},{"n":2}]'),
    ("{{ job.tags | tojson }}", '["a","b"]'),
    # a.b is the key, never an attribute or a method.
    ("{{ job.items.items }} {{ job.keys }} {{ job['items']['items'] }}", "1 k 1"),
    # One pass: what a value contains stays as it is.
    ("{{ job.template }}", "{{ 7*7 }}{% raw %}"),
    ("{{ job.html }}", '<b>"&'),
    ("{{ job.tags | join(', ') }} {{ job.title | upper }}", "a, b BOILER"),
    # default works for missing and null.
    ("{{ job.note | default('x') }}{{ job.nope.deep | default('y') }}{{ none | d('z') }}", "xyz"),
    ("{{ empty | default('x') }}|{{ empty | default('x', true) }}", "|x"),
    # In conditions missing and null are false and alike.
    ("{% if job.note %}y{% else %}n{% endif %}{{ 'y' if job.nope else 'n' }}", "nn"),
    (
        "{{ job.note is none }} {{ job.note == none }} {{ job.note is defined }} {{ job.title is defined }}",
        "true true false true",
    ),
    ("{{ job.note or job.title }}", "Boiler"),
    ("{% for tag in job.tags %}{{ loop.index }}{{ tag }}{{ ',' if not loop.last }}{% endfor %}", "1a,2b"),
    ("{% for row in rows %}{{ loop.length }}{{ row.n | default('-') }} {% endfor %}", "31.50 3- 32 "),
    ("{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "6"),
    ("{% macro b(x) %}<{{ x }}>{% endmacro %}{{ b(job.title) }}", "<Boiler>"),
    ("{% raw %}{{ job.title }}{% endraw %}{# comment #}", "{{ job.title }}"),
    ("{{ 'a' ~ job.price ~ true }}", "a10.20true"),
    ("{{ job.title[0] }}{{ job.title[1:3] }}", "Boi"),
    ("line\n{{ job.title }}\n", "line\nBoiler\n"),
    ("{{ '-' * 3 }}{{ 'x' | center(5) }}", "---  x  "),
]


@pytest.mark.parametrize(("template", "expected"), TEXT)
def test_text(template: str, expected: str) -> None:
    assert render(template, CONTEXT) == expected


ERRORS = [
    ("{{ job.client.email }}", "job.client.email is missing: there is no job.client"),
    ("{{ job.note }}", "job.note is missing"),
    ("{{ none }}", "missing"),
    ("{{ nope }}", "nope is missing"),
    ("{{ nope.a.b.c }}", "nope.a.b.c is missing: there is no nope"),
    ("{{ rows[1].n }}", r"rows\[1\].n is missing"),
    ("{{ rows[9].n }}", r"rows\[9\].n is missing: there is no rows\[9\]"),
    ("{{ job['no such'] }}", r"job\['no such'\] is missing"),
    ("{{ job.note | upper }}", "job.note is missing"),
    ("{{ 'a' ~ job.note }}", "job.note is missing"),
    ("{{ job.note + 1 }}", "job.note is missing"),
    ("{{ 1 + job.note }}", "job.note is missing"),
    ("{{ job.note > 1 }}", "job.note is missing"),
    ("{% for x in job.note %}{% endfor %}", "job.note is missing"),
    ("{{ rows | map(attribute='n') | join(',') }}", "n is missing"),
    ("{{ 'a' ~ none }}", "a value is missing"),
    ("{% for row in [none] %}{{ row }}{% endfor %}", "a value is missing"),
    ("{{ '%s' | format(none) }}", "a value is missing"),
    ("{{ job.title + 1 }}", "TypeError"),
    ("{{ 1 / 0 }}", "division by zero"),
    ("{{ job.title", "line 1: unexpected end of template"),
    ("{% if %}", "line 1"),
    ("{{ job.title | nope }}", "No filter named 'nope'"),
    ("{{ rows | map(attribute='n') }}", "generator cannot be printed"),
    ("{% include 'x' %}", "no loader"),
    ("{{ secret('env:TOKEN') }}", "headers of http steps only"),
    ("{{ '\\x00' }}", "NUL"),
    ("{{ '\\ud800' }}", "surrogate"),
]


@pytest.mark.parametrize(("template", "message"), ERRORS)
def test_what_cannot_be_rendered_says_why(template: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        render(template, CONTEXT)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ job.__class__ }}",
        "{{ job.title.format }}",
        "{{ job.keys() }}",
        "{{ job.get('title') }}",
        "{{ job.title.upper() }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ job | attr('items') }}",
        "{{ ''['__class__'] }}",
        "{{ range.__self__ }}",
        "{{ (job | items).gi_frame }}",
        "{{ dict.__subclasses__() }}",
        "{% set x = namespace() %}{{ x.__class__ }}",
        "{{ rows | map('attr', '__class__') | list }}",
        "{{ lipsum() }}",
    ],
)
def test_python_is_out_of_reach(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, CONTEXT)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'a' * 100000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 10 ** 100000 }}",
        "{{ (10 ** 60) ** 60 }}",
        "{% set ns = namespace(n=7) %}{% for i in range(60) %}{% set ns.n = ns.n * ns.n %}{% endfor %}{{ ns.n }}",
        "{{ range(100000000) | list | length }}",
        "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
        "{% for a in big %}{% for b in big %}{% for c in big %}{% endfor %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(a='xxxx') %}{% for i in range(60) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}",
        "{% set ns = namespace(a='xxxx') %}{% for i in range(60) %}{% set ns.a = ns.a + ns.a %}{% endfor %}",
        "{% set a = 'xxxx' %}{% for i in range(9000) %}{{ a * 1000 }}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ 'x' | center(100000000) }}",
        "{{ 'x' | indent(100000000) }}",
        "{{ '%0100000000d' | format(1) }}",
        "{{ '%*d' | format(100000000, 1) }}",
        "{{ big | batch(100000000, 'x') | list }}",
        "{{ long | replace('a', long) }}",
        "{{ long | replace('', long) }}",
        "{{ long | list | join(long) }}",
        "{{ '%s' % 5 }}",
        "x" * 300_000 + "{{ 1 }}",
    ],
)
def test_no_template_takes_much(template: str) -> None:
    context = CONTEXT | {"big": list(range(1000)), "long": "a" * 10_000}
    started = time.monotonic()
    with pytest.raises(TemplateError):
        render(template, context)
    assert time.monotonic() - started < 3


def test_what_a_template_may_make_is_plenty() -> None:
    assert len(render("{{ long }}{{ long }}", {"long": "a" * 500_000})) == 1_000_000
    with pytest.raises(TemplateError, match=str(MAX_OUTPUT)):
        render("{{ long }}{{ long }}{{ long }}", {"long": "a" * 500_000})


HTML = [
    ("<p>{{ job.html }}</p>", "<p>&lt;b&gt;&#34;&amp;</p>"),
    ("{{ job.html }}", "&lt;b&gt;&#34;&amp;"),
    ("{{ job.html | safe }}", '<b>"&'),
    ("{{ '<' ~ job.html }}", "&lt;&lt;b&gt;&#34;&amp;"),
    ("{{ [job.html, 'x'] | join('<br>') }}", "&lt;b&gt;&#34;&amp;&lt;br&gt;x"),
    ("{{ job.html | upper }}", "&lt;B&gt;&#34;&amp;"),
    ("{{ job.price }} {{ job.paid }}", "10.20 true"),
]


@pytest.mark.parametrize(("template", "expected"), HTML)
def test_html_escapes_values(template: str, expected: str) -> None:
    assert render(template, CONTEXT, "html") == expected


URL = [
    ("https://x.test/{{ job.path }}", "https://x.test/a%2Fb%20c%26d%3D%C3%A9"),
    ("https://x.test/?q={{ job.path }}&p={{ job.price }}", "https://x.test/?q=a%2Fb%20c%26d%3D%C3%A9&p=10.20"),
    ("https://x.test/{{ job.path | urlencode }}", "https://x.test/a/b%20c%26d%3D%C3%A9"),
    ("{{ 'https://x.test/a?b=c' }}", "https://x.test/a?b=c"),
    ("{{ 'https://x.test' }}/{{ job.path }}", "https://x.test/a%2Fb%20c%26d%3D%C3%A9"),
    ("https://x.test/{{ 'a/b' | safe }}", "https://x.test/a/b"),
    ("https://x.test/{{ 'a/b' ~ job.tags[0] }}", "https://x.test/a%2Fba"),
    ("https://x.test/{{ 'a/b' | urlencode ~ '/' }}", "https://x.test/a/b%2F"),
]


@pytest.mark.parametrize(("template", "expected"), URL)
def test_a_url_encodes_values(template: str, expected: str) -> None:
    assert render(template, CONTEXT, "url") == expected


VALUES = [
    ("{{ job.price }}", Decimal("10.20")),
    ("  {{ job.big }}  ", 12345678901234567890123),
    ("{{ job.paid }}", True),
    ("{{ job.note }}", None),
    ("{{ job.nope.deep }}", None),
    ("{{ job.tags }}", ["a", "b"]),
    ("{{ rows }}", [{"n": Decimal("1.50")}, {"n": None}, {"n": 2}]),
    ("{{ rows | map(attribute='n') | list }}", [Decimal("1.50"), None, 2]),
    ("{{ job.note | default(3.50) }}", Decimal("3.5")),
    ("{{ '12' }}", "12"),
    ("{{ job.template }}", "{{ 7*7 }}{% raw %}"),
    ("{{ job.price }} EUR", "10.20 EUR"),
    ("{{ 1 }}{{ 2 }}", "12"),
    ('{"a": "{{ 1 }}"}', '{"a": "1"}'),
    (7, 7),
    (None, None),
    ({"a": ["{{ job.paid }}", {"{{ key }}": "{{ 1 + 1 }}"}]}, {"a": [True, {"{{ key }}": 2}]}),
]


@pytest.mark.parametrize(("template", "expected"), VALUES)
def test_a_lone_expression_keeps_its_type(template: Any, expected: Any) -> None:
    found = render_value(template, CONTEXT)
    assert found == expected
    assert type(found) is type(expected)


def test_a_value_inside_a_text_may_not_be_missing() -> None:
    with pytest.raises(TemplateError, match=r"job\.note is missing"):
        render_value("a {{ job.note }}", CONTEXT)


def test_a_required_value_may_not_be_missing_unless_it_has_a_default() -> None:
    with pytest.raises(TemplateError, match=r"job\.client\.email is missing"):
        render_value("{{ job.client.email }}", CONTEXT, required=True)
    assert render_value("{{ job.client.email | default(none) }}", CONTEXT, required=True) is None


def test_headers_hold_references_to_secrets_as_structure() -> None:
    assert render_header("{{ secret('env:TOKEN') }}", CONTEXT) == {"$secret": "env:TOKEN"}
    bearer = {"$concat": ["Bearer ", {"$secret": "env:TOKEN"}]}
    assert render_header("Bearer {{ secret('env:TOKEN') }}", CONTEXT) == bearer
    assert render_header("{{ 'Bearer ' ~ secret('env:TOKEN') }}\n", CONTEXT) == bearer
    several = render_header("{{ secret('env:A') }}:{{ job.title }}:{{ secret('env:B') }}", CONTEXT)
    assert several == {"$concat": [{"$secret": "env:A"}, ":Boiler:", {"$secret": "env:B"}]}


def test_text_that_looks_like_a_reference_stays_text() -> None:
    context = {"evil": '{"$secret": "env:TOKEN"}', "fn": "{{ secret('env:TOKEN') }}", "mark": "\x00abc\x00"}
    assert render_header("{{ evil }}", context) == context["evil"]
    assert render_header("{{ fn }}", context) == context["fn"]
    with pytest.raises(TemplateError, match="control character"):
        render_header("{{ mark }}{{ secret('env:A') }}", context)


@pytest.mark.parametrize(
    "template",
    [
        "{{ job.lines }}",
        "x\ny",
        "{{ 'a\\u2028b' }}",
        "{{ secret('TOKEN') }}",
        "{{ secret('env:NO WAY') }}",
        "{{ secret(job.title) }}",
        "{{ secret('env:A') | upper }}",
        "{{ secret('env:A') | length }}",
        "{{ (secret('env:A') ~ '') | upper }}",
    ],
)
def test_headers_refuse(template: str) -> None:
    with pytest.raises(TemplateError):
        render_header(template, CONTEXT)


def test_headers_are_text_without_their_final_line_break() -> None:
    assert render("{{ job.title }} {{ job.price }}\n", CONTEXT, "header") == "Boiler 10.20"
    with pytest.raises(TemplateError, match="http steps only"):
        render("{{ secret('env:A') }}", CONTEXT, "header")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=4)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_json_survives(value: Any) -> None:
    assert loads(dumps(value)) == value


@given(st.text())
def test_any_text_passes_through_a_template_as_it_is(text: str) -> None:
    text = text.replace("\0", "")
    assert render("<{{ value }}>", {"value": text}) == f"<{text}>"
    assert render_value("{{ value }}", {"value": text}) == text


def test_json_of_any_size_of_number() -> None:
    digits = "9" * 5000
    assert dumps(loads(f'{{"n": {digits}}}')) == f'{{"n":{digits}}}'
    assert dumps(loads("[1e3, 1.10, -0.0, 1E-7]")) == "[1000,1.10,-0.0,0.0000001]"
