"""`pgwhen messages`: stored templates of messages, list, show, apply, export, preview, install, remove.

A file holds one message or several (YAML documents): its variables, and its texts by channel and locale. Those that
come with pgwhen are in the folder messages beside this module.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import click
import psycopg

from ..poller.templates import loads
from . import database, simulation
from .definitions import DefinitionError, Document, KeyOrder, dump_json, dump_yaml, find_files, read_file
from .dry_run import STATEMENT_TIMEOUT
from .main import Session
from .options import key_of
from .output import json_option, plain, print_json, print_table, relative, talk

SHIPPED = Path(__file__).resolve().with_suffix("")

_ORDER = KeyOrder(
    top=("message", "name", "description", "category", "variables", "channels"),
    inside=("type", "required", "description", "example", "subject", "preheader", "title", "text", "html", "markdown"),
)


# ---------------------------------------------------------------- SQL


def list_message_templates(connection: database.Connection) -> list[database.Row]:
    """The newest version of each."""
    return database._rows(connection, "select * from pgwhen.list_message_templates()")


def export_message_template(connection: database.Connection, message: str, version: int | None = None) -> database.Row:
    """{message, version, definition, source, ...}, with exact numbers."""
    query = "select pgwhen.export_message_template(%s, %s)::text"
    return loads(database._value(connection, query, [message, version]))  # type: ignore[no-any-return]


def apply_message_template(connection: database.Connection, document: str, source: str, dry_run: bool) -> database.Row:
    """Apply a document, JSON text; {message, plan, version, channels}."""
    query = "select pgwhen.apply_message_template(%s::jsonb, %s, %s)"
    return database._value(connection, query, [document, source, dry_run])  # type: ignore[no-any-return]


def remove_message_template(connection: database.Connection, message: str) -> database.Row:
    """Remove one with all its versions."""
    return database._value(  # type: ignore[no-any-return]
        connection, "select pgwhen.remove_message_template(%s)", [message]
    )


# ---------------------------------------------------------------- commands


@click.group(invoke_without_command=True)
@click.pass_context
def messages(ctx: click.Context) -> None:
    """Stored templates of messages: list (without a command), show, apply, export, preview, install, remove."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_messages)


@messages.command("list")
@click.option("--shipped", is_flag=True, help="Those that come with pgwhen; needs no database.")
@json_option
@click.pass_obj
def list_messages(session: Session, shipped: bool = False, as_json: bool = False) -> None:
    """List them, with channels, locales and how many published steps use each."""
    if shipped:
        rows = [_shipped_row(document.definition) for document in read_messages([SHIPPED])]
        if as_json:
            return print_json(rows)
        return print_table(
            ["message*", "name", "channels", "variables"],
            [[row["message"], row["name"], _channels(row["channels"]), ", ".join(row["variables"])] for row in rows],
        )
    with session.connect() as connection:
        rows = list_message_templates(connection)
    if as_json:
        return print_json(rows)
    return print_table(
        ["message*", "name", "version", "channels", "steps", "applied"],
        [
            [
                row["message"],
                row["name"],
                f"{row['version']}{' (shared)' if row['shared'] else ''}",
                _channels(row["channels"]),
                row["steps"],
                relative(row["applied_at"]),
            ]
            for row in rows
        ],
        empty="no templates; pgwhen messages install adds those that come with pgwhen, apply yours",
    )


def _shipped_row(definition: dict[str, Any]) -> dict[str, Any]:
    return {
        "message": definition["message"],
        "name": definition.get("name"),
        "description": definition.get("description"),
        "category": definition.get("category"),
        "channels": {channel: sorted(texts) for channel, texts in definition["channels"].items()},
        "variables": list(definition.get("variables") or {}),
    }


def _channels(channels: dict[str, Sequence[str]]) -> str:
    return "; ".join(f"{channel} {' '.join(locales)}" for channel, locales in channels.items())


