"""list_suppressions: filters and pages."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.sql.engine.support import fake_clock

Connection = psycopg.Connection[Any]


@pytest.fixture
def some(db: Connection) -> Connection:
    """Four suppressions, an hour apart."""
    for hour, (channel, address, reason, category) in enumerate(
        [
            ("email", "a@example.com", "bounce", None),
            ("email", "b@example.com", "opt_out", "news"),
            ("sms", "+31612345678", "opt_out", None),
            ("push", "tok", "dead_token", None),
        ]
    ):
        fake_clock(db, f"2026-11-21 1{hour}:00+00")
        db.execute("select pgwhen.suppress(%s, %s, %s, %s)", [channel, address, reason, category])
    return db


def _addresses(db: Connection, **wanted: Any) -> list[str]:
    query = "select address from pgwhen.list_suppressions(%s)"
    return [address for (address,) in db.execute(query, [json.dumps(wanted)]).fetchall()]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["tok", "+31612345678", "b@example.com", "a@example.com"]),
        ({"channel": "email"}, ["b@example.com", "a@example.com"]),
        ({"address": "A@Example.com"}, ["a@example.com"]),
        ({"address": "06-1234"}, []),
        ({"reason": "opt_out"}, ["+31612345678", "b@example.com"]),
        ({"category": "news"}, ["b@example.com"]),
        ({"source": "nobody"}, []),
        ({"since": "2026-11-21T12:00:00Z"}, ["tok", "+31612345678"]),
        ({"since": "now - 30 minutes"}, ["tok"]),
        ({"max": 2}, ["tok", "+31612345678"]),
    ],
)
def test_filters(some: Connection, wanted: dict[str, Any], found: list[str]) -> None:
    assert _addresses(some, **wanted) == found


def test_pages(some: Connection) -> None:
    first = some.execute("select suppression_id from pgwhen.list_suppressions('{\"max\": 2}')").fetchall()
    assert _addresses(some, before=first[-1][0]) == ["b@example.com", "a@example.com"]


@pytest.mark.parametrize("wanted", [{"who": 1}, {"max": 0}, {"max": "many"}, {"since": "once"}, {"before": "x"}])
def test_what_is_refused(some: Connection, wanted: dict[str, Any]) -> None:
    with pytest.raises(psycopg.Error) as error:
        _addresses(some, **wanted)
    assert error.value.sqlstate == "WF414" and error.value.diag.message_hint


def test_a_viewer_sees_its_tenants(some: Connection, connect: Callable[..., Connection]) -> None:
    with connect("pgwhen_viewer") as session:
        assert len(session.execute("select * from pgwhen.list_suppressions()").fetchall()) == 4
        some.execute("insert into pgwhen.tenants (tenant) values ('acme')")
        some.execute("update pgwhen.suppressions set tenant = 'acme'")
        assert session.execute("select * from pgwhen.list_suppressions()").fetchall() == []
