"""Versions of workflows: `pgwhen versions`, `diff`, `rollback`, `migrate-executions`, `delete`."""

from collections import Counter
from typing import Any

import click

from . import database
from .main import Session
from .output import json_option, plain, print_json, print_table, state, talk, when


@click.command()
@click.argument("workflow")
@json_option
@click.pass_obj
def versions(session: Session, workflow: str, as_json: bool) -> None:
    """List the versions of a workflow: when, by whom, and how many executions are under way on each."""
    with session.connect() as connection:
        rows = database.list_versions(connection, workflow)
    if as_json:
        print_json(rows)
        return
    columns = ["version*", "state", "unfinished", "published", "by"]
    print_table(
        columns,
        [
            [row["version"], state(row["state"]), row["unfinished"], when(row["published_at"]), row["published_by"]]
            for row in rows
        ],
    )


@click.command()
@click.argument("workflow")
@click.argument("first", default="active")
@click.argument("second", default="draft")
@json_option
@click.pass_obj
def diff(session: Session, workflow: str, first: str, second: str, as_json: bool) -> None:
    """Show what differs between two versions, by step and key.

    A version is a number, active or draft; without any, what is active is compared with the draft.
    """
    with session.connect() as connection:
        found = database.diff_versions(connection, workflow, first, second)
    if as_json:
        print_json(found)
        return
    if not found["changes"]:
        talk(f"{found['from']} and {found['to']} are the same")
    for change in found["changes"]:
        click.echo(_change(change))


def _change(change: database.Row) -> str:
    """A change with its values, the old one after -, the new one after +."""
    if change["key"] == "order":
        return "order of steps changed"
    name = f"step {change['step']}" if change["step"] else ""
    head = " ".join(part for part in (name, change["key"], change["change"]) if part)
    lines = [
        f"  {mark} {plain(value)}" for mark, value in (("-", change["was"]), ("+", change["is"])) if value is not None
    ]
    return "\n".join([head, *lines])


@click.command()
@click.argument("workflow")
@click.argument("version", type=int)
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def rollback(session: Session, workflow: str, version: int, reason: str | None, as_json: bool) -> None:
    """Publish the definition of an earlier version as the next version.

    New executions get it; those under way stay on theirs, until migrate-executions moves them.
    """
    with session.connect() as connection:
        done = database.rollback_workflow(connection, workflow, version, reason)
    if as_json:
        print_json(done)
        return
    talk(f"{workflow} is on version {done['version']}, which is version {version} again; it was on {done['was']}")
    for number, count in done["unfinished"].items():
        talk(f"  {count} unfinished on version {number}")


@click.command("migrate-executions")
@click.argument("workflow")
@click.option("--to", type=int, help="Version to go on in; the active one unless given.")
@click.option("--from", "from_", type=int, help="Only those on this version.")
@click.option("--reason", help="Why, for the audit log.")
@click.option("--dry-run", is_flag=True, help="Say what can move and what cannot, change nothing.")
@json_option
@click.pass_obj
def migrate_executions(
    session: Session, workflow: str, to: int | None, from_: int | None, reason: str | None, dry_run: bool, as_json: bool
) -> None:
    """Let executions that are under way go on in another version.

    One can move if what it has done is in that version as it was, and nothing would have come before it; the report
    says why the others stay.
    """
    moved, refused, after, page = 0, list[dict[str, Any]](), None, database.Row()
    with session.connect() as connection:
        while not page or after:
            page = database.migrate_executions(connection, workflow, to, from_, dry_run, reason, after)
            moved += page["moved"]
            refused += page["refused"]
            after = page["last"]
    if as_json:
        print_json({"workflow": workflow, "to": page["to"], "dry_run": dry_run, "moved": moved, "refused": refused})
        return
    words = "can go on" if dry_run else "go on"
    talk(f"{moved} {'execution' if moved == 1 else 'executions'} of {workflow} {words} in version {page['to']}")
    reasons = Counter((row["version"], row["reason"]) for row in refused)
    if reasons:
        print_table(
            ["stay*", "on version", "because"],
            [[count, version, why] for (version, why), count in reasons.most_common()],
        )


@click.command()
@click.argument("workflow")
@click.option("--cancel", is_flag=True, help="Cancel its unfinished executions.")
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def delete(session: Session, workflow: str, cancel: bool, reason: str | None, as_json: bool) -> None:
    """Remove a workflow that was never published; archive any other.

    Refused while executions are under way, unless they are to be cancelled. What was published keeps its history, and
    its identifier.
    """
    with session.connect() as connection:
        done = database.delete_workflow(connection, workflow, cancel, reason)
    if as_json:
        print_json(done)
        return
    cancelled = f"; {done['cancelled']} executions were cancelled" if done["cancelled"] else ""
    talk(f"{workflow} is {done['status']}{cancelled}")
