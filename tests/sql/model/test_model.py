"""The engine beside the reference model: workflows made by chance, with failures, retries, cancels, jumps of the clock.

Every round the state of every step of every execution must be what the model says; nothing may be left open at the end.
PGWHEN_EXAMPLES=2000 looks longer.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.sql.engine.support import Connection, claim, fake_clock, freeze, identity, tick
from tests.sql.model.model import SETTLED, Graph, Model, Path, Step

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANSWERS = st.lists(st.sampled_from(["ok", "ok", "ok", "transient", "permanent"]), min_size=1, max_size=6)
INPUTS = {
    "a": {"type": "boolean"},
    "b": {"type": "boolean"},
    "choice": {"type": "text"},
    "items": {"type": "list"},
    "missing": {"type": "text"},
}

names = count()


class Case:
    """What one example consists of."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.ids = count(1)
        self.steps = self.several(3, draw(st.integers(1, 4)), loops=True)
        self.values: dict[str, Any] = {
            "a": draw(st.booleans()),
            "b": draw(st.booleans()),
            "choice": draw(st.sampled_from(["x", "y", "z"])),
            "items": draw(st.integers(0, 3)),
        }
        self.answers = draw(ANSWERS)
        self.cancel_at = draw(st.none() | st.integers(1, 6))
        self.backwards = draw(st.booleans())

    def several(self, depth: int, most: int, *, loops: bool) -> list[Step]:
        """Some steps, of which all can be reached."""
        steps: list[Step] = []
        for _ in range(most):
            steps.append(self.step(depth, loops=loops))
            if not Graph(steps).exits:
                break
        return steps

    def step(self, depth: int, *, loops: bool) -> Step:
        """One step."""
        kinds = ["http", "http", "http", "transform", "delay", "broken", "stop"]
        if depth:
            kinds += ["condition", "switch", "parallel", "parallel"] + ["loop"] * loops
        kind = self.draw(st.sampled_from(kinds))
        step: Step = {"id": f"s{next(self.ids)}", "type": kind}
        if kind == "http":
            step |= {"url": "https://example.com/", "retry": {"attempts": 2, "backoff": "1 minute", "jitter": "none"}}
        elif kind == "transform":
            step["set"] = {"choice": "{{ input.choice }}"}
        elif kind == "delay":
            step["for"] = f"{self.draw(st.integers(1, 3))} hours"
        elif kind == "broken":
            step |= {"type": "delay", "until": "{{ input.missing }}"}
        elif kind == "stop":
            step |= self.draw(
                st.sampled_from([{"branch": True}, {"as": "completed"}, {"as": "failed"}, {"as": "cancelled"}])
            )
        elif kind == "condition":
            step |= {"if": self.condition(), "then": self.some(depth, loops), "else": self.some(depth, loops)}
        elif kind == "switch":
            step |= {
                "value": "{{ input.choice }}",
                "cases": {"x": self.some(depth, loops), "y": self.some(depth, loops)},
            }
            if self.draw(st.booleans()):
                step["default"] = self.some(depth, loops)
        elif kind == "parallel":
            step["branches"] = [self.some(depth, loops) for _ in range(self.draw(st.integers(2, 3)))]
            arms = sum(bool(Graph(branch).exits) for branch in step["branches"])
            join = self.draw(st.sampled_from(["all", "all", "any", 2]))
            if join != "all" and arms >= 2:
                step |= {"join": join, "cancel_rest": self.draw(st.booleans())}
        elif kind == "loop":
            step |= {"over": "{{ input.items }}", "at_once": self.draw(st.integers(1, 2))}
            step |= {
                "on_item_error": self.draw(st.sampled_from(["fail", "continue"])),
                "steps": self.some(depth, loops),
            }
        if kind in ("http", "broken", "loop"):
            step |= self.handler(kind, depth, loops)
        if kind in ("http", "transform", "delay", "loop") and self.draw(st.integers(0, 4)) == 0:
            step["if"] = self.condition()
        return step

    def some(self, depth: int, loops: bool) -> list[Step]:
        return self.several(depth - 1, self.draw(st.integers(1, 2)), loops=loops)

    def condition(self) -> dict[str, bool]:
        return {f"input.{self.draw(st.sampled_from('ab'))}": self.draw(st.booleans())}

    def handler(self, kind: str, depth: int, loops: bool) -> Step:
        choice = self.draw(st.sampled_from(["fail", "default", "continue", "steps", "fallback"]))
        if choice == "steps" and depth:
            return {"on_error": self.some(depth, loops)}
        if choice == "fallback" and kind == "http":
            return {"on_error": {"fallback": {"type": "transform", "set": {"none": True}}}}
        return {"on_error": choice} if choice in ("fail", "continue") else {}


cases = st.composite(lambda draw: Case(draw))()


