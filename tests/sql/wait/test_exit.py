"""exit_if, exit_on and on_deleted: how an execution ends before its steps do."""

import pytest

from tests.sql.wait.support import DONE, NOTHING, App, claim, freeze, http, perform, report, wait

PAUSE = {"id": "pause", "type": "delay", "for": "3 days"}
ANSWERED = [{"table": "lead_messages", "row": "created", "match": {"lead_id": "{{ lead.id }}", "direction": "in"}}]


def later(app: App) -> None:
    app.at("2026-01-09T00:00:00Z")
    app.tick()


# ---------------------------------------------------------------- exit_if


def test_exit_if_is_asked_before_the_first_step(app: App) -> None:
    app.apply(DONE, exit_if={"status": "lost"})
    app.run("insert into leads values (1, 'Ann', 'lost')", "insert into leads values (2, 'Bob')")
    assert app.execution(record=1) == "completed" and app.execution("reason", 1) == "exit_if: status: lost"
    assert app.steps(1) == {"done": "cancelled"} and app.step("done", "reason", 1) == "exit_if: status: lost"
    assert app.steps(2) == {"done": "queued"}


def test_exit_if_is_asked_between_actions(app: App) -> None:
    app.apply(http("a"), http("b"), DONE, exit_if={"status": {"in": ["won", "lost"]}})
    app.run("insert into leads values (1, 'Ann')")
    assert perform(app.db) == ["a"]
    app.run("update leads set status = 'won'")
    assert perform(app.db) == ["b"]
    assert app.steps() == {"a": "completed", "b": "completed", "done": "cancelled"}
    assert app.execution() == "completed" and app.left() == NOTHING


@pytest.mark.parametrize(
    "step", [PAUSE, wait(event="never"), wait(until={"name": "Zoe"})], ids=["delay", "wait", "until"]
)
def test_exit_if_ends_what_sleeps_or_waits_when_the_record_changes(app: App, step: dict[str, object]) -> None:
    app.apply(step, DONE, exit_if={"status": "lost"})
    app.run("insert into leads values (1, 'Ann')", "insert into leads values (2, 'Bob')")
    app.run("update leads set name = 'x'")
    assert app.execution(record=1) == "waiting"
    app.run("update leads set status = 'lost' where id = 1")
    assert app.execution(record=1) == "completed" and app.steps(1) == {str(step["id"]): "cancelled"}
    assert app.execution(record=2) == "waiting"


def test_exit_if_misses_no_change_that_comes_while_a_step_begins(app: App, connect: object) -> None:
    """A report starts the delay and commits after the tick that dispatched the change."""
    app.apply(http("a"), PAUSE, DONE, exit_if={"status": "lost"})
    app.run("insert into leads values (1, 'Ann')")
    actions = claim(app.db)
    freeze(app.db, actions)
    other = connect(autocommit=False)  # type: ignore[operator]
    other.execute("select set_config('pgwhen.now', '2026-01-05T12:00:00Z', false)")
    report(other, actions)
    app.run("update leads set status = 'lost'")
    other.commit()
    app.tick()
    assert app.execution() == "completed" and app.execution("reason") == "exit_if: status: lost"


def test_exit_if_may_ask_about_steps_and_the_event(app: App) -> None:
    app.apply(http("a"), PAUSE, exit_if={"steps.a.status": "completed", "new.status": "new"})
    app.run("insert into leads values (1, 'Ann')")
    perform(app.db)
    assert app.execution("reason").startswith("exit_if: ") and app.steps() == {"a": "completed", "pause": "cancelled"}


def test_exit_if_with_steps_beside_each_other(app: App) -> None:
    app.apply(
        http("a"), {**http("b"), "needs": ["a"]}, {**http("c"), "needs": ["a"]}, exit_if={"steps.a.status": "completed"}
    )
    app.run("insert into leads values (1, 'Ann')")
    perform(app.db)
    assert app.steps() == {"a": "completed", "b": "cancelled", "c": "cancelled"}
    assert claim(app.db) == [] and app.execution() == "completed"


def test_an_exit_if_that_cannot_be_judged_fails_the_step(app: App) -> None:
    app.apply(PAUSE, DONE, exit_if={"status": "lost"})
    app.run("insert into leads values (1, 'Ann')")
    app.db.execute(
        "update pgwhen.steps set compiled = jsonb_set(compiled, '{leave,exit_if}',"
        ' \'{"op": "no_such", "left": ["lead", "status"], "right": {"literal": 1}}\') where step_id = \'pause\''
    )
    app.run("update leads set status = 'lost'")
    assert app.step("pause", "error")["code"] == "WF132" and app.execution() == "failed"


# ---------------------------------------------------------------- exit_on


