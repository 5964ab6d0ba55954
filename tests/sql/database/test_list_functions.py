"""The list of functions that workflows may call."""

from tests.conftest import Connect
from tests.sql.database.support import Connection


def test_a_function_that_was_dropped_or_belongs_to_another_tenant(db: Connection, connect: Connect) -> None:
    db.execute(
        "create function f() returns int language sql return 1; create function g(a int) returns int language sql"
        " return 1;"
        "select pgwhen.register_function('f()', 'first'), pgwhen.register_function('g(int)'); drop function f()"
    )
    expected = [
        ("public.f()", {}, "first", "there is no such function"),
        ("public.g(integer)", {"a": "integer"}, None, None),
    ]
    query = "select function, arguments, description, problem from pgwhen.list_functions()"
    assert connect(user="pgwhen_viewer").execute(query).fetchall() == expected
    db.execute(
        "insert into pgwhen.tenants (tenant) values ('other'); insert into pgwhen.tenant_roles values"
        " ('pgwhen_viewer', 'other')"
    )
    assert connect(user="pgwhen_viewer").execute(query).fetchall() == []
