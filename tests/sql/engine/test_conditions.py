"""Conditions and values where the engine asks them: at dispatch and at the start of steps."""

import json
from typing import Any

import psycopg
import pytest

Db = psycopg.Connection[Any]


@pytest.fixture
def shop(db: Db) -> Db:
    """jobs with an enum, attached, and a fake clock in the hour that Amsterdam leaves out."""
    db.execute(
        """
        update pgwhen.settings set value = 'true' where name = 'test_mode';
        create type stage as enum ('new', 'won', 'lost');
        create table jobs (
          id integer primary key, title text, total numeric, parts integer, stage stage, items jsonb, due timestamptz);
        select pgwhen.attach('jobs');
        select set_config('pgwhen.now', '2026-03-29T01:30:00Z', false);
        """
    )
    return db


def apply(db: Db, name: str, when: Any, *steps: Any, **keys: Any) -> None:
    definition = {"workflow": name, "when": when, "steps": list(steps) or [{"id": "end", "type": "stop"}], **keys}
    db.execute("select pgwhen.apply_definition(%s)", [json.dumps(definition)])


def tick(db: Db) -> None:
    db.execute("select pgwhen.tick()")


def started(db: Db) -> list[str]:
    """The workflows that started, by name."""
    rows = db.execute(
        "select w.workflow from pgwhen.executions x join pgwhen.workflows w using (workflow_id) order by 1"
    )
    return [row[0] for row in rows.fetchall()]


def steps(db: Db) -> dict[str, tuple[str, Any, Any]]:
    """step -> (status, reason, error code)."""
    rows = db.execute("select step_id, status, reason, error ->> 'code' from pgwhen.execution_steps where part = 0")
    return {row[0]: row[1:] for row in rows.fetchall()}


def test_the_defaults_of_inputs_are_seen_by_if_and_suppress_if(db: Db) -> None:
    inputs = {"size": {"type": "text", "default": "large"}, "note": {"type": "text"}}
    event = {"event": "it.happened"}
    apply(db, "large", event | {"if": {"input.size": "large"}}, inputs=inputs)
    apply(db, "small", event | {"if": {"input.size": "small"}}, inputs=inputs)
    apply(db, "suppressed", event, inputs=inputs, suppress_if={"input.size": "large"})
    apply(db, "without", event | {"if": {"input.size": {"is_empty": True}}})
    db.execute("select pgwhen.emit_event('it.happened', '{}')")
    tick(db)
    assert started(db) == ["large", "without"]
    db.execute("truncate pgwhen.executions")
    db.execute("""select pgwhen.emit_event('it.happened', '{"size": "small"}')""")
    tick(db)
    assert started(db) == ["small", "suppressed"]


def test_an_operand_that_cannot_be_computed_keeps_one_workflow_from_starting_and_no_other(shop: Db) -> None:
    created = {"table": "jobs", "row": "created"}
    share = {"$div": ["{{ new.total }}", "{{ new.parts }}"]}
    apply(shop, "broken", created | {"if": {"new.total": {"gt": share}}})
    apply(shop, "negated", created | {"if": {"not": {"new.total": {"gt": share}}}})
    apply(shop, "becoming", {"table": "jobs", "becomes": {"total": {"gt": share}}})
    apply(shop, "suppressing", created, suppress_if={"job.total": {"gt": share}})
    apply(shop, "sound", created)
    shop.execute("insert into jobs (id, total, parts) values (1, 10, 0)")
    tick(shop)
    assert started(shop) == ["sound", "suppressing"]
    row = shop.execute("select pgwhen.explain_event(event_id) from pgwhen.events").fetchone()
    assert row is not None
    reasons = {entry["workflow"]: entry["reason"] for entry in row[0]["workflows"]}
    assert "cannot be told: new.total is 10; $div at when[0].if.new.total.gt: division by zero" in reasons["broken"]
    assert "division by zero" in reasons["negated"] and "division by zero" in reasons["becoming"]


