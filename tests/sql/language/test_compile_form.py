"""Forms at publishing: what is wrong with them and where, and what they read."""

import json
from typing import Any

import jsonschema
import psycopg
import pytest

from tests.sql.language.support import apply, call, condition, errors, problems, scope_of, workflow, yaml

Connection = psycopg.Connection[Any]


def compile_value(db: Connection, written: str, **scope: Any) -> Any:
    return call(db, "_compile_value", json.dumps(yaml(written)), json.dumps(scope_of(db) | scope), "x")


#: (value, code, place, part of message or hint)
WRONG = [
    ("{$smu: [1]}", "WF003", "x", "did you mean $sum?"),
    ("{$sum: [1], a: 2}", "WF003", "x", "a form has one key"),
    ("{$sum: [1], $avg: [1]}", "WF003", "x", "a form has one key"),
    ("{$sum: 5}", "WF070", "x.$sum", "5 is not a list"),
    ("{$sum: '{{ job.title }}'}", "WF021", "x.$sum", "a list is needed"),
    ("{$sum: '{{ job.titel }}'}", "WF016", "x.$sum", "job.title"),
    ("{$sum: {$add: [1, 2]}}", "WF021", "x.$sum", "a list is needed"),
    ("{$add: 5}", "WF070", "x.$add", "not a list of numbers"),
    ("{$add: []}", "WF070", "x.$add", "the sum of a list is $sum"),
    ("{$sub: [1, 2, 3]}", "WF070", "x.$sub", "two numbers"),
    ("{$add: [1, abc]}", "WF021", "x.$add[1]", "a number"),
    ("{$add: [1, '{{ job.title }}']}", "WF021", "x.$add[1]", "a number is needed"),
    ("{$add: [1, {$concat: [a, b]}]}", "WF021", "x.$add[1]", "a number is needed"),
    ("{$round: {digits: 2}}", "WF005", "x.$round", "$round needs value"),
    ("{$round: {value: 1, digits: two}}", "WF070", "x.$round.digits", "whole number"),
    ("{$round: {value: 1, digit: 2}}", "WF003", "x.$round.digit", "did you mean digits?"),
    ("{$if: {if: {done: true}, then: 1, otherwise: 2}}", "WF003", "x.$if.otherwise", "it has if, then, else"),
    ("{$if: {if: {dnoe: true}, then: 1}}", "WF016", "x.$if.if.dnoe", "done"),
    ("{$if: {then: 1}}", "WF005", "x.$if", "needs if"),
    ("{$case: [{else: 1}, {if: {done: true}, then: 2}]}", "WF070", "x.$case[0]", "the last may be"),
    ("{$case: [{if: {done: true}}]}", "WF070", "x.$case[0]", "a case is"),
    ("{$case: {}}", "WF070", "x.$case", "not a list of cases"),
    ("{$map: {in: [1]}}", "WF005", "x.$map", "needs value"),
    ("{$map: {in: [1], value: 5}}", "WF071", "x.$map.value", "the same for every item"),
    ("{$sort: {in: '{{ job.data.items }}', by: total}}", "WF071", "x.$sort.by", "{{ item.total }}"),
    ("{$map: {in: [1], as: job, value: '{{ job.title }}'}}", "WF072", "x.$map.as", "means something else"),
    ("{$map: {in: [1], as: steps, value: '{{ steps.a }}'}}", "WF072", "x.$map.as", "means something else"),
    ("{$map: {in: [1], as: Line, value: '{{ job.title }}'}}", "WF006", "x.$map.as", "identifier"),
    ("{$filter: {in: [1], if: {item: {gtt: 1}}}}", "WF020", "x.$filter.if.item.gtt", "did you mean gt"),
    ("{$sort: {in: [1], desc: 1}}", "WF002", "x.$sort.desc", "true or false"),
    ("{$date: {field: soon}}", "WF021", "x.$date.field", "is not a time"),
    ("{$date: '{{ job.total }}'}", "WF021", "x.$date.field", "a time is needed"),
    ("{$date: {field: now, trunc: mnth}}", "WF012", "x.$date.trunc", "did you mean month?"),
    ("{$date: {field: now, offset: soon}}", "WF011", "x.$date.offset", "duration"),
    ("{$date: {field: now, timezone: Mars/Base}}", "WF012", "x.$date.timezone", "time zone"),
    ("{$format_date: {field: now}}", "WF005", "x.$format_date", "needs format"),
    ("{$age: {from: now, unit: fortnights}}", "WF012", "x.$age.unit", "not one of"),
    ("{$path: '$.a ? (@.x == $.job.tags[*]).y == $.job.tags[*]'}", "WF073", "x.$path", "too many lists"),
    ("{$path: '$.job.data.**.x.**'}", "WF073", "x.$path", "too many lists"),
    ("{a: {b: [1, '{{ job.titel }}']}}", "WF016", "x.a.b[1]", "job.title"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "code", "place", "part"), WRONG, ids=[case[0] for case in WRONG])