@messages.command()
@click.argument("message")
@click.option("--version", type=int, help="An older version.")
@json_option
@click.pass_obj
def show(session: Session, message: str, version: int | None, as_json: bool) -> None:
    """Show a template: its variables, and its texts."""
    with session.connect() as connection:
        found = export_message_template(connection, message, version)
    if as_json:
        return print_json(found)
    definition = found["definition"]
    shared = ", of the tenant default" if found["shared"] else ""
    click.echo(f"{plain(definition.get('name') or message)} ({message}, version {found['version']}{shared})")
    for text in (definition.get("description"), definition.get("category") and f"category {definition['category']}"):
        if text:
            click.echo(plain(text))
    variables = definition.get("variables") or {}
    print_table(
        ["variable*", "type", "required", "description", "example"],
        [
            [
                name,
                spec.get("type", "text"),
                "yes" if spec.get("required", True) else "",
                spec.get("description"),
                dump_json(spec["example"], None) if "example" in spec else "",
            ]
            for name, spec in variables.items()
        ],
        empty="no variables",
    )
    for channel, locales in definition["channels"].items():
        for locale, texts in locales.items():
            click.echo(f"\n--- {channel}, {locale}")
            for key in _ORDER.sort({"x": texts})["x"]:
                click.echo(f"{key}: {plain(texts[key])}" if "\n" not in texts[key] else f"{key}:")
                if "\n" in texts[key]:
                    click.echo("\n".join("  " + plain(line) for line in texts[key].splitlines()))
    return None


@messages.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check and print the plan, change nothing.")
@json_option
@click.pass_obj
def apply(session: Session, paths: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """Make the database match files of messages: YAML or JSON, files or folders. All or nothing.

    What changed becomes a new version, which steps get from now on.
    """
    documents = read_messages(paths)
    _check_syntax(documents)
    _print_plans(_apply(session, documents, dry_run), dry_run, as_json)


@messages.command()
@click.argument("names", nargs=-1, metavar="[MESSAGE]...")
@click.option("--replace", is_flag=True, help="Also those that you have with other texts.")
@click.option("--dry-run", is_flag=True, help="Print the plan, change nothing.")
@json_option
@click.pass_obj
def install(session: Session, names: tuple[str, ...], replace: bool, dry_run: bool, as_json: bool) -> None:
    """Add the templates that come with pgwhen: all, or those named. What you changed stays as it is.

    They are e-mails, text messages, push messages and lines of chat in English and Dutch; list --shipped shows them.
    """
    documents = read_messages([SHIPPED])
    known = [document.definition["message"] for document in documents]
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"no template that comes with pgwhen is called {unknown[0]}; list --shipped shows them")
    with session.connect() as connection:
        ours = {row["message"] for row in list_message_templates(connection) if not row["shared"]}
    wanted = [document for document in documents if not names or document.definition["message"] in names]
    kept = [document.definition["message"] for document in wanted if document.definition["message"] in ours]
    if not replace:
        wanted = [document for document in wanted if document.definition["message"] not in kept]
    _print_plans(_apply(session, wanted, dry_run), dry_run, as_json)
    if kept and not replace:
        talk(f"{len(kept)} you have already; --replace takes the texts that come with pgwhen")


