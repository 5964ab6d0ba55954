"""Programs: what they see, what becomes of what they return, and how their errors read."""

from decimal import Decimal
from typing import Any

import psycopg
import pytest

from pgwhen.poller.channels import Unsendable
from pgwhen.poller.outcome import Outcome
from tests.poller.local_support import emit, message, perform, published, steps

LANGUAGES = ("python", "javascript")


def run(language: str, source: str, given: Any = None, **limit: Any) -> Outcome:
    """One attempt."""
    return perform("code", message("code", language=language, source=source, **{"with": given}, limit=limit or None))


def python(source: str, given: Any = None) -> Any:
    """The output of a program that works."""
    outcome = run("python", source, given)
    assert outcome.class_ == "ok", outcome
    return outcome.output


def javascript(source: str, given: Any = None) -> Any:
    """The output of a program that works."""
    outcome = run("javascript", source, given)
    assert outcome.class_ == "ok", outcome
    return outcome.output


def error(language: str, source: str, given: Any = None, **limit: Any) -> tuple[str, str, str]:
    """Class, code and message of a program that does not."""
    outcome = run(language, source, given, **limit)
    assert outcome.error, outcome
    return outcome.class_, outcome.error["code"], outcome.error["message"]


# ---------------------------------------------------------------- input and output

ITEMS = {"items": [{"name": "Zoë", "total": Decimal("10.20")}, {"name": "Łuk", "total": 5}], "none": None, "yes": True}


def test_python_is_the_value_of_the_last_expression_or_what_is_returned() -> None:
    assert python('sum(i["total"] for i in input["items"])', ITEMS) == Decimal("15.2")
    assert python('if input["yes"]:\n    return [i["name"] for i in input["items"]]\nreturn []', ITEMS) == [
        "Zoë",
        "Łuk",
    ]
    assert python("import json, re, math, datetime\nmath.floor(2.7)") == 2
    assert python("x = 1") is None


def test_javascript_is_the_body_of_a_function() -> None:
    source = (
        "const total = input.items.reduce((sum, i) => sum + i.total, 0);\nreturn {total, first: input.items[0].name}"
    )
    assert javascript(source, ITEMS) == {"total": Decimal("15.2"), "first": "Zoë"}
    assert javascript("return [input.none, input.yes, undefined]", ITEMS) == [None, True, None]
    assert javascript("const x = 1") is None


@pytest.mark.parametrize(
    "value", [0, -7, 2**53 - 1, Decimal("0.1"), Decimal("10.20"), "", "😀\u2028'\"`\\${x}</script>", [], {}]
)
def test_values_come_back_as_they_went_in(value: Any) -> None:
    assert python("input", value) == value
    assert javascript("return input", value) == value


def test_numbers_are_exact_or_refused() -> None:
    assert python('input["n"] + 1', {"n": 2**80}) == 2**80 + 1
    assert python('from decimal import Decimal\nDecimal("0.1") + Decimal("0.2")') == Decimal("0.3")
    with pytest.raises(Unsendable, match=r"with\.a\[1\]\.n is 9007199254740992, which JavaScript cannot hold exactly"):
        message("code", language="javascript", source="return 1", **{"with": {"a": [1, {"n": 2**53}]}})
    for language in LANGUAGES:
        with pytest.raises(Unsendable, match="cannot hold exactly; give it as a text"):
            message("code", language=language, source="1", **{"with": {"n": Decimal("0.12345678901234567890123")}})


def test_what_jsonb_cannot_hold_is_replaced() -> None:
    assert python('"a\\x00b"') == "a\ufffdb"
    assert javascript("return {'k\\u0000': '\\ud800'}") == {"k\ufffd": "?"}


