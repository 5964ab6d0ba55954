"""wait: delivery: what providers told before, meanwhile, of an earlier attempt, or never."""

from typing import Any

import pytest

from tests.sql.deliveries.support import EMAIL, SMS, Db, Mail, call, start, status
from tests.sql.wait.support import DONE, NOTHING, http, wait

WAIT = wait(delivery="steps.mail")


@pytest.fixture
def mail(db: Db) -> Mail:
    mail = start(db)
    for name in ("resend", "twilio", "smtp"):
        mail.connect(name, key=name != "smtp")
    return mail


def test_it_ends_when_the_message_is_delivered(mail: Mail) -> None:
    mail.app.apply(EMAIL, WAIT, DONE)
    key = mail.send()
    mail.app.tick()
    assert mail.app.steps() == {"mail": "completed", "w": "waiting"}
    explained = mail.db.execute("select pgwhen._explain_step(s) from pgwhen.execution_steps s where s.step_id = 'w'")
    assert "waits for what becomes of the message of mail since 2026-01-05 12:00" in str(explained.fetchone())
    mail.tell("resend", "sent", key)
    mail.app.tick()
    assert mail.app.steps()["w"] == "waiting"
    mail.tell("resend", "delivered", key)
    mail.app.tick()
    assert mail.app.steps() == {"mail": "completed", "w": "completed", "done": "queued"}
    assert mail.app.step(column="output") == {
        "status": "delivered",
        "at": "2026-01-05T11:59:58+00:00",
        "address": "ann@example.com",
        "channel": "email",
        "connection": "resend",
        "provider_message_id": "m-1",
        "event": "email.delivered",
        "detail": {},
    }
    assert mail.app.left() == NOTHING | {"unfinished": 1}


def test_what_was_told_before_the_wait_began_counts(mail: Mail) -> None:
    mail.app.apply(EMAIL, {"id": "pause", "type": "delay", "for": "1 hour"}, WAIT, DONE)
    key = mail.send()
    mail.tell("resend", "bounced", key)
    mail.tell("resend", "delivered", key)
    mail.app.tick()
    mail.app.at("2026-01-05T13:00:01Z")
    mail.app.tick()
    assert mail.app.step(column="output")["status"] == "bounced"


def test_told_between_two_ticks_of_one_batch(mail: Mail) -> None:
    """The message leaves, and its provider is faster than the tick that opens the wait."""
    mail.app.apply(EMAIL, WAIT, DONE)
    key = mail.send()
    mail.tell("resend", "delivered", key)
    mail.app.tick()
    assert mail.app.step() == "success"


@pytest.mark.parametrize(
    ("word", "expected"),
    [("opened", "delivered"), ("clicked", "delivered"), ("complained", "complained"), ("failed", "failed")],
)
def test_what_settles_it(mail: Mail, word: str, expected: str) -> None:
    mail.app.apply(EMAIL, WAIT)
    key = mail.send()
    mail.tell("resend", word, key)
    mail.app.tick()
    assert mail.app.step(column="output")["status"] == expected


def test_the_way_on_depends_on_it(mail: Mail) -> None:
    mail.app.apply(
        SMS,
        wait(delivery="steps.text", timeout="1 day", timed_out=[http("late")]),
        {"id": "c", "type": "condition", "if": {"steps.w.output.status": "delivered"}, "else": [http("call")]},
    )
    key = mail.send(connection="twilio")
    mail.tell("twilio", "undelivered", key, "+31612345678", ErrorCode="30005")
    mail.app.tick()
    assert mail.app.steps()["call"] == "queued"


def test_a_timeout(mail: Mail) -> None:
    mail.app.apply(EMAIL, wait(delivery="steps.mail", timeout="1 hour", timed_out=[http("late")]))
    mail.send(connection="smtp")
    mail.app.tick()
    assert mail.app.steps()["w"] == "waiting"
    mail.app.at("2026-01-05T13:00:01Z")
    mail.app.tick()
    assert mail.app.step() == "timed_out" and mail.app.steps()["late"] == "queued"


