"""Which functions call steps may call."""

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.database.support import Connection


def test_it_is_listed_with_what_is_missing(db: Connection) -> None:
    db.execute(
        "create schema billing; create function billing.charge(client bigint, amount numeric) returns bool language"
        " sql return true"
    )
    row = db.execute("select pgwhen.register_function('billing.charge(bigint, numeric)', 'takes money')").fetchone()
    assert row == (
        {"function": "billing.charge(bigint,numeric)", "grants": ["grant usage on schema billing to pgwhen_actions"]},
    )
    db.execute("select pgwhen.register_function('billing.charge(bigint, numeric)')")
    assert db.execute("select function, arguments, description, problem from pgwhen.list_functions()").fetchall() == [
        (
            "billing.charge(bigint,numeric)", {"client": "bigint", "amount": "numeric"}, "takes money",
            "grant usage on schema billing to pgwhen_actions",
        )
    ]  # fmt: skip
    assert (
        db.execute("select command, target from pgwhen.audit_log").fetchall()
        == [("register_function", "billing.charge(bigint,numeric)")] * 2
    )


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("create procedure f() language sql as 'select 1'", "f()"),
        ("create aggregate f(int) (sfunc = int4pl, stype = int)", "f(int)"),
        ("create function f() returns trigger language plpgsql as 'begin return new; end'", "f()"),
        ("create function f(int) returns int language sql return 1", "f(int)"),
        ("create function f(variadic a int[]) returns int language sql return 1", "f(int[])"),
        ("create function f(a anyelement) returns int language sql as 'select 1'", "f(anyelement)"),
        ("select 1", "pg_sleep(double precision)"),
        ("select 1", "pgwhen.tick(integer)"),
    ],
)
def test_not_everything_can_be_called(db: Connection, made: str, name: str) -> None:
    db.execute(made)  # type: ignore[arg-type]
    with pytest.raises(psycopg.Error) as caught:
        db.execute("select pgwhen.register_function(%s)", [name])
    assert caught.value.sqlstate == "WF264"


def test_only_its_owner_may(db: Connection, connect: Connect) -> None:
    db.execute("create function f() returns int language sql return 1")
    with pytest.raises(psycopg.Error) as caught:
        connect(user="pgwhen_author").execute("select pgwhen.register_function('f()')")
    assert caught.value.sqlstate == "WF265"
    db.execute("create function g() returns int language sql return 1; alter function g() owner to pgwhen_author")
    connect(user="pgwhen_author").execute("select pgwhen.register_function('g()')")


def test_nobody_else_may_call_it(connect: Connect) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(user="pgwhen_operator").execute("select pgwhen.register_function('now()')")
