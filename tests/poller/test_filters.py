"""The filters money, number, date, datetime and phone: what they write in which locale, and what they refuse."""

import subprocess
import sys

import pytest

from pgwhen.poller.templates import Formats, TemplateError, loads, render, render_value

CONTEXT = loads(
    """{"total": 1234.50, "text": "1234.5", "half": 0.125, "big": 123456789012345678901234567890.125, "zero": 0,
        "minus": -3, "note": null, "on": "2026-03-01", "at": "2026-03-29T00:30:00+00:00",
        "wall": "2026-03-29T14:05:00", "zulu": "2026-03-29T00:30:00.123456Z", "name": "Ann", "yes": true,
        "mobile": "+31612345678", "written": "06 1234 5678", "uk": "+442079460000", "list": [1], "currency": "EUR",
        "evil": "<b>1", "rows": [{"n": 1}, {"n": 2.5}]}"""
)
NL, EN = Formats("nl_NL", "Europe/Amsterdam"), Formats()

RIGHT = [
    # Rounded as the currency is, halves away from zero, exact however large.
    ("{{ total | money('EUR') }}", NL, "€\u00a01.234,50"),
    ("{{ total | money('EUR') }}", EN, "€1,234.50"),
    ("{{ total | money('eur', locale='de_DE') }}", NL, "1.234,50\u00a0€"),
    ("{{ total | money(currency) }}", EN, "€1,234.50"),
    ("{{ total | money('JPY') }}", EN, "¥1,235"),
    ("{{ half | money('USD') }} {{ minus | money('USD') }}", EN, "$0.13 -$3.00"),
    ("{{ text | money('EUR') }}", NL, "€\u00a01.234,50"),
    ("{{ big | money('EUR') }}", EN, "€123,456,789,012,345,678,901,234,567,890.13"),
    ("{{ note | default(0) | money('EUR') }}", EN, "€0.00"),
    ("{{ total * 2 | number }}", NL, None),
    ("{{ (total * 2) | number }}", NL, "2.469"),
    ("{{ total | number }} {{ half | number }} {{ zero | number }}", NL, "1.234,5 0,125 0"),
    ("{{ total | number(2) }} {{ half | number(2) }} {{ half | number(0) }}", NL, "1.234,50 0,13 0"),
    ("{{ big | number }}", EN, "123,456,789,012,345,678,901,234,567,890.125"),
    ("{{ rows | map(attribute='n') | map('number', 1) | join('; ') }}", NL, "1,0; 2,5"),
    (
        "{{ on | date }} / {{ on | date('long') }} / {{ on | date('full') }}",
        NL,
        "1 mrt 2026 / 1 maart 2026 / zondag 1 maart 2026",
    ),
    ("{{ on | date }} / {{ on | date('d MMMM y') }}", EN, "Mar 1, 2026 / 1 March 2026"),
    # A time is a day only in a zone.
    ("{{ at | date('short') }} {{ at | date('short', zone='America/New_York') }}", NL, "29-03-2026 28-03-2026"),
    # Half an hour before clocks go forward, and half an hour after.
    ("{{ at | datetime('HH:mm') }} {{ '2026-03-29T01:30:00Z' | datetime('HH:mm') }}", NL, "01:30 03:30"),
    ("{{ at | datetime('short', zone='America/New_York', locale='nl') }}", EN, "28-03-2026, 20:30"),
    ("{{ wall | datetime('HH:mm') }} {{ wall | date('d MMM') }}", NL, "14:05 29 mrt"),
    ("{{ zulu | datetime('HH:mm:ss') }}", EN, "00:30:00"),
    # As it is dialled at home, with its country elsewhere.
    ("{{ mobile | phone }} {{ written | phone }} {{ uk | phone }}", NL, "06 12345678 06 12345678 +44 20 7946 0000"),
    ("{{ mobile | phone }} {{ mobile | phone('national') }}", EN, "+31 6 12345678 06 12345678"),
    ("{{ written | phone('e164') }} {{ mobile | phone('international') }}", NL, "+31612345678 +31 6 12345678"),
    ("{{ written | phone('e164', locale='nl') }}", EN, "+31612345678"),
    # A locale that is not there falls back to its language, then to English.
    ("{{ on | date }}", Formats("nl-ZZ"), "1 mrt 2026"),
    ("{{ on | date }}", Formats("nl_NL.UTF-8"), "1 mrt 2026"),
    ("{{ on | date }}", Formats("klingon"), "Mar 1, 2026"),
    ("{{ on | date }}", Formats("../../etc/passwd"), "Mar 1, 2026"),
    ("{{ on | date('full') }}", Formats("ja"), "2026年3月1日日曜日"),
]


