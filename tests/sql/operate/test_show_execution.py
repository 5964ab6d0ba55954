"""One execution as a document."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.sql.engine.support import Connection, define, fake_clock, happen, perform, tick


def show(db: Connection, execution: uuid.UUID | None = None) -> dict[str, Any]:
    """The document, of the only execution by default."""
    if execution is None:
        ((execution,),) = db.execute("select execution_id from pgwhen.executions").fetchall()
    row = db.execute("select pgwhen.show_execution(%s)", [execution]).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def test_the_whole_story(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    workflow = define(
        db,
        [{"id": "a"}, {"id": "d", "type": "delay", "for": {"literal": "1 day"}}, {"id": "b"}],
        [("a", "d", "success"), ("d", "b", "success")],
    )
    happen(db, workflow, {"id": 7})
    perform(db, "transient")
    document = show(db)
    assert (document["workflow"], document["version"], document["status"]) == ("w", 1, "waiting")
    assert document["started_at"] == "2026-11-21T12:00:00+00:00" and document["finished_at"] is None
    assert document["event"]["type"] == "leads.created" and document["event"]["actor"] == "app"
    assert document["record"] == {"table": "public.leads", "key": {"id": 7}}
    a, d, b = document["steps"]
    assert (a["step_id"], a["status"], a["attempt"]) == ("a", "sleeping", 1)
    assert a["due"] == {"purpose": "retry", "at": "2026-11-21T12:00:30+00:00"}
    assert [(m["channel"], m["recipients"], m["connection"]) for m in a["messages"]] == [
        ("http", ["a@example.com"], "http")
    ]
    assert [(t["attempt"], t["class"], t["late"]) for t in a["attempts"]] == [(1, "transient", False)]
    assert a["attempts"][0]["error"]["message"] == "a transient answer"
    assert d["status"] is None and b["status"] is None, "not begun"
    fake_clock(db, "2026-11-21 12:01+00")
    perform(db)
    assert show(db)["steps"][1]["due"] == {"purpose": "delay", "at": "2026-11-22T12:01:00+00:00"}
    db.execute("select pgwhen.cancel_executions(array_agg(execution_id), 'enough') from pgwhen.executions")
    document = show(db)
    assert document["status"] == "cancelled" and [s["step_id"] for s in document["steps"]] == ["a", "d"]
    assert [(entry["command"], entry["reason"]) for entry in document["audit"]] == [("cancel_executions", "enough")]
    json.dumps(document)


def test_each_generation_keeps_its_messages_and_attempts(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "permanent")
    db.execute("select pgwhen.retry_executions(array_agg(execution_id)) from pgwhen.executions")
    perform(db)
    (step,) = show(db)["steps"]
    assert [m["generation"] for m in step["messages"]] == [1, 2]
    assert [(t["generation"], t["attempt"], t["class"]) for t in step["attempts"]] == [
        (1, 1, "permanent"),
        (2, 2, "ok"),
    ]


def test_the_time_zone_of_the_session_does_not_matter(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    before = show(db)
    db.execute("set timezone = 'Asia/Kathmandu'")
    assert show(db) == before


def test_unknown_and_other_tenants_are_not_found(db: Connection, login: Callable[..., str]) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    ((execution,),) = db.execute("select execution_id from pgwhen.executions").fetchall()
    dsn = login("pgwhen_viewer")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_viewer', 'other')")
    with psycopg.connect(dsn, autocommit=True) as other, pytest.raises(psycopg.Error, match="does not exist") as error:
        show(other, execution)
    assert error.value.sqlstate == "WF202"
    with pytest.raises(psycopg.Error, match="does not exist"):
        show(db, uuid.UUID(int=0))
    with pytest.raises(psycopg.Error, match="execution null does not exist"):
        db.execute("select pgwhen.show_execution(null)")
