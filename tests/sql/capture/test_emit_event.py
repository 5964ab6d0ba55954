"""Events that no row shows."""

import threading
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.capture.support import Connection, make_role, messages, value

EMIT = "select pgwhen.emit_event(%s, %s::jsonb, %s, %s)"


def emit(
    connection: Connection,
    event_type: str | None = "invoice.overdue",
    given: str | None = '{"id": 7}',
    key: str | None = None,
    tenant: str | None = None,
) -> Any:
    """Id of the event."""
    return value(connection, EMIT, event_type, given, key, tenant)


def test_the_message(db: Connection) -> None:
    db.execute("set pgwhen.actor = 'Ann'")
    emit(db)
    assert messages(db) == [
        {
            "v": 1,
            "operation": "event",
            "type": "invoice.overdue",
            "tenant": "default",
            "input": {"id": 7},
            "actor": "Ann",
        }
    ]


def test_the_id_is_the_events(db: Connection) -> None:
    event_id = emit(db)
    assert value(db, "select pgwhen._event_id(enqueued_at, msg_id) from pgmq.q_pgwhen_events") == event_id


def test_defaults(db: Connection) -> None:
    db.execute("select pgwhen.emit_event('ping')")
    assert messages(db)[0]["input"] == {}


def test_a_cause_in_test_mode(db: Connection) -> None:
    db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    db.execute("""set pgwhen.cause = '{"execution": "00000000-0000-0000-0000-000000000001", "depth": 2}'""")
    emit(db)
    assert messages(db)[0]["cause"] == {"execution": "00000000-0000-0000-0000-000000000001", "depth": 2}


def test_it_rolls_back(connect: Connect, db: Connection) -> None:
    other = connect(autocommit=False)
    emit(other, key="k")
    other.rollback()
    assert messages(db) == []
    assert emit(db, key="k")
    assert len(messages(db)) == 1


def test_a_key_counts_once_per_type_and_tenant(db: Connection) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    first = emit(db, key="a")
    assert emit(db, given='{"other": 1}', key="a") == first
    ids = {
        first,
        emit(db, key="b"),
        emit(db, "invoice.paid", key="a"),
        emit(db, key="a", tenant="acme"),
        emit(db),
        emit(db),
    }
    assert len(ids) == 6
    assert len(messages(db)) == 6


def test_a_key_counts_once_in_two_sessions(connect: Connect, db: Connection) -> None:
    first, second = connect(autocommit=False), connect()
    event_id = emit(first, key="a")
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(emit(second, key="a")))
    thread.start()
    while not value(db, "select count(*) from pg_locks where not granted and pid = %s", second.info.backend_pid):
        pass
    first.commit()
    thread.join()
    assert results == [event_id]
    assert len(messages(db)) == 1


def test_a_key_is_free_when_the_first_rolls_back(connect: Connect, db: Connection) -> None:
    first, second = connect(autocommit=False), connect()
    event_id = emit(first, key="a")
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(emit(second, key="a")))
    thread.start()
    while not value(db, "select count(*) from pg_locks where not granted and pid = %s", second.info.backend_pid):
        pass
    first.rollback()
    thread.join()
    assert results != [event_id]
    assert len(messages(db)) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"event_type": None}, "WF115"),
        ({"event_type": ""}, "WF115"),
        ({"event_type": "Invoice.overdue"}, "WF115"),
        ({"event_type": "invoice overdue"}, "WF115"),
        ({"event_type": "invoice:overdue"}, "WF115"),
        ({"event_type": ".a"}, "WF115"),
        ({"event_type": "a" * 101}, "WF115"),
        ({"given": None}, "WF116"),
        ({"given": "null"}, "WF116"),
        ({"given": "[]"}, "WF116"),
        ({"given": '"x"'}, "WF116"),
        ({"given": '{"x": "' + "a" * 1024 * 1024 + '"}'}, "WF117"),
        ({"key": ""}, "WF118"),
        ({"key": "k" * 201}, "WF118"),
        ({"tenant": "acme"}, "WF119"),
    ],
)
def test_what_is_refused(db: Connection, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        emit(db, **arguments)
    assert caught.value.sqlstate == code
    assert caught.value.diag.message_hint
    assert messages(db) == []


def test_longest_type_and_key(db: Connection) -> None:
    emit(db, "a" * 100, key="ü" * 200)
    assert len(messages(db)) == 1


def test_the_application_emits_for_its_tenant(connect: Connect, db: Connection) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    make_role(db, "capture_acme", "pgwhen_app")
    db.execute("insert into pgwhen.tenant_roles values ('capture_acme', 'acme')")
    app = connect(user="capture_acme")
    emit(app)
    emit(app, tenant="acme")
    assert [m["tenant"] for m in messages(db)] == ["acme", "acme"]
    with pytest.raises(psycopg.Error, match="capture_acme works for tenant acme, not for default") as caught:
        emit(app, tenant="default")
    assert caught.value.sqlstate == "WF119"


def test_others_may_not(connect: Connect, db: Connection) -> None:
    make_role(db, "capture_stranger")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        emit(connect(user="capture_stranger"))


def test_it_wakes_a_sleeping_poller(connect: Connect, db: Connection) -> None:
    sleeper = connect()
    sleeper.execute("listen pgwhen_doorbell")
    emit(db)
    assert list(sleeper.notifies(timeout=0.05)) == []
    sleeper.execute("select pg_advisory_lock(hashtextextended('pgwhen.doorbell', 0))")
    emit(db)
    assert len(list(sleeper.notifies(timeout=5, stop_after=1))) == 1
