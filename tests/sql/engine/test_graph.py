"""The one rule on whole definitions: every way through switch, parallel, split, join and stop, as it is run."""

import json
from typing import Any

import pytest

from tests.sql.engine.support import (
    Connection,
    claim,
    executions,
    fake_clock,
    freeze,
    perform,
    report,
    tick,
)
from tests.sql.language.support import apply, yaml


def publish(db: Connection, text: str, name: str = "w", **keys: Any) -> None:
    """Publish a workflow that the event ``go`` starts; ``h`` as a type is an http step to nowhere."""
    given = yaml(text)
    body = given if isinstance(given, dict) else {"steps": given}
    apply(db, {"workflow": name, "when": [{"event": "go"}]} | _written(body) | keys)


def _written(value: Any) -> Any:
    if isinstance(value, list):
        return [_written(v) for v in value]
    if not isinstance(value, dict):
        return value
    value = {k: _written(v) for k, v in value.items()}
    return value | {"type": "http", "url": "https://example.com"} if value.get("type") == "h" else value


def go(db: Connection, **payload: Any) -> None:
    """Emit the event, and tick."""
    db.execute("select pgwhen.emit_event('go', %s)", [json.dumps(payload)])
    tick(db)


def states(db: Connection, workflow: str = "w") -> str:
    """Steps of the executions of a workflow as "step state", in the order of their names."""
    rows = db.execute(
        "select s.step_id, s.status from pgwhen.execution_steps s join pgwhen.executions using (execution_id)"
        " join pgwhen.workflows w using (workflow_id) where w.workflow = %s order by s.step_id",
        [workflow],
    ).fetchall()
    return ", ".join(f"{step} {status}" for step, status in rows)


def value(db: Connection, query: str, *parameters: Any) -> Any:
    """The one value of a query."""
    row = db.execute(query, parameters).fetchone()
    assert row is not None
    return row[0]


def outcome(db: Connection, step: str) -> tuple[Any, ...]:
    """Outcome, output and reason of a step."""
    row = db.execute("select outcome, output, reason from pgwhen.execution_steps where step_id = %s", [step]).fetchone()
    assert row is not None
    return tuple(row)


def settle(db: Connection, **classes: str) -> None:
    """Claim what is due and report a class for the steps named; the others keep their lease."""
    actions = {a["step_id"]: a for a in claim(db) if a["step_id"] in classes}
    assert sorted(actions) == sorted(classes)
    freeze(db, list(actions.values()))
    for step, class_ in classes.items():
        report(db, [actions[step]], class_)


SWITCH = """
- id: tier
  type: switch
  value: "{{ input.tier }}"
  cases:
    gold: [{id: gift, type: h}]
    '2': [{id: two, type: h}]
    'true': [{id: yes, type: h}]
    none: []
  default: [{id: other, type: h}]
- {id: after, type: h}
"""


@pytest.mark.parametrize(
    ("tier", "taken", "step"),
    [
        ("gold", "case:gold", "gift"),
        (2, "case:2", "two"),
        ("2", "case:2", "two"),
        (True, "case:true", "yes"),
        ("none", "case:none", "after"),
        ("silver", "default", "other"),
        (None, "default", "other"),
        ([1], "default", "other"),
        ({"a": 1}, "default", "other"),
    ],
)
def test_a_switch_takes_the_case_of_its_value(db: Connection, tier: Any, taken: str, step: str) -> None:
    publish(db, SWITCH)
    go(db, tier=tier)
    assert outcome(db, "tier")[:2] == (taken, taken.removeprefix("case:"))
    assert perform(db) == [step]
    perform(db)
    assert executions(db) == ["completed"]
    assert states(db).count("completed") == (2 if step == "after" else 3)
    assert states(db).count("not_reached") == (4 if step == "after" else 3)


def test_a_number_finds_its_case_however_it_is_written(db: Connection) -> None:
    publish(db, SWITCH)
    db.execute("select pgwhen.emit_event('go', '{\"tier\": 2.00}')")
    tick(db)
    assert outcome(db, "tier") == ("case:2", "2", "the value is 2.00")


def test_a_switch_says_that_it_knew_no_case(db: Connection) -> None:
    publish(db, SWITCH)
    go(db)
    assert outcome(db, "tier") == ("default", "default", "the value is missing, for which there is no case")


