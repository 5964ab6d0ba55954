"""Compiled workflows made by hand, and a poller in a few lines: the engine without the language and the network."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
Step = dict[str, Any]
Edge = tuple[str, str, str]

RETRY = {"attempts": 3, "backoff": 30, "factor": 2, "max": 3600, "jitter": "none", "within": 72000}
POLLER = json.dumps(
    {"id": "test", "contract": 1, "connections": [{"name": "smtp", "channel": "email", "provider": "smtp"}]}
)


@dataclass(frozen=True, slots=True)
class Workflow:
    """Identity of a workflow that `define` made."""

    workflow_id: int
    attachment_id: int


def attachment(db: Connection, table: str = "leads") -> int:
    """An attachment without a table: what dispatch needs to know of one."""
    return _value(
        db,
        "insert into pgwhen.attachments (schema_name, table_name, alias, key_columns)"
        " values ('public', %s, 'lead', '{id}') returning attachment_id",
        table,
    )


def define(
    db: Connection,
    steps: Sequence[Step],
    edges: Sequence[Edge] = (),
    *,
    name: str = "w",
    attachment_id: int | None = None,
    key: str = "insert:{}",
    trigger: dict[str, Any] | None = None,
    compiled: dict[str, Any] | None = None,
) -> Workflow:
    """Publish a workflow by writing what publishing writes; ``key`` is its match key."""
    attachment_id = attachment_id or attachment(db)
    workflow_id = _value(
        db,
        "insert into pgwhen.workflows (workflow, name, status, active_version, created_at, updated_at)"
        " values (%s, %s, 'active', 1, now(), now()) returning workflow_id",
        name,
        name,
    )
    db.execute(
        "insert into pgwhen.activations values (%s, '2020-01-01', null, 'active')",
        [workflow_id],
    )
    targets = {target for _, target, _ in edges}
    db.execute(
        "insert into pgwhen.versions (workflow_id, version, definition, compiled, roots, published_at)"
        " values (%s, 1, '{}', %s, %s, now())",
        [
            workflow_id,
            json.dumps({"priority": 2, "vars": {}, "reads": []} | (compiled or {})),
            [step["id"] for step in steps if step["id"] not in targets],
        ],
    )
    columns = {"kind": "table", "attachment_id": attachment_id, "operations": ["insert", "update"]} | (trigger or {})
    values = [json.dumps(v) if isinstance(v, dict) else v for v in columns.values()]
    db.execute(
        f"insert into pgwhen.triggers (workflow_id, version, trigger_no, {', '.join(columns)})"
        f" values (%s, 1, 1, {', '.join(['%s'] * len(columns))})",
        [workflow_id, *values],
    )
    db.execute(
        "insert into pgwhen.trigger_keys (match_key, workflow_id, trigger_no, version) values (%s, %s, 1, 1)",
        [key.format(attachment_id), workflow_id],
    )
    for position, step in enumerate(steps, 1):
        step = dict(step)
        step_id, type_, condition = step.pop("id"), step.pop("type", "http"), step.pop("if", None)
        reads = [["new", "id"], *step.pop("reads", [])]
        settings = {"retry": RETRY, "timeout": 30, "on_error": "fail", "on_uncertain": "retry", "join": "all"} | step
        settings["reads"] = {"action": reads, "condition": [["new"], ["steps"]], "engine": [["new"]]}
        db.execute(
            "insert into pgwhen.steps"
            " (workflow_id, version, step_id, position, type, definition, compiled, condition, performed_by)"
            " values (%s, 1, %s, %s, %s, '{}', %s, %s, %s)",
            [
                workflow_id,
                step_id,
                position,
                type_,
                json.dumps(settings),
                json.dumps(condition) if condition else None,
                "engine" if type_ in ("condition", "delay", "stop") else "poller",
            ],
        )
    for source, target, outcome in edges:
        db.execute("insert into pgwhen.edges values (%s, 1, %s, %s, %s)", [workflow_id, source, target, outcome])
    return Workflow(workflow_id, attachment_id)


def happen(
    db: Connection, workflow: Workflow, *rows: dict[str, Any], operation: str = "insert", **message: Any
) -> None:
    """Put events of the workflow's table into the queue, as capture does."""
    for row in rows:
        body = {
            "v": 1,
            "attachment": workflow.attachment_id,
            "operation": operation,
            "actor": "app",
            "new": row,
        } | message
        send(db, body)


