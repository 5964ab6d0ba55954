"""The SQL of the command line: one function for each SQL function or view, nothing else.

Each takes a connection in autocommit mode and returns rows as dictionaries or the value of the function. Errors are
psycopg's; those of class WF carry a hint, which `main` prints.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from ..poller.templates import dumps, loads

Connection = psycopg.Connection[Any]
Row = dict[str, Any]
Since = timedelta | datetime | None


def _rows(connection: Connection, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
    return connection.cursor(row_factory=dict_row).execute(query, parameters).fetchall()


def _value(connection: Connection, query: str, parameters: Sequence[Any] = ()) -> Any:
    row = connection.execute(query, parameters).fetchone()
    return row[0] if row else None


def _since(since: Since) -> str:
    """A time ago is counted from the database's clock."""
    return "now() - %s" if isinstance(since, timedelta) else "%s::timestamptz"


# ---------------------------------------------------------------- operate


def find_execution(connection: Connection, text: str) -> UUID:
    """The one execution whose id begins with the text."""
    return _value(connection, "select pgwhen.find_execution(%s)", [text])  # type: ignore[no-any-return]


def list_executions(
    connection: Connection, status: str | None, workflow: str | None, since: Since, limit: int | None
) -> list[Row]:
    """The newest executions."""
    query = f"select * from pgwhen.list_executions(p_status => %s, p_workflow => %s, p_since => {_since(since)}"
    more, parameters = (", p_limit => %s", [limit]) if limit is not None else ("", [])
    return _rows(connection, f"{query}{more})", [status, workflow, since, *parameters])


def show_execution(connection: Connection, execution_id: UUID) -> Row:
    """One execution as a document."""
    return _value(connection, "select pgwhen.show_execution(%s)", [execution_id])  # type: ignore[no-any-return]


def retry_executions(
    connection: Connection, execution_ids: Sequence[UUID], reason: str | None, **how: Any
) -> list[Row]:
    """Retry; {execution_id, result, generation, again} for each. ``how`` are further parameters, without p_."""
    names = "".join(f", p_{name} => %s{'::jsonb' if name == 'input' else ''}" for name in how)
    query = f"select * from pgwhen.retry_executions(%s::uuid[], %s{names})"
    return _rows(connection, query, [list(execution_ids), reason, *how.values()])


def skip_step(
    connection: Connection,
    execution_ids: Sequence[UUID],
    step: str,
    reason: str,
    output: str | None,
    outcome: str | None,
) -> list[Row]:
    """Skip a step, ``output`` as JSON text; {execution_id, result} for each."""
    query = "select * from pgwhen.skip_step(%s::uuid[], %s, %s, %s::jsonb, %s)"
    return _rows(connection, query, [list(execution_ids), step, reason, output, outcome])


def _filter(chosen: Row) -> tuple[str, list[Any]]:
    """Named parameters of a filter, without what is None."""
    given = {name: value for name, value in chosen.items() if value is not None}
    words = (f"p_{name} => {_since(value) if name in ('since', 'until') else '%s'}" for name, value in given.items())
    return ", ".join(words), list(given.values())


def find_executions(connection: Connection, chosen: Row) -> list[UUID]:
    """A page of the executions of a filter."""
    names, values = _filter(chosen)
    return [row["execution_id"] for row in _rows(connection, f"select * from pgwhen.find_executions({names})", values)]


def count_executions(connection: Connection, chosen: Row) -> int:
    """How many executions a filter means."""
    names, values = _filter(chosen)
    return _value(connection, f"select pgwhen.count_executions({names})", values)  # type: ignore[no-any-return]


def find_events(connection: Connection, chosen: Row) -> list[UUID]:
    """A page of the events of a filter."""
    names, values = _filter(chosen)
    return [row["event_id"] for row in _rows(connection, f"select * from pgwhen.find_events({names})", values)]


def count_events(connection: Connection, chosen: Row) -> int:
    """How many events a filter means."""
    names, values = _filter(chosen)
    return _value(connection, f"select pgwhen.count_events({names})", values)  # type: ignore[no-any-return]


def plan_replay(connection: Connection, event_ids: Sequence[UUID], workflow: str | None) -> list[Row]:
    """What a replay would start: {event_id, workflow, starts, reason}."""
    return _rows(connection, "select * from pgwhen.plan_replay(%s::uuid[], %s)", [list(event_ids), workflow])


