"""Partitions ahead, retention, and what must never go."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, count, define, executions, fake_clock, happen, perform, tick

TABLES = ["attempts", "documents", "events", "execution_steps", "executions", "frozen_messages", "logs"]


def maintain(db: Connection) -> dict[str, Any]:
    """One call."""
    row = db.execute("select pgwhen.maintain()").fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def maintain_all(db: Connection) -> list[str]:
    """Until nothing more is due; the weeks that were retired."""
    weeks, calls = [], 0
    more = True
    while more and calls < 30:
        done = maintain(db)
        weeks += [done["week_retired"]] if done["week_retired"] else []
        more, calls = done["more"], calls + 1
    assert done["more"] is False and done["postponed"] == []
    return weeks


def partitions(db: Connection, table: str = "executions") -> list[str]:
    """Names of its partitions, without the table's own name."""
    rows = db.execute(
        "select inhrelid::regclass::text from pg_inherits where inhparent = ('pgwhen.' || %s)::regclass order by 1",
        [table],
    ).fetchall()
    return [row[0].removeprefix(f"pgwhen.{table}_") for row in rows]


def start(db: Connection) -> datetime:
    """The fake clock at noon of this week's Wednesday, so that no test depends on the day; returns it."""
    at = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    at += timedelta(days=2 - at.weekday())
    fake_clock(db, at.isoformat())
    return at


def week(at: datetime) -> str:
    """Name of the week."""
    return at.strftime("%Gw%V")


def test_with_nothing_to_do(db: Connection) -> None:
    before = partitions(db)
    done = maintain(db)
    assert done["partitions_made"] == 0 and done["week_retired"] is None and done["single_flight"] is True
    assert partitions(db) == before


@pytest.mark.parametrize("table", TABLES)
def test_partitions_are_made_ahead_like_those_of_the_migration(db: Connection, table: str) -> None:
    at = start(db)
    fake_clock(db, (at + timedelta(days=14)).isoformat())
    assert maintain(db)["partitions_made"] == 2 * len(TABLES)
    assert partitions(db, table) == [*sorted(week(at + timedelta(weeks=n)) for n in range(4)), "default"]
    shape = """
        select c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole::text,
          obj_description(c.oid, 'pg_class'),
          (select array_agg(p.polname::text order by p.polname) from pg_policy p where p.polrelid = c.oid),
          (select array_agg(col_description(c.oid, a.attnum) order by a.attnum)
           from pg_attribute a where a.attrelid = c.oid and a.attnum > 0),
          (select array_agg(k.conname || pg_get_constraintdef(k.oid) order by k.conname)
           from pg_constraint k where k.conrelid = c.oid and k.contype = 'c'),
          (select array_agg(d.text order by d.text)
           from (select regexp_replace(pg_get_indexdef(i.indexrelid), '.* USING', '') as text
                 from pg_index i where i.indrelid = c.oid) d)
        from pg_class c where c.oid = ('pgwhen.' || %s)::regclass
        """
    migrated, made = (db.execute(shape, [f"{table}_{week(at + timedelta(weeks=n))}"]).fetchone() for n in (1, 3))
    assert migrated is not None and made is not None
    # No statistics of some fifty rows: docs/decisions/0004.
    assert "autovacuum_analyze_threshold=5000" in made[0]
    assert made[:1] + made[1:6] + made[7:] == migrated[:1] + migrated[1:6] + migrated[7:]
    parent = db.execute(shape, [table]).fetchone()
    assert parent is not None and made[6] == parent[6], "comments of columns"


def test_rows_that_the_default_partition_caught_are_moved(db: Connection) -> None:
    at = start(db)
    late = at + timedelta(weeks=9)
    fake_clock(db, late.isoformat())
    workflow = define(db, [{"id": "a"}])
    db.execute("update pgwhen.activations set from_at = '2020-01-01'")
    db.execute("alter function pgwhen._make_partitions() rename to _resting")
    db.execute("create function pgwhen._make_partitions() returns integer language sql as 'select 0'")
    db.execute("alter function pgwhen._make_partitions() owner to pgwhen_owner")
    happen(db, workflow, {"id": 1})
    perform(db)
    assert count(db, "pgwhen.executions_default") == 1 and count(db, "pgwhen.execution_steps_default") == 1
    db.execute("drop function pgwhen._make_partitions()")
    db.execute("alter function pgwhen._resting() rename to _make_partitions")
    fake_clock(db, (late + timedelta(weeks=2)).isoformat())
    maintain(db)
    for table in ("executions", "execution_steps", "events", "attempts", "frozen_messages"):
        assert count(db, f"pgwhen.{table}_default") == 0, table
        assert count(db, f"pgwhen.{table}_{week(late)}") == 1, table
    assert executions(db) == ["completed"]


