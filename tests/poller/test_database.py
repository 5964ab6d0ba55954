"""The lines to PostgreSQL: exact numbers, patience, the door."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from pgwhen.poller.database import Database, _json
from pgwhen.poller.templates import loads
from tests.poller.support import Connection, happen, post, workflow
from tests.servers import unused_port, wait_until

POLLER = {"id": "test", "contract": 1}


def with_database(dsn: str, work: Callable[[Database], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        async with Database(dsn, **options) as database:
            return await work(database)

    return asyncio.run(run())


def test_json_out_is_exact() -> None:
    value = {"a": Decimal("10.20"), "b": 12345678901234567890123, "c": ["é", None, True, 1.5]}
    assert loads(_json(value)) == value | {"c": ["é", None, True, Decimal("1.5")]}
    assert '"a":10.20' in _json(value)
    assert _json({"a": Decimal("10.20")}) == '{"a":10.20}'
    with pytest.raises(ValueError, match="not a JSON value"):
        _json({"a": object()})


def test_json_in_is_exact(db: Connection, dsn: str) -> None:
    made = workflow(db, post("http://x.test"))
    happen(db, made, {"id": 12345678901234567890})
    db.execute("update pgmq.q_pgwhen_events set message = jsonb_set(message, '{new,total}', '10.20')")
    answer = with_database(dsn, lambda database: database.tick_and_claim(10, 60.0, POLLER))
    (action,) = answer["actions"]
    assert action["context"]["new"] == {"id": 12345678901234567890, "total": Decimal("10.20")}
    assert str(action["context"]["new"]["total"]) == "10.20"


def test_a_poller_of_another_contract_is_refused(dsn: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        with_database(dsn, lambda database: database.tick_and_claim(10, 60.0, {"id": "x", "contract": 99}))
    assert caught.value.sqlstate == "WF143"


def test_a_database_step_without_a_lease_is_not_run(dsn: str) -> None:
    step = {"execution_id": "00000000-0000-0000-0000-000000000000", "step_id": "it's", "part": 0, "attempt": 1}
    for line in (0, 0, 3):
        answer = with_database(dsn, lambda database, line=line: database.run_database_step(step, 5.0, line))
        assert answer == {"class": None}


def test_a_line_that_breaks_is_connected_anew(db: Connection, dsn: str) -> None:
    async def work(database: Database) -> None:
        await database.tick_and_claim(1, 60.0, POLLER)
        await asyncio.to_thread(
            db.execute,
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
            " and datname = current_database()",
        )
        answer = await database.tick_and_claim(1, 60.0, POLLER)
        assert answer["actions"] == []

    with_database(dsn, work)


def test_patience_ends() -> None:
    async def work(database: Database) -> None:
        database.be_patient(0.5)
        await database.tick_and_claim(1, 60.0, POLLER)

    started = time.monotonic()
    with pytest.raises(psycopg.OperationalError):
        with_database(f"postgresql://x@127.0.0.1:{unused_port()}/x", work)
    assert 0.5 < time.monotonic() - started < 5


def test_a_database_that_does_not_exist_is_not_waited_for(dsn: str) -> None:
    started = time.monotonic()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        with_database(dsn.replace("/t_", "/nope_"), lambda database: database.tick_and_claim(1, 60.0, POLLER))
    assert time.monotonic() - started < 3


DOOR = "hashtextextended('pgwhen.doorbell', 0)"


def is_guarded(db: Connection) -> bool:
    """What capture asks: whether somebody wants to be told."""
    return not db.execute(f"select pg_try_advisory_xact_lock_shared({DOOR})").fetchall()[0][0]  # type: ignore[call-overload]


def test_the_door(db: Connection, dsn: str) -> None:
    async def work(database: Database) -> None:
        assert not is_guarded(db)
        assert await database.go_to_door()
        assert is_guarded(db)
        await database.look_again(1, 60.0, POLLER)
        assert is_guarded(db)
        await database.tick_and_claim(1, 60.0, POLLER)
        assert not is_guarded(db)
        assert await database.go_to_door()
        await database.leave_door()
        assert not is_guarded(db)

    with_database(dsn, work)


def test_the_bell_is_heard_even_if_it_rings_before_the_sleep(db: Connection, dsn: str) -> None:
    async def work(database: Database) -> None:
        assert await database.go_to_door()
        db.execute("select pg_notify('pgwhen_doorbell', '')")
        await database.look_again(1, 60.0, POLLER)  # the notification comes with the answer
        started = time.monotonic()
        await database.wait(10.0, asyncio.Event())
        assert time.monotonic() - started < 1
        started = time.monotonic()
        await database.wait(0.3, asyncio.Event())
        assert time.monotonic() - started > 0.25

    with_database(dsn, work)


def test_an_open_transaction_keeps_the_door_for_a_moment_only(db: Connection, dsn: str, connect: Any) -> None:
    other = connect(autocommit=False)
    other.execute(f"select pg_try_advisory_xact_lock_shared({DOOR})")

    async def work(database: Database) -> None:
        started = time.monotonic()
        assert not await database.go_to_door()
        assert 0.05 < time.monotonic() - started < 2
        answer = await database.tick_and_claim(1, 60.0, POLLER)  # the connection is as good as before
        assert answer["actions"] == []
        other.rollback()
        assert await database.go_to_door()

    with_database(dsn, work)


def test_the_lock_timeout_is_the_doors_alone(dsn: str) -> None:
    async def work(database: Database) -> None:
        await database.go_to_door()
        assert await database._claims.run("show lock_timeout") == "0"

    with_database(dsn, work)


def test_a_lost_door_is_only_a_door(db: Connection, dsn: str) -> None:
    async def work(database: Database) -> None:
        assert await database.go_to_door()
        db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
            " and datname = current_database()"
        )
        assert await asyncio.to_thread(wait_until, lambda: not is_guarded(db), 5)
        started = time.monotonic()
        await database.wait(10.0, asyncio.Event())
        assert time.monotonic() - started < 1
        assert (await database.tick_and_claim(1, 60.0, POLLER))["actions"] == []
        assert await database.go_to_door()

    with_database(dsn, work)


def test_without_a_bell_nothing_is_prepared(dsn: str) -> None:
    """Behind a pooler in transaction mode a prepared statement may be another session's."""

    async def work(database: Database) -> Any:
        for _ in range(10):
            await database.tick_and_claim(1, 60.0, POLLER)
        return await database._claims.run("select count(*) from pg_prepared_statements")

    assert with_database(dsn, work, doorbell=False) == 0
    assert with_database(dsn, work, doorbell=True) > 0
