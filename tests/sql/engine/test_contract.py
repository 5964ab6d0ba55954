"""The numbers that pollers and the database compare."""

from tests.sql.engine.support import Connection


def test_the_range_holds_the_poller_s_own_number(db: Connection) -> None:
    assert db.execute("select pgwhen.contract() @> 1, pgwhen.contract() @> 2").fetchone() == (True, False)
