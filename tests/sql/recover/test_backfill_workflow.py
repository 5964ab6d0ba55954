"""Rows that are there already start a workflow, once each."""

import json
import threading
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, claim, count, executions, fake_clock, perform, tick

TABLES = """
create table clients (id int primary key, name text, vip boolean);
create table jobs (id int primary key, title text, status text, client_id int references clients, api_token text);
"""


@pytest.fixture
def jobs(db: Connection) -> Connection:
    """Ten jobs of two clients, the even ones done, that nobody has seen."""
    db.execute(TABLES)
    db.execute("insert into clients values (1, 'Ann', true), (2, 'Bo', false)")
    db.execute(
        "insert into jobs select n, 'Job ' || n, case when n % 2 = 0 then 'done' else 'new' end, 1 + n % 2, 'x'"
        " from generate_series(1, 10) n"
    )
    db.execute("select pgwhen.attach('jobs'), pgwhen.attach('clients')")
    db.execute("grant select on jobs, clients to pgwhen_actions")
    return db


def publish(db: Connection, when: Any, **more: Any) -> None:
    """A workflow w with one step."""
    step = {"id": "a", "type": "http", "url": "https://example.com/{{ new.id }}"}
    definition = {"workflow": "w", "name": "w", "when": when, "steps": [step]} | more
    db.execute("select pgwhen.apply_definition(%s)", [json.dumps(definition)])


def backfill(db: Connection, **more: Any) -> dict[str, Any]:
    """One page of a backfill of w."""
    values = [json.dumps(v) if isinstance(v, dict) else v for v in more.values()]
    names = "".join(f", p_{name} => %s" for name in more)
    row = db.execute(f"select pgwhen.backfill_workflow('w'{names})", values).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def started(db: Connection) -> list[int]:
    """Keys of the records with an execution."""
    return [
        row[0] for row in db.execute("select (record_key ->> 'id')::int from pgwhen.executions order by 1").fetchall()
    ]


STOP = [{"id": "s", "type": "stop", "as": "completed"}]
DONE = {"table": "jobs", "becomes": {"status": "done"}}


def test_the_rows_that_match_now_start_once(jobs: Connection) -> None:
    publish(jobs, DONE)
    assert backfill(jobs, dry_run=True) == {
        "table": "public.jobs", "scanned": 10, "matched": 5, "before": 0, "started": 5, "after": {"id": 10},
        "done": True,
    }  # fmt: skip
    assert count(jobs, "pgmq.q_pgwhen_events") == 0 and count(jobs, "pgwhen.backfills") == 0
    done = backfill(jobs, reason="forgot to publish")
    assert (done["matched"], done["before"], done["started"]) == (5, 0, 5)
    tick(jobs)
    assert started(jobs) == [2, 4, 6, 8, 10]
    again = backfill(jobs)
    assert (again["matched"], again["before"], again["started"]) == (5, 5, 0)
    tick(jobs)
    assert len(executions(jobs)) == 5
    row = jobs.execute(
        "select command, target, reason, detail from pgwhen.audit_log where command ~ 'backfill'"
    ).fetchall()
    assert row == [("backfill_workflow", "w", "forgot to publish", {"table": "jobs", "started": 5})]


def test_a_row_that_comes_later_starts_at_the_next_backfill(jobs: Connection) -> None:
    publish(jobs, DONE)
    backfill(jobs)
    jobs.execute("alter table jobs disable trigger user")
    jobs.execute("insert into jobs values (11, 'new one', 'done', 1)")
    assert backfill(jobs)["started"] == 1
    tick(jobs)
    assert started(jobs) == [2, 4, 6, 8, 10, 11]


