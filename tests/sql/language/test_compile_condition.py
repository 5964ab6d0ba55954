"""Conditions as their typed form."""

import datetime
from typing import Any

import psycopg
import pytest

from tests.sql.language.support import call, condition, scope_of, yaml

Connection = psycopg.Connection[Any]


def leaf(op: str, left: list[str], type_: str, right: Any) -> dict[str, Any]:
    return {"op": op, "left": left, "type": type_, "right": right}


LEAVES = [
    ("{status: done}", leaf("eq", ["job", "status"], "text", {"literal": "done"})),
    ("{status: 5}", leaf("eq", ["job", "status"], "text", {"literal": "5"})),
    ("{total: '5.50'}", leaf("eq", ["job", "total"], "numeric", {"literal": 5.5})),
    ("{job.total: {gte: 5}}", leaf("gte", ["job", "total"], "numeric", {"literal": 5})),
    ("{total: {gt: '{{ job.budget }}'}}", leaf("gt", ["job", "total"], "numeric", {"path": ["job", "budget"]})),
    (
        "{total: {gt: '{{ job.budget | default(3) }}'}}",
        leaf("gt", ["job", "total"], "numeric", {"path": ["job", "budget"], "default": 3}),
    ),
    (
        "{title: 'a {{ job.status }}'}",
        leaf("eq", ["job", "title"], "text", {"concat": [{"literal": "a "}, {"path": ["job", "status"]}]}),
    ),
    ("{done: 'true'}", leaf("eq", ["job", "done"], "boolean", {"literal": True})),
    ("{dueAt: {before: now + 2 hours}}", leaf("before", ["job", "due_at"], "timestamptz", {"now": "02:00:00"})),
    ("{due_at: {after: now}}", leaf("after", ["job", "due_at"], "timestamptz", {"now": ""})),
    ("{due_at: {lt: now - 3 days}}", leaf("lt", ["job", "due_at"], "timestamptz", {"now": "-3 days"})),
    ("{due_at: {older_than: 3d}}", leaf("older_than", ["job", "due_at"], "timestamptz", {"literal": "3d"})),
    ("{on_day: 2026-01-31}", leaf("eq", ["job", "on_day"], "date", {"literal": "2026-01-31"})),
    ("{stage: won}", leaf("eq", ["job", "stage"], "text", {"literal": "won"})),
    ("{code: ab}", leaf("eq", ["job", "code"], "bpchar", {"literal": "ab"})),
    (
        "{uid: 0000000000000000000000000000000A}",
        leaf("eq", ["job", "uid"], "uuid", {"literal": "00000000-0000-0000-0000-00000000000a"}),
    ),
    ("{tags: {contains: a}}", leaf("contains", ["job", "tags"], "array", {"literal": "a"})),
    ("{data.a.0.b: {gt: 5}}", leaf("gt", ["job", "data", "a", "0", "b"], "numeric", {"literal": 5})),
    ("{data.at: {older_than: 1 day}}", leaf("older_than", ["job", "data", "at"], "timestamptz", {"literal": "1 day"})),
    ("{data: {eq: {a: 1}}}", leaf("eq", ["job", "data"], "jsonb", {"literal": {"a": 1}})),
    ("{client.firstName: x}", leaf("eq", ["job", "client", "first_name"], "text", {"literal": "x"})),
    ("{job.client.owner.name: x}", leaf("eq", ["job", "client", "owner", "name"], "text", {"literal": "x"})),
    ("{status: {in: [a, 5]}}", leaf("in", ["job", "status"], "text", {"literal": ["a", "5"]})),
    (
        "{status: {in: [a, '{{ job.title }}']}}",
        leaf("in", ["job", "status"], "text", {"list": [{"literal": "a"}, {"path": ["job", "title"]}]}),
    ),
    ("{status: {is_empty: false}}", leaf("is_empty", ["job", "status"], "text", {"literal": False})),
    ("{status: {changed: true}}", leaf("changed", ["new", "status"], "text", {"literal": True})),
    ("{job.total: {changed_to: 5}}", leaf("changed_to", ["new", "total"], "numeric", {"literal": 5})),
    ("{input.amount: {gt: 5}}", leaf("gt", ["input", "amount"], "numeric", {"literal": 5})),
    ("{event: created}", leaf("eq", ["job", "event"], "text", {"literal": "created"})),
    ("{event.type: created}", leaf("eq", ["event", "type"], "text", {"literal": "created"})),
    ("{vars.limit: 5}", leaf("eq", ["vars", "limit"], "numeric", {"literal": 5})),
    ("{'Größe (cm)': 5}", leaf("eq", ["job", "Größe (cm)"], "numeric", {"literal": 5})),
]


