"""By filter, in pages."""

import psycopg
import pytest

from tests.sql.engine.support import Connection, define, executions, fake_clock, happen, perform


def test_by_workflow_and_time(db: Connection) -> None:
    first = define(db, [{"id": "a"}], name="first")
    second = define(db, [{"id": "a"}], name="second", attachment_id=first.attachment_id)
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, first, {"id": 1})
    perform(db, "permanent")
    fake_clock(db, "2026-11-21 15:00+00")
    happen(db, second, {"id": 2})
    perform(db, "permanent")
    assert executions(db) == ["failed"] * 4
    query = "select result from pgwhen.retry_failed(%s, %s)"
    assert db.execute(query, ["second", "2026-11-21 14:00+00"]).fetchall() == [("retried",)]
    assert db.execute(query, ["second", "2026-11-21 16:00+00"]).fetchall() == []
    assert db.execute(query, ["second", None]).fetchall() == [("retried",)]
    assert db.execute(query, [None, None]).fetchall() == [("retried",)] * 2
    assert executions(db) == ["running"] * 4


def test_pages_end_although_everything_fails_again_at_once(db: Connection) -> None:
    bad = {"id": "d", "type": "delay", "for": {"path": ["new", "wait"]}}
    happen(db, define(db, [bad]), *({"id": n, "wait": "soon"} for n in range(7)))
    perform(db)
    assert executions(db) == ["failed"] * 7
    after, pages = None, []
    while rows := db.execute("select * from pgwhen.retry_failed(p_after => %s, p_max => 3)", [after]).fetchall():
        after, pages = rows[-1][0], [*pages, len(rows)]
    assert pages == [3, 3, 1]
    assert db.execute("select distinct generation from pgwhen.executions").fetchall() == [(2,)]


def test_an_unfinished_execution_with_a_failure_is_told_so(db: Connection) -> None:
    workflow = define(
        db,
        [{"id": "a", "on_error": "continue"}, {"id": "b", "type": "delay", "for": {"literal": "1 day"}}],
        [("a", "b", "error")],
    )
    happen(db, workflow, {"id": 1})
    perform(db, "permanent")
    assert db.execute("select result from pgwhen.retry_failed()").fetchall() == [("waiting: not finished",)]


def test_an_unknown_workflow_is_an_error_not_an_empty_result(db: Connection) -> None:
    with pytest.raises(psycopg.Error, match="workflow nope does not exist") as error:
        db.execute("select * from pgwhen.retry_failed('nope')")
    assert error.value.sqlstate == "WF200"


@pytest.mark.parametrize("size", [0, -1, 10001, None])
def test_a_page_has_a_size(db: Connection, size: int | None) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select * from pgwhen.retry_failed(p_max => %s)", [size])
    assert error.value.sqlstate == "WF152"
