"""PostgreSQL: one function per SQL function of the poller's role; nothing else in the poller talks SQL.

Two lines: one claims and, with nothing to do, waits at the door; the other reports meanwhile, and freezes while the
first is busy or at the door. A line that breaks is connected anew, and the call made again: claims and reports may be
repeated, the database fences them. The lines of database steps are connected by the first of these; a call that breaks
is not made again.

The door (docs/operations.md): whoever holds the exclusive lock gets a NOTIFY from the next event that commits.
"""

import asyncio
import contextlib
import logging
import random
import re
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, LiteralString, Self

import orjson
import psycopg
from psycopg import sql

from .templates import dumps, loads

log = logging.getLogger(__name__)

#: The number that poller and database compare (pgwhen.contract()).
CONTRACT = 2

#: How many database steps run at once, each on a connection of its own.
STATEMENTS = 4

#: Seconds between attempts to reach the database: the first and the longest pause.
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

#: Errors of connecting that no waiting cures. libpq gives their text only.
_HOPELESS = re.compile(r"FATAL: .*(does not exist|authentication failed|no pg_hba\.conf entry|not permitted)")

_DOOR = "hashtextextended('pgwhen.doorbell', 0)"
_CLAIM: LiteralString = "pgwhen.tick_and_claim(%s::integer, %s::double precision, %s::jsonb)::text"


