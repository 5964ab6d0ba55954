"""`pgwhen test`: what documents expect of themselves, on a scratch database, with a clock of its own.

Each test is one transaction that is rolled back: its rows are really written, capture and tick make the execution, and
the engine goes on to the time that the test names. Nothing is sent; every message is rendered as a poller renders it.
"""

import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import psycopg
from rich.text import Text

from ..poller.templates import dumps
from . import database, embedded, scratch
from .definitions import DefinitionError, Document, dump_json, find_files, read_file
from .main import Session
from .messages import (  # type: ignore[attr-defined]  # the folder beside the module confuses mypy
    SHIPPED,
    apply_message_template,
    export_message_template,
    list_message_templates,
)
from .migrate import migrate_database
from .output import out, plain, print_json
from .simulation import Given, Message, Run, fields_of, given_steps, simulate

#: What an expectation may say of a text, a list or an object instead of giving it whole.
MATCHERS = ("contains", "matches", "starts_with", "ends_with", "not")

#: Words for the state of a step.
STATES = ("completed", "skipped", "not_reached", "failed", "cancelled", "sleeping", "waiting", "held", "uncertain")

_TEMPLATE = "pgwhen_test_template"
_DATABASE = "pgwhen_test"


class TestsFailed(click.ClickException):
    """Some tests failed; they have been printed."""

    __test__ = False


@dataclass(slots=True)
class Result:
    """One test. ``problems`` are what was not as expected; ``error`` says that it could not be run."""

    file: str
    line: int
    workflow: str
    name: str
    problems: list[str] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.problems and not self.error

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "file": self.file,
            "line": self.line,
            "workflow": self.workflow,
            "name": self.name,
            "result": "passed" if self.passed else "error" if self.error else "failed",
            "problems": [self.error] if self.error else self.problems,
            "seconds": round(self.seconds, 3),
        }


# ---------------------------------------------------------------- the command


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--tables", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="SQL that makes the tables."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    help="How results are printed.",
)
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML into this file too.")
@click.pass_obj
def test(session: Session, paths: tuple[Path, ...], tables: Path | None, form: str, junit: Path | None) -> None:
    """Run the tests of definitions: files or folders. Nothing is sent.

    They run on an embedded PostgreSQL of their own. The structure of the tables, never a row, comes from --tables, from
    the database given, or from the rows that the tests give.
    """
    results: list[Result] = []
    messages = _messages(paths)
    with _server() as server:
        for path in find_files(paths):
            try:
                documents = read_file(path)
            except DefinitionError as error:
                results.append(Result(error.file, error.line, "", "", error=error.reason))
                continue
            results += _run_file(server, session, documents, tables, messages)
    if junit:
        junit.write_text(junit_xml(results), encoding="utf-8")
    if form == "json":
        print_json([result.data() for result in results])
    elif form == "junit":
        click.echo(junit_xml(results))
    else:
        _print(results)
    bad = sum(not result.passed for result in results)
    if bad:
        raise TestsFailed(f"{bad} of {len(results)} {'test' if len(results) == 1 else 'tests'} failed")
    if not results:
        raise TestsFailed("there is no test in these files; a document has them under tests")


@contextmanager
def _server() -> Iterator[embedded.Server]:
    with embedded.temporary("pgwhen-tests-") as server:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
            admin.execute(f"create database {_TEMPLATE}")
        migrate_database(server.dsn(_TEMPLATE))
        with psycopg.connect(server.dsn(_TEMPLATE), autocommit=True) as connection:
            connection.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
        yield server


