"""`pgwhen deliveries`: what providers told of messages that left, and what their callbacks are verified with."""

import os
from datetime import datetime, timedelta

import click
from psycopg.types.json import Jsonb

from ..poller.secrets import SecretError, Vault
from . import database
from .callback_keys import SCHEMES, KeyProblem, is_public, verifier
from .main import Session
from .options import since as since_callback
from .output import json_option, print_json, print_table, state, when

STATUSES = ["accepted", "delivered", "failed", "bounced", "opened", "clicked", "unsubscribed", "complained", "received"]


# ---------------------------------------------------------------- SQL


def _list_deliveries(connection: database.Connection, chosen: database.Row) -> list[database.Row]:
    """What was told; ``chosen`` are the parameters without p_."""
    names, values = database._filter(chosen)
    return database._rows(connection, f"select * from pgwhen.list_deliveries({names})", values)


def _set_callback_key(
    connection: database.Connection, name: str, found: dict[str, str], reason: str | None
) -> database.Row:
    """Set a key; {fingerprint, provider, result}."""
    query = "select pgwhen.set_callback_key(%s, %s, %s)"
    return database._value(connection, query, [name, Jsonb(found), reason])  # type: ignore[no-any-return]


def _list_callback_keys(connection: database.Connection) -> list[database.Row]:
    """The keys, without what they are."""
    return database._rows(connection, "select * from pgwhen.list_callback_keys()")


def _remove_callback_key(
    connection: database.Connection, name: str, fingerprint: str | None, reason: str | None
) -> int:
    """Remove a key, or all of a connection; how many."""
    query = "select pgwhen.remove_callback_key(%s, %s, %s)"
    return database._value(connection, query, [name, fingerprint, reason])  # type: ignore[no-any-return]


def _rotate_signing_key(connection: database.Connection, reason: str | None) -> int:
    """Make a new key for unsubscribe links; its number."""
    query = "select pgwhen.rotate_signing_key(%s)"
    return database._value(connection, query, [reason])  # type: ignore[no-any-return]


# ---------------------------------------------------------------- commands


@click.group(invoke_without_command=True)
@click.pass_context
def deliveries(ctx: click.Context) -> None:
    """What became of messages: list (without a command); and keys of callbacks and links."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@deliveries.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Of this status only.")
@click.option("--address", help="To this address only.")
@click.option("--since", metavar="TIME", callback=since_callback, help="Told since then (2h, 3 days, a time).")
@click.option("--execution", metavar="E", help="Of this execution; the beginning of its id will do.")
@click.option("--limit", type=click.IntRange(1, 10000), help="How many at most (50).")
@json_option
@click.pass_obj
def list_(
    session: Session,
    status: str | None = None,
    address: str | None = None,
    since: datetime | timedelta | None = None,
    execution: str | None = None,
    limit: int | None = None,
    as_json: bool = False,
) -> None:
    """List what providers told, the newest first."""
    with session.connect() as connection:
        execution_id = database.find_execution(connection, execution) if execution else None
        chosen = {
            "status": status,
            "address": address,
            "since": since,
            "execution_id": execution_id,
            "limit": limit,
        }
        rows = _list_deliveries(connection, chosen)
    if as_json:
        return print_json(rows)
    print_table(
        ["at", "status", "address", "connection", "workflow", "step", "execution", "detail"],
        (
            (
                when(row["at"]),
                state(row["status"]),
                row["address"],
                row["connection"],
                row["workflow"],
                row["step_id"],
                row["execution_id"] and str(row["execution_id"]),
                row["detail"].get("message") or row["detail"].get("keyword") or row["event"],
            )
            for row in rows
        ),
        empty="no provider has told anything that this selects",
    )
    return None


@deliveries.command()
@click.argument("connection_name", metavar="CONNECTION")
@click.option("--secret", metavar="REFERENCE", help="Where the signing secret is: env:VARIABLE or file:/path.")
@click.option("--public-key", metavar="TEXT", help="The provider's public key (SendGrid, Telnyx), or @FILE.")
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def key(
    session: Session,
    connection_name: str,
    secret: str | None,
    public_key: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Set what the callbacks of a connection are verified with.

    The secret is read here and stays here: the database gets what verifies its signatures, from which it cannot be
    told. Without --secret the connection's own is taken where the provider signs by it (Twilio's auth token). The
    newest three keys of a connection count: set the new one, then change it at the provider, then forget-key the old.
    """
    with session.connect() as connection:
        provider, references = _connection(connection, connection_name)
        found = _verifier(provider, secret, public_key, references)
        result = _set_callback_key(connection, connection_name, found, reason)
    if as_json:
        print_json(result)
    else:
        words = "is set" if result["result"] == "set" else "was set already"
        click.echo(f"{connection_name}: key {result['fingerprint']} for callbacks of {provider} {words}")


