"""A function that workflows may no longer call."""

import psycopg
import pytest

from tests.sql.database.support import Connection, publish, rows, work


def test_published_steps_fail_from_then_on(db: Connection) -> None:
    db.execute(
        "create function f(a int default 1) returns int language sql return 1; select"
        " pgwhen.register_function('f(int)')"
    )
    name = publish(db, {"type": "call", "function": "f"})
    assert db.execute("select pgwhen.unregister_function('f')").fetchone() == ({"function": "public.f(integer)"},)
    db.execute("select pgwhen.emit_event(%s)", [f"{name}.go"])
    work(db)
    assert [(row["status"], row["error"]["code"]) for row in rows(db, name)] == [("failed", "WF263")]


def test_what_is_not_registered_or_ambiguous(db: Connection) -> None:
    db.execute(
        "create function f(a int) returns int language sql return 1; create function f(a text) returns int language"
        " sql return 1;"
        "select pgwhen.register_function('f(int)'), pgwhen.register_function('f(text)')"
    )
    for name in ("f", "g"):
        with pytest.raises(psycopg.Error) as caught:
            db.execute("select pgwhen.unregister_function(%s)", [name])
        assert caught.value.sqlstate == "WF266"
    db.execute("select pgwhen.unregister_function('public.f(text)')")
    assert db.execute("select function from pgwhen.list_functions()").fetchall() == [("public.f(integer)",)]
