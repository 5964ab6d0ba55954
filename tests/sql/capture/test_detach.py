"""The end of an attachment."""

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.capture.support import LEADS, Connection, attach, capture, detach, messages, subscribe, value


def triggers(db: Connection) -> int:
    """How many capture triggers there are."""
    count: int = value(db, "select count(*) from pg_trigger where starts_with(tgname, 'pgwhen_')")
    return count


def test_it_drops_the_triggers_and_keeps_the_row(db: Connection) -> None:
    db.execute(LEADS)
    attachment_id = capture(db, "leads")
    db.execute("insert into leads default values")
    result = detach(db, "leads")
    assert (result["attachment"], result["table"], result["workflows"]) == (attachment_id, "public.leads", [])
    assert triggers(db) == 0
    assert value(db, "select count(*) from pgwhen.attachments where operations <> '{}'") == 0
    assert value(db, "select detached_at is not null from pgwhen.attachments") is True
    db.execute("insert into leads default values")
    assert len(messages(db)) == 1, "what was captured before stays"


def test_it_names_the_workflows_that_will_not_start(db: Connection) -> None:
    db.execute(LEADS)
    attachment_id = attach(db, "leads")["attachment"]
    for name, status in (("greet", "active"), ("remind", "paused"), ("old", "archived")):
        db.execute(
            """
            with w as (
              insert into pgwhen.workflows (workflow, name, status, active_version, created_at, updated_at)
              values (%s, '', %s, 1, now(), now()) returning workflow_id
            ), v as (
              insert into pgwhen.versions (workflow_id, version, definition, compiled, published_at)
              select workflow_id, 1, '{}', '{}', now() from w returning workflow_id
            )
            insert into pgwhen.triggers (workflow_id, version, trigger_no, kind, attachment_id)
            select workflow_id, 1, 1, 'table', %s from v
            """,
            [name, status, attachment_id],
        )
    said: list[str] = []
    db.add_notice_handler(lambda diagnostic: said.append(diagnostic.message_primary or ""))
    result = detach(db, "leads")
    assert result["workflows"] == ["greet", "remind"]
    assert said == result["notices"]
    assert said[0] == "these workflows will not start by public.leads any more: greet, remind"
    assert said[1].endswith("revoke select on public.leads from pgwhen_actions")


def test_attached_again_it_is_the_same(db: Connection) -> None:
    db.execute(LEADS)
    first = attach(db, "leads", alias="prospect")
    detach(db, "leads")
    again = attach(db, "leads")
    assert (again["attachment"], again["alias"]) == (first["attachment"], "prospect")
    assert triggers(db) == 4
    subscribe(db, again["attachment"])
    db.execute("insert into leads default values")
    assert len(messages(db)) == 1


def test_partitions_too_also_those_that_left(db: Connection) -> None:
    db.execute("create table visits (id int) partition by range (id)")
    db.execute("create table visits_a partition of visits for values from (0) to (10)")
    db.execute("create table visits_b partition of visits for values from (10) to (20)")
    attach(db, "visits")
    db.execute("alter table visits detach partition visits_b")
    assert triggers(db) == 10
    detach(db, "visits")
    assert triggers(db) == 0


def test_what_is_not_attached(db: Connection) -> None:
    db.execute(LEADS)
    for _ in range(2):
        with pytest.raises(psycopg.Error, match=r"public\.leads is not attached") as caught:
            detach(db, "leads")
        assert caught.value.sqlstate == "WF311"
        attach(db, "leads")
        detach(db, "leads")


def test_a_table_that_became_a_partition_can_be_detached(db: Connection) -> None:
    db.execute("create table visits_a (id int not null)")
    attach(db, "visits_a")
    db.execute("create table visits (id int) partition by range (id)")
    db.execute("alter table visits attach partition visits_a for values from (0) to (10)")
    detach(db, "visits_a")
    assert triggers(db) == 0


def test_it_gives_way_to_a_busy_table(connect: Connect, db: Connection) -> None:
    db.execute(LEADS)
    attach(db, "leads")
    db.execute("alter function pgwhen.detach(regclass) set lock_timeout = '100ms'")
    reader = connect(autocommit=False)
    reader.execute("select from leads")
    with pytest.raises(psycopg.Error, match="nothing was detached") as caught:
        detach(db, "leads")
    assert caught.value.sqlstate == "WF313"
    reader.rollback()
    assert value(db, "select detached_at from pgwhen.attachments") is None
    detach(db, "leads")
