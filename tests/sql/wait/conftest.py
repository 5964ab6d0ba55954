import pytest

from tests.sql.wait.support import TABLES, App, Db


@pytest.fixture
def app(db: Db) -> App:
    """The application, and a clock that stands at noon on 5 January 2026."""
    db.execute(TABLES)
    app = App(db)
    app.at("2026-01-05T12:00:00Z")
    return app
