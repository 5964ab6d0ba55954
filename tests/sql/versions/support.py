"""A workflow in several versions, and executions of it."""

from typing import Any

import psycopg
import pytest

from tests.sql.language.support import call
from tests.sql.wait.support import TABLES, App

Db = psycopg.Connection[Any]


def app(db: Db) -> App:
    """Leads and their workflows, at a fixed time."""
    db.execute(TABLES)
    db.execute("grant select on leads to pgwhen_actions")
    made = App(db)
    made.at("2026-01-05T12:00:00Z")
    return made


def http(step_id: str, **keys: Any) -> dict[str, Any]:
    """An action."""
    return {"id": step_id, "type": "http", "url": "https://example.com/" + step_id, **keys}


def refused(code: str) -> Any:
    """Expect an error of pgwhen."""

    class Raises:
        def __enter__(self) -> None:
            self.inner = pytest.raises(psycopg.DatabaseError)
            self.raised = self.inner.__enter__()

        def __exit__(self, *error: Any) -> Any:
            result = self.inner.__exit__(*error)
            assert self.raised.value.sqlstate == code
            return result

    return Raises()


__all__ = ["App", "Db", "app", "call", "http", "refused"]
