"""Where nobody is subscribed the triggers are not called (docs/decisions/0014), and nothing is lost for it."""

import psycopg
import pytest
from psycopg.types.json import Jsonb

from pgwhen.cli.migrate import migrate_database
from tests.conftest import Connect, OwnServer
from tests.sql.capture.support import LEADS, OPERATIONS, Connection, attach, capture, detach, make_role, messages, value

STEPS = [{"id": "end", "type": "stop"}]
WORKFLOW = {"workflow": "greet", "name": "Greet", "when": {"table": "leads", "row": "created"}, "steps": STEPS}
INSERT = "insert into leads (email) values ('a@example.com')"
SEQUENCE = "select pg_sequence_last_value(pgwhen._unsubscribed_sequence(1, 'insert'))"


@pytest.fixture(autouse=True)
def _since_18(request: pytest.FixtureRequest) -> None:
    """Before, every trigger looks up (test_before_18)."""
    if request.function is test_before_18 or "db" not in request.fixturenames:
        return
    if request.getfixturevalue("db").info.server_version < 180000:
        pytest.skip("the condition is there since PostgreSQL 18")


@pytest.fixture
def leads(db: Connection) -> int:
    """The table leads, attached, with nobody subscribed."""
    db.execute(LEADS)
    number: int = attach(db, "leads")["attachment"]
    return number


def publish(db: Connection) -> None:
    """Somebody waits for new leads from the commit on."""
    db.execute("select pgwhen.apply_definition(%s)", [Jsonb(WORKFLOW)])


def archive(db: Connection) -> None:
    """Nobody does any more."""
    db.execute("select pgwhen.archive_workflow('greet')")
    db.execute(
        "update pgwhen.activations set until_at = until_at - interval '2 days', from_at = from_at - interval '3 days'"
    )


def calls(db: Connection, statement: str = INSERT, *, of: str = "capture_insert") -> int:
    """How often a statement called a trigger's function."""
    query = "select coalesce(sum(calls), 0)::int from pg_stat_xact_user_functions where funcname = %s"
    with db.transaction():
        db.execute("set local track_functions = 'pl'")
        before = value(db, query, of)  # of transactions before, not yet reported
        db.execute(statement.encode())
        return int(value(db, query, of) - before)


def test_before_18(db: Connection) -> None:
    if db.info.server_version >= 180000:
        pytest.skip("older servers only")
    db.execute(LEADS)
    attach(db, "leads")
    assert value(db, "select count(*) from pg_trigger where tgname like 'pgwhen%' and tgqual is not null") == 0
    assert value(db, "select pgwhen._unsubscribed_sequence(1, 'insert')") is None
    assert calls(db) == 1
    publish(db)
    db.execute(INSERT)
    db.execute("select pgwhen.maintain()")
    assert len(messages(db)) == 1


def test_not_called_until_somebody_subscribes(db: Connection, leads: int) -> None:
    statements = ("update leads set score = 1", "delete from leads", "truncate leads")
    assert [calls(db), *(calls(db, s, of="capture_" + s.split()[0]) for s in statements)] == [0, 0, 0, 0]
    publish(db)
    assert [calls(db), *(calls(db, s, of="capture_" + s.split()[0]) for s in statements)] == [1, 0, 0, 0]
    assert [m["operation"] for m in messages(db)] == ["insert"]


def test_whoever_writes_while_a_workflow_is_published(db: Connection, connect: Connect, leads: int) -> None:
    """A transaction that began before the commit has its next statement captured, as the look-up alone would have."""
    writer, snapshot = connect(autocommit=False), connect(autocommit=False)
    writer.execute(INSERT)
    snapshot.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    snapshot.execute("select 1")
    with db.transaction():
        publish(db)
        assert value(writer, SEQUENCE) is None
        writer.execute(INSERT)
    writer.execute("insert into leads (email) values ('after@example.com')")
    snapshot.execute(INSERT)
    writer.commit()
    snapshot.commit()
    assert [m["new"]["email"] for m in messages(db)] == ["after@example.com"]


def test_a_publication_that_is_rolled_back_is_forgotten_by_maintain(db: Connection, leads: int) -> None:
    with db.transaction(force_rollback=True):
        publish(db)
    assert (value(db, SEQUENCE), calls(db), messages(db)) == (None, 1, [])
    db.execute("select pgwhen.maintain()")
    assert (value(db, SEQUENCE), calls(db)) == (1, 0)


def test_maintain_clears_what_nobody_waits_for_any_more(db: Connection, leads: int) -> None:
    publish(db)
    db.execute("select pgwhen.maintain()")
    assert value(db, SEQUENCE) is None
    archive(db)
    assert calls(db) == 1
    for _ in range(2):  # the first forgets the keys of the archived workflow
        db.execute("select pgwhen.maintain()")
    assert (value(db, SEQUENCE), calls(db)) == (1, 0)
    publish_again = {**WORKFLOW, "workflow": "again"}
    db.execute("select pgwhen.apply_definition(%s)", [Jsonb(publish_again)])
    assert calls(db) == 1


def test_maintain_leaves_an_operation_alone_that_somebody_waits_for(db: Connection, leads: int) -> None:
    publish(db)
    with db.transaction(force_rollback=True):
        updated = {**WORKFLOW, "workflow": "update", "when": {"table": "leads", "row": "updated"}}
        db.execute("select pgwhen.apply_definition(%s)", [Jsonb(updated)])
    update = "update leads set score = 1"
    assert calls(db, update, of="capture_update") == 1
    db.execute("select pgwhen.maintain()")
    assert (value(db, SEQUENCE), calls(db), calls(db, update, of="capture_update")) == (None, 1, 0)


