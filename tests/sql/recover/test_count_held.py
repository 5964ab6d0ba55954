"""Counting before releasing or discarding."""

from tests.sql.engine.support import Connection, claim
from tests.sql.recover.test_release_held import outage


def test_it_counts_what_the_same_filter_would_release(db: Connection) -> None:
    outage(db)
    claim(db)
    counts = [
        db.execute("select pgwhen.count_held(%s)", [chosen]).fetchone()
        for chosen in ("{}", '{"cause": "stale"}', '{"cause": "kill_switch"}', '{"step": "b"}')
    ]
    assert counts == [(1,), (1,), (0,), (0,)]
