"""What the next round of maintenance drops, said before it does."""

import json
from datetime import timedelta
from typing import Any

from tests.sql.engine.support import Connection, define, fake_clock, happen, perform
from tests.sql.operate.test_maintain import partitions, start, week


def plan(db: Connection) -> dict[str, Any]:
    row = db.execute("select pgwhen.plan_archive()").fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def test_the_oldest_week_that_is_due(db: Connection) -> None:
    at = start(db)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db)
    assert plan(db)["week"] is None and week(at) in partitions(db)
    fake_clock(db, (at + timedelta(days=38)).isoformat())
    assert plan(db)["week"] == week(at)


def test_maintain_drops_no_more_than_the_plan(db: Connection) -> None:
    at = start(db)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db)
    none = plan(db)
    fake_clock(db, (at + timedelta(days=38)).isoformat())
    due = plan(db)
    for given in (none, due | {"week": "1999w01"}, due | {"cutoff": at.isoformat()}):
        row = db.execute("select pgwhen.maintain(%s::jsonb)", [json.dumps(given)]).fetchone()
        assert row is not None and row[0]["week_retired"] is None, given
    too_late = due | {"cutoff": "2999-01-01T00:00:00Z", "failed_cutoff": "2999-01-01T00:00:00Z"}
    row = db.execute("select pgwhen.maintain(%s::jsonb)", [json.dumps(too_late)]).fetchone()
    assert row is not None and row[0]["week_retired"] == week(at)
    assert week(at + timedelta(weeks=1)) in partitions(db), "a plan cannot shorten the retention"
