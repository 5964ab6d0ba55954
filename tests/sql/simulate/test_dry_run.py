"""pgwhen.dry_run: the real engine, and nothing of it stays."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from pgwhen.poller.templates import loads

Connection = psycopg.Connection[Any]

TABLES = """
create table clients (id int primary key, first_name text, email text);
create table jobs (id int primary key, title text, status text default 'new', client_id int references clients,
  total numeric(12, 2));
grant select on clients, jobs to pgwhen_actions;
insert into clients values (1, 'Anna', 'anna@example.com');
insert into jobs values (7, 'Boiler', 'new', 1, 10.20);
"""

WORKFLOW: dict[str, Any] = {
    "workflow": "w",
    "when": {"table": "jobs", "becomes": {"status": "completed"}},
    "steps": [
        {"id": "crm", "type": "http", "url": "https://crm.example.com/{{ job.id }}", "json": {"n": "{{ job.total }}"}},
        {
            "id": "is_new",
            "type": "condition",
            "if": {"steps.crm.output.status": 201},
            "then": [{"id": "tell", "type": "email", "to": "{{ job.client.email }}", "subject": "S", "text": "T"}],
            "else": [{"id": "nap", "type": "delay", "for": "2 days"}],
        },
        {"id": "last", "type": "sms", "if": {"job.total": {"gt": 5}}, "to": "+31612345678", "text": "bye"},
    ],
}
ROW = {"table": "jobs", "new": {"id": 7, "title": "Boiler", "status": "completed", "client_id": 1, "total": 10.2}}


@pytest.fixture
def jobs(db: Connection) -> Connection:
    db.execute(TABLES)
    db.execute("select pgwhen.attach('jobs')")
    return db


def apply(db: Connection, definition: dict[str, Any] = WORKFLOW, publish: bool = True) -> None:
    db.execute("select pgwhen.apply_definition(%s, null, %s)", [json.dumps(definition), publish])


def dry_run(db: Connection, event: Any, given: Any = None, workflow: str = "w", draft: bool | None = None) -> Any:
    query = "select pgwhen.dry_run(%s, %s, %s, %s)::text"
    row = db.execute(query, [workflow, json.dumps(event), json.dumps(given or {}), draft]).fetchone()
    assert row
    return loads(row[0])


def states(run: Any) -> dict[str, str]:
    return {name: step["status"] for name, step in steps(run).items()}


def steps(run: Any) -> dict[str, Any]:
    """Each step; not the further messages of one."""
    return {
        step["step_id"]: step for execution in run["executions"] for step in execution["steps"] if step["part"] == 0
    }


def contents(db: Connection) -> dict[str, Any]:
    """Every row of every table, but for the bookkeeping of sequences."""
    tables = db.execute(
        "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind = 'r' and n.nspname in ('public', 'pgwhen', 'pgmq') order by 1"
    ).fetchall()
    return {
        name: db.execute(f"select count(*), md5(string_agg(t::text, '|' order by t::text)) from {name} t").fetchone()
        for (name,) in tables
    }


def test_it_runs_to_the_end_with_contexts_to_render(jobs: Connection) -> None:
    apply(jobs)
    run = dry_run(jobs, ROW)
    assert run["starts"] and not run["draft"] and run["version"] == 1
    assert states(run) == {
        "crm": "completed", "is_new": "completed", "tell": "not_reached", "nap": "completed", "last": "completed",
    }  # fmt: skip
    assert [action["step_id"] for action in run["actions"]] == ["crm", "last"]
    assert str(run["actions"][0]["context"]["job"]["total"]) == "10.20", "numbers are exact"
    nap = steps(run)["nap"]
    days = jobs.execute("select %s::timestamptz - %s::timestamptz", [nap["finished_at"], nap["queued_at"]]).fetchone()
    assert days and days[0].days == 2, "the clock is turned on over a delay"
    assert run["executions"][0]["status"] == "completed"


def test_nothing_stays(jobs: Connection) -> None:
    apply(jobs)
    before = contents(jobs)
    dry_run(jobs, ROW)
    dry_run(jobs, {"table": "jobs", "key": 7})
    apply(jobs, {**WORKFLOW, "name": "another"}, publish=False)
    with_draft = contents(jobs)
    dry_run(jobs, ROW)
    with pytest.raises(psycopg.Error):
        dry_run(jobs, {"table": "jobs", "key": 99})
    assert contents(jobs) == with_draft
    changed = {name for name in before if before[name] != with_draft[name]}
    assert changed == {"pgwhen.workflows", "pgwhen.audit_log"}, "these by applying the draft"
    row = jobs.execute("select current_setting('pgwhen.now', true), pgwhen._now() - clock_timestamp()").fetchone()
    assert row and not row[0] and abs(row[1].total_seconds()) < 1, "the clock is the world's again"


def test_nothing_stays_even_where_the_caller_commits(jobs: Connection, connect: Callable[..., Connection]) -> None:
    apply(jobs)
    before = contents(jobs)
    other = connect(autocommit=False)
    dry_run(other, ROW)
    other.commit()
    assert contents(jobs) == before


def test_nobody_waits_for_it(jobs: Connection, connect: Callable[..., Connection]) -> None:
    """In a transaction that stays open after it a tick, a write and a publish go on at once."""
    apply(jobs)
    holder = connect(autocommit=False)
    dry_run(holder, ROW)
    other = connect()
    other.execute("set lock_timeout = '1s'")
    tick = other.execute("select pgwhen.tick()").fetchone()
    assert tick and tick[0]["single_flight"]
    other.execute("update jobs set status = 'completed' where id = 7")
    apply(other, {**WORKFLOW, "name": "new"})
    tick = other.execute("select pgwhen.tick()").fetchone()
    assert tick and tick[0]["dispatched"] == 1
    holder.rollback()


def test_a_tick_at_work_does_not_keep_it_waiting(jobs: Connection, connect: Callable[..., Connection]) -> None:
    apply(jobs)
    ticking = connect(autocommit=False)
    ticking.execute("select pgwhen.tick()")
    assert dry_run(jobs, ROW)["starts"]
    ticking.rollback()


def test_others_are_not_touched(jobs: Connection) -> None:
    """Executions of the same workflow that wait are not woken by its clock, and their actions not taken."""
    apply(jobs)
    jobs.execute("update jobs set status = 'completed' where id = 7")
    jobs.execute("select pgwhen.tick()")
    before = contents(jobs)
    run = dry_run(jobs, ROW)
    assert [action["step_id"] for action in run["actions"]] == ["crm", "last"]
    assert len(run["executions"]) == 1
    assert contents(jobs) == before


def test_what_is_given_decides(jobs: Connection) -> None:
    apply(jobs)
    run = dry_run(jobs, ROW, {"crm": {"output": {"status": 201}}})
    assert states(run)["tell"] == "completed" and run["unknown"] == []
    run = dry_run(jobs, ROW, {"crm": {"error": {"code": "http_500", "message": "down"}}})
    assert states(run)["crm"] == "failed" and run["executions"][0]["status"] == "failed"
    assert run["executions"][0]["error"]["code"] == "http_500"


def test_a_decision_on_an_invented_output_is_named_as_unknown(jobs: Connection) -> None:
    apply(jobs)
    run = dry_run(jobs, ROW)
    assert run["unknown"] == [
        {"step_id": "is_new", "type": "condition", "kind": "outcome", "assumed": "false", "outcomes": ["true", "false"]}
    ], "not the condition that reads the record"
    assert "steps.crm.output.status is 200" in steps(run)["is_new"]["why"]
    run = dry_run(jobs, ROW, {"is_new": {"outcome": "true"}})
    assert states(run)["tell"] == "completed" and run["unknown"] == []


def test_a_step_with_a_condition_on_it_may_be_skipped(jobs: Connection) -> None:
    first, last = WORKFLOW["steps"][0], WORKFLOW["steps"][2]
    apply(jobs, {**WORKFLOW, "steps": [first, {**last, "if": {"steps.crm.output.json.vip": True}}]})
    run = dry_run(jobs, ROW)
    assert [(one["step_id"], one["kind"], one["assumed"]) for one in run["unknown"]] == [("last", "if", False)]
    assert states(dry_run(jobs, ROW, {"last": {"if": True}}))["last"] == "completed"


def test_at_another_time(jobs: Connection) -> None:
    apply(jobs)
    run = dry_run(jobs, {**ROW, "at": "2027-03-28T00:30:00Z"})
    assert run["executions"][0]["started_at"] == "2027-03-28T00:30:00+00:00"
    assert run["now"] == "2027-03-30T00:30:00+00:00"
    # Whatever the session writes times like.
    jobs.execute("set datestyle = 'German, DMY'")
    jobs.execute("set timezone = 'America/New_York'")
    assert dry_run(jobs, {**ROW, "at": "2027-03-28T00:30:00Z"})["now"] == run["now"]


def test_an_action_by_its_number(jobs: Connection) -> None:
    """The renderer finds out what the database cannot: which message fails."""
    apply(jobs)
    run = dry_run(jobs, ROW, {"#2": {"error": {"code": "template", "message": "missing"}}})
    assert states(run)["crm"] == "completed" and states(run)["last"] == "failed"


def test_a_record_as_it_is_now(jobs: Connection) -> None:
    apply(jobs)
    run = dry_run(jobs, {"table": "jobs", "key": "7"})
    assert not run["starts"] and run["executions"] == []
    assert run["reasons"] == ['becomes: status: completed does not hold: status is "new"']
    jobs.execute("update jobs set status = 'completed' where id = 7")
    assert dry_run(jobs, {"table": "jobs", "key": {"id": 7}})["starts"]
    with pytest.raises(psycopg.Error, match=r'has no record \{"id": 99\}') as error:
        dry_run(jobs, {"table": "jobs", "key": 99})
    assert error.value.sqlstate == "WF323"


def test_a_past_event(jobs: Connection) -> None:
    apply(jobs)
    jobs.execute("update jobs set status = 'completed' where id = 7")
    jobs.execute("update jobs set status = 'new' where id = 7")
    jobs.execute("select pgwhen.tick()")
    ids = [row[0] for row in jobs.execute("select event_id from pgwhen.events order by event_id").fetchall()]
    assert dry_run(jobs, {"event_id": str(ids[0])})["starts"]
    run = dry_run(jobs, {"event_id": str(ids[1])})
    assert not run["starts"] and run["event"]["changed"] == ["status"]
    with pytest.raises(psycopg.Error, match="there is no event"):
        dry_run(jobs, {"event_id": "00000000-0000-0000-0000-000000000000"})


def test_why_it_would_not_start(jobs: Connection) -> None:
    apply(jobs, {**WORKFLOW, "suppress_if": {"job.title": "Boiler"}})
    run = dry_run(jobs, ROW)
    assert not run["starts"] and "suppress_if holds" in run["reasons"][0]
    run = dry_run(jobs, {"event": "x.y"})
    assert run["reasons"] == ["the workflow has no trigger for x.y"]


def test_application_events_and_manual_starts(jobs: Connection) -> None:
    step = {"id": "a", "type": "email", "to": "{{ input.to }}", "subject": "S", "text": "T"}
    when = [{"event": "invoice.overdue"}, {"manual": True}]
    inputs = {"to": {"type": "text", "required": True}}
    apply(jobs, {"workflow": "i", "when": when, "inputs": inputs, "steps": [step]})
    run = dry_run(jobs, {"event": "invoice.overdue", "input": {"to": "a@example.com"}}, workflow="i")
    assert run["actions"][0]["context"]["input"] == {"to": "a@example.com"}
    assert dry_run(jobs, {"input": {"to": "a@example.com"}}, workflow="i")["starts"]
    run = dry_run(jobs, {"input": {}}, workflow="i")
    assert not run["starts"] and "to" in run["reasons"][0]


def test_a_draft(jobs: Connection) -> None:
    apply(jobs, publish=False)
    run = dry_run(jobs, ROW)
    assert run["draft"] and run["starts"] and run["status"] == "draft"
    with pytest.raises(psycopg.Error, match="no published version"):
        dry_run(jobs, ROW, draft=False)
    jobs.execute("select pgwhen.publish_workflow('w')")
    with pytest.raises(psycopg.Error, match="no draft") as error:
        dry_run(jobs, ROW, draft=True)
    assert error.value.sqlstate == "WF324"
    apply(jobs, {**WORKFLOW, "steps": WORKFLOW["steps"][:1]}, publish=False)
    assert set(states(dry_run(jobs, ROW))) == {"crm"}
    assert "last" in states(dry_run(jobs, ROW, draft=False))


def test_hostile_arguments(jobs: Connection) -> None:
    apply(jobs)
    for event, given in (([], {}), ({}, []), ("x", {})):
        with pytest.raises(psycopg.Error) as error:
            jobs.execute("select pgwhen.dry_run('w', %s, %s)", [json.dumps(event), json.dumps(given)])
        assert error.value.sqlstate == "WF325"
    with pytest.raises(psycopg.Error) as error:
        dry_run(jobs, {"table": "pg_class", "key": 1})
    assert error.value.sqlstate == "WF322"
    with pytest.raises(psycopg.Error) as error:
        dry_run(jobs, ROW, workflow="nobody")
    assert error.value.sqlstate == "WF200"
    dry_run(jobs, ROW, {"nobody": {"output": 1}, "'; drop table jobs; --": {"outcome": "x"}})
    assert states(dry_run(jobs, ROW, {"crm": {"error": {"class": "nonsense"}}}))["crm"] == "failed"
    dry_run(jobs, {**ROW, "new": {}})


def test_a_workflow_of_another_tenant(jobs: Connection, login: Callable[..., str]) -> None:
    apply(jobs)
    url = login("pgwhen_author")
    jobs.execute("insert into pgwhen.tenants (tenant) values ('other')")
    jobs.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_author', 'other')")
    with psycopg.connect(url, autocommit=True) as connection, pytest.raises(psycopg.Error, match="does not exist"):
        dry_run(connection, ROW)


def test_an_author_may_and_a_viewer_may_not(jobs: Connection, login: Callable[..., str]) -> None:
    apply(jobs)
    with psycopg.connect(login("pgwhen_author"), autocommit=True) as connection:
        assert dry_run(connection, {"table": "jobs", "key": 7})["reasons"]
        assert dry_run(connection, ROW)["starts"]
    viewer = psycopg.connect(login("pgwhen_viewer"), autocommit=True)
    with viewer, pytest.raises(psycopg.errors.InsufficientPrivilege):
        dry_run(viewer, ROW)


def test_a_lock_is_not_waited_for(jobs: Connection, connect: Callable[..., Connection]) -> None:
    apply(jobs)
    holder = connect(autocommit=False)
    holder.execute("lock table jobs")
    with pytest.raises(psycopg.Error, match="two seconds") as error:
        dry_run(jobs, ROW)
    assert error.value.sqlstate == "WF321"
    holder.rollback()


def test_an_endless_workflow_ends(jobs: Connection) -> None:
    """A chain of retries longer than anybody waits: the bound is said."""
    step = {**WORKFLOW["steps"][0], "retry": {"attempts": 100, "backoff": "1 second", "jitter": "none"}}
    apply(jobs, {**WORKFLOW, "steps": [step]})
    run = dry_run(jobs, ROW, {"crm": {"error": {"class": "transient", "code": "x", "message": "y"}}})
    assert states(run)["crm"] == "failed" and 20 <= len(run["actions"]) <= 100


def test_two_at_once(jobs: Connection, connect: Callable[..., Connection]) -> None:
    apply(jobs)
    apply(jobs, {**WORKFLOW, "name": "another"}, publish=False)
    other = connect(autocommit=False)
    assert dry_run(other, ROW)["draft"]
    assert dry_run(jobs, ROW)["draft"], "neither sees the other's version"
    other.rollback()


MAIL = {"type": "email", "to": "a@example.com", "subject": "S", "text": "T"}


def test_a_loop_with_its_items(jobs: Connection) -> None:
    items = [{"n": number} for number in range(1, 4)]
    loop = {"id": "each", "type": "loop", "over": items, "as": "one", "at_once": 2, "steps": [
        {"id": "tell", **MAIL, "subject": "{{ one.n }}"},
        {"id": "nap", "type": "delay", "for": "1 hour"},
    ]}  # fmt: skip
    apply(jobs, {**WORKFLOW, "steps": [loop, {"id": "last", **MAIL}]})
    before = contents(jobs)
    run = dry_run(jobs, ROW)
    assert [action["step_id"] for action in run["actions"]] == ["tell", "tell", "tell", "last"]
    assert [one["item"] for one in run["executions"][1:]] == items
    assert steps(run)["last"]["status"] == "completed" and contents(jobs) == before
    hours = jobs.execute(
        "select %s::timestamptz - %s::timestamptz", [run["now"], run["event"]["occurred_at"]]
    ).fetchone()
    assert hours and hours[0].seconds == 2 * 3600, "two at once, then the third"


def test_a_started_workflow_runs_too(jobs: Connection) -> None:
    child = {"workflow": "child", "when": {"manual": True}, "steps": [{"id": "inner", **MAIL}]}
    apply(jobs, child)
    start = {"id": "go", "type": "start", "workflow": "child", "await": True}
    apply(jobs, {**WORKFLOW, "steps": [start, {"id": "last", **MAIL}]})
    before = contents(jobs)
    run = dry_run(jobs, ROW)
    assert [action["step_id"] for action in run["actions"]] == ["inner", "last"]
    assert [one["workflow"] for one in run["executions"]] == ["w", "child"] and contents(jobs) == before


def test_an_approval_in_each_way(jobs: Connection) -> None:
    ask = {"id": "ask", "type": "approval", "approvers": ["boss@example.com"], "timeout": "3 days",
           "rejected": [{"id": "sorry", **MAIL}]}  # fmt: skip
    apply(jobs, {**WORKFLOW, "steps": [ask, {"id": "last", **MAIL}]})
    before = contents(jobs)
    run = dry_run(jobs, ROW)
    (unknown,) = run["unknown"]
    assert (unknown["step_id"], unknown["kind"]) == ("ask", "wait")
    assert {"approved", "rejected"} <= set(unknown["outcomes"])
    assert [action["step_id"] for action in run["actions"]][:1] == ["ask"], "the request is a message"
    assert states(run)["ask"] == "failed", "nobody decides in time, and no branch says what then"
    run = dry_run(jobs, ROW, {"ask": {"outcome": "approved"}})
    assert states(run)["last"] == "completed" and "sorry" not in [a["step_id"] for a in run["actions"]]
    run = dry_run(jobs, ROW, {"ask": {"outcome": "rejected", "output": {"comment": "no"}}})
    assert states(run)["sorry"] == "completed" and steps(run)["ask"]["output"]["comment"] == "no"
    assert contents(jobs) == before


def test_a_switch_on_what_nobody_knows(jobs: Connection) -> None:
    route = {"id": "route", "type": "switch", "value": "{{ steps.crm.output.json.kind }}",
             "cases": {"a": [{"id": "for_a", **MAIL}], "b": [{"id": "for_b", **MAIL}]}}  # fmt: skip
    apply(jobs, {**WORKFLOW, "steps": [WORKFLOW["steps"][0], route]})
    run = dry_run(jobs, ROW)
    (unknown,) = run["unknown"]
    assert (unknown["assumed"], set(unknown["outcomes"])) == ("default", {"case:a", "case:b", "default"})
    assert states(dry_run(jobs, ROW, {"route": {"outcome": "case:b"}}))["for_b"] == "completed"


def test_a_failing_statement_is_a_failed_step(jobs: Connection) -> None:
    change = {"id": "change", "type": "update", "table": "jobs", "where": {"id": "{{ job.id }}"}, "set": {"title": "x"}}
    jobs.execute("grant update on jobs to pgwhen_actions")
    apply(jobs, {**WORKFLOW, "steps": [change]})
    jobs.execute("revoke update on jobs from pgwhen_actions")
    before = contents(jobs)
    run = dry_run(jobs, ROW)
    assert states(run)["change"] == "failed" and run["statements"][0]["error"]["code"] == "42501"
    run = dry_run(jobs, ROW, {"change": {"output": {"count": 1}}})
    assert states(run)["change"] == "completed" and run["statements"][0]["given"]
    assert contents(jobs) == before
