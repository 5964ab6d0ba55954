"""(g) Steps that need no network: how many one process advances, what they write, and whether sleepers slow ticks down.

First chains of conditions, which advance inside a tick, and database steps, each a claim, a statement and a result in
a transaction of its own. Then the same ticks in a database with a million executions that sleep, beside one with none:
what sleeps is an index entry and costs nothing until it is due.
"""

import time
from typing import Any

import orjson

from .execution import KEYS
from .figures import Figure, Sizes
from .server import Connection, Place, apply, attach, connect, create_table, forget, insert_rows

#: Conditions in a chain; database steps in an execution (three updates and a query).
CHAIN = 10
STATEMENTS = 4
BATCH = 500
POLLER = '{"id": "bench", "contract": 2, "connections": []}'


def run(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures."""
    with connect(place.create("steps")) as connection:
        _set_up(connection)
        pure = [_pure(connection, max(sizes.executions // CHAIN, 1)) for _ in range(sizes.rounds)]
        statements = [_statements(connection, max(sizes.executions // CHAIN, 1)) for _ in range(sizes.rounds)]
    figures = [
        Figure("conditions advanced by tick, one backend", "steps/s", [rate for rate, _ in pure]),
        Figure("WAL a condition", "B", [wal for _, wal in pure]),
        Figure("database steps, one connection", "steps/s", [rate for rate, _ in statements]),
        Figure("WAL a database step, the row's own included", "B", [wal for _, wal in statements]),
    ]
    with connect(place.create("awake")) as awake, connect(place.create("asleep")) as asleep:
        for connection in (awake, asleep):
            _set_up(connection)
        _put_to_sleep(asleep, sizes.sleepers)
        count = max(sizes.executions // CHAIN, 1)
        # Seconds a step, so that the ratio says how much dearer a tick is.
        rounds = [(1e6 / _pure(asleep, count)[0], 1e6 / _pure(awake, count)[0]) for _ in range(sizes.rounds)]
    title = f"tick with {sizes.sleepers:,} sleeping executions, beside none"
    return [*figures, Figure(title, "us/step", [ours for ours, _ in rounds], [peer for _, peer in rounds], "<= 1.50")]


def _set_up(connection: Connection) -> None:
    for table in ("pure", "written", "asleep"):
        create_table(connection, table)
        attach(connection, table)
    connection.execute("grant select, update on written to pgwhen_actions")
    conditions = [{"id": f"c{n}", "type": "condition", "if": {"new.score": {"gte": 0}}} for n in range(CHAIN)]
    this = {"id": "{{ new.id }}"}
    statements: list[dict[str, Any]] = [
        {"id": f"u{n}", "type": "update", "table": "written", "where": this, "set": {"score": n}}
        for n in range(STATEMENTS - 1)
    ]
    query = {"id": "q", "type": "query", "table": "written", "where": this, "columns": ["score"], "one": True}
    for name, steps in {
        "pure": conditions,
        "written": [*statements, query],
        "asleep": [{"id": "wait", "type": "delay", "for": "30 days"}],
    }.items():
        apply(connection, {"workflow": name, "when": {"table": name, "row": "created"}, "steps": steps})


def _pure(connection: Connection, count: int) -> tuple[float, float]:
    """Steps a second of the time in ticks, and bytes of WAL a step."""
    insert_rows(connection, "pure", count)
    start, seconds, dispatched = _wal(connection), 0.0, 0
    while dispatched < count:
        began = time.perf_counter()
        ((tick,),) = connection.execute("select pgwhen.tick(%s)", [BATCH]).fetchall()
        seconds += time.perf_counter() - began
        if not tick["dispatched"]:
            raise RuntimeError(f"{dispatched} of {count} events were dispatched")
        dispatched += tick["dispatched"]
    wal = _wal(connection) - start
    _check(connection, count * CHAIN, "c%")
    connection.execute("truncate pure")
    return count * CHAIN / seconds, wal / count / CHAIN


def _statements(connection: Connection, count: int) -> tuple[float, float]:
    """Steps a second of the time in SQL calls, as a poller with one connection makes them, and bytes of WAL a step."""
    forget(connection)
    insert_rows(connection, "written", count)
    start, began, done = _wal(connection), time.perf_counter(), 0
    while done < count * STATEMENTS:
        query = "select pgwhen.tick_and_claim(%s, 60, %s::jsonb)::text"
        ((text,),) = connection.execute(query, [BATCH, POLLER]).fetchall()
        actions = orjson.loads(text)["actions"]
        if not actions:
            raise RuntimeError(f"{done} of {count * STATEMENTS} steps were run")
        for action in actions:
            step = orjson.dumps({key: action[key] for key in KEYS}).decode()
            ((answer,),) = connection.execute("select pgwhen.run_database_step(%s::jsonb)", [step]).fetchall()
            if answer["class"] != "ok":
                raise RuntimeError(f"a step came to {answer}")
        done += len(actions)
    seconds, wal = time.perf_counter() - began, _wal(connection) - start
    _check(connection, count * STATEMENTS, "%")
    connection.execute("truncate written")
    forget(connection)
    return done / seconds, wal / done


def _put_to_sleep(connection: Connection, count: int) -> None:
    """What starting so many executions of a delay leaves, in the weeks in which they began."""
    connection.execute(
        """
        create temporary table sleeping as
        select pgwhen._execution_id(w.workflow_id, 'event:' || n, at) as execution_id, w.workflow_id, at
        from pgwhen.workflows w, generate_series(1, %s) n,
          lateral (select now() - n * (interval '28 days' / %s)) t (at)
        where w.workflow = 'asleep'
        """,
        [count, count],
    )
    connection.execute(
        """
        insert into pgwhen.executions
          (execution_id, event_id, started_at, workflow_id, version, trigger_no, tenant, status)
        select execution_id, gen_random_uuid(), at, workflow_id, 1, 1, 'default', 'waiting' from sleeping
        """
    )
    connection.execute(
        "insert into pgwhen.execution_steps (execution_id, queued_at, step_id, status)"
        " select execution_id, at, 'wait', 'sleeping' from sleeping"
    )
    connection.execute(
        "insert into pgwhen.sleepers (execution_id, due_at, step_id, purpose)"
        " select execution_id, at + interval '60 days', 'wait', 'delay' from sleeping"
    )
    connection.execute(
        "insert into pgwhen.unfinished (execution_id, workflow_id, version) select execution_id, workflow_id, 1 from"
        " sleeping"
    )
    connection.execute("vacuum analyze")


def _check(connection: Connection, expected: int, like: str) -> None:
    """The steps of the round are done; they go, and the sleepers stay."""
    done = "select count(*) from pgwhen.execution_steps where status = 'completed' and step_id like %s"
    ((count,),) = connection.execute(done, [like]).fetchall()
    if count != expected:
        raise RuntimeError(f"{count} of {expected} steps were completed")
    connection.execute("delete from pgwhen.execution_steps where status = 'completed'")


def _wal(connection: Connection) -> float:
    (row,) = connection.execute("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchall()
    return float(row[0])
