"""Workflows with loops and starts, published as people publish them, on a table of orders."""

from typing import Any

import psycopg

from tests.sql.engine.support import tick
from tests.sql.language.support import apply

Connection = psycopg.Connection[Any]
Step = dict[str, Any]

TABLES = """
create table clients (id int primary key, email text);
create table orders (id int primary key, client_id int references clients, items jsonb);
create table tickets (id int primary key, status text, due date, client_id int references clients);
grant select on clients, orders, tickets to pgwhen_actions;
select pgwhen.attach('orders');
"""


def prepare(db: Connection, *steps: Step, name: str = "w", **keys: Any) -> None:
    """Make the tables if they are not there, and publish a workflow that new orders start."""
    if db.execute("select to_regclass('orders')").fetchone() == (None,):
        db.execute(TABLES)
    apply(db, {"workflow": name, "when": {"table": "orders", "row": "created"}, "steps": list(steps)} | keys)


def manual(db: Connection, name: str, *steps: Step, **keys: Any) -> None:
    """Publish a workflow that is started by hand or by another."""
    apply(db, {"workflow": name, "when": {"manual": True}, "steps": list(steps)} | keys)


def order(db: Connection, items: Any, number: int = 1) -> None:
    """Place an order."""
    db.execute("insert into orders (id, items) values (%s, %s::jsonb)", [number, items])


def run(db: Connection, limit: int = 1000) -> int:
    """Tick until nothing is left to do; returns how often."""
    for count in range(1, limit):
        result = tick(db)
        if result["dispatched"] == result["handed"] == result["woken"] == 0:
            return count
    raise AssertionError("the engine does not come to an end")


def each(*steps: Step, over: Any = "{{ order.items }}", **keys: Any) -> Step:
    """A loop over the items of the order."""
    return {"id": "each", "type": "loop", "over": over, "steps": list(steps)} | keys


def keep(value: Any = "{{ item }}", **keys: Any) -> Step:
    """A pure step that gives back a value."""
    return {"id": "keep", "type": "transform", "set": {"value": value}} | keys


def send(**keys: Any) -> Step:
    """An action."""
    return {"id": "send", "type": "sms", "to": "1", "text": "{{ item }}"} | keys


def step(db: Connection, step_id: str = "each") -> dict[str, Any]:
    """Status, outcome, output, error and reason of the only step of that name."""
    row = db.execute(
        "select status, outcome, output, error, reason from pgwhen.execution_steps where step_id = %s and part = 0",
        [step_id],
    ).fetchone()
    assert row is not None
    return dict(zip(("status", "outcome", "output", "error", "reason"), row, strict=True))


def states(db: Connection) -> list[tuple[Any, ...]]:
    """Items with their states, in order."""
    return db.execute(
        "select item_index, status from pgwhen.executions where body is not null order by item_index, execution_id"
    ).fetchall()


def parent(db: Connection) -> tuple[Any, ...]:
    """State and reason of the execution that no other one made."""
    row = db.execute("select status, reason from pgwhen.executions where parent_execution_id is null").fetchone()
    assert row is not None
    return tuple(row)


def left(db: Connection) -> int:
    """What is in hand: rows of the small tables."""
    row = db.execute(
        "select (select count(*) from pgwhen.loops) + (select count(*) from pgwhen.loop_items)"
        " + (select count(*) from pgwhen.children) + (select count(*) from pgwhen.handovers)"
        " + (select count(*) from pgwhen.unfinished) + (select count(*) from pgwhen.sleepers)"
    ).fetchone()
    assert row is not None
    return int(row[0])


def settled(db: Connection, step_id: str = "each", part: str = "message") -> list[tuple[Any, ...]]:
    """State and error of a step in all executions."""
    return db.execute(
        f"select status, error ->> '{part}' from pgwhen.execution_steps where step_id = %s order by 1",
        [step_id],
    ).fetchall()


def on_top(db: Connection, function: str, where: str = "x.parent_execution_id is null") -> None:
    """Call a function with the executions that no other one made."""
    ids = f"array(select execution_id from pgwhen.executions x where {where})"
    db.execute(f"select pgwhen.{function}({ids})")