def _run_file(
    server: embedded.Server,
    session: Session,
    documents: Sequence[Document],
    tables: Path | None,
    messages: Mapping[str, str],
) -> list[Result]:
    """The tests of one file, in a database of their own."""
    if not any(_tests(document) for document in documents):
        return []
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"drop database if exists {_DATABASE}")
        admin.execute(f"create database {_DATABASE} template {_TEMPLATE}")
    with psycopg.connect(server.dsn(_DATABASE), autocommit=True) as connection:
        try:
            names = _prepare(connection, session, documents, tables, messages)
        except (scratch.ScratchError, psycopg.Error) as error:
            return [_result(document, place, _words(error)) for document in documents for place in _tests(document)]
        return [
            _run_test(connection, document, names[number], place)
            for number, document in enumerate(documents)
            for place in _tests(document)
        ]


def _tests(document: Document) -> list[int]:
    """The places of a document's tests."""
    found = document.definition.get("tests") if isinstance(document.definition, dict) else None
    return list(range(len(found))) if isinstance(found, list) else []


def _result(document: Document, place: int, error: str = "") -> Result:
    case = document.definition["tests"][place]
    name = str(case.get("name") or f"test {place + 1}") if isinstance(case, dict) else f"test {place + 1}"
    workflow = str(document.definition.get("workflow") or document.definition.get("name") or "")
    return Result(document.file, document.line(f"tests[{place}]"), workflow, name, error=error)


def _words(error: Exception) -> str:
    """An error in lines: what, why, and what to do."""
    if not isinstance(error, psycopg.Error):
        return str(error)
    diag = error.diag
    hint = f"hint: {diag.message_hint}" if diag.message_hint else None
    return "\n".join(str(part) for part in (diag.message_primary or error, diag.message_detail, hint) if part)


# ---------------------------------------------------------------- the database of a file


def _prepare(
    connection: database.Connection,
    session: Session,
    documents: Sequence[Document],
    tables: Path | None,
    messages: Mapping[str, str],
) -> list[str]:
    """Tables, attachments and workflows; the identifier of each document's workflow."""
    definitions = [database.normalise_definition(connection, dump_json(document.definition)) for document in documents]
    wanted = list(dict.fromkeys(name for definition in definitions for name in _named_tables(definition)))
    if tables:
        connection.execute(tables.read_bytes())
    elif session.given and not session.embedded:
        with session.connect() as source:
            structure = scratch.structure_of(source, wanted)
        scratch.build(connection, structure)
        if structure.missing:
            raise scratch.ScratchError(f"the database has no table {', '.join(structure.missing)}")
    else:
        text = dump_json([{k: v for k, v in definition.items() if k != "tests"} for definition in definitions])
        rows = [row for definition in definitions for row in _given_rows(definition)]
        structure = scratch.structure_from(
            rows, wanted, lambda key: bool(re.search(rf"\b{re.escape(key)}(\.[a-z_]|_id\b)", text))
        )
        scratch.build(connection, structure)
    _open_tables(connection)
    for name in dict.fromkeys(name for definition in definitions for name in _event_tables(definition)):
        database.attach(connection, scratch.find_table(connection, name), None, None, None)
    for name in dict.fromkeys(name for definition in definitions for name in _endpoints(definition)):
        connection.execute("select pgwhen.add_endpoint(%s, 'https://example.com/', 'env:NONE')", [name])
    _add_messages(
        connection, session, {name for definition in definitions for name in _templates(definition)}, messages
    )
    names = [
        str(database.apply_definition(connection, dump_json(document.definition), document.text, False)["workflow"])
        for document in documents
    ]
    # A test may happen at any time.
    connection.execute("update pgwhen.activations set from_at = '-infinity'")
    return names


def _open_tables(connection: database.Connection) -> None:
    """Everything here may be read and written by workflows: what they may in the real one is the DBA's word."""
    query = """
        select format('grant usage on schema %1$I to pgwhen_actions;'
          ' grant select, insert, update, delete on all tables in schema %1$I to pgwhen_actions', nspname)
        from pg_namespace
        where nspname !~ '^pg_' and nspname not in ('information_schema', 'pgwhen', 'pgwhen_sandbox', 'pgmq')
        """
    for (statement,) in connection.execute(query).fetchall():
        connection.execute(statement)


