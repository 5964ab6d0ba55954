"""An endpoint with what hangs on it."""

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.http.support import Connection, add, begin, freeze, one, report, show, tell


def test_who_uses_it_and_what_failed(db: Connection) -> None:
    add(db)
    actions = begin(db, tell(db, "a", "b", name="tell_shop"), 1, 2)
    tell(db, name="older")
    freeze(db, actions)
    report(db, actions, "permanent", {"ok": False})
    found = show(db)
    assert (found["workflows"], found["failed"], found["held"]) == (["older", "tell_shop"], 4, 0)
    assert "tenant" not in found


def test_another_tenants_is_not_there(db: Connection, connect: Connect) -> None:
    add(db)
    db.execute("insert into pgwhen.tenants values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('pgwhen_viewer', 'other')")
    with pytest.raises(psycopg.Error, match="does not exist") as error:
        one(connect(user="pgwhen_viewer"), "select pgwhen.show_endpoint('orders')")
    assert error.value.sqlstate == "WF430"
