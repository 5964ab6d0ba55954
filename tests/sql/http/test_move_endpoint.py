"""An endpoint gets another address."""

import psycopg
import pytest

from tests.sql.http.support import Connection, add, begin, fail, freeze, one, show, tell


def test_what_was_frozen_goes_to_the_new_address_too(db: Connection) -> None:
    add(db)
    actions = begin(db, tell(db))
    freeze(db, actions)
    fail(db, actions)
    assert show(db)["failing_since"] is not None
    assert one(db, "select pgwhen.move_endpoint('orders', 'https://new.example/')") == "moved"
    assert one(db, "select pgwhen.move_endpoint('orders', 'https://new.example/')") == "unchanged"
    assert (show(db)["url"], show(db)["failing_since"]) == ("https://new.example/", None)
    extra = one(db, "select pgwhen._action_extra('default', 'w', 'webhook', null, '{\"endpoint\": \"orders\"}')")
    assert extra["endpoint"]["url"] == "https://new.example/"
    assert one(db, "select count(*) from pgwhen.audit_log where command = 'move_endpoint'") == 1


def test_what_is_wrong_is_refused(db: Connection) -> None:
    with pytest.raises(psycopg.Error, match="does not exist") as error:
        db.execute("select pgwhen.move_endpoint('nope', 'https://x.test')")
    assert error.value.sqlstate == "WF430" and error.value.diag.message_detail == "None is known yet."
    add(db)
    with pytest.raises(psycopg.Error) as error:
        db.execute("select pgwhen.move_endpoint('orders', 'ftp://x')")
    assert error.value.sqlstate == "WF431"