def test_what_it_prints_is_kept_with_the_attempt() -> None:
    assert run("python", 'print("one", 2)\n3').answer == {"printed": "one 2\n"}
    assert run("javascript", 'console.log("one", {a: 2}); return 3').answer == {"printed": 'one {"a":2}'}
    odd = "const o = {}; o.o = o; console.log(o, 10n, Symbol('s'), Object.create(null), undefined); return 1"
    assert run("javascript", odd).answer == {"printed": "[object] [object] Symbol(s) {} undefined"}
    long = run("javascript", "for (let i = 0; i < 1e4; i++) console.log('x'.repeat(99)); return 3")
    assert long.output == 3 and long.answer and len(long.answer["printed"]) <= 2_000


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("language", "source", "code", "text"),
    [
        ("python", 'x = 1\n\ninput["nothing"]', "exception", "line 3: KeyError: nothing"),
        ("python", "def f():\n    return 1 / 0\nf()", "exception", "line 2: ZeroDivisionError: division by zero"),
        ("python", "x = 1\ndef (:", "syntax", "line 2: Expected an identifier"),
        ("python", "1 +* 2", "syntax", "line 1: "),
        ("python", 'raise ValueError("no {{ luck }}")', "exception", "line 1: ValueError: no {{ luck }}"),
        ("javascript", "\n\ninput.nothing.more", "exception", "line 3: TypeError: Cannot read properties of undefined"),
        ("javascript", "const f = () => {\n  throw new Error('no')\n}\nf()", "exception", "line 2: Error: no"),
        ("javascript", "let x = ;", "syntax", "line 1: SyntaxError"),
        ("javascript", "return await 1", "syntax", "await is only valid in async functions"),
        ("python", "lambda: 1", "result", "which has no JSON form"),
        ("python", '{"a": {1, 2}}', "result", "the result holds a set, which has no JSON form"),
        ("python", "{1: 2}", "result", "the result has the key 1; keys of JSON are texts"),
        ("python", 'float("nan")', "result", "the result holds nan, which is no number in JSON"),
        ("python", "import datetime\ndatetime.date(2026, 1, 1)", "result", "write .isoformat()"),
        ("javascript", "return () => 1", "result", "the result holds a function, which has no JSON form"),
        ("javascript", "return {a: [1 / 0]}", "result", "the result holds Infinity at 0"),
        ("javascript", "return 10n", "result", "the result holds a bigint"),
        ("javascript", "return Promise.resolve(1)", "result", "the result is a promise"),
    ],
)
def test_an_error_says_what_and_in_which_line(language: str, source: str, code: str, text: str) -> None:
    class_, found, said = error(language, source, {})
    assert (class_, found) == ("permanent", f"code_{code}") and text in said, said


@pytest.mark.parametrize("language", LANGUAGES)
def test_time_and_memory_are_those_of_the_step(language: str) -> None:
    forever = {"python": "while True: pass", "javascript": "while (true) {}"}[language]
    assert error(language, forever, seconds=1) == ("transient", "code_timeout", "it took longer than 1 second")
    much = {
        "python": "x = [[i] * (1 << 17) for i in range(60)]\nlen(x)",
        "javascript": "const x = []\nfor (let i = 0; i < 60; i++) x.push(new Array(1 << 17).fill(i + .5))\n"
        "return x.length",
    }[language]
    assert error(language, much, megabytes=16)[:2] == ("permanent", "code_memory")
    assert run(language, much, megabytes=400).output == 60


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ({"language": "ruby", "source": "1"}, "language: 'ruby' is not one of python, javascript"),
        ({"language": "python", "source": " "}, "source is missing"),
    ],
)
def test_what_cannot_run_is_named(definition: dict[str, Any], text: str) -> None:
    with pytest.raises(Unsendable, match=text):
        message("code", **definition)


@pytest.mark.parametrize(("language", "package"), [("python", "pydantic-monty"), ("javascript", "mini-racer")])
def test_a_language_is_refused_where_it_is_absent(language: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("pgwhen.poller.sandbox", fromlist=["x"]).INTERPRETERS, language, "no_such_module")
    with pytest.raises(
        Unsendable, match=rf"needs {package}, which this poller does not have: pip install 'pgwhen\[code\]'"
    ):
        message("code", language=language, source="1")


# ---------------------------------------------------------------- in the engine


def test_a_program_in_a_workflow(dsn: str, db: psycopg.Connection[Any]) -> None:
    source = (
        "const sum = input.lines.reduce((a, b) => a + b, 0)\nreturn {sum, text: `{{ not a template }} ${input.who}`}"
    )
    name = published(
        db,
        {
            "type": "code",
            "language": "javascript",
            "source": source,
            "with": {"lines": "{{ input.lines }}", "who": "{{ input.who }}"},
        },
        {"type": "code", "language": "python", "source": 'input["n"] * 2', "with": {"n": "{{ steps.s1.output.sum }}"}},
        {"type": "code", "language": "python", "source": "\n1 / 0", "on_error": "continue"},
    )
    emit(db, name, {"lines": [1, 2.5], "who": "`); throw 1; (`"})
    found = steps(db, dsn, name)
    assert found["s1"]["output"] == {"sum": Decimal("3.5"), "text": "{{ not a template }} `); throw 1; (`"}, found["s1"]
    assert found["s2"]["output"] == 7
    assert found["s3"]["error"]["code"] == "code_exception"
    assert found["s3"]["error"]["message"] == "line 2: ZeroDivisionError: division by zero"
