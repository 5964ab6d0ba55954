"""A table of tickets, a workflow that tells people of them, and a poller in a few lines."""

import json
from typing import Any

import psycopg

from pgwhen.cli.definitions import dump_json
from tests.sql.approvals.support import advance, clock
from tests.sql.engine.support import freeze, report, tick

Connection = psycopg.Connection[Any]
Action = dict[str, Any]

START = "2026-06-01T08:10:00+00:00"

MESSAGE = {"subject": "Ticket {{ ticket.title }}", "text": "{{ notification.count }}: {{ ticket.title }}"}


def prepare(db: Connection) -> None:
    """The table, attached, and the clock stopped."""
    db.execute("create table tickets (id int primary key, title text, email text, phone text, device text)")
    db.execute("select pgwhen.attach('tickets')")
    clock(db, START)


def publish(db: Connection, **step: Any) -> None:
    """A workflow of one notification, and a transform after it that shows that it went on."""
    to = {"email": "{{ ticket.email }}", "phone": "{{ ticket.phone }}", "push": "{{ ticket.device }}"}
    given = {"id": "tell", "type": "notification", "message": MESSAGE, "to": to, "channels": ["email", "sms"]} | step
    definition = {
        "workflow": "tickets",
        "when": {"table": "tickets", "row": "created"},
        "steps": [
            {name: value for name, value in given.items() if value is not None},
            {
                "id": "after",
                "type": "transform",
                "set": {"told": "{{ steps.tell.output.channel | default('nobody') }}"},
            },
        ],
    }
    db.execute("select pgwhen.apply_definition(%s)", [dump_json(definition)])


def ticket(db: Connection, number: int = 1, **columns: Any) -> None:
    """Somebody opens a ticket; ticks begin the notification and hand it over."""
    row = {"title": f"T{number}", "email": "ann@example.com", "phone": "+31612345678", "device": None} | columns
    db.execute(
        "insert into tickets values (%s, %s, %s, %s, %s)",
        [number, row["title"], row["email"], row["phone"], row["device"]],
    )
    tick(db)


def claim(db: Connection) -> list[Action]:
    """What a poller of this version gets."""
    poller = json.dumps({"id": "test", "contract": 2, "connections": []})
    row = db.execute("select pgwhen.tick_and_claim(100, 60, %s)", [poller]).fetchone()
    assert row
    return list(row[0]["actions"])


def deliver(db: Connection, class_: str = "ok", **more: Any) -> list[Action]:
    """Claim, freeze and report all that is due; the actions. What follows is done by a tick."""
    actions = claim(db)
    if actions:
        freeze(db, actions, connection="any")
        report(db, actions, class_, **more)
        tick(db)
    return actions


def told(actions: list[Action]) -> list[tuple[str, int, str]]:
    """Channel, part and recipient of each message."""
    return [(a["type"], a["part"], a["context"]["notification"]["recipient"]) for a in actions]


def step(db: Connection, name: str = "tell", number: int = 0) -> tuple[str, str | None, Any]:
    """State, reason and output or error of a step; ``number`` counts executions."""
    rows = db.execute(
        "select status, reason, coalesce(error, output) from pgwhen.execution_steps"
        " where step_id = %s and part = 0 order by execution_id",
        [name],
    ).fetchall()
    found: tuple[str, str | None, Any] = rows[number]
    return found


def recipient(db: Connection, name: str, **values: Any) -> str:
    """Say who somebody is and what they want."""
    row = db.execute("select pgwhen.set_recipient(%s, %s)", [name, json.dumps(values)]).fetchone()
    assert row
    return str(row[0])


__all__ = ["advance", "claim", "clock", "deliver", "freeze", "report", "tick"]
