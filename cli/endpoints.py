"""`pgwhen endpoints`: who gets outgoing webhooks, with which secrets, and what they missed."""

import asyncio
import base64
import functools
import os
import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from ..poller.channels import Attempt, Call, Connection, Unsendable, webhook
from ..poller.http import HttpClient
from ..poller.outcome import Outcome, Response
from ..poller.secrets import SecretError, Vault
from ..poller.settings import Settings, SettingsError, from_environment
from . import database
from .connections import current_tenant
from .main import Session, WorkFailed
from .options import confirm, yes_option
from .options import since as since_callback
from .output import json_option, one_line, out, plain, print_json, print_table, progress, state, talk, when

#: Executions recovered in one transaction.
PAGE = 500

#: Bytes of a new secret; the specification allows 24 to 64.
SECRET_BYTES = 32


@click.group(invoke_without_command=True)
@click.pass_context
def endpoints(ctx: click.Context) -> None:
    """Receivers of webhooks: list them (without a command), add, try, disable, and send again what they missed."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@endpoints.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool = False) -> None:
    """List them."""
    with session.connect() as connection:
        rows = list_endpoints(connection)
    if as_json:
        return print_json(rows)
    print_table(
        ["name*", "url", "status", "failing since", "held", "reason"],
        (
            (
                row["name"], row["url"], state(row["status"]), when(row["failing_since"]), row["held"],
                one_line(row["reason"] or "", 100),
            )
            for row in rows
        ),
        empty="no endpoint is registered",
    )  # fmt: skip
    return None


@endpoints.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(session: Session, name: str, as_json: bool) -> None:
    """Show one: its secrets' places, the workflows that name it, what is held and what failed."""
    with session.connect() as connection:
        row = show_endpoint(connection, name)
    if as_json:
        return print_json(row)
    failed = row["failed"]
    lines = {
        "name": row["name"],
        "url": row["url"],
        "status": f"{row['status']}{': ' + row['reason'] if row['reason'] else ''}",
        "failing since": when(row["failing_since"]),
        "secrets": ", ".join(map(_secret, row["secrets"])),
        "named by": ", ".join(row["workflows"]),
        "held": row["held"] or "",
        "failed": f"{_count(failed, 'webhook')}: pgwhen endpoints recover {name} --since ..." if failed else "",
    }
    for label, value in lines.items():
        if value != "":
            out().print(f"{label:<15}{plain(value)}", markup=False, soft_wrap=True)
    return None


def _secret(entry: dict[str, Any]) -> str:
    ends = entry["expires_at"]
    return f"{entry['reference']} until {when(ends)}" if ends else str(entry["reference"])


# ---------------------------------------------------------------- define


def _secret_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--generate", metavar="file:PATH", help="Make a new secret, in a new file that only you can read."
        ),
        click.option("--secret", metavar="REFERENCE", help="Where pollers find it: env:VARIABLE or file:/path."),
    ):
        command = option(command)
    return command


def _reference(secret: str | None, generate: str | None) -> str:
    """The reference that --secret gives, or that of a secret that --generate makes."""
    if (secret is None) == (generate is None):
        raise click.UsageError("give one of --secret env:VARIABLE|file:PATH and --generate file:PATH")
    if secret is not None:
        return f"file:{Path(secret[5:]).absolute()}" if secret.startswith("file:") and secret[5:] else secret
    if generate is None or not generate.startswith("file:") or not generate[5:]:
        raise click.UsageError(f"--generate {generate} is not a place for a secret: write file:PATH")
    return _write_secret(Path(generate[5:]).absolute())


def _write_secret(path: Path) -> str:
    """Make a secret of Standard Webhooks in a new file; its reference."""
    text = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}\n"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{path} is there already; a secret that is in use is not written over") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
    talk(f"{path}: a new secret; give it to the receiver, and to every poller under the same path")
    return f"file:{path}"


@endpoints.command()
@click.argument("name")
@click.argument("url")
@_secret_options
@json_option
@click.pass_obj
def add(session: Session, name: str, url: str, secret: str | None, generate: str | None, as_json: bool) -> None:
    """Register a receiver for webhook steps to name."""
    with session.connect() as connection:
        if generate is not None and any(row["name"] == name for row in list_endpoints(connection)):
            raise click.ClickException(f"endpoint {name} is there already: pgwhen endpoints rotate {name}")
        result = add_endpoint(connection, name, url, _reference(secret, generate))
    _say(name, {"result": result}, result, as_json)


@endpoints.command()
@click.argument("name")
@click.argument("url")
@json_option
@click.pass_obj
def move(session: Session, name: str, url: str, as_json: bool) -> None:
    """Change the address of one, from the next attempt on."""
    with session.connect() as connection:
        result = move_endpoint(connection, name, url)
    _say(name, {"result": result}, result, as_json)


