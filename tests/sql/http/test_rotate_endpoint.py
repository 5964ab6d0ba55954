"""A secret is replaced, and the old one counts for a while."""

import psycopg
import pytest

from tests.sql.engine.support import fake_clock
from tests.sql.http.support import Connection, add, one, show


def rotate(db: Connection, secret: str, overlap: str = "24 hours") -> list[str]:
    found = one(db, "select pgwhen.rotate_endpoint('orders', %s, %s)", secret, overlap)
    return [entry["reference"] for entry in found]


def test_both_sign_until_the_overlap_ends(db: Connection) -> None:
    fake_clock(db, "2026-03-01 12:00+00")
    add(db)
    assert rotate(db, "env:TWO") == ["env:TWO", "env:ORDERS_SECRET"]
    assert show(db)["signing"] == ["env:TWO", "env:ORDERS_SECRET"]
    assert rotate(db, "file:/run/secrets/three", "1 hour") == [
        "file:/run/secrets/three",
        "env:TWO",
        "env:ORDERS_SECRET",
    ]
    fake_clock(db, "2026-03-01 13:01+00")
    assert show(db)["signing"] == ["file:/run/secrets/three"]
    # What has ended goes with the next rotation.
    assert rotate(db, "env:FOUR", "0 seconds") == ["env:FOUR"]
    assert show(db)["signing"] == ["env:FOUR"]


def test_the_poller_gets_references_only(db: Connection) -> None:
    add(db)
    rotate(db, "env:TWO")
    found = one(db, "select pgwhen._endpoint('default', 'orders')")
    assert found == {
        "name": "orders",
        "url": "https://example.com/webhooks",
        "status": "active",
        "reason": None,
        "wait": None,
        "secrets": ["env:TWO", "env:ORDERS_SECRET"],
    }
    assert one(db, "select pgwhen._endpoint('other', 'orders')") is None


def test_back_to_a_former_secret(db: Connection) -> None:
    add(db)
    rotate(db, "env:TWO")
    assert rotate(db, "env:ORDERS_SECRET") == ["env:ORDERS_SECRET", "env:TWO"]


@pytest.mark.parametrize(
    ("secret", "overlap", "code"),
    [
        ("env:ORDERS_SECRET", "1 hour", "WF435"),
        ("env:TWO", "-1 hour", "WF435"),
        ("env:TWO", "31 days", "WF435"),
        ("env:TWO", None, "WF435"),
        ("whsec_c2VjcmV0", "1 hour", "WF432"),
    ],
)
def test_what_is_wrong_is_refused(db: Connection, secret: str, overlap: str | None, code: str) -> None:
    add(db)
    with pytest.raises(psycopg.Error) as error:
        db.execute("select pgwhen.rotate_endpoint('orders', %s, %s)", [secret, overlap])
    assert error.value.sqlstate == code
