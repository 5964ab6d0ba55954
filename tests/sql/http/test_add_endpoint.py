"""Receivers of webhooks are registered."""

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, count
from tests.sql.http.support import URL, add, show


def test_it_is_there_afterwards(db: Connection) -> None:
    assert add(db) == "added"
    found = show(db)
    assert {
        name: found[name] for name in ("name", "url", "status", "reason", "failing_since", "signing", "workflows")
    } == {
        "name": "orders",
        "url": URL,
        "status": "active",
        "reason": None,
        "failing_since": None,
        "signing": ["env:ORDERS_SECRET"],
        "workflows": [],
    }
    assert db.execute("select command, target, detail from pgwhen.audit_log").fetchall() == [
        ("add_endpoint", "orders", {"url": URL})
    ]


def test_a_name_is_taken_once_a_tenant(db: Connection, connect: Connect) -> None:
    add(db)
    with pytest.raises(psycopg.Error, match="is there already") as error:
        add(db, url="https://other.example")
    assert error.value.sqlstate == "WF434" and error.value.diag.message_detail == f"Address: {URL}"
    db.execute("insert into pgwhen.tenants values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('pgwhen_operator', 'other')")
    theirs = connect(user="pgwhen_operator")
    assert theirs.execute("select * from pgwhen.list_endpoints()").fetchall() == []
    assert add(theirs) == "added"
    assert count(db, "pgwhen.endpoints") == 2


@pytest.mark.parametrize(
    "url",
    [
        *(
            None,
            "",
            "example.com",
            "ftp://example.com",
            "https://",
            "https://me:pw@example.com/",
            "https://@example.com",
        ),
        *("https://example.com/#x", "https://exam ple.com", "https://example.com/a b", "https://example.com/\nX: y"),
        *("https://example.com\\@evil.com", "javascript:alert(1)", "https://example.com/" + "a" * 2000, "HTTP://x"),
    ],
)
def test_an_address_that_cannot_be_called_is_refused(db: Connection, url: str | None) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select pgwhen.add_endpoint('orders', %s, 'env:A')", [url])
    assert error.value.sqlstate == "WF431"
    assert "pw" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1:8080/x", "https://exämple.com/hooks?a=b&c=%20", "https://[::1]/", "https://x?y"]
)
def test_other_addresses_are_taken(db: Connection, url: str) -> None:
    assert add(db, url=url) == "added"


@pytest.mark.parametrize(
    "secret", [None, "", "whsec_c2VjcmV0", "s3cret", "env:", "env:A-B", "file:relative", "vault:x", "env:A\nB"]
)
def test_a_secret_itself_is_refused_and_not_repeated(db: Connection, secret: str | None) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select pgwhen.add_endpoint('orders', 'https://x.test', %s)", [secret])
    assert error.value.sqlstate == "WF432"
    assert not secret or secret == "env:" or secret not in str(error.value) + (error.value.diag.message_detail or "")


@pytest.mark.parametrize("name", [None, "", "Orders", "1st", "a b", "a" * 41, "é", "a;drop table x"])
def test_a_name_is_an_identifier(db: Connection, name: str | None) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select pgwhen.add_endpoint(%s, 'https://x.test', 'env:A')", [name])
    assert error.value.sqlstate == "WF433"


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_app", "pgwhen_poller"])
def test_only_operators_may(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(user=role).execute("select pgwhen.add_endpoint('a', 'https://x.test', 'env:A')")