@endpoints.command()
@click.argument("name")
@_secret_options
@click.option("--overlap", metavar="TIME", default="24h", show_default=True, callback=since_callback,
              help="How long the old secret signs too.")  # fmt: skip
@json_option
@click.pass_obj
def rotate(
    session: Session,
    name: str,
    secret: str | None,
    generate: str | None,
    overlap: timedelta | datetime,
    as_json: bool,
) -> None:
    """Give one a new secret. Webhooks are signed with both until the overlap ends."""
    if not isinstance(overlap, timedelta):
        raise click.UsageError("--overlap is a time like 24h, or 0s")
    with session.connect() as connection:
        show_endpoint(connection, name)
        found = rotate_endpoint(connection, name, _reference(secret, generate), overlap)
    _say(name, {"secrets": found}, f"signed with {', '.join(map(_secret, found))}", as_json)


@endpoints.command()
@click.argument("name")
@click.option("--reason", help="Why; shown with every webhook that is held.")
@json_option
@click.pass_obj
def disable(session: Session, name: str, reason: str | None, as_json: bool) -> None:
    """Stop webhooks to one; they are held."""
    with session.connect() as connection:
        result = disable_endpoint(connection, name, reason)
    _say(name, {"result": result}, result, as_json)


@endpoints.command()
@click.argument("name")
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def enable(session: Session, name: str, reason: str | None, as_json: bool) -> None:
    """Send webhooks to one again, first those that were held."""
    with session.connect() as connection:
        result = enable_endpoint(connection, name, reason)
    done = "enabled" if result["enabled"] else "was not disabled"
    released = result["released"]
    _say(name, result, f"{done}; {_count(released, 'webhook')} {'goes' if released == 1 else 'go'} on", as_json)


