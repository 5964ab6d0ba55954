"""Who may resume what (what it does: test_pause_connection)."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, claim, count, define, freeze, happen, steps


def test_a_shared_connection_is_resumed_by_the_house_for_all_tenants(db: Connection, login: Any) -> None:
    workflow = define(db, [{"id": "a"}])
    happen(db, workflow, {"id": 1})
    actions = claim(db)
    db.execute("select pgwhen.pause_connection('smtp')")
    freeze(db, actions, "smtp")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("update pgwhen.held set tenant = 'other'")
    dsn = login("pgwhen_operator")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_operator', 'other')")
    with psycopg.connect(dsn, autocommit=True) as other, pytest.raises(psycopg.Error, match="does not exist"):
        other.execute("select pgwhen.resume_connection('smtp')")
    assert steps(db) == {"a": "held"}
    assert db.execute("select pgwhen.resume_connection('smtp')").fetchone() == ({"resumed": True, "released": 1},)


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_poller"])
def test_only_operators_may(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute("select pgwhen.resume_connection('smtp')")


def test_the_order_of_the_queue_is_that_of_the_events(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), *({"id": n} for n in range(5)))
    actions = claim(db)
    db.execute("select pgwhen.pause_connection('smtp')")
    freeze(db, actions[::-1], "smtp")
    db.execute("select pgwhen.resume_connection('smtp')")
    assert count(db, "pgwhen.held") == 0
    queue = db.execute("select message ->> 'execution' from pgmq.q_pgwhen_actions order by msg_id").fetchall()
    assert len(queue) == 5 and queue == sorted(queue)
