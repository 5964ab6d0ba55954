"""Values compiled and evaluated over a context, without tables."""

import json
from typing import Any

import psycopg

Db = psycopg.Connection[Any]

#: Nothing is known of the tables, so that any root is accepted.
SCOPE = {
    "loose": True,
    "timezone": "UTC",
    "records": {},
    "steps": {},
    "vars": {"limit": 5, "word": "x"},
    "starts": {"manual": True},
}

CONTEXT = """{"v": 1, "now": "2026-03-29T00:30:00+00:00", "vars": {"limit": 5, "word": "x"},
  "job": {"title": "Roof 🚀", "total": 10.20, "big": 9223372036854775807, "note": null, "empty": "", "paid": true,
          "due_at": "2026-01-31T10:00:00+00:00", "on_day": "2026-01-31", "wall": "2026-03-29T02:30:00",
          "tags": ["b", "a", null, "é"], "none": [], "nested": [[1], [2, 3]], "mixed": [1, "a"],
          "numbers": [1.50, null, 7, "3.25"], "bad": [1, "x"], "days": ["2026-02-01", "2026-01-31T23:00:00-02:00"],
          "items": [{"kind": "a", "total": 1.50, "tags": [1, 2]}, {"kind": "b", "total": 7},
                    {"kind": "a", "total": 3.25}, {"kind": null, "total": null}]}}"""


def compiled(db: Db, written: str, **scope: Any) -> dict[str, Any]:
    """What a value compiles to; problems raise."""
    row = db.execute("select pgwhen._compile_value(%s, %s, 'set.x')", [written, json.dumps(SCOPE | scope)]).fetchone()
    assert row is not None
    result: dict[str, Any] = row[0]
    assert result["problems"] == [], result["problems"]
    return result


def value(db: Db, written: str, context: str = CONTEXT, **scope: Any) -> str | None:
    """What a value comes to, as JSON text, so that numbers are seen as they are."""
    row = db.execute(
        "select pgwhen._value(r -> 'compiled', %s)::text, r -> 'problems' from"
        " pgwhen._compile_value(%s, %s, 'set.x') r",
        [context, written, json.dumps(SCOPE | scope)],
    ).fetchone()
    assert row is not None
    assert row[1] == [], row[1]
    result: str | None = row[0]
    return result


def refusal(db: Db, written: str, context: str = CONTEXT) -> tuple[str | None, str]:
    """SQLSTATE and message of a value that cannot be computed."""
    try:
        found = value(db, written, context)
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary or ""
    return None, str(found)
