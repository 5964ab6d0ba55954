"""A connection goes when nobody needs it, or by force."""

from collections.abc import Callable

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.connections.support import add, join, known
from tests.sql.engine.support import Connection, claim, count, define, freeze, happen, steps


def remove(db: Connection, name: str = "mail", force: bool = False) -> dict[str, object]:
    row = db.execute("select pgwhen.remove_connection(%s, %s, 'why')", [name, force]).fetchone()
    assert row
    return dict(row[0])


def test_pollers_forget_it(db: Connection) -> None:
    add(db, default=True)
    before = known(db)["connections_revision"]
    assert remove(db) == {
        "name": "mail",
        "origin": "defined",
        "was_default": True,
        "workflows": [],
        "messages": 0,
        "released": 0,
    }
    assert known(db, before)["connections"] == [] and count(db, "pgwhen.connections") == 0
    row = db.execute("select reason, detail ->> 'provider' from pgwhen.audit_log order by audit_id desc").fetchone()
    assert row == ("why", "resend")


def test_steps_that_name_it_keep_it(db: Connection) -> None:
    add(db)
    define(db, [{"id": "a"}], name="letters")
    db.execute('update pgwhen.steps set definition = \'{"connection": "mail"}\'')
    with pytest.raises(psycopg.Error, match="'mail' is in use") as error:
        remove(db)
    assert error.value.sqlstate == "WF406" and error.value.diag.message_detail == "named by letters"
    assert remove(db, force=True)["workflows"] == ["letters"]


def test_notifications_name_it_by_channel(db: Connection) -> None:
    add(db)
    define(db, [{"id": "a"}], name="letters")
    db.execute('update pgwhen.steps set definition = \'{"connections": {"email": "mail"}}\'')
    with pytest.raises(psycopg.Error, match="in use"):
        remove(db)


def test_messages_that_are_to_leave_by_it_keep_it_and_force_lets_go_of_held_ones(db: Connection) -> None:
    add(db)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db)
    db.execute("select pgwhen.pause_connection('mail')")
    freeze(db, actions, "mail")
    assert steps(db) == {"a": "held"}
    with pytest.raises(psycopg.Error) as error:
        remove(db)
    assert error.value.diag.message_detail == "messages that are to leave by it: 1"
    done = remove(db, force=True)
    assert (done["messages"], done["released"]) == (1, 1)
    assert steps(db) == {"a": "queued"} and count(db, "pgwhen.held") == 0


def test_other_tenants_count_where_it_is_the_common_one(db: Connection, login: Callable[..., str]) -> None:
    add(db)
    define(db, [{"id": "a"}], name="letters")
    db.execute('update pgwhen.steps set definition = \'{"connection": "mail"}\'')
    dsn = login("pgwhen_operator")
    join(db, "test_pgwhen_operator", "acme")
    db.execute("update pgwhen.workflows set tenant = 'acme'")
    with pytest.raises(psycopg.Error) as error:
        remove(db)
    assert error.value.diag.message_detail == "named by acme/letters"
    with psycopg.connect(dsn, autocommit=True) as acme:
        with pytest.raises(psycopg.Error, match="does not exist"):
            remove(acme)
        add(acme)
    assert remove(db)["workflows"] == []


def test_one_of_the_environment_comes_back(db: Connection) -> None:
    claim(db)
    assert remove(db, "smtp")["origin"] == "environment"
    db.execute("update pgwhen.pollers set seen_at = seen_at - interval '1 minute'")
    claim(db)
    assert db.execute("select name, origin from pgwhen.connections").fetchall() == [("smtp", "environment")]


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_poller"])
def test_only_operators_may(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        remove(connect(role))
