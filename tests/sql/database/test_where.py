"""A test in where means what it means in any condition: each operator on each kind of column, beside _holds."""

import json
from typing import Any

import psycopg
import pytest

from pgwhen.cli.definitions import dump_json
from tests.sql.database.support import Connection, Decimal, grant, publish

TABLE = """
create type stage as enum ('new', 'open', 'won');
create domain short as varchar(20);
create table things (id int primary key, txt text, vc short, loose text collate loose, st stage, i int, b bigint,
  n numeric, f float8,
  yes boolean, u uuid, tz timestamptz, ts timestamp, d date, t time, iv interval, j jsonb, a text[], c char(4),
  nm name, ip inet);
"""

ROWS = """
insert into things
select x.* from jsonb_populate_recordset(null::things, '[
 {"id": 1},
 {"id": 2, "txt": "", "vc": "", "loose": "", "st": "new", "i": 0, "b": 0, "n": 0, "f": 0, "yes": false, "j": {},
   "a": [], "c": "", "nm": ""},
 {"id": 3, "txt": "abc", "vc": "abc", "loose": "abc", "st": "open", "i": 5, "b": 5, "n": 5.0, "f": 0.1, "yes": true,
  "u": "00000000-0000-0000-0000-00000000000A", "tz": "2026-01-10T12:00:00Z", "ts": "2026-01-10T12:00:00",
   "d": "2026-01-10", "t": "12:00",
  "iv": "1 day", "j": {"k": 5, "s": "x"}, "a": ["x", "y"], "c": "ab", "nm": "abc", "ip": "10.0.0.1"},
 {"id": 4, "txt": "ABC", "vc": "Zoë", "loose": "ABC", "st": "won", "i": -7, "b": 9223372036854775807, "n": "NaN",
   "f": "Infinity", "yes": true,
  "u": "ffffffff-0000-0000-0000-000000000001", "tz": "infinity", "ts": "-infinity", "d": "2026-01-11",
   "t": "23:59:59.5",
  "iv": "1 mon", "j": [1, "x", null], "a": [null], "c": "abcd", "nm": "ABC", "ip": "10.0.0.2"},
 {"id": 5, "txt": "a%_\\\\''é", "vc": "5", "loose": "zz", "st": "open", "i": 2147483647, "b": -1, "n": 5.5,
   "f": 5, "yes": null,
  "tz": "2026-01-10T00:00:00+00:00", "ts": "2026-01-10T00:00:00", "d": "2025-12-31", "t": "00:00",
   "iv": "-3 days", "j": "abc", "c": "zz"},
 {"id": 6, "txt": "5", "j": 5, "n": 10.20, "f": 1e-7, "i": 6, "b": 6, "st": "new",
   "tz": "2026-01-09T23:59:59.999999Z", "d": "2026-01-09", "ts": "2026-01-09T01:02:03"}
]') x;
update things set j = 'null' where id = 4;
"""

NOW = "2026-01-10T12:00:00+00:00"

#: Operands for every column; those of another type are given by a path, which no type check stops.
OPERANDS: list[Any] = [
    "abc", "ABC", "", "5", 5, 5.5, Decimal("5.0"), 0, -7, Decimal("9223372036854775808"), "NaN", "1e400", True,
    False, "true",
    "00000000-0000-0000-0000-00000000000a", "2026-01-10", "2026-01-10T12:00:00+00:00", "2026-01-10T12:00:00",
    "infinity", "12:00",
    "1 day", {"k": 5}, ["x"], [], "new", "lost", "a%_\\'é", "zo", None, "b", "5.5", "10.0.0.1",
]  # fmt: skip
LISTS: list[Any] = [
    ["abc", "5", "new"], [5, 5.5, -7, None], [], [None], ["abc", {"x": 1}], [True], ["2026-01-10",
    "2026-01-10T12:00:00Z"], "abc", 5,
    ["00000000-0000-0000-0000-00000000000a"], [Decimal("99999999999999999999"), 6], ["lost"], None,
]  # fmt: skip
DURATIONS: list[Any] = ["1 day", "12 hours", "2 days", "0 seconds", "never", 5, None]

KINDS = {
    "txt": "text", "vc": "text", "loose": "text", "st": "text", "i": "numeric", "b": "numeric", "n": "numeric",
    "f": "numeric", "yes": "boolean",
    "u": "uuid", "tz": "timestamptz", "ts": "timestamp", "d": "date", "t": "time", "iv": "interval", "j": "jsonb",
    "a": "array", "c": "bpchar",
    "nm": "text", "ip": "text",
}  # fmt: skip

OPERATORS = {
    **dict.fromkeys(
        ("eq", "ne", "gt", "gte", "lt", "lte", "contains", "starts_with", "ends_with", "matches", "before", "after"),
        OPERANDS,
    ),
    **dict.fromkeys(("in", "not_in"), LISTS),
    **dict.fromkeys(("within", "older_than"), DURATIONS),
    **dict.fromkeys(("is_empty", "is_not_empty"), (True, False)),
}


