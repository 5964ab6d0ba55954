from collections.abc import Callable

import pytest

from tests.sql.context.support import Db, World


@pytest.fixture
def world(db: Db, connect: Callable[..., Db]) -> World:
    """A database in which nothing is published yet."""
    return World(db, connect(user="pgwhen_owner"))
