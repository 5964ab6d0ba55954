"""(b) The database's side of executions with one action, in one backend, beside the floor (floor.sql).

Both take the same rows from their queue to a completed execution in batches of 500. Only the time within the SQL calls
counts: what the poller does between them, on either side, is prepared or thrown away outside the clock.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from .figures import Figure, Sizes
from .server import Connection, Place, apply, attach, connect, create_table, forget, insert_rows, workflow

BATCH = 500
POLLER = '{"id": "bench", "contract": 1, "connections": []}'

#: What the endpoint is said to have answered, on both sides.
ANSWER = {"status": 200, "headers": {"content-type": "text/plain"}, "text": "ok"}

#: Executions a second of the floor, in batches of 500, on the machine of two cores that figures in ms and in rows or
#: requests a second were expected of (PostgreSQL 15.18).
FLOOR = 15_500

#: What identifies an action, from claim to report.
KEYS = ("execution_id", "step_id", "generation", "part", "attempt", "message_id")


@dataclass(slots=True)
class Clock:
    """Time within SQL calls by kind, and what they came to."""

    connection: Connection
    seconds: dict[str, float] = field(default_factory=dict)
    executions: int = 0
    wal: float = 0.0
    frozen: int = 0

    def call(self, kind: str, query: str, *values: str | int) -> list[Any]:
        """Run a query; its rows are decoded after the clock has stopped."""
        started = time.perf_counter()
        cursor = self.connection.execute(query, values)
        self.seconds[kind] = self.seconds.get(kind, 0.0) + time.perf_counter() - started
        return cursor.fetchall()

    def rate(self, *kinds: str) -> float:
        """Executions a second of the time in these calls, in all without any."""
        return self.executions / sum(self.seconds[kind] for kind in kinds or self.seconds)


def speed(place: Place, sizes: Sizes) -> str:
    """How fast this machine is in this hour, by the floor."""
    with connect(_make_floor(place)) as connection:
        rounds = [_measure(connection, "floor.leads", sizes.executions, _floor).rate() for _ in range(3)]
    rate = statistics.median(rounds)
    share = rate / FLOOR
    return f"the floor completes {rate:,.0f} executions/s, {share:.2f} of its {FLOOR:,} where figures were expected"


def run(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures."""
    figures: list[Figure] = []
    with connect(place.create("execution")) as ours, connect(_make_floor(place)) as peer:
        for name, when in (
            ("", {"row": "created"}),
            (" with a condition", {"row": "created", "if": {"score": {"gte": 0}}}),
        ):
            table = "leads" + name.replace(" ", "_")
            create_table(ours, table)
            attach(ours, table)
            apply(ours, workflow(table, {"table": table, **when}))
            rounds = [
                (
                    _measure(ours, table, sizes.executions, _ours),
                    _measure(peer, "floor.leads", sizes.executions, _floor),
                )
                for _ in range(sizes.rounds)
            ]
            figures += _figures(name, rounds)
    return figures


def _make_floor(place: Place) -> str:
    dsn = place.create("floor", migrated=False)
    with connect(dsn) as connection:
        connection.execute((Path(__file__).parent / "floor.sql").read_text())
        connection.execute("alter database floor set jit = off")
    return dsn


def _figures(name: str, rounds: list[tuple[Clock, Clock]]) -> list[Figure]:
    def rates(part: str, kinds: tuple[str, ...] = (), peer: tuple[str, ...] | None = (), expected: str = "") -> Figure:
        theirs = [] if peer is None else [floor.rate(*peer) for _, floor in rounds]
        return Figure(part, "/s", [ours.rate(*kinds) for ours, _ in rounds], theirs, expected)

    figures = [rates(f"executions{name}", expected=">= 0.50")]
    if not name:
        figures += [
            rates("- dispatch and claim", ("claim",), ("dispatch", "claim")),
            rates("- freeze (the floor has none)", ("freeze",), None),
            rates("- report", ("report",), ("report",)),
        ]
    wal = [(ours.wal - ours.frozen) / ours.executions for ours, _ in rounds]
    floor = [floor.wal / floor.executions for _, floor in rounds]
    frozen = [ours.frozen / ours.executions for ours, _ in rounds]
    figures.append(
        Figure(f"WAL an execution{name}, without the frozen bytes", "B", wal, floor, "<= 4096", of_value=True)
    )
    if not name:
        figures.append(Figure("frozen bytes an execution", "B", frozen))
    return figures


