"""What is wrong is said, with what to do about it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, claim, define, fake_clock, freeze, happen


def doctor(db: Connection) -> dict[str, tuple[str, str, str | None]]:
    """Check -> status, detail, hint; the worst one where there are several."""
    rows = db.execute("select * from pgwhen.doctor()").fetchall()
    order = ["ok", "warning", "error"]
    return {row[0]: row[1:] for row in sorted(rows, key=lambda row: order.index(row[1]))}


def table(db: Connection, name: str = "leads") -> None:
    """A table of the application, attached by its owner."""
    db.execute(f"create table public.{name} (id int primary key, name text)")
    db.execute("select pgwhen.attach(%s)", [name])


def test_a_fresh_installation(db: Connection) -> None:
    found = doctor(db)
    assert {name for name, row in found.items() if row[0] == "error"} == set()
    assert {name for name, row in found.items() if row[0] == "warning"} == {"tables", "pollers"}
    assert all(row[0] != "ok" or row[2] is None for row in found.values()), "what is well needs no hint"
    assert all(row[1] for row in found.values())


def test_a_healthy_one_has_no_warnings(db: Connection) -> None:
    table(db)
    claim(db)
    rows = db.execute("select check_name, status, detail from pgwhen.doctor() where status <> 'ok'").fetchall()
    assert rows == []
    assert doctor(db)["table public.leads"][1] == "captured"


def test_a_queue_table_of_another_shape(db: Connection) -> None:
    db.execute("alter table pgmq.q_pgwhen_events rename column message to body")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        db.execute("select pgwhen.tick()")
    status, detail, hint = next(
        r[1:] for r in db.execute("select * from pgwhen._doctor_pgmq()").fetchall() if r[0] == "queue pgwhen_events"
    )
    assert status == "error" and "message is missing" in detail and hint


@pytest.mark.parametrize("trigger", ["pgwhen_insert", "pgwhen_truncate"])
def test_a_dropped_trigger(db: Connection, trigger: str) -> None:
    table(db)
    db.execute(f"drop trigger {trigger} on leads")
    status, detail, hint = doctor(db)["table public.leads"]
    assert status == "error" and "missing" in detail and hint is not None and "attach" in hint


def test_a_disabled_trigger(db: Connection) -> None:
    table(db)
    db.execute("alter table leads disable trigger pgwhen_update")
    status, detail, hint = doctor(db)["table public.leads"]
    assert (
        status == "error" and "disabled" in detail and hint == "alter table public.leads enable trigger pgwhen_update"
    )


def test_a_new_partition_is_found(db: Connection) -> None:
    db.execute("create table jobs (id int primary key) partition by range (id)")
    db.execute("create table jobs_1 partition of jobs for values from (0) to (10)")
    db.execute("select pgwhen.attach('jobs')")
    assert doctor(db)["table public.jobs"][0] == "ok"
    db.execute("create table jobs_2 partition of jobs for values from (10) to (20)")
    status, detail, _ = doctor(db)["table public.jobs"]
    assert status == "warning" and "jobs_2" in detail


def test_a_workflow_whose_table_was_detached(db: Connection) -> None:
    table(db)
    attachment = db.execute("select attachment_id from pgwhen.attachments").fetchone()
    assert attachment is not None
    define(db, [{"id": "a"}], name="welcome", attachment_id=attachment[0])
    assert doctor(db)["workflows"] == ("ok", "1 active, 0 paused", None)
    db.execute("select pgwhen.detach('leads')")
    status, detail, hint = doctor(db)["workflows"]
    assert status == "error" and detail == "workflow welcome waits for public.leads, which is not attached"
    assert hint == "As its owner: pgwhen attach public.leads; or: pgwhen archive welcome"


def test_roles(db: Connection) -> None:
    db.execute("begin")
    db.execute("alter role pgwhen_owner superuser")
    assert doctor(db)["roles"][0] == "error"
    db.execute("rollback")
    db.execute("begin")
    db.execute("alter role pgwhen_viewer rename to somebody_else")
    assert doctor(db)["roles"][1] == "role pgwhen_viewer does not exist"
    db.execute("rollback")
    db.execute("insert into pgwhen.tenant_roles values ('no such login', 'default')")
    assert doctor(db)["roles"][0] == "warning"


def test_partitions(db: Connection) -> None:
    fake_clock(db, (datetime.now(UTC) + timedelta(weeks=1)).isoformat())
    found = doctor(db)
    assert found["partitions of events"][:2] == ("warning", "next week has none")
    assert found["retention"][0] == "ok"
    fake_clock(db, (datetime.now(UTC) + timedelta(weeks=9)).isoformat())
    define_and_run(db)
    found = doctor(db)
    assert found["retention"][0] == "warning"
    assert found["settings"][1].startswith("test_mode is on")
    db.execute("insert into pgwhen.events_default select * from pgwhen.events limit 0")
    db.execute(
        "insert into pgwhen.events (event_id, occurred_at, dispatched_at, tenant, operation, type)"
        " values ('00000000-0000-8000-8000-000000000001', now(), now(), 'default', 'event', 'x')"
    )
    assert doctor(db)["partitions of events"][0] == "error"


def define_and_run(db: Connection) -> None:
    """One tick, which makes partitions."""
    db.execute("select pgwhen.tick()")


def test_work_that_nobody_takes(db: Connection) -> None:
    at = datetime.now(UTC)
    fake_clock(db, at.isoformat())
    workflow = define(db, [{"id": "a"}, {"id": "d", "type": "delay", "for": {"literal": "1 hour"}}])
    happen(db, workflow, {"id": 1})
    claim(db, lease=60)
    happen(db, workflow, {"id": 2})
    fake_clock(db, (at + timedelta(minutes=5)).isoformat())
    found = doctor(db)
    assert found["oldest event"][0] == "warning"
    assert found["leases"][0] == "warning" and found["leases"][1].startswith("1 ran out")
    assert found["oldest sleeper"][0] == "ok"
    fake_clock(db, (at + timedelta(hours=2)).isoformat())
    found = doctor(db)
    assert found["oldest event"][0] == "error" and found["oldest sleeper"][0] == "error"
    assert found["pollers"][0] == "warning"


def test_a_poller_of_another_contract(db: Connection) -> None:
    db.execute("insert into pgwhen.pollers values ('old-one', 99, 1, now(), now())")
    status, detail, _ = doctor(db)["pollers"]
    assert status == "error" and "old-one" in detail


def test_connections(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db)
    assert doctor(db)["connection smtp"] == ("ok", "active", None)
    db.execute("select pgwhen.pause_connection('smtp', 'quota')")
    assert doctor(db)["connection smtp"][:2] == ("warning", "paused: quota")
    freeze(db, actions, "smtp")
    status, detail, hint = doctor(db)["connection smtp"]
    assert (
        (status, detail) == ("error", "paused: quota; 1 actions are held")
        and hint is not None
        and hint.endswith("resume smtp")
    )


def test_what_holds_vacuum_back_is_shown(db: Connection, connect: Connect) -> None:
    db.execute("alter table pgmq.q_pgwhen_actions set (autovacuum_enabled = false)")
    found = doctor(db)
    assert found["vacuum of q_pgwhen_actions"][0] == "error" and found["oldest snapshot"][0] == "ok"


@pytest.mark.parametrize("value", ['"soon"', "0", "-5", "null", "{}"])
def test_wrong_settings_are_told_not_raised(db: Connection, value: str) -> None:
    db.execute("update pgwhen.settings set value = %s where name = 'retention_days'", [value])
    db.execute("insert into pgwhen.settings values ('retenton_days', '1')")
    rows = db.execute("select status, detail from pgwhen.doctor() where check_name = 'settings'").fetchall()
    assert sorted(row[0] for row in rows) == ["error", "warning"]


def test_other_tenants_are_not_shown(db: Connection, login: Callable[..., str]) -> None:
    table(db)
    claim(db)
    define(db, [{"id": "a"}], name="secret_plan", attachment_id=1)
    dsn = login("pgwhen_viewer")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_viewer', 'other')")
    with psycopg.connect(dsn, autocommit=True) as other:
        text = str(doctor(other))
    assert "leads" not in text and "secret_plan" not in text
