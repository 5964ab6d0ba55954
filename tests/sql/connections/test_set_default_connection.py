"""What steps leave by that name none."""

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.connections.support import add, audited, known
from tests.sql.engine.support import Connection, claim


def defaults(db: Connection) -> list[str]:
    return [row["name"] for row in known(db)["connections"] if row["is_default"]]


def test_another_takes_its_place_and_it_can_be_none(db: Connection) -> None:
    for name in ("a", "b"):
        add(db, name)
    add(db, "text", "sms", "twilio", default=True)
    for name in ("a", "b", "b"):
        db.execute("select pgwhen.set_default_connection(%s)", [name])
    assert defaults(db) == ["b", "text"]
    db.execute("select pgwhen.set_default_connection('a', false)")
    assert defaults(db) == ["b", "text"]
    db.execute("select pgwhen.set_default_connection('b', false)")
    assert defaults(db) == ["text"]
    assert audited(db)[3:] == [("set_default_connection", name) for name in ("a", "b", "b")]


def test_those_of_the_environment_are_chosen_there(db: Connection) -> None:
    claim(db)
    with pytest.raises(psycopg.Error, match="comes from the environment") as error:
        db.execute("select pgwhen.set_default_connection('smtp')")
    assert error.value.sqlstate == "WF407" and "PGWHEN_EMAIL=smtp" in (error.value.diag.message_hint or "")


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_poller"])
def test_only_operators_may(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute("select pgwhen.set_default_connection('mail')")
