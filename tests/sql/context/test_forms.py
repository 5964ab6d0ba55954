"""Every form: values, nulls, missing values, wrong types, unicode, huge numbers, months' ends, both DST days."""

import json
from typing import Any

import psycopg
import pytest

from tests.sql.context.forms import CONTEXT, Db, compiled, refusal, value

#: (written, result as JSON text; None is a missing value)
Cases = list[tuple[str, str | None]]

FORMS: dict[str, Cases] = {
    "$literal": [
        ('{"$literal": "{{ job.title }}"}', '"{{ job.title }}"'),
        ('{"$literal": {"$sum": [1]}}', '{"$sum": [1]}'),
        ('{"$literal": null}', None),
    ],
    "$path": [
        ('{"$path": "$.job.items[*].total"}', "[1.50, 7, 3.25, null]"),
        ('{"$path": "$.job.items[0].total"}', "1.50"),
        ('{"$path": "$.job.total * 2"}', "20.40"),
        ('{"$path": "$.job.absent"}', None),
        ('{"$path": "$.job.absent[*]"}', "[]"),
        ('{"$path": "$.job.items[*] ? (@.total > 2).kind"}', '["b", "a"]'),
        ('{"$path": "$.job.\\"a?[*]\\""}', None),
    ],
    "$default": [
        ('{"$default": ["{{ job.note }}", "{{ job.absent }}", "x"]}', '"x"'),
        ('{"$default": ["{{ job.empty }}", "x"]}', '""'),
        ('{"$default": ["{{ job.note }}"]}', None),
        ('{"$default": [{"$sum": "{{ job.none }}"}, 0]}', "0"),
    ],
    "$if": [
        ('{"$if": {"if": {"job.total": {"gt": 5}}, "then": "{{ job.title }}", "else": 0}}', '"Roof 🚀"'),
        ('{"$if": {"if": {"job.total": {"gt": 50}}, "then": 1, "else": {"$add": [1, 1]}}}', "2"),
        ('{"$if": {"if": {"job.absent": {"gt": 5}}, "then": 1, "else": 2}}', "2"),
        ('{"$if": {"if": {"job.paid": false}, "then": 1}}', None),
        ('{"$if": {"if": "$.job.total > 5", "then": {"a": "{{ job.note }}"}}}', '{"a": null}'),
        # What is not taken is not computed.
        ('{"$if": {"if": {"job.paid": true}, "then": 1, "else": {"$div": [1, 0]}}}', "1"),
    ],
    "$case": [
        ('{"$case": [{"if": {"job.total": {"gt": 50}}, "then": "a"}, {"if": {"job.paid": true}, "then": "b"}]}', '"b"'),
        ('{"$case": [{"if": {"job.total": {"gt": 50}}, "then": "a"}, {"else": "{{ job.total }}"}]}', "10.20"),
        ('{"$case": [{"if": {"job.absent": 1}, "then": "a"}]}', None),
    ],
    "$add": [
        ('{"$add": ["{{ job.total }}", 5]}', "15.20"),
        ('{"$add": ["{{ job.big }}", 1]}', "9223372036854775808"),
        ('{"$add": [0.1, 0.2]}', "0.3"),
        ('{"$add": [1, 2, 3, 4]}', "10"),
        ('{"$add": ["{{ job.note }}", 5]}', None),
        ('{"$add": ["{{ job.absent | default(1) }}", 5]}', "6"),
        ('{"$add": ["{{ job.numbers.3 }}", 0]}', "3.25"),
        ('{"$add": [1e400, 1]}', "1" + "0" * 399 + "1"),
        ('{"$add": [{"$mul": [2, 3]}, {"$sum": "{{ job.numbers }}"}]}', "17.75"),
    ],
    "$sub": [('{"$sub": ["{{ job.total }}", 10.2]}', "0.00"), ('{"$sub": [1, "{{ job.note }}"]}', None)],
    "$mul": [
        ('{"$mul": ["{{ job.total }}", 1.21]}', "12.3420"),
        ('{"$mul": [1e-200, 1e-200]}', "0." + "0" * 399 + "1"),
    ],
    "$div": [
        ('{"$div": ["{{ job.total }}", 4]}', "2.55"),
        ('{"$div": ["{{ job.total }}", 1]}', "10.20"),
        ('{"$div": [1, 3]}', "0.33333333333333333333"),
        ('{"$div": [10, 2]}', "5"),
        ('{"$div": [1, "{{ job.note }}"]}', None),
    ],
    "$round": [
        ('{"$round": 2.5}', "3"),
        ('{"$round": -2.5}', "-3"),
        ('{"$round": {"value": "{{ job.total }}", "digits": 1}}', "10.2"),
        ('{"$round": {"value": 1, "digits": 2}}', "1.00"),
        ('{"$round": {"value": 1250, "digits": -2}}', "1300"),
        ('{"$round": "{{ job.note }}"}', None),
    ],
    "$sum": [
        ('{"$sum": "{{ job.numbers }}"}', "11.75"),
        ('{"$sum": [1, "{{ job.total }}", null]}', "11.20"),
        ('{"$sum": "{{ job.none }}"}', None),
        ('{"$sum": "{{ job.absent }}"}', None),
        ('{"$sum": {"$map": {"in": "{{ job.items }}", "value": {"$mul": ["{{ item.total }}", 2]}}}}', "23.50"),
    ],
    "$avg": [
        ('{"$avg": [1, 2]}', "1.5"),
        ('{"$avg": [1, null, 2]}', "1.5"),
        ('{"$avg": [10.20, 10.20]}', "10.20"),
        ('{"$avg": "{{ job.none }}"}', None),
    ],
    "$min": [
        ('{"$min": {"$path": "$.job.items[*].total"}}', "1.50"),
        ('{"$min": "{{ job.tags }}"}', '"a"'),
        ('{"$min": ["10", "9"]}', '"10"'),
        ('{"$min": "{{ job.days }}"}', '"2026-02-01"'),
        ('{"$min": [null]}', None),
        ('{"$min": "{{ job.none }}"}', None),
    ],
    "$max": [
        ('{"$max": [2, 10, 9]}', "10"),
        ('{"$max": "{{ job.tags }}"}', '"é"'),
        ('{"$max": "{{ job.days }}"}', '"2026-01-31T23:00:00-02:00"'),
        ('{"$max": [false, true]}', "true"),
    ],
    "$count": [
        ('{"$count": "{{ job.items }}"}', "4"),
        ('{"$count": "{{ job.numbers }}"}', "3"),
        ('{"$count": "{{ job.none }}"}', "0"),
        ('{"$count": "{{ job.absent }}"}', "0"),
    ],
    "$distinct": [
        ('{"$distinct": ["b", "a", "b", null, null, 1, 1.0]}', '["b", "a", null, 1]'),
        ('{"$distinct": "{{ job.none }}"}', "[]"),
        ('{"$distinct": "{{ job.absent }}"}', None),
    ],
    "$first": [('{"$first": "{{ job.tags }}"}', '"b"'), ('{"$first": "{{ job.none }}"}', None)],
    "$last": [('{"$last": [1, 2]}', "2"), ('{"$last": [1, null]}', None), ('{"$last": "{{ job.absent }}"}', None)],
    "$filter": [
        ('{"$filter": {"in": "{{ job.numbers }}", "as": "n", "if": {"n": {"gt": 2}}}}', '[7, "3.25"]'),
        ('{"$filter": {"in": "{{ job.tags }}", "if": {"item": {"is_empty": true}}}}', "[null]"),
        (
            '{"$map": {"in": {"$filter": {"in": "{{ job.items }}", "if": {"item.total": {"lt": "{{ vars.limit }}"}}}},'
            ' "value": "{{ item.kind }}"}}',
            '["a", "a"]',
        ),
        ('{"$filter": {"in": "{{ job.items }}", "if": "$.item.total > $.vars.limit"}}', '[{"kind": "b", "total": 7}]'),
        ('{"$filter": {"in": "{{ job.absent }}", "if": {"item": 1}}}', None),
        ('{"$filter": {"in": "{{ job.none }}", "if": {"item": 1}}}', "[]"),
    ],
    "$map": [
        (
            '{"$map": {"in": [1, 2], "value": {"n": "{{ item }}", "t": "{{ job.total }}"}}}',
            '[{"n": 1, "t": 10.20}, {"n": 2, "t": 10.20}]',
        ),
        ('{"$map": {"in": "{{ job.items }}", "as": "line", "value": "{{ line.absent }}"}}', "[null, null, null, null]"),
        # The inner name hides the outer one; another name leaves both in sight.
        (
            '{"$map": {"in": "{{ job.nested }}", "value": {"$map": {"in": "{{ item }}", "value":'
            ' {"$add": ["{{ item }}", 1]}}}}}',
            "[[2], [3, 4]]",
        ),
        (
            '{"$map": {"in": "{{ job.nested }}", "as": "row", "value": {"$map": {"in": "{{ row }}", "as": "n",'
            ' "value": {"$mul": ["{{ n }}", {"$count": "{{ row }}"}]}}}}}',
            "[[1], [4, 6]]",
        ),
        ('{"$map": {"in": ["{{ job.title }}"], "value": "{{ item }}!"}}', '["Roof 🚀!"]'),
    ],
    "$sort": [
        ('{"$sort": "{{ job.tags }}"}', '["a", "b", "é", null]'),
        ('{"$sort": {"in": "{{ job.tags }}", "desc": true}}', '["é", "b", "a", null]'),
        ('{"$sort": [10, 9, 10.0]}', "[9, 10, 10.0]"),
        (
            '{"$map": {"in": {"$sort": {"in": "{{ job.items }}", "by": "{{ item.kind }}"}}, "value":'
            ' "{{ item.total }}"}}',
            "[1.50, 3.25, 7, null]",
        ),
        (
            '{"$map": {"in": {"$sort": {"in": "{{ job.items }}", "as": "i", "by": "{{ i.total }}",'
            ' "desc": true}}, "value": "{{ item.total }}"}}',
            "[7, 3.25, 1.50, null]",
        ),
        ('{"$sort": "{{ job.days }}"}', '["2026-02-01", "2026-01-31T23:00:00-02:00"]'),
        ('{"$sort": "{{ job.none }}"}', "[]"),
    ],
    "$group": [
        (
            '{"$map": {"in": {"$group": {"in": "{{ job.items }}", "by": "{{ item.kind }}"}}, "as": "g",'
            ' "value": {"kind": "{{ g.key }}", "total": {"$sum": {"$path": "$.g.items[*].total"}}}}}',
            '[{"kind": "a", "total": 4.75}, {"kind": "b", "total": 7}, {"kind": null, "total": null}]',
        ),
        ('{"$group": {"in": "{{ job.none }}", "by": "{{ item }}"}}', "[]"),
    ],
    "$concat": [
        ('{"$concat": ["{{ job.title }}", " ", "{{ job.total }}", true]}', '"Roof 🚀 10.20true"'),
        ('{"$concat": ["{{ job.tags }}", [1]]}', '["b", "a", null, "é", 1]'),
        ('{"$concat": ["a", "{{ job.note }}"]}', None),
    ],
    "$join": [
        ('{"$join": "{{ job.tags }}"}', '"b, a, é"'),
        ('{"$join": {"in": "{{ job.numbers }}", "with": "\\n"}}', '"1.50\\n7\\n3.25"'),
        ('{"$join": {"in": "{{ job.none }}"}}', '""'),
        ('{"$join": "{{ job.absent }}"}', None),
    ],
    "$date": [
        ('{"$date": "{{ job.due_at }}"}', '"2026-01-31T10:00:00+00:00"'),
        ('{"$date": {"field": "{{ job.due_at }}", "offset": "1 month"}}', '"2026-02-28T10:00:00+00:00"'),
        ('{"$date": {"field": "{{ job.on_day }}", "offset": "1 month"}}', '"2026-02-28"'),
        ('{"$date": {"field": "2024-02-29", "offset": "1 year"}}', '"2025-02-28"'),
        ('{"$date": {"field": "{{ job.on_day }}", "offset": "9 hours"}}', '"2026-01-31T09:00:00+00:00"'),
        ('{"$date": {"field": "{{ job.due_at }}", "trunc": "month"}}', '"2026-01-01T00:00:00+00:00"'),
        ('{"$date": {"field": "{{ job.on_day }}", "trunc": "quarter", "offset": "-1 day"}}', '"2025-12-31"'),
        ('{"$date": {"field": "{{ job.on_day }}", "trunc": "week"}}', '"2026-01-26"'),
        ('{"$date": {"field": "now", "offset": "30 minutes"}}', '"2026-03-29T01:00:00+00:00"'),
        ('{"$date": {"field": "now + 1 day"}}', '"2026-03-30T00:30:00+00:00"'),
        # The day with 23 hours and the one with 25, in Amsterdam: a day is a day, hours are hours.
        (
            '{"$date": {"field": "2026-03-28T12:00", "offset": "1 day", "timezone": "Europe/Amsterdam"}}',
            '"2026-03-29T10:00:00+00:00"',
        ),
        (
            '{"$date": {"field": "2026-03-28T12:00", "offset": "24 hours", "timezone": "Europe/Amsterdam"}}',
            '"2026-03-29T11:00:00+00:00"',
        ),
        (
            '{"$date": {"field": "2026-10-24T12:00", "offset": "1 day", "timezone": "Europe/Amsterdam"}}',
            '"2026-10-25T11:00:00+00:00"',
        ),
        (
            '{"$date": {"field": "2026-10-24T12:00", "offset": "24 hours", "timezone": "Europe/Amsterdam"}}',
            '"2026-10-25T10:00:00+00:00"',
        ),
        ('{"$date": {"field": "{{ job.wall }}", "timezone": "Europe/Amsterdam"}}', '"2026-03-29T01:30:00+00:00"'),
        (
            '{"$date": {"field": "2026-10-25T01:30:00Z", "trunc": "hour", "timezone": "Europe/Amsterdam"}}',
            '"2026-10-25T01:00:00+00:00"',
        ),
        (
            '{"$date": {"field": "2026-03-29T10:00:00Z", "trunc": "day", "timezone": "Europe/Amsterdam"}}',
            '"2026-03-28T23:00:00+00:00"',
        ),
        ('{"$date": "{{ job.note }}"}', None),
        ('{"$date": {"field": "now", "offset": "{{ job.note }}"}}', None),
    ],
    "$format_date": [
        ('{"$format_date": {"field": "{{ job.due_at }}", "format": "DD.MM.YYYY HH24:MI"}}', '"31.01.2026 10:00"'),
        (
            '{"$format_date": {"field": "2026-07-01T22:30:00Z", "format": "FMDay FMDDth FMMonth'
            ' HH24:MI TZ", "timezone": "Europe/Amsterdam"}}',
            '"Thursday 2nd July 00:30 CEST"',
        ),
        (
            '{"$format_date": {"field": "2026-10-25T00:30:00Z", "format": "HH24:MI OF", "timezone":'
            ' "Europe/Amsterdam"}}',
            '"02:30 +02"',
        ),
        (
            '{"$format_date": {"field": "2026-10-25T01:30:00Z", "format": "HH24:MI OF", "timezone":'
            ' "Europe/Amsterdam"}}',
            '"02:30 +01"',
        ),
        (
            '{"$format_date": {"field": "{{ job.on_day }}", "format": "YYYY-MM-DD", "timezone": "America/New_York"}}',
            '"2026-01-31"',
        ),
        ('{"$format_date": {"field": "now", "format": "TMMonth"}}', '"March"'),
        ('{"$format_date": {"field": "{{ job.note }}", "format": "YYYY"}}', None),
    ],
    "$age": [
        ('{"$age": {"from": "2000-02-29", "to": "2026-02-28", "unit": "years"}}', "25"),
        ('{"$age": {"from": "2000-02-29", "to": "2026-03-01", "unit": "years"}}', "26"),
        ('{"$age": {"from": "2026-01-31", "to": "2026-02-28", "unit": "months"}}', "0"),
        ('{"$age": {"from": "2026-01-28", "to": "2026-02-28", "unit": "months"}}', "1"),
        ('{"$age": {"from": "2026-01-01", "to": "2026-01-14", "unit": "weeks"}}', "1"),
        ('{"$age": {"from": "{{ job.due_at }}", "unit": "days"}}', "56"),
        # One day of 23 hours.
        ('{"$age": {"from": "2026-03-29", "to": "2026-03-30", "unit": "days", "timezone": "Europe/Amsterdam"}}', "1"),
        ('{"$age": {"from": "2026-03-29", "to": "2026-03-30", "unit": "hours", "timezone": "Europe/Amsterdam"}}', "23"),
        ('{"$age": {"from": "2026-10-25", "to": "2026-10-26", "unit": "hours", "timezone": "Europe/Amsterdam"}}', "25"),
        ('{"$age": {"from": "2026-01-02", "to": "2026-01-01T00:00:01", "unit": "days"}}', "0"),
        ('{"$age": {"from": "2026-01-03", "to": "2026-01-01", "unit": "days"}}', "-2"),
        ('{"$age": {"from": "2026-01-01T00:00:00.9Z", "to": "2026-01-01T00:01:30Z", "unit": "minutes"}}', "1"),
        ('{"$age": {"from": "2026-01-01T00:00:00.9Z", "to": "2026-01-01T00:00:02Z", "unit": "seconds"}}', "1"),
        ('{"$age": {"from": "{{ job.note }}", "unit": "days"}}', None),
    ],
}


