"""lift_suppression: one, some, or all of an address."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

Connection = psycopg.Connection[Any]


@pytest.fixture
def three(db: Connection) -> Connection:
    """An address that is suppressed for three reasons, and another."""
    for address, reason, category in [
        ("a@example.com", "bounce", None),
        ("a@example.com", "opt_out", "news"),
        ("a@example.com", "opt_out", "marketing"),
        ("b@example.com", "bounce", None),
    ]:
        db.execute("select pgwhen.suppress('email', %s, %s, %s)", [address, reason, category])
    return db


def _left(db: Connection) -> set[tuple[Any, ...]]:
    return set(db.execute("select address, reason, category from pgwhen.suppressions").fetchall())


def test_all_of_an_address(three: Connection) -> None:
    assert three.execute("select pgwhen.lift_suppression('email', ' A@example.com ')").fetchone() == (3,)
    assert _left(three) == {("b@example.com", "bounce", None)}
    (detail,) = three.execute("select detail from pgwhen.audit_log where command = 'lift_suppression'").fetchone() or ()
    assert [lifted["reason"] for lifted in detail["lifted"]] == ["bounce", "opt_out", "opt_out"]


def test_by_reason_and_category(three: Connection) -> None:
    three.execute("select pgwhen.lift_suppression('email', 'a@example.com', 'opt_out', 'news')")
    assert ("a@example.com", "opt_out", "marketing") in _left(three) and len(_left(three)) == 3
    three.execute("select pgwhen.lift_suppression('email', 'a@example.com', 'opt_out')")
    assert _left(three) == {("a@example.com", "bounce", None), ("b@example.com", "bounce", None)}


def test_nothing_to_lift_is_told(three: Connection) -> None:
    with pytest.raises(psycopg.Error, match=r"nothing is suppressed for c@example\.com by email as bounce") as error:
        three.execute("select pgwhen.lift_suppression('email', 'c@example.com', 'bounce')")
    assert error.value.sqlstate == "WF413"


def test_another_tenants_stay(three: Connection) -> None:
    three.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    three.execute("update pgwhen.suppressions set tenant = 'acme'")
    with pytest.raises(psycopg.Error, match="nothing is suppressed"):
        three.execute("select pgwhen.lift_suppression('email', 'a@example.com')")


def test_an_application_may_not(three: Connection, connect: Callable[..., Connection]) -> None:
    for role in ("pgwhen_app", "pgwhen_author"):
        with connect(role) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("select pgwhen.lift_suppression('email', 'a@example.com')")