class Engine:
    """The real engine, seen as the model is."""

    def __init__(self, db: Connection, case: Case) -> None:
        self.db = db
        self.name = f"m{next(names)}"
        self.now = START
        fake_clock(db, START.isoformat())
        self._value(
            "select pgwhen.apply_definition(%s)",
            json.dumps({"workflow": self.name, "when": {"manual": True}, "inputs": INPUTS, "steps": case.steps}),
        )
        values = case.values | {"items": list(range(case.values["items"]))}
        self._value("select pgwhen.start_execution(%s, %s)", self.name, json.dumps(values))
        self.settle()

    def _value(self, query: str, *parameters: Any) -> Any:
        row = self.db.execute(query, parameters).fetchone()
        assert row is not None
        return row[0]

    def settle(self) -> None:
        """Tick until nothing is left to the next tick: children go from one to the other."""
        for _ in range(1000):
            tick(self.db)
            if not self._value("select exists (select from pgwhen.handovers)"):
                return
        raise AssertionError("it never comes to rest")

    def send(self) -> set[tuple[Path, str]]:
        """Claim and freeze, so that it is on its way."""
        actions = [a for a in claim(self.db) if a["workflow"] == self.name]
        if actions:
            assert {v["verdict"] for v in freeze(self.db, actions)} == {"send"}
        paths = self.paths()
        self.sent = {(paths[a["execution_id"]], a["step_id"]): a for a in actions}
        return set(self.sent)

    def report(self, key: tuple[Path, str], answer: str) -> None:
        more = {"output": {"status": 200}} if answer == "ok" else {"error": {"code": "test", "message": answer}}
        reports = json.dumps([identity(self.sent[key]) | {"class": answer} | more])
        self._value("select pgwhen.report_actions(%s)", reports)
        self.settle()

    def cancel(self) -> None:
        ids = [identity for identity, path in self.paths().items() if path == ()]
        self.db.execute("select pgwhen.cancel_executions(%s::uuid[], 'by chance')", [ids])
        self.settle()

    def wake(self, seconds: int) -> None:
        self.now = START + timedelta(seconds=seconds)
        fake_clock(self.db, self.now.isoformat())
        self.settle()

    def paths(self) -> dict[str, Path]:
        """Where each execution stands: the loops around it, and the places of its items."""
        rows = self.db.execute(
            "select x.execution_id::text, x.parent_execution_id::text, x.body, x.item_index from pgwhen.executions x"
            " join pgwhen.workflows w using (workflow_id) where w.workflow = %s",
            [self.name],
        ).fetchall()
        parents = {row[0]: row[1:] for row in rows}

        def path(identity: str) -> Path:
            parent, body, place = parents[identity]
            return () if parent is None else (*path(parent), (body, place))

        return {identity: path(identity) for identity in parents}

    def states(self) -> dict[tuple[Path, str], str]:
        paths = self.paths()
        rows = self.db.execute(
            "select s.execution_id::text, s.step_id, s.status from pgwhen.execution_steps s"
            " join pgwhen.executions x using (execution_id) join pgwhen.workflows w using (workflow_id)"
            " join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id"
            " where w.workflow = %s and t.type <> 'join'",
            [self.name],
        ).fetchall()
        return {(paths[x], step): status if status in SETTLED else "open" for x, step, status in rows}

    def executions(self) -> dict[Path, str]:
        paths = self.paths()
        rows = self.db.execute(
            "select x.execution_id::text, x.status from pgwhen.executions x join pgwhen.workflows w using (workflow_id)"
            " where w.workflow = %s",
            [self.name],
        ).fetchall()
        ended = ("completed", "failed", "cancelled")
        return {paths[x]: status if status in ended else "open" for x, status in rows}


@pytest.mark.timeout(1200)
@settings(
    max_examples=int(os.environ.get("PGWHEN_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(case=cases)
def test_the_engine_does_what_the_model_says(db: Connection, case: Case) -> None:
    note(json.dumps({"steps": case.steps, "values": case.values, "answers": case.answers, "cancel": case.cancel_at}))
    engine, model = Engine(db, case), Model(case.steps, case.values)
    answers = count()
    for number in range(1, 200):
        assert engine.states() == model.states()
        assert engine.executions() == model.executions()
        sent = model.send()
        assert engine.send() == sent
        if number == case.cancel_at:
            model.cancel()
            engine.cancel()
        elif not sent:
            due = model.next_due()
            if due is None:
                break
            model.wake(due)
            engine.wake(due)
        for path, name in sorted(sent, reverse=case.backwards):
            answer = case.answers[next(answers) % len(case.answers)]
            model.report(path, name, answer)
            engine.report((path, name), answer)
            assert engine.states() == model.states(), (path, name, answer)
    assert "open" not in set(model.states().values()) | set(model.executions().values())
    assert engine.states() == model.states() and engine.executions() == model.executions()
    left = db.execute("select count(*) from pgwhen.handovers").fetchone()
    assert left == (0,)