@pytest.mark.parametrize(
    "step",
    [
        "{id: x, type: switch, value: a, cases: {a: [{id: in, type: h}]}, if: '$.input.go == true'}",
        "{id: x, type: parallel, branches: [[{id: in, type: h}], [{id: on, type: h}]], if: '$.input.go == true'}",
        "{id: x, type: split, parts: {a: {share: 1, steps: [{id: in, type: h}]}}, if: '$.input.go == true'}",
    ],
)
def test_what_its_if_skips_runs_none_of_its_branches(db: Connection, step: str) -> None:
    publish(db, f"[{step}, {{id: after, type: h}}]")
    go(db, go=False)
    assert outcome(db, "x")[0] == "skipped"
    assert perform(db) == ["after"]
    assert "in not_reached" in states(db) and "x skipped" in states(db)


def test_a_parallel_begins_its_branches_together_and_waits_for_all(db: Connection) -> None:
    publish(
        db,
        """
        - {id: both, type: parallel, branches: [[{id: a, type: h}, {id: a2, type: h}], [{id: b, type: h}]]}
        - {id: after, type: h}
        """,
    )
    go(db)
    assert perform(db) == ["a", "b"]
    assert perform(db) == ["a2"]
    assert perform(db) == ["after"]
    assert executions(db) == ["completed"]


RACE = """
- id: race
  type: parallel
  join: %s
  cancel_rest: %s
  branches:
    - [{id: a, type: h}, {id: a2, type: h}]
    - [{id: b, type: h}, {id: b2, type: h}]
    - [{id: c, type: h}, {id: c2, type: h, on_error: [{id: c3, type: h}]}]
- {id: after, type: h}
"""


def test_any_goes_on_with_the_first_branch_that_ends(db: Connection) -> None:
    publish(db, RACE % ("any", "false"))
    go(db)
    settle(db, a="ok", b="ok")
    settle(db, a2="ok")
    assert "after queued" in states(db) and "b2 claimed" in states(db)
    actions = db.execute("select count(*) from pgwhen.execution_steps where step_id = 'after'").fetchone()
    assert actions == (1,)


def test_two_of_three(db: Connection) -> None:
    publish(db, RACE % ("2", "false"))
    go(db)
    settle(db, a="ok", b="ok", c="ok")
    settle(db, a2="ok")
    assert "after" not in states(db)


def test_the_rest_is_cancelled_wherever_it_stands(db: Connection) -> None:
    publish(db, RACE % ("any", "true"))
    go(db)
    late = {x["step_id"]: x for x in claim(db)}
    freeze(db, list(late.values()))
    report(db, [late["a"]])
    (last,) = claim(db)
    freeze(db, [last])
    report(db, [last])
    assert states(db) == (
        "a completed, a2 completed, after queued, b sending, b2 cancelled, c sending, c2 cancelled, c3 cancelled,"
        " race completed, race_join completed"
    )
    # What was in flight ends, is recorded, and nothing follows from it.
    report(db, [late["b"]])
    report(db, [late["c"]], "transient")
    assert "b completed" in states(db) and "c failed" in states(db)
    assert value(db, "select count(*) from pgwhen.failures") == 0
    assert value(db, "select count(*) from pgwhen.sleepers") == 0
    assert perform(db) == ["after"]
    assert executions(db) == ["completed"]


def test_a_loser_that_was_claimed_and_not_sent_is_not_sent(db: Connection) -> None:
    publish(db, RACE % ("any", "true"))
    go(db)
    actions = {x["step_id"]: x for x in claim(db)}
    freeze(db, [actions["a"]])
    report(db, [actions["a"]])
    perform(db)
    assert "b cancelled" in states(db)
    assert [v["verdict"] for v in freeze(db, [actions["b"]])] == ["lost"]


def test_a_sleeping_loser_does_not_wake(db: Connection) -> None:
    fake_clock(db, "2026-01-01T00:00:00Z")
    publish(
        db,
        """
        - id: race
          type: parallel
          join: any
          cancel_rest: true
          branches: [[{id: wait, type: delay, for: 1 day}, {id: late, type: h}], [{id: a, type: h}]]
        - {id: after, type: stop}
        """,
    )
    go(db)
    assert perform(db) == ["a"]
    assert states(db) == (
        "a completed, after completed, late cancelled, race completed, race_join completed, wait cancelled"
    )
    assert value(db, "select count(*) from pgwhen.sleepers") == 0
    assert value(db, "select reason from pgwhen.execution_steps where step_id = 'wait'") == (
        "race_join did not wait for it"
    )


