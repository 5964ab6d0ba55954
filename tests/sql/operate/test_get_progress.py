"""get_progress says what set_progress did (test_set_progress has the rest)."""

from tests.sql.engine.support import Connection


def test_it_follows_the_switch(db: Connection) -> None:
    for on in (False, True, True, False):
        db.execute("select pgwhen.set_progress(%s)", [on])
        assert db.execute("select pgwhen.get_progress()").fetchone() == (on,)