def test_an_old_week_is_dropped_whole(db: Connection) -> None:
    at = start(db)
    happen(db, define(db, [{"id": "a"}]), *({"id": n} for n in range(10)))
    perform(db)
    fake_clock(db, (at + timedelta(days=29)).isoformat())
    assert maintain_all(db) == []
    fake_clock(db, (at + timedelta(days=38)).isoformat())
    assert maintain_all(db) == [week(at)]
    for table in TABLES:
        assert count(db, f"pgwhen.{table}") == 0, table
        assert week(at) not in partitions(db, table)
        assert "kept" in partitions(db, table)
    assert maintain_all(db) == []


def test_what_is_unfinished_or_failed_is_kept_with_all_that_belongs_to_it(db: Connection) -> None:
    at = start(db)
    done = define(db, [{"id": "a"}], name="done")
    fails = define(db, [{"id": "a"}], name="fails", attachment_id=done.attachment_id, key="insert:{}:fail=yes")
    waits = define(
        db,
        [{"id": "a"}, {"id": "d", "type": "delay", "for": {"literal": "200 days"}}, {"id": "b"}],
        [("a", "d", "success"), ("d", "b", "success")],
        name="waits",
        attachment_id=done.attachment_id,
        key="insert:{}:wait=yes",
    )
    db.execute(
        "insert into pgwhen.match_columns values (%s, 'insert', 'fail'), (%s, 'insert', 'wait')",
        [done.attachment_id] * 2,
    )
    db.execute("delete from pgwhen.trigger_keys where workflow_id = %s", [done.workflow_id])
    happen(db, fails, {"id": 2, "fail": "yes"})
    perform(db, "permanent")
    happen(db, waits, {"id": 3, "wait": "yes"})
    perform(db)
    db.execute(
        "insert into pgwhen.trigger_keys values (%s, %s, 1, 1)", [f"insert:{done.attachment_id}", done.workflow_id]
    )
    happen(db, done, {"id": 1})
    perform(db)
    assert count(db, "pgwhen.executions") == 3
    db.execute(
        "insert into pgwhen.logs (log_id, at, execution_id, level, tenant, message)"
        " select pgwhen._log_id(pgwhen._now()), pgwhen._now(), execution_id, 'info', 'default', 'x'"
        " from pgwhen.executions"
    )

    fake_clock(db, (at + timedelta(days=38)).isoformat())
    assert maintain_all(db) == [week(at)]
    names = (
        "select w.workflow from pgwhen.{} x join pgwhen.executions e using ({})"
        " join pgwhen.workflows w on w.workflow_id = e.workflow_id order by 1"
    )
    for table in ("execution_steps", "attempts", "frozen_messages", "logs"):
        rows = db.execute(names.format(table, "execution_id").replace("select", "select distinct")).fetchall()
        assert rows == [("fails",), ("waits",)], table
        assert db.execute(
            f"select count(*) from pgwhen.{table} t where not exists"
            " (select from pgwhen.executions x where x.execution_id = t.execution_id)"
        ).fetchone() == (0,)
    assert db.execute(names.format("events", "event_id")).fetchall() == [("fails",), ("waits",)]
    assert count(db, "pgwhen.executions") == 2 and count(db, "pgwhen.failures") == 1

    # The keeper takes part in everything: an operator retries, a sleeper wakes.
    assert db.execute("select result from pgwhen.retry_failed()").fetchall() == [("retried",)]
    perform(db, "permanent")
    fake_clock(db, (at + timedelta(days=100)).isoformat())
    maintain_all(db)
    assert count(db, "pgwhen.executions") == 2, "failed again, hence kept from then on"
    fake_clock(db, (at + timedelta(days=140)).isoformat())
    maintain_all(db)
    assert executions(db) == ["waiting"] and count(db, "pgwhen.failures") == 0 and count(db, "pgwhen.events") == 1
    fake_clock(db, (at + timedelta(days=201)).isoformat())
    tick(db)
    assert perform(db) == ["b"]
    assert executions(db) == ["completed"]
    maintain_all(db)
    assert executions(db) == ["completed"], "retention counts from the end"
    fake_clock(db, (at + timedelta(days=240)).isoformat())
    maintain_all(db)
    for table in ("events", "executions", "execution_steps", "attempts", "frozen_messages", "logs"):
        assert count(db, f"pgwhen.{table}") == 0, table