def test_a_loop_and_an_approval_that_lose_end_with_all_that_hangs_on_them(db: Connection) -> None:
    publish(
        db,
        """
        - id: race
          type: parallel
          join: any
          cancel_rest: true
          branches:
            - [{id: each, type: loop, over: [1, 2], steps: [{id: send, type: h}]}]
            - [{id: ask, type: approval, approvers: [a@example.com], timeout: 1 day, approved: [{id: yes, type: h}]}]
            - [{id: paid, type: wait, event: invoice.paid}]
            - [{id: a, type: h}]
        - {id: after, type: stop}
        """,
    )
    go(db)
    tick(db)
    settle(db, a="ok")
    tick(db)
    tick(db)
    assert sorted(executions(db)) == ["cancelled", "completed"]
    assert "each cancelled" in states(db) and "ask cancelled" in states(db) and "paid cancelled" in states(db)
    assert "send completed" not in states(db)
    for table in ("sleepers", "waits", "loops", "children", "unfinished", "failures", "handovers"):
        assert value(db, f"select count(*) from pgwhen.{table}") == 0, table
    assert value(db, "select outcome from pgwhen.approval_requests") == "cancelled"


def test_a_retry_leaves_what_a_join_did_not_wait_for(db: Connection) -> None:
    publish(db, (RACE % ("any", "true")) + "- {id: last, type: h}\n")
    go(db)
    late = {x["step_id"]: x for x in claim(db)}
    freeze(db, list(late.values()))
    report(db, [late["a"]])
    settle(db, a2="ok")
    report(db, [late["b"]], "permanent")
    report(db, [late["c"]])
    settle(db, after="permanent")
    assert executions(db) == ["failed"]
    assert "b failed, b2 cancelled, c completed, c2 cancelled, c3 cancelled" in states(db)
    db.execute("select pgwhen.retry_executions(array(select execution_id from pgwhen.executions))")
    assert perform(db) == ["after"] and perform(db) == ["last"] and perform(db) == []
    assert executions(db) == ["completed"]
    assert "b failed, b2 cancelled, c completed, c2 cancelled, c3 cancelled" in states(db)


def test_a_race_at_the_end_of_a_branch(db: Connection) -> None:
    publish(
        db,
        """
        - id: check
          type: condition
          if: "$.input.go == true"
          then:
            - {id: race, type: parallel, join: any, branches: [[{id: a, type: h}], [{id: b, type: h}]]}
        - {id: after, type: h}
        """,
    )
    go(db, go=True)
    settle(db, a="ok")
    assert "after queued" in states(db) and "b claimed" in states(db)
    db.execute("delete from pgmq.q_pgwhen_actions")
    go(db, go=False)
    assert perform(db) == ["after"]


def test_a_branch_counts_once_however_many_ways_lead_out_of_it(db: Connection) -> None:
    publish(
        db,
        """
        - id: race
          type: parallel
          join: 2
          branches:
            - [{id: inner, type: parallel, branches: [[{id: a, type: h}], [{id: b, type: h}]]}]
            - [{id: c, type: condition, if: "$.input.go == true", then: [{id: d, type: h}], else: [{id: e, type: h}]}]
            - [{id: f, type: h}]
        - {id: after, type: h}
        """,
    )
    go(db, go=True)
    settle(db, a="ok", b="ok")
    assert "after" not in states(db)
    db.execute("update pgmq.q_pgwhen_actions set vt = now() - interval '1 hour'")
    settle(db, d="ok")
    assert "after queued" in states(db)


@pytest.mark.parametrize(("wanted", "reached"), [("any", True), ("2", False)])
def test_what_too_few_can_reach_is_not_reached(db: Connection, wanted: str, reached: bool) -> None:
    publish(
        db,
        f"""
        - {{id: a, type: h}}
        - {{id: b, type: condition, needs: [a], if: "$.input.go == true", then: [{{id: x, type: h}}]}}
        - {{id: y, type: condition, needs: [a], if: "$.input.go == true", else: [{{id: z, type: h}}]}}
        - {{id: after, type: h, needs: [x, z], join: {wanted}}}
        """,
    )
    go(db, go=False)
    perform(db)
    assert perform(db) == ["z"]
    assert ("after queued" if reached else "after not_reached") in states(db)


def test_what_hangs_on_the_rest_dies(db: Connection) -> None:
    publish(
        db,
        """
        nodes:
          - {id: a, type: h}
          - {id: b, type: h}
          - {id: b2, type: h}
          - {id: aside, type: h}
          - {id: meet, type: h, join: any, cancel_rest: true}
        edges:
          - {source: a, target: meet}
          - {source: b, target: b2}
          - {source: b2, target: meet}
          - {source: b2, target: aside}
        """,
    )
    go(db)
    settle(db, a="ok")
    assert states(db) == "a completed, aside not_reached, b cancelled, b2 cancelled, meet queued"
    db.execute("update pgmq.q_pgwhen_actions set vt = now() - interval '1 hour'")
    assert perform(db) == ["meet"]
    assert executions(db) == ["completed"]


