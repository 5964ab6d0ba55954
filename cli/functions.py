"""`pgwhen functions`: which functions of the database call steps may call."""

import click

from . import database
from .main import Session
from .output import json_option, print_json, print_table, talk


@click.group(invoke_without_command=True)
@click.pass_context
def functions(ctx: click.Context) -> None:
    """Functions that call steps may call: list (without a command), register, unregister."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_functions)


@functions.command("list")
@json_option
@click.pass_obj
def list_functions(session: Session, as_json: bool = False) -> None:
    """List them, with what keeps workflows from calling one."""
    with session.connect() as connection:
        rows = database.list_functions(connection)
    if as_json:
        return print_json(rows)
    print_table(
        ["function*", "description", "problem"],
        ((row["function"], row["description"], row["problem"]) for row in rows),
        empty="no function is registered",
    )
    return None


@functions.command()
@click.argument("function", metavar="NAME[(TYPES)]")
@click.option("--description", help="What it does, for people.")
@json_option
@click.pass_obj
def register(session: Session, function: str, description: str | None, as_json: bool) -> None:
    """Let workflows call a function. Only its owner may; the types are needed where the name means several."""
    with session.connect() as connection:
        result = database.register_function(connection, function, description)
    if as_json:
        return print_json(result)
    click.echo(f"{result['function']}: registered")
    for line in result["grants"]:
        talk(f"workflows may not call it yet: {line}")
    return None


@functions.command()
@click.argument("function", metavar="NAME[(TYPES)]")
@json_option
@click.pass_obj
def unregister(session: Session, function: str, as_json: bool) -> None:
    """End that. Steps that are published keep naming it, and fail."""
    with session.connect() as connection:
        result = database.unregister_function(connection, function)
    if as_json:
        return print_json(result)
    click.echo(f"{result['function']}: no longer registered")
    return None
