"""What is held for an endpoint goes on when it is enabled."""

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import steps
from tests.sql.http.support import Connection, add, begin, freeze, one, report, tell


def held(db: Connection, endpoint: str, name: str) -> None:
    """A webhook is held for an endpoint."""
    add(db, endpoint)
    one(db, "select pgwhen.disable_endpoint(%s)", endpoint)
    actions = begin(db, tell(db, name, name=name, endpoint=endpoint))
    freeze(db, actions, endpoint)
    report(db, actions, "auth", {"disabled": True})


def test_only_its_own(db: Connection) -> None:
    held(db, "orders", "a")
    held(db, "invoices", "b")
    assert one(db, "select pgwhen.enable_endpoint('orders', 'repaired')") == {"enabled": True, "released": 1}
    assert steps(db) == {"a": "queued", "b": "held"}
    row = db.execute("select reason, detail from pgwhen.audit_log where command = 'enable_endpoint'").fetchone()
    assert row == ("repaired", {"released": 1})


def test_what_was_held_in_the_moment_of_enabling_goes_with_the_next(db: Connection) -> None:
    held(db, "orders", "a")
    db.execute("update pgwhen.endpoints set status = 'active', disabled_at = null")
    assert db.execute("select status, detail from pgwhen._doctor_endpoints()").fetchall() == [
        ("warning", "active; 1 webhooks are held")
    ]
    assert one(db, "select pgwhen.enable_endpoint('orders')") == {"enabled": False, "released": 1}


def test_release_without_enabling_is_held_again(db: Connection) -> None:
    held(db, "orders", "a")
    assert one(db, 'select pgwhen.release_held(\'{"cause": "connection"}\')') == {"released": 1, "left": 0}
    from tests.sql.http.support import claim

    actions = claim(db)
    assert freeze(db, actions) == ["send"]
    report(db, actions, "auth", {"disabled": True})
    assert steps(db) == {"a": "held"}


def test_roles_and_names(db: Connection, connect: Connect) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select pgwhen.enable_endpoint('orders')")
    assert error.value.sqlstate == "WF430"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(user="pgwhen_viewer").execute("select pgwhen.enable_endpoint('orders')")


def test_reports_and_an_enabling_at_the_same_time_wait_for_nobody_in_a_circle(db: Connection, connect: Connect) -> None:
    """Whoever enables locks the endpoint, then executions; a report has its execution, and passes the endpoint over."""
    held(db, "orders", "a")
    workflow = tell(db, "b", name="b")
    actions = begin(db, workflow)
    freeze(db, actions)
    enabling, reporting = connect(autocommit=False), connect(autocommit=False)
    for one_ in (enabling, reporting):
        one_.execute("set statement_timeout = '5s'")
    enabling.execute("select from pgwhen.endpoints where name = 'orders' for no key update")
    report(reporting, actions, "transient", {"ok": False})
    assert one(enabling, "select pgwhen.enable_endpoint('orders')")["released"] == 1
    reporting.commit()
    enabling.commit()
    assert steps(db) == {"a": "queued", "b": "sleeping"}


def test_two_reports_of_one_endpoint_do_not_wait_for_each_other(db: Connection, connect: Connect) -> None:
    add(db)
    actions = begin(db, tell(db), 1, 2)
    freeze(db, actions)
    first, second = connect(autocommit=False), connect(autocommit=False)
    second.execute("set statement_timeout = '5s'")
    report(first, actions[:1], "transient", {"ok": False})
    report(second, actions[1:], "transient", {"ok": False})
    second.commit()
    first.commit()
    assert one(db, "select failing_since is not null from pgwhen.endpoints")
