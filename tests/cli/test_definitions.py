"""Definition files: what they mean, where their parts are, and how they are written."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgwhen.cli.definitions import (
    DefinitionError,
    KeyOrder,
    dump_json,
    dump_yaml,
    find_files,
    read_file,
    read_json,
    read_yaml,
)


def one(text: str) -> Any:
    (document,) = read_yaml(text)
    return document.definition


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("a: +31612345678", {"a": "+31612345678"}),
        ("a: 007", {"a": "007"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 2026-01-31", {"a": "2026-01-31"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: yes", {"a": "yes"}),
        ("a: on", {"a": "on"}),
        ("on: 1", {"on": 1}),
        ("a: true", {"a": True}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: 10.20", {"a": Decimal("10.20")}),
        ("a: -1.5e3", {"a": Decimal("-1.5e3")}),
        ("a: .5", {"a": Decimal("0.5")}),
        ("a: +1.5", {"a": "+1.5"}),
        ("a: 0x1F", {"a": 31}),
        ("a: 0o17", {"a": 15}),
        ("a: 12345678901234567890", {"a": 12345678901234567890}),
        ("a: '5'", {"a": "5"}),
        ("a: !!str 5", {"a": "5"}),
        ("5: x", {"5": "x"}),
        ("true: x", {"true": "x"}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("a: {b: [1, {c: d}]}", {"a": {"b": [1, {"c": "d"}]}}),
        ("x: &x {a: 1}\ny: *x", {"x": {"a": 1}, "y": {"a": 1}}),
        ("%YAML 1.2\n---\na: b\n...\n", {"a": "b"}),
        ("# only\n---\na: '\N{PILE OF POO}'", {"a": "\N{PILE OF POO}"}),
    ],
)
def test_yaml(text: str, means: Any) -> None:
    found = one(text)
    assert found == means
    assert [type(value) for value in found.values()] == [type(value) for value in means.values()]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "no definition"),
        ("# nothing\n---\n", 1, "no definition"),
        ("a: 1\nb: [1\nc: 2", 3, "expected"),
        ("a: 1\na: 2", 2, "twice"),
        ("a: .inf", 1, "not a number"),
        ("a: !x 1", 1, "the tag"),
        ("a: !!binary aGk=", 1, "the tag"),
        ("x: &x {a: 1}\ny:\n  <<: *x", 3, "not part of YAML 1.2"),
        ("[1]: x", 1, "key"),
        ('a: "\\0"', 1, "NUL"),
        ("a: x\nb: \x01", 2, "control character"),
        ("a: *nowhere", 1, "undefined alias"),
        ("a: &a\n  b: *a", 2, "undefined|recursive|too deep"),
        ("a: 1\n---\nb: 1\n---\nc: [", 6, "expected|flow"),
    ],
)
def test_yaml_that_is_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(DefinitionError, match=message) as raised:
        read_yaml(text, "x.yaml")
    assert abs(raised.value.line - line) <= 1
    assert str(raised.value.message).startswith(f"x.yaml:{raised.value.line}: ")


def test_aliases_cannot_blow_up() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    with pytest.raises(DefinitionError, match="too large"):
        read_yaml(text)
    with pytest.raises(DefinitionError, match=r"too deep|too large"):
        read_yaml("a: " + "[" * 5000 + "]" * 5000)
    with pytest.raises(DefinitionError, match=r"too deep|too large"):
        read_json("[" * 5000 + "]" * 5000)


def test_documents_keep_their_text_and_lines() -> None:
    text = "# first\nworkflow: a\n---\n# second\nworkflow: b\nsteps:\n  - id: x\n---\n"
    first, second = read_yaml(text, "x.yaml")
    assert first.text == "# first\nworkflow: a\n"
    assert second.text == "# second\nworkflow: b\nsteps:\n  - id: x\n"
    assert (first.line("workflow"), second.line("workflow"), second.line("steps[0].id")) == (2, 5, 7)
    assert one(second.text) == second.definition


LINES = """\
workflow: w
when:
  table: jobs
  if:
    job.client.city: x
    any:
      - a: {eq: 1}
steps:
  - id: a
    type: sms
    headers: {"x.y": 1,
      z: 2}
  - id: b
    config:
      actionType: email
      recipient: x
