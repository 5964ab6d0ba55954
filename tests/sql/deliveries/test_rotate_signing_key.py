"""The key of unsubscribe links is changed by operators of the tenant default; see test_unsubscribe.py for old links."""

from typing import Any

import psycopg
import pytest

from tests.sql.deliveries.support import Db


def test_it_makes_another_key(db: Db) -> None:
    assert db.execute("select pgwhen.rotate_signing_key('yearly')").fetchone() == (2,)
    rows = db.execute("select octet_length(key) from pgwhen.signing_keys").fetchall()
    assert rows == [(32,), (32,)]
    assert db.execute("select count(distinct key) from pgwhen.signing_keys").fetchone() == (2,)
    audit = db.execute("select target, reason from pgwhen.audit_log where command = 'rotate_signing_key'").fetchall()
    assert audit == [("2", "yearly")]


def test_a_tenant_may_not(db: Db, login: Any) -> None:
    dsn = login("pgwhen_operator")
    user = dsn.split("//")[1].split("@")[0]
    db.execute("insert into pgwhen.tenants values ('acme') on conflict do nothing")
    db.execute("insert into pgwhen.tenant_roles values (%s, 'acme')", [user])
    with psycopg.connect(dsn, autocommit=True) as other, pytest.raises(psycopg.errors.Error) as error:
        other.execute("select pgwhen.rotate_signing_key()")
    assert error.value.sqlstate == "WF467"
