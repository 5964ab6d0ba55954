"""Definitions in few words, and what the language says of them."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import psycopg

from pgwhen.cli.definitions import dump_json, read_yaml

Connection = psycopg.Connection[Any]

SMS = {"id": "text", "type": "sms", "to": "1", "text": "x"}


def yaml(text: str) -> Any:
    """What a YAML 1.2 text means."""
    return read_yaml(text)[0].definition


def workflow(*steps: dict[str, Any], when: Any = None, **keys: Any) -> dict[str, Any]:
    """A definition that is right but for what is given."""
    given = {
        "workflow": "w",
        "when": {"table": "jobs", "row": "saved"} if when is None else when,
        "steps": list(steps) or [SMS],
    }
    return {**given, **keys}


def sms(text: Any = "x", **keys: Any) -> dict[str, Any]:
    """A step that sends a text message."""
    return {**SMS, "text": text, **keys}


def savepoint(db: Connection) -> AbstractContextManager[Any]:
    """What fails within a transaction does not end it."""
    return nullcontext() if db.info.transaction_status == psycopg.pq.TransactionStatus.IDLE else db.transaction()


def call(db: Connection, function: str, *arguments: Any) -> Any:
    """Call a function of pgwhen; objects and lists go as JSON."""
    values = [dump_json(value) if isinstance(value, (dict, list)) else value for value in arguments]
    with savepoint(db):
        row = db.execute(f"select pgwhen.{function}({', '.join(['%s'] * len(values))})", values).fetchone()
    assert row is not None
    return row[0]


def problems(db: Connection, definition: Any) -> list[tuple[str, ...]]:
    """(severity, code, path, message, hint) of a definition, any JSON."""
    return db.execute("select * from pgwhen.validate_definition(%s)", [dump_json(definition)]).fetchall()


def errors(db: Connection, definition: Any) -> list[tuple[str, str]]:
    """(code, path) of the errors of a definition."""
    return [(code, path) for severity, code, path, *_ in problems(db, definition) if severity == "error"]


def apply(
    db: Connection, definition: Any, source: str | None = None, publish: bool = True, dry_run: bool = False
) -> Any:
    """Apply a definition; returns the plan."""
    with savepoint(db):
        row = db.execute(
            "select pgwhen.apply_definition(%s, %s, %s, %s)", [dump_json(definition), source, publish, dry_run]
        ).fetchone()
    assert row is not None
    return row[0]


def workflow_id(db: Connection, name: str = "w") -> int:
    """The number of a workflow."""
    row = db.execute("select workflow_id from pgwhen.workflows where workflow = %s", [name]).fetchone()
    assert row is not None
    return int(row[0])


def condition(db: Connection, written: Any, bare: str = "record", place: str = "step") -> Any:
    """The typed form of a condition on jobs; problems raise."""
    scope = scope_of(db) | {"bare": bare, "place": place}
    result = (
        call(db, "_compile_condition", written, scope, "if")
        if not isinstance(written, str)
        else call(db, "_compile_condition", dump_json(written), dump_json(scope), "if")
    )
    assert result["problems"] == [], result["problems"]
    return result


def scope_of(db: Connection) -> dict[str, Any]:
    """A scope as _definition_scope makes it for a workflow on jobs."""
    definition = workflow(vars={"limit": 5, "name": "x"}, inputs={"amount": {"type": "number"}})
    tables = call(db, "_trigger_tables", definition | {"when": [definition["when"]]}, "default")
    graph = call(db, "_compile_graph", definition)
    scope = call(db, "_definition_scope", definition | {"when": [definition["when"]]}, "default", tables, graph)
    return {**scope, "bare": "record", "bare_alias": "job"}
