"""A small application whose workflows wait: leads, messages to them, rooms with a key of two columns."""

import json
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.sql.engine.support import claim, freeze, perform, report

Db = psycopg.Connection[Any]
Json = dict[str, Any]

TABLES = """
update pgwhen.settings set value = 'true' where name = 'test_mode';
create table leads (
  id integer primary key, name text, status text default 'new', call_at timestamptz, owner_id integer);
create table lead_messages (id integer primary key, lead_id integer, direction text default 'in', body text, ref uuid);
create table rooms (house text, number integer, status text, primary key (house, number));
select pgwhen.attach(t) from unnest('{leads,lead_messages,rooms}'::regclass[]) t;
"""

#: A step that says how far an execution came.
DONE = {"id": "done", "type": "http", "url": "https://example.com/done"}


def wait(**keys: Any) -> Json:
    """A wait step."""
    return {"id": "w", "type": "wait", **keys}


def http(step_id: str, **keys: Any) -> Json:
    """An action."""
    return {"id": step_id, "type": "http", "url": "https://example.com", **keys}


@dataclass(slots=True)
class App:
    """``db`` is a superuser's connection in autocommit mode."""

    db: Db

    def at(self, time: str) -> None:
        """Set the clock."""
        self.db.execute("select set_config('pgwhen.now', %s, false)", [time])

    def apply(self, *steps: Json, name: str = "wf", when: Any = None, **keys: Any) -> Json:
        """Publish a workflow that leads start when they are made."""
        definition = {"workflow": name, "when": when or {"table": "leads", "row": "created"}, "steps": steps, **keys}
        row = self.db.execute("select pgwhen.apply_definition(%s)", [json.dumps(definition)]).fetchone()
        assert row is not None
        return row[0]  # type: ignore[no-any-return]

    def problems(self, *steps: Json, when: Any = None, **keys: Any) -> list[tuple[str, str]]:
        """(code, path) of what is wrong with a workflow."""
        definition = {"workflow": "wf", "when": when or {"table": "leads", "row": "created"}, "steps": steps, **keys}
        rows = self.db.execute("select code, path from pgwhen.validate_definition(%s)", [json.dumps(definition)])
        return rows.fetchall()

    def run(self, *statements: str) -> None:
        """Do something and tick."""
        for statement in statements:
            self.db.execute(statement.encode())
        self.tick()

    def emit(self, event: str, **data: Any) -> None:
        """Emit an application event."""
        self.db.execute("select pgwhen.emit_event(%s, %s)", [event, json.dumps(data)])

    def tick(self, maximum: int = 500) -> Json:
        row = self.db.execute("select pgwhen.tick(%s)", [maximum]).fetchone()
        assert row is not None
        return row[0]  # type: ignore[no-any-return]

    def steps(self, record: Any = None) -> dict[str, str]:
        """States of the steps of the executions (of one lead)."""
        return dict(
            self.db.execute(
                "select s.step_id, s.status from pgwhen.execution_steps s join pgwhen.executions x using (execution_id)"
                " where s.part = 0 and (%(id)s::int is null or x.record_key ->> 'id' = %(id)s::text)"
                " order by s.step_id",
                {"id": record},
            ).fetchall()
        )

    def step(self, step_id: str = "w", column: str = "outcome", record: Any = None) -> Any:
        """A column of a step."""
        row = self.db.execute(
            f"select s.{column} from pgwhen.execution_steps s join pgwhen.executions x using (execution_id)"
            " where s.step_id = %(step)s and s.part = 0"
            " and (%(id)s::int is null or x.record_key ->> 'id' = %(id)s::text)",
            {"step": step_id, "id": record},
        ).fetchone()
        return None if row is None else row[0]

    def execution(self, column: str = "status", record: Any = None) -> Any:
        """A column of the execution."""
        row = self.db.execute(
            f"select x.{column} from pgwhen.executions x"
            " where %(id)s::int is null or x.record_key ->> 'id' = %(id)s::text order by x.execution_id",
            {"id": record},
        ).fetchone()
        return None if row is None else row[0]

    def left(self) -> dict[str, int]:
        """What is left in the tables that waits use."""
        tables = ("waits", "arrivals", "handovers", "sleepers", "unfinished")
        return {t: self.count(f"pgwhen.{t}") for t in tables}

    def count(self, table: str) -> int:
        row = self.db.execute(f"select count(*) from {table}".encode()).fetchone()
        assert row is not None
        return int(row[0])

    def subscriptions(self) -> set[str]:
        """What is captured: leads.insert and so on."""
        rows = self.db.execute(
            "select a.table_name || '.' || o.operation from pgwhen.attachments a"
            " cross join lateral unnest(a.operations) as o (operation)"
        )
        return {name for (name,) in rows}


NOTHING = {"waits": 0, "arrivals": 0, "handovers": 0, "sleepers": 0, "unfinished": 0}
__all__ = ["DONE", "NOTHING", "App", "claim", "freeze", "http", "perform", "report", "wait"]