@pytest.mark.parametrize("form", FORMS)
def test_form(db: Db, form: str) -> None:
    for zone in ("UTC", "America/St_Johns"):
        db.execute("select set_config('timezone', %s, false)", [zone])
        found = [(written, value(db, written)) for written, _ in FORMS[form]]
        assert found == FORMS[form]


def test_every_form_is_in_the_table_and_runs_its_example(db: Db) -> None:
    rows = db.execute("select form, example::text from pgwhen._forms()").fetchall()
    assert [form for form, _ in rows if form not in FORMS] == []
    assert [form for form, example in rows if value(db, example) is None and form != "$min"] == []


REFUSED = [
    ('{"$div": [1, 0]}', "WF138", "$div at set.x: division by zero"),
    ('{"a": {"b": [1, {"$div": [1, {"$sub": [1, 1]}]}]}}', "WF138", "$div at set.x.a.b[1]: division by zero"),
    ('{"$add": ["{{ job.title }}", 1]}', "WF137", '$add at set.x: "Roof 🚀" is not a number'),
    ('{"$add": ["{{ job.paid }}", 1]}', "WF137", "$add at set.x: true is not a number"),
    ('{"$sum": "{{ job.bad }}"}', "WF137", '$sum at set.x: "x" is not a number'),
    ('{"$sum": "{{ job.title }}"}', "WF137", '$sum at set.x: "Roof 🚀" is not a list'),
    ('{"$count": "{{ job.total }}"}', "WF137", "$count at set.x: 10.20 is not a list"),
    ('{"$map": {"in": "{{ job.total }}", "value": "{{ item }}"}}', "WF137", "$map at set.x: 10.20 is not a list"),
    ('{"$min": "{{ job.mixed }}"}', "WF137", "$min at set.x: numbers and strings cannot be put in order"),
    ('{"$sort": "{{ job.items }}"}', "WF137", "$sort at set.x: objects cannot be put in order"),
    (
        '{"$concat": ["a", "{{ job.tags }}"]}',
        "WF137",
        '$concat at set.x: ["b", "a", null, "é"] is a list, and what stands before it is none',
    ),
    ('{"$date": "{{ job.title }}"}', "WF137", '$date at set.x: "Roof 🚀" is not a time of the years 1 to 9999'),
    ('{"$date": "{{ job.total }}"}', "WF137", "$date at set.x: 10.20 is not a time of the years 1 to 9999"),
    (
        '{"$date": {"field": "now", "offset": "{{ job.title }}"}}',
        "WF137",
        '$date at set.x: "Roof 🚀" is not a duration',
    ),
    (
        '{"$age": {"from": "now", "unit": "days", "timezone": "{{ job.title }}"}}',
        "WF137",
        '$age at set.x: "Roof 🚀" is not a time zone',
    ),
    ('{"$mul": [1e600, 1e600]}', "WF138", "$mul at set.x: the result has more than 1,000 digits"),
    ('{"$add": [1e1001, 1]}', "WF138", "$add at set.x: 1" + "0" * 56 + "... has more than 1,000 digits"),
]


