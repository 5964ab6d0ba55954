"""The numbers that pollers and the database compare."""

from tests.sql.engine.support import Connection


def test_the_range_holds_the_poller_s_own_number_and_the_one_before(db: Connection) -> None:
    query = "select pgwhen.contract() @> 1, pgwhen.contract() @> 2, pgwhen.contract() @> 3"
    assert db.execute(query).fetchone() == (True, True, False)
