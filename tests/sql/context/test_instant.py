"""Times out of values: ISO 8601, a date, or relative to now; in a zone."""

import json
from typing import Any

import psycopg

Db = psycopg.Connection[Any]


def instant(db: Db, value: object, zone: str | None) -> str | None:
    row = db.execute(
        "select to_char(pgwhen._instant(%s::jsonb, %s) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
        [json.dumps(value), zone],
    ).fetchone()
    assert row is not None
    text: str | None = row[0]
    return text


CASES: list[tuple[object, str | None, str | None]] = [
    ("2026-01-05T10:00:00+02:00", "Europe/Amsterdam", "2026-01-05 08:00:00"),
    ("2026-01-05T10:00:00Z", "Europe/Amsterdam", "2026-01-05 10:00:00"),
    ("2026-01-05T10:00:00", "Europe/Amsterdam", "2026-01-05 09:00:00"),
    ("2026-07-05 10:00", "Europe/Amsterdam", "2026-07-05 08:00:00"),
    ("2026-07-05", "Europe/Amsterdam", "2026-07-04 22:00:00"),
    ("2026-07-05", None, "2026-07-05 00:00:00"),
    ("2026-07-05", "America/New_York", "2026-07-05 04:00:00"),
    # 02:30 does not exist on 29 March 2026 in Amsterdam; on 25 October it exists twice, and the first is meant.
    ("2026-03-29T02:30:00", "Europe/Amsterdam", "2026-03-29 01:30:00"),
    ("2026-10-25T02:30:00", "Europe/Amsterdam", "2026-10-25 00:30:00"),
    ("now", "Europe/Amsterdam", "2026-03-28 12:00:00"),
    (" now + 2 hours", "Europe/Amsterdam", "2026-03-28 14:00:00"),
    ("now+2h", None, "2026-03-28 14:00:00"),
    ("now - 3 days", None, "2026-03-25 12:00:00"),
    # A day is a day on the calendar of the zone: the 29th has 23 hours there.
    ("now + 1 day", "Europe/Amsterdam", "2026-03-29 11:00:00"),
    ("now + 1 day", "UTC", "2026-03-29 12:00:00"),
    ("now + 24 hours", "Europe/Amsterdam", "2026-03-29 12:00:00"),
    ("now + 1 month", "UTC", "2026-04-28 12:00:00"),
    ("soon", None, None),
    ("now + soon", None, None),
    ("2026-02-30", None, None),
    ("", None, None),
    (5, None, None),
    (None, None, None),
    (["2026-01-05"], None, None),
]


def test_instants(db: Db) -> None:
    db.execute(
        "update pgwhen.settings set value = 'true' where name = 'test_mode'; set pgwhen.now = '2026-03-28T12:00:00Z'"
    )
    for session_zone in ("UTC", "Asia/Tokyo"):
        db.execute("select set_config('timezone', %s, false)", [session_zone])
        assert [(value, zone, instant(db, value, zone)) for value, zone, _ in CASES] == CASES


def test_infinity_stays(db: Db) -> None:
    assert db.execute("select pgwhen._instant('\"infinity\"', 'Europe/Amsterdam') = 'infinity'").fetchone() == (True,)
    assert db.execute("select pgwhen._iso('infinity'), pgwhen._iso('2026-01-05T10:00:00.5+02:00')").fetchone() == (
        "infinity",
        "2026-01-05T08:00:00.5+00:00",
    )