def test_wrong_forms(lang: Connection, written: str, code: str, place: str, part: str) -> None:
    found = compile_value(lang, written)["problems"]
    assert [(problem["code"], problem["path"]) for problem in found] == [(code, place)]
    assert part in f"{found[0]['message']} {found[0]['hint']}"


def test_reads_are_of_the_context_and_not_of_the_item(lang: Connection) -> None:
    found = compile_value(
        lang,
        "{$map: {in: '{{ job.data.items }}', as: line, value: {$mul: ['{{ line.total }}', '{{"
        " job.client.owner.id }}']}}}",
    )
    assert found["problems"] == []
    assert found["reads"] == [["job", "data", "items"], ["job", "client", "owner", "id"]]
    assert found["compiled"]["picks"] == [["job", "client", "owner", "id"]]
    assert [node["path"] for node in found["nodes"]][-1] == ["job", "client", "owner"]


def test_a_step_that_a_form_reads_has_to_come_before(lang: Connection) -> None:
    first = {"id": "a", "type": "stop", "if": {"total": {"gt": {"$round": {"$path": "$.steps.b.output.segments"}}}}}
    assert ("WF023", "steps[0]") in errors(lang, workflow(first, {"id": "b", "type": "sms", "to": "1", "text": "x"}))


TEMPLATES = [
    ({"id": "a", "type": "http", "url": "http://x", "json": {"total": {"$sum": [1, 2]}}}, "steps[0].json.total.$sum"),
    ({"id": "a", "type": "http", "url": "http://x", "json": [{"a": [{"$if": {}}]}]}, "steps[0].json[0].a[0].$if"),
]


@pytest.mark.parametrize(("step", "place"), TEMPLATES)
def test_a_form_in_a_template_is_refused(lang: Connection, step: dict[str, Any], place: str) -> None:
    found = problems(lang, workflow(step))
    assert [(row[1], row[2]) for row in found] == [("WF074", place)]
    assert "transform step" in found[0][4]


def test_other_keys_with_a_dollar_are_sent_as_they_stand(lang: Connection) -> None:
    assert (
        problems(
            lang, workflow({"id": "a", "type": "http", "url": "http://x", "json": {"$ref": "#/x", "$set": {"a": 1}}})
        )
        == []
    )


#: What the schema sees without the tables.
SHAPES = {
    '{"$round": "{{ job.total }}"}': True,
    '{"$round": {"value": 1.5}}': True,
    '{"a": [{"b": "{{ job.total }}"}]}': True,
    '{"$literal": {"$x": 1}}': True,
    '{"$smu": [1]}': False,
    '{"$sum": [1], "a": 1}': False,
    '{"$sum": 5}': False,
    '{"$add": 5}': False,
    '{"$sub": [1]}': False,
    '{"$round": {"digits": 1}}': False,
    '{"$map": {"in": [1]}}': False,
    '{"$date": {"field": "now", "trunc": "moon"}}': False,
    '{"a": {"$smu": 1}}': False,
}


