"""Templates go only when no published step needs them."""

from collections.abc import Callable

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.messages.support import Connection, apply, author_of, message, publish, step


def remove(db: Connection, name: str = "hello") -> None:
    """Remove it."""
    db.execute("select pgwhen.remove_message_template(%s)", [name])


def test_it_goes_and_its_numbers_are_not_used_again(db: Connection) -> None:
    apply(db, message())
    remove(db)
    assert db.execute("select pgwhen._template_sources('default', 'hello')").fetchone() in (None, (None,))
    assert db.execute("select * from pgwhen.list_message_templates()").fetchall() == []
    with pytest.raises(psycopg.Error) as caught:
        remove(db)
    assert caught.value.sqlstate == "WF455"
    plan = apply(db, message())
    assert (plan["plan"], plan["version"]) == ("created", 2)


def test_not_while_a_published_step_needs_it(db: Connection) -> None:
    apply(db, message())
    publish(db, step())
    with pytest.raises(psycopg.Error) as caught:
        remove(db)
    assert caught.value.sqlstate == "WF456" and "w, thank" in (caught.value.diag.message_detail or "")
    db.execute("select pgwhen.archive_workflow('w')")
    remove(db)


def test_a_tenant_gives_its_own_up_for_the_houses(db: Connection, connect: Connect, login: Callable[..., str]) -> None:
    apply(db, message())
    acme = author_of(db, connect, login)
    with pytest.raises(psycopg.Error) as caught:
        remove(acme)
    assert caught.value.sqlstate == "WF456" and "belongs to the tenant default" in str(caught.value)
    apply(acme, message())
    publish(acme, step())
    remove(acme)
    assert acme.execute("select shared from pgwhen.list_message_templates()").fetchall() == [(True,)]


def test_who_may(db: Connection, connect: Connect) -> None:
    apply(db, message())
    for role in ("pgwhen_viewer", "pgwhen_operator"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            remove(connect(user=role))
