"""The tests of find_events compare the two for every filter."""

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection


def test_none(db: Connection) -> None:
    assert db.execute("select pgwhen.count_events()").fetchone() == (0,)


def test_wrong_role(connect: Connect) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect("pgwhen_app").execute("select pgwhen.count_events()")
