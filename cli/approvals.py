"""`pgwhen approvals`, `approve`, `reject`, `delegate`: what waits for people, and their answer."""

from typing import Any

import click
from rich.text import Text

from . import database
from .main import Session
from .options import json_object
from .output import clock, json_option, one_line, out, plain, print_json, print_table, state, when

by_option = click.option(
    "--by", metavar="WHO", help="The approver who decides; your own login unless given. Operators decide for others."
)
comment_option = click.option("--comment", help="Why; the workflow and the audit log have it.")
form_option = click.option(
    "--form", metavar="JSON", callback=lambda *a: a[2] and json_object(*a), help="The form, filled in; - reads stdin."
)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def approvals(ctx: click.Context, as_json: bool) -> None:
    """List open approvals, or show one."""
    if ctx.invoked_subcommand is None:
        _list(ctx.obj, as_json)


@approvals.command(name="list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List open approvals, the oldest first."""
    _list(session, as_json)


def _list(session: Session, as_json: bool) -> None:
    with session.connect() as connection:
        rows = database.approvals(connection)
    if as_json:
        return print_json(rows)
    print_table(
        ["approval*", "workflow", "what", "since", "until", "approved", "waits for"],
        (
            (
                str(row["approval_id"]),
                row["workflow"],
                one_line(row["title"], 50),
                when(row["requested_at"]),
                when(row["expires_at"]),
                f"{row['approved']} of {row['wanted']}",
                ", ".join(row["waiting"]),
            )
            for row in rows
        ),
        empty="nothing waits for a decision",
    )
    return None


@approvals.command()
@click.argument("approval")
@json_option
@click.pass_obj
def show(session: Session, approval: str, as_json: bool) -> None:
    """Show an approval: who was asked, and what they said.

    APPROVAL is its id, or the beginning of it.
    """
    with session.connect() as connection:
        document = database.show_approval(connection, database.find_approval(connection, approval))
    if as_json:
        return print_json(document)
    for line in _approval(document):
        out().print(line, soft_wrap=True)
    return None


def _approval(document: dict[str, Any]) -> list[Text]:
    """The lines of an approval: what it is, how it stands, each approver, what was sent."""
    title = plain(document["name"] or document["step_id"])
    lines = [Text(f"{title}  ", style="bold").append_text(state(document["state"].replace("_", " ")))]
    lines.append(Text(f"  {document['approval_id']}", style="dim"))
    lines.append(Text(f"  {plain(document['workflow'])}, execution {document['execution_id']}"))
    lines.append(
        Text(f"  asked {when(document['requested_at'])}; {document['approved']} of {document['wanted']} approved")
    )
    if document["closed_at"]:
        by = f" by {plain(document['closed_by'])}" if document["closed_by"] else ""
        lines.append(Text(f"  closed {when(document['closed_at'])}{by}"))
    elif document["expires_at"]:
        lines.append(Text(f"  until {when(document['expires_at'])}, {document['then']}"))
    if document["form"]:
        lines.append(Text(f"  form: {plain(document['form'])}"))
    return (
        lines + [_approver(approver) for approver in document["approvers"]] + [_sent(m) for m in document["messages"]]
    )


def _approver(approver: dict[str, Any]) -> Text:
    line = Text(f"  {plain(approver['approver'])}  ", style="bold")
    if approver["decision"]:
        line.append_text(state(approver["decision"])).append(f" {clock(approver['decided_at'])}")
        if approver["decided_by"] != approver["approver"]:
            line.append(f", given by {plain(approver['decided_by'])}")
    elif approver["withdrawn"]:
        line.append(plain(approver["withdrawn"]), style="dim")
    else:
        line.append(f"asked {clock(approver['asked_at'])}" if approver["asked_at"] else "not asked yet", style="cyan")
    if approver["comment"]:
        line.append(f": {one_line(approver['comment'], 200)}")
    return line


def _sent(message: dict[str, Any]) -> Text:
    line = Text(f"    {message['kind']} by {message['type']} to {plain(message['to'])}  ")
    line.append_text(state(message["status"]))
    if error := (message["error"] or {}).get("message"):
        line.append(f"  {one_line(error, 160)}", style="red")
    return line


# ---------------------------------------------------------------- decide


@click.command()
@click.argument("approval")
@by_option
@comment_option
@form_option
@json_option
@click.pass_obj
def approve(
    session: Session, approval: str, by: str | None, comment: str | None, form: str | None, as_json: bool
) -> None:
    """Approve.

    APPROVAL is an id from `pgwhen approvals` or from the message, or the beginning of one.
    """
    _decide(session, approval, "approved", by, comment, form, as_json)


@click.command()
@click.argument("approval")
@by_option
@comment_option
@form_option
@json_option
@click.pass_obj
def reject(
    session: Session, approval: str, by: str | None, comment: str | None, form: str | None, as_json: bool
) -> None:
    """Reject.

    APPROVAL is an id from `pgwhen approvals` or from the message, or the beginning of one.
    """
    _decide(session, approval, "rejected", by, comment, form, as_json)


def _decide(
    session: Session,
    approval: str,
    decision: str,
    by: str | None,
    comment: str | None,
    form: str | None,
    as_json: bool,
) -> None:
    with session.connect() as connection:
        found = database.find_approval(connection, approval)
        _print_state(database.decide_approval(connection, found, decision, by, comment, form), as_json)


@click.command()
@click.argument("approval")
@click.option("--to", metavar="WHOM", required=True, help="Who decides instead: an e-mail address or a database login.")
@by_option
@comment_option
@json_option
@click.pass_obj
def delegate(session: Session, approval: str, to: str, by: str | None, comment: str | None, as_json: bool) -> None:
    """Hand a vote on to somebody else.

    APPROVAL is an id from `pgwhen approvals` or from the message, or the beginning of one.
    """
    with session.connect() as connection:
        found = database.find_approval(connection, approval)
        _print_state(database.delegate_approval(connection, found, by, to, comment), as_json)


def _print_state(document: dict[str, Any], as_json: bool) -> None:
    """Say how the approval stands after a vote."""
    if as_json:
        return print_json(document)
    line = state(document["state"])
    line.append(f": {document['approved']} of {document['wanted']} approved, {document['rejected']} rejected")
    if document["waiting"]:
        line.append(f"; waits for {plain(', '.join(document['waiting']))}")
    out().print(line, soft_wrap=True)
    return None