@messages.command()
@click.argument("names", nargs=-1, metavar="[MESSAGE]...")
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write a file for each.")
@click.option("--canonical", is_flag=True, help="From the template, even where its text was kept.")
@click.pass_obj
def export(session: Session, names: tuple[str, ...], folder: Path | None, canonical: bool) -> None:
    """Print templates as YAML, all unless named, so that apply can read them back."""
    with session.connect() as connection:
        wanted = names or tuple(row["message"] for row in list_message_templates(connection))
        found = {name: export_message_template(connection, name) for name in wanted}
    texts = {name: _source(one, canonical) for name, one in found.items()}
    if folder is None:
        click.echo("---\n".join(texts.values()), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = folder / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        talk(str(path))


def _source(found: database.Row, canonical: bool) -> str:
    source = found["source"]
    if source and not canonical and not source.lstrip().startswith(("{", "[")):
        return source if source.endswith("\n") else f"{source}\n"
    return dump_yaml(_ORDER.sort(found["definition"]))


@messages.command()
@click.argument("message")
@click.pass_obj
def remove(session: Session, message: str) -> None:
    """Remove a template with all its versions. Refused while published workflows need it."""
    with session.connect() as connection:
        remove_message_template(connection, message)
    click.echo(f"{message}: removed")


@messages.command()
@click.argument("message")
@click.option("--channel", help="email unless given, where there is one.")
@click.option("--locale", default="en", show_default=True, help="Such as nl or nl_BE.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone of times.")
@click.option(
    "--set", "values", multiple=True, metavar="NAME=VALUE", help="A variable; JSON, or text. May be repeated."
)
@click.option("--row", metavar="TABLE:KEY", help="What a step would send for a row; needs --workflow and --step.")
@click.option("--workflow", help="The workflow of that step.")
@click.option("--step", help="The step.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write the HTML into this file.")
@json_option
@click.pass_obj
def preview(
    session: Session,
    message: str,
    channel: str | None,
    locale: str,
    timezone: str,
    values: tuple[str, ...],
    row: str | None,
    workflow: str | None,
    step: str | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """Show what a template becomes: with its examples, with variables, or for a row as a step of a workflow sends it.

    Nothing is sent. Variables that are not set have the value of their example. With --row locale, time zone and
    variables are those of the step.
    """
    if row and (values or not (workflow and step)):
        raise click.UsageError("--row goes with --workflow and --step, and without --set")
    if not row and (workflow or step):
        raise click.UsageError("--workflow and --step go with --row")
    if timezone not in available_timezones():
        raise click.UsageError(f"--timezone {timezone}: no such time zone; write it like Europe/Amsterdam")
    with session.connect(autocommit=False) as connection:
        if row:
            found = _for_row(connection, message, row, str(workflow), str(step))
        else:
            stored = export_message_template(connection, message)
            found = render_stored(stored, channel, _given(stored, values), locale, timezone)
        connection.rollback()
    if page:
        if not found["texts"].get("html"):
            raise click.ClickException(f"{message} has no HTML for {found['channel']}")
        page.write_text(found["texts"]["html"], encoding="utf-8")
        talk(str(page))
    if as_json:
        return print_json(found)
    click.echo(f"--- {found['channel']}, {found['locale']}, version {found['version']}")
    for key, text in found["texts"].items():
        text = text.replace("\u00a0", " ").replace("\u202f", " ") if isinstance(text, str) else text
        if key != "html":
            click.echo(
                f"{key}: {plain(text)}" if key != "text" else "\n" + "\n".join(map(plain, str(text).splitlines()))
            )
    return None


# ---------------------------------------------------------------- previews


def render_stored(
    stored: dict[str, Any], channel: str | None, variables: dict[str, Any], locale: str, timezone: str
) -> dict[str, Any]:
    """{channel, locale, version, texts} of a stored template, by the renderer of the poller."""
    from ..poller.render import RenderError, definition_of

    channels = stored["definition"]["channels"]
    channel = channel or ("email" if "email" in channels else next(iter(channels)))
    action = {
        "step_id": "preview",
        "type": channel,
        "definition": {
            "template": stored["message"],
            "variables": {name: f"{{{{ given.{name} }}}}" for name in variables},
            "locale": locale,
            "timezone": timezone,
        },
        "context": {"given": variables},
        "extra": {"template": {**stored["definition"], "version": stored["version"]}},
    }
    if channel not in channels:
        raise click.ClickException(f"{stored['message']} has texts for {', '.join(channels)}, not for {channel}")
    try:
        texts, used = definition_of(action)
    except RenderError as error:
        raise click.ClickException(str(error).removeprefix("step preview, ")) from error
    assert used
    texts = {key: texts[key] for key in (*_ORDER.inside, *texts) if key in texts and key not in ("locale", "timezone")}
    return {"channel": channel, "locale": used["locale"], "version": used["version"], "texts": texts}


def _given(stored: dict[str, Any], values: Sequence[str]) -> dict[str, Any]:
    declared = stored["definition"].get("variables") or {}
    found = {name: spec["example"] for name, spec in declared.items() if "example" in spec}
    for text in values:
        name, sign, value = text.partition("=")
        if not sign:
            raise click.UsageError(f"--set {text}: write NAME=VALUE")
        if name not in declared:
            has = ", ".join(declared) or "none"
            raise click.UsageError(f"--set {name}: {stored['message']} has no such variable; it has {has}")
        if declared[name].get("type", "text") == "text":
            found[name] = value
            continue
        try:
            found[name] = loads(value)
        except ValueError:
            found[name] = value
    return found


def _for_row(connection: database.Connection, message: str, row: str, workflow: str, step: str) -> dict[str, Any]:
    """What the step sends, by a dry run of the workflow that is rolled back."""
    table, colon, key = row.partition(":")
    if not (table and colon and key):
        raise click.UsageError(f"{row} is not TABLE:KEY, such as leads:7")
    connection.execute(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'")
    sample = {"at": database.transaction_time(connection).isoformat(), "table": table, "key": key_of(key)}
    run = simulation.simulate(lambda known: database.dry_run(connection, workflow, sample, known, None), {}, os.environ)
    sent = [one for one in run.messages if one.step_id == step]
    if not sent:
        raise click.ClickException(f"{workflow} does not get to {step} for {row}; pgwhen dry-run shows its way")
    if sent[0].message is None:
        raise click.ClickException((sent[0].error or {}).get("message", "it cannot be rendered"))
    texts = dict(sent[0].message)
    used = texts.pop("template", None)
    if not used or used["id"] != message:
        other = f"the template {used['id']}" if used else "no stored template"
        raise click.ClickException(f"{step} sends {other}")
    return {"channel": sent[0].type, "locale": used["locale"], "version": used["version"], "texts": texts}


# ---------------------------------------------------------------- files


def read_messages(paths: Sequence[Path]) -> list[Document]:
    """The documents of files and folders. Raises ClickException naming file and line."""
    try:
        documents = [document for path in find_files(paths) for document in read_file(path)]
    except DefinitionError as error:
        raise click.ClickException(str(error)) from error
    first: dict[Any, Document] = {}
    for document in documents:
        name = document.definition.get("message") if isinstance(document.definition, dict) else None
        if name in first:
            raise click.ClickException(
                f"{document.file}:{document.line('message')}: {name} is defined in {first[name].file} too"
            )
        first.setdefault(name, document)
    return documents


def _check_syntax(documents: Sequence[Document]) -> None:
    """Templates that Jinja2 does not accept, by the environment that will render them, and examples of another type."""
    from jinja2 import TemplateSyntaxError

    from ..poller.render import checked_variables
    from ..poller.templates import TemplateEnvironment, TemplateError

    environment = TemplateEnvironment("text")
    problems = []
    for document in documents:
        for path, text in _texts(document.definition):
            try:
                environment.from_string(text)
            except (TemplateSyntaxError, RecursionError, ValueError) as error:
                reason = getattr(error, "message", None) or str(error)
                line = getattr(error, "lineno", 1)
                within = f"line {line} of the template: " if line != 1 else ""
                problems.append(f"{document.file}:{document.line(path)}: {path}: {within}{reason}")
        for name, spec in _examples(document.definition):
            path = f"variables.{name}.example"
            try:
                checked_variables({name: {**spec, "required": False}}, {name: spec["example"]})
            except TemplateError as error:
                problems.append(f"{document.file}:{document.line(path)}: {path}: {error}")
            except KeyError:
                continue  # of a type that there is not, which the database says
    for problem in problems:
        talk(plain(problem))
    if problems:
        raise click.ClickException(f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}")


def _texts(definition: Any) -> Iterator[tuple[str, str]]:
    channels = definition.get("channels") if isinstance(definition, dict) else None
    for channel, locales in channels.items() if isinstance(channels, dict) else ():
        for locale, texts in locales.items() if isinstance(locales, dict) else ():
            for key, text in texts.items() if isinstance(texts, dict) else ():
                if isinstance(text, str):
                    yield f"channels.{channel}.{locale}.{key}", text


def _examples(definition: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    variables = definition.get("variables") if isinstance(definition, dict) else None
    for name, spec in variables.items() if isinstance(variables, dict) else ():
        if isinstance(spec, dict) and "example" in spec and isinstance(spec.get("type", "text"), str):
            yield name, spec


def _apply(session: Session, documents: Sequence[Document], dry_run: bool) -> list[database.Row]:
    plans = []
    with session.connect() as connection, connection.transaction(force_rollback=dry_run):
        for document in documents:
            try:
                plan = apply_message_template(connection, dump_json(document.definition), document.text, dry_run)
            except psycopg.Error as error:
                if error.sqlstate != "WF453":
                    raise
                for problem in (error.diag.message_detail or "").splitlines():
                    path = problem.partition(":")[0]
                    talk(plain(f"{document.file}:{document.line(path)}: {problem}"))
                raise click.ClickException(f"{error.diag.message_primary}; nothing was changed") from error
            plans.append({**plan, "file": document.file})
    return plans


def _print_plans(plans: Sequence[database.Row], dry_run: bool, as_json: bool) -> None:
    if as_json:
        return print_json(plans)
    if plans:
        print_table(
            ["message*", "plan", "version", "channels"],
            [[plan["message"], plan["plan"], plan["version"], _channels(plan["channels"])] for plan in plans],
        )
    if dry_run:
        talk("dry run: nothing was changed")
    return None
