"""The beginning of an id will do."""

import psycopg
import pytest

from tests.sql.approvals.support import Connection, approval, order, publish


def find(db: Connection, text: str | None) -> str:
    """The id found."""
    row = db.execute("select pgwhen.find_approval(%s)", [text]).fetchone()
    assert row
    return str(row[0])


def test_whole_and_beginning(db: Connection) -> None:
    publish(db)
    order(db)
    whole = str(approval(db))
    assert find(db, whole) == find(db, whole[:16]) == find(db, f" {whole[:16].upper()} ") == whole


@pytest.mark.parametrize(("text", "code"), [("xyz", "WF293"), ("12", "WF293"), (None, "WF293"), ("ffff", "WF280")])
def test_refused(db: Connection, text: str | None, code: str) -> None:
    with pytest.raises(psycopg.Error) as error:
        find(db, text)
    assert error.value.sqlstate == code


def test_several(db: Connection) -> None:
    publish(db)
    order(db)
    order(db, id=2)
    with pytest.raises(psycopg.Error) as error:
        find(db, str(approval(db))[:8])
    assert error.value.sqlstate == "WF294" and str(approval(db)) in str(error.value.diag.message_detail)
