"""What five earlier systems taught, each lesson with the test that would have caught it.

The names say the lesson; parts of pgwhen have tests of their own that go further.
"""

import json
import threading
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import claim, freeze, perform, report
from tests.sql.wait.support import TABLES, App, Db, Json, http

LEAD = "insert into leads (id, name) values ({}, 'Ann')"


@pytest.fixture
def app(db: Db) -> App:
    """Tables of an application, and a clock that stands at noon."""
    db.execute(TABLES)
    app = App(db)
    app.at("2026-01-05T12:00:00Z")
    return app


def rest(app: App) -> None:
    """Perform actions and database steps until nothing is left to do."""
    poller = json.dumps({"id": "test", "contract": 2, "connections": []})
    for _ in range(50):
        row = app.db.execute("select pgwhen.tick_and_claim(100, 60, %s)", [poller]).fetchone()
        assert row is not None
        actions: list[Json] = row[0]["actions"]
        for action in [a for a in actions if (a["extra"] or {}).get("database")]:
            app.db.execute("select pgwhen.run_database_step(%s)", [json.dumps(action)])
        sent = [a for a in actions if not (a["extra"] or {}).get("database")]
        if sent:
            freeze(app.db, sent)
            report(app.db, sent)
        if not actions and not row[0]["more"]:
            return
    raise AssertionError("it never comes to rest")


def test_02_the_event_commits_or_rolls_back_with_the_row(app: App, connect: Connect) -> None:
    app.apply(http("a"))
    with app.db.transaction(force_rollback=True):
        app.db.execute(LEAD.format(1).encode())
    app.tick()
    assert app.count("pgwhen.events") == 0
    app.db.execute("alter table pgmq.q_pgwhen_events add constraint broken check (msg_id < 0) not valid")
    with pytest.raises(psycopg.Error):
        app.db.execute(LEAD.format(1).encode())
    assert app.count("leads") == 0


def test_03_identity_not_time_windows(app: App, connect: Connect) -> None:
    app.apply(http("a"), name="one")
    app.apply(http("a"), name="two")
    app.db.execute(LEAD.format(1).encode())
    (message,) = app.db.execute("select message from pgmq.q_pgwhen_events").fetchall()
    threads = [threading.Thread(target=connect().execute, args=["select pgwhen.tick(10)"]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.tick()
    assert message and app.count("pgwhen.executions") == 2 and app.count("pgwhen.events") == 1


def test_05_a_delay_of_days_repeats_nothing(app: App) -> None:
    app.apply(http("before"), {"id": "d", "type": "delay", "for": "3 days"}, http("after"))
    app.run(LEAD.format(1))
    assert perform(app.db) == ["before"]
    app.at("2026-01-08T11:59:59Z")
    assert perform(app.db) == []
    app.at("2026-01-08T12:00:00Z")
    assert perform(app.db) == ["after"]
    assert app.count("pgwhen.attempts") == 2 and app.execution() == "completed"


@pytest.mark.parametrize(("setting", "state"), [("retry", "sleeping"), ("stop", "uncertain")])
def test_06_an_unknown_outcome_does_what_the_workflow_says(app: App, setting: str, state: str) -> None:
    app.apply(http("a", on_uncertain=setting))
    app.run(LEAD.format(1))
    (action,) = claim(app.db)
    freeze(app.db, [action])
    report(app.db, [action], "uncertain")
    assert app.step("a", "status") == state
    assert action["idempotency_key"] == f"{action['execution_id']}:a:1:0"


def test_07_statuses_tell_the_truth(app: App) -> None:
    app.apply(http("mail"))
    app.run(*(LEAD.format(n) for n in range(10)))
    while claim_and(app, "permanent"):
        pass
    assert app.count("pgwhen.executions where status = 'failed'") == 10
    assert app.count("pgwhen.executions where status = 'completed'") == 0


def claim_and(app: App, answer: str) -> bool:
    """Give the same answer for all that is due."""
    actions = claim(app.db)
    freeze(app.db, actions)
    if actions:
        report(app.db, actions, answer)
    return bool(actions)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"id": "a", "type": "teleport"}, "WF013"),
        ({"id": "a", "type": "http"}, "WF005"),
        (http("a", url="https://example.com/{{ lead.nme }}"), "WF016"),
        ({"id": "a", "type": "query", "table": "nowhere"}, "WF015"),
        (http("a", needs=["a"]), "WF009"),
    ],
)
def test_08_what_cannot_work_is_refused_at_publish_with_its_place(app: App, step: Json, code: str) -> None:
    problems = app.problems(step)
    assert code in [found for found, _ in problems] and all(path.startswith("steps") for _, path in problems)


