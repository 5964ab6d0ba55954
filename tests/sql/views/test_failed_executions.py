"""Failed steps, through the table failures."""

import pytest

from tests.sql.engine.support import Connection, count, define, happen, perform
from tests.sql.views.plans import fill_history, rows_read


def test_one_row_a_failed_step_until_it_is_retried(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1}, {"id": 2})
    perform(db, "permanent")
    rows = db.execute(
        "select workflow, status, step_id, type, generation, attempt, step_status, error_class, error_code,"
        " error_message, sent_to from pgwhen.failed_executions"
    ).fetchall()
    assert (
        rows
        == [("w", "failed", "a", "http", 1, 1, "failed", "permanent", "test", "a permanent answer", ["a@example.com"])]
        * 2
    )
    db.execute("select pgwhen.retry_executions(array_agg(execution_id)) from pgwhen.failed_executions")
    assert count(db, "pgwhen.failed_executions") == 0


def test_uncertain_and_went_on(db: Connection) -> None:
    happen(db, define(db, [{"id": "a", "on_uncertain": "stop"}]), {"id": 1})
    perform(db, "uncertain")
    assert db.execute("select status, step_status from pgwhen.failed_executions").fetchall() == [
        ("waiting", "uncertain")
    ]


@pytest.mark.parametrize("analyze", [True, False])
def test_history_is_entered_by_primary_key_only(db: Connection, analyze: bool) -> None:
    happen(db, define(db, [{"id": "a"}]), *({"id": n} for n in range(5)))
    perform(db, "permanent")
    fill_history(db)
    if analyze:
        db.execute("analyze")
    assert rows_read(db, "select * from pgwhen.failed_executions") < 100
