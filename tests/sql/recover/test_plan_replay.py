"""What a replay would start, before it does."""

import uuid
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, count, define, happen, tick

EQ = {"op": "eq", "left": ["status"], "type": "text", "right": {"literal": "done"}, "source": "status: done"}


def plan(db: Connection, workflow: str | None = None) -> list[tuple[Any, ...]]:
    """The plan for all events: workflow, starts, reason."""
    ids = [row[0] for row in db.execute("select event_id from pgwhen.events order by 1").fetchall()]
    query = "select workflow, starts, reason from pgwhen.plan_replay(%s, %s)"
    return db.execute(query, [ids, workflow]).fetchall()


def test_who_starts_and_who_does_not(db: Connection) -> None:
    first = define(db, [{"id": "a"}], name="always")
    define(db, [{"id": "a"}], name="done", attachment_id=first.attachment_id, trigger={"becomes": EQ})
    condition = EQ | {"left": ["new", "status"]}
    define(db, [{"id": "a"}], name="held", attachment_id=first.attachment_id, trigger={"condition": condition})
    define(db, [{"id": "a"}], name="off", attachment_id=first.attachment_id, trigger={"operations": ["delete"]})
    suppress = {"suppress_if": EQ | {"left": ["new", "status"], "right": {"literal": "new"}}}
    define(db, [{"id": "a"}], name="quiet", attachment_id=first.attachment_id, compiled=suppress)
    happen(db, first, {"id": 1, "status": "new"})
    tick(db)
    before = [count(db, f"pgwhen.{table}") for table in ("events", "executions", "audit_log")]
    assert plan(db) == [
        ("always", True, None),
        ("done", False, 'becomes: status: done does not hold: status is "new"'),
        ("held", False, 'if: status: done does not hold: new.status is "new"'),
        ("off", False, "it fires when a row is deleted, and this one was created"),
        ("quiet", False, "suppress_if holds"),
    ]
    assert plan(db, "done")[0][:2] == ("done", False)
    assert before == [count(db, f"pgwhen.{table}") for table in ("events", "executions", "audit_log")]
    db.execute("update pgwhen.workflows set status = 'paused' where workflow = 'always'")
    assert plan(db, "always") == [("always", False, "the workflow is paused")]


def test_what_nobody_waits_for_what_failed_and_what_is_not_there(db: Connection) -> None:
    broken = {"op": "no such operator", "left": ["id"], "type": "numeric", "right": 1, "source": "broken"}
    workflow = define(db, [{"id": "a"}], trigger={"becomes": broken})
    happen(db, workflow, {"id": 1})
    tick(db)
    ((name, starts, reason),) = plan(db)
    assert (name, starts) == (None, None) and "matched anew" in reason
    query = "select workflow, starts, reason from pgwhen.plan_replay(array[%s])"
    assert db.execute(query, [uuid.uuid4()]).fetchall() == [(None, False, "not found")]
    db.execute("update pgwhen.triggers set becomes = null")
    happen(db, workflow, {"id": 2})
    tick(db)
    db.execute("update pgwhen.workflows set status = 'archived'")
    assert plan(db)[1] == (None, False, "no active workflow has a trigger for it")


@pytest.mark.parametrize("role", ["pgwhen_app", "pgwhen_poller"])
def test_who_may_not_look(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute("select * from pgwhen.plan_replay(array[gen_random_uuid()])")
