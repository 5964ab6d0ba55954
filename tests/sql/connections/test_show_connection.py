"""One connection, and who uses it."""

from collections.abc import Callable

import psycopg
import pytest

from tests.sql.connections.support import add, join
from tests.sql.engine.support import Connection, claim, define, freeze, happen


def show(db: Connection, name: str = "mail") -> dict[str, object]:
    row = db.execute("select pgwhen.show_connection(%s)", [name]).fetchone()
    assert row
    return dict(row[0])


def test_who_uses_it(db: Connection) -> None:
    add(db)
    workflow = define(db, [{"id": "a"}], name="letters")
    db.execute('update pgwhen.steps set definition = \'{"connection": "mail"}\'')
    happen(db, workflow, {"id": 1}, {"id": 2})
    freeze(db, claim(db)[:1], "mail")
    shown = show(db)
    assert (shown["workflows"], shown["under_way"], shown["held"]) == (["letters"], 1, 0)


def test_of_a_shared_one_the_settings_are_the_houses(db: Connection, login: Callable[..., str]) -> None:
    add(db)
    dsn = login("pgwhen_viewer")
    join(db, "test_pgwhen_viewer", "acme")
    with psycopg.connect(dsn, autocommit=True) as acme:
        shown = show(acme)
        assert shown["shared"] is True
        assert {shown[name] for name in ("settings", "secrets", "workflows", "under_way")} == {None}
        with pytest.raises(psycopg.Error, match="does not exist") as error:
            show(acme, "nope")
    assert error.value.sqlstate == "WF201"