def replay_events(
    connection: Connection, event_ids: Sequence[UUID], workflow: str | None, reason: str | None, key: str | None
) -> list[Row]:
    """Replay; {event_id, result, replay_id} for each."""
    query = "select * from pgwhen.replay_events(%s::uuid[], %s, %s, %s)"
    return _rows(connection, query, [list(event_ids), workflow, reason, key])


def backfill_workflow(connection: Connection, workflow: str, after: Row | None, **how: Any) -> Row:
    """A page of a backfill after a key; what it did. ``how``: further parameters without p_, ``where`` as JSON text."""
    names = "".join(f", p_{name} => %s{'::jsonb' if name == 'where' else ''}" for name in how)
    query = f"select pgwhen.backfill_workflow(%s, p_after => %s::jsonb{names})::text"
    return loads(_value(connection, query, [workflow, None if after is None else dumps(after), *how.values()]))  # type: ignore[no-any-return]


def cancel_executions(connection: Connection, execution_ids: Sequence[UUID], reason: str | None) -> list[Row]:
    """Cancel; {execution_id, result} for each."""
    query = "select * from pgwhen.cancel_executions(%s::uuid[], %s)"
    return _rows(connection, query, [list(execution_ids), reason])


def approvals(connection: Connection) -> list[Row]:
    """What waits for people, the oldest first."""
    return _rows(connection, "select * from pgwhen.approvals order by requested_at, approval_id")


def find_approval(connection: Connection, text: str) -> UUID:
    """The one approval whose id begins with the text."""
    return _value(connection, "select pgwhen.find_approval(%s)", [text])  # type: ignore[no-any-return]


def show_approval(connection: Connection, approval: UUID) -> Row:
    """One approval as a document."""
    return _value(connection, "select pgwhen.show_approval(%s)", [approval])  # type: ignore[no-any-return]


def decide_approval(
    connection: Connection, approval: UUID, decision: str, by: str | None, comment: str | None, form: str | None
) -> Row:
    """Vote, the form as JSON text; how the approval stands then."""
    query = "select pgwhen.decide_approval(%s, %s, %s, %s, %s::jsonb)"
    return _value(connection, query, [approval, decision, by, comment, form])  # type: ignore[no-any-return]


def delegate_approval(connection: Connection, approval: UUID, by: str | None, to: str, comment: str | None) -> Row:
    """Hand a vote on; how the approval stands then."""
    query = "select pgwhen.delegate_approval(%s, %s, %s, %s)"
    return _value(connection, query, [approval, by, to, comment])  # type: ignore[no-any-return]


def queue_status(connection: Connection) -> list[Row]:
    """What waits where."""
    return _rows(connection, "select * from pgwhen.queue_status")


def pending_actions(connection: Connection, limit: int) -> list[Row]:
    """Actions that have not ended, the oldest first."""
    return _rows(connection, "select * from pgwhen.pending_actions order by execution_id, step_id limit %s", [limit])


def explain_event(connection: Connection, event_id: UUID) -> Row:
    """Why an event started what it started."""
    return _value(connection, "select pgwhen.explain_event(%s)", [event_id])  # type: ignore[no-any-return]


def explain_record(connection: Connection, table: str, key: Any) -> Row:
    """The same for the events of a record; ``key`` is a value or an object of columns."""
    return _value(connection, "select pgwhen.explain_record(%s::regclass, %s)", [table, Jsonb(key)])  # type: ignore[no-any-return]


def emit_event(connection: Connection, type_: str, data: str, key: str | None) -> UUID:
    """Emit an application event, ``data`` as JSON text; its id."""
    return _value(connection, "select pgwhen.emit_event(%s, %s::jsonb, %s)", [type_, data, key])  # type: ignore[no-any-return]


def start_execution(connection: Connection, workflow: str, data: str, key: str | None) -> UUID:
    """Ask for an execution, ``data`` as JSON text; the id of the event that starts it."""
    return _value(connection, "select pgwhen.start_execution(%s, %s::jsonb, %s)", [workflow, data, key])  # type: ignore[no-any-return]