def test_in_a_step_it_fails_the_step_with_form_and_place(shop: Db) -> None:
    apply(
        shop,
        "w",
        {"table": "jobs", "row": "created"},
        {"id": "large", "type": "stop", "if": {"total": {"gt": {"$div": ["{{ job.total }}", "{{ job.parts }}"]}}}},
    )
    shop.execute("insert into jobs (id, total, parts) values (1, 10, 0), (2, 10, 5)")
    tick(shop)
    rows = shop.execute(
        "select s.status, s.error ->> 'code', s.error ->> 'message' from pgwhen.execution_steps s order by 1"
    ).fetchall()
    assert rows[0] == ("completed", None, None)
    assert rows[1][:2] == ("failed", "WF138")
    assert rows[1][2].startswith("$div at steps[0].if.total.gt: division by zero")


def test_explain_names_a_computed_operand_and_its_value(shop: Db) -> None:
    apply(shop, "w", {"table": "jobs", "row": "created", "if": {"new.total": {"gt": {"$mul": ["{{ new.parts }}", 2]}}}})
    shop.execute("insert into jobs (id, total, parts) values (1, 10, 7)")
    tick(shop)
    row = shop.execute("select pgwhen.explain_event(event_id) from pgwhen.events").fetchone()
    assert row is not None
    (entry,) = row[0]["workflows"]
    assert entry["reason"].endswith(
        'total: {gt: {"$mul": ["{{ new.parts }}", 2]}} does not hold: new.total is 10, compared with 14'
    )


def test_forms_read_the_record_and_its_items(shop: Db) -> None:
    items = {"$filter": {"in": "{{ job.items }}", "if": {"item.paid": False}}}
    apply(
        shop,
        "w",
        {"table": "jobs", "row": "created"},
        {
            "id": "open",
            "type": "stop",
            "if": {"total": {"lt": {"$sum": {"$map": {"in": items, "value": "{{ item.n }}"}}}}},
        },
    )
    shop.execute(
        """insert into jobs (id, total, items) values
           (1, 10.20, '[{"n": 10.21, "paid": false}]'),
           (2, 10.20, '[{"n": 99, "paid": true}, {"n": 10.2, "paid": false}]')"""
    )
    tick(shop)
    rows = shop.execute(
        "select x.record_key ->> 'id', s.status from pgwhen.execution_steps s join pgwhen.executions"
        " x using (execution_id)"
    )
    assert dict(rows.fetchall()) == {"1": "completed", "2": "skipped"}


def test_an_enum_is_ordered_as_it_was_made(shop: Db) -> None:
    apply(shop, "w", {"table": "jobs", "row": "created", "if": {"stage": {"gte": "won"}}})
    shop.execute("insert into jobs (id, stage) values (1, 'new'), (2, 'won'), (3, 'lost'), (4, null)")
    tick(shop)
    rows = shop.execute("select record_key ->> 'id' from pgwhen.executions order by 1").fetchall()
    assert rows == [("2",), ("3",)]


@pytest.mark.timeout(60)
def test_a_hostile_regular_expression_in_a_row_does_not_hold_up_the_tick(shop: Db) -> None:
    apply(shop, "w", {"table": "jobs", "row": "created", "if": {"new.title": {"matches": "{{ new.items.pattern }}"}}})
    for number, pattern in enumerate(("(a?){255}" * 4, "((a{0,14}){0,14}){0,14}b", r"(a*)*(a*)*\1b", "^a+$")):
        shop.execute(
            "insert into jobs (id, title, items) values (%s, %s, %s)",
            [number, "a" * 50_000, json.dumps({"pattern": pattern})],
        )
    tick(shop)
    assert started(shop) == ["w"]


def test_a_delay_until_a_computed_time(shop: Db) -> None:
    """The month's last day at nine in Amsterdam, across the change of the clock."""
    until = {"$date": {"field": "{{ job.due }}", "trunc": "day", "offset": "1 day 9 hours"}}
    apply(
        shop,
        "w",
        {"table": "jobs", "row": "created"},
        {"id": "wait", "type": "delay", "until": until},
        timezone="Europe/Amsterdam",
    )
    shop.execute("insert into jobs (id, due) values (1, '2026-03-28T22:00:00Z')")
    tick(shop)
    row = shop.execute("select due_at from pgwhen.sleepers").fetchone()
    assert row is not None and row[0].isoformat() == "2026-03-29T08:00:00+00:00"
