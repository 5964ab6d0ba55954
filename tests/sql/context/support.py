"""Published workflows, events and executions made by hand: what the compiler and the engine would have written."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

Db = psycopg.Connection[Any]
Json = dict[str, Any]
Paths = Sequence[Sequence[str]]
Steps = Mapping[str, Mapping[str, Paths]]
Columns = Sequence[str | Json] | None

OCCURRED_AT = "2026-03-28T12:00:00Z"
QUEUED_AT = "2026-03-28T13:00:00.5+01:00"


def record(path: Sequence[str], attachment: int, columns: Columns) -> Json:
    """A node that reads the record itself."""
    return {"path": path, "kind": "record", "attachment": attachment, "columns": columns}


def reference(
    path: Sequence[str], from_columns: Sequence[str], table: str, columns: Columns, to_columns: Sequence[str] = ("id",)
) -> Json:
    """A node that follows a foreign key."""
    node = {"path": path, "kind": "reference", "from": path[:-1], "from_columns": from_columns, "table": table}
    return node | {"to_columns": to_columns, "columns": columns}


def alias(path: Sequence[str], of: Sequence[str]) -> Json:
    """A node that puts what stands elsewhere under a root of its own."""
    return {"path": path, "kind": "alias", "of": of}


@dataclass(slots=True)
class World:
    """``db`` is a superuser's connection, ``owner`` one as pgwhen_owner, in which the functions run."""

    db: Db
    owner: Db
    messages: int = 0

    def attach(self, table: str, **options: Any) -> int:
        names = "".join(f", p_{name} => %s" for name in options)
        row = self.db.execute(
            f"select pgwhen.attach(%s{names}) ->> 'attachment'", [table, *options.values()]
        ).fetchone()
        assert row is not None
        return int(row[0])

    def publish(self, name: str, reads: Sequence[Json], steps: Steps, version: int = 1, **compiled: Any) -> int:
        """A version whose steps read what ``steps`` says: {step: {action: [paths]}}."""
        row = self.db.execute(
            """
            insert into pgwhen.workflows (workflow, name, status, active_version, created_at, updated_at)
            values (%s, %s, 'active', 1, now(), now())
            on conflict (tenant, workflow) do update set active_version = %s
            returning workflow_id
            """,
            [name, name.title(), version],
        ).fetchone()
        assert row is not None
        workflow_id: int = row[0]
        self.db.execute(
            """
            insert into pgwhen.versions (workflow_id, version, definition, compiled, published_at)
            values (%s, %s, '{}', %s, now())
            """,
            [workflow_id, version, json.dumps({"reads": reads, **compiled})],
        )
        for position, (step, paths) in enumerate(steps.items(), 1):
            self.db.execute(
                """
                insert into pgwhen.steps (
                  workflow_id, version, step_id, position, type, definition, compiled, performed_by)
                values (%s, %s, %s, %s, 'email', '{}', %s, 'poller')
                """,
                [workflow_id, version, step, position, json.dumps({"reads": paths})],
            )
        return workflow_id

    def trigger(self, workflow_id: int, attachment: int | None, version: int = 1, **columns: Any) -> None:
        values = {
            "workflow_id": workflow_id,
            "version": version,
            "trigger_no": 1,
            "kind": "table",
            "attachment_id": attachment,
        }
        values |= {name: json.dumps(value) if isinstance(value, dict) else value for name, value in columns.items()}
        self.db.execute(
            f"insert into pgwhen.triggers ({', '.join(values)}) values ({', '.join(['%s'] * len(values))})",
            list(values.values()),
        )

    def event(self, attachment: int | None, key: Json | None = None, **columns: Any) -> str:
        """A dispatched event; returns its id."""
        self.messages += 1
        values = {
            "attachment_id": attachment,
            "key": key,
            "operation": "insert",
            "type": "jobs.created",
            "tenant": "default",
        }
        values |= {"occurred_at": OCCURRED_AT, "dispatched_at": OCCURRED_AT, "actor": "app", **columns}
        values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in values.items()}
        row = self.db.execute(
            f"""
            insert into pgwhen.events (event_id, {", ".join(values)})
            values (pgwhen._event_id(%s, %s), {", ".join(["%s"] * len(values))}) returning event_id::text
            """,
            [values["occurred_at"], self.messages, *values.values()],
        ).fetchone()
        assert row is not None
        event_id: str = row[0]
        return event_id

    def execute(self, workflow_id: int, event_id: str, version: int = 1, **columns: Any) -> str:
        """An execution of an event; returns its id. Its steps are not begun."""
        values = {
            "workflow_id": workflow_id,
            "version": version,
            "trigger_no": 1,
            "status": "running",
            "tenant": "default",
        }
        values |= {"started_at": OCCURRED_AT, **columns}
        row = self.db.execute(
            f"""
            insert into pgwhen.executions (execution_id, event_id, attachment_id, record_key, {", ".join(values)})
            select pgwhen._execution_id(%s, 'event:' || e.event_id, e.occurred_at), e.event_id, e.attachment_id, e.key,
              {", ".join(["%s"] * len(values))}
            from pgwhen.events e where e.event_id = %s
            returning execution_id::text
            """,
            [workflow_id, *values.values(), event_id],
        ).fetchone()
        assert row is not None
        execution_id: str = row[0]
        return execution_id

    def run(self, workflow_id: int, attachment: int | None, key: Json | None = None, **event: Any) -> str:
        """An event and its execution."""
        return self.execute(workflow_id, self.event(attachment, key, **event))

    def begin(self, execution_id: str, step: str, **columns: Any) -> None:
        """A step of an execution."""
        values = {"execution_id": execution_id, "step_id": step, "status": "queued", "queued_at": QUEUED_AT, **columns}
        values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in values.items()}
        self.db.execute(
            f"insert into pgwhen.execution_steps ({', '.join(values)}) values ({', '.join(['%s'] * len(values))})",
            list(values.values()),
        )

    def contexts(self, steps: Sequence[tuple[str, str]], kind: str = "action") -> list[Json]:
        """The contexts of (execution, step)s, in their order."""
        rows = self.owner.execute(
            """
            with asked as materialized (
              select * from unnest(%s::uuid[], %s::text[]) with ordinality a (execution_id, step_id, n)
            ), built as materialized (
              select * from pgwhen._build_contexts((
                select array_agg((a.execution_id, a.step_id)::pgwhen.step_ref) from asked a), %s)
            )
            select b.context::text from asked a join built b using (execution_id, step_id) order by a.n
            """,
            [[execution for execution, _ in steps], [step for _, step in steps], kind],
        ).fetchall()
        return [json.loads(row[0], parse_float=str) for row in rows]

    def context(self, execution_id: str, step: str = "s", kind: str = "action") -> Json:
        """The context of one step; numbers with a point are strings, to show how they were written."""
        found = self.contexts([(execution_id, step)], kind)
        assert len(found) == 1
        return found[0]
