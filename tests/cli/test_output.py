"""Words and JSON."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from rich.text import Text

from pgwhen.cli import output
from pgwhen.cli.options import key_of, since

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"), (0.1234, "123 ms"), (1, "1.0 s"), (9.96, "10.0 s"), (42, "42 s"), (60, "1 min"), (3599, "60 min"),
        (3600, "1 h"), (47 * 3600, "47 h"), (10 * 86400, "10 d"), (4e9, "46296 d"),
    ],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert output.duration(seconds) == words


def test_relative_times_go_both_ways() -> None:
    assert output.relative(NOW - timedelta(minutes=3), NOW) == "3 min ago"
    assert output.relative("2026-11-22T12:00:00+00:00", NOW) == "in 24 h"
    assert output.relative(None, NOW) == "" and output.when(None) == ""


def test_the_date_is_told_when_it_is_not_today() -> None:
    assert len(output.clock(NOW, NOW)) == 8
    assert len(output.clock(NOW - timedelta(days=3), NOW)) == 19


def test_control_characters_are_shown_not_sent() -> None:
    assert output.plain("a\x1b[31mb\x00\x9b\u202e\n\tc") == r"a\x1b[31mb\x00\x9b\u202e" + "\n\tc"
    assert output.plain("€\u00a01.234,50 1\u202f000") == "€\u00a01.234,50 1\u202f000"
    assert output.plain({"ü": [1, None]}) == '{"ü": [1, null]}'
    assert output.one_line("a\n  b\tc") == "a b c" and output.one_line("x" * 200, 10) == "x" * 9 + "…"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"at": NOW, "id": UUID(int=1), "n": Decimal("10.20"), "d": timedelta(seconds=90), "text": "ü\x1b"}
    output.print_json(data)
    out = capsys.readouterr().out
    assert json.loads(out) == {
        "at": "2026-11-21T12:00:00+00:00", "id": str(UUID(int=1)), "n": "10.20", "d": 90.0, "text": "ü\x1b",
    }  # fmt: skip
    assert "\x1b" not in out
    with pytest.raises(TypeError, match="object has no JSON form"):
        output.print_json(object())


def test_a_table_takes_values_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(["id*", "text"], [["x" * 40, "[red]a[/red]"], [7, Text("b")]])
    out = capsys.readouterr().out
    assert "x" * 40 in out and "[red]a[/red]" in out and "7" in out


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2h", timedelta(hours=2)), ("30 minutes", timedelta(minutes=30)), ("3D", timedelta(days=3)),
        ("1w", timedelta(weeks=1)), ("90s", timedelta(seconds=90)), ("5 min", timedelta(minutes=5)),
        ("2026-11-21 12:00+01:00", datetime(2026, 11, 21, 11, tzinfo=UTC)), (None, None),
    ],
)  # fmt: skip
def test_since(text: str | None, result: object) -> None:
    assert since(None, None, text) == result


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("7", "7"), ("a=1", {"a": "1"}), ("a=1,b=x y", {"a": "1", "b": "x y"}), ("x,y", "x,y"), ("abc=", "abc="),
        ('{"a": 1}', {"a": 1}), ("2026-11-21 12:00", "2026-11-21 12:00"), ("a=1,b", "a=1,b"),
    ],
)  # fmt: skip
def test_keys(text: str, key: object) -> None:
    assert key_of(text) == key
