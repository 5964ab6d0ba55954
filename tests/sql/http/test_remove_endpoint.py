"""An endpoint that nobody needs any more."""

import psycopg
import pytest

from tests.sql.engine.support import count
from tests.sql.http.support import Connection, add, begin, freeze, one, report, tell


def test_it_is_gone(db: Connection) -> None:
    add(db)
    assert one(db, "select pgwhen.remove_endpoint('orders', 'customer left')") == "removed"
    assert count(db, "pgwhen.endpoints") == 0
    row = db.execute("select target, reason from pgwhen.audit_log where command = 'remove_endpoint'").fetchone()
    assert row == ("orders", "customer left")
    with pytest.raises(psycopg.Error) as error:
        one(db, "select pgwhen.remove_endpoint('orders')")
    assert error.value.sqlstate == "WF430"


def test_not_while_a_workflow_names_it(db: Connection) -> None:
    add(db)
    tell(db, name="tell_shop")
    with pytest.raises(psycopg.Error, match="is in use") as error:
        one(db, "select pgwhen.remove_endpoint('orders')")
    assert error.value.sqlstate == "WF436" and error.value.diag.message_detail == "Workflows: tell_shop."
    db.execute("update pgwhen.workflows set status = 'archived'")
    assert one(db, "select pgwhen.remove_endpoint('orders')") == "removed"


def test_not_while_something_is_held_for_it(db: Connection) -> None:
    add(db)
    one(db, "select pgwhen.disable_endpoint('orders')")
    actions = begin(db, tell(db))
    freeze(db, actions)
    report(db, actions, "auth", {"disabled": True})
    db.execute("update pgwhen.workflows set status = 'archived'")
    with pytest.raises(psycopg.Error, match="is in use") as error:
        one(db, "select pgwhen.remove_endpoint('orders')")
    assert error.value.diag.message_detail == "1 webhooks are held for it."