def test_what_the_steps_see(jobs: Connection) -> None:
    publish(jobs, DONE)
    backfill(jobs, where={"id": 2})
    (action,) = claim(jobs)
    assert action["context"]["new"]["id"] == 2
    row = jobs.execute("select operation, type, new, old, actor, notes from pgwhen.events").fetchone()
    assert row is not None
    assert row[:2] == ("insert", "jobs.created")
    assert row[2] == {"id": 2, "title": "Job 2", "status": "done", "client_id": 1}, "without the secret column"
    assert row[3:5] == (None, "postgres") and row[5]["request"]["kind"] == "backfill"


def test_a_filter_in_the_words_of_the_language(jobs: Connection) -> None:
    publish(jobs, {"table": "jobs", "row": "created"})
    assert backfill(jobs, where={"status": "new", "id": {"gt": 5}}, dry_run=True)["started"] == 2
    assert backfill(jobs, where={"any": [{"id": 1}, {"title": {"ends_with": "10"}}]})["started"] == 2
    tick(jobs)
    assert started(jobs) == [1, 10]


@pytest.mark.parametrize(
    "where", [{"nope": 1}, {"id": "one"}, {"client.name": "Ann"}, {}, {"id": {"greater": 1}}]
)  # fmt: skip
def test_a_filter_with_a_problem_is_refused(jobs: Connection, where: Any) -> None:
    publish(jobs, DONE)
    with pytest.raises(psycopg.Error) as error:
        backfill(jobs, where=where)
    assert error.value.sqlstate == "WF165" and error.value.diag.message_hint


def test_if_reads_the_record_as_it_is_with_its_foreign_keys(jobs: Connection) -> None:
    publish(jobs, {"table": "jobs", "row": "created", "if": {"job.client.vip": True}}, suppress_if={"job.id": 4})
    assert backfill(jobs)["started"] == 4
    tick(jobs)
    assert started(jobs) == [2, 6, 8, 10]


def test_updated_and_columns(jobs: Connection) -> None:
    publish(jobs, {"table": "jobs", "row": "updated", "columns": ["status"]})
    assert backfill(jobs)["started"] == 10
    tick(jobs)
    assert len(executions(jobs)) == 10
    assert jobs.execute("select distinct operation from pgwhen.events").fetchall() == [("update",)]


def test_in_pages_with_a_limit_and_on_from_where_it_was(jobs: Connection) -> None:
    publish(jobs, {"table": "jobs", "row": "saved"})
    first = backfill(jobs, max=4)
    assert (first["scanned"], first["after"], first["done"]) == (4, {"id": 4}, False)
    second = backfill(jobs, max=4, after=first["after"], limit=3)
    assert (second["scanned"], second["started"], second["after"], second["done"]) == (3, 3, {"id": 7}, False)
    nothing = backfill(jobs, after=second["after"], limit=0)
    assert (nothing["scanned"], nothing["started"], nothing["after"], nothing["done"]) == (0, 0, {"id": 7}, False)
    tick(jobs)
    assert started(jobs) == [1, 2, 3, 4, 5, 6, 7]
    rest = backfill(jobs)
    assert (rest["before"], rest["started"], rest["done"]) == (7, 3, True)


def test_a_page_that_is_rolled_back_has_asked_for_nothing(jobs: Connection, connect: Connect) -> None:
    publish(jobs, {"table": "jobs", "row": "saved"})
    backfill(jobs, max=4)
    other = connect(autocommit=False)
    backfill(other, max=4, after={"id": 4})
    other.close()
    assert backfill(jobs)["started"] == 6
    tick(jobs)
    assert started(jobs) == list(range(1, 11))


def test_a_backend_that_dies_in_the_middle_leaves_whole_pages(jobs: Connection, connect: Connect) -> None:
    publish(jobs, {"table": "jobs", "row": "saved"})
    other = connect(autocommit=False)
    backfill(other, max=3)
    other.commit()
    backfill(other, max=3, after={"id": 3})
    jobs.execute("select pg_terminate_backend(%s)", [other.info.backend_pid])
    while jobs.execute("select from pg_stat_activity where pid = %s", [other.info.backend_pid]).fetchall():
        pass
    done = backfill(jobs)
    assert (done["before"], done["started"]) == (3, 7)
    tick(jobs)
    assert started(jobs) == list(range(1, 11))


