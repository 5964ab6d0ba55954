"""A small application with real workflows, and what explain says about it."""

import json
from dataclasses import dataclass
from typing import Any

import psycopg

Db = psycopg.Connection[Any]
Json = dict[str, Any]

STEPS = [{"id": "text", "type": "sms", "to": "+31612345678", "text": "x"}]


@dataclass(slots=True)
class Shop:
    """``db`` is a superuser's connection."""

    db: Db

    def at(self, time: str) -> None:
        """Set the clock."""
        self.db.execute("select set_config('pgwhen.now', %s, false)", [time])

    def apply(self, name: str, when: Any, **keys: Any) -> None:
        """Publish a workflow with one text message, unless ``keys`` has other steps."""
        definition = {"workflow": name, "when": when, "steps": STEPS, **keys}
        self.db.execute("select pgwhen.apply_definition(%s)", [json.dumps(definition)])

    def run(self, sql: str) -> str:
        """Change a row and dispatch that; returns the event's id."""
        self.db.execute(sql.encode())
        event_id = self.queued()
        self.tick()
        return event_id

    def tick(self) -> None:
        self.db.execute("select pgwhen.tick()")

    def queued(self) -> str:
        """The id of the last event in the queue."""
        row = self.db.execute(
            "select pgwhen._event_id(enqueued_at, msg_id)::text from pgmq.q_pgwhen_events order by msg_id desc limit 1"
        ).fetchone()
        assert row is not None
        event_id: str = row[0]
        return event_id

    def explain(self, event_id: str) -> Json:
        row = self.db.execute("select pgwhen.explain_event(%s)", [event_id]).fetchone()
        assert row is not None
        explained: Json = row[0]
        return explained

    def workflow(self, event_id: str, name: str = "w") -> Json:
        """What the event meant to one workflow."""
        (found,) = [entry for entry in self.explain(event_id)["workflows"] if entry["workflow"] == name]
        entry: Json = found
        return entry

    def reason(self, event_id: str, name: str = "w") -> str:
        """Why it did not start."""
        entry = self.workflow(event_id, name)
        assert entry["started"] is False
        reason: str = entry["reason"]
        return reason

    def record(self, table: str, key: Any) -> Json:
        row = self.db.execute("select pgwhen.explain_record(%s::regclass, %s)", [table, json.dumps(key)]).fetchone()
        assert row is not None
        explained: Json = row[0]
        return explained