def _triggers(definition: Any) -> list[dict[str, Any]]:
    when = definition.get("when") if isinstance(definition, dict) else None
    return [one for one in (when if isinstance(when, list) else [when]) if isinstance(one, dict)]


def _event_tables(definition: Any) -> Iterator[str]:
    """Tables whose changes count: of triggers, and wherever a step or exit_on names one with row."""
    yield from (str(one["table"]) for one in _triggers(definition) if one.get("table"))
    for part in _parts({k: v for k, v in definition.items() if k not in ("when", "tests")}):
        if isinstance(part.get("table"), str) and isinstance(part.get("row"), str):
            yield part["table"]
    for case in _cases(definition):
        for event in [_given(case), *_later(case)]:
            if table := event.get("table"):
                yield str(table)


def _named_tables(definition: Any) -> Iterator[str]:
    """All tables that a definition and its tests name."""
    if not isinstance(definition, dict):
        return
    yield from _event_tables(definition)
    for part in _parts({k: v for k, v in definition.items() if k != "tests"}):
        if isinstance(part.get("table"), str) and "{{" not in part["table"]:
            yield part["table"]
    for case in _cases(definition):
        for event in [_given(case), *_later(case)]:
            yield from _rows_of({"given": event})


def _endpoints(definition: dict[str, Any]) -> Iterator[str]:
    """The endpoints that webhook steps name. The scratch database has none of its own."""
    for part in _parts({k: v for k, v in definition.items() if k != "tests"}):
        if part.get("type") == "webhook" and isinstance(part.get("endpoint"), str):
            yield part["endpoint"]


def _templates(definition: dict[str, Any]) -> Iterator[str]:
    """The stored templates that steps name."""
    for part in _parts({k: v for k, v in definition.items() if k != "tests"}):
        name = part.get("message" if part.get("type") == "notification" else "template")
        if isinstance(part.get("type"), str) and isinstance(name, str):
            yield name


def _messages(paths: Sequence[Path]) -> dict[str, str]:
    """The stored templates among the files: document by identifier."""
    found = {}
    for path in find_files(paths):
        with suppress(DefinitionError):
            for document in read_file(path):
                if isinstance(document.definition, dict) and isinstance(document.definition.get("message"), str):
                    found[document.definition["message"]] = dump_json(document.definition)
    return found


def _add_messages(connection: database.Connection, session: Session, names: set[str], given: Mapping[str, str]) -> None:
    """Stored templates: of the files, else of the database that is given, else those that come with pgwhen."""
    if not names:
        return
    found = _messages([SHIPPED])
    if session.given and not session.embedded:
        with session.connect() as source:
            if source.execute("select to_regprocedure('pgwhen.list_message_templates()')").fetchone() != (None,):
                for name in {row["message"] for row in list_message_templates(source)} & names:
                    found[name] = dump_json(export_message_template(source, name)["definition"])
    found |= given
    for name in sorted(names & found.keys()):
        apply_message_template(connection, found[name], "", False)


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """All objects inside of a value."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _parts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item)


def _cases(definition: Any) -> list[dict[str, Any]]:
    tests = definition.get("tests") if isinstance(definition, dict) else None
    return [case for case in tests if isinstance(case, dict)] if isinstance(tests, list) else []


def _later(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The events after the first."""
    then = case.get("then")
    found = then if isinstance(then, list) else [then] if then else []
    if not all(isinstance(event, dict) for event in found):
        raise scratch.ScratchError("then is an event, {at, table, old, new} or {at, event, input}, or a list of them")
    return found


def _given(case: Mapping[str, Any]) -> dict[str, Any]:
    given = case.get("given")
    return given if isinstance(given, dict) else {}


