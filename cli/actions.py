"""`pgwhen actions`: which custom actions pollers have, and what they take."""

import os
from typing import Any

import click

from ..poller.actions import LoadError, announced
from . import database
from .main import Session
from .output import json_option, print_json, print_table, relative


@click.group(invoke_without_command=True)
@click.pass_context
def actions(ctx: click.Context) -> None:
    """Custom actions in Python: list (without a command), show, check."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_actions)


@actions.command("list")
@json_option
@click.pass_obj
def list_actions(session: Session, as_json: bool = False) -> None:
    """List those that pollers have announced: parameters (? is optional), where they run, when they were seen."""
    with session.connect() as connection:
        rows = list_registered(connection)
    if as_json:
        return print_json(rows)
    print_table(
        ["action*", "parameters", "description", "pollers", "seen"],
        (
            (
                row["name"], ", ".join(parameters(row["schema"])), row["description"],
                ", ".join(row["pollers"]) or "none now", relative(row["seen_at"]),
            )
            for row in rows
        ),
        empty="no poller has announced an action; pgwhen poll --actions MODULE",
    )  # fmt: skip
    return None


@actions.command()
@click.argument("name", metavar="NAME")
@json_option
@click.pass_obj
def show(session: Session, name: str, as_json: bool) -> None:
    """Show one: what it does, and each of its parameters."""
    with session.connect() as connection:
        rows = {row["name"]: row for row in list_registered(connection)}
    if name not in rows:
        raise click.ClickException(f"no poller has announced the action {name}; pgwhen actions lists them")
    return _show(rows[name], as_json)


@actions.command()
@click.argument("modules", metavar="MODULE...", nargs=-1)
@json_option
def check(modules: tuple[str, ...], as_json: bool) -> None:
    """Load the actions of modules and installed packages here, without a database, and list them."""
    named = ",".join(modules) or os.environ.get("PGWHEN_ACTIONS", "")
    try:
        found = announced(named)
    except LoadError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        return print_json(found)
    print_table(
        ["action*", "parameters", "description"],
        ((one["name"], ", ".join(parameters(one["schema"])), one["description"]) for one in found),
        empty="there is no action here",
    )
    return None


def _show(row: database.Row, as_json: bool) -> None:
    if as_json:
        return print_json(row)
    click.echo(f"{row['name']}: {row['description'] or 'no description'}")
    required = row["schema"].get("required", [])
    print_table(
        ["parameter*", "type", ""],
        (
            (name, type_name(schema), "" if name in required else "optional")
            for name, schema in row["schema"].get("properties", {}).items()
        ),
        empty="it takes any parameters",
    )
    return None


def parameters(schema: dict[str, Any]) -> list[str]:
    """The parameters of an action as people write them: ``name: type``, with ? where it may be left out."""
    required = schema.get("required", [])
    if "properties" not in schema:
        return ["any"]
    return [
        f"{name}{'' if name in required else '?'}: {type_name(kind)}" for name, kind in schema["properties"].items()
    ]


def type_name(schema: dict[str, Any]) -> str:
    """A JSON Schema in a few words: integer, a | b, list of string."""
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " | ".join(map(type_name, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {type_name(schema['items'])}" if "items" in schema else "list"
    return str(schema.get("format") or schema.get("type") or "any")


# ---------------------------------------------------------------- database


def list_registered(connection: database.Connection) -> list[database.Row]:
    """Custom actions that pollers have announced."""
    return database._rows(connection, "select * from pgwhen.list_actions()")
