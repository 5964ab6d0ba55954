"""`pgwhen db`: the embedded server."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg

from . import embedded
from .main import Session


def ensure() -> str:
    """The URL of the embedded server's database, started and migrated if need be."""
    from .migrate import migrate_database

    server = embedded.server()
    with _alone():
        server.create()
        server.start()
        _create_database(server)
    dsn = server.dsn()
    migrate_database(dsn, lambda message: click.echo(message, err=True))
    return dsn


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time makes and starts the server."""
    embedded.home().mkdir(parents=True, exist_ok=True)
    with open(embedded.home() / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _create_database(server: embedded.Server) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        found = connection.execute("select from pg_database where datname = %s", [embedded.DATABASE]).fetchone()
        if found is None:
            connection.execute(f"create database {embedded.DATABASE}")


@click.group()
def db() -> None:
    """The embedded PostgreSQL: start, stop, url, psql, reset."""


@db.command()
def start() -> None:
    """Start it, make and migrate its database, and print the URL."""
    click.echo(ensure())


@db.command()
def stop() -> None:
    """Stop it; the data stays."""
    click.echo("stopped" if embedded.server().stop() else "was not running", err=True)


@db.command()
def url() -> None:
    """Print the URL of its database (starts it)."""
    click.echo(ensure())


@db.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on its database (starts it); ARGUMENTS go to psql."""
    dsn = ensure()
    program = embedded.server().binaries / "psql"
    os.execv(program, [str(program), "-d", dsn, *arguments])


@db.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def reset(session: Session, yes: bool) -> None:
    """Delete all its data and start anew."""
    server = embedded.server()
    if not yes:
        click.confirm(f"delete {server.data}?", abort=True, err=True)
    server.remove()
    click.echo(ensure())