def _rows_of(case: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    rows = _given(case).get("rows")
    found = rows if isinstance(rows, dict) else {}
    return {str(table): items if isinstance(items, list) else [items] for table, items in found.items()}


def _given_rows(definition: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row that the tests of a definition give, with its table."""
    for event in [event for case in _cases(definition) for event in [_given(case), *_later(case)]]:
        table = given_table(definition, event)
        for key in ("new", "old"):
            if table and isinstance(event.get(key), dict):
                yield table, event[key]
        for name, rows in _rows_of({"given": event}).items():
            yield from ((name, row) for row in rows if isinstance(row, dict))


def given_table(definition: Any, given: Mapping[str, Any]) -> str | None:
    """The table of a test's row: the one it names, or the only one of the triggers."""
    if given.get("table"):
        return str(given["table"])
    tables = {str(one["table"]) for one in _triggers(definition) if one.get("table")}
    return tables.pop() if len(tables) == 1 and ("new" in given or "old" in given) else None


# ---------------------------------------------------------------- one test


def _run_test(connection: database.Connection, document: Document, workflow: str, place: int) -> Result:
    started = time.monotonic()
    result = _result(document, place)
    definition = database.normalise_definition(connection, dump_json(document.definition))
    case = definition["tests"][place]
    try:
        with connection.transaction(force_rollback=True):
            result.problems = _check_case(connection, definition, workflow, case)
    except (scratch.ScratchError, psycopg.Error, ValueError) as error:
        result.error = _words(error)
    result.seconds = time.monotonic() - started
    return result


def _check_case(connection: database.Connection, definition: Any, workflow: str, case: Mapping[str, Any]) -> list[str]:
    """Run one test in the transaction that is open; what was not as expected."""
    scratch.restart_sequences(connection)
    given = _given(case)
    start = given.get("at")
    query = "select set_config('pgwhen.now', to_json(coalesce(%s::timestamptz, clock_timestamp())) #>> '{}', true)"
    connection.execute(query, [start])
    cause_event(connection, workflow, given_table(definition, given), given, definition)
    connection.execute("select pgwhen.tick(500)")
    roots = database.started_executions(connection, workflow)
    expect = dict(case.get("expect") or {})
    steps = {
        step["id"]
        for step in _parts({k: v for k, v in definition.items() if k != "tests"})
        if "id" in step and "type" in step
    }
    if not roots:
        return _not_started(connection, workflow, expect)
    at = database.time_of_test(connection, case.get("at"))
    outputs = given_steps(case.get("steps") or {})
    unknown = sorted({*expect, *outputs} - steps - {"execution"})
    if unknown:
        return [f"{name}: there is no such step" for name in unknown]

    later = [(database.time_of_test(connection, event.get("at")), event) for event in _later(case)]

    def run(given: Given) -> dict[str, Any]:
        with connection.transaction(force_rollback=True):
            return _tell(connection, definition, workflow, roots, given, later, at)

    return check(simulate(run, outputs), expect, steps)


def _tell(
    connection: database.Connection,
    definition: Any,
    workflow: str,
    roots: Sequence[UUID],
    given: Given,
    later: Sequence[tuple[datetime, dict[str, Any]]],
    until: datetime,
) -> dict[str, Any]:
    """The run up to each later event, and from the last of them to its end. Actions are numbered through."""
    actions: list[dict[str, Any]] = []
    statements: list[dict[str, Any]] = []
    for moment, event in [*later, (max([until, *(moment for moment, _ in later)]), None)]:
        count = len(actions)
        numbers = {key: int(key[1:]) - count for key in given if key.startswith("#")}
        own = {key: value for key, value in given.items() if key not in numbers}
        own |= {f"#{number}": given[key] for key, number in numbers.items() if number > 0}
        document = database.simulate(connection, roots, own, moment)
        actions += [action | {"number": action["number"] + count} for action in document["actions"]]
        statements += document["statements"]
        if event is not None:
            connection.execute("select pgwhen.tick(500)")
            cause_event(connection, workflow, given_table(definition, event), event, definition)
            connection.execute("select pgwhen.tick(500)")
    return document | {"actions": actions, "statements": statements}


def cause_event(
    connection: database.Connection, workflow: str, table: str | None, given: Mapping[str, Any], definition: Any
) -> None:
    """Write the rows that are given, and do what causes the event, so that only that one is in the queue."""
    for name, rows in _rows_of({"given": given}).items():
        for row in rows:
            scratch.write_row(connection, name, row)
    new, old = given.get("new"), given.get("old")
    before = None
    if table and isinstance(old, dict):
        before = scratch.write_or_change_row(connection, table, {**(new or {}), **old})
    connection.execute("delete from pgmq.q_pgwhen_events")
    if table and before is not None and isinstance(new, dict):
        scratch.update_row(connection, table, before, new)
    elif table and before is not None:
        scratch.delete_row(connection, table, before)
    elif table and isinstance(new, dict):
        scratch.write_or_change_row(connection, table, new)
    elif given.get("event") or ("input" in given and any(one.get("event") for one in _triggers(definition))):
        type_ = given.get("event") or next(one["event"] for one in _triggers(definition) if one.get("event"))
        database.emit_event(connection, type_, dumps(given.get("input") or {}), None)
    elif any(one.get("manual") for one in _triggers(definition)):
        database.start_execution(connection, workflow, dumps(given.get("input") or {}), None)
    elif truncated := next((one["table"] for one in _triggers(definition) if one.get("row") == "truncated"), None):
        connection.execute(f"truncate {scratch.find_table(connection, table or truncated)} cascade".encode())
    else:
        raise scratch.ScratchError("the test gives no event: given needs new, old, event or input")


def _not_started(connection: database.Connection, workflow: str, expect: Mapping[str, Any]) -> list[str]:
    """What is wrong where no execution began: nothing, if the test expects so."""
    if expect.get("execution") == "not_started":
        return []
    reasons = database.reasons_not_started(connection, workflow)
    return [f"execution: the workflow did not start: {reason}" for reason in reasons or ["no event was recorded"]]


# ---------------------------------------------------------------- expectations


def check(run: Run, expect: Mapping[str, Any], steps: set[str]) -> list[str]:
    """What was not as expected."""
    problems: list[str] = []
    if "execution" in expect and "execution" not in steps:
        problems += _check_execution(run, expect["execution"])
    for step, expected in expect.items():
        if step != "execution" or step in steps:
            problems += [f"{step}{problem}" for problem in _check_step(run, step, expected)]
    if run.document["stopped"]:
        problems.append(f"execution: {run.document['stopped']}")
    return problems


def _check_execution(run: Run, expected: Any) -> list[str]:
    execution = run.executions[0]
    actual = {key: execution[key] for key in ("status", "reason", "error", "had_failures")}
    wanted = expected if isinstance(expected, dict) else {"status": expected}
    why = execution["reason"] or (execution["error"] or {}).get("message") or ""
    if not isinstance(expected, dict) and expected != execution["status"] and why:
        return [f"execution: expected {expected}, but it is {execution['status']}: {why}"]
    return [f"execution{problem}" for problem in _check_fields(wanted, actual)]


def _check_step(run: Run, step: str, expected: Any) -> Iterator[str]:
    """A state or outcome, fields, or a list of fields: one for each time that the step ran."""
    rows = [row for execution in run.executions for row in run.steps(execution) if row["step_id"] == step]
    if isinstance(expected, list):
        actual = [_actual(run, step, row) for row in _by_run(run, step)]
        if len(actual) != len(expected):
            yield f": expected {len(expected)} times, but it ran {len(actual)} times{_because(run, rows)}"
        for number, (wanted, found) in enumerate(zip(expected, actual, strict=False)):
            yield from (f"[{number}]{problem}" for problem in _check_fields(wanted, found))
    elif isinstance(expected, dict):
        ran = _by_run(run, step)
        if not ran or (set(expected) - {"status", "reason", "error"} and not any(_has_begun(row) for row, _ in ran)):
            yield f": expected {_short(expected)}, but {_what_happened(run, rows)}"
        else:
            yield from _check_fields(expected, _actual(run, step, ran[-1]))
    else:
        words = {row["status"] for row in rows} | {_outcome(row) for row in rows if row["outcome"]}
        wanted = str(expected).lower() if isinstance(expected, bool) else str(expected)
        if wanted not in words and not (wanted == "not_reached" and not rows):
            yield f": expected {wanted}, but {_what_happened(run, rows)}"


def _outcome(row: Mapping[str, Any]) -> str:
    """An outcome as people write it: the name of a case or part."""
    return str(row["outcome"]).partition(":")[2] or str(row["outcome"])


def _has_begun(row: Mapping[str, Any]) -> bool:
    return row["status"] not in ("skipped", "not_reached", "cancelled")


def _by_run(run: Run, step: str) -> list[tuple[dict[str, Any], Message | None]]:
    """Each time that a step was done, with the last message that it rendered there."""
    found = []
    for execution in run.executions:
        for row in run.steps(execution):
            if row["step_id"] == step and _has_begun(row):
                messages = [
                    one for one in run.messages if one.step_id == step and one.execution_id == execution["execution_id"]
                ]
                found.append((row, messages[-1] if messages else None))
    return found


def _actual(run: Run, step: str, ran: tuple[dict[str, Any], Message | None]) -> dict[str, Any]:
    """Everything that an expectation of a step may name."""
    row, message = ran
    fields = {key: row[key] for key in ("status", "output", "error", "reason")} | {
        "outcome": row["outcome"] and _outcome(row)
    }
    return fields | (fields_of(message.message) if message and message.message else {})


def _check_fields(expected: Any, actual: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(expected, dict):
        words = (actual.get("status"), actual.get("outcome"))
        if str(expected) not in words:
            yield f": expected {expected}, but it is {actual.get('status')}"
        return
    for name, wanted in expected.items():
        if name not in actual and actual.get("error"):
            yield f".{name}: expected {_short(wanted)}, but the step failed: {actual['error'].get('message')}"
        elif name not in actual and wanted is not None:
            yield f".{name}: expected {_short(wanted)}, but there is no {name}; there are {', '.join(sorted(actual))}"
        elif not matches(wanted, found := actual.get(name)):
            yield f".{name}: expected {_short(wanted)}\n{' ' * len(name)}    but it is {_short(found)}"


def matches(wanted: Any, found: Any) -> bool:
    """Whether a value is as expected: equal, or as a matcher says. A list of one equals its element."""
    if isinstance(wanted, dict) and wanted and set(wanted) <= set(MATCHERS):
        return all(_matcher(name, value, found) for name, value in wanted.items())
    if isinstance(found, list) and len(found) == 1 and not isinstance(wanted, list):
        found = found[0]
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and all(matches(value, found[key]) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(matches, wanted, found))
    if isinstance(wanted, str) and isinstance(found, str):
        return _spaced(wanted).rstrip("\n") == _spaced(found).rstrip("\n")
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, str) and isinstance(found, int | float | Decimal):
        return wanted == str(found)
    return bool(wanted == found)


def _matcher(name: str, value: Any, found: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    if isinstance(found, list) and len(found) == 1 and name != "contains":
        found = found[0]
    match name:
        case "not":
            return not matches(value, found)
        case "contains" if isinstance(found, dict) and isinstance(value, dict):
            return all(key in found and matches(item, found[key]) for key, item in value.items())
        case "contains" if isinstance(found, list):
            return all(any(matches(one, item) for item in found) for one in values)
        case "contains":
            return all(_spaced(one) in _spaced(found) for one in values)
        case "starts_with":
            return _spaced(found).startswith(_spaced(value))
        case "ends_with":
            return _spaced(found).rstrip("\n").endswith(_spaced(value).rstrip("\n"))
        case _:
            return re.search(_spaced(value), _spaced(found)) is not None


def _spaced(value: Any) -> str:
    """A text with spaces as people type them: filters write no-break ones into amounts."""
    return str(value).replace("\u00a0", " ").replace("\u202f", " ")


def _what_happened(run: Run, rows: Sequence[Mapping[str, Any]]) -> str:
    """The state of a step, and why."""
    if not rows:
        return f"it was not reached{_because(run, rows)}"
    row = rows[-1]
    state = _outcome(row) if row["type"] in ("condition", "switch", "split") and row["outcome"] else row["status"]
    error = (row["error"] or {}).get("message")
    return f"it is {state}{': ' + error if error else ''}{_because(run, rows)}"


def _because(run: Run, rows: Sequence[Mapping[str, Any]]) -> str:
    """Why a step did not run: its own condition, or the conditions that went another way."""
    own = [
        row["why"] or row["text"] or row["reason"]
        for row in rows
        if row["status"] not in ("completed", "failed", "not_reached")
    ]
    if any(own):
        return f": {next(filter(None, own))}"
    if rows and rows[-1]["status"] in ("completed", "failed") and not rows[-1]["why"]:
        return ""
    others = [
        row
        for execution in run.executions
        for row in run.steps(execution)
        if row["step_id"] not in {r["step_id"] for r in rows}
    ]
    why = [f"{row['step_id']}: {row['why']}" for row in others if row["why"] and row["type"] == "condition"]
    open_ = [f"{row['step_id']} {row['text']}" for row in others if row["text"]]
    failed = [
        f"{row['step_id']} failed: {(row['error'] or {}).get('message')}" for row in others if row["status"] == "failed"
    ]
    own_why = [row["why"] for row in rows if row["why"]]
    words = own_why or failed or open_ or why
    return f" ({'; '.join(words[:3])})" if words else ""


def _short(value: Any) -> str:
    text = dumps(value)
    return text if len(text) <= 500 else text[:500] + "…"


# ---------------------------------------------------------------- output


def _print(results: Sequence[Result]) -> None:
    for result in results:
        word = Text("passed ", style="green") if result.passed else Text("FAILED ", style="bold red")
        name = plain(f"{result.file}:{result.line} {result.workflow}: {result.name}").rstrip(": ")
        out().print(word + Text(name), soft_wrap=True)
        for problem in [result.error] if result.error else result.problems:
            for line in plain(problem).splitlines():
                out().print(Text(f"  {line}"), soft_wrap=True)
    good = sum(result.passed for result in results)
    if results:
        out().print(Text(f"{good} passed, {len(results) - good} failed in {sum(r.seconds for r in results):.1f} s"))


def junit_xml(results: Sequence[Result]) -> str:
    """Results as JUnit XML: a test suite for each file."""
    root = ET.Element("testsuites", _counts(results))
    for file in dict.fromkeys(result.file for result in results):
        inside = [result for result in results if result.file == file]
        suite = ET.SubElement(root, "testsuite", {"name": _xml(file), **_counts(inside)})
        for result in inside:
            attributes = {
                "classname": _xml(result.workflow or file),
                "name": _xml(result.name),
                "file": _xml(file),
                "line": str(result.line),
                "time": f"{result.seconds:.3f}",
            }
            case = ET.SubElement(suite, "testcase", attributes)
            text = _xml(result.error or "\n".join(result.problems))
            if not result.passed:
                kind = "error" if result.error else "failure"
                ET.SubElement(case, kind, {"message": text.split("\n")[0], "type": kind}).text = text
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _counts(results: Sequence[Result]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(bool(result.problems) and not result.error for result in results)),
        "errors": str(sum(bool(result.error) for result in results)),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }


def _xml(text: str) -> str:
    """Text without what XML cannot hold."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "\ufffd"
        for c in text
    )