@deliveries.command()
@json_option
@click.pass_obj
def keys(session: Session, as_json: bool) -> None:
    """List the keys that callbacks are verified with, by their fingerprints."""
    with session.connect() as connection:
        rows = _list_callback_keys(connection)
    if as_json:
        return print_json(rows)
    print_table(
        ["connection", "provider", "fingerprint", "scheme", "made", "by"],
        (
            (r["connection"], r["provider"], r["fingerprint"], r["scheme"], when(r["made_at"]), r["made_by"])
            for r in rows
        ),
        empty="no connection has a key for callbacks",
    )
    return None


@deliveries.command("forget-key")
@click.argument("connection_name", metavar="CONNECTION")
@click.option("--fingerprint", help="Which; all of the connection unless given.")
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def forget_key(
    session: Session, connection_name: str, fingerprint: str | None, reason: str | None, as_json: bool
) -> None:
    """Remove a key: callbacks that are signed by it are refused from then on."""
    with session.connect() as connection:
        count = _remove_callback_key(connection, connection_name, fingerprint, reason)
    if as_json:
        print_json({"removed": count})
    else:
        click.echo(f"{connection_name}: {count} {'key' if count == 1 else 'keys'} removed")


@deliveries.command("rotate-links")
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def rotate_links(session: Session, reason: str | None, as_json: bool) -> None:
    """Sign unsubscribe links by a new key; links that have left go on working."""
    with session.connect() as connection:
        number = _rotate_signing_key(connection, reason)
    if as_json:
        print_json({"key_id": number})
    else:
        click.echo(f"links are signed by key {number} from now on")


def _connection(connection: database.Connection, name: str) -> tuple[str, dict[str, str]]:
    """Provider and references of secrets of a connection; empty where the database does not know it."""
    rows = database._rows(connection, "select * from pgwhen.list_connections()")
    row = next((row for row in rows if row["name"] == name), {})
    provider = str(row.get("provider") or "")
    if not provider:
        raise click.UsageError(
            f"there is no connection {name}: pgwhen connections lists them; one of a poller's environment is known "
            "once that poller has run"
        )
    # With an API key, the token of the connection is the key's, and callbacks are signed by the account's.
    references = {} if "api_key" in (row.get("settings") or {}) else row.get("secrets") or {}
    return provider, dict(references)


def _verifier(provider: str, secret: str | None, public_key: str | None, references: dict[str, str]) -> dict[str, str]:
    try:
        public = is_public(provider)
        kind = SCHEMES[provider][1]
        if public:
            if public_key is None:
                raise click.UsageError(f"{provider} signs by a key of its own: give --public-key, {kind}")
            return verifier(provider, _text(public_key))
        if public_key is not None:
            raise click.UsageError(f"{provider} signs by a secret: give --secret, {kind}")
        reference = secret or (references.get("token") if provider == "twilio" else None) or _variable(provider)
        if reference is None:
            raise click.UsageError(f"give --secret env:VARIABLE or file:/path: where {kind} is")
        return verifier(provider, Vault(os.environ).reveal(reference))
    except (KeyProblem, SecretError) as error:
        raise click.ClickException(str(error)) from error


def _variable(provider: str) -> str | None:
    """Twilio signs by the token that it is called with."""
    return "env:TWILIO_AUTH_TOKEN" if provider == "twilio" and os.environ.get("TWILIO_AUTH_TOKEN") else None


def _text(value: str) -> str:
    """A text, or the contents of @FILE."""
    if not value.startswith("@"):
        return value
    try:
        with open(value[1:], encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeError) as error:
        raise click.UsageError(f"{value[1:]} cannot be read: {error}") from error
