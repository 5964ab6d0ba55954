"""What waits where."""

import pytest

from tests.sql.engine.support import Connection, claim, count, define, fake_clock, freeze, happen, perform, report, tick
from tests.sql.views.plans import fill_history, rows_read


def states(db: Connection) -> list[str]:
    """States in the view."""
    return [row[0] for row in db.execute("select status from pgwhen.pending_actions order by status").fetchall()]


def test_an_action_is_shown_once_in_every_state_and_goes_when_it_has_ended(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a", "on_uncertain": "stop"}]), {"id": 1})
    tick(db)
    assert states(db) == ["queued"]
    actions = claim(db)
    assert db.execute("select status, due_at > pgwhen._now(), attempt from pgwhen.pending_actions").fetchall() == [
        ("claimed", True, 1)
    ]
    freeze(db, actions)
    assert states(db) == ["sending"]
    report(db, actions, "transient")
    row = db.execute("select status, since, due_at::text, reason, last_error from pgwhen.pending_actions").fetchone()
    assert row == ("sleeping", None, "2026-11-21 12:00:30+00", "waits for attempt 2", "a transient answer")
    fake_clock(db, "2026-11-21 12:01+00")
    perform(db, "auth")
    row = db.execute("select status, reason, since::text from pgwhen.pending_actions").fetchone()
    assert row == ("held", "the provider refused the credentials", "2026-11-21 12:01:00+00")
    db.execute("select pgwhen.retry_executions(array_agg(execution_id)) from pgwhen.executions")
    perform(db, "uncertain")
    assert states(db) == ["uncertain"]
    db.execute("select pgwhen.retry_executions(array_agg(execution_id)) from pgwhen.executions")
    perform(db)
    assert states(db) == []


def test_what_waits_for_admission(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    db.execute("delete from pgmq.q_pgwhen_actions")
    db.execute("update pgwhen.execution_steps set status = 'ready'")
    db.execute(
        "insert into pgwhen.ready (execution_id, queued_at, generation, priority, tenant, step_id)"
        " select execution_id, queued_at, 1, 2, 'default', step_id from pgwhen.execution_steps"
    )
    assert states(db) == ["ready"]


def test_a_failure_is_not_pending(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "permanent")
    assert states(db) == [] and count(db, "pgwhen.failures") == 1


@pytest.mark.parametrize("analyze", [True, False])
def test_history_is_entered_by_primary_key_only(db: Connection, analyze: bool) -> None:
    happen(db, define(db, [{"id": "a"}]), *({"id": n} for n in range(5)))
    tick(db)
    fill_history(db)
    if analyze:
        db.execute("analyze")
    assert rows_read(db, "select * from pgwhen.pending_actions") < 100
