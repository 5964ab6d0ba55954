"""Waiting for an event, a row or a condition that came before, meanwhile, in the same batch, too late or not at all."""

from tests.sql.wait.support import DONE, NOTHING, App, http, perform, wait

PAID = wait(event="invoice.paid", match={"lead": "{{ lead.id }}"})
REPLY = wait(table="lead_messages", row="created", match={"lead_id": "{{ lead.id }}", "direction": "in"})


def test_an_event_that_comes_later_ends_the_wait(app: App) -> None:
    app.apply(PAID, DONE)
    app.run("insert into leads values (1, 'Ann')")
    assert app.execution() == "waiting"
    app.emit("invoice.paid", lead=1, amount=5)
    app.tick()
    assert app.steps() == {"w": "completed", "done": "queued"}
    output = app.step(column="output")
    assert output["input"] == {"lead": 1, "amount": 5}
    assert output["event"]["type"] == "invoice.paid" and output["event"]["occurred_at"] == "2026-01-05T12:00:00+00:00"
    assert app.left() == NOTHING | {"unfinished": 1}


def test_an_event_that_came_first_is_not_lost(app: App) -> None:
    app.apply({"id": "pause", "type": "delay", "for": "1 hour"}, PAID, DONE)
    app.run("insert into leads values (1, 'Ann')")
    app.emit("invoice.paid", lead=1)
    app.tick()
    app.at("2026-01-05T13:00:01Z")
    app.tick()
    assert app.steps() == {"pause": "completed", "w": "completed", "done": "queued"}
    assert app.step(column="output")["input"] == {"lead": 1}


def test_what_happened_before_the_start_does_not_count(app: App) -> None:
    app.apply(PAID, DONE)
    app.emit("invoice.paid", lead=1)
    app.run("insert into leads values (1, 'Ann')")
    assert app.steps() == {"w": "waiting"}


def test_both_in_one_batch_or_one_transaction(app: App) -> None:
    app.apply(REPLY, DONE)
    app.run("insert into leads values (1, 'Ann')", "insert into lead_messages values (1, 1)")
    assert app.steps(1) == {"w": "completed", "done": "queued"}
    with app.db.transaction():
        app.db.execute("insert into leads values (2, 'Bob')")
        app.db.execute("insert into lead_messages values (2, 2)")
    app.tick()
    assert app.steps(2) == {"w": "completed", "done": "queued"}
    assert app.step(column="output", record=2)["new"]["id"] == 2


def test_what_was_rolled_back_never_came(app: App) -> None:
    app.apply(REPLY, DONE)
    app.run("insert into leads values (1, 'Ann')")
    with app.db.transaction(force_rollback=True):
        app.db.execute("insert into lead_messages values (1, 1)")
    app.tick()
    assert app.steps() == {"w": "waiting"}


def test_rows_that_do_not_match_are_passed_by(app: App) -> None:
    app.apply(REPLY, DONE)
    app.run("insert into leads values (1, 'Ann')", "insert into leads values (2, 'Bob')")
    app.run(
        "insert into lead_messages values (1, 2, 'out'), (2, null, 'in'), (3, 3, 'in')",
        "update lead_messages set direction = 'in' where id = 1",
    )
    assert app.steps() == {"w": "waiting"} and app.count("pgwhen.arrivals") == 0
    app.run("insert into lead_messages values (4, 2, 'in')")
    assert app.execution(record=1) == "waiting"
    assert app.steps(2) == {"w": "completed", "done": "queued"}


def test_updated_deleted_and_saved(app: App) -> None:
    app.apply(
        wait(id="u", table="lead_messages", row="updated", match={"id": 1, "body": {"contains": "yes"}}),
        wait(id="d", table="lead_messages", row="deleted", match={"id": 1}),
        wait(id="s", table="lead_messages", row="saved", match={"id": 1}),
        DONE,
    )
    app.run("insert into leads values (1, 'Ann')", "insert into lead_messages values (1, 1, 'in', 'yes')")
    assert app.steps() == {"u": "waiting"}
    app.run("update lead_messages set body = 'yes!'")
    assert app.step("u", "output")["old"]["body"] == "yes"
    app.run("delete from lead_messages")
    assert app.step("d", "output")["new"] is None
    # The row that was made before any of this is the first that was saved, and nobody took that event.
    assert app.step("s", "output")["event"]["operation"] == "insert"


