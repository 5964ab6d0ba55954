"""What an event started is started again, now, once for each replay."""

import json
import threading
import uuid
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import (
    Connection,
    Workflow,
    attachment,
    claim,
    count,
    define,
    executions,
    fake_clock,
    happen,
    perform,
    send,
    tick,
)

QUERY = "select * from pgwhen.replay_events(%s::uuid[], p_workflow => %s, p_reason => %s, p_key => %s)"


def events(db: Connection) -> list[uuid.UUID]:
    """The events, the oldest first."""
    return [row[0] for row in db.execute("select event_id from pgwhen.events order by 1").fetchall()]


def replay(
    db: Connection, *ids: Any, workflow: str | None = None, reason: str | None = None, key: str | None = None
) -> list[str]:
    """Replay; the results in order of the ids."""
    return [row[1] for row in db.execute(QUERY, [list(ids), workflow, reason, key]).fetchall()]


def started(db: Connection) -> list[tuple[str, int]]:
    """Workflow and version of each execution, in order of their start."""
    query = (
        "select w.workflow, x.version from pgwhen.executions x join pgwhen.workflows w using (workflow_id)"
        " order by x.started_at, w.workflow"
    )
    return db.execute(query).fetchall()


def one(db: Connection, **more: Any) -> Workflow:
    """A workflow w with one step, one event that has started it."""
    workflow = define(db, [{"id": "a"}], **more)
    happen(db, workflow, {"id": 1})
    tick(db)
    return workflow


def test_replayed_twice_gives_two_more_executions(db: Connection) -> None:
    one(db)
    (event,) = events(db)
    assert replay(db, event, reason="the provider was down") == ["queued"]
    tick(db)
    assert replay(db, event) == ["queued"]
    tick(db)
    assert len(executions(db)) == 3 and len(claim(db)) == 3
    rows = db.execute("select command, target, reason from pgwhen.audit_log order by 1").fetchall()
    assert rows == [("replay_events", str(event), "the provider was down"), ("replay_events", str(event), None)]


def test_a_dispatch_that_is_done_again_starts_a_replay_once(db: Connection) -> None:
    one(db)
    replay(db, *events(db))
    (message,) = db.execute(
        "select row(msg_id, pgwhen._event_id(enqueued_at, msg_id), enqueued_at, message)::pgwhen.event_message::text"
        " from pgmq.q_pgwhen_events"
    ).fetchall()
    tick(db)
    db.execute("select pgwhen._dispatch_guarded(array[%s::pgwhen.event_message])", message)
    assert len(executions(db)) == 2


def test_the_replay_says_what_the_event_said_at_the_time_at_which_it_occurred(db: Connection) -> None:
    fake_clock(db, "2026-11-20 12:00+00")
    workflow = define(db, [{"id": "a", "reads": [["event"]]}], key="update:{}")
    happen(db, workflow, {"id": 1, "n": 10.20, "naïve": "☃"}, operation="update", old={"id": 1, "n": 1}, actor="mia")
    perform(db)
    (event,) = events(db)
    fake_clock(db, "2026-11-21 12:00+00")
    assert replay(db, event) == ["queued"]
    (action,) = claim(db)
    assert action["context"]["new"]["id"] == 1
    assert action["context"]["event"]["occurred_at"].startswith("2026-11-20T12:00:00")
    assert action["context"]["event"]["actor"] == "mia"
    rows = db.execute(
        "select occurred_at, operation, new, old, changed, actor, notes from pgwhen.events order by event_id"
    ).fetchall()
    assert rows[0][:6] == rows[1][:6]
    assert rows[1][6]["request"]["kind"] == "replay" and rows[1][6]["request"]["event"] == str(event)
    explained = db.execute("select pgwhen.explain_event(event_id) from pgwhen.events order by event_id").fetchall()
    assert [e[0]["workflows"][0]["started"] for e in explained] == [True, True]
    assert any(f"replay of event {event}" in line for line in explained[1][0]["lines"])


def test_workflows_of_now_in_their_version_of_now(db: Connection) -> None:
    first = one(db, name="first")
    define(db, [{"id": "a"}], name="second", attachment_id=first.attachment_id)
    db.execute("update pgwhen.activations set from_at = now() - interval '1 second' where workflow_id <> %s",
               [first.workflow_id])  # fmt: skip
    db.execute("update pgwhen.activations set until_at = now() where workflow_id = %s", [first.workflow_id])
    assert started(db) == [("first", 1)]
    replay(db, *events(db))
    tick(db)
    assert started(db) == [("first", 1), ("second", 1)]


def test_of_one_workflow_only(db: Connection) -> None:
    first = one(db, name="first")
    define(db, [{"id": "a"}], name="second", attachment_id=first.attachment_id)
    assert replay(db, *events(db), workflow="second") == ["queued"]
    tick(db)
    assert started(db) == [("first", 1), ("second", 1)]


def test_conditions_are_judged_on_the_event_as_it_was(db: Connection) -> None:
    becomes = {"op": "eq", "left": ["status"], "type": "text", "right": {"literal": "done"}, "source": "status: done"}
    workflow = define(db, [{"id": "a"}], trigger={"becomes": becomes})
    happen(db, workflow, {"id": 1, "status": "done"}, operation="insert")
    happen(db, workflow, {"id": 2, "status": "new"}, operation="insert")
    tick(db)
    assert len(executions(db)) == 1
    replay(db, *events(db))
    tick(db)
    assert len(executions(db)) == 2


