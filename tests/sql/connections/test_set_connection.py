"""Settings and references change, and pollers hear of it."""

import json
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.connections.support import add, audited, known
from tests.sql.engine.support import Connection, claim


def change(db: Connection, name: str, settings: Any = None, secrets: Any = None) -> Any:
    row = db.execute(
        "select pgwhen.set_connection(%s, %s, %s)", [name, json.dumps(settings or {}), json.dumps(secrets or {})]
    ).fetchone()
    assert row
    return row[0]


def test_what_is_named_changes_and_null_removes(db: Connection) -> None:
    add(db, settings={"from": "a@example.com", "base_url": "https://x", "rate": "1 per day", "concurrency": 2})
    before = known(db)["connections_revision"]
    made = change(db, "mail", {"from": "b@example.com", "base_url": None, "rate": None}, {"key": "file:/run/key"})
    assert made["settings"] == {"from": "b@example.com"} and made["secrets"] == {"key": "file:/run/key"}
    assert made["rate"] is None and made["concurrency"] == 2
    assert known(db, before)["connections"][0]["settings"] == {"from": "b@example.com"}
    assert change(db, "mail", {"concurrency": None})["concurrency"] is None
    assert audited(db)[1:] == [("set_connection", "mail")] * 2


def test_of_the_environments_only_rate_and_concurrency(db: Connection) -> None:
    claim(db)
    made = change(db, "smtp", {"rate": "10 per second", "concurrency": 3})
    assert (made["origin"], made["rate"], made["concurrency"]) == ("environment", "10 per second", 3)
    assert known(db)["connections"] == []
    for settings, secrets in (({"from": "a@x"}, None), (None, {"url": "env:X"})):
        with pytest.raises(psycopg.Error, match="comes from the environment") as error:
            change(db, "smtp", settings, secrets)
        assert error.value.sqlstate == "WF407"


def test_what_is_wrong_changes_nothing(db: Connection) -> None:
    add(db)
    before = known(db)
    with pytest.raises(psycopg.Error) as error:
        change(db, "mail", {"from": "b@example.com", "rate": "fast"})
    assert error.value.sqlstate == "WF402" and known(db) == before
    with pytest.raises(psycopg.Error, match="does not exist") as error:
        change(db, "nope", {"from": "b@example.com"})
    assert error.value.sqlstate == "WF201"


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_poller"])
def test_only_operators_may(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        change(connect(role), "mail")