def _measure(connection: Connection, table: str, count: int, drain: Callable[[Clock], None]) -> Clock:
    if drain is _ours:
        forget(connection)
    else:
        connection.execute(
            "truncate floor.events, floor.executions, floor.steps, pgmq.q_floor_events, pgmq.q_floor_actions"
        )
    insert_rows(connection, table, count)
    if drain is _floor:
        # What autovacuum would find: plans that know the queue. Ours do not depend on it.
        connection.execute("analyze pgmq.q_floor_events, floor.events, floor.executions, floor.steps")
    clock = Clock(connection)
    start = _wal(connection)
    drain(clock)
    clock.wal = _wal(connection) - start
    if clock.executions != count:
        raise RuntimeError(f"{clock.executions} of {count} executions were completed")
    return clock


def _ours(clock: Clock) -> None:
    while True:
        ((text,),) = clock.call("claim", "select pgwhen.tick_and_claim(%s, 60, %s::jsonb)::text", BATCH, POLLER)
        answer = orjson.loads(text)
        actions = answer["actions"]
        if not actions and not answer["tick"]["dispatched"]:
            break
        messages, reports = orjson.dumps([_message(a) for a in actions]), orjson.dumps([_report(a) for a in actions])
        ((verdicts,),) = clock.call("freeze", "select pgwhen.freeze_actions(%s::jsonb)::text", messages.decode())
        clock.frozen += sum(len(orjson.dumps(message)) for message in map(_frozen, actions))
        if any(verdict["verdict"] != "send" for verdict in orjson.loads(verdicts)):
            raise RuntimeError(f"freeze_actions refused to send: {verdicts[:500]}")
        ((result,),) = clock.call("report", "select pgwhen.report_actions(%s::jsonb)::text", reports.decode())
        clock.executions += orjson.loads(result)["reported"]
    (row,) = clock.connection.execute("select count(*) from pgwhen.executions where status = 'completed'").fetchall()
    clock.executions = min(clock.executions, row[0])


def _frozen(action: dict[str, Any]) -> dict[str, Any]:
    """What the poller makes of the action; the key goes out as a header."""
    new = action["context"]["new"]
    body = orjson.dumps({"email": new["email"], "name": new["name"], "score": new["score"]}).decode()
    headers = {"content-type": "application/json"}
    return {"method": "POST", "url": f"http://127.0.0.1:9/{new['id']}", "headers": headers, "body": body, "timeout": 30}


def _message(action: dict[str, Any]) -> dict[str, Any]:
    given = {key: action[key] for key in KEYS}
    return {**given, "channel": "http", "connection": "http", "recipients": [], "message": _frozen(action)}


def _report(action: dict[str, Any]) -> dict[str, Any]:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    given = {key: action[key] for key in KEYS}
    return {**given, "class": "ok", "output": ANSWER, "answer": ANSWER, "started_at": now, "finished_at": now}


def _floor(clock: Clock) -> None:
    while clock.call("dispatch", "select floor.dispatch(%s)", BATCH)[0][0]:
        pass
    while rows := clock.call(
        "claim", "select message_id, execution_id, step_id, attempt, payload::text from floor.claim(%s, 60)", BATCH
    ):
        messages, executions, steps, attempts, _ = zip(*rows, strict=True)
        arrays = [_array(column) for column in (messages, executions, steps, attempts)]
        outputs = "{" + ",".join([orjson.dumps(orjson.dumps(ANSWER).decode()).decode()] * len(rows)) + "}"
        query = "select floor.report(%s::bigint[], %s::uuid[], %s::text[], %s::integer[], %s::jsonb[])"
        clock.executions += clock.call("report", query, *arrays, outputs)[0][0]


def _array(values: tuple[Any, ...]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def _wal(connection: Connection) -> float:
    (row,) = connection.execute("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchall()
    return float(row[0])
