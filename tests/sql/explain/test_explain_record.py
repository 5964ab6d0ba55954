"""Why the changes of a record did or did not start workflows."""

import psycopg
import pytest

from tests.sql.explain.support import Shop

CREATED = {"table": "jobs", "row": "created"}


def test_a_table_that_is_not_attached(shop: Shop) -> None:
    explained = shop.record("clients", 1)
    assert explained["state"] == "not attached"
    assert explained["lines"] == [
        "public.clients is not attached, so that its changes are not seen: select pgwhen.attach('public.clients')"
    ]


def test_a_table_that_was_detached(shop: Shop) -> None:
    shop.at("2026-01-05T13:00:00Z")
    shop.db.execute("select pgwhen.detach('jobs')")
    explained = shop.record("jobs", 1)
    assert explained["state"] == "detached"
    assert (
        explained["lines"][0] == "public.jobs was detached at 2026-01-05 13:00:00 UTC: changes since then are not seen"
    )


def test_nobody_waits_for_its_changes(shop: Shop) -> None:
    shop.db.execute("insert into jobs (id) values (1)")
    explained = shop.record("jobs", 1)
    assert (explained["operations"], explained["events"], explained["queued"]) == ([], [], 0)
    assert explained["lines"][:2] == [
        "public.jobs is attached since 2026-01-05 12:00:00 UTC",
        "no active workflow waits for its changes, so that none is recorded",
    ]


def test_its_workflows_and_what_they_wait_for(shop: Shop) -> None:
    shop.apply("w", {"table": "jobs", "row": "updated", "columns": ["status"], "if": {"total": {"gt": 5}}})
    shop.apply("b", {"table": "jobs", "becomes": {"status": "done"}})
    explained = shop.record("jobs", 1)
    assert explained["operations"] == ["insert", "update"]
    assert explained["lines"][1:] == [
        "active workflows wait for rows that are created or updated; other changes are not recorded",
        'there is no event of {"id": 1}: it has not changed in such a way since, '
        "or the event started nothing and was removed after 7 days",
        "workflow b (active): fires when a row is created or updated and becomes status: done",
        "workflow w (active): fires when a row is updated and status changed and total: {gt: 5}",
    ]


def test_its_last_events_newest_first(shop: Shop) -> None:
    shop.apply("w", {"table": "jobs", "row": "saved", "if": {"status": "done"}})
    first = shop.run("insert into jobs (id) values (1)")
    shop.run("insert into jobs (id) values (2)")
    shop.at("2026-01-05T12:01:00Z")
    second = shop.run("update jobs set status = 'done' where id = 1")
    shop.db.execute("update jobs set title = 'x' where id = 1")
    explained = shop.record("jobs", 1)
    assert [event["event_id"] for event in explained["events"]] == [second, first]
    assert [event["workflows"][0]["started"] for event in explained["events"]] == [True, False]
    assert explained["queued"] == 1
    assert "1 of its events wait in the queue to be matched" in explained["lines"]
    assert any(line.startswith("w: not started: if: status: done does not hold") for line in explained["lines"])


def test_keys_are_written_as_people_write_them(shop: Shop) -> None:
    shop.db.execute(
        """
        create table lines (job integer, "No" text, day date, primary key (job, "No", day));
        create table parts (id uuid primary key);
        create table rates (id numeric(6, 2) primary key);
        create table bare (a integer);
        select pgwhen.attach('lines'), pgwhen.attach('parts'), pgwhen.attach('rates'), pgwhen.attach('bare');
        """
    )
    uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    assert shop.record("jobs", 5)["key"] == {"id": 5}
    assert shop.record("jobs", "5")["key"] == {"id": 5}
    assert shop.record("jobs", {"id": "5"})["key"] == {"id": 5}
    assert shop.record("parts", uuid.upper())["key"] == {"id": uuid}
    assert shop.record("rates", "10.5")["key"] == {"id": 10.5}
    assert shop.record("lines", {"job": "1", "No": "007", "day": "2026-1-5"})["key"] == {
        "job": 1,
        "No": "007",
        "day": "2026-01-05",
    }
    for table, key in [("lines", 5), ("lines", {"job": 1}), ("jobs", {"id": 5, "x": 1}), ("jobs", "abc"), ("bare", 1)]:
        with pytest.raises(psycopg.Error) as error:
            shop.record(table, key)
        assert error.value.sqlstate == "WF136"
        assert error.value.diag.message_hint


def test_a_workflow_s_record_is_found_after_a_rename(shop: Shop) -> None:
    shop.apply("w", CREATED)
    shop.run("insert into jobs (id) values (1)")
    shop.db.execute("alter table jobs rename to works")
    assert len(shop.record("works", 1)["events"]) == 1