def test_two_at_once_start_each_row_once(jobs: Connection, connect: Connect) -> None:
    publish(jobs, {"table": "jobs", "row": "saved"})
    first, second = connect(autocommit=False), connect()
    backfill(first)
    results: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: results.append(backfill(second)))
    thread.start()
    while not jobs.execute(
        "select from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'backfill'"
    ).fetchall():
        assert thread.is_alive()
    first.commit()
    thread.join(10)
    assert (results[0]["before"], results[0]["started"]) == (10, 0)
    tick(jobs)
    assert len(executions(jobs)) == 10


def test_what_did_not_start_is_free_for_the_next_backfill(jobs: Connection) -> None:
    fake_clock(jobs, "2026-11-21 12:00+00")
    publish(jobs, {"table": "jobs", "row": "saved"})
    fake_clock(jobs, "2026-11-21 12:01+00")
    jobs.execute("select pgwhen.pause_workflow('w')")
    jobs.execute("update pgwhen.workflows set status = 'active'")
    fake_clock(jobs, "2026-11-21 12:02+00")
    assert backfill(jobs)["started"] == 10
    tick(jobs)
    assert executions(jobs) == [] and count(jobs, "pgwhen.backfills") == 0
    jobs.execute("update pgwhen.workflows set status = 'paused'")
    jobs.execute("select pgwhen.resume_workflow('w')")
    fake_clock(jobs, "2026-11-21 12:03+00")
    assert backfill(jobs)["started"] == 10
    tick(jobs)
    assert len(executions(jobs)) == 10 and count(jobs, "pgwhen.backfills") == 10


def test_only_that_workflow_starts(jobs: Connection) -> None:
    publish(jobs, {"table": "jobs", "row": "saved"})
    publish(jobs, {"table": "jobs", "row": "saved"}, workflow="other")
    backfill(jobs)
    tick(jobs)
    assert jobs.execute(
        "select distinct workflow from pgwhen.executions join pgwhen.workflows using (workflow_id)"
    ).fetchall() == [("w",)]


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ({"manual": True}, "WF305"), ({"event": "thing.done"}, "WF305"), ({"table": "jobs", "row": "deleted"}, "WF305"),
        ({"table": "jobs", "row": "truncated"}, "WF305"),
        ({"table": "jobs", "row": "saved", "enabled": False}, "WF305"),
        ([{"table": "jobs", "row": "saved"}, {"table": "clients", "row": "saved"}], "WF306"),
    ],
)  # fmt: skip
def test_a_workflow_that_no_row_starts_is_refused(jobs: Connection, when: Any, code: str) -> None:
    publish(jobs, when, steps=STOP)
    with pytest.raises(psycopg.Error) as error:
        backfill(jobs)
    assert error.value.sqlstate == code and error.value.diag.message_hint


def test_of_several_tables_the_one_that_is_named(jobs: Connection) -> None:
    publish(jobs, [{"table": "jobs", "row": "saved"}, {"table": "clients", "row": "saved"}])
    assert backfill(jobs, table="public.clients")["started"] == 2
    with pytest.raises(psycopg.Error, match="not started by rows of leads"):
        backfill(jobs, table="leads")


def test_unknown_paused_archived_and_bad_pages(jobs: Connection) -> None:
    publish(jobs, DONE)
    for more in ({"max": 0}, {"max": 10_001}, {"limit": -1}):
        with pytest.raises(psycopg.Error) as error:
            backfill(jobs, **more)
        assert error.value.sqlstate == "WF152"
    with pytest.raises(psycopg.Error) as error:
        backfill(jobs, after={"nope": 1})
    assert error.value.sqlstate == "WF136"
    jobs.execute("select pgwhen.pause_workflow('w')")
    with pytest.raises(psycopg.Error) as error:
        backfill(jobs)
    assert error.value.sqlstate == "WF310"
    with pytest.raises(psycopg.Error) as error:
        jobs.execute("select pgwhen.backfill_workflow('ww')")
    assert error.value.sqlstate == "WF200"