def test_two_that_could_start_at_once_do_not_both(db: Connection) -> None:
    publish(
        db,
        """
        nodes:
          - {id: fork, type: parallel}
          - {id: meet, type: h, join: any, cancel_rest: true}
          - {id: slow, type: h}
        edges:
          - {source: fork, target: slow}
          - {source: slow, target: meet}
          - {source: fork, target: meet}
        """,
    )
    go(db)
    assert states(db) == "fork completed, meet queued, slow cancelled"


def test_parallels_in_a_switch_in_a_parallel(db: Connection) -> None:
    publish(
        db,
        """
        - id: out
          type: parallel
          branches:
            - - id: s
                type: switch
                value: "{{ input.s }}"
                cases:
                  a:
                    - id: race
                      type: parallel
                      join: any
                      cancel_rest: true
                      branches: [[{id: p, type: h}], [{id: q, type: h}]]
                default: [{id: end, type: stop, branch: true, reason: nothing to do}]
              - {id: then, type: h}
            - [{id: r, type: h}]
        - {id: after, type: h}
        """,
    )
    go(db, s="a")
    settle(db, p="ok", r="ok")
    assert perform(db) == ["then"]
    assert perform(db) == ["after"]
    assert states(db) == (
        "after completed, end not_reached, out completed, p completed, q cancelled, r completed, race completed,"
        " race_join completed, s completed, then completed"
    )


def test_a_stop_of_a_branch_ends_only_that(db: Connection) -> None:
    publish(
        db,
        """
        - id: out
          type: parallel
          branches:
            - [{id: end, type: stop, branch: true, reason: nothing to do}]
            - [{id: r, type: h}]
        - {id: after, type: h}
        """,
    )
    go(db)
    assert outcome(db, "end") == (None, None, "nothing to do")
    assert perform(db) == ["r"] and perform(db) == ["after"]
    assert executions(db) == ["completed"]


def test_a_transform_makes_values_that_keep_their_types(db: Connection) -> None:
    publish(
        db,
        """
        - id: t
          type: transform
          set:
            total: "{{ input.total }}"
            text: "EUR {{ input.total }}"
            list: [1, "{{ input.a }}"]
            none: "{{ input.b }}"
        - {id: ok, type: condition, if: {steps.t.output.total: 10.20}}
        """,
    )
    db.execute("select pgwhen.emit_event('go', '{\"total\": 10.20, \"a\": true}')")
    tick(db)
    assert value(db, "select output::text from pgwhen.execution_steps where step_id = 't'") == (
        '{"list": [1, true], "none": null, "text": "EUR 10.20", "total": 10.20}'
    )
    assert outcome(db, "ok")[0] == "true"


def test_a_split_is_sticky_and_keeps_its_shares(db: Connection) -> None:
    db.execute("create table leads (id int primary key, n int)")
    db.execute("select pgwhen.attach('leads')")
    publish(
        db,
        "[{id: s, type: split, parts: {a: 30, b: {share: 10, steps: [{id: in, type: h}]}}}, {id: e, type: stop}]",
        when=[{"table": "leads", "row": "saved"}],
    )
    db.execute("insert into leads select n, 0 from generate_series(1, 400) n")
    tick(db, 1000)
    db.execute("update leads set n = 1")
    tick(db, 1000)
    rows = db.execute(
        "select count(*), count(distinct s.output)"
        " from pgwhen.execution_steps s join pgwhen.executions using (execution_id)"
        " where s.step_id = 's' group by record_key"
    ).fetchall()
    assert rows == [(2, 1)] * 400
    share = value(db, "select count(*) from pgwhen.execution_steps where step_id = 's' and outcome = 'part:a'") / 800
    assert 0.67 < share < 0.83
    assert value(db, "select count(*) from pgwhen.execution_steps where step_id = 'in' and status = 'queued'") == value(
        db, "select count(*) from pgwhen.execution_steps where step_id = 's' and outcome = 'part:b'"
    )


def test_a_split_without_a_record_goes_by_the_execution(db: Connection) -> None:
    publish(db, "[{id: s, type: split, parts: {a: 1, b: 1}}]")
    for _ in range(40):
        go(db)
    assert {*value(db, "select array_agg(distinct output #>> '{}') from pgwhen.execution_steps")} == {"a", "b"}


