"""What time does to an approval: reminders, escalation, and its end, each by the fake clock."""

from pgwhen.cli.definitions import dump_json
from tests.sql.approvals.support import (
    ANNA,
    BO,
    BRANCHES,
    CLEO,
    Connection,
    advance,
    approve,
    deliver,
    errors,
    execution,
    messages,
    order,
    output,
    publish,
    reject,
    step,
    waiting,
)

SENT = "completed"


def test_without_a_branch_running_out_of_time_fails_the_step(db: Connection) -> None:
    publish(db, timeout="3 days")
    order(db)
    advance(db, "2 days 23 hours")
    assert step(db) == ("waiting", None)
    advance(db, "1 hour")
    assert step(db) == ("failed", "error") and execution(db) == ("failed", "step ok failed")
    (ours,) = [error for _, part, error in errors(db) if part == 0]
    assert ours == {"class": "permanent", "code": "timeout", "message": "nobody decided in time"}
    assert db.execute("select outcome, closed_by from pgwhen.approval_requests").fetchone() == ("timed_out", None)
    assert db.execute("select count(*) from pgwhen.failures").fetchone() == (1,)


def test_with_a_branch_it_goes_on_there(db: Connection) -> None:
    late = [{"id": "late", "type": "stop", "reason": "{{ steps.ok.output.decision }}"}]
    publish(db, approvers=[ANNA, BO], need=2, timeout="3 days", timed_out=late, **BRANCHES)
    order(db)
    approve(db, BO, comment="me too")
    advance(db, "3 days")
    assert step(db) == ("completed", "timed_out") and execution(db) == ("completed", "timed_out")
    assert output(db)["by"] is None and [v["by"] for v in output(db)["votes"]] == [BO]
    assert [step(db, name)[0] for name in ("yes", "no")] == ["not_reached", "not_reached"]


def test_on_error_continues_after_it(db: Connection) -> None:
    publish(
        db,
        timeout="1 day",
        on_error="continue",
        after=[{"id": "n", "type": "stop", "reason": "{{ steps.ok.error.code }}"}],
    )
    order(db)
    advance(db, "1 day")
    assert execution(db) == ("completed", "timeout")


def test_without_a_timeout_it_waits_for_ever(db: Connection) -> None:
    publish(db)
    order(db)
    advance(db, "20 days")
    assert step(db) == ("waiting", None)
    assert approve(db, ANNA) == "approved"


def test_reminders_go_to_those_who_have_not_voted_and_end(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO], need="all", remind={"every": "1 day", "max": 2}, timeout="9 days")
    order(db)
    deliver(db)
    assert messages(db) == [("request", ANNA, SENT), ("request", BO, SENT)]
    advance(db, "1 day")
    deliver(db)
    assert messages(db)[2:] == [("reminder", ANNA, SENT), ("reminder", BO, SENT)]
    approve(db, ANNA)
    advance(db, "1 day")
    deliver(db)
    assert messages(db)[4:] == [("reminder", BO, SENT)]
    advance(db, "1 day")
    assert deliver(db) == [] and len(messages(db)) == 5
    numbers = db.execute("select number from pgwhen.approval_messages where kind = 'reminder' order by part").fetchall()
    assert [n for (n,) in numbers] == [1, 1, 2]


def test_a_reminder_that_was_not_sent_yet_is_cancelled_by_the_decision(db: Connection) -> None:
    publish(db, remind={"every": "1 day"}, after=[{"id": "long", "type": "delay", "for": "9 days"}])
    order(db)
    deliver(db)
    advance(db, "1 day")
    assert messages(db)[1] == ("reminder", ANNA, "queued")
    approve(db, ANNA)
    assert messages(db)[1] == ("reminder", ANNA, "cancelled")
    advance(db, "1 day")
    assert deliver(db) == [], "nor a further one"
    assert db.execute("select count(*) from pgmq.q_pgwhen_actions").fetchone() == (0,)


def test_escalation_asks_others_too(db: Connection) -> None:
    publish(db, need=1, escalate={"after": "2 days", "to": [CLEO]}, timeout="3 days")
    order(db)
    deliver(db)
    advance(db, "2 days")
    assert waiting(db) == [ANNA, CLEO]
    deliver(db)
    assert messages(db) == [("request", ANNA, SENT), ("escalation", CLEO, SENT)]
    assert approve(db, CLEO) == "approved"
    assert output(db)["by"] == CLEO


def test_escalation_with_replace_takes_the_vote_from_the_others(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO], need=2, escalate={"after": "2 days", "to": CLEO, "replace": True})
    order(db)
    approve(db, BO)
    advance(db, "2 days")
    assert waiting(db) == [CLEO]
    row = db.execute("select withdrawn_because from pgwhen.approvers where approver = %s", [ANNA]).fetchone()
    assert row == ("replaced: nobody had decided in time",)
    assert approve(db, CLEO) == "approved", "the vote that was given counts"


def test_escalation_to_fewer_than_are_needed_asks_for_theirs(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO], need=2, escalate={"after": "2 days", "to": CLEO, "replace": True})
    order(db)
    advance(db, "2 days")
    assert approve(db, CLEO) == "approved"


def test_escalation_to_somebody_who_was_asked_already(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO], escalate={"after": "2 days", "to": [ANNA], "replace": True})
    order(db)
    advance(db, "2 days")
    assert waiting(db) == [ANNA]
    assert reject(db, ANNA) == "rejected"


