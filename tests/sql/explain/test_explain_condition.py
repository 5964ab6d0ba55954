"""Conditions explained: every leaf with what it compared."""

import json
from typing import Any

import psycopg

Db = psycopg.Connection[Any]

CONTEXT = {
    "now": "2026-01-05T00:00:00+00:00",
    "new": {"status": "done", "total": 400, "note": None},
    "old": {"status": "new"},
    "job": {"total": 400},
}


def leaf(op: str, left: list[str], right: Any, source: str, type_: str = "text") -> dict[str, Any]:
    return {"op": op, "left": left, "type": type_, "right": right, "source": source}


STATUS = leaf("eq", ["new", "status"], {"literal": "done"}, "status: done")
TOTAL = leaf("gte", ["new", "total"], {"path": ["job", "total"]}, "total: {gt: {{ job.total }}}", "numeric") | {
    "op": "gt"
}
NOTE = leaf("eq", ["new", "note"], {"literal": "x"}, "note: x")
CHANGED = leaf("changed_to", ["new", "status"], {"literal": "lost"}, "status: {changed_to: lost}")


def explain(db: Db, condition: Any) -> tuple[Any, str | None]:
    row = db.execute(
        "select e, pgwhen._why_not(e) from pgwhen._explain_condition(%s, %s) e",
        [json.dumps(condition), json.dumps(CONTEXT)],
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_each_leaf_with_both_values_and_its_result(db: Db) -> None:
    explained, why = explain(db, {"op": "all", "of": [STATUS, {"op": "any", "of": [TOTAL, NOTE]}]})
    assert explained == {
        "result": None,
        "leaves": [
            {
                "source": "status: done",
                "left": "new.status",
                "left_value": "done",
                "right_value": "done",
                "result": True,
                "negated": False,
            },
            {
                "source": "total: {gt: {{ job.total }}}",
                "left": "new.total",
                "left_value": 400,
                "right_value": 400,
                "result": False,
                "negated": False,
            },
            {
                "source": "note: x",
                "left": "new.note",
                "left_value": None,
                "right_value": "x",
                "result": None,
                "negated": False,
            },
        ],
    }
    assert why == (
        "total: {gt: {{ job.total }}} does not hold: new.total is 400, compared with 400; "
        "note: x cannot be told: new.note is missing"
    )


def test_under_not_a_leaf_that_holds_is_to_blame(db: Db) -> None:
    explained, why = explain(db, {"op": "not", "of": {"op": "all", "of": [STATUS]}})
    assert explained["result"] is False
    assert explained["leaves"][0]["negated"] is True
    assert why == 'not status: done holds: new.status is "done"'
    assert explain(db, {"op": "not", "of": {"op": "not", "of": STATUS}})[1] is None


def test_what_changed_shows_the_value_before(db: Db) -> None:
    explained, why = explain(db, CHANGED)
    assert explained["leaves"][0]["old_value"] == "new"
    assert why == 'status: {changed_to: lost} does not hold: new.status was "new" and is "done"'


def test_a_sql_json_path_is_one_leaf(db: Db) -> None:
    path = "$.job.total > 500"
    explained, why = explain(db, {"op": "jsonpath", "path": path, "source": path})
    assert explained == {"result": False, "leaves": [{"source": path, "result": False, "negated": False}]}
    assert why == "$.job.total > 500 does not hold"


def test_no_condition_has_no_leaves(db: Db) -> None:
    assert explain(db, None) == ({"result": True, "leaves": []}, None)