@pytest.mark.parametrize(("written", "code", "message"), REFUSED, ids=[case[0][:60] for case in REFUSED])
def test_what_cannot_be_computed_names_form_and_place(db: Db, written: str, code: str, message: str) -> None:
    assert refusal(db, written) == (code, message)


def test_nan_and_infinity_are_no_numbers_of_a_form(db: Db) -> None:
    for word in ("NaN", "Infinity", "-Infinity"):
        context = json.dumps({"job": {"x": word}})
        assert refusal(db, '{"$add": ["{{ job.x }}", 1]}', context)[0] == "WF137"


def test_where_triggers_are_judged_what_cannot_be_computed_is_unknown(db: Db) -> None:
    """The whole operand: a sum does not leave out what is no number."""
    db.execute("select set_config('pgwhen.value_errors', 'unknown', false)")
    operands = [compiled(db, written)["compiled"] for written, _, _ in REFUSED if not written.startswith('{"a"')]
    assert [holds(db, leaf(operand), CONTEXT) for operand in operands] == [None] * len(operands)
    db.execute("select set_config('pgwhen.value_errors', '', false)")
    with pytest.raises(psycopg.Error, match="division by zero"):
        holds(db, leaf(operands[0]), CONTEXT)


def leaf(operand: Any) -> dict[str, Any]:
    return {"op": "gt", "left": ["job", "total"], "type": "numeric", "right": operand}


