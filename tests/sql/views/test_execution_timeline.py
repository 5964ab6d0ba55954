"""The story of an execution."""

import pytest

from tests.sql.engine.support import Connection, define, fake_clock, happen, perform
from tests.sql.views.plans import fill_history, rows_read


def test_one_row_for_each_thing_in_order(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    workflow = define(
        db, [{"id": "a"}, {"id": "d", "type": "delay", "for": {"literal": "1 day"}}], [("a", "d", "success")]
    )
    happen(db, workflow, {"id": 1})
    fake_clock(db, "2026-11-21 12:01+00")
    perform(db, "transient")
    fake_clock(db, "2026-11-21 12:02+00")
    perform(db)
    rows = db.execute(
        "select to_char(at, 'DD HH24:MI:SS'), happening, step_id, attempt, state, sent_to, detail"
        " from pgwhen.execution_timeline order by at, seq"
    ).fetchall()
    assert rows == [
        ("21 12:00:00", "event", None, None, None, None, 'leads.created {"id": 1}'),
        ("21 12:01:00", "execution started", None, None, None, None, "version 1"),
        ("21 12:01:00", "step started", "a", None, None, None, None),
        ("21 12:01:00", "message", "a", None, None, ["a@example.com"], "http by http"),
        ("21 12:01:00", "attempt", "a", 1, "transient", None, ""),
        ("21 12:02:00", "step started", "d", None, None, None, None),
        ("21 12:02:00", "attempt", "a", 2, "ok", None, ""),
        ("21 12:02:00", "step completed", "a", 2, "completed", None, None),
        ("22 12:02:00", "due: delay", "d", None, None, None, None),
    ]


@pytest.mark.parametrize("analyze", [True, False])
def test_asked_for_one_execution_it_is_index_look_ups(db: Connection, analyze: bool) -> None:
    happen(db, define(db, [{"id": "a"}]), *({"id": n} for n in range(20)))
    perform(db)
    fill_history(db)
    if analyze:
        db.execute("analyze")
    row = db.execute("select execution_id from pgwhen.executions limit 1").fetchone()
    assert row is not None
    query = "select * from pgwhen.execution_timeline where execution_id = "
    assert rows_read(db, f"{query}'{row[0]}'") < 50
    assert rows_read(db, f"{query}%s", row[0]) < 50
