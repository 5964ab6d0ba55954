"""`pgwhen connections`: what messages leave by, and what each provider needs."""

import asyncio
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from psycopg.types.json import Jsonb

from ..poller.channels import CHOICES, PROVIDERS, Connection, Unsendable, adapter, check_settings, missing, verify
from ..poller.connections import Connections
from ..poller.http import HttpClient
from ..poller.mail import Mailer
from ..poller.outcome import Outcome
from ..poller.perform import Performer
from ..poller.secrets import SecretError, Vault
from ..poller.settings import Settings, SettingsError, from_environment
from . import database
from .main import Session, WorkFailed
from .output import json_option, moment, one_line, out, plain, print_json, print_table, state, talk, when

#: Settings that every connection has; the database keeps to them.
COMMON = {
    "rate": "messages in a time, at most: 10 per second, 600 per minute",
    "concurrency": "messages on their way at a time, at most, of all pollers together",
}

_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:(?:/|[A-Za-z]:[\\/]).+")

#: What to do about what a test comes to.
_ADVICE = {
    "auth": "look at its secrets: pgwhen connections set {name} --secret {secret}=env:VARIABLE",
    "permanent": "the provider will not take this message; its answer says why",
    "transient": "the provider or the way to it has a problem now; try again",
    "throttled": "the provider wants fewer messages: pgwhen connections set {name} --set rate='10 per second'",
    "uncertain": "no answer came, and nobody knows whether it was done; look at the provider's own list of messages",
}

_INCOMPLETE = "nothing was tried; pgwhen connections show {name} has its settings and says where its secrets are"


@click.group(invoke_without_command=True)
@click.pass_context
def connections(ctx: click.Context) -> None:
    """Connections that messages leave by: list them (without a command), define, try and pause them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@connections.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool = False) -> None:
    """List them. Those of a poller's environment are known once it has run."""
    with session.connect() as connection:
        rows = database.list_connections(connection)
    if as_json:
        return print_json(rows)
    print_table(
        [
            "name*",
            "channel",
            "provider",
            "from",
            "default",
            "status",
            "rate",
            "at once",
            "held",
            "waits until",
            "reason",
        ],
        (
            (
                row["name"],
                row["channel"],
                row["provider"],
                _origin(row),
                "default" if row["is_default"] else "",
                state(row["status"]),
                row["rate"],
                row["concurrency"],
                row["held"],
                _waits(row),
                row["reason"],
            )
            for row in rows
        ),
        empty="no connection is known yet",
    )
    return None


def _origin(row: Mapping[str, Any]) -> str:
    """Where it comes from, for people."""
    origin = "a poller" if row["origin"] == "environment" else "the database"
    return f"{origin}, shared" if row["shared"] else origin


def _waits(row: Mapping[str, Any]) -> str:
    """Until when nothing leaves, and why."""
    if row["opened_until"]:
        opened = moment(row["opened_until"])
        until = when(opened) if opened and opened > datetime.now(UTC) else "one message tries"
        return f"{until}: {row['failures']} failures in a row"
    return f"{when(row['throttled_until'])}: throttled" if row["throttled_until"] else ""


@connections.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(session: Session, name: str, as_json: bool) -> None:
    """Show one: settings, where its secrets are, who uses it."""
    with session.connect() as connection:
        row = show_connection(connection, name)
    if as_json:
        return print_json(row)
    _print(row)
    return None


def _print(row: Mapping[str, Any]) -> None:
    """A connection, a line for each thing there is to say."""
    held = f", {row['held']} of them held" if row["held"] else ""
    lines = {
        "name": row["name"],
        "channel": row["channel"],
        "provider": row["provider"],
        "from": _origin(row),
        "default": f"for steps of {row['channel']} that name none" if row["is_default"] else None,
        "status": row["status"] + (f": {row['reason']}" if row["reason"] else ""),
        "waits until": _waits(row),
        "rate": row["rate"],
        "at once": row["concurrency"],
        "settings": _pairs(row["settings"]),
        "secrets": _pairs(row["secrets"]),
        "named by": ", ".join(row["workflows"] or ()),
        "under way": f"{row['under_way']} messages{held}" if row["under_way"] else None,
    }
    for name, value in lines.items():
        if value not in (None, ""):
            out().print(f"{name:<12}{plain(value)}", markup=False, soft_wrap=True)


def _pairs(values: Mapping[str, str] | None) -> str:
    return ", ".join(f"{name}={value}" for name, value in (values or {}).items())