@pytest.mark.parametrize(
    ("status", "ran"),
    [
        ("won", {"choose", "won", "all", "left", "right", "each", "item", "end"}),
        ("lost", {"choose", "other", "all", "left", "right", "each", "item", "end"}),
    ],
)
def test_09_exactly_the_steps_of_the_path_taken_run(app: App, status: str, ran: set[str]) -> None:
    app.apply(
        {
            "id": "choose",
            "type": "switch",
            "value": "{{ lead.status }}",
            "cases": {"won": [http("won")]},
            "default": [http("other")],
        },
        {"id": "all", "type": "parallel", "branches": [[http("left")], [http("right")]]},
        {"id": "each", "type": "loop", "over": [1, 2, 3], "steps": [http("item", on_error=[http("never")])]},
        http("end"),
    )
    app.run(f"insert into leads (id, status) values (1, '{status}')")
    rest(app)
    rows = app.db.execute("select step_id, status, count(*) from pgwhen.execution_steps group by 1, 2").fetchall()
    assert {step for step, state, _ in rows if state == "completed"} == ran
    assert {step: number for step, _, number in rows}["item"] == 3
    assert app.execution() == "completed"


def test_10_one_namespace_exact_numbers_and_no_silent_nothing(app: App) -> None:
    app.apply(
        {
            "id": "t",
            "type": "transform",
            "set": {"sum": {"$sum": [0.1, 0.2, "{{ vars.rate }}"]}, "name": "{{ new.name }}"},
        },
        http("a", url="https://example.com/{{ lead.name }}"),
        vars={"rate": 10.20},
    )
    app.run("insert into leads (id, name) values (1, null)")
    assert app.step("t", "output ->> 'sum'") == "10.5" and app.step("t", "output ->> 'name'") is None
    (action,) = claim(app.db)
    assert action["context"]["lead"] == {"name": None} or "name" not in action["context"]["lead"]


def test_12_data_steps_need_a_key(app: App) -> None:
    update = {"id": "u", "type": "update", "table": "leads", "set": {"status": "x"}}
    for where in ({}, {"where": {}}):
        assert {code for code, _ in app.problems(update | where)} & {"WF053", "WF012"}
    app.db.execute("grant select, update on leads to pgwhen_actions")
    app.apply({**update, "where": {"owner_id": "{{ lead.owner_id }}"}})
    app.run(LEAD.format(1), LEAD.format(2))
    rest(app)
    assert app.count("leads where status = 'x'") == 0, "null equals nothing"


def test_13_a_retry_starts_at_the_failed_step(app: App) -> None:
    app.apply(
        http("first"), http("flaky", retry={"attempts": 3, "backoff": "1 minute", "jitter": "none"}), http("last")
    )
    app.run(LEAD.format(1))
    perform(app.db)
    for minute in ("00", "05"):
        app.at(f"2026-01-05T12:{minute}:00Z")
        assert perform(app.db, "transient") == ["flaky"]
    app.at("2026-01-05T12:30:00Z")
    assert perform(app.db) == ["flaky"] and perform(app.db) == ["last"]
    rows = app.db.execute("select step_id, count(*) from pgwhen.attempts group by 1 order by 1").fetchall()
    assert rows == [("first", 1), ("flaky", 3), ("last", 1)]


def test_14_a_workflow_that_creates_what_it_listens_to_stops_visibly(app: App) -> None:
    app.db.execute("grant select, insert on leads to pgwhen_actions")
    app.db.execute("create sequence ids start 100; grant usage on sequence ids to pgwhen_actions")
    app.db.execute("alter table leads alter id set default nextval('ids')")
    app.apply({"id": "c", "type": "create", "table": "leads", "set": {"name": "again"}})
    app.run(LEAD.format(1))
    rest(app)
    assert 1 < app.count("leads") < 15
    reasons = app.db.execute(
        "select notes #>> '{skipped,0,reason}' from pgwhen.events where notes is not null"
    ).fetchall()
    assert reasons == [("depth",)]