def test_exit_on_ends_a_delay_at_once(app: App) -> None:
    app.apply(PAUSE, DONE, exit_on=ANSWERED)
    app.run("insert into leads values (1, 'Ann')", "insert into leads values (2, 'Bob')")
    app.run("insert into lead_messages values (1, 1, 'out')")
    assert app.execution(record=1) == "waiting"
    app.run("insert into lead_messages values (2, 1, 'in')")
    assert app.execution(record=1) == "completed" and app.steps(1) == {"pause": "cancelled"}
    assert app.execution("reason", 1).startswith("exit_on: lead_messages.created (event ")
    later(app)
    assert app.steps(1) == {"pause": "cancelled"} and app.steps(2) == {"pause": "completed", "done": "queued"}


def test_exit_on_counts_from_the_start_and_in_the_same_batch(app: App) -> None:
    app.apply(http("a"), DONE, exit_on=ANSWERED)
    app.run("insert into lead_messages values (1, 1)")
    app.run("insert into leads values (1, 'Ann')")
    assert app.execution(record=1) == "running"
    app.run("insert into leads values (2, 'Bob')", "insert into lead_messages values (2, 2)")
    assert app.execution(record=2) == "completed" and app.steps(2) == {"a": "cancelled"}
    assert [a["context"]["v"] for a in claim(app.db)] == [1]


def test_exit_on_while_an_action_is_sent(app: App) -> None:
    app.apply(http("a"), DONE, exit_on=[{"event": "stop.all"}, *ANSWERED])
    app.run("insert into leads values (1, 'Ann')")
    actions = claim(app.db)
    freeze(app.db, actions)
    app.emit("stop.all")
    app.tick()
    assert app.execution() == "completed" and app.steps() == {"a": "sending"}
    report(app.db, actions)
    assert app.steps() == {"a": "completed"} and app.execution() == "completed" and app.left() == NOTHING


def test_exit_on_while_an_attempt_is_to_be_repeated(app: App) -> None:
    app.apply(http("a"), DONE, exit_on=[{"event": "stop.one", "match": {"lead": "{{ lead.id }}"}}])
    app.run("insert into leads values (1, 'Ann')")
    perform(app.db, "transient")
    assert app.steps() == {"a": "sleeping"}
    app.emit("stop.one", lead=2)
    app.tick()
    assert app.steps() == {"a": "sleeping"}
    app.emit("stop.one", lead=1)
    app.tick()
    assert app.steps() == {"a": "cancelled"} and app.left() == NOTHING


def test_exit_on_after_a_retry_counts_from_then_on(app: App) -> None:
    app.apply(http("a"), DONE, exit_on=[{"event": "stop.all"}])
    app.run("insert into leads values (1, 'Ann')")
    perform(app.db, "permanent")
    assert app.execution() == "failed" and app.count("pgwhen.waits") == 0
    app.at("2026-01-05T12:00:01Z")
    app.emit("stop.all")
    app.tick()
    app.at("2026-01-05T12:00:02Z")
    app.db.execute("select * from pgwhen.retry_executions(array[%s]::uuid[])", [app.execution("execution_id")])
    app.tick()
    assert app.execution() == "running" and app.count("pgwhen.waits") == 1
    app.at("2026-01-05T12:00:03Z")
    app.emit("stop.all")
    app.tick()
    assert app.execution() == "completed"


def test_an_exit_on_that_cannot_be_judged_fails_the_execution(app: App) -> None:
    app.apply(PAUSE, exit_on=[{"event": "stop.all", "match": {"a": 1}}])
    app.run("insert into leads values (1, 'Ann')")
    app.db.execute(
        "update pgwhen.versions set compiled = jsonb_set(compiled, '{exit_on,0,condition}',"
        ' \'{"op": "no_such", "left": ["(row)", "a"], "right": {"literal": 1}}\')'
    )
    app.emit("stop.all", a=1)
    app.tick()
    assert app.execution() == "failed" and app.execution("error")["code"] == "WF132" and app.left() == NOTHING


# ---------------------------------------------------------------- on_deleted


def test_a_step_that_reads_a_record_that_is_gone_ends_the_execution(app: App) -> None:
    app.apply(PAUSE, {**DONE, "url": "https://example.com/{{ lead.name }}"})
    app.run("insert into leads values (1, 'Ann')", "insert into leads values (2, 'Bob')")
    assert "leads.delete" not in app.subscriptions()
    app.run("delete from leads where id = 1")
    later(app)
    assert app.execution("reason", 1) == "the record was deleted" and app.execution(record=1) == "completed"
    assert app.steps(1) == {"pause": "completed", "done": "cancelled"} and app.steps(2)["done"] == "queued"


