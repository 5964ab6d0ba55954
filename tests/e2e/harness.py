"""A stage for whole stories: a database with the sample tables, servers that receive, the real poller, a clock to turn.

    def test_story(stage: Stage) -> None:
        stage.attach("leads")
        stage.apply("docs/examples/lead_follow_up.json")
        stage.sql("insert into leads (first_name) values ('Anna')")
        stage.poll()
        stage.advance("2 days")
        stage.poll()
        assert stage.mails[0].message["Subject"] == "..."

The fixture ``stage`` is in conftest.py. Mail goes to a real SMTP server, everything else to a real HTTP server that
plays Twilio (``/twilio``), MessageBird (``/messagebird``), Resend (``/resend``) and every other host.
"""

import asyncio
import itertools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs

import psycopg
from aiohttp import web

from pgwhen.cli.sinks import Mail, smtp_sink
from pgwhen.poller import loop
from pgwhen.poller.action import Summary
from pgwhen.poller.settings import from_environment

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"

#: What the examples call; the stage puts its own HTTP server in their place.
HOSTS = re.compile(r"https://([a-z]+)\.example\.com")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that arrived, names of headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


#: An answer of the HTTP server: a status and a body (JSON unless it is text).
Answer = tuple[int, Any]


@dataclass(slots=True)
class Servers:
    """What the outside world received. ``answer`` may be replaced to make it fail."""

    mails: list[Mail] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    answer: Callable[[Call], Answer] = field(default_factory=lambda: default_answer)
    smtp_url: str = ""
    http_url: str = ""

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Number and text of each SMS, in the order of arrival."""
        found = []
        for call in self.calls:
            if call.path.startswith("/twilio/"):
                form = parse_qs(call.body.decode())
                found.append((form["To"][0], form["Body"][0]))
            elif call.path.startswith("/messagebird/"):
                found.append(("+" + call.json["recipients"][0], call.json["body"]))
        return found

    @property
    def requests(self) -> list[Call]:
        """What http steps sent."""
        return [call for call in self.calls if not call.path.startswith(("/twilio/", "/messagebird/", "/resend/"))]

    @property
    def environ(self) -> dict[str, str]:
        """A poller's environment that knows these servers."""
        return {
            "SMTP_URL": self.smtp_url,
            "SMTP_FROM": "pgwhen@example.com",
            "TWILIO_ACCOUNT_SID": "AC123",
            "TWILIO_AUTH_TOKEN": "twilio-token",
            "TWILIO_FROM_NUMBER": "+31201234567",
            "TWILIO_BASE_URL": f"{self.http_url}/twilio",
            "PGWHEN_HTTP_ALLOW": "127.0.0.0/8",
            "PGWHEN_SECRETS": "CRM_TOKEN",
            "CRM_TOKEN": "crm-token-8d1f",
        }


def default_answer(call: Call) -> Answer:
    """What the providers say when all is well."""
    if call.path.startswith("/twilio/"):
        return 201, {"sid": f"SM{next(_numbers)}", "status": "queued", "num_segments": "1"}
    if call.path.startswith("/messagebird/"):
        return 201, {"id": f"mb{next(_numbers)}"}
    if call.path.startswith("/resend/"):
        return 200, {"id": f"re{next(_numbers)}"}
    return 200, {"ok": True}


_numbers = itertools.count(1)


