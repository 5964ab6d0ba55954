"""Starts by hand."""

import json
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.capture.support import Connection, make_role, messages, value


def define(
    db: Connection,
    workflow: str = "onboard",
    status: str = "active",
    inputs: dict[str, Any] | None = None,
    manual: bool = True,
    tenant: str = "default",
) -> int:
    """A workflow as publish would have made it."""
    workflow_id: int = value(
        db,
        """
        insert into pgwhen.workflows (workflow, name, status, active_version, created_at, updated_at, tenant)
        values (%s, '', %s, 1, now(), now(), %s) returning workflow_id
        """,
        workflow,
        status,
        tenant,
    )
    db.execute(
        """
        insert into pgwhen.versions (workflow_id, version, definition, compiled, published_at)
        values (%s, 1, '{}', %s, now())
        """,
        [workflow_id, json.dumps({"inputs": inputs})],
    )
    if manual:
        db.execute("insert into pgwhen.trigger_keys values (%s, %s, 1, 1)", [f"manual:{workflow_id}", workflow_id])
    return workflow_id


def start(connection: Connection, workflow: str | None = "onboard", given: str = "{}", key: str | None = None) -> Any:
    """Id of the execution."""
    return value(connection, "select pgwhen.start_execution(%s, %s::jsonb, %s)", workflow, given, key)


def test_the_message_and_the_id(db: Connection) -> None:
    workflow_id = define(db)
    execution_id = start(db, given='{"a": 1}')
    assert execution_id == value(
        db,
        """
        select pgwhen._execution_id(%s, 'event:' || pgwhen._event_id(enqueued_at, msg_id), enqueued_at)
        from pgmq.q_pgwhen_events
        """,
        workflow_id,
    )
    assert messages(db) == [
        {
            "v": 1,
            "operation": "manual",
            "type": "start",
            "tenant": "default",
            "workflow_id": workflow_id,
            "input": {"a": 1},
            "actor": "postgres",
        }
    ]


def test_the_next_tick_makes_it(db: Connection) -> None:
    workflow_id = define(db)
    db.execute("insert into pgwhen.activations values (%s, now() - interval '1 day', null, 'active')", [workflow_id])
    db.execute("insert into pgwhen.triggers values (%s, 1, 1, null, 'manual')", [workflow_id])
    execution_id = start(db)
    db.execute("select pgwhen.tick()")
    assert value(db, "select array_agg(execution_id) from pgwhen.executions") == [execution_id]


def test_inputs_are_checked_and_completed(db: Connection) -> None:
    define(db, inputs={"name": {"type": "text", "required": True}, "days": {"type": "integer", "default": 3}})
    start(db, given='{"name": "a"}')
    assert messages(db)[0]["input"] == {"name": "a", "days": 3}
    with pytest.raises(psycopg.Error) as caught:
        start(db)
    assert (caught.value.sqlstate or "").startswith("WF")
    assert messages(db) == []


def test_a_key_starts_once(db: Connection) -> None:
    define(db)
    define(db, "offboard")
    first = start(db, key="a")
    assert start(db, key="a") == first
    assert len({first, start(db, key="b"), start(db, "offboard", key="a"), start(db)}) == 4
    assert len(messages(db)) == 4


@pytest.mark.parametrize(
    ("state", "code", "message"),
    [
        ({"status": "draft"}, "WF310", "workflow onboard is not published"),
        ({"status": "paused"}, "WF310", "workflow onboard is paused"),
        ({"status": "archived"}, "WF310", "workflow onboard is archived"),
        ({"manual": False}, "WF314", "workflow onboard has no manual trigger"),
        ({"workflow": "other"}, "WF200", "workflow onboard does not exist"),
        ({"tenant": "acme"}, "WF200", "workflow onboard does not exist"),
    ],
)
def test_what_is_refused(db: Connection, state: dict[str, Any], code: str, message: str) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    define(db, **state)
    with pytest.raises(psycopg.Error) as caught:
        start(db)
    assert (caught.value.sqlstate, caught.value.diag.message_primary) == (code, message)
    assert caught.value.diag.message_hint
    assert messages(db) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [({"given": "[]"}, "WF116"), ({"key": ""}, "WF118"), ({"workflow": None}, "WF200")],
)
def test_arguments(db: Connection, arguments: dict[str, Any], code: str) -> None:
    define(db)
    with pytest.raises(psycopg.Error) as caught:
        start(db, **arguments)
    assert caught.value.sqlstate == code


def test_the_application_starts_its_tenants_workflows(connect: Connect, db: Connection) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    make_role(db, "capture_acme", "pgwhen_app")
    db.execute("insert into pgwhen.tenant_roles values ('capture_acme', 'acme')")
    define(db)
    acme = define(db, tenant="acme")
    start(connect(user="capture_acme"))
    assert [(m["tenant"], m["workflow_id"], m["actor"]) for m in messages(db)] == [("acme", acme, "capture_acme")]
