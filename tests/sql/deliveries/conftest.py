import pytest

from tests.sql.deliveries.support import Db, Mail, start


@pytest.fixture
def mail(db: Db) -> Mail:
    """An application that sends, and the clock at noon on 5 January 2026."""
    return start(db)
