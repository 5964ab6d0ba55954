"""A kill switch: nothing new is claimed, what is on its way ends, what becomes due is held."""

from collections.abc import Callable

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import (
    Connection,
    claim,
    count,
    define,
    executions,
    fake_clock,
    freeze,
    happen,
    perform,
    report,
    steps,
    tick,
)


def throw(db: Connection, *, workflow: str | None = None, all_: bool = False) -> str:
    row = db.execute("select pgwhen.throw_kill_switch('wrong prices', %s, %s)", [workflow, all_]).fetchone()
    assert row is not None
    return str(row[0])


def test_what_is_queued_and_what_becomes_due_is_held_and_goes_on_afterwards(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}, {"id": "b"}], [("a", "b", "success")])
    happen(db, workflow, {"id": 1})
    tick(db)
    assert throw(db) == "thrown" and throw(db) == "already thrown"
    happen(db, workflow, {"id": 2})
    assert claim(db) == [] and claim(db) == []
    assert executions(db) == ["waiting", "waiting"] and count(db, "pgwhen.held where cause = 'tenant:default'") == 2
    assert count(db, "pgmq.q_pgwhen_actions") == 0
    reasons = db.execute("select distinct reason from pgwhen.execution_steps").fetchall()
    assert reasons == [("kill switch of the tenant: wrong prices",)]
    row = db.execute("select pgwhen.release_kill_switch(p_reason => 'prices are right')").fetchone()
    assert row == ({"released": True, "actions": 2},)
    assert perform(db) == ["a", "a"] and perform(db) == ["b", "b"]
    assert executions(db) == ["completed", "completed"]
    audit = db.execute("select command, reason from pgwhen.audit_log order by audit_id").fetchall()
    assert audit == [("throw_kill_switch", "wrong prices"), ("release_kill_switch", "prices are right")]
    again = db.execute("select pgwhen.release_kill_switch()").fetchone()
    assert again == ({"released": False, "actions": 0},)


def test_what_is_on_its_way_ends_and_what_has_not_left_is_held(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1}, {"id": 2})
    sending, claimed = claim(db)
    freeze(db, [sending])
    throw(db)
    (verdict,) = freeze(db, [claimed])
    assert (verdict["verdict"], verdict["reason"]) == ("held", "kill switch of the tenant: wrong prices")
    assert report(db, [sending]) == {"reported": 1, "late": 0}
    assert sorted(executions(db)) == ["completed", "waiting"]
    db.execute("select pgwhen.release_kill_switch()")
    (again,) = claim(db)
    assert again["attempt"] == 2 and again["frozen"] is not None


def test_the_switch_of_a_workflow_leaves_others_alone(db: Connection) -> None:
    first = define(db, [{"id": "a"}])
    define(db, [{"id": "other"}], name="other", attachment_id=first.attachment_id)
    throw(db, workflow="w")
    happen(db, first, {"id": 1})
    assert perform(db) == ["other"]
    assert steps(db) == {"a": "held", "other": "completed"}
    rows = db.execute("select scope, workflow, reason, held from pgwhen.list_kill_switches()").fetchall()
    assert rows == [("workflow", "w", "wrong prices", 1)]
    doctor = db.execute("select status, detail from pgwhen.doctor() where check_name = 'kill switch'").fetchall()
    assert doctor[0][0] == "error" and "workflow w" in doctor[0][1] and "1 actions are held" in doctor[0][1]


def test_of_two_switches_the_second_holds_what_the_first_lets_go(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    throw(db, workflow="w")
    throw(db, all_=True)
    assert claim(db) == []
    assert count(db, "pgwhen.held where cause = 'all'") == 1
    db.execute("select pgwhen.release_kill_switch(p_all => true)")
    assert claim(db) == []
    assert count(db, "pgwhen.held where cause like 'workflow:%%'") == 1
    db.execute("select pgwhen.release_kill_switch('w')")
    assert perform(db) == ["a"]


def test_a_retry_that_becomes_due_is_held(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "transient")
    throw(db)
    fake_clock(db, "2026-11-21 12:01+00")
    assert claim(db) == []
    assert steps(db) == {"a": "held"}
    db.execute("select pgwhen.release_kill_switch()")
    assert perform(db) == ["a"]


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ("select pgwhen.throw_kill_switch(' ')", "WF170", "needs a reason"),
        ("select pgwhen.throw_kill_switch('x', 'w', true)", "WF171", "not for both"),
        ("select pgwhen.throw_kill_switch('x', 'nope')", "WF200", "workflow nope does not exist"),
        ("select pgwhen.release_kill_switch('nope')", "WF200", "workflow nope does not exist"),
    ],
)
def test_refusals_say_why(db: Connection, query: str, code: str, says: str) -> None:
    define(db, [{"id": "a"}])
    with pytest.raises(psycopg.Error, match=says) as caught:
        db.execute(query)  # type: ignore[call-overload]
    assert caught.value.sqlstate == code


def test_a_tenant_stops_itself_and_nobody_else(db: Connection, login: Callable[..., str], connect: Connect) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    login("pgwhen_operator"), login("pgwhen_viewer")
    operator, viewer = connect(user="test_pgwhen_operator"), connect(user="test_pgwhen_viewer")
    name = operator.execute("select session_user").fetchone()
    db.execute("insert into pgwhen.tenant_roles values (%s, 'acme')", name)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    assert throw(operator) == "thrown"
    with pytest.raises(psycopg.Error, match="may not stop all tenants"):
        throw(operator, all_=True)
    with pytest.raises(psycopg.Error, match="workflow w does not exist"):
        throw(operator, workflow="w")
    assert perform(db) == ["a"]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        throw(viewer)