def test_two_waits_of_an_execution_take_two_events(app: App) -> None:
    app.apply(
        {**PAID, "id": "first"},
        {**PAID, "id": "second"},
        DONE,
    )
    app.run("insert into leads values (1, 'Ann')")
    app.emit("invoice.paid", lead=1, number=1)
    app.tick()
    assert app.steps() == {"first": "completed", "second": "waiting"}
    app.emit("invoice.paid", lead=1, number=2)
    app.emit("invoice.paid", lead=1, number=3)
    app.tick()
    assert app.step("second", "output")["input"]["number"] == 2


def test_two_waits_at_once_share_the_events_of_a_batch(app: App) -> None:
    app.apply(
        {"id": "a", "type": "stop", "if": {"name": "nobody"}},
        {**PAID, "id": "b", "needs": ["a"]},
        {**PAID, "id": "c", "needs": ["a"]},
    )
    app.run("insert into leads values (1, 'Ann')")
    for number in (1, 2):
        app.emit("invoice.paid", lead=1, number=number)
    app.tick()
    assert [app.step(s, "output")["input"]["number"] for s in ("b", "c")] == [1, 2]
    assert app.execution() == "completed" and app.left() == NOTHING


def test_an_event_ends_the_waits_of_all_executions(app: App) -> None:
    app.apply(wait(event="doors.open"), DONE)
    app.run("insert into leads select n from generate_series(1, 20) n")
    app.emit("doors.open")
    app.tick()
    assert app.count("pgwhen.execution_steps where step_id = 'w' and status = 'completed'") == 20


def test_a_timeout_goes_its_own_way_and_a_late_event_changes_nothing(app: App) -> None:
    app.apply({**PAID, "timeout": "2 days", "timed_out": [http("remind")]}, DONE)
    app.run("insert into leads values (1, 'Ann')")
    assert app.tick()["next_due"] == "2026-01-07T12:00:00+00:00"
    app.at("2026-01-07T12:00:01Z")
    app.emit("invoice.paid", lead=1)
    app.tick()
    assert app.steps() == {"w": "completed", "remind": "queued"}
    assert app.step() == "timed_out" and app.step(column="reason") == "timed out: nothing came within 2 days"
    app.tick()
    assert app.left() == NOTHING | {"unfinished": 1}


def test_an_event_in_time_wins_however_late_the_tick_is(app: App) -> None:
    app.apply({**PAID, "timeout": "2 days", "timed_out": [http("remind")]}, DONE)
    app.run("insert into leads values (1, 'Ann')")
    app.at("2026-01-07T11:59:59Z")
    app.emit("invoice.paid", lead=1)
    app.at("2026-01-09T00:00:00Z")
    app.tick()
    assert app.step() == "success" and app.steps() == {"w": "completed", "remind": "not_reached", "done": "queued"}


def test_without_a_branch_a_timeout_is_a_failure(app: App) -> None:
    app.apply({**PAID, "timeout": "2 days"}, DONE)
    app.run("insert into leads values (1, 'Ann')")
    app.at("2026-01-08T00:00:00Z")
    app.tick()
    assert app.execution() == "failed"
    assert app.step(column="error") == {
        "class": "permanent",
        "code": "timeout",
        "message": "nothing came within 2 days",
    }
    assert app.count("pgwhen.failures") == 1 and app.left() == NOTHING


def test_a_timeout_that_on_error_takes(app: App) -> None:
    app.apply({**PAID, "timeout": "2 days", "on_error": [http("tell")]}, DONE)
    app.run("insert into leads values (1, 'Ann')")
    app.at("2026-01-08T00:00:00Z")
    app.tick()
    assert app.steps() == {"w": "failed", "tell": "queued"}


def test_an_operand_that_is_missing_matches_nothing(app: App) -> None:
    app.apply(
        wait(
            table="lead_messages",
            row="created",
            match={"lead_id": "{{ lead.owner_id }}"},
            timeout="1 day",
            timed_out=[http("late")],
        )
    )
    app.run("insert into leads values (1, 'Ann')", "insert into lead_messages values (1, null), (2, 1)")
    assert app.steps() == {"w": "waiting"} and app.count("pgwhen.waits where purpose = 'wait'") == 0
    app.at("2026-01-07T00:00:00Z")
    app.tick()
    assert app.step() == "timed_out"