def test_the_schema_knows_the_forms(lang: Connection) -> None:
    definitions = call(lang, "json_schema")["definitions"]
    value = jsonschema.Draft7Validator({"$ref": "#/definitions/value", "definitions": definitions})
    assert {shape: value.is_valid(json.loads(shape)) for shape in SHAPES} == SHAPES
    examples = [row[0] for row in lang.execute("select example from pgwhen._forms()").fetchall()]
    assert [example for example in examples if not value.is_valid(example)] == []


# ---------------------------------------------------------------- conditions


ENUMS = [
    ("{stage: {gt: new}}", "in", {"literal": ["won", "lost"]}),
    ("{stage: {gte: won}}", "in", {"literal": ["won", "lost"]}),
    ("{stage: {lt: new}}", "in", {"literal": []}),
    ("{stage: {lte: won}}", "in", {"literal": ["new", "won"]}),
    (
        "{stage: {gt: '{{ vars.name }}'}}",
        "in",
        {"op": "gt", "labels": ["new", "won", "lost"], "of": {"path": ["vars", "name"]}},
    ),
    ("{stage: won}", "eq", {"literal": "won"}),
]  # fmt: skip


@pytest.mark.parametrize(("written", "op", "right"), ENUMS, ids=[case[0] for case in ENUMS])
def test_enums_compare_in_their_own_order(lang: Connection, written: str, op: str, right: Any) -> None:
    compiled = condition(lang, yaml(written))["compiled"]
    assert (compiled["op"], compiled["right"]) == (op, right)
    stage = {"new": 1, "won": 2, "lost": 3}
    operator = next(iter(yaml(written)["stage"])) if isinstance(yaml(written)["stage"], dict) else "eq"
    operand = "won" if "won" in written or "vars" in written else "new"
    compare = {"gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__, "eq": int.__eq__}[operator]
    for value, place in stage.items():
        context = {"job": {"stage": value}, "vars": {"name": "won"}}
        assert call(lang, "_holds", json.dumps(compiled), json.dumps(context)) is compare(place, stage[operand])


def test_a_label_that_the_enum_does_not_have_is_unknown(lang: Connection) -> None:
    compiled = condition(lang, {"stage": {"gt": "{{ vars.name }}"}})["compiled"]
    for name in ("gone", None):
        context = {"job": {"stage": "won"}, "vars": {"name": name}}
        assert call(lang, "_holds", json.dumps(compiled), json.dumps(context)) is None


#: Patterns that take PostgreSQL seconds or more, or could.
HOSTILE = [
    "(a?){255}(a?){255}(a?){255}(a?){255}b",
    "((a{0,14}){0,14}){0,14}b",
    r"(.*)(.*)(.*)\1\2\3x",
    "(?=.*a)(?=.*b)(?=.*c)(?=.*d)x",
    "a?" * 300 + "b",
    "a" * 1001,
]
HARMLESS = [
    r"^\+31[0-9]{9}$",
    "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$",
    r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    "^(?:a|b)+(?=c)",
    "^.{1,255}$",
    "(?i)invoice [[:digit:]]{4,}",
    r"\{x\}|\\1",
]


@pytest.mark.parametrize("pattern", HOSTILE, ids=lambda pattern: pattern[:30])
def test_a_regular_expression_that_could_hang_is_refused(lang: Connection, pattern: str) -> None:
    wanted = "WF021" if len(pattern) > 1000 else "WF073"
    assert errors(lang, workflow({"id": "a", "type": "stop", "if": {"title": {"matches": pattern}}})) == [
        (wanted, "steps[0].if.title.matches")
    ]
    path = "$.job.title like_regex " + json.dumps(pattern)
    assert errors(lang, workflow({"id": "a", "type": "stop", "if": path})) == [("WF073", "steps[0].if")]
    assert call(lang, "_pattern_problem", pattern) is not None


@pytest.mark.parametrize("pattern", HARMLESS)
def test_a_usual_regular_expression_is_accepted(lang: Connection, pattern: str) -> None:
    assert call(lang, "_pattern_problem", pattern) is None
    assert errors(lang, workflow({"id": "a", "type": "stop", "if": {"title": {"matches": pattern}}})) == []


def test_a_regular_expression_from_data_is_bounded_when_it_is_there(lang: Connection) -> None:
    compiled = condition(lang, {"title": {"matches": "{{ vars.name }}"}})["compiled"]
    results = [
        call(
            lang, "_holds", json.dumps(compiled), json.dumps({"job": {"title": "a" * 5000}, "vars": {"name": pattern}})
        )
        for pattern in ("^a+$", "^b", "(", *HOSTILE)
    ]
    assert results == [True, False, None, *[None] * len(HOSTILE)]


DEGREES = {
    "$.job.total > 5": 1,
    '$.job.total > 500 && $.job.client.city like_regex "^U" && $.job.a == 1': 1,
    "$.job.items[*].total > $.job.limit": 2,
    "$.a + $.b - $.c > $.d": 2,
    "$.job.items[*] ? (@.n > 1.6).n": 1,
    "$.job.items[*] ? (@.n > 1 && @.m == 2 || @.k == 3).lines[*].n": 1,
    "$.job.items[*] ? (@.n == $.job.tags[*])": 2,
    "$.a[*] ? (@.x[*] == @.y[*])": 2,
    "$.a[*] ? (@.x == $.b[*] ? (@ == $.c[*]))": 3,
    'exists ($.a[*] ? (@."$.x == $.y" == 1))': 1,
    "$.job.items.size() > 5": 1,
}


def test_how_the_time_of_a_path_grows(lang: Connection) -> None:
    assert {path: call(lang, "_path_degree", path) for path in DEGREES} == DEGREES


@pytest.mark.timeout(30)
def test_a_path_that_compares_large_lists_is_not_evaluated(lang: Connection) -> None:
    compiled = condition(lang, "$.job.tags == $.job.data")["compiled"]
    small, large = list(range(500)), list(range(50_000))
    assert call(lang, "_holds", json.dumps(compiled), json.dumps({"job": {"tags": small, "data": [499]}})) is True
    with pytest.raises(psycopg.Error, match="compares lists") as caught:
        call(
            lang, "_holds", json.dumps(compiled), json.dumps({"job": {"tags": large, "data": [-x - 1 for x in large]}})
        )
    assert caught.value.sqlstate == "WF139"
    # A long text is not a list.
    text = json.dumps({"job": {"tags": ["x" * 500_000], "data": [1]}})
    assert call(lang, "_holds", json.dumps(compiled), text) is None


def test_conditions_take_forms_as_operands(own: Connection) -> None:
    steps = yaml("""
        - {id: a, type: stop, if: {total: {gt: {$mul: ['{{ job.budget }}', 0.9]}}}}
        - {id: b, type: stop, if: {status: {in: {$map: {in: ['{{ vars.name }}'], value: '{{ item }}!'}}}}}
        - {id: c, type: stop, if: {status: {in: [open, {$concat: ['{{ vars.name }}', x]}]}}}
        - {id: d, type: stop, if: {due_at: {before: {$date: {field: now, offset: 2 hours}}}}}
        - {id: e, type: stop, if: {tags: {contains: {$first: '{{ job.tags }}'}}}}
        - {id: f, type: stop, if: {total: {changed_to: {$add: [1, 1]}}}}
    """)
    for step in steps:
        assert errors(own, workflow(step, vars={"name": "x"})) == []
    apply(own, workflow(*steps[:1]))