def test_many_weeks_are_retired_one_a_call(db: Connection) -> None:
    at = start(db)
    workflow = define(db, [{"id": "a"}])
    for n in range(4):
        fake_clock(db, (at + timedelta(weeks=n)).isoformat())
        happen(db, workflow, {"id": n})
        perform(db, "permanent" if n == 1 else "ok")
    fake_clock(db, (at + timedelta(weeks=10)).isoformat())
    first = maintain(db)
    assert (first["week_retired"], first["more"]) == (week(at), True)
    weeks = maintain_all(db)
    assert weeks[:4] == [week(at + timedelta(weeks=n)) for n in range(1, 5)] and weeks == sorted(weeks)
    assert not set(weeks) & set(partitions(db))
    assert executions(db) == ["failed"]
    assert count(db, "pgwhen.executions_kept") == 1


def test_events_that_started_nothing_go_after_some_days(db: Connection) -> None:
    at = start(db)
    workflow = define(db, [{"id": "a"}], key="insert:{}:no=no")
    happen(db, workflow, {"id": 1})
    tick(db)
    db.execute("update pgwhen.trigger_keys set match_key = 'insert:1'")
    happen(db, workflow, {"id": 2})
    tick(db)
    assert count(db, "pgwhen.events") == 2
    fake_clock(db, (at + timedelta(days=6)).isoformat())
    assert maintain(db)["removed"]["events"] == 0
    fake_clock(db, (at + timedelta(days=8)).isoformat())
    assert maintain(db)["removed"]["events"] == 1
    assert db.execute("select start_count from pgwhen.events").fetchall() == [(1,)]


def test_a_reader_in_the_way_postpones_and_loses_nothing(db: Connection, connect: Connect) -> None:
    at = start(db)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db)
    fake_clock(db, (at + timedelta(days=38)).isoformat())
    reader = connect(autocommit=False)
    reader.execute("select count(*) from pgwhen.executions")
    done = maintain(db)
    assert (
        done["week_retired"] is None
        and f"week {week(at)} was not retired" in done["postponed"][0]
        and done["more"] is False
    )
    assert count(db, "pgwhen.executions") == 1
    assert db.execute("select to_regclass('pgwhen.executions_keeping')").fetchone() == (None,)
    reader.rollback()
    assert maintain_all(db) == [week(at)]


def test_the_engine_at_work_is_not_disturbed_beyond_half_a_second(db: Connection, connect: Connect) -> None:
    """A tick that is open holds the migrate lock: the week has to wait, not the tick."""
    at = start(db)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db)
    worker = connect(autocommit=False)
    worker.execute("select pgwhen.tick()")
    fake_clock(db, (at + timedelta(days=38)).isoformat())
    assert maintain(db)["postponed"]
    worker.commit()
    assert maintain(db)["week_retired"] == week(at)


def test_only_one_at_a_time(db: Connection, connect: Connect) -> None:
    other = connect(autocommit=False)
    maintain(other)
    assert maintain(db)["single_flight"] is False
    other.rollback()
    assert maintain(db)["single_flight"] is True


