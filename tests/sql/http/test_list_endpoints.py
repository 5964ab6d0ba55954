"""Endpoints of the tenant, for whoever looks."""

from tests.conftest import Connect
from tests.sql.http.support import Connection, add, one


def test_they_are_listed_by_name(db: Connection, connect: Connect) -> None:
    add(db, "orders")
    add(db, "invoices", "http://10.0.0.1/x")
    one(db, "select pgwhen.disable_endpoint('orders', 'x')")
    rows = (
        connect(user="pgwhen_viewer")
        .execute("select name, url, status, reason, disabled_at is null, held from pgwhen.list_endpoints()")
        .fetchall()
    )
    assert rows == [
        ("invoices", "http://10.0.0.1/x", "active", None, True, 0),
        ("orders", "https://example.com/webhooks", "disabled", "x", False, 0),
    ]
