"""Write docs/reference from the code: help of every command, comments of the database, keys of the language.

python docs/generate.py       writes the files, with a PostgreSQL of its own that is gone afterwards
"""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, LiteralString

import click
import psycopg

from pgwhen.cli import embedded
from pgwhen.cli.connections import COMMON, of_connections
from pgwhen.cli.main import cli
from pgwhen.cli.migrate import migrate_database
from pgwhen.poller.channels import adapter

FOLDER = Path(__file__).resolve().parent / "reference"

NOTE = "<!-- Written by docs/generate.py (make reference); changes made here are lost. -->"

ROLES = ("pgwhen_poller", "pgwhen_app", "pgwhen_operator", "pgwhen_author", "pgwhen_viewer")

Connection = psycopg.Connection[Any]


def files(dsn: str) -> dict[str, str]:
    """Name -> text of every file of the reference. ``dsn`` is a migrated database."""
    with psycopg.connect(dsn, autocommit=True) as db:
        return {
            "README.md": page("Reference", index()),
            "cli.md": page("Commands", commands(cli, ["pgwhen"])),
            "functions.md": page("SQL functions", functions(db)),
            "views.md": page("Views", relations(db, "v")),
            "tables.md": page("Tables", relations(db, "rp")),
            "language.md": page("Keys of the workflow language", language(db)),
            "providers.md": page("Providers", providers()),
            "workflow.schema.json": json.dumps(value(db, "select pgwhen.json_schema()"), indent=1, sort_keys=True)
            + "\n",
        }


def page(title: str, lines: Iterable[str]) -> str:
    """A page of Markdown."""
    return "\n".join([f"# {title}", "", NOTE, "", *lines]).rstrip() + "\n"


