"""(d) Rows to HTTP requests through one poller, beside the least that one would write by hand (pgmq_loop), on the same
transport with as many requests in flight; (f) the same to an endpoint that takes 50 ms.

The clock runs from the commit of the rows until all requests have arrived and the database has all results.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from . import sink
from .figures import Figure, Sizes
from .server import Connection, Place, apply, attach, connect, create_table, forget, insert_rows, workflow
from .sink import Sink

CONCURRENCY = 100
BATCH = 500

#: Seconds until a benchmark gives up.
PATIENCE = 300


def run(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures of (d)."""
    rates = _rates(place, "delivery", sizes.deliveries, sizes.rounds, 0)
    return [Figure(f"requests, {CONCURRENCY} in flight", "/s", *rates, ">= 0.50")]


def run_slow(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures of (f)."""
    rates = _rates(place, "slow_delivery", sizes.slow_deliveries, sizes.rounds, 0.05)
    return [Figure(f"requests of 50 ms, {CONCURRENCY} in flight", "/s", *rates, ">= 1,200", of_value=True)]


def _rates(place: Place, database: str, count: int, rounds: int, delay: float) -> tuple[list[float], list[float]]:
    """Requests a second in each round, ours and the peer's."""
    dsn = place.create(database)
    ours, peer = [], []
    with connect(dsn) as connection:
        connection.execute("select pgmq.create('requests')")
        for _ in range(rounds):
            ours.append(_ours(connection, dsn, count, delay))
            peer.append(_peer(connection, dsn, count, delay))
    return ours, peer


def _ours(connection: Connection, dsn: str, count: int, delay: float) -> float:
    with sink.running(delay) as target:
        set_up(connection, target)
        with poller(dsn):
            insert_rows(connection, "leads", 1)
            wait_for(target, 1)
            insert_rows(connection, "leads", count)
            rate = _rate(connection, target, count, "select from pgwhen.unfinished")
    (row,) = connection.execute("select count(*) from pgwhen.executions where status = 'completed'").fetchall()
    if row[0] != count + 1:
        raise RuntimeError(f"{row[0]} of {count + 1} executions were completed")
    return rate


def _peer(connection: Connection, dsn: str, count: int, delay: float) -> float:
    query = """select pgmq.send_batch('requests', array_agg(jsonb_build_object(
        'id', g, 'email', 'ann@example.com', 'name', 'Ann', 'status', 'new', 'score', g, 'created_at', now())))
      from generate_series(%s::integer, %s::integer) g"""
    connection.execute("truncate pgmq.q_requests")
    with sink.running(delay) as target, pgmq_loop(dsn, target):
        connection.execute(query, [1, 1])
        wait_for(target, 1)
        connection.execute(query, [2, count + 1])
        return _rate(connection, target, count, "select from pgmq.q_requests")


def _rate(connection: Connection, target: Sink, count: int, remaining: str) -> float:
    started = time.monotonic()
    # All but the tail without asking the database, which has enough to do.
    wait_for(target, count + 1)
    while connection.execute(f"{remaining} limit 1").fetchall():
        time.sleep(0.005)
    return count / (time.monotonic() - started)


# ---------------------------------------------------------------- also for latency


def set_up(connection: Connection, target: Sink) -> None:
    """The table leads, attached, with a workflow that posts each new row to the target; nothing left of before."""
    if not connection.execute("select from pg_class where oid = to_regclass('leads')").fetchall():
        create_table(connection, "leads")
        attach(connection, "leads")
    connection.execute("truncate leads")
    apply(connection, workflow("deliver", {"table": "leads", "row": "created"}, target.url))
    forget(connection)


def wait_for(target: Sink, count: int) -> None:
    """Wait until as many requests have arrived."""
    deadline = time.monotonic() + PATIENCE
    while (arrived := target.count()) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{arrived} of {count} requests arrived in {PATIENCE} s")
        time.sleep(0.05)  # each look takes the sink and us a millisecond that the pollers do not get


@contextlib.contextmanager
def poller(dsn: str, **environment: str) -> Iterator[None]:
    """A poller, in continuous mode, until the block ends, with these variables."""
    options = ["--concurrency", str(CONCURRENCY), "--batch", str(BATCH)]
    command = [sys.executable, "-m", "pgwhen.cli.main", "--dsn", dsn, "poll", *options]
    with _process(command, **{"PGWHEN_HTTP_ALLOW": "127.0.0.0/8", **environment}):
        yield


@contextlib.contextmanager
def pgmq_loop(dsn: str, target: Sink) -> Iterator[None]:
    """The peer on the queue `requests`, until the block ends."""
    command = [sys.executable, "-m", "bench.pgmq_loop", dsn, "requests", target.url, str(CONCURRENCY), str(BATCH)]
    with _process(command):
        yield


@contextlib.contextmanager
def _process(command: list[str], **environment: str) -> Iterator[None]:
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, cwd=sink.ROOT, env=os.environ | environment, stderr=log) as process,
    ):
        try:
            yield
            if process.poll() is not None:
                raise RuntimeError(f"{command[2]} ended before it was told to, with {process.returncode}")
        except Exception:
            log.seek(0)
            print(log.read()[-5_000:], file=sys.stderr)
            raise
        finally:
            process.terminate()