def test_it_reads_as_pgwhen_actions(jobs: Connection) -> None:
    publish(jobs, DONE)
    jobs.execute("revoke select on jobs from pgwhen_actions")
    with pytest.raises(psycopg.Error) as error:
        backfill(jobs)
    assert (error.value.sqlstate, error.value.diag.message_hint) == (
        "WF135",
        "grant select on public.jobs to pgwhen_actions;",
    )


def test_a_composite_key_and_hostile_values(db: Connection) -> None:
    db.execute('create table "Odd ""t" (a text, "b c" timestamptz, n numeric, primary key (a, "b c"))')
    rows = [
        ("", "2026-11-21 12:00:00.123456+02"),
        ("'; drop table x; --", "infinity"),
        ("☃ %s", "epoch"),
        ("☃ %s", "2026-01-01"),
    ]
    for a, at in rows:
        db.execute('insert into "Odd ""t" values (%s, %s, 10.20)', [a, at])
    db.execute("""select pgwhen.attach('"Odd ""t"', 'odd')""")
    db.execute('grant select on "Odd ""t" to pgwhen_actions')
    publish(db, {"table": 'Odd "t', "row": "created"}, steps=STOP)
    done, after, total = False, None, 0
    while not done:
        page = backfill(db, max=1, after=after) if after else backfill(db, max=1)
        done, after, total = page["done"], page["after"], total + page["started"]
    assert total == 4
    tick(db)
    assert len(executions(db)) == 4
    assert backfill(db)["before"] == 4


def test_a_table_without_a_key(db: Connection) -> None:
    db.execute("create table jobs (id int)")
    db.execute("select pgwhen.attach('jobs')")
    publish(db, {"table": "jobs", "row": "created"}, steps=STOP)
    with pytest.raises(psycopg.Error) as error:
        backfill(db)
    assert error.value.sqlstate == "WF307"


def test_an_empty_table(jobs: Connection) -> None:
    publish(jobs, DONE)
    jobs.execute("alter table jobs disable trigger user")
    jobs.execute("delete from jobs")
    page = backfill(jobs)
    assert (page["scanned"], page["started"], page["after"], page["done"]) == (0, 0, None, True)


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_app", "pgwhen_poller"])
def test_only_operators_may(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute("select pgwhen.backfill_workflow('w')")


def test_each_page_uses_the_primary_key(jobs: Connection) -> None:
    """A hundred thousand rows: the last page costs what the first did."""
    publish(jobs, DONE)
    jobs.execute("alter table jobs disable trigger user")
    jobs.execute("insert into jobs select n, 'Job', 'new', 1 from generate_series(11, 100000) n")
    page = backfill(jobs, after={"id": 99_000}, dry_run=True)
    assert (page["scanned"], page["matched"], page["done"]) == (1000, 0, False)
    jobs.execute("select pg_stat_force_next_flush()")
    (before,) = jobs.execute(
        "select idx_tup_fetch + seq_tup_read from pg_stat_user_tables where relname = 'jobs'"
    ).fetchone()  # type: ignore[misc]
    backfill(jobs, after={"id": 99_000}, dry_run=True)
    jobs.execute("select pg_stat_force_next_flush()")
    (after,) = jobs.execute(
        "select idx_tup_fetch + seq_tup_read from pg_stat_user_tables where relname = 'jobs'"
    ).fetchone()  # type: ignore[misc]
    assert after - before <= 2000


def test_the_poller_performs_what_a_backfill_started(jobs: Connection) -> None:
    publish(jobs, DONE)
    backfill(jobs, limit=2)
    assert perform(jobs) == ["a", "a"]
    assert executions(jobs) == ["completed", "completed"]
