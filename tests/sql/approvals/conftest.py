"""The database of the tests of approvals."""

import pytest

from tests.conftest import Connect
from tests.sql.approvals.support import Connection, prepare


@pytest.fixture
def db(connect: Connect) -> Connection:
    """A connection as the superuser, with orders to approve."""
    connection = connect()
    prepare(connection)
    return connection
