"""Why an event started what it started, and why nothing else."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.sql.explain.support import STEPS, Db, Shop

CREATED = {"table": "jobs", "row": "created"}
INSERT = "insert into jobs (id, title) values (1, 'Boiler')"


def test_what_started_and_where_it_stands(shop: Shop) -> None:
    shop.apply("w", CREATED)
    event = shop.run(INSERT)
    explained = shop.explain(event)
    assert (explained["state"], explained["type"], explained["table"], explained["operation"], explained["key"]) == (
        "dispatched",
        "jobs.created",
        "public.jobs",
        "insert",
        {"id": 1},
    )
    (entry,) = explained["workflows"]
    assert (entry["workflow"], entry["version"], entry["started"], entry["reason"]) == ("w", 1, True, None)
    (step,) = entry["execution"]["steps"]
    assert step == {
        "step_id": "text",
        "status": "queued",
        "text": "waits for a poller since 2026-01-05 12:00:00 UTC; no poller has ever called: run pgwhen poll",
    }
    assert explained["lines"] == [
        f'jobs.created {{"id": 1}}, occurred 2026-01-05 12:00:00 UTC by postgres (event {event})',
        f"w: started execution {entry['execution']['execution_id']} is running since 2026-01-05 12:00:00 UTC; "
        "step text waits for a poller since 2026-01-05 12:00:00 UTC; no poller has ever called: run pgwhen poll",
    ]


def test_an_event_that_is_still_in_the_queue(shop: Shop) -> None:
    shop.apply("w", CREATED)
    shop.db.execute("insert into jobs (id) values (1), (2)")
    event = shop.queued()
    explained = shop.explain(event)
    assert (explained["state"], explained["type"], explained["before"]) == ("queued", "jobs.created", 1)
    assert explained["lines"] == [
        f"event {event} has not been matched yet: it waits in the queue since 2026-01-05 12:00:00 UTC, 1 before it; "
        "no poller has ever called: run pgwhen poll or pgwhen tick"
    ]


def test_other_operations(shop: Shop) -> None:
    shop.apply("w", CREATED)
    shop.apply("other", {"table": "jobs", "row": "updated"})
    shop.run(INSERT)
    event = shop.run("update jobs set title = 'Tap'")
    assert shop.reason(event) == "it fires when a row is created, and this one was updated"
    assert shop.workflow(event, "other")["started"] is True
    assert shop.explain(event)["changed"] == ["title"]


def test_other_columns(shop: Shop) -> None:
    shop.apply("w", {"table": "jobs", "row": "updated", "columns": ["status", "total"]})
    shop.apply("any", {"table": "jobs", "row": "saved"})
    shop.run(INSERT)
    event = shop.run("update jobs set title = 'Tap'")
    assert shop.reason(event) == "it fires when status or total changes, and what changed is title"


def test_becomes(shop: Shop) -> None:
    shop.apply("w", {"table": "jobs", "becomes": {"status": "done"}})
    shop.apply("any", {"table": "jobs", "row": "saved"})
    event = shop.run(INSERT)
    assert shop.reason(event) == 'becomes: status: done does not hold: status is "new"'
    (trigger,) = shop.workflow(event)["triggers"]
    assert trigger["condition"]["leaves"][0]["left_value"] == "new"
    assert shop.workflow(shop.run("update jobs set status = 'done'"))["started"] is True
    event = shop.run("update jobs set title = 'Tap'")
    assert shop.reason(event) == "becomes: status: done held before the change too"


def test_if(shop: Shop) -> None:
    shop.apply("w", {**CREATED, "if": {"total": {"gte": 500}, "title": {"starts_with": "B"}}})
    event = shop.run("insert into jobs (id, title, total) values (1, 'Boiler', 499.90)")
    assert shop.reason(event) == "if: total: {gte: 500} does not hold: new.total is 499.90"
    event = shop.run("insert into jobs (id, title) values (2, 'Tap')")
    assert set(shop.reason(event).removeprefix("if: ").split("; ")) == {
        "total: {gte: 500} cannot be told: new.total is missing",
        'title: {starts_with: B} does not hold: new.title is "Tap"',
    }


def test_if_that_is_relative_to_now_is_judged_with_the_clock_of_its_dispatch(shop: Shop) -> None:
    shop.apply("w", {**CREATED, "if": {"due": {"before": "now + 2 hours"}}})
    event = shop.run("insert into jobs (id, due) values (1, '2026-01-05 15:00Z')")
    shop.at("2026-01-05T14:00:00Z")
    assert shop.reason(event).startswith("if: due: {before: now + 2 hours} does not hold")


def test_if_that_reads_the_record_says_that_it_is_read_now(shop: Shop) -> None:
    shop.apply("w", {**CREATED, "if": {"job.client.city": "Delft"}})
    event = shop.run("insert into jobs (id, client_id) values (1, 2)")
    assert shop.reason(event) == (
        'if: job.client.city: Delft does not hold: job.client.city is "Ghent" (the record as it is now)'
    )
    shop.db.execute("update clients set city = 'Delft'")
    assert (
        shop.reason(event) == "it matches the record as it is now; when the event was matched, the record was different"
    )
    shop.db.execute("revoke select on clients from pgwhen_actions")
    assert shop.reason(event) == "workflows may not read public.clients"


def test_every_trigger_has_its_reason(shop: Shop) -> None:
    switched_off = {**CREATED, "enabled": False, "id": "off"}
    shop.apply("w", [{"table": "jobs", "row": "deleted", "id": "gone"}, switched_off, {"event": "jobs.created"}])
    shop.apply("any", CREATED)
    event = shop.run(INSERT)
    assert shop.reason(event) == (
        "trigger gone: it fires when a row is deleted, and this one was created; "
        "trigger off: the trigger is switched off"
    )


def test_paused_archived_and_published_too_late(shop: Shop) -> None:
    shop.apply("any", CREATED)
    shop.apply("paused", CREATED)
    shop.apply("archived", CREATED)
    shop.db.execute("select pgwhen.pause_workflow('paused'), pgwhen.archive_workflow('archived')")
    shop.at("2026-01-05T12:01:00Z")
    event = shop.run(INSERT)
    shop.at("2026-01-05T12:02:00Z")
    shop.apply("late", CREATED)
    shop.db.execute(
        "insert into pgwhen.workflows (workflow, name, created_at, updated_at) values ('draft', 'd', now(), now())"
    )
    paused = shop.workflow(event, "paused")
    assert (paused["started"], paused["skipped"], paused["reason"]) == (
        False,
        "paused",
        "the workflow was paused when the event occurred",
    )
    assert shop.reason(event, "archived") == "it was not active when the event occurred"
    assert shop.reason(event, "late") == "it was first published at 2026-01-05 12:02:00 UTC, after the event"
    assert [entry["workflow"] for entry in shop.explain(event)["workflows"]] == ["any", "archived", "late", "paused"]


def test_suppressed(shop: Shop) -> None:
    shop.apply("w", CREATED, suppress_if={"title": "Boiler"})
    event = shop.run(INSERT)
    entry = shop.workflow(event)
    assert (entry["skipped"], entry["reason"]) == ("suppressed", "suppress_if holds")


def test_the_loop_guard(shop: Shop) -> None:
    shop.apply("w", CREATED)
    shop.run(INSERT)
    (execution,) = shop.db.execute("select execution_id from pgwhen.executions").fetchall()[0]
    shop.db.execute("select set_config('pgwhen.cause', %s, false)", [f'{{"execution": "{execution}", "depth": 99}}'])
    event = shop.run("insert into jobs (id) values (2)")
    entry = shop.workflow(event)
    assert (entry["started"], entry["skipped"]) == (False, "depth")
    assert "max_depth" in entry["reason"]


def test_application_events(shop: Shop) -> None:
    shop.apply(
        "w", {"event": "invoice.overdue", "if": {"input.total": {"gt": 100}}}, inputs={"total": {"type": "number"}}
    )
    shop.db.execute("select pgwhen.emit_event('invoice.overdue', '{\"total\": 50}')")
    event = shop.queued()
    shop.tick()
    explained = shop.explain(event)
    assert (explained["type"], explained["table"], explained["operation"]) == ("invoice.overdue", None, "event")
    assert shop.reason(event) == "if: input.total: {gt: 100} does not hold: input.total is 50"
    assert shop.explain(event)["lines"][0].startswith("invoice.overdue, occurred ")


def test_manual_starts(shop: Shop) -> None:
    shop.apply("w", {"manual": True})
    shop.db.execute("select pgwhen.start_execution('w', '{}')")
    event = shop.queued()
    shop.tick()
    assert shop.workflow(event)["started"] is True


def test_nothing_has_a_trigger_for_it(shop: Shop) -> None:
    shop.apply("w", CREATED)
    event = shop.run(INSERT)
    shop.db.execute("update pgwhen.events set attachment_id = null, notes = null")
    shop.db.execute("delete from pgwhen.executions")
    explained = shop.explain(event)
    assert explained["workflows"] == []
    assert explained["lines"][-1] == "no workflow has a trigger for it"


def test_a_failed_event(shop: Shop) -> None:
    shop.apply("w", CREATED)
    event = shop.run(INSERT)
    shop.db.execute("delete from pgwhen.executions")
    shop.db.execute(
        """
        update pgwhen.events
        set status = 'failed', error = '{"message": "out of luck"}', notes = '{"capture_error": "bad json"}'
        """
    )
    explained = shop.explain(event)
    assert explained["state"] == "failed"
    assert explained["lines"][1:] == [
        "matching it failed: out of luck",
        "captured without its columns: bad json",
        "w: not started: matching the event failed: out of luck",
    ]


def test_an_execution_tells_what_each_open_step_waits_for(shop: Shop) -> None:
    shop.apply("w", CREATED, steps=[{"id": "pause", "type": "delay", "for": "3 days"}, *STEPS])
    event = shop.run(INSERT)
    execution = shop.workflow(event)["execution"]
    assert [step["text"] for step in execution["steps"]] == ["sleeps until 2026-01-08 12:00:00 UTC"]
    assert execution["text"].startswith(
        f"execution {execution['execution_id']} is waiting since 2026-01-05 12:00:00 UTC"
    )


STATES: list[tuple[str, str, str]] = [
    ("claimed", "", "a poller performs it since 2026-01-05 12:00:10 UTC (attempt 2)"),
    ("sending", "", "a poller performs it since 2026-01-05 12:00:10 UTC (attempt 2)"),
    ("failed", "", "failed at 2026-01-05 12:00:20 UTC: no route"),
    ("uncertain", "", "may or may not have been sent: no route; a person decides"),
    (
        "held",
        "insert into pgwhen.held"
        " values (%s, '2026-01-05T12:00:15Z', 0, 1, 'default', 'text', 'smtp', 'the connection is paused')",
        "is held since 2026-01-05 12:00:15 UTC: the connection is paused",
    ),
    (
        "ready",
        "insert into pgwhen.ready (execution_id, queued_at, generation, priority, tenant, step_id)"
        " values (gen_random_uuid(), now(), 1, 1, 'default', 'x'), (gen_random_uuid(), now(), 1, 3, 'default', 'x'),"
        " (%s, now(), 1, 2, 'default', 'text')",
        "waits for its turn since 2026-01-05 12:00:00 UTC, 1 before it",
    ),
    (
        "sleeping",
        "insert into pgwhen.sleepers values (%s, '2026-01-05T12:05:00Z', 0, 'text', 'retry')",
        "failed 2 of its attempts, the last with: no route; it tries again at 2026-01-05 12:05:00 UTC",
    ),
    ("waiting", "", "waits for an event since 2026-01-05 12:00:00 UTC"),
]


def test_each_state_of_a_step_in_words(shop: Shop) -> None:
    shop.apply("w", CREATED)
    event = shop.run(INSERT)
    execution = shop.workflow(event)["execution"]["execution_id"]
    for status, sql, text in STATES:
        shop.db.execute(
            """
            update pgwhen.execution_steps set status = %s, attempt = 2, tries = 2, started_at = '2026-01-05T12:00:10Z',
              finished_at = '2026-01-05T12:00:20Z', error = '{"message": "no route"}'
            """,
            [status],
        )
        if sql:
            shop.db.execute(sql, [execution])
        assert [step["text"] for step in shop.workflow(event)["execution"]["steps"]] == [text]


def test_a_poller_that_went_silent_is_named(shop: Shop) -> None:
    shop.apply("w", CREATED)
    event = shop.run(INSERT)
    shop.db.execute("insert into pgwhen.pollers values ('p', 1, 10, '2026-01-05T11:00:00Z', '2026-01-05T11:58:00Z')")
    (step,) = shop.workflow(event)["execution"]["steps"]
    assert step["text"].endswith("; no poller has called since 2026-01-05 11:58:00 UTC: run pgwhen poll")
    shop.at("2026-01-05T11:58:30Z")
    (step,) = shop.workflow(event)["execution"]["steps"]
    assert step["text"] == "waits for a poller since 2026-01-05 12:00:00 UTC"


def test_an_unknown_event_is_an_error(shop: Shop) -> None:
    with pytest.raises(psycopg.Error, match="there is no event 0198") as error:
        shop.explain("01980000-0000-8000-8000-000000000001")
    assert error.value.sqlstate == "WF230"
    shop.apply("w", CREATED)
    shop.db.execute(INSERT)
    other = shop.queued()[:8] + "-0000-8000-8000-" + shop.queued()[-12:]
    with pytest.raises(psycopg.Error, match="there is no event"):
        shop.explain(other)


def test_another_tenant_s_event_does_not_exist(shop: Shop, login: Callable[..., str], connect: Any) -> None:
    shop.apply("w", CREATED)
    event = shop.run(INSERT)
    shop.db.execute("insert into jobs (id) values (2)")
    queued = shop.queued()
    with psycopg.connect(login("pgwhen_viewer"), autocommit=True) as viewer:
        assert viewer.execute("select pgwhen.explain_event(%s) ->> 'state'", [event]).fetchone() == ("dispatched",)
        shop.db.execute("insert into pgwhen.tenants (tenant) values ('other')")
        shop.db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_viewer', 'other')")
        for event_id in (event, queued):
            with pytest.raises(psycopg.Error) as error:
                viewer.execute("select pgwhen.explain_event(%s)", [event_id])
            assert error.value.sqlstate == "WF230"
        row = viewer.execute("select pgwhen.explain_record('jobs', '1') ->> 'state'").fetchone()
        assert row == ("not attached",)


def test_pollers_and_applications_may_not_ask(shop: Shop, connect: Callable[..., Db]) -> None:
    for role in ("pgwhen_poller", "pgwhen_app"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connect(user=role).execute("select pgwhen.explain_event(gen_random_uuid())")