def send(db: Connection, body: Any) -> int:
    """Put any message into the event queue; returns its number."""
    return _value(
        db,
        "insert into pgmq.q_pgwhen_events (vt, enqueued_at, message)"
        " values (clock_timestamp(), pgwhen._now(), %s) returning msg_id",
        json.dumps(body),
    )


def tick(db: Connection, maximum: int = 500) -> dict[str, Any]:
    """One tick."""
    return _value(db, "select pgwhen.tick(%s)", maximum)  # type: ignore[no-any-return]


def claim(db: Connection, maximum: int = 100, lease: float = 60) -> list[dict[str, Any]]:
    """Tick and claim; the actions."""
    return _value(db, "select pgwhen.tick_and_claim(%s, %s, %s)", maximum, lease, POLLER)["actions"]  # type: ignore[no-any-return]


def identity(action: dict[str, Any]) -> dict[str, Any]:
    """What names an attempt."""
    return {k: action[k] for k in ("execution_id", "step_id", "generation", "part", "attempt", "message_id")}


def freeze(db: Connection, actions: Sequence[dict[str, Any]], connection: str = "http") -> list[dict[str, Any]]:
    """Freeze a message for each action; the verdicts."""
    messages = [
        identity(a)
        | {"channel": "http", "connection": connection, "recipients": ["a@example.com"]}
        | ({"message": {"body": a["idempotency_key"]}} if a["frozen"] is None else {})
        for a in actions
    ]
    return _value(db, "select pgwhen.freeze_actions(%s)", json.dumps(messages))  # type: ignore[no-any-return]


def report(db: Connection, actions: Sequence[dict[str, Any]], class_: str = "ok", **more: Any) -> dict[str, Any]:
    """Report one class for all actions."""
    if class_ != "ok":
        more.setdefault("error", {"code": "test", "message": f"a {class_} answer"})
    reports = [
        identity(a) | {"class": class_, "output": {"status": 200} if class_ == "ok" else None} | more for a in actions
    ]
    return _value(db, "select pgwhen.report_actions(%s)", json.dumps(reports))  # type: ignore[no-any-return]


def perform(db: Connection, class_: str = "ok", **more: Any) -> list[str]:
    """Claim, freeze and report all that is due, once; the ids of the steps."""
    actions = claim(db)
    if actions:
        assert [v["verdict"] for v in freeze(db, actions)] == ["send"] * len(actions)
        report(db, actions, class_, **more)
    return sorted(a["step_id"] for a in actions)


def steps(db: Connection) -> dict[str, str]:
    """State of each step, of all executions together."""
    return dict(db.execute("select step_id, status from pgwhen.execution_steps order by step_id").fetchall())


def executions(db: Connection) -> list[str]:
    """States of the executions."""
    return [s for (s,) in db.execute("select status from pgwhen.executions order by execution_id").fetchall()]


def count(db: Connection, table: str) -> int:
    """Rows of a table."""
    return _value(db, f"select count(*) from {table}")  # type: ignore[no-any-return]


def fake_clock(db: Connection, at: str) -> None:
    """Set the clock of this session."""
    db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    db.execute("select set_config('pgwhen.now', %s, false)", [at])


def _value(db: Connection, query: str, *parameters: Any) -> Any:
    row = db.execute(query, parameters).fetchone()
    assert row is not None
    return row[0]