def test_17_executions_keep_the_version_they_began_with(app: App) -> None:
    app.apply(http("a"), http("b"))
    app.run(*(LEAD.format(n) for n in range(100)))
    perform(app.db)
    app.apply(http("a"), http("c"))
    app.run(LEAD.format(100))
    while perform(app.db):
        pass
    rows = app.db.execute("select version, count(*) from pgwhen.executions group by 1 order by 1").fetchall()
    assert rows == [(1, 100), (2, 1)]
    assert app.count("pgwhen.execution_steps where step_id = 'b' and status = 'completed'") == 100
    assert app.count("pgwhen.execution_steps where step_id = 'c' and status = 'completed'") == 1


def test_20_of_two_votes_at_once_one_decides(app: App, connect: Connect) -> None:
    approvers = ["ann@example.com", "bo@example.com"]
    app.apply(
        {
            "id": "ok",
            "type": "approval",
            "approvers": approvers,
            "need": 1,
            "approved": [http("go")],
            "rejected": [http("no")],
        }
    )
    app.run(LEAD.format(1))
    row = app.db.execute("select approval_id from pgwhen.approval_requests").fetchone()
    assert row is not None
    outcomes: list[str] = []

    def vote(connection: psycopg.Connection[Any], who: str, decision: str) -> None:
        try:
            connection.execute("select pgwhen.decide_approval(%s, %s, %s)", [row[0], decision, who])
            outcomes.append(decision)
        except psycopg.Error as error:
            outcomes.append(str(error.sqlstate))

    threads = [
        threading.Thread(target=vote, args=[connect(), who, decision])
        for who, decision in zip(approvers, ("approved", "rejected"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    decided = [outcome for outcome in outcomes if not outcome.startswith("WF")]
    assert app.step("ok", "status") == "completed"
    assert sum(app.step(step, "status") == "queued" for step in ("go", "no")) == 1 and decided


def test_23_a_dry_run_sends_and_writes_nothing(app: App) -> None:
    app.apply(http("a", url="https://example.com/{{ lead.name }}"))
    app.run(LEAD.format(1))
    perform(app.db)
    tables = ("pgwhen.events", "pgwhen.executions", "pgwhen.execution_steps", "pgmq.q_pgwhen_actions")
    before = [app.count(table) for table in tables]
    row = app.db.execute("""select pgwhen.dry_run('wf', '{"table": "leads", "key": {"id": 1}}')""").fetchone()
    assert row is not None and [a["step_id"] for a in row[0]["actions"]] == ["a"]
    assert [app.count(table) for table in tables] == before and claim(app.db) == []


def test_24_a_kill_switch_and_no_spam_after_an_outage(app: App) -> None:
    app.apply(http("a"))
    app.db.execute("select pgwhen.throw_kill_switch('wrong text', 'wf')")
    app.run(LEAD.format(1))
    assert claim(app.db) == [] and app.step("a", "status") == "held"
    app.db.execute("select pgwhen.release_kill_switch('wf')")
    assert perform(app.db) == ["a"]
    app.db.execute(LEAD.format(2).encode())
    app.at("2026-01-08T12:00:00Z")
    assert claim(app.db) == []
    assert app.db.execute("select cause from pgwhen.held").fetchall() == [("stale",)]


def test_25_changes_compare_the_old_row_with_the_new(app: App) -> None:
    when = {
        "table": "leads",
        "row": "updated",
        "if": {"all": [{"status": {"changed_from": "new"}}, {"status": {"changed_to": "won"}}]},
    }
    app.apply(http("a"), when=when)
    app.run(LEAD.format(1), "update leads set status = 'open'", "update leads set status = 'won'")
    assert app.count("pgwhen.executions") == 0
    app.run(LEAD.format(2), "update leads set status = 'won' where id = 2", "update leads set name = 'x' where id = 2")
    assert app.count("pgwhen.executions") == 1