@pytest.mark.parametrize(("template", "formats", "expected"), RIGHT)
def test_what_filters_write(template: str, formats: Formats, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(TemplateError):
            render(template, CONTEXT, "text", formats)
        return
    assert render(template, CONTEXT, "text", formats) == expected


WRONG = [
    ("{{ name | money('EUR') }}", "name: 'Ann' is not a number"),
    ("{{ note | money('EUR') }}", "note is missing"),
    ("{{ nope.deep | date }}", "nope.deep is missing: there is no nope"),
    ("{{ yes | number }}", "yes: 'true' is not a number"),
    ("{{ list | number }}", r"list: '\[1\]' is not a number"),
    ("{{ total | money }}", r'total: money needs a currency: money\("EUR"\)'),
    ("{{ total | money('XXQ') }}", "XXQ is not a currency"),
    ("{{ total | money(note) }}", "note is missing"),
    ("{{ total | money('EUR', locale='klingon') }}", "'klingon' is not a locale"),
    ("{{ total | number(21) }}", "0 to 20 decimals"),
    ("{{ total | number('2') }}", "0 to 20 decimals"),
    ("{{ total | number(true) }}", "0 to 20 decimals"),
    ("{{ rows[0].n | date }}", r"rows\[0\].n: '1' is not a date"),
    ("{{ name | default('x') | date }}", "name: 'Ann' is not a date or time; it is written like 2026-03-01"),
    ("{{ '2026-02-30' | date }}", "'2026-02-30' is not a date"),
    ("{{ '20260301' | date }}", "is not a date"),
    ("{{ 'infinity' | datetime }}", "is not a date"),
    ("{{ on | datetime }}", "on: '2026-03-01' has no time of day; use the filter date"),
    ("{{ at | datetime('short', zone='Mars/Olympus') }}", "'Mars/Olympus' is not a time zone"),
    ("{{ at | datetime('short', zone='../../../etc/passwd') }}", "is not a time zone"),
    ("{{ at | datetime('short', zone=7) }}", "is not a time zone"),
    ("{{ on | date('%d-%m') }}", "'%d-%m' is not a format"),
    ("{{ on | date('" + "d" * 61 + "') }}", "is not a format"),
    ("{{ '0001-01-01T00:00:00Z' | datetime('short', zone='America/New_York') }}", "cannot be written"),
    ("{{ name | phone }}", "name: 'Ann' is not a telephone number"),
    ("{{ written | phone }}", "written: '06 1234 5678' is not a telephone number"),
    ("{{ '+3161234567890123' | phone }}", "too short or too long"),
    ("{{ mobile | phone('loud') }}", "'loud' is not a form"),
    ("{{ mobile | phone(nope=1) }}", "TypeError"),
    ("{{ secret('env:A') | money('EUR') }}", "headers of http steps only"),
    ("{{ ('1' * 61) | number }}", "is not a number"),
]


@pytest.mark.parametrize(("template", "message"), WRONG)
def test_errors_name_the_path(template: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        render(template, CONTEXT)


def test_numbers_too_large_to_write_are_refused() -> None:
    with pytest.raises(TemplateError, match=r"x: .* is too large"):
        render("{{ x | money('EUR') }}", loads('{"x": 1e999999}'))


def test_values_are_escaped_after_the_filter() -> None:
    assert render("{{ total | money('EUR') }} {{ evil }}", CONTEXT, "html", EN) == "€1,234.50 &lt;b&gt;1"
    with pytest.raises(TemplateError, match="'<b>1' is not a number"):
        render("{{ evil | number }}", CONTEXT, "html", EN)
    assert render_value({"a": "{{ total | money('EUR') }}"}, CONTEXT, formats=EN) == {"a": "€1,234.50"}


def test_babel_is_imported_when_it_is_needed_and_not_before() -> None:
    code = (
        "import sys; from pgwhen.poller import templates as t; t.render('{{ 1 }}', {});"
        "assert not {'babel', 'phonenumbers'} & set(sys.modules);"
        "sys.modules['babel'] = None\n"
        "try: t.render('{{ 1 | money(\"EUR\") }}', {})\n"
        "except t.TemplateError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "the filter money needs the Python package Babel, which is not here\n"
