"""The words of execution_logs tables elsewhere."""

from typing import Any

from tests.sql.engine.support import Connection, claim, define, happen, perform, tick


def only(db: Connection) -> dict[str, Any]:
    """The one row as a dictionary."""
    cursor = db.execute("select * from pgwhen.execution_logs")
    assert cursor.description is not None
    (row,) = cursor.fetchall()
    return dict(zip([column.name for column in cursor.description], row, strict=True))


def test_processing_then_completed(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}, {"id": "b"}], [("a", "b", "success")]), {"id": 1, "name": "Ada"})
    tick(db)
    row = only(db)
    assert row["status"] == "processing" and row["completed_at"] is None
    assert (row["workflow_name"], row["trigger_type"]) == ("w", "leads.created")
    assert row["trigger_data"] == {"new": {"id": 1, "name": "Ada"}}
    perform(db)
    perform(db)
    row = only(db)
    assert row["status"] == "completed" and row["error_message"] is None and row["completed_at"] is not None
    assert [(a["id"], a["type"], a["status"], a["attempts"]) for a in row["actions_executed"]] == [
        ("a", "http", "completed", 1),
        ("b", "http", "completed", 1),
    ]


def test_failed_says_why(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "permanent")
    row = only(db)
    assert (row["status"], row["error_message"]) == ("failed", "a permanent answer")


def test_completed_with_failures_names_them(db: Connection) -> None:
    happen(
        db,
        define(db, [{"id": "a", "on_error": "continue"}, {"id": "b"}], [("a", "b", "success"), ("a", "b", "error")]),
        {"id": 1},
    )
    perform(db, "permanent")
    perform(db)
    row = only(db)
    assert (row["status"], row["error_message"]) == ("completed", "a: a permanent answer")


def test_cancelled_is_not_completed(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    claim(db)
    db.execute("select pgwhen.cancel_executions(array_agg(execution_id), 'wrong client') from pgwhen.executions")
    row = only(db)
    assert (row["status"], row["error_message"]) == ("failed", "cancelled: wrong client")
