"""`pgwhen demo`: a database, three workflows, rows by plain SQL, and what arrives.

Everything is real but the world: an embedded PostgreSQL of its own, the poller, a local SMTP server, and a local HTTP
server that plays the CRM and MessageBird. Nothing outlives the demo.
"""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.panel import Panel
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from ..poller import log, loop
from ..poller.settings import from_environment
from . import database, embedded
from .definitions import dump_json, read_json, read_yaml
from .executions import print_execution
from .migrate import migrate_database
from .output import out, plain
from .sinks import Call, HttpSink, Mail, SmtpSink, http_sink, smtp_sink

#: The files of the demo; docs/examples has the same.
FOLDER = Path(__file__).resolve().parent / "demo"
FILES = ("new_lead.yaml", "job_completed.json", "form_submission.yaml")
TABLES = ("leads", "jobs", "form_submissions")

#: What the demo changes in them: nobody waits two days, and the CRM is here.
DELAY = ("for: 2 days", "for: 3 seconds")
CRM = "https://crm.example.com"

#: Seconds after which a demo that has not ended says so.
PATIENCE = 30.0

ROWS = """\
insert into leads (first_name, email, budget) values ('Ada', 'ada@example.com', 2500);
insert into leads (first_name, email, budget) values ('Bob', 'bob@example.com', 200);
insert into clients (first_name, email, phone) values ('Grace', 'grace@example.com', '+31612345678');
insert into jobs (title, client_id) values ('New boiler', 1);
update jobs set status = 'completed' where title = 'New boiler';
insert into form_submissions (name, email, message) values ('Linus', 'linus@example.com', 'Do you repair roofs?');
"""


class DemoFailed(click.ClickException):
    """Something of the demo did not come to its end."""


@dataclass(frozen=True, slots=True)
class World:
    """The servers that receive."""

    mail: SmtpSink
    http: HttpSink

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a poller that knows them, and nothing else of this computer."""
        return {
            "SMTP_URL": self.mail.url,
            "SMTP_FROM": "office@example.com",
            "MESSAGEBIRD_API_KEY": "demo",
            "MESSAGEBIRD_ORIGINATOR": "pgwhen",
            "MESSAGEBIRD_BASE_URL": f"{self.http.url}/messagebird",
            "PGWHEN_HTTP_ALLOW": "127.0.0.0/8",
            "PGWHEN_HTTP_PORTS": self.http.url.rpartition(":")[2],
        }


@click.command()
@click.option("--keep", is_flag=True, help="Leave all running until Ctrl-C, and say how to look.")
def demo(keep: bool) -> None:
    """One INSERT becomes an e-mail, an SMS and an HTTP call, on screen.

    Uses an embedded PostgreSQL of its own; your databases are not touched.
    """
    with _sigterm_interrupts(), embedded.temporary("pgwhen-demo-") as server:
        dsn = server.dsn()
        _say("1", "A database, the tables of an application, three workflows")
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {embedded.DATABASE}")
        migrate_database(dsn)
        try:
            asyncio.run(_play(server, dsn, keep))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """SIGTERM ends the demo as Ctrl-C does, so that its server does not outlive it."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


async def _play(server: embedded.Server, dsn: str, keep: bool) -> None:
    """The demo from its first row to its last message."""
    if task := asyncio.current_task():
        # In good order; not by way of SIGINT, which a script's jobs in the background ignore. The poller has its own.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with _world() as world, _poller(dsn, world) as poller:
        with psycopg.connect(dsn, autocommit=True) as connection:
            _prepare(connection, world)
            _say("2", "The application writes rows; it knows nothing of workflows")
            out().print(Syntax(ROWS.rstrip(), "sql", background_color="default", word_wrap=True))
            for statement in ROWS.splitlines():
                connection.execute(statement)  # type: ignore[call-overload]
            await _wait(connection, poller)
            _say("3", "What happened: pgwhen show EXECUTION")
            for execution in _executions(connection):
                out().print()
                print_execution(execution)
        _say("4", "What arrived")
        _print_arrivals(world)
        if keep:
            await _stay(server, dsn, world, poller)


@contextlib.asynccontextmanager
async def _world() -> AsyncIterator[World]:
    """The mail server, and a web server that plays MessageBird and the CRM: both want an id in the answer."""

    def answer(call: Call) -> dict[str, Any]:
        return {"id": f"{len(call.body)}-{abs(hash(call.body)) % 10**8}"}

    async with smtp_sink() as mail, http_sink(answer_with=answer) as http:
        yield World(mail, http)