def holds(db: Db, condition: Any, context: str) -> Any:
    row = db.execute("select pgwhen._holds(%s, %s)", [json.dumps(condition), context]).fetchone()
    assert row is not None
    return row[0]


NESTED: Cases = [
    (
        '{"a": "{{ job.total }}", "b": [1, "{{ job.title }}", {"c": {"$add": [1, 1]}}]}',
        '{"a": 10.20, "b": [1, "Roof 🚀", {"c": 2}]}',
    ),
    ('["{{ job.note }}", null, "x"]', '[null, null, "x"]'),
    ('{"path": ["job"], "literal": 1, "left": "{{ job.total }}"}', '{"left": 10.20, "path": ["job"], "literal": 1}'),
    ('{"é \\" x": "{{ job.total }}"}', '{"é \\" x": 10.20}'),
    ("{}", "{}"),
    ("[]", "[]"),
    ('{"a": {"$literal": "{{ x }}"}}', '{"a": "{{ x }}"}'),
]


def test_values_stand_in_objects_and_lists(db: Db) -> None:
    assert [(written, value(db, written)) for written, _ in NESTED] == NESTED


def test_what_holds_no_expression_compiles_to_one_literal(db: Db) -> None:
    assert compiled(db, '{"a": [1, {"b": "$5"}], "c": {"$literal": "{{"}}')["compiled"] == {
        "literal": {"a": [1, {"b": "$5"}], "c": "{{"}
    }