@pytest.fixture
def things(db: Connection) -> Connection:
    """A table with a column of each kind."""
    try:
        db.execute("create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    except psycopg.errors.FeatureNotSupported:
        db.execute('create collation loose from "C"')  # a build without ICU
    db.execute(TABLE)
    db.execute(ROWS)
    grant(db, "things")
    return db


def judge(db: Connection, *given: tuple[Any, Any]) -> list[tuple[list[int], list[int]]]:
    """For each condition in its context the ids of the rows that it meets, in SQL and by _holds."""
    return db.execute(
        "with given as materialized (select g.value -> 0 as condition, g.value -> 1 as context, g.ordinality as n"
        "  from jsonb_array_elements(%s) with ordinality g), sql as materialized ("
        " select g.*, pgwhen_sandbox.run_statement('select t.id from public.things t where ' || w.clause || ' order"
        " by id', w.p_values, 'public', null, '{}')"
        "  as found from given g, pgwhen._where_sql(g.condition, g.context, 'public.things'::regclass, '[]') w)"
        " select array(select (r ->> 'id')::int from jsonb_array_elements(s.found -> 'rows') r),"
        "  array(select thing.id from things thing"
        "   where pgwhen._holds(s.condition, s.context || jsonb_build_object('$row', to_jsonb(thing))) order by id)"
        " from sql s order by s.n",
        [dump_json(list(given))],
    ).fetchall()


@pytest.mark.parametrize("operator", OPERATORS)
def test_sql_and_conditions_agree(things: Connection, operator: str) -> None:
    things.execute("set datestyle = 'German'; set intervalstyle = 'postgres'")
    given = []
    for column, kind in KINDS.items():
        for operand in OPERATORS[operator]:
            type_ = kind
            if kind == "jsonb" and operator not in ("eq", "ne", "in", "not_in", "contains", "is_empty", "is_not_empty"):
                type_ = "numeric" if isinstance(operand, int) else "text"
            rights = ({"literal": operand}, {"path": ["input"]})
            for right in rights[:1] if operator.startswith("is_") else rights:
                test = {"op": operator, "left": ["$row", column], "type": type_, "right": right}
                context = {"input": operand, "now": NOW}
                given += [(test, context), ({"op": "not", "of": test}, context)]
    found = judge(things, *given)
    assert [(g, f) for g, f in zip(given, found, strict=True) if f[0] != f[1]] == []
    assert any(held for _, held in found)


def test_parts_of_json_all_and_any(things: Connection) -> None:
    part = {"op": "gte", "left": ["$row", "j", "k"], "type": "numeric", "right": {"literal": 5}}
    text = {"op": "eq", "left": ["$row", "txt"], "type": "text", "right": {"literal": "5"}}
    unknown = {"op": "eq", "left": ["$row", "txt"], "type": "text", "right": {"path": ["input", "nothing"]}}
    for condition, ids in (
        (part, [3]),
        ({"op": "any", "of": [part, text, unknown]}, [3, 6]),
        ({"op": "all", "of": [part, text]}, []),
        ({"op": "not", "of": {"op": "any", "of": [part, text]}}, []),
        ({"op": "not", "of": {"op": "all", "of": [text, unknown]}}, [2, 3, 4, 5]),
        (unknown, []),
    ):
        assert judge(things, (condition, {"input": {}, "now": NOW})) == [(ids, ids)]


def plan(db: Connection, where: Any, context: Any) -> str:
    """The plan of a query as the step runs it."""
    name = publish(db, {"type": "query", "table": "people", "where": where})
    row = db.execute(
        "select format('select t.id from public.people t where %%s order by t.id limit 1001', w.clause),"
        " w.p_values::text"
        " from pgwhen.steps s join pgwhen.workflows f using (workflow_id)"
        " cross join lateral pgwhen._where_sql(s.compiled #> '{statement,where}', %s, 'public.people'::regclass,"
        " '[]') w"
        " where f.workflow = %s",
        [dump_json(context), name],
    ).fetchone()
    assert row
    query = row[0].replace("$1", f"'{row[1]}'::jsonb")
    return "\n".join(line for (line,) in db.execute(f"explain {query}").fetchall())


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ({"id": "{{ input }}"}, 77),
        ({"email": "{{ input }}"}, "77@example.com"),
        ({"email": {"in": "{{ input }}"}}, ["77@example.com", "78@example.com", "none"]),
        ({"code": "{{ input }}"}, "00000000-0000-0000-0000-000000000077"),
        ({"seen": {"gt": "{{ input }}"}}, "2026-01-01T02:46:30Z"),
        ({"seen": {"within": "1 minute"}}, None),
        ({"stage": "won"}, None),
        ({"total": "{{ input }}"}, 77.5),
    ],
)
def test_an_indexed_column_is_found_by_its_index(db: Connection, where: Any, value: Any) -> None:
    db.execute(
        "create type stage as enum ('new', 'won');"
        "create table people (id bigint primary key, email varchar(100) unique, code uuid unique, seen timestamptz,"
        " stage stage, total numeric);"
        "create index on people (seen); create index on people (stage); create index on people (total);"
        "insert into people select n, n || '@example.com', lpad(n::text, 32, '0')::uuid, timestamptz '2026-01-01Z' +"
        " n * interval '1 second',"
        " case n %% 5000 when 0 then 'won' else 'new' end::stage, n + 0.5 from generate_series(1, 10000) n; analyze"
        " people".replace("%%", "%")
    )
    grant(db, "people")
    text = plan(db, where, {"input": value, "now": "2026-01-01T00:01:00+00:00"})
    assert "Index Cond" in text and "Seq Scan" not in text, text


def test_where_of_a_definition_is_compiled_against_the_table(things: Connection) -> None:
    name = publish(
        things,
        {"type": "query", "table": "things", "where": {"i": {"gte": 1, "lt": 6}, "j.k": 5, "txt": "{{ input.x }}"}},
    )
    (compiled,) = things.execute(
        "select compiled #> '{statement,where}' from pgwhen.steps s join pgwhen.workflows w using (workflow_id)"
        " where workflow = %s",
        [name],
    ).fetchone() or ({},)
    assert sorted(json.dumps(test["left"]) for test in compiled["of"]) == [
        '["$row", "i"]',
        '["$row", "i"]',
        '["$row", "j", "k"]',
        '["$row", "txt"]',
    ]
