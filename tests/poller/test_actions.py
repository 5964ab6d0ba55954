"""Custom actions: their types, and how they are found."""

import enum
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict
from uuid import UUID

import jsonschema
import pytest

from pgwhen.poller import actions
from pgwhen.poller.actions import LoadError, Permanent, parsed, schema_of, storable


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Line:
    name: str
    amount: Decimal
    tags: list[str] = field(default_factory=list)


class Options(TypedDict):
    depth: int
    note: NotRequired[str | None]


@dataclass
class Everything:
    text: str
    count: int
    share: float
    yes: bool
    day: date
    at: datetime
    id: UUID
    kind: Literal["a", "b", 3]
    colour: Colour
    lines: list[Line]
    options: Options
    anything: Any
    either: int | str
    by_name: Mapping[str, int] = field(default_factory=dict)
    maybe: str | None = None
    sequence: Sequence[int] = ()


VALUE: dict[str, Any] = {
    "text": "Zoë",
    "count": 2**70,
    "share": 1,
    "yes": True,
    "day": "2026-01-02",
    "at": "2026-01-02T03:04:05+00:00",
    "id": "0190a1b2-0000-7000-8000-000000000000",
    "kind": 3,
    "colour": "blue",
    "lines": [{"name": "x", "amount": Decimal("10.20")}],
    "options": {"depth": 1, "note": None},
    "anything": {"a": [1]},
    "either": "x",
    "by_name": {"a": 1},
}


def test_a_value_becomes_what_the_annotation_says() -> None:
    made = parsed(Everything, VALUE)
    assert made == Everything(
        text="Zoë",
        count=2**70,
        share=1.0,
        yes=True,
        day=date(2026, 1, 2),
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        id=UUID("0190a1b2-0000-7000-8000-000000000000"),
        kind=3,
        colour=Colour.BLUE,
        lines=[Line("x", Decimal("10.20"))],
        options={"depth": 1, "note": None},
        anything={"a": [1]},
        either="x",
        by_name={"a": 1},
    )
    assert isinstance(made.share, float) and storable(made)["lines"] == [
        {"name": "x", "amount": Decimal("10.20"), "tags": []}
    ]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"text": 1}, "with.text is '1', not string"),
        ({"text": None}, "with.text is 'None', not string"),
        ({"count": 1.5}, "with.count is '1.5', not integer"),
        ({"count": True}, "with.count is 'True', not integer"),
        ({"count": "7"}, "with.count is '7', not integer"),
        ({"count": Decimal("NaN")}, "with.count is 'NaN', not integer"),
        ({"yes": "true"}, "with.yes is 'true', not boolean"),
        ({"day": "soon"}, "with.day is 'soon', not a date"),
        ({"id": "x"}, "with.id is 'x', not a UUID"),
        ({"kind": "c"}, "with.kind is 'c', not one of 'a', 'b', 3"),
        ({"kind": True}, "with.kind is 'True', not one of"),
        ({"colour": "green"}, "not one of 'red', 'blue'"),
        ({"lines": {}}, "with.lines is '{}', not a list"),
        ({"lines": [{"name": "x"}]}, "with.lines[0].amount is missing"),
        ({"lines": [{"name": "x", "amount": 1, "price": 2}]}, "with.lines[0] has the unknown parameter price"),
        ({"options": {}}, "with.options.depth is missing"),
        ({"either": []}, "with.either is '[]', not integer"),
        ({"by_name": {"a": "x"}}, "with.by_name.a is 'x', not integer"),
        ({"__class__": "x"}, "with has the unknown parameter __class__"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], text: str) -> None:
    with pytest.raises(Permanent) as error:
        parsed(Everything, VALUE | change)
    assert text in str(error.value) and error.value.code == "parameters"


