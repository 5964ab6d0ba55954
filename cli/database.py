"""The SQL of the command line: one function for each SQL function or view, nothing else.

Each takes a connection in autocommit mode and returns rows as dictionaries or the value of the function. Errors are
psycopg's; those of class WF carry a hint, which `main` prints.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

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


def retry_executions(connection: Connection, execution_ids: Sequence[UUID], reason: str | None) -> list[Row]:
    """Retry from the failed steps; {execution_id, result} for each."""
    query = "select * from pgwhen.retry_executions(%s::uuid[], %s)"
    return _rows(connection, query, [list(execution_ids), reason])


def retry_failed(
    connection: Connection, workflow: str | None, since: Since, reason: str | None, after: UUID | None, limit: int
) -> list[Row]:
    """Retry a page of what failed; {execution_id, result} for each, nothing when there are no more."""
    query = (
        f"select * from pgwhen.retry_failed(p_workflow => %s, p_since => {_since(since)}, p_reason => %s,"
        " p_after => %s, p_max => %s)"
    )
    return _rows(connection, query, [workflow, since, reason, after, limit])


def failed_executions(connection: Connection, workflow: str | None, since: Since) -> int:
    """How many executions have failed steps that nobody retried."""
    query = (
        "select count(distinct execution_id) from pgwhen.failed_executions"
        f" where (%s::text is null or workflow = %s) and failed_at >= coalesce({_since(since)}, '-infinity')"
    )
    return _value(connection, query, [workflow, workflow, since])  # type: ignore[no-any-return]


def cancel_executions(connection: Connection, execution_ids: Sequence[UUID], reason: str | None) -> list[Row]:
    """Cancel; {execution_id, result} for each."""
    query = "select * from pgwhen.cancel_executions(%s::uuid[], %s)"
    return _rows(connection, query, [list(execution_ids), reason])


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


def tick(connection: Connection, maximum: int | None) -> Row:
    """One tick."""
    if maximum is None:
        return _value(connection, "select pgwhen.tick()")  # type: ignore[no-any-return]
    return _value(connection, "select pgwhen.tick(%s)", [maximum])  # type: ignore[no-any-return]


def maintain(connection: Connection) -> Row:
    """One round of maintenance."""
    return _value(connection, "select pgwhen.maintain()")  # type: ignore[no-any-return]


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
    return _value(connection, "select pgwhen.normalise_definition(%s)", [definition])


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