def test_types_are_known_where_they_can_be(db: Db) -> None:
    types = {
        '{"$sum": "{{ job.x }}"}': "numeric",
        '{"$if": {"if": {"job.a": 1}, "then": 1, "else": 2}}': "numeric",
        '{"$if": {"if": {"job.a": 1}, "then": 1, "else": "x"}}': None,
        '{"$default": [{"$sum": [1]}, 0]}': "numeric",
        '{"$date": "now"}': "timestamptz",
        '{"$map": {"in": [1], "value": "{{ item }}"}}': "array",
        '{"a": "{{ job.a }}"}': "jsonb",
    }
    assert {written: compiled(db, written).get("type") for written in types} == types


# ---------------------------------------------------------------- bounds


def test_a_list_has_at_most_10000_items(db: Db) -> None:
    def context(count: int) -> str:
        return json.dumps({"job": {"items": list(range(count))}})

    assert value(db, '{"$count": "{{ job.items }}"}', context(10_000)) == "10000"
    for written in (
        '{"$count": "{{ job.items }}"}',
        '{"$path": "$.job.items[*]"}',
        '{"$map": {"in": "{{ job.items }}", "value": "{{ item }}"}}',
    ):
        code, message = refusal(db, written, context(10_001))
        assert (code, "10001 items, more than 10,000" in message) == ("WF139", True)
    code, _ = refusal(db, '{"$concat": ["{{ job.items }}", [1]]}', context(10_000))
    assert code == "WF139"


