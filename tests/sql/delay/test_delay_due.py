"""When a delay ends: the calendar of a zone, both days on which clocks are set, windows, holidays, working time."""

import json
from typing import Any

import psycopg
import pytest

Db = psycopg.Connection[Any]

WEEK = {"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "17:00"}
NIGHT = {"from": "22:00", "to": "06:00"}
AMS, NYC, LHI, APIA, CAI = (
    "Europe/Amsterdam",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
)


def literal(keys: dict[str, Any]) -> dict[str, Any]:
    """Keys of a delay as publishing writes them."""
    values = ("for", "until", "offset", "working", "at")
    return {key: {"literal": value} if key in values else value for key, value in keys.items()}


def due(db: Db, zone: str, start: str, keys: dict[str, Any], function: str = "_delay_due", *more: Any) -> str:
    """When it ends, on the clock of the zone and with the offset from UTC in minutes."""
    places = ", %s" * len(more)
    row = db.execute(
        f"select to_char(d.at at time zone %s, 'YYYY-MM-DD HH24:MI')"
        f", extract(epoch from (d.at at time zone %s) - (d.at at time zone 'UTC'))::int / 60"
        f" from (select pgwhen.{function}(%s, '{{}}', pgwhen._wall_time(%s, %s){places}) as at) d",
        [zone, zone, json.dumps({"timezone": zone} | literal(keys)), start, zone, *more],
    ).fetchone()
    assert row is not None
    return f"{row[0]} {row[1]:+d}"


CASES: list[tuple[str, str, dict[str, Any], str]] = [
    # A day is a day of the calendar, hours are hours. Clocks go forward on 29 March, back on 25 October.
    (AMS, "2026-03-28 12:00", {"for": "1 day"}, "2026-03-29 12:00 +120"),
    (AMS, "2026-03-28 12:00", {"for": "24 hours"}, "2026-03-29 13:00 +120"),
    (AMS, "2026-10-24 12:00", {"for": "1 day"}, "2026-10-25 12:00 +60"),
    (AMS, "2026-10-24 12:00", {"for": "24 hours"}, "2026-10-25 11:00 +60"),
    (AMS, "2026-03-28 02:30", {"for": "1 day"}, "2026-03-29 03:30 +120"),
    (AMS, "2026-10-24 02:30", {"for": "1 day"}, "2026-10-25 02:30 +120"),
    (AMS, "2026-10-25 02:30", {"for": "1 hour"}, "2026-10-25 02:30 +60"),
    (NYC, "2026-10-31 01:30", {"for": "1 day"}, "2026-11-01 01:30 -240"),
    (LHI, "2026-04-04 01:45", {"for": "1 day"}, "2026-04-05 01:45 +660"),
    (LHI, "2026-04-05 01:45", {"for": "30 minutes"}, "2026-04-05 01:45 +630"),
    ("UTC", "2028-02-28 10:00", {"for": "1 day"}, "2028-02-29 10:00 +0"),
    ("UTC", "2028-02-29 10:00", {"for": "1 year"}, "2029-02-28 10:00 +0"),
    ("UTC", "2026-01-31 10:00", {"for": "1 month"}, "2026-02-28 10:00 +0"),
    # The 30th of December 2011 did not exist there.
    (APIA, "2011-12-29 10:00", {"for": "1 day"}, "2011-12-31 10:00 +840"),
    ("UTC", "2026-01-05 10:00", {"for": "-1 hour"}, "2026-01-05 09:00 +0"),
    # until: what has no offset is on the clock of the zone.
    (AMS, "2026-01-01 00:00", {"until": "2026-07-05"}, "2026-07-05 00:00 +120"),
    (AMS, "2026-01-01 00:00", {"until": "2026-07-05T10:00:00Z"}, "2026-07-05 12:00 +120"),
    (AMS, "2026-01-01 00:00", {"until": "2026-03-29T02:30"}, "2026-03-29 03:30 +120"),
    (AMS, "2026-01-01 00:00", {"until": "2026-10-25T02:30"}, "2026-10-25 02:30 +120"),
    (AMS, "2026-01-01 00:00", {"until": "2026-10-25", "offset": "-1 day"}, "2026-10-24 00:00 +120"),
    (AMS, "2026-01-01 00:00", {"until": "2026-10-26", "offset": "-24 hours"}, "2026-10-25 01:00 +120"),
    (AMS, "2026-01-01 00:00", {"until": "2026-10-26", "offset": "-25 hours"}, "2026-10-25 00:00 +120"),
    (AMS, "2026-03-28 12:00", {"until": "now + 1 day"}, "2026-03-29 12:00 +120"),
    # at: the next such time, the moment itself included.
    (AMS, "2026-01-05 08:00", {"at": "09:00"}, "2026-01-05 09:00 +60"),
    (AMS, "2026-01-05 09:00", {"at": "09:00"}, "2026-01-05 09:00 +60"),
    (AMS, "2026-01-05 09:01", {"at": "09:00"}, "2026-01-06 09:00 +60"),
    (AMS, "2026-01-05 09:01", {"at": "24:00"}, "2026-01-06 00:00 +60"),
    (AMS, "2026-01-05 23:30", {"for": "1 hour", "at": "00:00"}, "2026-01-07 00:00 +60"),
    (AMS, "2026-03-29 01:00", {"at": "02:30"}, "2026-03-29 03:30 +120"),
    (AMS, "2026-10-25 01:00", {"at": "02:30"}, "2026-10-25 02:30 +120"),
    (AMS, "2026-01-01 00:00", {"until": "2026-10-25T01:00:00Z", "at": "02:30"}, "2026-10-26 02:30 +60"),
    (AMS, "2026-01-01 00:00", {"until": "2026-12-31", "offset": "-3 days", "at": "08:30"}, "2026-12-28 08:30 +60"),
    # A window: what is due outside it ends when it opens. Monday is the 5th.
    (AMS, "2026-01-05 08:00", {"window": WEEK}, "2026-01-05 09:00 +60"),
    (AMS, "2026-01-05 12:00", {"window": WEEK}, "2026-01-05 12:00 +60"),
    (AMS, "2026-01-05 16:59", {"window": WEEK}, "2026-01-05 16:59 +60"),
    (AMS, "2026-01-05 17:00", {"window": WEEK}, "2026-01-06 09:00 +60"),
    (AMS, "2026-01-09 17:00", {"window": WEEK}, "2026-01-12 09:00 +60"),
    (AMS, "2026-01-08 16:00", {"for": "2 days", "window": WEEK}, "2026-01-12 09:00 +60"),
    (AMS, "2026-01-10 10:00", {"window": {"days": [6]}}, "2026-01-10 10:00 +60"),
    (AMS, "2026-01-11 10:00", {"window": {"days": [6]}}, "2026-01-17 00:00 +60"),
    (AMS, "2026-01-09 10:00", {"window": {"from": "12:00"}}, "2026-01-09 12:00 +60"),
    (AMS, "2026-01-09 13:00", {"window": {"to": "12:00"}}, "2026-01-10 00:00 +60"),
    (AMS, "2026-12-24 18:00", {"window": WEEK | {"holidays": ["2026-12-25"]}}, "2026-12-28 09:00 +60"),
    (
        AMS,
        "2026-12-24 18:00",
        {"window": WEEK | {"holidays": ["2026-12-25", "2026-12-28", "2026-12-29", "2026-12-30", "2026-12-31"]}},
        "2027-01-01 09:00 +60",
    ),
    (AMS, "2028-02-28 18:00", {"window": WEEK | {"holidays": ["2028-02-29"]}}, "2028-03-01 09:00 +60"),
    # Over midnight: the day is the one on which it opens.
    (AMS, "2026-01-05 12:00", {"window": NIGHT}, "2026-01-05 22:00 +60"),
    (AMS, "2026-01-05 03:00", {"window": NIGHT}, "2026-01-05 03:00 +60"),
    (AMS, "2026-01-05 06:00", {"window": NIGHT}, "2026-01-05 22:00 +60"),
    (AMS, "2026-01-10 03:00", {"window": NIGHT | {"days": [5]}}, "2026-01-10 03:00 +60"),
    (AMS, "2026-01-09 03:00", {"window": NIGHT | {"days": [5]}}, "2026-01-09 22:00 +60"),
    (AMS, "2026-01-10 03:00", {"window": NIGHT | {"holidays": ["2026-01-09"]}}, "2026-01-10 22:00 +60"),
    (AMS, "2026-03-29 01:00", {"window": {"from": "02:30", "to": "04:00"}}, "2026-03-29 03:30 +120"),
    (AMS, "2026-10-25 01:00", {"window": {"from": "02:30", "to": "04:00"}}, "2026-10-25 02:30 +120"),
    # A window that the clocks skip does not open that day.
    (AMS, "2026-03-29 01:00", {"window": {"from": "02:00", "to": "02:30"}}, "2026-03-29 03:00 +120"),
    # at and window: the first such time that lies in the window.
    (AMS, "2026-01-10 08:00", {"at": "10:00", "window": WEEK}, "2026-01-12 10:00 +60"),
    (AMS, "2026-01-10 08:00", {"at": "10:00", "window": {"days": [1]}}, "2026-01-12 10:00 +60"),
    (AMS, "2026-01-05 10:01", {"at": "10:00", "window": WEEK}, "2026-01-06 10:00 +60"),
    # Working time: only what lies within the window counts.
    (AMS, "2026-01-05 10:00", {"working": "2 hours", "window": WEEK}, "2026-01-05 12:00 +60"),
    (AMS, "2026-01-05 09:00", {"working": "8 hours", "window": WEEK}, "2026-01-05 17:00 +60"),
    (AMS, "2026-01-05 10:00", {"working": "8 hours", "window": WEEK}, "2026-01-06 10:00 +60"),
    (AMS, "2026-01-09 16:30", {"working": "1 hour", "window": WEEK}, "2026-01-12 09:30 +60"),
    (AMS, "2026-01-10 12:00", {"working": "40 hours", "window": WEEK}, "2026-01-16 17:00 +60"),
    (AMS, "2026-01-05 12:00", {"working": "0 hours", "window": WEEK}, "2026-01-05 12:00 +60"),
    (AMS, "2026-01-05 20:00", {"working": "0 hours", "window": WEEK}, "2026-01-06 09:00 +60"),
    (
        AMS,
        "2026-12-24 16:00",
        {"working": "9 hours", "window": WEEK | {"holidays": ["2026-12-25"]}},
        "2026-12-28 17:00 +60",
    ),
    (AMS, "2026-03-28 23:00", {"working": "3 hours", "window": NIGHT}, "2026-03-29 03:00 +120"),
    (AMS, "2026-10-24 23:00", {"working": "8 hours", "window": NIGHT}, "2026-10-25 06:00 +60"),
    (AMS, "2026-10-25 00:00", {"working": "25 hours", "window": {"to": "24:00"}}, "2026-10-26 00:00 +60"),
    (
        NYC,
        "2026-11-25 16:00",
        {"working": "2 hours", "window": WEEK | {"holidays": ["2026-11-26"]}},
        "2026-11-27 10:00 -300",
    ),
]


@pytest.fixture(scope="module")
def base(lang: Db) -> Db:
    return lang


@pytest.mark.parametrize(("zone", "start", "keys", "expected"), CASES)
def test_due(base: Db, zone: str, start: str, keys: dict[str, Any], expected: str) -> None:
    with base.transaction(force_rollback=True):
        base.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
        base.execute("select set_config('pgwhen.now', pgwhen._wall_time(%s, %s)::text, true)", [start, zone])
        for session_zone in ("UTC", "Asia/Kathmandu"):
            base.execute("select set_config('timezone', %s, true)", [session_zone])
            assert due(base, zone, start, keys) == expected


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"for": "11 years"}, "WF145"),
    ({"until": "2099-01-01"}, "WF145"),
    ({"until": "infinity"}, "WF145"),
    ({"working": "30000 hours", "window": WEEK}, "WF145"),
    ({"working": "-1 hour", "window": WEEK}, "WF144"),
    ({"working": "1 day", "window": WEEK}, "WF144"),
    ({"working": "1 month", "window": WEEK}, "WF144"),
    ({"at": "noon"}, "WF144"),
    ({"for": "soon"}, "WF130"),
    ({"until": "soon"}, "WF141"),
    ({"until": None}, "WF141"),
    ({"at": None}, "WF141"),
    ({"at": "20:00", "window": WEEK}, "WF146"),
]