def test_maintain_in_the_transaction_of_an_archiving_that_is_rolled_back(db: Connection, leads: int) -> None:
    publish(db)
    with db.transaction(force_rollback=True):
        db.execute("select pgwhen.archive_workflow('greet')")
        db.execute("update pgwhen.attachments set operations = '{}'")
        db.execute("select pgwhen.maintain()")
    db.execute(INSERT)
    assert len(messages(db)) == 1


def test_maintain_while_somebody_publishes(db: Connection, connect: Connect, leads: int) -> None:
    publisher, old = connect(autocommit=False), connect(autocommit=False)
    old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    old.execute("select count(*) from pgwhen.attachments")  # sees nobody for as long as it lasts
    publish(publisher)
    db.execute("select pgwhen.maintain()")
    publisher.commit()
    old.execute("select pgwhen._mark_unsubscribed()")
    old.commit()
    db.execute(INSERT)
    assert len(messages(db)) == 1


def test_attached_while_somebody_publishes(db: Connection, connect: Connect, leads: int) -> None:
    """A table that was attached before there were sequences gets one that a publication under way cannot see."""
    forget_sequence(db)
    publisher, owner = connect(autocommit=False), connect(autocommit=False)
    publish(publisher)
    attach(owner, "leads")
    publisher.commit()
    owner.commit()
    assert value(db, SEQUENCE) is None
    assert (calls(db), len(messages(db))) == (1, 1)
    db.execute("select pgwhen.maintain()")
    assert calls(db) == 1


def forget_sequence(db: Connection) -> None:
    """As attach left a table before 0027."""
    for (statement,) in db.execute(
        "select regexp_replace(statement, 'when \\(.*\\) execute', 'execute') from pgwhen._capture_triggers('leads', 1)"
    ).fetchall():
        db.execute(statement.encode())
    for operation in OPERATIONS:
        db.execute(f"drop sequence pgwhen.unsubscribed_1_{operation}")


def test_tables_that_were_attached_before_go_on_and_may_be_attached_again(db: Connection, leads: int) -> None:
    forget_sequence(db)
    assert calls(db) == 1
    publish(db)
    db.execute(INSERT)
    db.execute("select pgwhen.maintain()")
    assert value(db, "select pgwhen._unsubscribed_sequence(1, 'insert')") is None
    assert len(messages(db)) == 1
    assert [s.split(" after")[0][-15:].split("_")[-1] for s in attach(db, "leads")["statements"]] == list(OPERATIONS)
    assert attach(db, "leads")["statements"] == []
    assert calls(db) == 1
    db.execute("update pgwhen.attachments set operations = '{}'")
    db.execute("select pgwhen.maintain()")
    assert calls(db) == 0


def test_detached_and_attached_again(db: Connection, leads: int) -> None:
    publish(db)
    detach(db, "leads")
    db.execute("select pgwhen.maintain()")
    assert value(db, SEQUENCE) == 1
    attach(db, "leads")
    assert calls(db) == 1
    assert len(messages(db)) == 1


def test_writers_without_any_right_of_ours(db: Connection, connect: Connect, leads: int) -> None:
    make_role(db, "writer")
    db.execute("grant insert on leads to writer")
    writer = connect(user="writer")
    assert (
        value(
            writer, "select pg_sequence_last_value((select oid from pg_class where relname = 'unsubscribed_1_insert'))"
        )
        == 1
    )
    writer.execute(INSERT)
    publish(db)
    writer.execute(INSERT)
    assert len(messages(db)) == 1


def test_whoever_may_not_read_the_sequence_is_captured(db: Connection, connect: Connect, leads: int) -> None:
    make_role(db, "writer")
    db.execute("grant insert on leads to writer")
    publish(db)
    db.execute("revoke select on sequence pgwhen.unsubscribed_1_insert from public")
    connect(user="writer").execute(INSERT)
    assert len(messages(db)) == 1
    migrate_database(db.info.dsn)
    assert value(db, "select has_sequence_privilege('writer', 'pgwhen.unsubscribed_1_insert', 'select')") is True
    assert (
        value(db, "select has_sequence_privilege('writer', 'pgwhen.unsubscribed_1_insert', 'usage, update')") is False
    )
    connect(user="writer").execute(INSERT)
    assert len(messages(db)) == 1


def test_partitions_look_at_the_table_s_sequence(db: Connection) -> None:
    db.execute("create table visits (id int primary key) partition by range (id)")
    db.execute("create table visits_a partition of visits for values from (0) to (10)")
    attach(db, "visits")
    assert calls(db, "insert into visits_a values (1)") == calls(db, "insert into visits values (2)") == 0
    capture(db, "visits")
    assert calls(db, "insert into visits_a values (3)") == calls(db, "insert into visits values (4)") == 1


def test_what_was_published_survives_a_crash(own_server: OwnServer) -> None:
    with psycopg.connect(own_server.dsn, autocommit=True) as db:
        if db.info.server_version < 180000:
            pytest.skip("the condition is there since PostgreSQL 18")
        db.execute("alter system set synchronous_commit = on")
        db.execute("select pg_reload_conf()")
        db.execute(LEADS)
        attach(db, "leads")
        db.execute("checkpoint")
    with psycopg.connect(own_server.dsn, autocommit=True) as db:
        db.execute("set synchronous_commit = on")
        publish(db)
    own_server.restart("immediate")
    with psycopg.connect(own_server.dsn, autocommit=True) as db:
        assert value(db, SEQUENCE) is None
        db.execute(INSERT)
        assert len(messages(db)) == 1