def test_operands_are_values_of_when_the_wait_opened(app: App) -> None:
    app.apply(wait(event="named", match={"name": "{{ lead.name }}"}), DONE)
    app.run("insert into leads values (1, 'Zoë · 東京')")
    app.run("update leads set name = 'x'")
    app.emit("named", name="x")
    app.tick()
    assert app.steps() == {"w": "waiting"}
    app.emit("named", name="Zoë · 東京")
    app.tick()
    assert app.steps() == {"w": "completed", "done": "queued"}


def test_equal_values_find_each_other_however_they_are_written(app: App) -> None:
    app.apply(wait(event="num", match={"lead": "{{ lead.id }}"}), name="a")
    app.apply(wait(event="id", match={"ref": "{{ new.name }}"}), name="b")
    app.run("insert into leads values (7, '" + "long " * 100 + "')")
    app.emit("num", lead="7.00")
    app.emit("id", ref="long " * 100)
    app.tick()
    assert app.count("pgwhen.executions where status = 'completed'") == 2


def test_uuids_and_conditions_without_an_equality(app: App) -> None:
    ref = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    app.apply(wait(table="lead_messages", row="created", match={"ref": ref.upper()}), name="a")
    app.apply(
        wait(table="lead_messages", row="created", match={"any": [{"id": {"gt": 10}}, {"not": {"direction": "in"}}]}),
        name="b",
    )
    app.run("insert into leads values (1, 'Ann')", "insert into lead_messages values (1, 1)")
    assert app.count("pgwhen.executions where status = 'waiting'") == 2
    app.run(f"insert into lead_messages values (11, 1, 'in', null, '{ref}')")
    assert app.count("pgwhen.executions where status = 'completed'") == 2


def test_until_holds_at_once(app: App) -> None:
    app.apply(wait(until={"status": "won"}), DONE)
    app.run("insert into leads values (1, 'Ann', 'won')")
    assert app.steps() == {"w": "completed", "done": "queued"} and app.left() == NOTHING | {"unfinished": 1}


def test_until_is_judged_when_the_record_changes(app: App) -> None:
    app.apply(wait(until={"status": "won"}), DONE)
    app.run("insert into leads values (1, 'Ann')", "insert into leads values (2, 'Bob')")
    app.run("update leads set name = 'Anna' where id = 1")
    assert app.steps(1) == {"w": "waiting"}
    app.run("update leads set status = 'won' where id = 1")
    assert app.steps(1) == {"w": "completed", "done": "queued"} and app.steps(2) == {"w": "waiting"}


def test_until_is_judged_once_more_when_time_is_up(app: App) -> None:
    app.apply(wait(until={"status": "won"}, timeout="1 day", timed_out=[http("late")]), DONE)
    app.run("insert into leads values (1, 'Ann')", "insert into leads values (2, 'Bob')")
    app.db.execute("set session_replication_role = replica")
    app.db.execute("update leads set status = 'won' where id = 1")
    app.db.execute("reset session_replication_role")
    app.at("2026-01-06T12:00:01Z")
    app.tick()
    assert app.step(record=1) == "success" and app.step(record=2) == "timed_out"


def test_until_with_a_key_of_two_columns(app: App) -> None:
    app.apply(wait(until={"status": "free"}), DONE, when={"table": "rooms", "row": "created"})
    app.run("insert into rooms values ('Größe', 1, 'busy'), ('Größe', 2, 'busy')")
    app.run("update rooms set status = 'free' where number = 2")
    states = app.db.execute(
        "select x.record_key ->> 'number', s.status from pgwhen.execution_steps s"
        " join pgwhen.executions x using (execution_id) where s.step_id = 'w' order by 1"
    ).fetchall()
    assert states == [("1", "waiting"), ("2", "completed")]


def test_an_execution_that_somebody_holds_gets_its_event_later(app: App, connect: object) -> None:
    app.apply(PAID, DONE)
    app.run("insert into leads values (1, 'Ann')")
    other = connect(autocommit=False)  # type: ignore[operator]
    other.execute("select from pgwhen.executions for no key update")
    app.emit("invoice.paid", lead=1)
    app.tick()
    assert app.steps() == {"w": "waiting"} and app.count("pgwhen.handovers") == 1
    other.rollback()
    app.tick()
    assert app.steps() == {"w": "completed", "done": "queued"}


