"""Definitions and their life.

`pgwhen apply`, `validate`, `export`, `workflows`, `pause`, `resume`, `archive`, `schema`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from . import database
from .definitions import DefinitionError, Document, KeyOrder, dump_json, dump_yaml, find_files, read_file, read_json
from .main import Session
from .output import json_option, plain, print_json, print_table, relative, state, talk

#: Keys of steps that are never templates.
_NO_TEMPLATES = {"id", "name", "if", "on_error", "needs", "retry", "connection", "method", "language", "source"}

_NO_TABLE = "WF015"


class Refused(click.ClickException):
    """Some definitions have problems; they have been printed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of one definition, with the place in its file."""

    file: str
    line: int
    severity: str
    code: str
    path: str
    message: str
    hint: str | None

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {field: getattr(self, field) for field in self.__slots__}

    def __str__(self) -> str:
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        place = f"{self.path}: " if self.path else ""
        return plain(f"{self.file}:{self.line}: {self.severity}: {place}{self.message} [{self.code}]{hint}")


# ---------------------------------------------------------------- reading and checking


def _read(paths: Sequence[Path]) -> tuple[list[Document], list[Problem]]:
    """The definitions of all files, and what is wrong with files that cannot be read."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for path in find_files(paths):
        try:
            documents += read_file(path)
        except DefinitionError as error:
            problems.append(Problem(error.file, error.line, "error", "WF002", "", error.reason, None))
    return documents, problems


def _check(connection: database.Connection, document: Document, tables: bool) -> list[Problem]:
    """What the database and Jinja2 find. Without ``tables`` a table that does not exist is only a warning."""
    text = dump_json(document.definition)
    found = [
        Problem(document.file, document.line(row["path"]), **_softened(row, tables))
        for row in database.validate_definition(connection, text)
    ]
    for path, message in _template_problems(database.normalise_definition(connection, text)):
        if not any(problem.path == path and problem.code == "WF024" for problem in found):
            found.append(Problem(document.file, document.line(path), "error", "WF024", path, message, None))
    return sorted(found, key=lambda problem: (problem.line, problem.path))


def _softened(row: database.Row, tables: bool) -> database.Row:
    if tables or row["code"] != _NO_TABLE:
        return row
    return {**row, "severity": "warning", "message": f"not checked: {row['message']}", "hint": None}


def _template_problems(definition: Any) -> Iterator[tuple[str, str]]:
    """(path, message) of every template that Jinja2 does not accept, by the environment that will render it."""
    from jinja2 import TemplateSyntaxError

    from ..poller.templates import TemplateEnvironment

    environments: dict[str, TemplateEnvironment] = {}
    for path, step in _poller_steps(definition):
        for key, value in step.items():
            target = "header" if key in ("headers", "auth") and step["type"] == "http" else "text"
            environment = environments.setdefault(target, TemplateEnvironment(target))
            for place, text in _strings(value, f"{path}.{key}"):
                if "{" in text:
                    try:
                        environment.from_string(text)
                    except (TemplateSyntaxError, RecursionError, ValueError) as error:
                        line = getattr(error, "lineno", 1)
                        reason = getattr(error, "message", None) or str(error) or "the template is too deep"
                        yield place, reason if line == 1 else f"line {line} of the template: {reason}"