@pytest.mark.parametrize(("keys", "code"), WRONG)
def test_refused(base: Db, keys: dict[str, Any], code: str) -> None:
    with pytest.raises(psycopg.Error) as raised:
        due(base, AMS, "2026-01-05 10:00", keys)
    assert raised.value.sqlstate == code


def test_a_window_that_never_opens(base: Db) -> None:
    with pytest.raises(psycopg.Error) as raised:
        base.execute(
            "select pgwhen._next_opening('2026-01-05', '{}', array(select date '2025-12-01' + n"
            " from generate_series(0, 4000) n), 'UTC')"
        )
    assert raised.value.sqlstate == "WF146"


LATE: list[tuple[dict[str, Any], str, str]] = [
    # Seen on Tuesday 6 January, at the time given.
    ({"until": "2026-01-05T10:00", "window": WEEK}, "12:00", "2026-01-06 12:00 +60"),
    ({"until": "2026-01-05T10:00", "window": WEEK}, "20:00", "2026-01-07 09:00 +60"),
    ({"until": "2026-01-05T10:00", "at": "10:00", "window": WEEK}, "20:00", "2026-01-07 10:00 +60"),
    ({"until": "2026-01-05T10:00"}, "20:00", "2026-01-05 10:00 +60"),
    ({"working": "1 hour", "window": WEEK}, "20:00", "2026-01-05 10:00 +60"),
]


@pytest.mark.parametrize(("keys", "now", "expected"), LATE)
def test_what_is_late_ends_within_its_window(base: Db, keys: dict[str, Any], now: str, expected: str) -> None:
    assert due(base, AMS, "2026-01-05 09:00", keys, "_delay_end", f"2026-01-06 {now}+01") == expected