@contextlib.asynccontextmanager
async def _poller(dsn: str, world: World) -> AsyncIterator[asyncio.Task[Any]]:
    """The poller, as `pgwhen poll` runs it, in this process; stopped at the end."""
    settings = from_environment(dsn, world.environ)
    log.set_up("text", settings.vault, level=100)
    task = asyncio.create_task(loop.work(settings))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _prepare(connection: database.Connection, world: World) -> None:
    """Tables, attachments, workflows: what an application and its author do once."""
    connection.execute((FOLDER / "tables.sql").read_text(encoding="utf-8"))  # type: ignore[call-overload]
    connection.execute("grant select on clients, staff to pgwhen_actions")
    for table in TABLES:
        database.attach(connection, table, None, None, None)
    out().print(Text(f"  tables {', '.join(TABLES)} attached", style="dim"))
    for name in FILES:
        text = (FOLDER / name).read_text(encoding="utf-8").replace(*DELAY).replace(CRM, world.http.url)
        (document,) = read_json(text, name) if name.endswith(".json") else read_yaml(text, name)
        result = database.apply_definition(connection, dump_json(document.definition), document.text, dry_run=False)
        out().print(Text(f"  {name}: workflow {result['workflow']} is active"))


async def _wait(connection: database.Connection, poller: asyncio.Task[Any]) -> None:
    """Until nothing is left to do, but for what waits for a person."""
    out().print(Text("\n  the poller sends; two days are three seconds here ...", style="dim"))
    patience = asyncio.get_running_loop().time() + PATIENCE
    while True:
        await asyncio.wait([poller], timeout=0.1)
        if poller.done():
            # It stops by a signal only, or by an error, which this raises.
            await poller
            raise KeyboardInterrupt
        rows = database.queue_status(connection)
        waiting = sum(row["count"] for row in rows if row["place"] in ("events", "executions"))
        if not waiting:
            return
        if asyncio.get_running_loop().time() > patience:
            raise DemoFailed(f"after {PATIENCE:.0f} seconds {waiting} executions or events still wait")


def _executions(connection: database.Connection) -> list[database.Row]:
    """All executions, the first first."""
    rows = database.list_executions(connection, None, None, None, None)
    return [database.show_execution(connection, row["execution_id"]) for row in reversed(rows)]


def _say(number: str, title: str) -> None:
    out().print()
    out().print(Rule(Text(f" {number}  {title} ", style="bold"), align="left"), width=100)


# ---------------------------------------------------------------- what arrived


def _print_arrivals(world: World) -> None:
    for mail in world.mail.received:
        _print_mail(mail)
    for call in world.http.received:
        _print_call(call)


def _print_mail(mail: Mail) -> None:
    message = mail.message
    lines = [f"{name}: {message[name]}" for name in ("From", "To", "Subject")]
    _panel("an e-mail", "\n".join([*lines, "", mail.text().rstrip()]))


def _print_call(call: Call) -> None:
    """An SMS, as MessageBird gets it, or a call to the CRM."""
    title = "an SMS" if call.path.startswith("/messagebird/") else "an HTTP call"
    key = call.headers.get("idempotency-key")
    lines = [f"{call.method} {call.target}", *([f"Idempotency-Key: {key}"] if key else []), "", _body(call)]
    _panel(title, "\n".join(lines))


def _body(call: Call) -> str:
    try:
        return json.dumps(call.json, ensure_ascii=False, indent=2)
    except ValueError:
        return call.body.decode(errors="replace")


def _panel(title: str, text: str) -> None:
    out().print(Panel(Text(plain(text)), title=title, title_align="left", width=100, border_style="cyan"))


# ---------------------------------------------------------------- --keep


async def _stay(server: embedded.Server, dsn: str, world: World, poller: asyncio.Task[Any]) -> None:
    """Leave all running, and show what arrives."""
    _say("5", "All is running: write rows, and see here what arrives. Ctrl-C ends it")
    psql = server.binaries / "psql"
    out().print(Text(f"  {psql} '{dsn}'"), soft_wrap=True)
    out().print(Text(f"  export PGWHEN_DSN='{dsn}'"), soft_wrap=True)
    out().print(Text("  pgwhen executions; pgwhen show EXECUTION; pgwhen queue; pgwhen explain leads:1; pgwhen doctor"))
    mails, calls = len(world.mail.received), len(world.http.received)
    while not poller.done():
        await asyncio.wait([poller], timeout=0.2)
        for mail in world.mail.received[mails:]:
            _print_mail(mail)
        for call in world.http.received[calls:]:
            _print_call(call)
        mails, calls = len(world.mail.received), len(world.http.received)
    await poller
