"""How much of the history a query reads."""

from typing import Any

import psycopg

HISTORY = ("executions", "execution_steps", "frozen_messages", "attempts", "events", "logs")

#: Table -> its columns and what goes into them.
FILLING = {
    "executions": (
        "execution_id, event_id, started_at, finished_at, workflow_id, version, trigger_no, tenant, status",
        "id, id, now(), now(), 1, 1, 1, 'default', 'completed'",
    ),
    "execution_steps": (
        "execution_id, queued_at, finished_at, step_id, status",
        "id, now(), now(), 'a', 'completed'",
    ),
    "frozen_messages": (
        "execution_id, frozen_at, generation, part, step_id, channel, message",
        "id, now(), 1, 0, 'a', 'http', '{}'",
    ),
    "attempts": (
        "execution_id, finished_at, generation, attempt, part, step_id, class",
        "id, now(), 1, 1, 0, 'a', 'ok'",
    ),
    "events": (
        "event_id, occurred_at, dispatched_at, tenant, operation, type",
        "id, now(), now(), 'default', 'event', 'x'",
    ),
}


def fill_history(db: psycopg.Connection[Any], rows: int = 20000) -> None:
    """Completed executions of workflow 1, this week, each with a step, a message and an attempt."""
    db.execute(
        "create temp table filled as"
        f" select pgwhen._execution_id(1, n::text, now()) as id from generate_series(1, {rows}) n"
    )
    for table, (columns, values) in FILLING.items():
        db.execute(f"insert into pgwhen.{table} ({columns}) select {values} from filled")


def rows_read(db: psycopg.Connection[Any], query: str, *parameters: Any) -> int:
    """Rows of the history that the query reads, those included that a filter then drops."""
    row = db.execute("explain (analyze, format json, timing off) " + query, parameters).fetchone()
    assert row is not None
    return _read(row[0][0]["Plan"])


def _read(plan: dict[str, Any]) -> int:
    own = 0
    if str(plan.get("Relation Name", "")).startswith(HISTORY):
        own = int((plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"])
    return own + sum(_read(child) for child in plan.get("Plans", []))