def test_a_step_that_does_not_read_it_goes_on(app: App) -> None:
    app.apply(PAUSE, {**DONE, "url": "https://example.com/{{ new.name }}"})
    app.run("insert into leads values (1, 'Ann')", "delete from leads")
    later(app)
    assert app.steps() == {"pause": "completed", "done": "queued"}


def test_a_wait_ends_when_the_record_is_deleted(app: App) -> None:
    app.apply(wait(event="never"), DONE)
    app.run("insert into leads values (1, 'Ann')", "insert into leads values (2, 'Bob')")
    assert "leads.delete" in app.subscriptions() and "leads.update" not in app.subscriptions()
    app.run("delete from leads where id = 1")
    assert app.execution(record=1) == "completed" and app.execution("reason", 1) == "the record was deleted"
    assert app.execution(record=2) == "waiting"


def test_what_is_made_again_under_the_same_key_is_not_gone(app: App) -> None:
    app.apply(wait(event="never"), DONE)
    app.run("insert into leads values (1, 'Ann')")
    app.run("delete from leads", "insert into leads values (1, 'Anna')")
    assert app.execution() == "waiting"


def test_continue_goes_on_without_the_record(app: App) -> None:
    app.apply(
        wait(event="go"),
        {**DONE, "url": 'https://example.com/{{ lead.name | default("nobody") }}'},
        on_deleted="continue",
    )
    app.run("insert into leads values (1, 'Ann')", "delete from leads")
    assert app.execution() == "waiting"
    app.emit("go")
    app.tick()
    assert app.steps() == {"w": "completed", "done": "queued"}


def test_a_deletion_has_no_record_to_miss(app: App) -> None:
    app.apply(PAUSE, {**DONE, "url": "https://example.com/{{ lead.name }}"}, when={"table": "leads", "row": "deleted"})
    app.apply(
        wait(until={"status": "lost"}, timeout="1 day", timed_out=[http("late")]),
        name="mixed",
        when=[{"table": "leads", "row": "deleted"}, {"table": "leads", "row": "created"}, {"manual": True}],
    )
    app.run("insert into leads values (1, 'Ann')", "delete from leads")
    app.db.execute("select pgwhen.start_execution('mixed', '{}')")
    app.tick()
    states = app.db.execute(
        "select e.operation, x.status, x.reason from pgwhen.executions x join pgwhen.events e using (event_id)"
        " join pgwhen.workflows w using (workflow_id) where workflow = 'mixed' order by 1"
    ).fetchall()
    assert states == [
        ("delete", "waiting", None),
        ("insert", "completed", "the record was deleted"),
        ("manual", "waiting", None),
    ]
    later(app)
    assert app.count("pgwhen.execution_steps where step_id = 'done' and status = 'queued'") == 1


def test_nothing_is_asked_where_nothing_needs_it(app: App) -> None:
    app.apply(
        {**http("a"), "url": "https://example.com/{{ lead.name }}"},
        {"id": "c", "type": "condition", "if": {"status": "new"}, "then": [DONE]},
    )
    compiled = app.db.execute("select compiled from pgwhen.steps").fetchall()
    assert all(not {"leave", "watch", "opens"} & set(c) for (c,) in compiled)
    assert app.count("pgwhen.watches") == 0 and app.subscriptions() == {"leads.insert"}


# ---------------------------------------------------------------- delays that follow the record


def test_a_delay_follows_the_value_of_its_record(app: App) -> None:
    app.apply({"id": "until", "type": "delay", "until": "{{ lead.call_at }}"}, DONE)
    app.run("insert into leads values (1, 'Ann', 'new', '2026-01-10T12:00:00Z')")
    app.run("update leads set call_at = '2026-01-20T12:00:00Z'")
    (due,) = app.db.execute("select due_at::text from pgwhen.sleepers").fetchall()
    assert due == ("2026-01-20 12:00:00+00",)
    app.run("update leads set call_at = '2026-01-05T12:00:30Z'")
    app.at("2026-01-05T12:00:31Z")
    app.tick()
    assert app.steps() == {"until": "completed", "done": "queued"}


def test_a_delay_whose_value_has_passed_ends_at_once(app: App) -> None:
    app.apply({"id": "until", "type": "delay", "until": "{{ lead.call_at }}"}, DONE)
    app.run("insert into leads values (1, 'Ann', 'new', '2026-01-10T12:00:00Z')")
    app.run("update leads set call_at = '2026-01-01T12:00:00Z'")
    assert app.steps() == {"until": "completed", "done": "queued"}


def test_a_delay_whose_value_is_gone_fails(app: App) -> None:
    app.apply({"id": "until", "type": "delay", "until": "{{ lead.call_at }}"}, DONE)
    app.run("insert into leads values (1, 'Ann', 'new', '2026-01-10T12:00:00Z')")
    app.run("update leads set call_at = null")
    assert app.step("until", "error")["code"] == "WF141" and app.execution() == "failed"
