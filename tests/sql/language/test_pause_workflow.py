"""Pausing."""

from typing import Any

import psycopg
import pytest

from tests.sql.language.support import apply, call, workflow

Connection = psycopg.Connection[Any]


def activations(db: Connection) -> list[Any]:
    return db.execute("select status, until_at is null from pgwhen.activations order by from_at").fetchall()


def test_pause_opens_a_period(own: Connection) -> None:
    apply(own, workflow())
    assert call(own, "pause_workflow", "w", "holidays") == {
        "workflow": "w",
        "status": "paused",
        "was": "active",
        "unfinished": 0,
    }
    assert activations(own) == [("active", False), ("paused", True)]
    assert own.execute("select count(*) from (select unnest(operations) from pgwhen.attachments) o").fetchone() == (2,)
    log = own.execute(
        "select command, target, reason, detail from pgwhen.audit_log order by audit_id desc limit 1"
    ).fetchone()
    assert log == ("pause_workflow", "w", "holidays", {"from": "active", "to": "paused"})


def test_only_what_is_active_can_be_paused(own: Connection) -> None:
    apply(own, workflow(), publish=False)
    for _ in range(2):
        with pytest.raises(psycopg.DatabaseError) as raised:
            call(own, "pause_workflow", "w")
        assert raised.value.sqlstate == "WF301"
        own.execute("update pgwhen.workflows set status = 'paused'")


def test_no_time_between_two_states_leaves_no_period(own: Connection) -> None:
    own.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    own.execute("set pgwhen.now = '2026-01-01T00:00:00Z'")
    apply(own, workflow())
    call(own, "pause_workflow", "w")
    call(own, "resume_workflow", "w")
    assert activations(own) == [("active", True)]
    # A clock that goes backward makes no period that ends before it begins.
    own.execute("set pgwhen.now = '2025-01-01T00:00:00Z'")
    call(own, "pause_workflow", "w")
    assert activations(own) == [("paused", True)]


def test_each_tenant_sees_its_own(own: Connection) -> None:
    own.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    apply(own, workflow(when={"event": "e"}))
    own.execute("insert into pgwhen.tenant_roles values (session_user, 'acme')")
    with pytest.raises(psycopg.DatabaseError) as raised:
        call(own, "pause_workflow", "w")
    assert raised.value.sqlstate == "WF200"
