"""Heartbeats, and giving back."""

import json

from tests.sql.engine.support import Connection, claim, define, fake_clock, freeze, happen, identity


def _extend(db: Connection, actions: list[dict[str, object]], seconds: float) -> int:
    row = db.execute(
        "select pgwhen.extend_leases(%s, %s)", [json.dumps([identity(a) for a in actions]), seconds]
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_lease_is_longer_by_what_was_asked_for(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db, lease=60)
    freeze(db, actions)
    fake_clock(db, "2026-11-21 12:00:50+00")
    assert _extend(db, actions, 60) == 1
    fake_clock(db, "2026-11-21 12:01:40+00")
    assert claim(db) == []


def test_zero_seconds_gives_the_action_back_at_once(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db, lease=60)
    assert _extend(db, actions, 0) == 1
    (again,) = claim(db)
    assert again["attempt"] == 2


def test_a_lease_that_is_gone_cannot_be_extended(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db, lease=60)
    fake_clock(db, "2026-11-21 12:01+00")
    assert _extend(db, actions, 60) == 0
    claim(db)
    assert _extend(db, actions, 60) == 0
