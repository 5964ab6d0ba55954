"""Newest first, by filter."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, define, fake_clock, happen, perform, tick
from tests.sql.views.plans import fill_history, rows_read


def listed(db: Connection, **arguments: Any) -> list[tuple[Any, ...]]:
    """Workflow and state of what is listed."""
    given = ", ".join(f"p_{name} => %({name})s" for name in arguments)
    query = f"select workflow, status from pgwhen.list_executions({given})"
    return db.execute(query, arguments).fetchall()  # type: ignore[arg-type]


def test_by_status_workflow_and_time(db: Connection) -> None:
    at = datetime.now(UTC)
    first = define(db, [{"id": "a"}], name="first")
    define(db, [{"id": "a"}], name="second", attachment_id=first.attachment_id)
    fake_clock(db, at.isoformat())
    happen(db, first, {"id": 1})
    perform(db, "permanent")
    fake_clock(db, (at + timedelta(hours=3)).isoformat())
    happen(db, first, {"id": 2})
    tick(db)
    assert listed(db)[:2] == [("first", "running"), ("second", "running")] or listed(db)[0][1] == "running"
    assert sorted(listed(db)) == [
        ("first", "failed"),
        ("first", "running"),
        ("second", "failed"),
        ("second", "running"),
    ]
    assert listed(db, workflow="second", status="running") == [("second", "running")]
    assert listed(db, workflow="first", status="failed") == [("first", "failed")]
    assert listed(db, since=at + timedelta(hours=1), workflow="first") == [("first", "running")]
    assert listed(db, since=at + timedelta(hours=4)) == []
    assert listed(db, since=datetime(1, 1, 1, tzinfo=UTC), limit=1)[0][1] == "running"
    assert listed(db, status="waiting") == [] and listed(db, status="completed") == []


def test_an_execution_that_started_long_after_its_event_is_found(db: Connection) -> None:
    at = datetime.now(UTC)
    fake_clock(db, at.isoformat())
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    fake_clock(db, (at + timedelta(days=3)).isoformat())
    tick(db)
    assert listed(db, since=at + timedelta(days=2)) == [("w", "running")]


def test_what_is_told(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 7})
    perform(db, "permanent")
    row = db.execute(
        "select version, had_failures, event, record_key, reason, error ->> 'message' from pgwhen.list_executions()"
    ).fetchone()
    assert row == (1, True, "leads.created", {"id": 7}, "step a failed", "a permanent answer")


@pytest.mark.parametrize("arguments", [{}, {"status": "running"}, {"status": "completed"}])
def test_a_page_does_not_read_the_history(db: Connection, arguments: dict[str, str]) -> None:
    define(db, [{"id": "a"}])
    fill_history(db)
    db.execute("analyze")
    assert len(listed(db, **arguments)) == (0 if arguments.get("status") == "running" else 50)
    query = """
        select x.execution_id from pgwhen.executions x join pgwhen.workflows w on w.workflow_id = x.workflow_id
        where x.execution_id >= pgwhen._id_from('2020-01-01') and x.tenant = 'default'
        order by x.execution_id desc limit 50"""
    assert rows_read(db, query) < 500


@pytest.mark.parametrize(
    ("arguments", "state"),
    [
        ({"status": "done"}, "WF155"),
        ({"limit": 0}, "WF152"),
        ({"limit": 99999}, "WF152"),
        ({"workflow": "nope"}, "WF200"),
    ],
)
def test_wrong_arguments(db: Connection, arguments: dict[str, Any], state: str) -> None:
    with pytest.raises(psycopg.Error) as error:
        listed(db, **arguments)
    assert error.value.sqlstate == state and error.value.diag.message_hint


def test_tenants_and_roles(db: Connection, connect: Connect, login: Callable[..., str]) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    assert listed(connect("pgwhen_viewer")) == [("w", "running")]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        listed(connect("pgwhen_app"))
    dsn = login("pgwhen_viewer")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_viewer', 'other')")
    with psycopg.connect(dsn, autocommit=True) as other:
        assert listed(other) == [] and listed(other, status="running") == []
        with pytest.raises(psycopg.Error, match="workflow w does not exist"):
            listed(other, workflow="w")