def test_cancelling_forgets_the_wait(app: App) -> None:
    app.apply({**PAID, "timeout": "2 days"})
    app.run("insert into leads values (1, 'Ann')")
    app.db.execute("select pgwhen.cancel_executions(array[%s]::uuid[])", [app.execution("execution_id")])
    app.emit("invoice.paid", lead=1)
    app.tick()
    assert app.execution() == "cancelled" and app.left() == NOTHING


def test_an_operand_that_cannot_be_computed_fails_its_own_step(app: App) -> None:
    app.apply(wait(event="a", match={"n": "{{ lead.id }}"}), name="a")
    app.apply(wait(event="a", match={"n": "{{ lead.id }}"}), name="b")
    app.run("insert into leads values (1, 'Ann')")
    app.db.execute(
        "update pgwhen.steps s set compiled = jsonb_set(s.compiled, '{wait,condition}',"
        """ '{"op": "no_such", "left": ["(row)", "n"], "right": {"literal": 1}}')"""
        " from pgwhen.workflows w where w.workflow_id = s.workflow_id and w.workflow = 'a'"
    )
    app.emit("a", n=1)
    app.tick()
    states = app.db.execute(
        "select w.workflow, x.status from pgwhen.executions x join pgwhen.workflows w using (workflow_id) order by 1"
    ).fetchall()
    assert states == [("a", "failed"), ("b", "completed")]
    errors = app.db.execute("select error ->> 'code' from pgwhen.execution_steps where error is not null").fetchall()
    assert errors == [("WF132",)]


def test_ten_thousand_waits_and_one_event(app: App) -> None:
    app.apply(PAID)
    app.db.execute("insert into leads select n from generate_series(1, 10000) n")
    for _ in range(6):
        app.tick(5000)
    assert app.count("pgwhen.waits where purpose = 'wait'") == 10000
    app.emit("invoice.paid", lead=4711)
    app.db.execute("select pg_stat_force_next_flush()")
    before = app.db.execute("select seq_scan from pg_stat_user_tables where relname = 'waits'").fetchone()
    app.tick()
    app.db.execute("select pg_stat_force_next_flush()")
    after = app.db.execute("select seq_scan from pg_stat_user_tables where relname = 'waits'").fetchone()
    assert app.execution(record=4711) == "completed" and app.count("pgwhen.handovers") == 0
    assert before == after


def test_explain_says_what_is_waited_for(app: App) -> None:
    app.apply({**REPLY, "timeout": "2 days"})
    app.run("insert into leads values (1, 'Ann')")
    text = app.db.execute("select pgwhen._explain_wait(s) from pgwhen.execution_steps s").fetchone()
    assert text == (
        "waits for lead_messages.created with lead_id: {{ lead.id }}, direction: in since 2026-01-05 12:00:00 UTC,"
        " until 2026-01-07 12:00:00 UTC",
    )


def test_explain_says_that_nothing_can_match(app: App) -> None:
    app.apply(wait(event="a", match={"n": "{{ lead.owner_id }}"}), on_deleted="continue")
    app.run("insert into leads values (1, 'Ann')")
    text = app.db.execute("select pgwhen._explain_wait(s) from pgwhen.execution_steps s").fetchone()
    assert text is not None and text[0].endswith("a value that it compares with is missing, so that nothing can match")


def test_a_wait_that_is_done_again_may_take_its_event_again(app: App) -> None:
    app.apply({**PAID, "id": "first"}, http("a"), {**PAID, "id": "second"})
    app.run("insert into leads values (1, 'Ann')")
    app.emit("invoice.paid", lead=1, number=1)
    app.tick()
    perform(app.db, "permanent")
    assert app.execution() == "failed"
    app.db.execute(
        "select * from pgwhen.retry_executions(array[%s]::uuid[], p_scope => 'start')", [app.execution("execution_id")]
    )
    app.tick()
    assert app.step("first", "output")["input"]["number"] == 1
    assert perform(app.db) == ["a"]
    assert app.steps() == {"first": "completed", "a": "completed", "second": "waiting"}


def test_what_was_looked_at_and_is_no_longer_open_is_forgotten(app: App) -> None:
    app.apply({**PAID, "id": "first"}, wait(event="never"))
    app.run("insert into leads values (1, 'Ann')")
    app.emit("invoice.paid", lead=1)
    app.tick()
    assert app.count("pgwhen.waits where step_id = 'first'") == 0
    app.run("delete from leads")
    assert app.execution() == "completed" and app.left() == NOTHING