def test_an_event_that_could_not_be_matched_is_matched_after_the_fix(db: Connection) -> None:
    broken = {"op": "no such operator", "left": ["id"], "type": "numeric", "right": 1, "source": "broken"}
    workflow = define(db, [{"id": "a"}], trigger={"becomes": broken})
    happen(db, workflow, {"id": 1})
    tick(db)
    assert db.execute("select status, operation from pgwhen.events").fetchone() == ("failed", "unknown")
    (event,) = events(db)
    assert replay(db, event) == ["queued"]
    tick(db)
    assert db.execute("select array_agg(status) from pgwhen.events").fetchone() == (["failed", "failed"],)
    db.execute("update pgwhen.triggers set becomes = null")
    assert replay(db, event) == ["queued"]
    tick(db)
    assert executions(db) == ["running"]
    row = db.execute("select operation, new from pgwhen.events where status = 'dispatched'").fetchone()
    assert row == ("insert", {"id": 1})


def test_what_is_no_message_cannot_be_replayed(db: Connection) -> None:
    define(db, [{"id": "a"}])
    send(db, "not an object")
    tick(db)
    assert replay(db, *events(db)) == ["its message cannot be read"]


def test_an_application_event(db: Connection) -> None:
    define(
        db, [{"id": "a", "reads": [["input"]]}], key="event:default:thing.done", attachment_id=attachment(db),
        trigger={"kind": "event", "attachment_id": None, "operations": [], "event_type": "thing.done"},
    )  # fmt: skip
    db.execute("select pgwhen.emit_event('thing.done', '{\"n\": 1}')")
    perform(db)
    assert replay(db, *events(db)) == ["queued"]
    assert claim(db)[0]["context"]["input"] == {"n": 1}


def test_a_manual_start_goes_to_its_workflow(db: Connection) -> None:
    for name in ("first", "second"):
        workflow = define(
            db, [{"id": "a", "reads": [["input"]]}], name=name, attachment_id=attachment(db, name),
            trigger={"kind": "manual", "attachment_id": None, "operations": []}, key="none",
        )  # fmt: skip
        db.execute("update pgwhen.trigger_keys set match_key = %s where workflow_id = %s",
                   [f"manual:{workflow.workflow_id}", workflow.workflow_id])  # fmt: skip
    db.execute("select pgwhen.start_execution('second', '{\"n\": 1}')")
    perform(db)
    assert replay(db, *events(db)) == ["queued"]
    assert claim(db)[0]["context"]["input"] == {"n": 1}
    assert started(db) == [("second", 1), ("second", 1)]
    db.execute("delete from pgwhen.executions")
    assert replay(db, events(db)[0]) == ["the workflow that it was to start is not known"]


def test_under_a_key_once(db: Connection, connect: Connect) -> None:
    one(db)
    (event,) = events(db)
    first, second = connect(autocommit=False), connect()
    assert replay(first, event, key="monday") == ["queued"]
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.extend(replay(second, event, key="monday")))
    thread.start()
    while not db.execute(
        "select from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'replay_events'"
    ).fetchall():
        assert thread.is_alive()
    first.commit()
    thread.join(10)
    tick(db)
    assert len(executions(db)) == 2
    assert replay(db, event, key="monday") == ["replayed before under this key"]
    assert replay(db, event, key="tuesday") == ["queued"]


def test_nothing_happens_if_the_caller_rolls_back(db: Connection, connect: Connect) -> None:
    one(db)
    other = connect(autocommit=False)
    replay(other, *events(db))
    other.rollback()
    tick(db)
    assert len(executions(db)) == 1 and count(db, "pgwhen.audit_log") == 0


def test_a_paused_workflow_is_not_started_and_explain_says_so(db: Connection) -> None:
    workflow = one(db)
    db.execute("update pgwhen.activations set status = 'paused' where workflow_id = %s", [workflow.workflow_id])
    replay(db, *events(db))
    tick(db)
    assert len(executions(db)) == 1
    row = db.execute("select pgwhen.explain_event(event_id) from pgwhen.events order by event_id desc").fetchone()
    assert row is not None and "paused" in row[0]["workflows"][0]["reason"]


def test_what_is_not_there(db: Connection) -> None:
    assert replay(db, uuid.uuid4()) == ["not found"]
    for ids, code in (([], "WF163"), ([uuid.uuid4()] * 10_001, "WF151")):
        with pytest.raises(psycopg.Error) as error:
            replay(db, *ids)
        assert error.value.sqlstate == code
    one(db, name="welcome_mail")
    with pytest.raises(psycopg.Error) as error:
        replay(db, *events(db), workflow="welcome_mial")
    assert (error.value.sqlstate, error.value.diag.message_hint) == ("WF200", "Did you mean welcome_mail?")


def test_another_tenants_event_is_not_found(db: Connection, login: Any) -> None:
    one(db)
    dsn = login("pgwhen_operator")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_operator', 'other')")
    with psycopg.connect(dsn, autocommit=True) as other:
        assert replay(other, *events(db)) == ["not found"]
        assert other.execute("select * from pgwhen.find_events()").fetchall() == []


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_app", "pgwhen_poller"])
def test_only_operators_may(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute("select * from pgwhen.replay_events(array[gen_random_uuid()])")


def test_ten_thousand(db: Connection) -> None:
    workflow = define(db, [{"id": "s", "type": "stop", "as": "completed"}], key="nothing")
    happen(db, workflow, *({"id": n} for n in range(10_000)))
    while tick(db, 5000)["dispatched"]:
        pass
    assert replay(db, *events(db)) == ["queued"] * 10_000
    assert count(db, "pgmq.q_pgwhen_events") == 10_000 and count(db, "pgwhen.audit_log") == 10_000


def test_the_message_is_as_capture_writes_it(db: Connection) -> None:
    one(db)
    replay(db, *events(db))
    (message,) = db.execute("select message from pgmq.q_pgwhen_events").fetchone()  # type: ignore[misc]
    assert {"v", "operation", "attachment", "new", "actor"} <= set(message), json.dumps(message)
