"""Which events a filter means; count_events counts the same."""

import uuid
from typing import Any

import psycopg
import pytest

from tests.sql.engine.support import Connection, attachment, define, fake_clock, happen, send, tick


def find(db: Connection, **filters: Any) -> list[uuid.UUID]:
    """The events of a filter; the count has to be the same."""
    names = ", ".join(f"p_{name} => %s" for name in filters)
    ids = [row[0] for row in db.execute(f"select * from pgwhen.find_events({names})", [*filters.values()]).fetchall()]  # type: ignore[arg-type]
    if not filters.keys() & {"after", "max"}:
        assert db.execute(f"select pgwhen.count_events({names})", [*filters.values()]).fetchone() == (len(ids),)  # type: ignore[arg-type]
    return ids


def test_by_time_table_workflow_and_state_in_pages(db: Connection) -> None:
    fake_clock(db, "2026-11-20 12:00+00")
    leads = define(db, [{"id": "a"}], name="leads_only")
    happen(db, leads, {"id": 1})
    tick(db)
    fake_clock(db, "2026-11-21 12:00+00")
    jobs = define(db, [{"id": "a"}], name="jobs_only", attachment_id=attachment(db, "jobs"))
    happen(db, jobs, {"id": 2})
    send(db, "poison")
    tick(db)
    events = find(db)
    assert len(events) == 3
    assert find(db, since="2026-11-21") == events[1:]
    assert find(db, until="2026-11-21") == events[:1]
    assert find(db, since="2026-11-20 12:00", until="2026-11-20 12:01") == events[:1]
    assert find(db, table="jobs") == events[1:2] == find(db, table="public.jobs")
    assert find(db, workflow="leads_only") == [events[0], events[2]], "of a message that was not read nobody knows"
    assert find(db, status="failed") == events[2:]
    assert find(db, max=2) == events[:2]
    assert find(db, after=events[1]) == events[2:]
    assert find(db, since="2999-01-01") == []


def test_replays_are_left_out(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    events = find(db)
    db.execute("select pgwhen.replay_events(%s)", [events])
    tick(db)
    assert find(db) == events


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"table": "laeds"}, "WF204"), ({"workflow": "nope"}, "WF200"), ({"status": "odd"}, "WF164"),
        ({"max": 0}, "WF152"),
    ],
)  # fmt: skip
def test_what_names_nothing_is_an_error(db: Connection, filters: dict[str, Any], code: str) -> None:
    define(db, [{"id": "a"}])
    with pytest.raises(psycopg.Error) as error:
        find(db, **filters)
    assert error.value.sqlstate == code
    if code == "WF204":
        assert error.value.diag.message_hint == "Did you mean leads?"