def _poller_steps(definition: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The steps that have templates, each with its path."""
    from ..poller.channels import PROVIDERS

    if not isinstance(definition, dict):
        return
    key = "nodes" if "nodes" in definition else "steps"
    pending = [(key, definition.get(key))]
    while pending:
        path, steps = pending.pop()
        for index, step in enumerate(steps if isinstance(steps, list) else []):
            if isinstance(step, dict):
                place = f"{path}[{index}]"
                pending += [
                    (f"{place}.{branch}", step.get(branch))
                    for branch in ("then", "else", "approved", "rejected", "timed_out", "on_error")
                ]
                if step.get("type") in ("approval", "notification") and isinstance(step.get("message"), dict):
                    yield f"{place}.message", {**step["message"], "type": "email"}
                if step.get("type") in PROVIDERS:
                    yield place, {name: value for name, value in step.items() if name not in _NO_TEMPLATES}


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, f"{path}[{index}]")


def _same_twice(plans: Sequence[tuple[Document, database.Row]]) -> list[Problem]:
    """Definitions of one run that are one workflow."""
    first: dict[str, Document] = {}
    problems = []
    for document, plan in plans:
        name = plan["workflow"]
        if name in first:
            message = f"the workflow {name} is defined in {first[name].file}:{first[name].line('workflow')} too"
            line = document.line("workflow")
            problems.append(
                Problem(document.file, line, "error", "WF007", "workflow", message, "give one another identifier")
            )
        first.setdefault(name, document)
    return problems


def _refuse(problems: Sequence[Problem], as_json: bool) -> None:
    """Print problems, and stop if any is an error."""
    count = sum(problem.severity == "error" for problem in problems)
    if count and as_json:
        print_json([problem.data() for problem in problems])
    else:
        for problem in problems:
            talk(str(problem))
    if count:
        raise Refused(f"{count} {'problem' if count == 1 else 'problems'}; nothing was changed")


# ---------------------------------------------------------------- commands


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check and print the plan, change nothing.")
@json_option
@click.pass_obj
def apply(session: Session, paths: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """Make the database match definitions: YAML or JSON, files or folders.

    Prints the plan. All or nothing: a problem in one definition keeps all from being applied. What is not in the files
    stays as it is.
    """
    documents, problems = _read(paths)
    plans: list[tuple[Document, database.Row]] = []
    with session.connect() as connection, connection.transaction(force_rollback=dry_run):
        for document in documents:
            problems += _check(connection, document, tables=True)
        _refuse(problems, as_json)
        for document in documents:
            plans.append(
                (document, database.apply_definition(connection, dump_json(document.definition), document.text, False))
            )
        _refuse(_same_twice(plans), as_json)
    if as_json:
        print_json([{**plan, "dry_run": dry_run, "file": document.file} for document, plan in plans])
        return
    print_table(["workflow*", "plan", "version", "status", "changes"], [_plan_row(plan) for _, plan in plans])
    if dry_run:
        talk("dry run: nothing was changed")


def _plan_row(plan: database.Row) -> list[Any]:
    changes = list(plan["changes"])
    staying = [f"{count} on version {version}" for version, count in plan["unfinished"].items()]
    if staying and plan["plan"] == "changed":
        changes.append(f"unfinished executions stay: {', '.join(staying)}")
    existing = plan["existing"] or {}
    if existing.get("matching"):
        count = f"{'at least ' if existing['more'] else ''}{existing['matching']}"
        changes.append(f"rows that are there match and are not started: {count}; pgwhen backfill {plan['workflow']}")
    return [plan["workflow"], plan["plan"], plan["version"], state(plan["status"]), "\n".join(changes)]


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def validate(session: Session, paths: tuple[Path, ...], as_json: bool) -> None:
    """Check definitions and change nothing.

    With a database, tables and columns are checked too. Without one the embedded server judges the language, and tables
    that it does not have are not checked.
    """
    documents, problems = _read(paths)
    tables = bool(session.given) and not session.embedded
    with session.connect(embedded=True) as connection:
        for document in documents:
            problems += _check(connection, document, tables)
    count = sum(problem.severity == "error" for problem in problems)
    if as_json:
        print_json([problem.data() for problem in problems])
    else:
        for problem in problems:
            click.echo(str(problem))
        right = len(documents) - len({problem.file for problem in problems if problem.severity == "error"})
        if not count:
            talk(f"{right} {'definition is' if right == 1 else 'definitions are'} right")
    if count:
        raise Refused(f"{count} {'problem' if count == 1 else 'problems'}")


@click.command()
@click.argument("names", nargs=-1, metavar="[WORKFLOW]...")
@click.option(
    "--format", "form", type=click.Choice(["yaml", "json"]), help="As it was written, unless given; else YAML."
)
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write a file for each into this folder."
)
@click.option("--canonical", is_flag=True, help="From the definition, even where its text was kept.")
@click.pass_obj
def export(session: Session, names: tuple[str, ...], form: str | None, folder: Path | None, canonical: bool) -> None:
    """Print definitions, all that are not archived unless named, so that apply can read them back."""
    with session.connect() as connection:
        wanted = names or tuple(
            row["workflow"] for row in database.list_workflows(connection) if row["status"] != "archived"
        )
        found = [read_json(database.export_definition(connection, name))[0].definition for name in wanted]
    texts = [_export_text(item, form, canonical) for item in found]
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        for item, (text, suffix) in zip(found, texts, strict=True):
            path = folder / f"{item['workflow']}{suffix}"
            path.write_text(text, encoding="utf-8")
            talk(f"{path}")
        return
    if form == "json" and len(names) != 1:
        click.echo(dump_json([_canonical(item) for item in found]))
        return
    click.echo("---\n".join(text for text, _ in texts), nl=False)


def _export_text(item: dict[str, Any], form: str | None, canonical: bool) -> tuple[str, str]:
    """Text and suffix of one export."""
    source = item["source"]
    written = "json" if re.match(r"\s*[\[{]", source or "") else "yaml"
    if source and not canonical and form in (None, written):
        text = source if source.endswith("\n") else source + "\n"
        return text, f".{written}"
    if form == "json":
        return dump_json(_canonical(item)) + "\n", ".json"
    return dump_yaml(_canonical(item)), ".yaml"


def _canonical(item: dict[str, Any]) -> Any:
    """The definition with its keys in the language's order."""
    return KeyOrder(**item["key_order"]).sort(item["definition"])


@click.command()
@json_option
@click.pass_obj
def workflows(session: Session, as_json: bool) -> None:
    """List workflows: state, version, what starts them."""
    with session.connect() as connection:
        rows = database.list_workflows(connection)
    if as_json:
        print_json(rows)
        return
    columns = ["workflow*", "name", "status", "version", "starts when", "unfinished", "published"]
    print_table(columns, [_workflow_row(row) for row in rows], "no workflows; pgwhen apply makes them")


def _workflow_row(row: database.Row) -> list[Any]:
    version = f"{row['version'] or ''}{' + draft' if row['has_draft'] else ''}"
    triggers = "\n".join(row["triggers"])
    return [
        row["workflow"],
        row["name"],
        state(row["status"]),
        version,
        triggers,
        row["unfinished"],
        relative(row["published_at"]),
    ]


def _life(command: str, help_text: str) -> click.Command:
    """A command that changes the state of workflows."""

    @click.command(command, help=help_text)
    @click.argument("names", nargs=-1, required=True, metavar="WORKFLOW...")
    @click.option("--reason", help="Why, for the audit log.")
    @json_option
    @click.pass_obj
    def change(session: Session, names: tuple[str, ...], reason: str | None, as_json: bool) -> None:
        with session.connect() as connection, connection.transaction():
            rows = [database.set_workflow(connection, command, name, reason) for name in names]
        if as_json:
            print_json(rows)
            return
        for row in rows:
            running = f"; {row['unfinished']} running executions go on" if row["unfinished"] else ""
            talk(f"{row['workflow']} is {row['status']}{running}")

    return change


pause = _life("pause", "Stop starts of workflows. Events are recorded as skipped, running executions go on.")
resume = _life("resume", "Let paused workflows start again. What happened meanwhile stays skipped.")
archive = _life("archive", "End workflows for good. Running executions go on, history stays.")


@click.command()
@click.pass_obj
def schema(session: Session) -> None:
    """Print the JSON Schema of definitions, for editors."""
    with session.connect() as connection:
        click.echo(dump_json(database.json_schema(connection)))
