"""Stale actions that are not worth sending any more."""

import psycopg
import pytest

from tests.sql.engine.support import Connection, claim, count, perform, steps
from tests.sql.recover.test_release_held import outage


def test_they_are_skipped_and_what_comes_after_goes_on(db: Connection) -> None:
    outage(db)
    claim(db)
    row = db.execute("""select pgwhen.discard_held('{"cause": "stale"}', 'too late')""").fetchone()
    assert row == ({"discarded": 1, "left": 0},)
    assert steps(db)["a"] == "skipped" and count(db, "pgwhen.held") == 0
    assert perform(db) == ["b"]
    reason = db.execute("select reason from pgwhen.execution_steps where step_id = 'a'").fetchone()
    assert reason is not None and reason[0].endswith("too late")
    commands = db.execute("select command from pgwhen.audit_log order by audit_id").fetchall()
    assert ("discard_held",) in commands


def test_it_needs_a_reason(db: Connection) -> None:
    with pytest.raises(psycopg.Error, match="for a reason"):
        db.execute("select pgwhen.discard_held('{}', '')")
