"""The queue of pgmq is as our INSERT expects it, and what happens where it is not."""

from pathlib import Path

import pytest

from pgwhen.cli.migrate import migrate_database
from tests.sql.capture.support import LEADS, Connection, attach, changes, subscribe, value

CHECK = "select pgwhen._check_queue_shape()"


def test_pgmq_as_it_is_installed(db: Connection) -> None:
    assert value(db, CHECK) is None
    assert value(db, "select pgwhen._check_queue_shape('pgwhen_actions')") is None
    assert value(db, "select pgwhen._check_queue_shape('nothing')") == "there is no table pgmq.q_nothing"


def test_other_queues(db: Connection) -> None:
    db.execute("select pgmq.create('another')")
    assert value(db, "select pgwhen._check_queue_shape('another')") is None
    db.execute("select pgmq.create_unlogged('quick')")
    assert value(db, "select pgwhen._check_queue_shape('quick')") == (
        "pgmq.q_quick is unlogged: a crash would lose events"
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("add column extra text", None),
        ("add column extra text not null default ''", None),
        ("drop column headers", None),
        ("add column extra text not null", "pgmq.q_another: extra has no default"),
        ("alter column message type json", "pgmq.q_another: message is json, not jsonb"),
        ("rename column vt to visible_at", "pgmq.q_another: vt is missing, not timestamp with time zone"),
    ],
)
def test_what_matters(db: Connection, change: str, problem: str | None) -> None:
    db.execute("select pgmq.create('another')")
    db.execute(f"alter table pgmq.q_another {change}".encode())
    assert value(db, "select pgwhen._check_queue_shape('another')") == problem


def test_an_unknown_shape_is_served_by_pgmq_itself(db: Connection, dsn: str) -> None:
    """A pgmq whose table we do not know: applications go on writing, and a known one is fast again."""
    db.execute(LEADS)
    attachment = attach(db, "leads")["attachment"]
    db.execute("alter table pgmq.q_pgwhen_events add column shard text not null default 'a'")
    db.execute("alter table pgmq.q_pgwhen_events alter column shard drop default")
    db.execute(
        """
        create function pgmq_upgrade() returns trigger language plpgsql
        as $$ begin new.shard := 'b'; return new; end $$
        """
    )
    db.execute(
        "create trigger upgrade before insert on pgmq.q_pgwhen_events for each row execute function pgmq_upgrade()"
    )
    assert value(db, CHECK) == "pgmq.q_pgwhen_events: shard has no default"
    migrate_database(dsn)
    subscribe(db, attachment)
    assert value(db, "select count(*) from pg_trigger where tgrelid = 'pgwhen._event_queue'::regclass") == 1
    db.execute("insert into leads (score) values (1)")
    db.execute("insert into leads (score) values (2), (3)")
    assert value(db, "select pgwhen.emit_event('a.b') is not null") is True
    assert changes(db, "score") == [
        ("insert", None, 1),
        ("insert", None, 2),
        ("insert", None, 3),
        ("event", None, None),
    ]
    db.execute("alter table pgmq.q_pgwhen_events drop column shard")
    db.execute("drop trigger upgrade on pgmq.q_pgwhen_events")
    migrate_database(dsn)
    subscribe(db, attachment)
    assert value(db, "select count(*) from pg_trigger where tgrelid = 'pgwhen._event_queue'::regclass") == 0
    db.execute("insert into leads (score) values (4)")
    assert changes(db, "score") == [("insert", None, 4)]


def test_the_view_is_the_only_door() -> None:
    """What inserts into the queue does so through the view, which knows the shape."""
    folder = Path(__file__).resolve().parents[3] / "sql"
    found = [
        path.name
        for path in folder.rglob("*.sql")
        if "into pgmq.q_pgwhen_events" in path.read_text() or "send('pgwhen_events'" in path.read_text()
    ]
    assert found == ["_send_event.sql"]
