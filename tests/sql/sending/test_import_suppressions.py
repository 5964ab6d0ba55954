"""import_suppressions: what is right counts, what is wrong is told by its place."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

Connection = psycopg.Connection[Any]


def _import(db: Connection, rows: Any) -> dict[str, Any]:
    (result,) = db.execute("select pgwhen.import_suppressions(%s)", [json.dumps(rows)]).fetchone() or ()
    return dict(result)


def test_rows_right_wrong_and_twice(db: Connection) -> None:
    rows = [
        {"channel": "email", "address": "A@example.com", "reason": "bounce", "at": "2026-01-02T03:04:05Z"},
        {"channel": "email", "address": "a@example.com", "reason": "bounce"},
        {"channel": "sms", "address": "0031612345678"},
        {"channel": "post", "address": "x"},
        {"address": "x"},
        {"channel": "email", "address": "a@example.com", "category": "Not One"},
        {"channel": "email", "address": "a@example.com", "at": "never"},
        "text",
        None,
    ]
    result = _import(db, rows)
    assert (result["written"], result["known"]) == (2, 1)
    assert [refused["row"] for refused in result["refused"]] == [4, 5, 6, 7, 8, 9]
    stored = db.execute("select at::text, address, reason from pgwhen.suppressions order by channel").fetchall()
    assert stored[0] == ("2026-01-02 03:04:05+00", "a@example.com", "bounce")
    assert stored[1][1:] == ("+31612345678", "manual")
    assert db.execute("select detail ->> 'written' from pgwhen.audit_log").fetchall() == [("2",)]


@pytest.mark.parametrize("rows", [{}, "x", 3, None])
def test_what_is_no_list_is_refused(db: Connection, rows: Any) -> None:
    with pytest.raises(psycopg.Error) as error:
        _import(db, rows)
    assert error.value.sqlstate == "WF415"


def test_an_empty_list(db: Connection) -> None:
    assert _import(db, []) == {"written": 0, "known": 0, "refused": []}


def test_only_an_operator_may(connect: Callable[..., Connection]) -> None:
    for role in ("pgwhen_app", "pgwhen_viewer", "pgwhen_author"):
        with connect(role) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
            _import(session, [])
    with connect("pgwhen_operator") as session:
        assert _import(session, [{"channel": "chat", "address": "C1"}])["written"] == 1