def test_while_others_write(db: Connection, connect: Connect) -> None:
    """Weeks are retired while a poller works; nothing unfinished is lost, nothing fails."""
    at = start(db)
    workflow = define(
        db, [{"id": "a"}, {"id": "d", "type": "delay", "for": {"literal": "100 days"}}], [("a", "d", "success")]
    )
    happen(db, workflow, *({"id": n} for n in range(50)))
    perform(db)
    now = (at + timedelta(days=60)).isoformat()
    stop = threading.Event()
    errors: list[Exception] = []

    def work() -> None:
        connection = connect()
        connection.execute("select set_config('pgwhen.now', %s, false)", [now])
        n = 1000
        try:
            while not stop.is_set():
                n += 1
                happen(connection, workflow, {"id": n})
                perform(connection)
        except Exception as error:
            errors.append(error)

    fake_clock(db, now)
    maintain(db)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        retired = [maintain(db)["week_retired"] for _ in range(8)]
    finally:
        stop.set()
        thread.join(30)
    assert errors == []
    assert any(retired)
    while perform(db):
        pass
    started = db.execute("select count(*), count(distinct event_id) from pgwhen.executions").fetchone()
    assert started is not None and started[0] == started[1] >= 50
    assert count(db, "pgwhen.unfinished") == started[0] == count(db, "pgwhen.sleepers")


def test_a_new_partition_of_the_application_is_covered_first(db: Connection) -> None:
    at = start(db)
    db.execute("create table jobs (id int primary key) partition by range (id)")
    db.execute("select pgwhen.attach('jobs')")
    db.execute("grant trigger on jobs to pgwhen_owner")
    db.execute("create table jobs_1 partition of jobs for values from (0) to (10)")
    db.execute("grant trigger on jobs_1 to pgwhen_owner")
    fake_clock(db, (at + timedelta(days=38)).isoformat())
    done = maintain(db)
    assert {entry["change"] for entry in done["attachments"]} == {"partition covered"}
    assert (done["week_retired"], done["more"]) == (None, True), (
        "no strong lock on the history beside that on the partition"
    )
    assert maintain(db)["week_retired"] == week(at)
    rows = db.execute("select count(*) from pg_trigger where tgrelid = 'jobs_1'::regclass").fetchone()
    assert rows == (3,)


def test_an_applications_lock_on_its_partition_postpones_that_only(db: Connection, connect: Connect) -> None:
    at = start(db)
    db.execute("create table jobs (id int primary key) partition by range (id)")
    db.execute("select pgwhen.attach('jobs')")
    db.execute("create table jobs_1 partition of jobs for values from (0) to (10)")
    db.execute("grant trigger on jobs_1 to pgwhen_owner")
    writer = connect(autocommit=False)
    writer.execute("insert into jobs_1 values (1)")
    fake_clock(db, (at + timedelta(days=38)).isoformat())
    done = maintain(db)
    assert done["postponed"] == ["attachments were not looked after: a table of theirs is locked"]
    assert done["week_retired"] == week(at)
    writer.commit()
    assert maintain(db)["attachments"] != []


def test_small_tables(db: Connection) -> None:
    at = start(db)
    db.execute("insert into pgwhen.start_keys values ('s', 'k', gen_random_uuid(), %s)", [at])
    db.execute("insert into pgwhen.pollers values ('p', 1, 1, %s, %s)", [at, at])
    workflow = define(db, [{"id": "a"}])
    db.execute("update pgwhen.workflows set status = 'archived'")
    db.execute("update pgwhen.activations set until_at = %s", [at])
    fake_clock(db, (at + timedelta(hours=20)).isoformat())
    removed = maintain(db)["removed"]
    assert (removed["pollers"], removed["start_keys"], removed["trigger_keys"]) == (0, 0, 0)
    fake_clock(db, (at - timedelta(hours=1)).isoformat())
    happen(db, workflow, {"id": 1})
    fake_clock(db, (at + timedelta(days=31)).isoformat())
    removed = maintain(db)["removed"]
    assert (removed["pollers"], removed["start_keys"], removed["trigger_keys"]) == (1, 1, 0), (
        "an event from before waits"
    )
    tick(db)
    assert count(db, "pgwhen.executions") == 1
    assert maintain(db)["removed"]["trigger_keys"] == 1


def test_roles(db: Connection, connect: Connect) -> None:
    assert maintain(connect("pgwhen_operator"))["single_flight"] is True
    for role in ("pgwhen_viewer", "pgwhen_author", "pgwhen_poller"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            maintain(connect(role))
