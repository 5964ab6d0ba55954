"""Who is removed is no longer known."""

from tests.sql.notifications.support import Connection, recipient


def test_removed(db: Connection) -> None:
    recipient(db, "a")
    assert db.execute("select pgwhen.remove_recipient(' a ')").fetchone() == (True,)
    assert db.execute("select pgwhen.remove_recipient('a')").fetchone() == (False,)
