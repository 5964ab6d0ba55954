"""`pgwhen kill-switch`, `release`, `discard`: what is kept back on purpose, and what becomes of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import click

from . import database
from .main import Session
from .options import since as since_callback
from .output import json_option, print_json, print_table, progress, talk, when

#: Actions released or discarded in one transaction.
PAGE = 500

CAUSES = ["stale", "connection", "kill_switch", "other"]


@click.group("kill-switch", invoke_without_command=True)
@click.pass_context
def kill_switch(ctx: click.Context) -> None:
    """Stop sending at once, and go on again: list (without a command), on, off.

    Nothing new is claimed; what is on its way ends; what becomes due meanwhile is held.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_switches)


def _scope_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--all", "all_", is_flag=True, help="For everything, of all tenants."),
        click.option("--workflow", metavar="W", help="For this workflow; without it, for the tenant."),
    ):
        command = option(command)
    return command


@kill_switch.command("list")
@json_option
@click.pass_obj
def list_switches(session: Session, as_json: bool = False) -> None:
    """List the switches that are thrown."""
    with session.connect() as connection:
        rows = database.list_kill_switches(connection)
    if as_json:
        return print_json(rows)
    print_table(
        ["scope", "workflow", "since", "by", "held", "reason"],
        (
            (row["scope"], row["workflow"], when(row["thrown_at"]), row["thrown_by"], row["held"], row["reason"])
            for row in rows
        ),
        empty="no kill switch is thrown",
    )
    return None


@kill_switch.command("on")
@_scope_options
@click.option("--reason", required=True, help="Why; shown with every action that is held.")
@json_option
@click.pass_obj
def switch_on(session: Session, workflow: str | None, all_: bool, reason: str, as_json: bool) -> None:
    """Stop sending: of a workflow, of the tenant, or of everything."""
    with session.connect() as connection:
        result = database.throw_kill_switch(connection, reason, workflow, all_)
    if as_json:
        print_json({"result": result})
    else:
        click.echo(f"kill switch {_scope(workflow, all_)}: {result}")


@kill_switch.command("off")
@_scope_options
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def switch_off(session: Session, workflow: str | None, all_: bool, reason: str | None, as_json: bool) -> None:
    """Send again, and let go on what was held."""
    with session.connect() as connection:
        result = database.release_kill_switch(connection, workflow, all_, reason)
    if as_json:
        print_json(result)
    elif not result["released"]:
        click.echo(f"kill switch {_scope(workflow, all_)}: was not thrown")
    else:
        click.echo(f"kill switch {_scope(workflow, all_)}: off; {result['actions']} actions go on")


def _scope(workflow: str | None, all_: bool) -> str:
    return "of everything" if all_ else f"of {workflow}" if workflow else "of the tenant"


def _filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--until", metavar="TIME", callback=since_callback, help="Held before then."),
        click.option("--since", metavar="TIME", callback=since_callback, help="Held since then (2h, 3 days, a time)."),
        click.option("--cause", type=click.Choice(CAUSES), help="Held for this cause only."),
        click.option("--step", metavar="S", help="Of this step only."),
        click.option("--workflow", metavar="W", help="Of this workflow only."),
    ):
        command = option(command)
    return command


@click.command()
@_filter_options
@click.option("--reason", help="Why, for the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def release(session: Session, /, reason: str | None, yes: bool, as_json: bool, **given: Any) -> None:
    """Let held actions go on: stale ones, or those that waited for a person."""
    _each_page(session, given, yes, as_json, "released", lambda c, f: database.release_held(c, f, reason, PAGE))


@click.command()
@_filter_options
@click.option("--reason", required=True, help="Why; shown with each step.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def discard(session: Session, /, reason: str, yes: bool, as_json: bool, **given: Any) -> None:
    """Skip held actions; their executions go on after them."""
    _each_page(session, given, yes, as_json, "discarded", lambda c, f: database.discard_held(c, f, reason, PAGE))


def _each_page(
    session: Session,
    given: dict[str, str | datetime | timedelta | None],
    yes: bool,
    as_json: bool,
    done: str,
    page: Callable[[database.Connection, dict[str, str]], dict[str, int]],
) -> None:
    """Count first, ask, then go through it page by page, each in a transaction of its own."""
    chosen = {
        name: value.isoformat()
        if isinstance(value, datetime)
        else f"now - {value.total_seconds():.0f} seconds"
        if isinstance(value, timedelta)
        else value
        for name, value in given.items()
        if value is not None
    }
    with session.connect() as connection:
        count = database.count_held(connection, chosen)
        if count and not yes:
            click.confirm(f"{count} held actions would be {done}. Go on?", abort=True, err=True)
        total = 0
        with progress() as bar:
            task = bar.add_task(done, total=count)
            while count:
                answer = page(connection, chosen)
                total += answer[done]
                bar.advance(task, answer[done])
                if not answer["left"] or not answer[done]:
                    break
    if as_json:
        print_json({done: total})
    elif total or count:
        click.echo(f"{total} actions {done}")
    else:
        talk("no action is held that this selects")
