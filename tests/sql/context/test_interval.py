"""Durations, as PostgreSQL and people write them."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

Db = psycopg.Connection[Any]

DURATIONS = {
    "30 seconds": timedelta(seconds=30),
    "3 days": timedelta(days=3),
    "1 hour 30 minutes": timedelta(minutes=90),
    "30s": timedelta(seconds=30),
    "3d": timedelta(days=3),
    "5m": timedelta(minutes=5),
    "2h": timedelta(hours=2),
    "1w": timedelta(days=7),
    "1h30m": timedelta(minutes=90),
    "1 Hour": timedelta(hours=1),
    "90 mins": timedelta(minutes=90),
    "1.5 hours": timedelta(minutes=90),
    "-2 hours": timedelta(hours=-2),
    "+2 hours": timedelta(hours=2),
    "02:30": timedelta(minutes=150),
    "02:30:05.5": timedelta(hours=2, minutes=30, seconds=5.5),
    "1 day 02:00:00": timedelta(days=1, hours=2),
    "-1 days +02:00:00": timedelta(days=-1, hours=2),
    "500 milliseconds": timedelta(milliseconds=500),
    "1 sec 500 ms": timedelta(seconds=1.5),
    "0 seconds": timedelta(0),
    " 3  days ": timedelta(days=3),
    "2 weeks 1 day": timedelta(days=15),
    "P1DT2H": timedelta(days=1, hours=2),
    "PT0.5S": timedelta(milliseconds=500),
}


def test_durations(db: Db) -> None:
    assert {text: db.execute("select pgwhen._interval(%s)", [text]).fetchone() for text in DURATIONS} == {
        text: (duration,) for text, duration in DURATIONS.items()
    }


def test_months_and_years_stay_what_they_are(db: Db) -> None:
    for text, expected in {
        "1 month": "1 mon",
        "1 year 2 months": "1 year 2 mons",
        "P1Y2M": "1 year 2 mons",
        "2mon": "2 mons",
    }.items():
        assert db.execute("select pgwhen._interval(%s)::text", [text]).fetchone() == (expected,)


REFUSED = [
    *("", " ", "soon", "30", "3 dayz", "three days", "1 day 1 day", "1 hour 1 day", "P", "PT", "P1", "1 day ago"),
    *("infinity", "1001 years", "99999999 years", "99999 weeks", "1:2:3:4", "12:60", "1 day; drop table x"),
    *("1e5 days", "\u00b2days", "\u0663 days", "--1 day", "999999999 days"),
]


def test_anything_else_is_refused(db: Db) -> None:
    for text in REFUSED:
        with pytest.raises(psycopg.Error, match="is not a duration") as error:
            db.execute("select pgwhen._interval(%s)", [text])
        assert error.value.sqlstate == "WF130"
        assert error.value.diag.message_hint


def test_nothing_is_no_duration(db: Db) -> None:
    assert db.execute("select pgwhen._interval(null)").fetchone() == (None,)
