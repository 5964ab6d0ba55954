"""suppress: by whom, how an address is written, what is refused."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.sql.engine.support import fake_clock

Connection = psycopg.Connection[Any]


def _rows(db: Connection) -> list[tuple[Any, ...]]:
    return db.execute(
        "select channel, address, category, reason, source from pgwhen.suppressions order by 1, 2"
    ).fetchall()


def test_an_application_and_an_operator_may_a_viewer_may_not(
    db: Connection, connect: Callable[..., Connection]
) -> None:
    for role, allowed in [
        ("pgwhen_app", True),
        ("pgwhen_operator", True),
        ("pgwhen_viewer", False),
        ("pgwhen_poller", False),
    ]:
        with connect(role) as session:
            call = f"select pgwhen.suppress('email', '{role}@example.com', 'opt_out', 'news')"
            if allowed:
                assert session.execute(call).fetchone() == (True,)
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(call)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute("select * from pgwhen.suppressions")
    assert [row[1] for row in _rows(db)] == ["pgwhen_app@example.com", "pgwhen_operator@example.com"]


def test_the_same_again_changes_nothing_and_another_reason_is_another_one(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    query = "select pgwhen.suppress('sms', %s, %s)"
    assert db.execute(query, ["+31 6 1234-5678", "opt_out"]).fetchone() == (True,)
    fake_clock(db, "2026-11-22 12:00+00")
    assert db.execute(query, ["0031612345678", "opt_out"]).fetchone() == (False,)
    assert db.execute(query, ["31612345678", "bounce"]).fetchone() == (True,)
    assert [row[3] for row in _rows(db)] == ["opt_out", "bounce"]
    assert db.execute("select min(at)::text from pgwhen.suppressions").fetchone() == ("2026-11-21 12:00:00+00",)
    assert (
        db.execute("select command, target from pgwhen.audit_log").fetchall() == [("suppress", "sms:+31612345678")] * 2
    )


def test_it_is_the_callers_tenant(db: Connection, connect: Callable[..., Connection]) -> None:
    with connect("pgwhen_app") as session:
        (user,) = session.execute("select session_user::text").fetchone() or ()
        db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
        db.execute("insert into pgwhen.tenant_roles values (%s, 'acme')", [user])
        session.execute("select pgwhen.suppress('email', 'a@example.com')")
    assert db.execute("select tenant from pgwhen.suppressions").fetchall() == [("acme",)]


def test_who_acted_is_its_source(db: Connection) -> None:
    db.execute("select set_config('pgwhen.actor', 'anna', false)")
    db.execute("select pgwhen.suppress('chat', 'C1')")
    assert _rows(db) == [("chat", "C1", None, "manual", "anna")]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (["fax", "1", "manual", None], "WF410"),
        ([None, "a@example.com", "manual", None], "WF410"),
        (["email", None, "manual", None], "WF411"),
        (["email", "", "manual", None], "WF411"),
        (["email", "a@b\r\nBcc: c@d", "manual", None], "WF411"),
        (["email", "a" * 5000 + "@example.com", "manual", None], "WF411"),
        (["sms", "call me", "manual", None], "WF411"),
        (["sms", "+31612345678901234", "manual", None], "WF411"),
        (["push", " ", "manual", None], "WF411"),
        (["email", "a@example.com", "because", None], "WF412"),
        (["email", "a@example.com", None, None], "WF412"),
        (["email", "a@example.com", "opt_out", "transactional"], "WF412"),
        (["email", "a@example.com", "opt_out", "'; drop table"], "WF412"),
    ],
)
def test_what_is_refused(db: Connection, values: list[str | None], code: str) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select pgwhen.suppress(%s, %s, %s, %s)", values)
    assert error.value.sqlstate == code and error.value.diag.message_hint
    assert _rows(db) == []
