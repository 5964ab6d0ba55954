"""Whose session it is."""

from collections.abc import Callable

import psycopg

from tests.sql.engine.support import Connection


def test_a_login_without_a_row_works_for_the_tenant_default(db: Connection, login: Callable[..., str]) -> None:
    dsn = login("pgwhen_viewer")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    query = "select pgwhen.current_tenant()"
    with psycopg.connect(dsn, autocommit=True) as viewer:
        assert viewer.execute(query).fetchone() == ("default",)
        db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_viewer', 'other')")
        assert viewer.execute(query).fetchone() == ("other",)
        viewer.execute("set pgwhen.tenant = 'default'")
        assert viewer.execute(query).fetchone() == ("other",), "a session cannot choose"
