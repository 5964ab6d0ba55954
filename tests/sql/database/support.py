"""Workflows of database steps, started by an event, and the poller's part of them in a few lines."""

import itertools
import json
from decimal import Decimal
from typing import Any

import psycopg

from pgwhen.cli.definitions import dump_json
from pgwhen.poller.templates import loads

Connection = psycopg.Connection[Any]

POLLER = json.dumps({"id": "test", "contract": 2, "connections": []})
KEYS = ("execution_id", "step_id", "generation", "part", "attempt", "message_id")

_names = itertools.count(1)


def claim(db: Connection, maximum: int = 100, lease: float = 60, poller: str = POLLER) -> list[dict[str, Any]]:
    """Tick and claim; the actions."""
    return list(_json(db, "pgwhen.tick_and_claim(%s, %s, %s)", maximum, lease, poller)["actions"])


def run_one(db: Connection, action: dict[str, Any]) -> dict[str, Any]:
    """Run a claimed step as the poller does: {class, error}."""
    answer: dict[str, Any] = {"again": True}
    while answer.get("again"):
        answer = _json(db, "pgwhen.run_database_step(%s)", json.dumps({key: action[key] for key in KEYS}))
    return answer


def publish(db: Connection, *steps: dict[str, Any], name: str | None = None, **keys: Any) -> str:
    """Apply a workflow that an application event starts; its name."""
    name = name or f"w{next(_names)}"
    steps = tuple({"id": f"s{number}", **step} for number, step in enumerate(steps, 1))
    definition = {"workflow": name, "when": {"event": f"{name}.go"}, "steps": list(steps), **keys}
    db.execute("select pgwhen.apply_definition(%s)", [dump_json(definition)])
    return name


def work(db: Connection) -> list[dict[str, Any]]:
    """Run database steps until none is left; what each call answered."""
    answers = []
    while actions := claim(db):
        answers += [run_one(db, action) for action in actions]
    return answers


def run(db: Connection, *steps: dict[str, Any], input: Any = None, **keys: Any) -> list[dict[str, Any]]:
    """Publish, start once, work: the rows of the steps (step_id, status, reason, output, error) in order."""
    name = publish(db, *steps, **keys)
    db.execute("select pgwhen.emit_event(%s, %s)", [f"{name}.go", dump_json(input or {})])
    work(db)
    return rows(db, name)


def rows(db: Connection, name: str) -> list[dict[str, Any]]:
    """Rows of the steps of a workflow's executions."""
    text = db.execute(
        "select jsonb_agg(jsonb_build_object('id', s.step_id, 'status', s.status, 'reason', s.reason, 'output',"
        " s.output,"
        " 'error', s.error, 'tries', s.tries) order by s.execution_id, t.position)::text"
        " from pgwhen.execution_steps s join pgwhen.executions x using (execution_id)"
        " join pgwhen.workflows w on w.workflow_id = x.workflow_id"
        " join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id"
        " where w.workflow = %s",
        [name],
    ).fetchone()
    assert text
    return list(loads(text[0]))


def output(db: Connection, step: dict[str, Any], input: Any = None) -> Any:
    """The output of one step that completes."""
    (row,) = run(db, step, input=input)
    assert row["status"] == "completed", row
    return row["output"]


def error(db: Connection, step: dict[str, Any], input: Any = None, **keys: Any) -> dict[str, Any]:
    """The error of one step that fails."""
    (row,) = run(db, step, input=input, **keys)
    assert row["status"] == "failed", row
    return dict(row["error"])


def problems(db: Connection, step: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(code, path, hint) of the errors of a step."""
    definition = {"workflow": "w", "when": {"event": "go"}, "steps": [{"id": "s", **step}]}
    found = db.execute("select * from pgwhen.validate_definition(%s)", [dump_json(definition)]).fetchall()
    return [(code, path, hint) for severity, code, path, _, hint in found if severity == "error"]


def grant(db: Connection, table: str, privileges: str = "select, insert, update, delete") -> None:
    """Let workflows use a table."""
    db.execute(f"grant {privileges} on {table} to pgwhen_actions")


def _json(db: Connection, call: str, *parameters: Any) -> Any:
    row = db.execute(f"select {call}::text", parameters).fetchone()
    assert row is not None
    return loads(row[0])


__all__ = ["Connection", "Decimal"]