@endpoints.command()
@click.argument("name")
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def remove(session: Session, name: str, reason: str | None, as_json: bool) -> None:
    """Forget one that no published workflow names."""
    with session.connect() as connection:
        result = remove_endpoint(connection, name, reason)
    _say(name, {"result": result}, result, as_json)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _say(name: str, document: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        print_json({"name": name, **document})
    else:
        click.echo(f"{name}: {text}")


# ---------------------------------------------------------------- recover and try


@endpoints.command()
@click.argument("name")
@click.option("--since", metavar="TIME", required=True, callback=since_callback,
              help="Webhooks that failed since then (2h, 3 days, a time).")  # fmt: skip
@click.option("--reason", help="Why, for the audit log.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent again.")
@yes_option
@json_option
@click.pass_obj
def recover(
    session: Session,
    name: str,
    since: timedelta | datetime,
    reason: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Send one again what it missed: the same webhooks, with their ids, so that it knows those that it had.

    Webhooks that could not be rendered are left out: no endpoint missed them.
    """
    with session.connect() as connection:
        plan = _recover(connection, name, since, reason, dry_run=True)
        missed = sum(not _is_left_out(row) for row in plan)
        if missed and not dry_run:
            confirm(f"{_count(missed, 'execution')} with failed webhooks to {name} would be retried", yes)
        rows = plan if dry_run else _recover(connection, name, since, reason, dry_run=False)
    if as_json:
        return print_json(rows)
    if not rows:
        talk(f"no webhook to {name} failed since then that was not retried")
        return None
    done = sum(row["result"] in ("retried", "can be retried") for row in rows)
    click.echo(f"{name}: {_count(done, 'execution')} {'can be ' if dry_run else ''}retried")
    if left_out := sum(map(_is_left_out, rows)):
        talk(
            f"{_count(left_out, 'execution')} left out: the webhook could not be rendered, which no endpoint caused; "
            "pgwhen show says what is missing, pgwhen retry renders anew"
        )
    if dry_run or done < len(rows):
        print_table(
            ["execution*", "result"],
            ((str(row["execution_id"]), row["result"]) for row in rows if row["result"] != "retried"),
        )
    return None


def _is_left_out(row: database.Row) -> bool:
    return str(row["result"]).startswith("left out")


def _recover(
    connection: database.Connection, name: str, since: timedelta | datetime, reason: str | None, dry_run: bool
) -> list[database.Row]:
    """Page by page, each in a transaction of its own."""
    rows: list[database.Row] = []
    with progress() as bar:
        task = bar.add_task("looking" if dry_run else "recovering", total=None)
        while page := recover_endpoint(
            connection, name, since, reason, rows[-1]["execution_id"] if rows else None, PAGE, dry_run
        ):
            rows += page
            bar.advance(task, len(page))
    return rows


@endpoints.command()
@click.argument("name")
@click.option("--event", default="pgwhen.test", show_default=True, help="Type of the event.")
@json_option
@click.pass_obj
def test(session: Session, name: str, event: str, as_json: bool) -> None:
    """Send one a webhook from here, with the secrets of this environment, and show its answer.

    Exits with 3 unless it answers 2xx. Nothing is recorded.
    """
    with session.connect() as connection:
        row = show_endpoint(connection, name)
        tenant = current_tenant(connection)
    try:
        settings = from_environment(session.dsn())
        outcome = asyncio.run(_test(settings, row, event, tenant))
    except (SettingsError, Unsendable, SecretError) as error:
        raise click.UsageError(str(error)) from error
    document = {"class": outcome.class_, "error": outcome.error, "answer": outcome.answer}
    _say(name, document, _answered(outcome), as_json)
    if row["status"] == "disabled":
        talk(f"it is disabled: {row['reason']}; pgwhen endpoints enable {name}")
    if outcome.class_ != "ok":
        raise WorkFailed(f"{name} did not take the webhook")


def _answered(outcome: Outcome) -> str:
    if outcome.error:
        return outcome.error["message"]
    return f"answered {(outcome.answer or {}).get('status')}"


async def _test(settings: Settings, row: dict[str, Any], event: str, tenant: str) -> Outcome:
    """One webhook, as a poller sends it."""
    vault: Vault = settings.vault
    key, now = f"test-{uuid.uuid4()}", datetime.now(UTC)
    definition = {"endpoint": row["name"], "event": event, "data": {"message": "This is a test."}}
    connection = Connection("webhook", "webhook")
    message = webhook.message(definition, connection, key, now)
    endpoint = {"name": row["name"], "url": row["url"], "status": "active", "secrets": row["signing"]}
    extra = {"endpoint": endpoint}
    reveal = functools.partial(vault.reveal, tenant=tenant)
    attempt = Attempt(key, 1, webhook.TIMEOUT, connection, vault.resolve, extra=extra, reveal=reveal)
    request = webhook.request(message, attempt)
    if isinstance(request, Call):
        raise TypeError("an active endpoint is called by a request")
    async with HttpClient(settings.guard, limit=1) as client:
        answer = await client.send(request)
    return webhook.outcome(vault.mask_response(answer) if isinstance(answer, Response) else answer)


# ---------------------------------------------------------------- one function for each of the database


def list_endpoints(connection: database.Connection) -> list[database.Row]:
    """The tenant's endpoints."""
    return database._rows(connection, "select * from pgwhen.list_endpoints()")


def show_endpoint(connection: database.Connection, name: str) -> database.Row:
    """An endpoint with what hangs on it."""
    return database._value(connection, "select pgwhen.show_endpoint(%s)", [name])  # type: ignore[no-any-return]


def add_endpoint(connection: database.Connection, name: str, url: str, secret: str) -> str:
    """Register an endpoint; added."""
    return str(database._value(connection, "select pgwhen.add_endpoint(%s, %s, %s)", [name, url, secret]))


def move_endpoint(connection: database.Connection, name: str, url: str) -> str:
    """Change its address; moved or unchanged."""
    return str(database._value(connection, "select pgwhen.move_endpoint(%s, %s)", [name, url]))


def rotate_endpoint(connection: database.Connection, name: str, secret: str, overlap: timedelta) -> list[Any]:
    """Give it a new secret; what counts then: [{reference, added_at, expires_at}]."""
    query = "select pgwhen.rotate_endpoint(%s, %s, %s)"
    return database._value(connection, query, [name, secret, overlap])  # type: ignore[no-any-return]


def disable_endpoint(connection: database.Connection, name: str, reason: str | None) -> str:
    """Stop webhooks to it; disabled or already disabled."""
    return str(database._value(connection, "select pgwhen.disable_endpoint(%s, %s)", [name, reason]))


def enable_endpoint(connection: database.Connection, name: str, reason: str | None) -> dict[str, Any]:
    """Send webhooks to it again; {enabled, released}."""
    return database._value(connection, "select pgwhen.enable_endpoint(%s, %s)", [name, reason])  # type: ignore[no-any-return]


def remove_endpoint(connection: database.Connection, name: str, reason: str | None) -> str:
    """Forget it; removed."""
    return str(database._value(connection, "select pgwhen.remove_endpoint(%s, %s)", [name, reason]))


def recover_endpoint(
    connection: database.Connection,
    name: str,
    since: timedelta | datetime,
    reason: str | None,
    after: uuid.UUID | None,
    maximum: int,
    dry_run: bool,
) -> list[database.Row]:
    """Send again what it missed, a page of it; {execution_id, result} for each."""
    query = f"select * from pgwhen.recover_endpoint(%s, {database._since(since)}, %s, %s, %s, %s)"
    return database._rows(connection, query, [name, since, reason, after, maximum, dry_run])
