"""Values: literals, paths with a default, text put together, times relative to now, SQL/JSON paths."""

import json
from typing import Any

import psycopg

Db = psycopg.Connection[Any]

CONTEXT = """{"v": 1, "now": "2026-03-29T00:30:00+00:00",
  "job": {"title": "Boiler", "total": 10.20, "big": 9223372036854775808, "paid": true, "note": null, "empty": "",
          "tags": ["a", "b"], "client": {"first_name": "Zoë"}, "items": [{"n": 1.50}, {"n": 2}], "none": []}}"""


def value(db: Db, compiled: str, context: str = CONTEXT) -> str | None:
    """What _value makes of a compiled value, as JSON text."""
    row = db.execute("select pgwhen._value(%s::jsonb, %s::jsonb)::text", [compiled, context]).fetchone()
    assert row is not None
    result: str | None = row[0]
    return result


LITERALS_AND_PATHS = [
    ('{"literal": "x"}', '"x"'),
    ('{"literal": 10.20}', "10.20"),
    ('{"literal": {"path": ["job"]}}', '{"path": ["job"]}'),
    ('{"literal": "{{ job.title }}"}', '"{{ job.title }}"'),
    ('{"literal": false}', "false"),
    ('{"literal": null}', None),
    ('{"path": ["job", "total"]}', "10.20"),
    ('{"path": ["job", "big"]}', "9223372036854775808"),
    ('{"path": ["job", "client", "first_name"]}', '"Zoë"'),
    ('{"path": ["job", "items", "0", "n"]}', "1.50"),
    ('{"path": ["job", "note"]}', None),
    ('{"path": ["job", "absent"]}', None),
    ('{"path": ["job", "title", "absent"]}', None),
    ('{"path": ["client", "absent", "absent"]}', None),
    ('{"path": ["job", "note"], "default": 5}', "5"),
    ('{"path": ["job", "absent"], "default": "x"}', '"x"'),
    ('{"path": ["job", "absent"], "default": null}', None),
    ('{"path": ["job", "empty"], "default": "x"}', '""'),
    ('{"path": ["job", "paid"], "default": false}', "true"),
    ("{}", None),
    ("null", None),
]


def test_literals_and_paths(db: Db) -> None:
    assert [(compiled, value(db, compiled)) for compiled, _ in LITERALS_AND_PATHS] == LITERALS_AND_PATHS


TEXTS = [
    ('{"literal": "Dear "}, {"path": ["job", "client", "first_name"]}', '"Dear Zoë"'),
    ('{"path": ["job", "total"]}, {"literal": "/"}, {"path": ["job", "big"]}', '"10.20/9223372036854775808"'),
    ('{"path": ["job", "paid"]}, {"literal": " "}, {"path": ["job", "tags"]}', '"true [\\"a\\", \\"b\\"]"'),
    ('{"literal": "a"}, {"path": ["job", "note"]}', None),
    ('{"literal": "a"}, {"path": ["job", "note"], "default": "-"}', '"a-"'),
    ('{"literal": "a"}, {"path": ["job", "note"], "default": ""}', '"a"'),
    ('{"literal": "{{"}, {"path": ["job", "title"]}', '"{{Boiler"'),
    ("", '""'),
]


def test_text_put_together_is_missing_when_a_part_is(db: Db) -> None:
    assert [(parts, value(db, f'{{"concat": [{parts}]}}')) for parts, _ in TEXTS] == TEXTS


SHIFTS = {
    "": '"2026-03-29T00:30:00+00:00"',
    "2 hours": '"2026-03-29T02:30:00+00:00"',
    "-1 days": '"2026-03-28T00:30:00+00:00"',
    "1 day": '"2026-03-30T00:30:00+00:00"',
    "-02:00:00": '"2026-03-28T22:30:00+00:00"',
    "1 mon": '"2026-04-29T00:30:00+00:00"',
}


def test_now_is_the_context_s_clock_whatever_the_session_s_zone(db: Db) -> None:
    for zone in ("UTC", "Europe/Amsterdam"):
        db.execute("select set_config('timezone', %s, false)", [zone])
        assert {shift: value(db, f'{{"now": "{shift}"}}') for shift in SHIFTS} == SHIFTS


PATHS = [
    ("$.job.total", "10.20"),
    ("$.job.absent", None),
    ("$.job.note", None),
    ("$.job.items[0].n", "1.50"),
    ("$.job.items[last].n", "2"),
    # A path that may find several gives a list, whatever it finds.
    ("$.job.items[*].n", "[1.50, 2]"),
    ("$.job.items[0 to 1].n", "[1.50, 2]"),
    ("$.job.items[*] ? (@.n > 1.6).n", "[2]"),
    ("$.job.none[*]", "[]"),
    ("$.job.items[0, 1].n", "[1.50, 2]"),
    ("$.job.items.size()", "2"),
    ('$.job."to"', None),
]


def test_sql_json_paths(db: Db) -> None:
    assert [(path, value(db, json.dumps({"jsonpath": path}))) for path, _ in PATHS] == PATHS


def test_a_list_of_values(db: Db) -> None:
    assert (
        value(db, '{"list": [{"literal": 1}, {"path": ["job", "total"]}, {"path": ["job", "note"]}]}')
        == "[1, 10.20, null]"
    )


def test_text_renders_exactly(db: Db) -> None:
    cases = {
        '"Zoë"': "Zoë",
        "10.20": "10.20",
        "1e400": "1" + "0" * 400,
        "true": "true",
        "null": None,
        '[1, "a"]': '[1, "a"]',
    }
    found = {given: db.execute("select pgwhen._text(%s::jsonb)", [given]).fetchone() for given in cases}
    assert found == {given: (text,) for given, text in cases.items()}