FALLBACK = """
- {id: call, type: h, retry: {attempts: 1}, on_error: {fallback: {type: transform, set: {status: 0}}}}
- {id: see, type: transform, set: {status: "{{ steps.call.output.status }}", was: "{{ steps.call.status }}"}}
"""


def test_the_output_of_a_fallback_stands_for_the_step_and_its_status_stays_truthful(db: Connection) -> None:
    publish(db, FALLBACK)
    go(db)
    assert perform(db, "permanent") == ["call"]
    assert states(db) == "call failed, call_fallback completed, see completed"
    assert outcome(db, "see")[1] == {"status": 0, "was": "failed"}
    assert db.execute("select status, had_failures from pgwhen.executions").fetchone() == ("completed", True)


def test_a_fallback_that_is_not_needed_is_not_reached(db: Connection) -> None:
    publish(db, FALLBACK)
    go(db)
    assert perform(db) == ["call"]
    assert states(db) == "call completed, call_fallback not_reached, see completed"
    assert outcome(db, "see")[1] == {"status": 200, "was": "completed"}


def test_a_fallback_between_nodes(db: Connection) -> None:
    publish(
        db,
        """
        nodes:
          - {id: call, type: h, on_error: {fallback: {type: h}}}
          - {id: after, type: h}
        edges: [{source: call, target: after}]
        """,
    )
    go(db)
    perform(db, "permanent")
    assert perform(db) == ["call_fallback"] and perform(db) == ["after"]


def test_a_fallback_that_fails_fails_the_execution(db: Connection) -> None:
    publish(db, "[{id: call, type: h, on_error: {fallback: {type: h}}}, {id: after, type: h}]")
    go(db)
    perform(db, "permanent")
    perform(db, "permanent")
    assert states(db) == "call failed, call_fallback failed"
    assert executions(db) == ["failed"]


HANDLER = '[{id: note, type: transform, set: {input: {$path: "$.input"}, depth: "{{ event.depth }}"}}]'


def test_a_failure_is_handed_to_another_workflow(db: Connection) -> None:
    publish(db, HANDLER, "handler", when=[{"manual": True}])
    publish(db, "[{id: call, type: h, on_error: {workflow: handler}}, {id: after, type: h}]")
    go(db, a=1)
    perform(db, "permanent")
    assert states(db) == "call failed"
    tick(db)
    assert states(db, "handler") == "note completed"
    note = outcome(db, "note")[1]
    event, execution = db.execute(
        "select x.event_id::text, x.execution_id::text from pgwhen.executions x where status = 'failed'"
    ).fetchall()[0]
    assert note["depth"] == 1
    assert note["input"] | {"event": note["input"]["event"] | {"occurred_at": None}} == {
        "workflow": "w",
        "execution": execution,
        "step": "call",
        "error": {"class": "permanent", "code": "test", "message": "a permanent answer"},
        "event": {
            "id": event,
            "type": "go",
            "table": None,
            "operation": "event",
            "occurred_at": None,
            "actor": note["input"]["event"]["actor"],
        },
        "record": None,
    }
    assert db.execute("select depth from pgwhen.executions order by depth").fetchall() == [(0,), (1,)]
    assert value(db, "select cause ->> 'execution' from pgwhen.events where operation = 'manual'") == execution


def test_the_default_for_all_steps_may_be_a_workflow_and_a_failed_stop_counts(db: Connection) -> None:
    publish(db, HANDLER, "handler", when=[{"manual": True}])
    publish(db, "[{id: out, type: stop, as: failed, reason: no stock}]", on_error={"workflow": "handler"})
    go(db)
    tick(db)
    assert outcome(db, "note")[1]["input"]["error"] == {
        "class": "permanent",
        "code": "stopped",
        "message": "no stock",
    }


def test_workflows_that_hand_failures_to_each_other_end(db: Connection) -> None:
    publish(db, "[{id: a, type: h}]", "one", when=[{"manual": True}])
    publish(db, "[{id: b, type: h}]", "two", when=[{"manual": True}], on_error={"workflow": "one"})
    publish(db, "[{id: a, type: h}]", "one", when=[{"manual": True}], on_error={"workflow": "two"})
    db.execute("select pgwhen.start_execution('one')")
    for _ in range(30):
        perform(db, "permanent")
    assert value(db, "select count(*) from pgwhen.executions") == 2
    assert value(db, "select notes -> 'skipped' -> 0 ->> 'reason' from pgwhen.events where notes is not null") == (
        "reentry"
    )