def test_escalation_in_sequence_asks_at_once(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO], order="sequence", need=1, escalate={"after": "2 days", "to": CLEO})
    order(db)
    advance(db, "2 days")
    assert waiting(db) == [ANNA, CLEO]
    assert approve(db, CLEO) == "approved"


def test_all_counts_those_it_escalated_to(db: Connection) -> None:
    publish(db, approvers=[ANNA], need="all", escalate={"after": "2 days", "to": CLEO})
    order(db)
    advance(db, "2 days")
    assert [approve(db, CLEO), approve(db, ANNA)] == ["open", "approved"]


def test_escalation_to_nobody_fails_the_step(db: Connection) -> None:
    publish(db, escalate={"after": "2 days", "to": "{{ order.owner }}"})
    order(db)
    deliver(db)
    advance(db, "2 days")
    assert step(db) == ("failed", "error")
    assert db.execute("select outcome from pgwhen.approval_requests").fetchone() == ("failed",)
    assert db.execute("select count(*) from pgwhen.sleepers").fetchone() == (0,)


def test_no_escalation_after_the_decision(db: Connection) -> None:
    publish(
        db,
        escalate={"after": "2 days", "to": CLEO},
        timeout="3 days",
        after=[{"id": "long", "type": "delay", "for": "9 days"}],
    )
    order(db)
    approve(db, ANNA)
    assert db.execute("select purpose from pgwhen.sleepers").fetchall() == [("delay",)]
    advance(db, "5 days")
    assert step(db, "long") == ("sleeping", None)


def test_all_due_at_once_ends_it_and_sends_nothing(db: Connection) -> None:
    """No tick for a week: the end counts, not what should have been said before it."""
    publish(db, remind={"every": "1 day"}, escalate={"after": "2 days", "to": CLEO}, timeout="3 days")
    order(db)
    deliver(db)
    advance(db, "7 days")
    assert step(db) == ("failed", "error") and len(messages(db)) == 1


def test_cancelled_while_open(db: Connection) -> None:
    publish(db, remind={"every": "1 day"}, timeout="3 days")
    order(db)
    db.execute("select pgwhen.cancel_executions(array_agg(execution_id), 'no longer wanted') from pgwhen.executions")
    assert step(db) == ("cancelled", None)
    assert messages(db) == [("request", ANNA, "cancelled")]
    assert db.execute("select outcome from pgwhen.approval_requests").fetchone() == ("cancelled",)
    assert db.execute("select count(*) from pgwhen.approvals").fetchone() == (0,)
    advance(db, "9 days")
    assert deliver(db) == []


def test_a_retry_of_the_execution_asks_anew(db: Connection) -> None:
    publish(db, timeout="3 days", remind={"every": "1 day"})
    order(db)
    deliver(db)
    advance(db, "3 days")
    db.execute("select pgwhen.retry_executions(array_agg(execution_id), 'a second chance') from pgwhen.executions")
    advance(db, "1 minute")
    assert step(db) == ("waiting", None)
    deliver(db)
    keys = db.execute("select generation, part from pgwhen.frozen_messages order by frozen_at").fetchall()
    assert keys == [(1, 1), (2, 1)], "a message of its own"
    assert approve(db, ANNA) == "approved"
    rows = db.execute("select outcome from pgwhen.approval_requests order by generation").fetchall()
    assert rows == [("timed_out",), ("approved",)]


def test_left_behind_by_a_join_that_waits_for_one(db: Connection) -> None:
    first = {"id": "quick", "type": "delay", "for": "1 hour"}
    approval = {"id": "ok", "type": "approval", "approvers": [ANNA], "remind": {"every": "1 day"}}
    definition = {
        "workflow": "race",
        "when": {"table": "orders", "row": "created"},
        "steps": [
            {"id": "both", "type": "parallel", "join": "any", "cancel_rest": True, "branches": [[first], [approval]]},
            {"id": "after", "type": "delay", "for": "1 hour"},
        ],
    }
    db.execute("select pgwhen.apply_definition(%s)", [dump_json(definition)])
    order(db)
    advance(db, "1 hour")
    assert step(db) == ("cancelled", None) and step(db, "after") == ("sleeping", None)
    assert messages(db) == [("request", ANNA, "cancelled")]
    assert db.execute("select count(*) from pgwhen.approvals").fetchone() == (0,)
    advance(db, "9 days")
    assert execution(db)[0] == "completed" and len(messages(db)) == 1


def test_for_each_item_of_a_loop(db: Connection) -> None:
    definition = {
        "workflow": "each",
        "when": {"table": "orders", "row": "created"},
        "steps": [
            {
                "id": "people",
                "type": "loop",
                "over": "{{ order.owners }}",
                "at_once": 2,
                "steps": [{"id": "ok", "type": "approval", "approvers": "{{ item }}"}],
            }
        ],
    }
    db.execute("select pgwhen.apply_definition(%s)", [dump_json(definition)])
    order(db, owners=[ANNA, BO])
    rows = db.execute("select approval_id, waiting from pgwhen.approvals order by waiting").fetchall()
    assert [whom for _, whom in rows] == [[ANNA], [BO]]
    for decision, (found, whom) in zip(("approved", "rejected"), rows, strict=True):
        db.execute("select pgwhen.decide_approval(%s, %s, %s)", [found, decision, whom[0]])
    advance(db, "1 second")
    row = db.execute("select status from pgwhen.executions where parent_execution_id is null").fetchone()
    assert row == ("completed",)