class _Line:
    """A connection that comes back. ``prepare`` is off behind a pooler that shares sessions."""

    def __init__(self, dsn: str, prepare: bool) -> None:
        self._dsn = dsn
        self._prepare = prepare
        self._lock = asyncio.Lock()
        self.connection: psycopg.AsyncConnection[Any] | None = None
        #: How long an outage is waited out, in seconds; and the end of all waiting, as time.monotonic(). None is never.
        self.patience: float | None = None
        self.until: float | None = None
        self.rung = asyncio.Event()
        self.listens = False
        self.guards = False

    async def run(self, query: LiteralString, parameters: Sequence[Any] = ()) -> Any:
        """Execute one statement and return the last column of its row. Retries what is not the statement's fault."""
        pause, outage = FIRST_PAUSE, 0.0
        async with self._lock:
            while True:
                try:
                    connection = await self.connect()
                    cursor = await connection.execute(query, parameters, prepare=self._prepare)
                    row = await cursor.fetchone()
                    return row[-1] if row else None
                except psycopg.OperationalError as error:
                    outage = outage or time.monotonic()
                    if _HOPELESS.search(str(error)) or self._is_over(outage):
                        raise
                    log.warning("the database does not answer, trying again: %s", str(error).strip().split("\n")[0])
                    await self.close_if_broken()
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(pause * 2, LONGEST_PAUSE)

    @property
    def is_busy(self) -> bool:
        """Whether a statement is under way."""
        return self._lock.locked()

    def _is_over(self, outage: float) -> bool:
        now = time.monotonic()
        return (self.patience is not None and now - outage > self.patience) or (
            self.until is not None and now > self.until
        )

    async def connect(self) -> psycopg.AsyncConnection[Any]:
        """The connection, opened if need be."""
        if self.connection is None or self.connection.closed:
            self.listens = self.guards = False
            self.connection = await psycopg.AsyncConnection.connect(
                self._dsn,
                autocommit=True,
                prepare_threshold=0 if self._prepare else None,
                connect_timeout=10,
                keepalives_idle=30,
                keepalives_interval=10,
                keepalives_count=3,
                fallback_application_name="pgwhen poller",
            )
            self.connection.add_notify_handler(lambda _: self.rung.set())
        return self.connection

    async def close_if_broken(self) -> None:
        """Forget a connection that will not work again."""
        if self.connection is not None and (self.connection.closed or self.connection.broken):
            await self.close()

    async def close(self) -> None:
        """Close the connection."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()


class Database:
    """The poller's functions. ``doorbell`` off means that only polling finds work, as behind PgBouncer."""

    def __init__(self, dsn: str, *, doorbell: bool = True) -> None:
        self.doorbell = doorbell
        self._claims = _Line(dsn, prepare=doorbell)
        self._results = _Line(dsn, prepare=doorbell)
        self._statements = [_Line(dsn, prepare=False) for _ in range(STATEMENTS)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for line in (self._claims, self._results, *self._statements):
            await line.close()

    def be_patient(self, seconds: float | None, until: float | None = None) -> None:
        """How long an outage is waited out (None is for ever), and until when at all (time.monotonic())."""
        for line in (self._claims, self._results):
            line.patience, line.until = seconds, until

    async def tick_and_claim(self, most: int, lease: float, poller: Mapping[str, Any]) -> dict[str, Any]:
        """``{contract, tick, more, next_due, actions}``: see pgwhen.tick_and_claim. Leaves the door first."""
        line = self._claims
        query: LiteralString = f"select {_CLAIM}"
        if line.guards:
            # The door is left before the look: an event that commits after it finds nobody at the door, and is seen.
            query = f"select pg_advisory_unlock({_DOOR}), {_CLAIM}"
        line.guards = False
        answer: dict[str, Any] = loads(await line.run(query, (most, lease, _json(poller))))
        return answer

    async def freeze_actions(self, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """A verdict for each message: see pgwhen.freeze_actions. Committed when it returns."""
        # By the backend that has just claimed, where it is free: what it needs is in the processor's caches. At the
        # door it stays where it is, since two cannot wait for one socket.
        line = self._results if self._claims.guards or self._claims.is_busy else self._claims
        verdicts = await line.run("select pgwhen.freeze_actions(%s::jsonb)::text", [_json(messages)])
        return list(loads(verdicts))

    async def report_actions(self, reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """``{reported, late}``: see pgwhen.report_actions."""
        answer: dict[str, Any] = loads(
            await self._results.run("select pgwhen.report_actions(%s::jsonb)::text", [_json(reports)])
        )
        return answer

    async def extend_leases(self, actions: Sequence[Mapping[str, Any]], lease: float) -> int:
        """How many leases still were ours: see pgwhen.extend_leases. A lease of 0 seconds gives them back."""
        query: LiteralString = "select pgwhen.extend_leases(%s::jsonb, %s::double precision)"
        return int(await self._results.run(query, [_json(actions), lease]))

    async def run_database_step(self, step: Mapping[str, Any], seconds: float, line: int = 0) -> dict[str, Any]:
        """``{class, error}``: see pgwhen.run_database_step. ``seconds`` is how long it may take.

        One message, hence one transaction, with a timeout of its own also behind a pooler. Whatever breaks here is
        raised: nothing of the step remains then, or all of it.
        """
        query = sql.SQL("set local statement_timeout = {}; select pgwhen.run_database_step({}::jsonb)::text").format(
            sql.Literal(max(int(seconds * 1000), 1)), sql.Literal(_json(step))
        )
        try:
            connection = await self._statements[line].connect()
            cursor = await connection.execute(query, prepare=False)
            cursor.nextset()
            ((answer,),) = await cursor.fetchall()
        finally:
            await self._statements[line].close_if_broken()
        result: dict[str, Any] = loads(answer)
        return result

    async def go_to_door(self) -> bool:
        """Listen, and take the door; False when somebody else has it, or an open transaction holds it."""
        line = self._claims
        try:
            connection = await line.connect()
            if not line.listens:
                await connection.execute("listen pgwhen_doorbell", prepare=False)
                line.listens = True
            line.rung.clear()
            # Both in one message: one transaction, so that the timeout is its own and the session's lock stays.
            await connection.execute(
                f"set local lock_timeout = '100ms'; select pg_advisory_lock({_DOOR})", prepare=False
            )
        except psycopg.OperationalError as error:
            if not isinstance(error, psycopg.errors.LockNotAvailable):
                log.debug("the door is out of reach: %s", error)
                await line.close_if_broken()
            return False
        line.guards = True
        return True

    async def look_again(self, most: int, lease: float, poller: Mapping[str, Any]) -> dict[str, Any]:
        """``tick_and_claim`` while staying at the door: what committed before it was taken."""
        answer: dict[str, Any] = loads(await self._claims.run(f"select {_CLAIM}", (most, lease, _json(poller))))
        return answer

    async def leave_door(self) -> None:
        """Give the door up, since there is work."""
        if self._claims.guards:
            self._claims.guards = False
            await self._claims.run(f"select pg_advisory_unlock({_DOOR})")

    async def wait(self, seconds: float, woken: asyncio.Event) -> None:
        """Sleep until the bell rings, ``woken`` is set, or the time is over."""
        line = self._claims
        loop = asyncio.get_running_loop()
        fd = line.connection.fileno() if line.listens and line.connection and not line.connection.closed else None
        if fd is not None:
            loop.add_reader(fd, line.rung.set)
        waiters = [asyncio.ensure_future(event.wait()) for event in (line.rung, woken)]
        try:
            await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if fd is not None:
                loop.remove_reader(fd)
            for waiter in waiters:
                waiter.cancel()
        woken.clear()
        line.rung.clear()


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=_exact).decode()
    except TypeError:
        # An integer of more than 64 bits.
        return dumps(value)


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(dumps(value))
    raise TypeError(f"{type(value).__name__} is not JSON")