@contextmanager
def servers() -> Iterator[Servers]:
    """Start the servers in a thread of their own."""
    found = Servers()
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def handle(request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(request.method, request.path, dict(request.query), headers, await request.read())
        found.calls.append(call)
        status, body = found.answer(call)
        if isinstance(body, str):
            return web.Response(status=status, text=body)
        return web.json_response(body, status=status)

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            smtp = await stack.enter_async_context(smtp_sink(on_mail=found.mails.append))
            runner = web.ServerRunner(web.Server(handle))
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            found.smtp_url, found.http_url = smtp.url, f"http://127.0.0.1:{runner.addresses[0][1]}"
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(10), "the servers did not start"
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


class Stage:
    """One database and its world. ``db`` is a connection as the superuser, ``poller_dsn`` the poller's login."""

    def __init__(self, dsn: str, poller_dsn: str, db: psycopg.Connection[Any], world: Servers, folder: Path) -> None:
        self.dsn = dsn
        self.poller_dsn = poller_dsn
        self.db = db
        self.world = world
        self.folder = folder
        self.environ = world.environ
        self.now: datetime | None = None
        db.execute((EXAMPLES / "tables.sql").read_bytes())

    # ------------------------------------------------------------ what arrived

    @property
    def mails(self) -> list[Mail]:
        """Mail that arrived."""
        return self.world.mails

    @property
    def texts(self) -> list[tuple[str, str]]:
        """SMS that arrived: number and text."""
        return self.world.texts

    @property
    def requests(self) -> list[Call]:
        """Requests that arrived from http steps."""
        return self.world.requests

    def subjects(self) -> list[tuple[str, str]]:
        """Recipient and subject of each mail, sorted."""
        return sorted((mail.recipients[0], str(mail.message["Subject"])) for mail in self.mails)

    # ------------------------------------------------------------ the clock

    def set_clock(self, at: str | datetime) -> None:
        """Stop the clock of the database at a time: for the open connection and for every later one."""
        self.now = datetime.fromisoformat(at) if isinstance(at, str) else at
        self.now = self.now if self.now.tzinfo else self.now.replace(tzinfo=UTC)
        text = self.now.isoformat()
        self.db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
        self.db.execute(f"alter database \"{self.db.info.dbname}\" set pgwhen.now = '{text}'")
        self.db.execute("select set_config('pgwhen.now', %s, false)", [text])

    def advance(self, interval: str) -> None:
        """Turn the clock on, from where it stands or from now."""
        row = self.db.execute("select coalesce(%s, clock_timestamp()) + %s::interval", [self.now, interval]).fetchone()
        assert row
        self.set_clock(row[0])

    # ------------------------------------------------------------ the story

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run SQL as an application would; the rows, if there are any."""
        cursor = self.db.execute(query.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []

    def attach(self, *tables: str) -> None:
        """Attach tables, and let workflows read the tables that foreign keys lead to."""
        for table in tables:
            self.sql("select pgwhen.attach(%s::regclass)", table)
        self.sql("grant select on staff, clients to pgwhen_actions")

    def apply(self, *documents: str | Path) -> None:
        """Apply definitions by the command line: files, their hosts replaced by the stage's server."""
        copies = []
        for document in map(Path, documents):
            copy = self.folder / document.name
            copy.write_text(HOSTS.sub(self.world.http_url + r"/\1", (ROOT / document).read_text()))
            copies.append(str(copy))
        self.cli("apply", *copies)

    def cli(self, *arguments: str, code: int = 0) -> str:
        """Run `pgwhen` as a process; its stdout. Fails when it exits otherwise than with ``code``."""
        command = [sys.executable, "-m", "pgwhen.cli.main", *arguments]
        environ = {**os.environ, **self.environ, "PGWHEN_DSN": self.dsn, "COLUMNS": "160", "NO_COLOR": "1"}
        done = subprocess.run(command, env=environ, cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, (
            f"pgwhen {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """Run `pgwhen ... --json`; what it prints, parsed."""
        return json.loads(self.cli(*arguments, "--json"))

    def poll(self, by: Literal["call", "process"] = "call", **environ: str) -> Summary | None:
        """Run the poller until nothing is due, in this process or as `pgwhen poll --once`."""
        if by == "process":
            command = [sys.executable, "-m", "pgwhen.cli.main", "poll", "--once", "--max-seconds", "30"]
            process_environ = {**os.environ, **self.environ, **environ, "PGWHEN_DSN": self.poller_dsn}
            done = subprocess.run(command, env=process_environ, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}{done.stderr}"
            return None
        settings = from_environment(self.poller_dsn, {**self.environ, **environ}, once=True, max_seconds=30.0)
        return loop.run(settings)

    # ------------------------------------------------------------ what the database says

    def executions(self) -> list[dict[str, Any]]:
        """Executions, oldest first: workflow, status, reason, had_failures."""
        rows = self.sql(
            "select w.workflow, x.status, x.reason, x.had_failures from pgwhen.executions x join pgwhen.workflows w"
            " on w.workflow_id = x.workflow_id order by x.execution_id"
        )
        return [dict(zip(("workflow", "status", "reason", "had_failures"), row, strict=True)) for row in rows]

    def steps(self) -> dict[str, str]:
        """State of each step that has a row; of the newest execution where several have it."""
        return dict(self.sql("select step_id, status from pgwhen.execution_steps order by execution_id"))


def body(mail: Mail) -> str:
    """The plain text of a mail without the line end at its end."""
    return mail.text().rstrip("\n")


def key_of(call: Call) -> str:
    """The idempotency key of a request."""
    return call.headers["idempotency-key"]


def with_answers(
    codes: Mapping[str, list[int]], then: Callable[[Call], Answer] = default_answer
) -> Callable[[Call], Answer]:
    """An ``answer`` that gives each path (its beginning) these status codes first, then what is usual."""
    left = {path: list(given) for path, given in codes.items()}

    def answer(call: Call) -> Answer:
        for path, given in left.items():
            if call.path.startswith(path) and given:
                return given.pop(0), {"error": "as asked"}
        return then(call)

    return answer
