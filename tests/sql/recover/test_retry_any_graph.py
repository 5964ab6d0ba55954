"""Any graph, any failures, some retries: the end is that of a graph without failures, and nothing runs twice."""

from typing import Any

import psycopg
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.sql.engine.support import Connection, claim, define, freeze, happen, report

SETTLED = {"completed", "failed", "skipped", "not_reached", "cancelled"}
TRUE = {"op": "eq", "left": ["new", "id"], "type": "numeric", "right": 1, "source": "id: 1"}
FALSE = TRUE | {"right": 2}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[tuple[str, str, str]]]:
    """Steps in topological order and edges forward; error edges where on_error says so, as publish makes them."""
    count = draw(st.integers(2, 7))
    steps: list[dict[str, Any]] = []
    edges: set[tuple[str, str, str]] = set()
    for n in range(count):
        kind = draw(st.sampled_from(["http"] * 6 + ["condition"] * 2 + ["stop"]))
        step: dict[str, Any] = {"id": f"s{n}", "type": kind}
        if kind == "condition":
            step["if"] = draw(st.sampled_from([TRUE, FALSE]))
        elif kind == "stop":
            step["as"] = draw(st.sampled_from(["completed", "failed"]))
        else:
            step["on_error"] = draw(st.sampled_from(["fail", "continue", "branch"]))
        steps.append(step)
        for source in steps[:n]:
            if source["type"] != "stop" and not draw(st.integers(0, 2)):
                if source["type"] == "condition":
                    outcomes = [draw(st.sampled_from(["true", "false"]))]
                elif source["on_error"] == "branch":
                    outcomes = [draw(st.sampled_from(["success", "error"]))]
                else:
                    outcomes = ["success", "error"] if source["on_error"] == "continue" else ["success"]
                edges |= {(source["id"], step["id"], outcome) for outcome in outcomes}
    return steps, sorted(edges)


def work(db: Connection, data: st.DataObject | None) -> list[tuple[str, bool]]:
    """Perform all that can be performed; an attempt fails if ``data`` says so. What was attempted, and whether well."""
    done = []
    while actions := claim(db):
        freeze(db, actions)
        for action in actions:
            good = data is None or data.draw(st.booleans(), label=f"{action['step_id']} succeeds")
            report(db, [action], "ok" if good else "permanent")
            done.append((action["step_id"], good))
    return done


def rows(db: Connection, workflow_id: int) -> dict[str, tuple[str, str | None]]:
    """Step -> state and outcome."""
    found = db.execute(
        "select s.step_id, s.status, s.outcome from pgwhen.execution_steps s"
        " join pgwhen.executions x using (execution_id) where x.workflow_id = %s",
        [workflow_id],
    ).fetchall()
    return {row[0]: (row[1], row[2]) for row in found}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs(), data=st.data())
def test_retries_come_to_what_the_graph_says(db: psycopg.Connection[Any], graph: Any, data: st.DataObject) -> None:
    steps, edges = graph
    clean(db)
    workflow = define(db, steps, edges, name="w")
    happen(db, workflow, {"id": 1})
    attempts = work(db, data)
    check_ended(db)
    for last in (False, True):
        if not failures(db):
            break
        results = db.execute("select result from pgwhen.retry_failed()").fetchall()
        assert results == [("retried",)], results
        attempts += work(db, None if last else data)
        check_ended(db)
    note(str(attempts))
    if failures(db) or any(step["type"] == "stop" for step in steps):
        return
    final = rows(db, workflow.workflow_id)
    assert set(final) == {step["id"] for step in steps}, "every step was decided"
    for step in steps:
        incoming = [(source, outcome) for source, target, outcome in edges if target == step["id"]]
        fired = not incoming or any(final[source][1] == outcome for source, outcome in incoming)
        assert (final[step["id"]][0] == "completed") == fired, (step["id"], final)
    good = [name for name, succeeded in attempts if succeeded]
    for name in set(good):
        if good.count(name) > 1:
            # It ran again because the step whose failure it followed was retried, and failed again.
            assert any(target == name and outcome == "error" for _, target, outcome in closure(edges)), (name, attempts)


def closure(edges: list[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Who lies behind whom, and by which outcome of the first."""
    found = set(edges)
    while more := {(a, d, o) for a, b, o in found for c, d, _ in edges if b == c} - found:
        found |= more
    return found


def failures(db: Connection) -> int:
    """Failed steps that nobody retried."""
    row = db.execute("select count(*) from pgwhen.failures").fetchone()
    assert row is not None
    return int(row[0])


def check_ended(db: Connection) -> None:
    """Nothing is left open, anywhere."""
    states = db.execute(
        "select x.status, s.status from pgwhen.executions x left join pgwhen.execution_steps s using (execution_id)"
    ).fetchall()
    assert {row[0] for row in states} <= {"completed", "failed"}
    assert {row[1] for row in states} <= SETTLED
    for table in ("pgwhen.unfinished", "pgwhen.sleepers", "pgwhen.ready", "pgwhen.held", "pgmq.q_pgwhen_actions"):
        assert db.execute(f"select count(*) from {table}").fetchone() == (0,), table


def clean(db: Connection) -> None:
    """As at the beginning."""
    db.execute(
        "truncate pgwhen.executions, pgwhen.execution_steps, pgwhen.events, pgwhen.attempts, pgwhen.frozen_messages,"
        " pgwhen.logs, pgwhen.failures, pgwhen.unfinished, pgwhen.audit_log, pgwhen.trigger_keys, pgwhen.edges,"
        " pgwhen.steps, pgwhen.triggers,"
        " pgwhen.versions, pgwhen.activations, pgwhen.workflows, pgwhen.attachments,"
        " pgmq.q_pgwhen_actions, pgmq.q_pgwhen_events cascade"
    )