def value(db: Connection, query: LiteralString) -> Any:
    """The only value of a query."""
    row = db.execute(query).fetchone()
    assert row
    return row[0]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of Markdown, and an empty line."""
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join("---" for _ in head) + " |"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def code(text: str | None) -> str:
    """Text as code, nothing for nothing."""
    return f"`{text}`" if text else ""


def index() -> Iterator[str]:
    """What there is."""
    yield "* [Commands](cli.md): the command line, every option."
    yield "* [SQL functions](functions.md): what the command line calls, and who may."
    yield "* [Views](views.md): what people look at."
    yield "* [Tables](tables.md): where everything is."
    yield "* [Providers](providers.md): what connections are made of."
    yield "* [Keys of the workflow language](language.md), and the same as a JSON Schema for editors:"
    yield "  [workflow.schema.json](workflow.schema.json)."


# ---------------------------------------------------------------- commands


def commands(command: click.Command, names: list[str], parent: click.Context | None = None) -> Iterator[str]:
    """The help of a command and of those below it."""
    settings = {**command.context_settings, "terminal_width": 100, "max_content_width": 100}
    context = click.Context(command, info_name=names[-1], parent=parent, **settings)
    yield f"## {' '.join(names)}"
    yield ""
    yield "```text"
    yield command.get_help(context)
    yield "```"
    yield ""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (below := command.get_command(context, name)) and not below.hidden:
                yield from commands(below, [*names, name], context)


# ---------------------------------------------------------------- providers


def providers() -> Iterator[str]:
    """What a connection to each provider is made of, by channel."""
    yield "[Connections](../connections.md) explains how one is defined and chosen. A * marks what is required."
    yield ""
    yield from table(("setting of every connection", "meaning"), ((code(name), text) for name, text in COMMON.items()))
    for name in of_connections():
        module = adapter(name)
        needed = module.REQUIRED
        yield f"## {module.CHANNEL}: `{name}`"
        yield ""
        instead = {
            key: f"; or {' and '.join(map(code, names))}" for key, names in getattr(module, "INSTEAD", {}).items()
        }
        rows = [(key, "secret", text + instead.get(key, "")) for key, text in module.SECRETS.items()]
        rows += [(key, "setting", text + instead.get(key, "")) for key, text in module.SETTINGS.items()]
        variables = {key: variable for variable, key in module.VARIABLES.items()}
        yield from table(
            ("name", "", "meaning", "variable"),
            ((code(key) + (" *" * (key in needed)), kind, text, code(variables.get(key))) for key, kind, text in rows),
        )
        if hasattr(module, "probe"):
            yield "`pgwhen connections test` tries it without anybody getting a message."
        else:
            yield "`pgwhen connections test` needs `--to`: it can be tried by a real message only."
        yield ""


# ---------------------------------------------------------------- SQL


def functions(db: Connection) -> Iterator[str]:
    """Public functions by name: signature, comment, roles."""
    yield "Names that begin with `_` are internal and not here. Who may call what is in `sql/grants.sql`; a function"
    yield "without a role is for the owner. Errors are in [errors](../errors.md)."
    yield ""
    rows = db.execute(
        """
        select p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
          obj_description(p.oid, 'pg_proc'),
          array(select r from unnest(%s::text[]) r where has_function_privilege(r, p.oid, 'execute'))
        from pg_proc p
        where p.pronamespace = 'pgwhen'::regnamespace and p.proname !~ '^_' and p.prorettype <> 'trigger'::regtype
        order by p.proname, p.oid
        """,
        [list(ROLES)],
    ).fetchall()
    for name, arguments, result, comment, roles in rows:
        yield f"## {name}"
        yield ""
        yield "```sql"
        yield f"pgwhen.{name}({arguments})"
        yield f"returns {result}"
        yield "```"
        yield ""
        yield (comment or "").replace("\n", "  \n")
        yield ""
        yield f"Roles: {', '.join(map(code, roles)) or 'the owner'}."
        yield ""


def relations(db: Connection, kinds: str) -> Iterator[str]:
    """Tables or views with their columns; partitions and what yoyo keeps are left out."""
    rows = db.execute(
        """
        select c.oid::integer, c.relname, obj_description(c.oid, 'pg_class'), c.relkind = 'p'
        from pg_class c
        where c.relnamespace = 'pgwhen'::regnamespace and c.relkind = any (string_to_array(%s, null)::"char"[])
          and not c.relispartition and c.relname !~ '^_'
        order by c.relname
        """,
        [kinds],
    ).fetchall()
    for oid, name, comment, partitioned in rows:
        yield f"## {name}"
        yield ""
        yield f"{comment}{' Partitioned by week.' if partitioned else ''}"
        yield ""
        columns = db.execute(
            """
            select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
              col_description(a.attrelid, a.attnum)
            from pg_attribute a
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
            order by a.attnum
            """,
            [oid],
        ).fetchall()
        if "v" in kinds:
            yield from table(("column", "type", "meaning"), ((code(c), code(t), m or "") for c, t, _, _, m in columns))
        else:
            yield from table(
                ("column", "type", "null", "default", "meaning"),
                ((code(c), code(t), "" if n else "yes", code(d), m or "") for c, t, n, d, m in columns),
            )


# ---------------------------------------------------------------- the language

#: The objects of the language, in the order of the page: scope -> title.
SCOPES = {
    "workflow": "Top level",
    "trigger": "Triggers (`when`)",
    "input": "Inputs (`inputs.<name>`)",
    "step": "Every step",
    "message": "Messages to people (`email`, `sms`, `push`, `chat`)",
    "node": "Nodes, beside the keys of a step",
    "edge": "Edges (`edges`)",
    "retry": "Retry policy (`retry`)",
    "part": "Parts of a split (`parts.<name>`)",
    "window": "Window of a delay (`window`)",
    "holidays": "Holidays from a table (`window.holidays`)",
    "approver": "Approvers (`approvers[]`)",
    "approval_message": "Message of an approval (`message`)",
    "attachment": "Attachments (`attachments[]`)",
    "auth": "Authentication (`auth`)",
    "limits": "Limits of code (`limit`)",
    "digest": "Digest of a notification (`digest`)",
    "remind": "Reminders (`remind`)",
    "escalate": "Escalation (`escalate`)",
    "exit": "Events that end an execution (`exit_on[]`)",
    "over": "Rows that a loop goes through (`over`)",
    "test": "Tests (`tests`)",
    "given": "Given (`tests[].given`)",
}

#: What a kind of value is called.
KINDS = {
    "any": "anything",
    "attempts": "1 to 100",
    "boolean": "true or false",
    "edges": "list of edges",
    "factor": "1 to 10",
    "headers": "names and templates",
    "identifiers": "list of identifiers",
    "json": "JSON of templates",
    "multipart": "names, and templates or files",
    "nodes": "list of nodes",
    "on_error": "`fail`, `continue` or a list of steps",
    "parameters": "names and templates",
    "secret_headers": "names and templates, secrets allowed",
    "steps": "list of steps",
    "templates": "template, or a list of them",
    "texts": "list of texts",
    "timezone": "IANA time zone",
    "triggers": "trigger, or a list of them",
    "type": "type of step",
    "value:interval": "value: a duration",
    "value:text": "value: a text",
    "value:timestamptz": "value: a time",
}


def language(db: Connection) -> Iterator[str]:
    """Every key that works, by the object that it stands in."""
    yield "[The language](../workflows.md) explains what these mean together."
    yield ""
    rows = db.execute(
        "select scope, key, kind, required, description from pgwhen._language() where supported order by place"
    )
    keys: dict[str, list[tuple[str, str, bool, str]]] = {}
    for scope, *rest in rows.fetchall():
        keys.setdefault(scope, []).append(tuple(rest))
    for scope in ("workflow", "trigger", "input", "step", "message"):
        yield from objects(SCOPES[scope], keys.pop(scope))
    for key, kind, _, description in keys.pop("type"):
        performer = "the poller" if kind == "poller" else "PostgreSQL"
        yield from objects(f"`type: {key}`", keys.pop(key), f"{description} Performed by {performer}.")
    for scope, found in keys.items():
        yield from objects(SCOPES[scope], found)
    yield "## Operators of conditions"
    yield ""
    operators = db.execute("select operator, operand, types, description from pgwhen._operators()").fetchall()
    yield from table(
        ("operator", "operand", "columns", "true when the column"),
        ((code(o), operand, ", ".join(types) if types else "all", text) for o, operand, types, text in operators),
    )
    yield "## Forms of values"
    yield ""
    yield "[Forms](../workflows.md#forms) explains them. A `?` marks what may be left out."
    yield ""
    forms = db.execute("select form, takes, description, example::text from pgwhen._forms() order by place").fetchall()
    yield from table(
        ("form", "takes", "gives", "example"),
        ((code(form), form_takes(takes), text, code(example)) for form, takes, text, example in forms),
    )


def form_takes(takes: list[tuple[str, str]]) -> str:
    """The keys of a form, or what stands there without one."""
    words = {"pair": "two numbers", "numbers": "list of numbers", "values": "list of values", "cases": "list of cases"}
    kinds = [
        (key, words.get(kind, kind.partition(":")[0] + ("?" if kind.endswith("?") and ":" in kind else "")))
        for key, kind in takes
    ]
    return ", ".join(kind if key == "of" else f"`{key}`: {kind}" for key, kind in kinds)


def objects(title: str, keys: list[tuple[str, str, bool, str]], text: str = "") -> Iterator[str]:
    """The keys of one kind of object."""
    yield f"## {title}"
    yield ""
    if text:
        yield text
        yield ""
    rows = ((code(key) + (" *" if required else ""), kind_text(kind), text) for key, kind, required, text in keys)
    yield from table(("key (* required)", "takes", "meaning"), rows)


def kind_text(kind: str) -> str:
    """A kind of value in words."""
    if kind.startswith("enum:"):
        return ", ".join(map(code, kind.removeprefix("enum:").split("|")))
    return KINDS.get(kind, code("true") if kind == "true" else kind)


def main() -> None:
    """Write the files, and delete what is not written any more."""
    with tempfile.TemporaryDirectory(prefix="pgwhen-reference-") as folder:
        Path(folder).chmod(0o755)
        server = embedded.Server(embedded.binaries(18), Path(folder) / "data")
        try:
            server.create()
            server.start({"fsync": "off"})
            with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
                admin.execute("create database pgwhen")
            migrate_database(server.dsn())
            written = files(server.dsn())
        finally:
            server.remove()
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(FOLDER / name, file=sys.stderr)


if __name__ == "__main__":
    main()
