"""One document: whose it is, and who may ask."""

from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.documents.support import Connection, stored


def test_its_bytes(db: Connection) -> None:
    id_ = stored(db, bytes(range(256)))
    row = db.execute("select file, media_type, size, content from pgwhen.get_document(%s)", [id_]).fetchone()
    assert row and row[:3] == ("a.txt", "text/plain", 256) and bytes(row[3]) == bytes(range(256))


@pytest.mark.parametrize("given", [uuid4(), None])
def test_one_that_is_not_there(db: Connection, given: object) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select * from pgwhen.get_document(%s::uuid)", [given])
    assert error.value.sqlstate == "WF441" and "pgwhen documents lists them" in str(error.value.diag.message_hint)


def test_another_tenant_does_not_see_it(db: Connection, connect: Connect, login: Callable[..., str]) -> None:
    id_ = stored(db)
    db.execute("insert into pgwhen.tenants (tenant) values ('acme') on conflict do nothing")
    login("pgwhen_viewer")
    db.execute("insert into pgwhen.tenant_roles (role_name, tenant) values ('test_pgwhen_viewer', 'acme')")
    theirs = connect(user="test_pgwhen_viewer")
    with pytest.raises(psycopg.Error) as error:
        theirs.execute("select * from pgwhen.get_document(%s)", [id_])
    assert error.value.sqlstate == "WF441"
    assert theirs.execute("select count(*) from pgwhen.list_documents()").fetchone() == (0,)


@pytest.mark.parametrize("role", ["pgwhen_poller", "pgwhen_app", "pgwhen_actions"])
def test_a_role_that_may_not(connect: Connect, role: str) -> None:
    connection = connect(user=role)
    for call in ("get_document(gen_random_uuid())", "list_documents()"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"select * from pgwhen.{call}")
