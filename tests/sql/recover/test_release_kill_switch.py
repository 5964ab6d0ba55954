"""Taking a kill switch back, where there is much to let go; the rest is in test_throw_kill_switch.py."""

from tests.sql.engine.support import Connection, claim, count, define, happen


def test_more_than_a_batch_goes_on(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}])
    db.execute("select pgwhen.throw_kill_switch('stop')")
    happen(db, workflow, *({"id": n} for n in range(1200)))
    while db.execute("select count(*) from pgmq.q_pgwhen_events").fetchone() != (0,):
        claim(db, 500)
    while count(db, "pgmq.q_pgwhen_actions") or count(db, "pgwhen.ready"):
        assert claim(db, 500) == []
    assert count(db, "pgwhen.held") == 1200
    assert db.execute("select pgwhen.release_kill_switch()").fetchone() == ({"released": True, "actions": 1200},)
    assert count(db, "pgwhen.held") == 0 and len(claim(db, 500)) == 500