def test_the_schema_is_json_schema() -> None:
    schema = schema_of(Everything)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(VALUE | {"lines": []}, schema)
    assert schema["required"] == [
        *(
            "text",
            "count",
            "share",
            "yes",
            "day",
            "at",
            "id",
            "kind",
            "colour",
            "lines",
            "options",
            "anything",
            "either",
        )
    ]
    assert schema["properties"]["lines"]["items"]["properties"]["amount"] == {"type": "number"}
    assert schema["properties"]["maybe"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert schema["properties"]["options"]["required"] == ["depth"]
    assert schema["additionalProperties"] is False
    assert schema_of(dict) == {"type": "object"} and schema_of(Mapping[str, int])["additionalProperties"] == {
        "type": "integer"
    }


@dataclass
class Node:
    children: "list[Node]"


def test_a_type_within_itself() -> None:
    assert schema_of(Node)["properties"]["children"] == {"type": "array", "items": {"type": "object"}}
    assert parsed(Node, {"children": [{"children": []}]}) == Node([Node([])])


@pytest.mark.parametrize(
    "value", [object(), {1: 2}, float("nan"), Decimal("Infinity"), {"a": {1}}, b"x", Decimal("1e2000")]
)
def test_a_result_without_a_json_form_is_named(value: Any) -> None:
    with pytest.raises(ValueError, match=r"no JSON form|no text|no number|more than"):
        storable(value)
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        storable(deep)


# ---------------------------------------------------------------- loading


def module(folder: Path, name: str, text: str) -> str:
    """A module on the path."""
    (folder / f"{name}.py").write_text("from pgwhen.poller.actions import Context, action\n" + text)
    return name


@pytest.fixture(autouse=True)
def _path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    actions.load.cache_clear()


def test_marked_functions_of_modules(tmp_path: Path) -> None:
    one = module(
        tmp_path,
        "pgwhen_one",
        "@action\ndef greet(params: dict[str, str], context: Context) -> str:\n"
        '    """Says hello.\n\n    More."""\n    return ""\n'
        '@action(name="crm.score")\nasync def score(params, context):\n    return 1\n'
        "def helper(params, context): ...\n",
    )
    assert actions.announced(f"{one}, ") == [
        {"name": "crm.score", "schema": {"type": "object"}, "description": ""},
        {
            "name": "greet",
            "schema": {"type": "object", "additionalProperties": {"type": "string"}},
            "description": "Says hello.",
        },
    ]
    assert actions.load(one)["crm.score"].is_async and not actions.load(one)["greet"].is_async


def test_entry_points_of_installed_packages(tmp_path: Path) -> None:
    module(tmp_path, "pgwhen_installed", "def plain(params, context): return 1\n")
    about = tmp_path / "acme-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[pgwhen.actions]\nacme.plain = pgwhen_installed:plain\n")
    assert list(actions.load()) == ["acme.plain"]
    (about / "entry_points.txt").write_text("[pgwhen.actions]\nacme.plain = pgwhen_installed:gone\n")
    actions.load.cache_clear()
    with pytest.raises(
        LoadError, match=r"the entry point acme\.plain \(pgwhen_installed:gone\) of actions cannot be imported"
    ):
        actions.load()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "has no action: mark its functions"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("@action\ndef f(params): ...", "does not take (params, context)"),
        ("@action\ndef f(params, context, more): ...", "does not take (params, context)"),
        ("@action\ndef f(params: int, context): ...", "params is no dataclass, TypedDict or mapping"),
        ("@action\ndef f(params: Missing, context): ...", "cannot be imported: NameError"),
        ('@action\ndef f(params: "Missing", context): ...', "its annotations cannot be read"),
        ("@action\ndef f(params: dict[str, object.__class__], context): ...", "has no JSON form"),
        ('@action(name="Bad Name")\ndef f(params, context): ...', "'Bad Name' is not the name of an action"),
        (
            '@action(name="x")\ndef f(params, context): ...\n@action(name="x")\ndef g(params, context): ...',
            "two functions are the action x",
        ),
    ],
)
def test_what_is_no_action_is_named(text: str, said: str, tmp_path: Path) -> None:
    name = f"pgwhen_bad_{abs(hash(text))}"
    module(tmp_path, name, text)
    with pytest.raises(LoadError) as error:
        actions.load(name)
    assert said in str(error.value)
    sys.modules.pop(name, None)


def test_a_module_that_is_not_there_stops_the_poller_before_it_starts(dsn: str) -> None:
    from pgwhen.poller.settings import SettingsError
    from tests.poller.support import poll, settings

    with pytest.raises(SettingsError, match="the module no_such_module of actions cannot be imported"):
        settings(dsn, {"PGWHEN_ACTIONS": "no_such_module"})
    code, said = poll(dsn, "--once", "--actions", "no_such_module")
    assert code == 2 and "no_such_module" in said
