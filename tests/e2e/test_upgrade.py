"""A database of the first version, with work in every state, is migrated and goes on.

tests/upgrade/first_light.sql.gz is a dump (pg_dump --inserts) of a database that the first version had made and
worked in, its clock stopped at 2026-11-20 09:00 UTC. Ten orders: 1 and 2 sleep in a delay (2 without its mail), 3 waits
for a second attempt of a frozen mail, 4 is being sent, 5 and 6 are claimed, 7 is held because its connection was
paused, 8 to 10 are in the event queue.

before_operations.sql.xz is one of the version before the migration 0023, with orders attached and a workflow that waits
for new ones.
"""

import gzip
import lzma
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgwhen import sql as source
from pgwhen.cli import embedded
from pgwhen.cli.migrate import migrate_database
from pgwhen.cli.migrate_script import script
from pgwhen.poller import loop
from pgwhen.poller.settings import from_environment
from tests.e2e.harness import Servers

DUMPS = Path(__file__).parents[1] / "upgrade"


def psql(text: str, dsn: str, server: embedded.Server) -> None:
    """Run a script."""
    command = [str(server.binaries / "psql"), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", dsn]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]


def restore(dump: bytes, dsn: str, server: embedded.Server) -> str:
    """Fill an empty database; returns its URL."""
    lines = dump.decode().splitlines()
    kept = (line for line in lines if "transaction_timeout" not in line and not line.startswith("\\"))
    psql("\n".join(kept), dsn, server)
    return dsn


@pytest.fixture
def old(empty_dsn: str, server: embedded.Server) -> str:
    """The database as the first version left it."""
    return restore(gzip.decompress((DUMPS / "first_light.sql.gz").read_bytes()), empty_dsn, server)


@pytest.fixture
def before(empty_dsn: str, server: embedded.Server) -> str:
    """A database with the migrations up to 0022."""
    return restore(lzma.decompress((DUMPS / "before_operations.sql.xz").read_bytes()), empty_dsn, server)


def clock(db: psycopg.Connection[Any], at: str) -> None:
    """Stop the clock for every session."""
    db.execute(f"alter database \"{db.info.dbname}\" set pgwhen.now = '{at}'".encode())
    db.execute("select set_config('pgwhen.now', %s, false)", [at])


def states(db: psycopg.Connection[Any]) -> dict[int, str]:
    """State of the execution of each order."""
    rows = db.execute("select (record_key ->> 'id')::integer, status from pgwhen.executions").fetchall()
    return dict(rows)


def test_work_goes_on_after_the_upgrade(old: str, world: Servers) -> None:
    migrate_database(old)
    migrate_database(old)  # and again: nothing is done twice
    with psycopg.connect(old, autocommit=True) as db:
        clock(db, "2026-11-20T09:00:30+00:00")
        environ = {**world.environ, "SMTP_FROM": "shop@example.com"}

        def poll() -> None:
            loop.run(from_environment(old, environ, once=True, max_seconds=30.0))

        poll()
        mails = [str(mail.message["Subject"]) for mail in world.mails]
        assert mails == [], "the connection was paused by the first version, and still is"
        db.execute("select pgwhen.resume_connection('smtp', 'repaired')")
        for at in ("09:02", "09:05", "09:30", "10:31", *(f"{10 + n // 6}:{n % 6}5" for n in range(4, 18))):
            clock(db, f"2026-11-20T{at}:00+00:00")
            poll()
        assert states(db) == dict.fromkeys(range(1, 11), "completed")
        mails = sorted(str(mail.message["Subject"]) for mail in world.mails)
        assert mails == ["Order Roof 10", "Order Roof 5", "Order Roof 6", "Order Roof 8", *["Order as frozen"] * 3]
        # What was being sent when the first version stopped may have left: it is said.
        uncertain = db.execute(
            "select (x.record_key ->> 'id')::integer from pgwhen.attempts a"
            " join pgwhen.executions x on x.execution_id = a.execution_id where a.class = 'uncertain'"
        ).fetchall()
        assert uncertain == [(4,)]
        assert db.execute("select count(*) from pgmq.q_pgwhen_actions").fetchone() == (0,)
        assert db.execute("select * from pgwhen.doctor() where status = 'error'").fetchall() == []
        db.execute("insert into orders values (11, 1, 'Roof 11', 'new')")
        poll()
        assert "Order Roof 11" in [str(mail.message["Subject"]) for mail in world.mails]


@pytest.mark.parametrize("way", ["migrate", "script"])
def test_who_writes_meanwhile_notices_nothing_and_is_captured(way: str, before: str, server: embedded.Server) -> None:
    """The triggers of the version before go on between the migrations and the functions that replace them."""
    written, stop = list[int](), threading.Event()

    def write() -> None:
        with psycopg.connect(before, autocommit=True) as app:
            app.execute("set timezone = 'Asia/Tokyo'")  # what such a session called until 0015 is still there
            while not stop.is_set():
                app.execute("insert into orders values (%s, 1, 'Roof', 'new')", [len(written)])
                written.append(len(written))

    writer = threading.Thread(target=write)
    writer.start()
    if way == "migrate":
        migrate_database(before)
    else:
        psql(script(), before, server)
    reached = len(written)
    while writer.is_alive() and len(written) < reached + 10:
        time.sleep(0.01)
    stop.set()
    writer.join()
    assert len(written) >= reached + 10
    with psycopg.connect(before, autocommit=True) as db:
        query = "select (message -> 'new' ->> 'id')::integer from pgmq.q_pgwhen_events order by 1"
        assert [number for (number,) in db.execute(query)] == written
        assert db.execute("select operations from pgwhen.attachments").fetchall() == [(["insert"],)]


OBJECTS = """
select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'pgwhen'::regnamespace
union all
select format('%s.%s %s %s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'pgwhen'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
union all
select pg_get_indexdef(i.indexrelid)
from pg_index i
join pg_class c on c.oid = i.indrelid
where c.relnamespace = 'pgwhen'::regnamespace and not c.relispartition
union all
select format('%s %s', c.conrelid::regclass, pg_get_constraintdef(c.oid))
from pg_constraint c
join pg_class t on t.oid = c.conrelid
where c.connamespace = 'pgwhen'::regnamespace and not t.relispartition
"""


def test_an_upgraded_database_has_what_a_new_one_has(old: str, dsn: str) -> None:
    migrate_database(old)
    found = []
    for address in (old, dsn):
        with psycopg.connect(address, autocommit=True) as db:
            found.append({name for (name,) in db.execute(OBJECTS.encode()).fetchall()})
    retired = {name for name in found[0] if name.split("(")[0].removeprefix("pgwhen.") in source.RETIRED}
    assert len(retired) == len(source.RETIRED)
    assert found[0] - found[1] == retired, "left over from before"
    assert found[1] - found[0] == set(), "missing"