def list_logs(connection: Connection, chosen: Row) -> list[Row]:
    """Remarks of executions, oldest first."""
    return _rows(connection, "select * from pgwhen.list_logs(%s)", [Jsonb(chosen)])


def get_progress(connection: Connection) -> bool:
    """Whether progress is told."""
    return _value(connection, "select pgwhen.get_progress()")  # type: ignore[no-any-return]


def set_progress(connection: Connection, on: bool) -> bool:
    """Switch it; what it is now."""
    return _value(connection, "select pgwhen.set_progress(%s)", [on])  # type: ignore[no-any-return]


def listen_to_progress(connection: Connection) -> None:
    """Get the notifications."""
    connection.execute("listen pgwhen_progress")


def forget_record(connection: Connection, table: str, key: Any, reason: str | None, dry_run: bool) -> Row:
    """Erase what is known of a record; {state, hash, counts}."""
    query = "select pgwhen.forget_record(%s::regclass, %s, %s, %s)"
    return _value(connection, query, [table, Jsonb(key), reason, dry_run])  # type: ignore[no-any-return]


def tick(connection: Connection, maximum: int | None) -> Row:
    """One tick."""
    if maximum is None:
        return _value(connection, "select pgwhen.tick()")  # type: ignore[no-any-return]
    return _value(connection, "select pgwhen.tick(%s)", [maximum])  # type: ignore[no-any-return]


def maintain(connection: Connection, archived: Row | None = None) -> Row:
    """One round of maintenance; with a plan only what that names is dropped."""
    query = "select pgwhen.maintain(%s)"
    return _value(connection, query, [None if archived is None else Jsonb(archived)])  # type: ignore[no-any-return]


def lock_maintenance(connection: Connection) -> bool:
    """Keep others from maintenance until the connection is closed; false where somebody is at it."""
    return _value(connection, "select pg_try_advisory_lock(hashtextextended('pgwhen.maintain', 0))")  # type: ignore[no-any-return]


def plan_archive(connection: Connection) -> Row:
    """What the next round drops."""
    return _value(connection, "select pgwhen.plan_archive()")  # type: ignore[no-any-return]


def archive_rows(connection: Connection, table: str, plan: Row) -> Iterator[str]:
    """The rows of a table that go under a plan, as JSON text, streamed."""
    with (
        connection.cursor() as cursor,
        cursor.copy("copy (select pgwhen.archive_rows(%s, %s)) to stdout", [table, Jsonb(plan)]) as copy,
    ):
        for (row,) in copy.rows():
            yield row


def count_archive(connection: Connection, table: str, plan: Row) -> int:
    """How many they are."""
    query = "select count(*) from (select pgwhen.archive_rows(%s, %s)) r"
    return _value(connection, query, [table, Jsonb(plan)])  # type: ignore[no-any-return]


def doctor(connection: Connection) -> list[Row]:
    """What is well and what is not."""
    return _rows(connection, "select * from pgwhen.doctor()")


def list_channels(connection: Connection) -> list[Row]:
    """What a poller needs in its environment."""
    return _rows(connection, "select * from pgwhen.list_channels()")


def list_connections(connection: Connection) -> list[Row]:
    """Connections that messages leave by."""
    return _rows(connection, "select * from pgwhen.list_connections()")


def pause_connection(connection: Connection, name: str, reason: str | None) -> str:
    """Stop sending by a connection; paused, or already paused."""
    return _value(connection, "select pgwhen.pause_connection(%s, %s)", [name, reason])  # type: ignore[no-any-return]


def resume_connection(connection: Connection, name: str, reason: str | None) -> Row:
    """Send again; {resumed, released}."""
    return _value(connection, "select pgwhen.resume_connection(%s, %s)", [name, reason])  # type: ignore[no-any-return]


def list_kill_switches(connection: Connection) -> list[Row]:
    """Kill switches that keep the tenant's actions back."""
    return _rows(connection, "select * from pgwhen.list_kill_switches()")


def throw_kill_switch(connection: Connection, reason: str, workflow: str | None, all_: bool) -> str:
    """Stop sending; thrown, or already thrown."""
    return _value(connection, "select pgwhen.throw_kill_switch(%s, %s, %s)", [reason, workflow, all_])  # type: ignore[no-any-return]