def test_what_came_in_time_goes_before_the_timeout(mail: Mail) -> None:
    mail.app.apply(EMAIL, wait(delivery="steps.mail", timeout="1 hour"))
    key = mail.send()
    mail.app.tick()
    mail.tell("resend", "delivered", key)
    mail.db.execute("delete from pgmq.q_pgwhen_events")
    mail.app.at("2026-01-05T13:00:01Z")
    mail.app.tick()
    assert mail.app.step() == "success"


def test_without_an_end_a_provider_that_tells_nothing_is_an_error(mail: Mail) -> None:
    mail.app.apply(EMAIL, WAIT)
    mail.send(connection="smtp")
    mail.app.tick()
    assert mail.app.steps()["w"] == "failed"
    error = mail.app.step(column="error")
    assert error["code"] == "WF468" and "smtp" in error["message"]


def test_without_an_end_and_without_a_key_too(mail: Mail) -> None:
    mail.db.execute("delete from pgwhen.callback_keys")
    mail.app.apply(EMAIL, WAIT)
    mail.send()
    mail.app.tick()
    assert "no key for callbacks" in mail.app.step(column="error")["message"]


def test_a_message_that_never_left(mail: Mail) -> None:
    mail.app.apply({**EMAIL, "on_error": "continue", "retry": {"attempts": 1}}, WAIT)
    mail.send(class_="permanent")
    mail.app.tick()
    assert mail.app.step(column="output") == {"status": "not_sent", "reason": "a permanent answer"}


def test_a_message_that_was_skipped(mail: Mail) -> None:
    mail.app.apply({**EMAIL, "if": {"name": "nobody"}}, WAIT)
    mail.app.run("insert into leads values (1, 'Ann')")
    mail.app.tick()
    assert mail.app.step(column="output")["status"] == "not_sent"


def test_after_a_retry_the_new_message_counts(mail: Mail) -> None:
    mail.app.apply(EMAIL, wait(delivery="steps.mail", timeout="1 hour"))
    key = mail.send()
    mail.app.tick()
    mail.app.at("2026-01-05T13:00:01Z")
    mail.app.tick()
    assert mail.app.execution() == "failed"
    execution = key.split(":")[0]
    mail.db.execute(
        "select * from pgwhen.retry_executions(array[%s]::uuid[], 'again', p_scope => 'start')", [execution]
    )
    mail.app.tick()
    (new,) = mail.leave()
    assert new != key
    mail.app.at("2026-01-05T12:00:00Z")
    mail.tell("resend", "bounced", key)
    mail.app.tick()
    assert mail.app.steps()["w"] == "waiting"
    mail.tell("resend", "delivered", new)
    mail.app.tick()
    assert mail.app.step(column="output")["status"] == "delivered"


def test_from_within_a_loop(mail: Mail) -> None:
    mail.app.apply(
        EMAIL,
        {"id": "l", "type": "loop", "over": "{{ vars.list }}", "steps": [WAIT, http("one")]},
        vars={"list": [1]},
    )
    key = mail.send()
    mail.app.tick()
    mail.tell("resend", "delivered", key)
    mail.app.tick()
    assert mail.app.step(column="output")["status"] == "delivered" and mail.app.steps()["one"] == "queued"


def test_a_message_of_the_loop_itself(mail: Mail) -> None:
    mail.app.apply(
        {"id": "l", "type": "loop", "over": "{{ vars.list }}", "at_once": 2, "steps": [EMAIL, WAIT]},
        vars={"list": [1, 2]},
    )
    mail.app.run("insert into leads values (1, 'Ann')")
    mail.app.tick()
    first, second = mail.leave()
    mail.app.tick()
    mail.tell("resend", "bounced", second)
    mail.app.tick()
    rows = mail.db.execute(
        "select execution_id::text, status from pgwhen.execution_steps where step_id = 'w'"
    ).fetchall()
    assert dict(rows) == {first.split(":")[0]: "waiting", second.split(":")[0]: "completed"}