# ---------------------------------------------------------------- providers


def of_connections() -> list[str]:
    """The providers that connections are made of, in the order of their channels."""
    return [provider for channel in (*CHOICES, "http") for provider in PROVIDERS[channel]]


@connections.command()
@click.argument("name", metavar="[PROVIDER]", type=click.Choice(of_connections()), required=False)
@json_option
def providers(name: str | None, as_json: bool) -> None:
    """List the providers of each channel: their secrets, settings and variables, those with * needed."""
    rows = [_provider(provider) for provider in ([name] if name else of_connections())]
    if as_json:
        return print_json(rows)
    print_table(
        ["channel", "provider*", "secrets", "settings", "variables"],
        (
            (
                row["channel"],
                row["provider"],
                _described(row["secrets"], row),
                _described(row["settings"], row),
                "\n".join(f"{variable}: {setting}" for variable, setting in row["variables"].items()),
            )
            for row in rows
        ),
    )
    talk(f"every connection also has: {'; '.join(f'{name} ({text})' for name, text in COMMON.items())}")
    return None


def _provider(name: str) -> dict[str, Any]:
    module = adapter(name)
    return {
        "channel": module.CHANNEL,
        "provider": name,
        "secrets": dict(module.SECRETS),
        "settings": dict(module.SETTINGS),
        "required": list(module.REQUIRED),
        "instead": {name: list(names) for name, names in getattr(module, "INSTEAD", {}).items()},
        "variables": dict(module.VARIABLES),
        "probe": hasattr(module, "probe"),
    }


def _described(names: Mapping[str, str], row: Mapping[str, Any]) -> str:
    return "\n".join(
        f"{name}{'*' if name in row['required'] else ''}: {text}"
        + (f" (or {' and '.join(row['instead'][name])})" if name in row["instead"] else "")
        for name, text in names.items()
    )


# ---------------------------------------------------------------- define


_SET = click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting; repeatable.")
_SECRET = click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="[NAME=]env:VARIABLE|file:/PATH",
    help="Where pollers find a secret, never the secret itself; repeatable. Without NAME the provider's first.",
)


@connections.command()
@click.argument("name")
@click.option("--provider", required=True, type=click.Choice(of_connections()), help="Who performs it.")
@_SECRET
@_SET
@click.option("--default", "is_default", is_flag=True, help="What steps of its channel leave by that name none.")
@json_option
@click.pass_obj
def add(
    session: Session,
    name: str,
    provider: str,
    secrets: tuple[str, ...],
    settings: tuple[str, ...],
    is_default: bool,
    as_json: bool,
) -> None:
    """Define a connection of the tenant: pgwhen connections add mail --provider resend --secret env:RESEND_API_KEY.

    Pollers know it from their next claim on. `pgwhen connections providers` says what each provider needs.
    """
    module = adapter(provider)
    given = _settings(settings, provider)
    references = _references(secrets, provider)
    lacking = missing(module, [key for key, value in {**given, **references}.items() if value])
    if lacking:
        options = (
            f"--secret {key}=env:VARIABLE ({module.SECRETS[key]})"
            if key in module.SECRETS
            else f"--set {key}=... ({module.SETTINGS.get(key, '')})"
            for key in lacking
        )
        instead = [" and ".join(getattr(module, "INSTEAD", {}).get(key, ())) for key in lacking]
        or_else = "".join(f", or {names}" for names in instead if names)
        raise click.UsageError(f"{provider} needs {' and '.join(options)}{or_else}")
    with session.connect() as connection:
        with connection.transaction():
            row = add_connection(connection, name, module.CHANNEL, provider, given, references, is_default)
            _check(provider, given)
        tenant = current_tenant(connection)
        others = [other["name"] for other in database.list_connections(connection) if _is_alike(other, row)]
    if as_json:
        print_json(row)
    else:
        click.echo(f"{name}: added{f', the default for {module.CHANNEL}' if is_default else ''}")
    _note_environment(row, tenant)
    if not is_default and others:
        talk(f"steps name it: connection: {name}; pgwhen connections default {name} makes it what the others leave by")