def release_kill_switch(connection: Connection, workflow: str | None, all_: bool, reason: str | None) -> Row:
    """Send again; {released, actions}."""
    return _value(connection, "select pgwhen.release_kill_switch(%s, %s, %s)", [workflow, all_, reason])  # type: ignore[no-any-return]


def count_held(connection: Connection, chosen: Row) -> int:
    """How many held actions a filter selects."""
    return _value(connection, "select pgwhen.count_held(%s)", [Jsonb(chosen)])  # type: ignore[no-any-return]


def release_held(connection: Connection, chosen: Row, reason: str | None, most: int) -> Row:
    """Let held actions go on; {released, left}."""
    return _value(connection, "select pgwhen.release_held(%s, %s, %s)", [Jsonb(chosen), reason, most])  # type: ignore[no-any-return]


def discard_held(connection: Connection, chosen: Row, reason: str, most: int) -> Row:
    """Skip held actions; {discarded, left}."""
    return _value(connection, "select pgwhen.discard_held(%s, %s, %s)", [Jsonb(chosen), reason, most])  # type: ignore[no-any-return]


def list_functions(connection: Connection) -> list[Row]:
    """Functions that call steps may call."""
    return _rows(connection, "select * from pgwhen.list_functions()")


def register_function(connection: Connection, function: str, description: str | None) -> Row:
    """Let call steps call a function: its name, with the types of its arguments where it means several."""
    kind = "regprocedure" if "(" in function else "regproc"
    query = f"select pgwhen.register_function(%s::{kind}::regprocedure, %s)"
    return _value(connection, query, [function, description])  # type: ignore[no-any-return]


def unregister_function(connection: Connection, function: str) -> Row:
    """End that."""
    return _value(connection, "select pgwhen.unregister_function(%s)", [function])  # type: ignore[no-any-return]


def attach(
    connection: Connection, table: str, alias: str | None, exclude: Sequence[str] | None, doorbell: bool | None
) -> Row:
    """Capture a table; what was done, with notices."""
    query = "select pgwhen.attach(%s::regclass, %s, %s::text[], %s)"
    parameters = [table, alias, list(exclude) if exclude is not None else None, doorbell]
    return _value(connection, query, parameters)  # type: ignore[no-any-return]


def detach(connection: Connection, table: str) -> Row:
    """Capture it no longer; what was done, with notices."""
    return _value(connection, "select pgwhen.detach(%s::regclass)", [table])  # type: ignore[no-any-return]


# ---------------------------------------------------------------- definitions


def normalise_definition(connection: Connection, definition: str) -> Any:
    """A definition, given as JSON text, in the words of the language."""
    return loads(_value(connection, "select pgwhen.normalise_definition(%s)::text", [definition]))


def validate_definition(connection: Connection, definition: str) -> list[Row]:
    """Problems of a definition, given as JSON text: severity, code, path, message, hint."""
    return _rows(connection, "select * from pgwhen.validate_definition(%s)", [definition])


def apply_definition(connection: Connection, definition: str, source: str, dry_run: bool) -> Row:
    """Create or change and publish a workflow; what changed."""
    query = "select pgwhen.apply_definition(%s, p_source => %s, p_dry_run => %s)"
    return _value(connection, query, [definition, source, dry_run])  # type: ignore[no-any-return]


def export_definition(connection: Connection, workflow: str) -> str:
    """The definition of a workflow and its source, as JSON text, since numbers in it are exact."""
    return _value(connection, "select pgwhen.export_definition(%s)::text", [workflow])  # type: ignore[no-any-return]


def list_workflows(connection: Connection) -> list[Row]:
    """All workflows."""
    return _rows(connection, "select * from pgwhen.list_workflows()")


def list_versions(connection: Connection, workflow: str) -> list[Row]:
    """Versions of a workflow, the newest first."""
    return _rows(connection, "select * from pgwhen.list_versions(%s)", [workflow])


def diff_versions(connection: Connection, workflow: str, first: str, second: str) -> Row:
    """What differs between two versions, by step and key; numbers in it are exact."""
    query = "select pgwhen.diff_versions(%s, %s, %s)::text"
    return loads(_value(connection, query, [workflow, first, second]))  # type: ignore[no-any-return]