def test_many_waits_are_ended_by_their_own_only(mail: Mail) -> None:
    mail.app.apply(EMAIL, WAIT)
    keys = [mail.send(record) for record in range(1, 6)]
    mail.app.tick()
    mail.tell("resend", "delivered", keys[2])
    mail.app.tick()
    assert [mail.app.step(column="status", record=i) for i in range(1, 6)] == ["waiting"] * 2 + ["completed"] + [
        "waiting"
    ] * 2


def test_an_event_of_an_application_ends_nothing(mail: Mail) -> None:
    """Anybody may emit message.delivered; what counts is what a provider signed."""
    mail.app.apply(EMAIL, WAIT)
    key = mail.send()
    mail.app.tick()
    mail.app.emit("message.delivered", execution_id=key.split(":")[0], step_id="mail", status="delivered")
    mail.app.tick()
    assert mail.app.steps()["w"] == "waiting"


@pytest.mark.parametrize(
    ("delivery", "expected"),
    [
        ("steps.nobody", ("WF008", "steps[1].delivery")),
        ("steps.later", ("WF023", "steps[1]")),
        ("steps.push", ("WF468", "steps[1].delivery")),
        ("steps.call", ("WF468", "steps[1].delivery")),
        ("steps.w", ("WF468", "steps[1].delivery")),
        ("mail", ("WF002", "steps[1].delivery")),
        ("steps.mail.output", ("WF002", "steps[1].delivery")),
        (7, ("WF002", "steps[1].delivery")),
    ],
)
def test_what_it_may_not_wait_for(mail: Mail, delivery: Any, expected: tuple[str, str]) -> None:
    problems = mail.app.problems(
        EMAIL,
        wait(delivery=delivery),
        {"id": "push", "type": "push", "to": "token", "text": "Hi"},
        http("call"),
        {**EMAIL, "id": "later"},
    )
    assert expected in problems


def test_its_output_is_known(mail: Mail) -> None:
    assert mail.app.problems(EMAIL, WAIT, http("s", json={"x": "{{ steps.w.output.status }}"})) == []
    problems = mail.app.problems(EMAIL, WAIT, http("s", json={"x": "{{ steps.w.output.input }}"}))
    assert problems == [("WF017", "steps[2].json.x")]


def test_a_dry_run_takes_what_is_given(mail: Mail) -> None:
    mail.app.apply(EMAIL, WAIT, {"id": "t", "type": "transform", "set": {"s": "{{ steps.w.output.status }}"}})
    mail.db.execute("insert into leads values (1, 'Ann')")
    event, given = '{"table": "leads", "new": {"id": 1, "name": "Ann"}}', '{"w": {"output": {"status": "bounced"}}}'
    row = mail.db.execute("select pgwhen.dry_run('wf', %s, %s)", [event, given]).fetchone()
    assert row is not None
    steps = {step["step_id"]: step for execution in row[0]["executions"] for step in execution["steps"]}
    assert steps["t"]["output"] == {"s": "bounced"}


@pytest.mark.parametrize("first", ["tick", "callback"])
def test_told_while_the_wait_is_being_opened(mail: Mail, connect: Any, first: str) -> None:
    """Neither sees the other; the event, which the next tick takes, makes it look again."""
    mail.app.apply(EMAIL, WAIT)
    key = mail.send()
    told = mail.providers["resend"].sign(status("resend", "delivered", key, "ann@example.com"))
    ticking, calling = (connect(autocommit=False) for _ in range(2))
    for session in (ticking, calling):
        session.execute("select set_config('pgwhen.now', '2026-01-05T12:00:00Z', false)")
        session.commit()
    ticking.execute("select pgwhen.tick()")
    assert call(calling, "resend", "resend", told)["recorded"] == 1
    for session in (ticking, calling) if first == "tick" else (calling, ticking):
        session.commit()
    assert mail.app.steps()["w"] == "waiting"
    mail.app.tick()
    assert mail.app.step(column="output")["status"] == "delivered"