@pytest.mark.parametrize(("text", "typed"), LEAVES)
def test_leaves(lang: Connection, text: str, typed: dict[str, Any]) -> None:
    compiled = condition(lang, yaml(text))["compiled"]
    assert compiled.pop("source")
    assert compiled == typed


def test_combinations(lang: Connection) -> None:
    compiled = condition(lang, yaml("{any: [{done: true}, {not: {total: {gte: 5, lt: 9}}}], status: x}"))["compiled"]
    assert compiled["op"] == "all"
    any_, status = sorted(compiled["of"], key=lambda part: part["op"])
    assert any_["op"] == "any"
    assert any_["of"][1]["op"] == "not"
    assert [test["op"] for test in any_["of"][1]["of"]["of"]] == ["lt", "gte"]
    assert status["source"] == "status: x"


def test_times_without_an_offset_are_of_the_workflows_zone(lang: Connection) -> None:
    scope = scope_of(lang) | {"timezone": "Europe/Amsterdam"}
    result = call(lang, "_compile_condition", {"due_at": {"gt": "2026-07-01T09:00"}}, scope, "if")
    at = datetime.datetime.fromisoformat(result["compiled"]["right"]["literal"])
    assert at == datetime.datetime(2026, 7, 1, 7, tzinfo=datetime.UTC)


def test_reads_and_nodes(lang: Connection) -> None:
    result = condition(lang, {"job.client.owner.name": "x"})
    assert result["reads"] == [["job", "client", "owner", "name"]]
    assert [(node["path"], node["columns"]) for node in result["nodes"]] == [
        (["job"], ["client_id"]),
        (["job", "client"], ["owner_id"]),
        (["job", "client", "owner"], ["name"]),
    ]
    result = condition(lang, {"status": {"changed_from": "x"}})
    assert sorted(map(tuple, result["reads"])) == [
        ("changed",),
        ("job", "status"),
        ("new", "status"),
        ("old", "status"),
    ]


def test_jsonpath(lang: Connection) -> None:
    text = '$.job.data.items[*].total > 5 && $.client.firstName == "$.vars.x" && !($.vars.limit == 1)'
    result = condition(lang, text)
    assert result["compiled"] == {"op": "jsonpath", "path": text, "source": text}
    assert result["reads"] == [["job", "data", "items"], ["client", "firstName"], ["vars", "limit"]]


def test_becomes_is_relative_to_the_row(lang: Connection) -> None:
    found = condition(
        lang, yaml("{status: done, total: {gte: '{{ job.budget }}'}, data.x: '{{ new.title }}'}"), "row", "becomes"
    )
    tests = {test["left"][0]: test for test in found["compiled"]["of"]}
    assert tests["status"]["left"] == ["status"]
    assert tests["total"]["right"] == {"path": ["budget"]}
    assert tests["data"]["left"] == ["data", "x"]
    assert tests["data"]["right"] == {"path": ["title"]}
    assert found["reads"] == found["nodes"] == []
    assert condition(lang, '$.status == "x"', "row", "becomes")["reads"] == []


def test_a_condition_holds_as_it_is_written(lang: Connection) -> None:
    """What is compiled here is what the evaluator takes."""
    context = {
        "v": 1,
        "now": "2026-01-10T12:00:00+00:00",
        "vars": {"limit": 5},
        "job": {
            "status": "done",
            "total": 10.50,
            "done": True,
            "due_at": "2026-01-01T00:00:00+00:00",
            "tags": ["a"],
            "code": "ab   ",
            "data": {"a": [{"b": 6}]},
            "client": {"first_name": "Anna"},
        },
    }
    for text in (
        "{status: done, total: 10.5, done: true}",
        "{due_at: {older_than: 3 days, before: now - 1 hour}}",
        "{tags: {contains: a}}",
        "{code: ab}",
        "{data.a.0.b: {gt: '{{ vars.limit }}'}}",
        "{client.firstName: {starts_with: An}}",
        "{title: null}",
        "$.job.data.a[*].b > $.vars.limit",
        "{any: [{status: x}, {not: {status: y}}]}",
        "{status: {in: [a, done]}}",
    ):
        assert (
            call(lang, "_holds", condition(lang, yaml(text) if text[0] == "{" else text)["compiled"], context) is True
        ), text