def _is_alike(other: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return bool(other["channel"] == row["channel"] and other["name"] != row["name"])


@connections.command("set")
@click.argument("name")
@click.argument("more", metavar="[NAME=VALUE]...", nargs=-1)
@_SECRET
@_SET
@click.option("--unset", multiple=True, metavar="NAME", help="Take a setting or a secret away; repeatable.")
@json_option
@click.pass_obj
def set_(
    session: Session,
    name: str,
    more: tuple[str, ...],
    secrets: tuple[str, ...],
    settings: tuple[str, ...],
    unset: tuple[str, ...],
    as_json: bool,
) -> None:
    """Change settings and secrets of a connection: pgwhen connections set mail rate='10 per second'.

    What is not named stays. Messages that wait leave with the new ones, but for their sender, which they have already.
    """
    if not (more or secrets or settings or unset):
        raise click.UsageError("nothing to change; give NAME=VALUE, --secret or --unset")
    with session.connect() as connection:
        provider = show_connection(connection, name)["provider"]
        known = provider if provider in of_connections() else None
        given: dict[str, str | None] = {**_settings((*more, *settings), known)}
        references: dict[str, str | None] = {**_references(secrets, known)}
        for key in unset:
            if known and key not in (module := adapter(known)).SECRETS and key not in {**module.SETTINGS, **COMMON}:
                raise click.UsageError(f"{provider} has neither a setting nor a secret {key}; {_known(provider)}")
            (references if known and key in adapter(known).SECRETS else given)[key] = None
        with connection.transaction():
            row = set_connection(connection, name, given, references)
            if known:
                _check(known, given)
        tenant = current_tenant(connection)
    if as_json:
        print_json(row)
    else:
        click.echo(f"{name}: changed")
    _note_environment(row, tenant)


@connections.command()
@click.argument("name")
@click.option("--off", is_flag=True, help="It is the default no longer.")
@json_option
@click.pass_obj
def default(session: Session, name: str, off: bool, as_json: bool) -> None:
    """Make a connection what steps of its channel leave by that name none."""
    with session.connect() as connection:
        row = set_default_connection(connection, name, not off)
    if as_json:
        print_json(row)
    else:
        click.echo(f"{name}: {'no longer' if off else 'now'} the default for {row['channel']}")


@connections.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Although steps name it, or messages are to leave by it: they fail then.")
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def remove(session: Session, name: str, force: bool, reason: str | None, as_json: bool) -> None:
    """Take a connection away."""
    with session.connect() as connection:
        result = remove_connection(connection, name, force, reason)
    if as_json:
        return print_json(result)
    click.echo(f"{name}: removed")
    if result["workflows"]:
        talk(f"steps of {', '.join(result['workflows'])} name it")
    if result["origin"] == "environment":
        talk("a poller that has it in its environment brings it back")
    elif result["was_default"]:
        talk("it was the default; pgwhen connections default NAME names another")
    return None


def _settings(given: Iterable[str], provider: str | None) -> dict[str, str | None]:
    """``NAME=VALUE`` by name; an empty value takes one away. Names are those of the provider, where it is known."""
    found: dict[str, str | None] = {}
    for text in given:
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign or not name:
            raise click.UsageError("a setting is given as NAME=VALUE")
        if provider and name in adapter(provider).SECRETS:
            raise click.UsageError(f"{name} is a secret: --secret {name}=env:VARIABLE says where pollers find it")
        if provider and name not in {**adapter(provider).SETTINGS, **COMMON}:
            raise click.UsageError(f"{provider} has no setting {name}; {_known(provider)}")
        found[name] = value.strip() or None
    return found


def _check(provider: str, given: Mapping[str, str | None]) -> None:
    """Refuse values that no connection of the provider can have. What is wrong beside them is for _note_environment.

    The message has the value: so the database is asked first, which refuses what looks like a secret.
    """
    try:
        check_settings(provider, {name: value for name, value in given.items() if value})
    except ValueError as error:
        raise click.UsageError(f"{provider}: {error}") from error


def _references(given: Iterable[str], provider: str | None) -> dict[str, str | None]:
    """References by name. What is none is not repeated: it may be the secret itself."""
    found: dict[str, str | None] = {}
    names = list(adapter(provider).SECRETS) if provider else []
    for text in given:
        name, reference = (names[0] if names else "", text)
        if not text.startswith(("env:", "file:")):
            name, _, reference = text.partition("=")
        if not _REFERENCE.fullmatch(reference) or not name:
            raise click.UsageError(
                "--secret says where the secret is: [NAME=]env:VARIABLE or [NAME=]file:/PATH. "
                "A secret on a command line is seen by others; consider it known if you gave one"
            )
        if provider and name not in names:
            raise click.UsageError(f"{provider} has no secret {plain(name)[:40]}; {_known(provider)}")
        found[name] = reference
    return found


def _known(provider: str) -> str:
    module = adapter(provider)
    return f"it has: {', '.join([*module.SECRETS, *module.SETTINGS, *COMMON])}"


def _note_environment(row: Mapping[str, Any], tenant: str) -> None:
    """Say what this environment lacks for it: pollers may run elsewhere, so it is no error."""
    if row["origin"] == "defined" and (problem := problem_here(row, tenant, os.environ)):
        talk(f"it cannot send from here: {problem}. What counts is where pollers run")


def problem_here(row: Mapping[str, Any], tenant: str, environ: Mapping[str, str]) -> str:
    """Why a connection of list_connections could not send from this environment; "" where it could."""
    if row["provider"] not in of_connections():
        return f"this version of pgwhen does not know the provider {row['provider']}"
    allowed = [name.strip() for name in environ.get("PGWHEN_TENANT_SECRETS", "").split(",")]
    vault = Vault(environ, tenants=allowed)
    try:
        verify(as_connection(row, tenant).with_secrets(vault.reveal_all(row["secrets"] or {}, tenant)))
    except SecretError as error:
        return str(error).replace(" where this poller runs", "")
    except ValueError as error:
        return str(vault.mask(str(error)))
    return ""


def defined_rows(connection: database.Connection) -> list[database.Row]:
    """The defined connections that the tenant's messages leave by, as a poller learns them.

    Those that it shares come without settings and secrets, which are the house's.
    """
    tenant = current_tenant(connection)
    rows = [row for row in database.list_connections(connection) if row["origin"] == "defined"]
    return [
        {
            **{name: row[name] for name in ("name", "channel", "provider", "is_default")},
            "tenant": "default" if row["shared"] else tenant,
            "settings": row["settings"] or {},
            "secrets": row["secrets"] or {},
        }
        for row in rows
    ]


def as_connection(row: Mapping[str, Any], tenant: str) -> Connection:
    """A row of list_connections as the poller has it."""
    return Connection(
        row["name"], row["provider"], row["settings"] or {}, row["secrets"] or {}, tenant, row["is_default"]
    )


# ---------------------------------------------------------------- try


@connections.command("test")
@click.argument("name")
@click.option("--to", metavar="ADDRESS", help="Send a real message there: an e-mail address, a number, a channel.")
@json_option
@click.pass_obj
def test_connection(session: Session, name: str, to: str | None, as_json: bool) -> None:
    """Try a connection from here, with the secrets of this environment.

    Without --to nobody receives anything: the provider is asked something that costs nothing, or checks a message and
    does not send it. Exits with 3 unless the answer was good.
    """
    with session.connect() as connection:
        rows = {row["name"]: row for row in database.list_connections(connection)}
        tenant = current_tenant(connection)
    try:
        settings = from_environment(session.dsn())
        chosen = _to_test(rows, name, tenant, settings.connections)
        outcome = asyncio.run(_test(settings, chosen, to))
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except Unsendable as error:
        raise click.UsageError(f"{error}: pgwhen connections test {name} --to ADDRESS") from error
    if as_json:
        print_json({"name": name, "to": to, **_answer(outcome)})
    else:
        _print_outcome(name, to, outcome)
    if name in rows and rows[name]["status"] == "paused":
        talk(f"it is paused: {rows[name]['reason']}; pgwhen connections resume {name}")
    if outcome.class_ != "ok":
        secret = next(iter([*chosen.secrets, *adapter(chosen.provider).SECRETS]), "NAME")
        # What could not even be tried is wrong here: a setting, or a secret that this environment does not have.
        advice = _INCOMPLETE if (outcome.error or {}).get("code") == "connection" else _ADVICE[outcome.class_]
        raise WorkFailed(f"{name}: {outcome.class_}; {advice.format(name=name, secret=secret)}")


def _to_test(rows: Mapping[str, database.Row], name: str, tenant: str, here: Connections) -> Connection:
    """The connection, of the database or of this environment. Raises Unsendable."""
    row = rows.get(name)
    if row is None or row["origin"] == "environment":
        if name not in {connection.name for connection in here}:
            known = ", ".join(sorted({*rows, *(c.name for c in here if adapter(c.provider).REQUIRED)}))
            missing = "its variables are not set where this command runs" if row else "there is none of that name"
            raise click.ClickException(f"connection {name} cannot be tried: {missing}; known: {known or 'none'}")
        return next(connection for connection in here if connection.name == name)
    if row["shared"]:
        raise click.ClickException(f"connection {name} belongs to the tenant default, who alone can try it")
    if row["provider"] not in of_connections():
        raise click.ClickException(f"this version of pgwhen does not know the provider {row['provider']}; upgrade it")
    return as_connection(row, tenant)


async def _test(settings: Settings, connection: Connection, to: str | None) -> Outcome:
    async with HttpClient(settings.guard, limit=1) as http, Mailer() as mailer:
        return await Performer(http, mailer, settings.connections, settings.vault).test(connection, to)


def _answer(outcome: Outcome) -> dict[str, Any]:
    return {
        "class": outcome.class_,
        "error": outcome.error,
        "output": outcome.output,
        "answer": outcome.answer,
        "provider_message_id": outcome.provider_message_id,
    }


def _print_outcome(name: str, to: str | None, outcome: Outcome) -> None:
    if outcome.class_ == "ok":
        click.echo(f"{name}: ok, {f'a message went to {to}' if to else 'nothing was sent'}")
    else:
        click.echo(f"{name}: {outcome.class_}: {plain((outcome.error or {}).get('message'))}")
    if outcome.answer:
        talk(f"the provider's answer: {one_line(outcome.answer, 500)}")


# ---------------------------------------------------------------- pause


@connections.command()
@click.argument("name")
@click.option("--reason", help="Why; shown where its actions wait.")
@json_option
@click.pass_obj
def pause(session: Session, name: str, reason: str | None, as_json: bool) -> None:
    """Stop sending by a connection; its actions are held."""
    with session.connect() as connection:
        result = database.pause_connection(connection, name, reason)
    if as_json:
        print_json({"name": name, "result": result})
    else:
        click.echo(f"{name}: {result}")


@connections.command()
@click.argument("name")
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def resume(session: Session, name: str, reason: str | None, as_json: bool) -> None:
    """Send by a connection again, and release what was held for it."""
    with session.connect() as connection:
        result = database.resume_connection(connection, name, reason)
    if as_json:
        print_json({"name": name, **result})
    else:
        click.echo(
            f"{name}: {'active again' if result['resumed'] else 'was active'}; {result['released']} actions released"
        )


# ---------------------------------------------------------------- one function for each of the database


def show_connection(connection: database.Connection, name: str) -> database.Row:
    """A connection with who uses it."""
    return _row(connection, "select pgwhen.show_connection(%s)", [name])


def add_connection(
    connection: database.Connection,
    name: str,
    channel: str,
    provider: str,
    settings: Mapping[str, str | None],
    secrets: Mapping[str, str | None],
    is_default: bool,
) -> database.Row:
    """Define one; what show_connection returns."""
    query = "select pgwhen.add_connection(%s, %s, %s, %s, %s, %s)"
    return _row(connection, query, [name, channel, provider, Jsonb(settings), Jsonb(secrets), is_default])


def set_connection(
    connection: database.Connection, name: str, settings: Mapping[str, str | None], secrets: Mapping[str, str | None]
) -> database.Row:
    """Change one, None removes; what show_connection returns."""
    return _row(connection, "select pgwhen.set_connection(%s, %s, %s)", [name, Jsonb(settings), Jsonb(secrets)])


def set_default_connection(connection: database.Connection, name: str, is_default: bool) -> database.Row:
    """Make it the default, or no longer; what show_connection returns."""
    return _row(connection, "select pgwhen.set_default_connection(%s, %s)", [name, is_default])


def remove_connection(connection: database.Connection, name: str, force: bool, reason: str | None) -> database.Row:
    """Take it away; {name, origin, was_default, workflows, messages, released}."""
    return _row(connection, "select pgwhen.remove_connection(%s, %s, %s)", [name, force, reason])


def current_tenant(connection: database.Connection) -> str:
    """The tenant that the session works for."""
    return str(_value(connection, "select pgwhen.current_tenant()", []))


def _row(connection: database.Connection, query: Any, parameters: Sequence[Any]) -> database.Row:
    found = _value(connection, query, parameters)
    assert isinstance(found, dict)
    return found


def _value(connection: database.Connection, query: Any, parameters: Sequence[Any]) -> Any:
    row = connection.execute(query, parameters).fetchone()
    assert row
    return row[0]
