"""(j) What one row costs in instructions of the processor, counted by callgrind.

The figures of the other benchmarks depend on the machine and on its hour; these are the same each time, but for a
thousandth, so a change can be judged where times are too unsteady for it. One backend in PostgreSQL's single-user mode
executes prepared statements, each a transaction of its own, as between an application and an idle poller. What the
network, the disk and the caches of the processor cost is not in them.
"""

import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import capture
from .figures import Figure, Missing, Sizes
from .server import Connection, Place, apply, attach, connect, create_table, workflow

POLLER = '{"id": "5e0c1a86-6a4e-4c7b-9d3c-0d4a1c1a0001", "contract": 2, "connections": [], "connections_revision": 0}'
KEYS = ("execution_id", "step_id", "generation", "part", "attempt", "message_id")
ANSWER = """'{"status": 200, "headers": {"content-type": "text/plain"}, "text": "ok"}'::jsonb"""
MESSAGE = """'{"method": "POST", "url": "http://127.0.0.1:9/1", "headers": {}, "body": "{}", "timeout": 30}'::jsonb"""

#: What is executed in turn for each row. The claimed action is kept in a setting between the calls.
ACTIONS = "jsonb_array_elements(current_setting('bench.answer')::jsonb -> 'actions') a"
GIVEN = ", ".join(f"'{key}', a -> '{key}'" for key in KEYS)
CALLS = {
    "insert": "insert into delivered (email, name, status, score) values ('ann@example.com', 'Ann', 'new', 1)",
    "tick_and_claim": f"select set_config('bench.answer', pgwhen.tick_and_claim(500, 60, '{POLLER}')::text, false)",
    "freeze_actions": f"select pgwhen.freeze_actions((select jsonb_agg(jsonb_build_object({GIVEN}, 'channel', 'http', "
    f"'connection', 'http', 'recipients', '[]'::jsonb, 'message', {MESSAGE})) from {ACTIONS}))",
    "report_actions": f"select pgwhen.report_actions((select jsonb_agg(jsonb_build_object({GIVEN}, 'class', 'ok', "
    f"'output', {ANSWER}, 'answer', {ANSWER})) from {ACTIONS}))",
}


def run(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures. Raises Missing where there is no valgrind."""
    if not shutil.which("valgrind"):
        raise Missing("valgrind counts the instructions, and is not there; install the package valgrind")
    dsn = place.create("instructions")
    with connect(dsn) as connection:
        _set_up(connection)
    inserts = {
        table: f"insert into {table} (email, name, status, score) values ('ann@example.com', 'Ann', 'new', 1)"
        for table in capture.TABLES
    }
    with tempfile.TemporaryDirectory(prefix="pgwhen-count-", dir=place.server.data.parent) as folder:
        backend = _Backend(place, "instructions", Path(folder))
        calls = backend.count(CALLS, sizes.counted)
        tables = backend.count(inserts, sizes.counted)
    added = {table: tables[table] - tables["leads_plain"] for table in tables}
    figures = [Figure(f"insert: {capture.TABLES['leads_plain']}", "instructions", [tables["leads_plain"]])]
    for table, peer in (("leads_unsubscribed", "leads_floor"), ("leads_matching", "leads_pgmq")):
        name = f"insert: what is added by {capture.TABLES[table]}; beside: {capture.TABLES[peer]}"
        figures.append(Figure(name, "instructions", [added[table]], [added[peer]]))
    return figures + [Figure(call, "instructions", [calls[call]]) for call in CALLS if call != "insert"]


def _set_up(connection: Connection) -> None:
    capture.set_up(connection)
    create_table(connection, "delivered")
    attach(connection, "delivered")
    apply(connection, workflow("deliver", {"table": "delivered", "row": "created"}))


class _Backend:
    """A backend that runs alone, under callgrind, on a copy of the server's data in a folder that is empty."""

    def __init__(self, place: Place, database: str, folder: Path) -> None:
        self._place, self._database, self._folder = place, database, folder
        self._identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            owner = place.server.data.stat()
            self._identity = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
            shutil.chown(folder, owner.st_uid, owner.st_gid)
        command = [place.program("pg_basebackup"), "-h", str(place.server.sockets), "-U", "postgres", "-c", "fast"]
        self._run([*command, "-D", str(folder / "data")])

    def count(self, statements: dict[str, str], turns: int) -> dict[str, float]:
        """Instructions of each statement, executed one after the other: the median of the later half of its turns."""
        script = [f"prepare s{number} as {query}" for number, query in enumerate(statements.values())]
        script += [f"execute s{number}" for _ in range(turns) for number in range(len(statements))]
        script.append("select count(*) as completed from pgwhen.executions where status = 'completed'")
        # A file for each statement, written when the next begins; the first is that of the start.
        command = ["valgrind", "--tool=callgrind", "--dump-before=exec_simple_query"]
        command += [f"--callgrind-out-file={self._folder / 'counts'}", self._place.program("postgres"), "--single"]
        command += ["-c", "autovacuum=off", "-c", "shared_buffers=64MB", "-c", "timezone=UTC"]
        output = self._run([*command, "-D", str(self._folder / "data"), self._database], "\n".join(script) + "\n")
        if problem := re.search(r"(ERROR|FATAL): .*", output):
            raise RuntimeError(f"a statement failed: {problem[0]}")
        if "report_actions" in statements and f'completed = "{turns}"' not in output:
            raise RuntimeError("not every row led to a completed execution")
        first = 2 + len(statements)
        totals = [_total(self._folder / f"counts.{first + number}") for number in range(turns * len(statements))]
        late = totals[turns // 2 * len(statements) :]
        return {name: statistics.median(late[number :: len(statements)]) for number, name in enumerate(statements)}

    def _run(self, command: Sequence[str], script: str = "") -> str:
        done = subprocess.run(command, input=script, capture_output=True, text=True, cwd="/", **self._identity)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr[-1000:]}")
        return str(done.stdout + done.stderr)


def _total(file: Path) -> int:
    match = re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.MULTILINE)
    if not match:
        raise RuntimeError(f"callgrind wrote no total into {file.name}")
    return int(match[1])
