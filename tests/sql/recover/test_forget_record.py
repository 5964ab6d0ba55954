"""A person is forgotten everywhere, and the bare facts stay."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, claim, count, freeze, report, tick
from tests.sql.language.support import apply

#: Stands nowhere but where it was planted.
NAME = "Zoë Дроздова-7431"

TABLES = """
create table clients (id int primary key, code text unique, name text);
create table jobs (id int primary key, client_id int references clients, note text);
create table visits (id int primary key, client_code text references clients (code), note text);
grant select on clients, jobs, visits to pgwhen_actions;
select pgwhen.attach('clients'), pgwhen.attach('jobs'), pgwhen.attach('visits');
"""
SMS = {"id": "tell", "type": "sms", "to": "+31612345678", "text": "{{ %s }}"}


def prepare(db: Connection) -> None:
    """Workflows for new clients, jobs and visits; one that is started by another; a loop over the table of clients."""
    db.execute(TABLES)
    apply(
        db,
        {
            "workflow": "helper",
            "when": {"manual": True},
            "inputs": {"who": {"type": "text"}},
            "steps": [SMS | {"text": "{{ input.who }}"}],
        },
    )
    apply(
        db,
        {
            "workflow": "welcome",
            "when": {"table": "clients", "row": "created"},
            "steps": [
                {"id": "made", "type": "transform", "set": {"who": "{{ client.name }}"}},
                {"id": "other", "type": "start", "workflow": "helper", "with": {"who": "{{ client.name }}"}},
                SMS | {"text": "{{ client.name }}"},
                {"id": "rest", "type": "delay", "for": "3 days"},
            ],
        },
    )
    for table in ("jobs", "visits"):
        apply(
            db,
            {
                "workflow": table,
                "when": {"table": table, "row": "created"},
                "steps": [SMS | {"text": f"{{{{ {table[:-1]}.note }}}}"}],
            },
        )


def run(db: Connection) -> None:
    """Perform all that is due."""
    for _ in range(6):
        tick(db)
        actions = claim(db)
        if actions:
            freeze(db, actions, "sms")
            report(db, actions)


def people(db: Connection) -> None:
    """Two clients, with a job and a visit each."""
    db.execute("insert into clients values (7, 'C7', %s), (8, 'C8', 'Otto')", [NAME])
    db.execute("insert into jobs values (70, 7, %s), (80, 8, 'Otto')", [NAME])
    db.execute("insert into visits values (71, 'C7', %s), (81, 'C8', 'Otto')", [NAME])


def forget(db: Connection, key: Any = "7", table: str = "clients", dry_run: bool = False) -> dict[str, Any]:
    row = db.execute(
        "select pgwhen.forget_record(%s::regclass, to_jsonb(%s::text), 'asked', %s)", [table, key, dry_run]
    ).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def where(db: Connection, text: str = NAME) -> dict[str, int]:
    """Tables of both schemas in which rows hold the text, and how many."""
    tables = db.execute(
        "select oid::regclass::text from pg_class where relkind = 'r'"
        " and relnamespace in ('pgwhen'::regnamespace, 'pgmq'::regnamespace) order by 1"
    ).fetchall()
    query = "select count(*) from {0} t where t::text like '%%' || %s || '%%'"
    escaped = text.encode("ascii", "backslashreplace").decode()
    found = {}
    for (table,) in tables:
        number = sum(db.execute(query.format(table), [form]).fetchone()[0] for form in {text, escaped})  # type: ignore[index]
        if number:
            found[table] = number
    return found


def plant(db: Connection) -> None:
    """The name in every place that can hold text, for all executions and events that hold it anywhere."""
    db.execute(
        """
        create temp table hit as select e.event_id from pgwhen.events e where e::text like '%%' || %(n)s || '%%';
        """.replace("%(n)s", f"'{NAME}'").replace("%%", "%")
    )
    db.execute("create temp table run as select execution_id from pgwhen.executions join hit using (event_id)")
    name = {"n": NAME}
    for statement in (
        "update pgwhen.events e set actor = %(n)s, notes = jsonb_build_object('capture_error', %(n)s::text),"
        " error = jsonb_build_object('code', 'x', 'message', %(n)s::text) from hit h where h.event_id = e.event_id",
        "update pgwhen.executions x set reason = %(n)s, concurrency_key = %(n)s, item = to_jsonb(%(n)s::text),"
        " input = to_jsonb(%(n)s::text), error = jsonb_build_object('code', 'x', 'message', %(n)s::text)"
        " from run r where r.execution_id = x.execution_id",
        "update pgwhen.execution_steps s set reason = %(n)s, output = to_jsonb(%(n)s::text),"
        " error = jsonb_build_object('code', 'x', 'class', 'permanent', 'message', %(n)s::text)"
        " from run r where r.execution_id = s.execution_id",
        "update pgwhen.frozen_messages m set recipients = array[%(n)s] from run r"
        " where r.execution_id = m.execution_id",
        "update pgwhen.attempts a set error = jsonb_build_object('message', %(n)s::text), provider_message_id = %(n)s,"
        " answer = to_jsonb(%(n)s::text) from run r"
        " where r.execution_id = a.execution_id",
        "insert into pgwhen.logs (log_id, at, execution_id, level, tenant, message, data)"
        " select pgwhen._log_id(now()), now(), execution_id, 'info', 'default', %(n)s, to_jsonb(%(n)s::text) from run",
        "insert into pgwhen.audit_log (at, actor, tenant, command, target, reason, detail)"
        " select now(), 'op', 'default', 'retry_executions', execution_id::text, %(n)s, to_jsonb(%(n)s::text) from run",
        "insert into pgwhen.audit_log (at, actor, tenant, command, target, reason, detail) values (now(), 'op',"
        """ 'default', 'backfill_workflow', 'welcome', %(n)s, '{"where": {"record": {"id": 7, "x": 1}}}')""",
        "insert into pgwhen.approval_requests (approval_id, execution_id, requested_at, closed_at, outcome, generation,"
        " in_sequence, tenant, step_id, need, requester) select execution_id, execution_id, now(), now(), 'approved',"
        " 1, false, 'default', 'ok', '1', %(n)s from run",
        "insert into pgwhen.approvers (approval_id, token, place, approver, comment, form, withdrawn_because)"
        " select execution_id, execution_id, 1, 'boss', %(n)s, to_jsonb(%(n)s::text), %(n)s from run",
        "insert into pgwhen.start_keys (source, key, event_id) select 'x', %(n)s || event_id, event_id from hit",
        "insert into pgwhen.watched_events select 'row:1:name=' || %(n)s, event_id from hit",
    ):
        db.execute(statement, name)


def test_nothing_of_a_person_is_left_anywhere(db: Connection) -> None:
    prepare(db)
    people(db)
    run(db)
    plant(db)
    db.execute("update jobs set note = %s where id = 80", ["the other one"])
    db.execute("update clients set name = name || '!' where id = 7")
    before = where(db)
    partitioned = {"attempts", "events", "execution_steps", "executions", "frozen_messages", "logs"}
    assert {name.split(".")[1].rsplit("_", 1)[0] for name in before} >= partitioned
    assert {
        "pgwhen.approval_requests",
        "pgwhen.approvers",
        "pgwhen.audit_log",
        "pgwhen.start_keys",
        "pgwhen.watched_events",
    } <= set(before)
    facts = "select execution_id, started_at, workflow_id from pgwhen.executions where status = 'completed' order by 1"
    kept = db.execute(facts).fetchall()
    counted = forget(db, dry_run=True)
    assert counted["state"] == "counted" and where(db) == before
    assert {k: counted["counts"][k] for k in ("executions", "unfinished", "in_flight", "approval_requests")} == {
        "executions": 4, "unfinished": 1, "in_flight": 0, "approval_requests": 4,
    }  # fmt: skip
    done = forget(db)
    assert done == counted | {"state": "forgotten"}
    assert where(db) == {}
    assert db.execute(facts).fetchall() == kept
    assert count(db, "pgwhen.executions") == 8 and count(db, "pgwhen.executions where status = 'cancelled'") == 1
    assert count(db, "pgwhen.executions where record_key is not null") == 3, "those of the other client"
    codes = db.execute("select distinct error from pgwhen.execution_steps where error is not null").fetchall()
    assert codes == [({"code": "x", "class": "permanent"},)]
    (audit,) = db.execute(
        "select target, reason, detail from pgwhen.audit_log where command = 'forget_record'"
    ).fetchall()
    assert audit == ("public.clients", "asked", {"key_hash": done["hash"], "counts": done["counts"]})
    assert forget(db)["counts"]["executions"] == 0, "nothing is known of it any more"
    assert forget(db)["hash"] == done["hash"]
    assert forget(db, "8")["hash"] != done["hash"] and where(db, "Otto") == {}


def test_what_waits_in_the_queue_of_events_goes_too(db: Connection) -> None:
    prepare(db)
    people(db)
    assert forget(db)["counts"]["messages"] == 3
    assert where(db) == {}
    run(db)
    assert where(db) == {} and count(db, "pgwhen.executions") == 4, "those of the other client"


def test_what_is_on_its_way_is_waited_for(db: Connection) -> None:
    prepare(db)
    people(db)
    tick(db)
    actions = claim(db)
    freeze(db, actions, "sms")
    done = forget(db)
    assert done["state"] == "in flight" and done["counts"]["in_flight"] >= 2 and done["counts"]["unfinished"] == 0
    assert any(table.startswith("pgwhen.events_") for table in where(db)), "nothing is erased before"
    assert count(db, "pgwhen.audit_log where command = 'forget_record'") == 0
    report(db, actions)
    assert forget(db)["state"] == "forgotten"
    assert where(db) == {}


def test_items_of_a_loop_over_the_table(db: Connection) -> None:
    db.execute(TABLES)
    keep = {"id": "keep", "type": "transform", "set": {"value": "{{ item.name }}"}}
    loop = {"id": "each", "type": "loop", "over": {"table": "clients"}, "steps": [keep]}
    apply(db, {"workflow": "daily", "when": {"event": "day"}, "steps": [loop]})
    db.execute("insert into clients values (7, 'C7', %s), (8, 'C8', 'Otto')", [NAME])
    db.execute("select pgwhen.emit_event('day', '{}')")
    for _ in range(4):
        tick(db)
    assert count(db, "pgwhen.executions where body is not null") == 2
    assert forget(db)["counts"]["executions"] == 1
    assert count(db, "pgwhen.executions where item is not null") == 1
    assert count(db, f"pgwhen.executions where item::text like '%%{NAME}%%'") == 0


def test_what_is_forgotten_is_neither_retried_nor_replayed_and_can_be_looked_at(db: Connection) -> None:
    prepare(db)
    people(db)
    run(db)
    forget(db)
    ids = [i for (i,) in db.execute("select execution_id from pgwhen.executions where reason = 'forgotten'").fetchall()]
    results = db.execute("select result from pgwhen.retry_executions(%s, null, p_scope => 'start')", [ids]).fetchall()
    assert {r for (r,) in results} == {"its record was forgotten"}
    events = [i for (i,) in db.execute("select event_id from pgwhen.events where notes ? 'forgotten'").fetchall()]
    replayed = db.execute("select result from pgwhen.replay_events(%s)", [events]).fetchall()
    assert {r for (r,) in replayed} == {"its record was forgotten"}
    for event in events:
        row = db.execute("select pgwhen.explain_event(%s)", [event]).fetchone()
        assert row is not None and any("was forgotten at" in line for line in row[0]["lines"])
    for execution in ids:
        row = db.execute("select pgwhen.show_execution(%s)", [execution]).fetchone()
        assert row is not None and row[0]["reason"] == "forgotten"
    assert count(db, "pgwhen.execution_timeline") > 0


def test_weeks_that_are_kept_and_strays_are_looked_at(db: Connection) -> None:
    prepare(db)
    people(db)
    run(db)
    for table in ("events", "executions"):
        column = table[:-1] + "_id"
        db.execute(f"update pgwhen.{table} set {column} = ('0000' || substr({column}::text, 5))::uuid")
        assert count(db, f"pgwhen.{table}_default") > 0
    db.execute(
        "update pgwhen.executions set event_id = ('0000' || substr(event_id::text, 5))::uuid,"
        " parent_execution_id = ('0000' || substr(parent_execution_id::text, 5))::uuid"
    )
    db.execute(
        "update pgwhen.events set cause = jsonb_build_object('execution', '0000' || substr(cause ->> 'execution', 5))"
        " where cause is not null"
    )
    forget(db)
    assert not any("default" in table for table in where(db))


def test_other_tenants_and_roles(db: Connection, login: Callable[..., str], connect: Connect) -> None:
    prepare(db)
    people(db)
    run(db)
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    login("pgwhen_operator"), login("pgwhen_viewer")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_operator', 'acme')")
    before = where(db)
    operator = connect(user="test_pgwhen_operator")
    assert forget(operator)["counts"]["events"] == 0
    assert where(db) == before
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        forget(connect(user="test_pgwhen_viewer"))
    with pytest.raises(psycopg.Error) as caught:
        forget(db, "seven")
    assert caught.value.sqlstate == "WF136"