def test_a_result_has_at_most_a_megabyte(db: Db) -> None:
    context = json.dumps({"job": {"text": "x" * 600_000, "items": [0] * 100}})
    for written in (
        '{"$concat": ["{{ job.text }}", "{{ job.text }}"]}',
        '{"$map": {"in": "{{ job.items }}", "value": "{{ job.text }}"}}',
        '{"$join": ["{{ job.text }}", "{{ job.text }}"]}',
    ):
        assert refusal(db, written, context)[0] == "WF139"


@pytest.mark.timeout(60)
def test_forms_within_forms_have_one_budget(db: Db) -> None:
    """A thousand times a thousand is refused before it begins; a list in each item is not."""
    context = json.dumps({"job": {"items": list(range(1000)), "lines": [{"n": [1, 2]}] * 2000}})
    inner = '{"$count": {"$filter": {"in": "{{ job.items }}", "as": "other", "if": {"other": {"gt": "{{ item }}"}}}}}'
    code, message = refusal(db, f'{{"$map": {{"in": "{{{{ job.items }}}}", "value": {inner}}}}}', context)
    assert (code, "too many items" in message) == ("WF139", True)
    linear = (
        '{"$count": {"$map": {"in": "{{ job.lines }}", "as": "line",'
        ' "value": {"$map": {"in": "{{ line.n }}", "value": {"$add": ["{{ item }}", 1]}}}}}}'
    )
    assert value(db, linear, context) == "2000"


