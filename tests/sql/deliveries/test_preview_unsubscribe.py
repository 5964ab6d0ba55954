"""What the page behind an unsubscribe link shows; the link itself is tested in test_unsubscribe.py."""

import pytest

from tests.sql.deliveries.support import Db


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ann@example.com", "a***@example.com"),
        ("é@example.com", "é***@example.com"),
        ('"a@b"@example.com', '"***@example.com'),
        ("+31612345678", "+31***78"),
        ("+3161", "***"),
    ],
)
def test_an_address_is_masked(db: Db, address: str, shown: str) -> None:
    assert db.execute("select pgwhen._masked_address(%s)", [address]).fetchone() == (shown,)
