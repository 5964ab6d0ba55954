"""A table of orders, a workflow that asks for their approval, a clock to turn, and votes."""

import json
import uuid
from typing import Any

import psycopg

from pgwhen.cli.definitions import dump_json
from tests.sql.engine.support import claim, freeze, report, tick

Connection = psycopg.Connection[Any]

START = "2026-06-01T08:00:00+00:00"
ANNA, BO, CLEO = "anna@example.com", "bo@example.com", "cleo@example.com"

#: Two ways on, and what comes after both.
BRANCHES = {
    "approved": [{"id": "yes", "type": "sms", "to": "+31612345678", "text": "yes"}],
    "rejected": [{"id": "no", "type": "sms", "to": "+31612345678", "text": "no"}],
}


def prepare(db: Connection) -> None:
    """The table, attached, and the clock stopped."""
    db.execute("create table orders (id int primary key, title text, owner text, owners jsonb)")
    db.execute("select pgwhen.attach('orders')")
    clock(db, START)


def clock(db: Connection, at: str) -> None:
    """Stop the clock of the database, for every connection."""
    db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    db.execute(f"alter database \"{db.info.dbname}\" set pgwhen.now = '{at}'")  # type: ignore[arg-type]
    db.execute("select set_config('pgwhen.now', %s, false)", [at])


def advance(db: Connection, interval: str) -> None:
    """Turn the clock on and tick."""
    row = db.execute("select pgwhen._now() + %s::interval", [interval]).fetchone()
    assert row
    clock(db, row[0].isoformat())
    tick(db)


def publish(db: Connection, /, after: list[dict[str, Any]] | None = None, **step: Any) -> None:
    """A workflow of one approval step, then ``after``."""
    first = {"id": "ok", "type": "approval", "approvers": [ANNA]} | step
    definition = {
        "workflow": "orders",
        "when": {"table": "orders", "row": "created"},
        "steps": [first, *(after or [])],
    }
    db.execute("select pgwhen.apply_definition(%s)", [dump_json(definition)])


def order(db: Connection, actor: str = "shop", **columns: Any) -> None:
    """Somebody orders something; a tick starts the workflow and asks."""
    row = {"id": 1, "title": "Roof"} | columns
    names = ", ".join(row)
    values = [json.dumps(v) if isinstance(v, (list, dict)) else v for v in row.values()]
    with db.transaction():
        db.execute("select set_config('pgwhen.actor', %s, true)", [actor])
        db.execute(f"insert into orders ({names}) values ({', '.join(['%s'] * len(row))})", values)  # type: ignore[arg-type]
    tick(db)


def approval(db: Connection) -> uuid.UUID:
    """The approval that was asked for last."""
    row = db.execute(
        "select approval_id from pgwhen.approval_requests order by requested_at desc, generation desc"
    ).fetchone()
    assert row
    return row[0]  # type: ignore[no-any-return]


def decide(
    db: Connection, decision: str, by: str | None, comment: str | None = None, form: Any = None
) -> dict[str, Any]:
    """Vote; the state of the approval."""
    row = db.execute(
        "select pgwhen.decide_approval(%s, %s, %s, %s, %s)",
        [approval(db), decision, by, comment, None if form is None else json.dumps(form)],
    ).fetchone()
    assert row
    return row[0]  # type: ignore[no-any-return]


def approve(db: Connection, by: str | None, **more: Any) -> str:
    """Approve; open, approved or rejected."""
    return str(decide(db, "approved", by, **more)["state"])


def reject(db: Connection, by: str | None, **more: Any) -> str:
    """Reject; open, approved or rejected."""
    return str(decide(db, "rejected", by, **more)["state"])


def delegate(db: Connection, giver: str | None, to: str, comment: str | None = None) -> dict[str, Any]:
    """Hand a vote on."""
    row = db.execute("select pgwhen.delegate_approval(%s, %s, %s, %s)", [approval(db), giver, to, comment]).fetchone()
    assert row
    return row[0]  # type: ignore[no-any-return]


def waiting(db: Connection) -> list[str]:
    """Whom the open approval waits for."""
    row = db.execute("select waiting from pgwhen.approvals").fetchone()
    return row[0] if row else []


def step(db: Connection, name: str = "ok") -> tuple[str, str | None]:
    """State and outcome of a step."""
    row = db.execute(
        "select status, outcome from pgwhen.execution_steps where step_id = %s and part = 0 order by generation desc",
        [name],
    ).fetchone()
    assert row, name
    return row[0], row[1]


def output(db: Connection) -> dict[str, Any]:
    """Output of the approval step."""
    row = db.execute("select output from pgwhen.execution_steps where step_id = 'ok' and part = 0").fetchone()
    assert row
    return row[0]  # type: ignore[no-any-return]


def execution(db: Connection) -> tuple[str, str | None]:
    """State and reason of the execution."""
    row = db.execute("select status, reason from pgwhen.executions").fetchone()
    assert row
    return row[0], row[1]


def messages(db: Connection) -> list[tuple[str, str, str]]:
    """Kind, recipient and state of each message that was made."""
    return db.execute(
        "select m.kind, m.approver, s.status from pgwhen.approval_messages m"
        " join pgwhen.approval_requests r using (approval_id)"
        " left join pgwhen.execution_steps s"
        " on s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = m.part"
        " order by r.requested_at, m.part"
    ).fetchall()


def deliver(db: Connection, class_: str = "ok") -> list[dict[str, Any]]:
    """Claim, freeze and report all that is due, as a poller does; the actions."""
    actions = claim(db)
    if actions:
        freeze(db, actions, connection="smtp")
        report(db, actions, class_)
    return actions


def errors(db: Connection) -> list[Any]:
    """Errors of steps, for a test that fails."""
    return db.execute("select step_id, part, error from pgwhen.execution_steps where error is not null").fetchall()
