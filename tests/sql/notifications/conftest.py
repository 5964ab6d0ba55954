"""The database of the tests of notifications."""

import pytest

from tests.conftest import Connect
from tests.sql.notifications.support import Connection, prepare


@pytest.fixture
def db(connect: Connect) -> Connection:
    """A connection as the superuser, with tickets to tell of."""
    connection = connect()
    prepare(connection)
    return connection