def test_an_item_sees_what_it_reads_and_nothing_is_copied_for_it(db: Db) -> None:
    """Ten thousand items beside a megabyte that they do not read."""
    context = json.dumps({"job": {"text": "x" * 1_000_000, "items": list(range(10_000)), "limit": 5}})
    assert (
        value(db, '{"$filter": {"in": "{{ job.items }}", "if": {"item": {"lt": "{{ job.limit }}"}}}}', context)
        == "[0, 1, 2, 3, 4]"
    )
    assert (
        refusal(db, '{"$filter": {"in": "{{ job.items }}", "if": {"item": {"ne": "{{ job.text }}"}}}}', context)[0]
        == "WF139"
    )


def test_a_pattern_has_at_most_200_characters(db: Db) -> None:
    assert refusal(db, json.dumps({"$format_date": {"field": "now", "format": "x" * 201}}))[0] == "WF139"


def test_32_deep_and_no_deeper(db: Db) -> None:
    def nested(depth: int) -> str:
        return '{"$add": [1, ' * depth + "1" + "]}" * depth

    assert value(db, nested(31)) == "32"
    with pytest.raises(AssertionError, match="WF028"):
        value(db, nested(32))


def test_a_step_that_was_published_by_a_later_version_is_refused(db: Db) -> None:
    with pytest.raises(psycopg.Error, match="does not know the form"):
        db.execute('select pgwhen._value(\'{"form": "$new", "place": "x"}\', %s)', [CONTEXT])