trigger: 5
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 1),
        ("workflow", 1),
        ("when", 2),
        ("when[0]", 2),
        ("when[0].table", 3),
        ("when.table", 3),
        ("when[1].table", 2),
        ("when.if.job.client.city", 5),
        ("when.if.job.client.city.eq", 5),
        ("when.if.any[0].a.eq", 7),
        ("steps", 8),
        ("steps[0]", 9),
        ("steps[0].headers.x.y", 11),
        ("steps[0].headers.z", 12),
        ("steps[1].to", 16),
        ("steps[1].type", 15),
        ("steps[1].text", 13),
        ("steps[7].id", 8),
        ("nowhere", 1),
        ("[[[", 1),
        ("steps[0].[x", 9),
    ],
)
def test_lines(path: str, line: int) -> None:
    (document,) = read_yaml(LINES)
    assert document.line(path) == line


def test_lines_of_json() -> None:
    text = '{\n  "workflow": "w",\n  "steps": [\n    {"id": "a",\n     "type": "sms"}\n  ]\n}\n'
    (document,) = read_json(text)
    assert [document.line(path) for path in ("workflow", "steps[0]", "steps[0].type")] == [2, 4, 5]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("{", 1),
        ('{\n"a": 1,\n}', 3),
        ('{"a": 1}\n x', 2),
        ('{"a": NaN}', 1),
        ('{"a": 01}', 1),
        ("{a: 1}", 1),
        ('{"a": "\\u0000"}', 1),
        ('{"a": "\\ud800"}', 1),
        ('{"a": "\n"}', 1),
        ('{"a": 1\n, "a": 2}', 2),
        ("[1,\n]", 2),
        ('["x"', 1),
        ('{"a" 1}', 1),
        ("'x'", 1),
    ],
)
def test_json_that_is_refused(text: str, line: int) -> None:
    with pytest.raises(DefinitionError) as raised:
        read_json(text, "x.json")
    assert raised.value.line == line


def test_a_json_array_is_many() -> None:
    first, second = read_json('[{"a": 1},\n {"b": 2.50}]')
    assert (first.definition, second.definition) == ({"a": 1}, {"b": Decimal("2.50")})
    assert second.line("b") == 2
    assert second.text == '{\n  "b": 2.50\n}'


def test_files_and_folders(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.json", "sub/c.yml", ".hidden/d.yaml", "notes.txt", ".e.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{"a": 1}')
    assert find_files([tmp_path, tmp_path / "b.yaml"]) == [
        tmp_path / name for name in ("a.json", "b.yaml", "sub/c.yml")
    ]
    assert find_files([tmp_path / "notes.txt"]) == [tmp_path / "notes.txt"]
    with pytest.raises(DefinitionError, match="no such file"):
        find_files([tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DefinitionError, match=r"no \.yaml"):
        find_files([tmp_path / "empty"])


def test_encodings(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\r\nb: 1\r\n")
    assert read_file(tmp_path / "a.yaml")[0].definition == {"a": "\u00e9", "b": 1}
    (tmp_path / "b.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(DefinitionError, match="not UTF-8"):
        read_file(tmp_path / "b.yaml")


AWKWARD = """
yes 1e5 +5 007 2026-01-31 {{a}} # | %a 0x1 .5 1:30 --- ... !x &a *a @ ` ' " null True = 1_0 0b1
"""
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    [
        *AWKWARD.split(),
        "a\nb",
        "a\nb\n",
        "a\n\nb\n",
        "\n",
        "",
        " x",
        "x ",
        "- a",
        "a: b",
        "\ta",
        "a\n b",
        "\ufeff",
        "\x85",
        "\u2028",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words.filter(lambda key: key != "<<"), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(words.filter(lambda key: key != "<<"), values, min_size=1, max_size=3))
def test_what_is_written_reads_back(definition: dict[str, Any]) -> None:
    assert one(dump_yaml(definition)) == definition
    assert read_json(dump_json(definition))[0].definition == definition
    assert json.loads(dump_json(definition), parse_float=Decimal) == definition


def test_yaml_is_for_people() -> None:
    definition = {"steps": [{"text": "Dear {{ x }},\n\nbye", "id": "a", "type": "sms", "to": "+31"}], "workflow": "w"}
    order = KeyOrder(["workflow", "steps"], inside=["id", "type", "to", "text"])
    assert dump_yaml(order.sort(definition)) == (
        'workflow: w\nsteps:\n  - id: a\n    type: sms\n    to: "+31"\n    text: |-\n      Dear {{ x }},\n\n      bye\n'
    )