def rollback_workflow(connection: Connection, workflow: str, version: int, reason: str | None) -> Row:
    """Publish an earlier definition as the next version."""
    return _value(connection, "select pgwhen.rollback_workflow(%s, %s, %s)", [workflow, version, reason])  # type: ignore[no-any-return]


def delete_workflow(connection: Connection, workflow: str, cancel: bool, reason: str | None) -> Row:
    """Remove a draft, archive what was published; its state and how many executions were cancelled."""
    return _value(connection, "select pgwhen.delete_workflow(%s, %s, %s)", [workflow, cancel, reason])  # type: ignore[no-any-return]


def migrate_executions(
    connection: Connection,
    workflow: str,
    to: int | None,
    from_: int | None,
    dry_run: bool,
    reason: str | None,
    after: str | None,
) -> Row:
    """Move a page of executions to another version; what moved, and what could not."""
    query = "select pgwhen.migrate_executions(%s, %s, %s, %s, %s, %s::uuid)"
    return _value(connection, query, [workflow, to, from_, dry_run, reason, after])  # type: ignore[no-any-return]


def set_workflow(connection: Connection, command: str, workflow: str, reason: str | None) -> Row:
    """pause, resume or archive a workflow; its state and what it was."""
    query = {
        "pause": "select pgwhen.pause_workflow(%s, %s)",
        "resume": "select pgwhen.resume_workflow(%s, %s)",
        "archive": "select pgwhen.archive_workflow(%s, %s)",
    }[command]
    return _value(connection, query, [workflow, reason])  # type: ignore[no-any-return]


def json_schema(connection: Connection) -> Row:
    """The JSON Schema of the language."""
    return _value(connection, "select pgwhen.json_schema()")  # type: ignore[no-any-return]


# ---------------------------------------------------------------- trying without sending


def dry_run(connection: Connection, workflow: str, event: Row, given: Row, draft: bool | None) -> Row:
    """A workflow in pretence, rolled back by the database; exact numbers."""
    query = "select pgwhen.dry_run(%s, %s::jsonb, %s::jsonb, %s)::text"
    return loads(_value(connection, query, [workflow, dumps(event), dumps(given), draft]))  # type: ignore[no-any-return]


def transaction_time(connection: Connection) -> datetime:
    """When the transaction that is open began."""
    return _value(connection, "select now()")  # type: ignore[no-any-return]


def simulate(connection: Connection, executions: Sequence[UUID], given: Row, until: datetime) -> Row:
    """Executions of a scratch database until a time; the caller rolls back."""
    query = "select pgwhen._simulate(%s::uuid[], 0, %s::jsonb, %s)::text"
    return loads(_value(connection, query, [list(executions), dumps(given), until]))  # type: ignore[no-any-return]


def started_executions(connection: Connection, workflow: str) -> list[UUID]:
    """What a workflow of a scratch database has started."""
    query = (
        "select x.execution_id from pgwhen.executions x join pgwhen.workflows w on w.workflow_id = x.workflow_id"
        " where w.workflow = %s and x.parent_execution_id is null order by x.execution_id"
    )
    return [row["execution_id"] for row in _rows(connection, query, [workflow])]


def reasons_not_started(connection: Connection, workflow: str) -> list[str]:
    """Why the events of a scratch database did not start a workflow."""
    query = (
        "select e.entry ->> 'reason' as reason from pgwhen.events v"
        " cross join jsonb_array_elements(pgwhen.explain_event(v.event_id) -> 'workflows') e (entry)"
        " where e.entry ->> 'workflow' = %s and e.entry ->> 'reason' is not null order by v.event_id"
    )
    return [row["reason"] for row in _rows(connection, query, [workflow])]


def time_of_test(connection: Connection, at: str | None) -> datetime:
    """A time, or how long (+3 days) after the clock that the test began with."""
    query = (
        "select case when trim(%s) like '+%%' then pgwhen._now() + pgwhen._as_interval(trim(trim(%s), '+'))"
        " else coalesce(%s::timestamptz, pgwhen._now()) end"
    )
    plain = None if at is None or at.strip().startswith("+") else at
    moment = _value(connection, query, [at, at, plain])
    if moment is None:
        raise ValueError(f"at: {at!r} is neither a time nor like +3 days")
    return moment  # type: ignore[no-any-return]
