"""Recipients are found by name and by any of their addresses, page by page."""

import json
from typing import Any

import psycopg
import pytest

from tests.sql.notifications.support import Connection, recipient


def names(db: Connection, **chosen: Any) -> list[str]:
    rows = db.execute("select recipient from pgwhen.list_recipients(%s)", [json.dumps(chosen)]).fetchall()
    return [name for (name,) in rows]


def test_found(db: Connection) -> None:
    recipient(db, "a", email="A@example.com", phone="+31600000001")
    recipient(db, "b", push=["t1", "t2"], chat="C1")
    assert names(db) == ["a", "b"]
    assert names(db, address="a@EXAMPLE.com") == names(db, address="+31600000001") == ["a"]
    assert names(db, address="t2") == names(db, address="C1") == ["b"]
    assert names(db, max=1) == ["a"] and names(db, max=1, after="a") == ["b"]


def test_of_the_tenant(db: Connection) -> None:
    recipient(db, "a")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("update pgwhen.recipients set tenant = 'other'")
    assert names(db) == []


@pytest.mark.parametrize("chosen", [{"name": "a"}, {"max": 0}, {"max": "many"}])
def test_refused(db: Connection, chosen: dict[str, Any]) -> None:
    with pytest.raises(psycopg.Error) as error:
        names(db, **chosen)
    assert error.value.sqlstate == "WF473"
