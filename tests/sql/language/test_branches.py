"""Branches of every type, as trees and as graphs: edges, arms, bodies of loops, and what is refused."""

from typing import Any

import pytest

from tests.sql.language.support import Connection, apply, call, errors, problems, workflow, yaml
from tests.sql.language.test_compile_graph import edges, spelt

#: Steps (h is http, c condition, s stop); the edges as "source outcome target".
TREES = [
    (
        "[{id: w, type: switch, value: 1, cases: {a: [{id: x, type: h}], b: []}, default: [{id: y, type: h}]},"
        " {id: z, type: h}]",
        "w case:a x, w case:b z, w default y, x success z, y success z",
    ),
    (
        "[{id: w, type: switch, value: 1, cases: {a: [{id: x, type: s}]}, if: {}}, {id: z, type: h}]",
        "w case:a x, w default z, w skipped z",
    ),
    (
        "[{id: w, type: switch, value: 1, cases: {a: []}, on_error: continue}, {id: z, type: h}]",
        "w case:a z, w default z, w error z",
    ),
    (
        "[{id: p, type: parallel, branches: [[{id: a, type: h}, {id: b, type: h}], [{id: x, type: h}]]},"
        " {id: z, type: h}]",
        "a success b, b success z, p success a, p success x, x success z",
    ),
    (
        "[{id: p, type: parallel, join: any, branches: [[{id: a, type: h}], [{id: b, type: h}]], if: {}},"
        " {id: z, type: h}]",
        "a success p_join, b success p_join, p skipped z, p success a, p success b, p_join success z",
    ),
    (
        "[{id: p, type: parallel, join: any, branches: [[{id: a, type: h}], [{id: e, type: stop, branch: true}]]},"
        " {id: z, type: h}]",
        "a success p_join, p success a, p success e, p_join success z",
    ),
    (
        "[{id: t, type: split, parts: {a: 1, b: {share: 2, steps: [{id: x, type: h}]}}}, {id: z, type: h}]",
        "t part:a z, t part:b x, x success z",
    ),
    (
        "[{id: a, type: h, on_error: {fallback: {type: h}}}, {id: z, type: h}]",
        "a error a_fallback, a success z, a_fallback success z",
    ),
    (
        "[{id: a, type: h, on_error: {fallback: {id: b, type: h, on_error: continue}}}, {id: z, type: h}]",
        "a error b, a success z, b error z, b success z",
    ),
    ("[{id: a, type: h, on_error: {workflow: x}}, {id: z, type: h}]", "a success z"),
    (
        "[{id: l, type: loop, over: [1], steps: [{id: x, type: h}, {id: y, type: h}]}, {id: z, type: h}]",
        "l success z, x success y",
    ),
    (
        "[{id: q, type: wait, event: e, timeout: 1 day, timed_out: [{id: x, type: h}]}, {id: z, type: h}]",
        "q success z, q timed_out x, x success z",
    ),
    (
        "[{id: q, type: approval, approvers: [a@b.c], rejected: [{id: x, type: h}]}, {id: z, type: h}]",
        "q approved z, q rejected x, x success z",
    ),
]


@pytest.mark.parametrize(("steps", "expected"), TREES)
def test_trees(lang: Connection, steps: str, expected: str) -> None:
    graph = call(lang, "_compile_graph", {"steps": spelt(steps)})
    assert graph["problems"] == []
    assert edges(graph) == expected


def compiled(graph: dict[str, Any]) -> dict[str, Any]:
    """What the graph adds to each step, where it adds anything."""
    return {s["id"]: s["compiled"] for s in graph["steps"] + graph["joins"] if s["compiled"]}


def test_a_join_knows_its_rest_and_the_rest_knows_its_join(lang: Connection) -> None:
    steps = spelt(
        """
        - {id: first, type: h}
        - id: p
          type: parallel
          join: 2
          cancel_rest: true
          branches:
            - [{id: a, type: h}]
            - [{id: in, type: parallel, branches: [[{id: b, type: h}], [{id: c, type: h}]]}]
            - [{id: d, type: h}]
        - {id: z, type: h}
        """
    )
    graph = call(lang, "_compile_graph", {"steps": steps})
    assert graph["problems"] == []
    extra = compiled(graph)
    assert extra["p_join"] == {"join": 2, "cancel_rest": True, "rest": ["a", "b", "c", "d", "in"]}
    assert extra["a"] == extra["b"] == {"left_by": ["p_join"]}
    assert "first" not in extra
    assert {e["source"]: e["arm"] for e in graph["edges"] if e["arm"]} == {
        "a": "p.branches[0]",
        "b": "p.branches[1]",
        "c": "p.branches[1]",
        "d": "p.branches[2]",
    }


def test_each_step_that_needs_names_is_an_arm(lang: Connection) -> None:
    steps = spelt(
        """
        - {id: a, type: h}
        - {id: c, type: c, needs: [a], then: [{id: x, type: h}], else: [{id: y, type: h}]}
        - {id: b, type: h, needs: [a]}
        - {id: z, type: h, needs: [b, c], join: 2, cancel_rest: true}
        """
    )
    graph = call(lang, "_compile_graph", {"steps": steps})
    assert graph["problems"] == []
    assert {e["source"]: e["arm"] for e in graph["edges"] if e["arm"]} == {"x": "c", "y": "c", "b": "b"}
    assert compiled(graph)["z"]["rest"] == ["a", "b", "c", "x", "y"]


def test_bodies(lang: Connection) -> None:
    steps = spelt(
        """
        - id: l
          type: loop
          over: [1]
          steps:
            - {id: x, type: c, then: [{id: y, type: h}]}
            - {id: m, type: loop, over: [1], steps: [{id: n, type: h}]}
        - {id: z, type: h}
        """
    )
    graph = call(lang, "_compile_graph", {"steps": steps})
    assert {s["id"]: s["body"] for s in graph["steps"]} == {
        "l": None,
        "x": "l",
        "y": "l",
        "m": "l",
        "n": "m",
        "z": None,
    }


def test_a_graph_of_all_types(lang: Connection) -> None:
    definition = spelt(
        """
        nodes:
          - {id: w, type: switch, value: 1}
          - {id: t, type: split, parts: {a: 1, b: 1}}
          - {id: p, type: parallel}
          - {id: l, type: loop, over: [1]}
          - {id: x, type: h, parent: l}
          - {id: y, type: h, parent: l}
          - {id: f, type: h, on_error: {fallback: {type: h}}}
          - {id: z, type: h, join: any, cancel_rest: true}
        edges:
          - {source: w, target: t, outcome: gold}
          - {source: w, target: p, outcome: 'case:2'}
          - {source: w, target: l, outcome: default}
          - {source: t, target: z, outcome: a}
          - {source: t, target: f, outcome: 'part:b'}
          - {source: p, target: z}
          - {source: x, target: y}
          - {source: f, target: z}
        """
    )
    graph = call(lang, "_compile_graph", definition)
    assert graph["problems"] == []
    assert edges(graph) == (
        "f error f_fallback, f success z, f_fallback success z, p success z, t part:a z, t part:b f, w case:2 p,"
        " w case:gold t, w default l, x success y"
    )
    assert compiled(graph)["w"]["cases"] == ["2", "gold"]
    assert {e["source"]: e["arm"] for e in graph["edges"] if e["arm"]} == {
        "t": "t",
        "p": "p",
        "f": "f",
        "f_fallback": "f",
    }


#: Steps, the codes and paths of their errors.
WRONG = [
    ("[{id: w, type: switch, value: 1}]", [("WF005", "steps[0]")]),
    ("[{id: w, type: switch, cases: {a: []}}]", [("WF005", "steps[0]")]),
    ("[{id: w, type: switch, value: 1, cases: {a: {id: x}}}]", [("WF002", "steps[0].cases.a")]),
    ("[{id: w, type: switch, value: '{{ nope }}', cases: {a: []}}]", [("WF017", "steps[0].value")]),
    ("[{id: p, type: parallel, branches: []}]", [("WF002", "steps[0].branches")]),
    ("[{id: p, type: parallel, branches: [[]]}]", [("WF002", "steps[0].branches[0]")]),
    ("[{id: p, type: parallel}]", [("WF005", "steps[0]")]),
    (
        "[{id: p, type: parallel, join: 3, branches: [[{id: a, type: h}], [{id: b, type: h}]]}]",
        [("WF032", "steps[0].join")],
    ),
    ("[{id: p, type: parallel, join: some, branches: [[{id: a, type: h}]]}]", [("WF002", "steps[0].join")]),
    (
        "[{id: p, type: parallel, cancel_rest: true, branches: [[{id: a, type: h}]]}]",
        [("WF014", "steps[0].cancel_rest")],
    ),
    ("[{id: a, type: h}, {id: b, type: h, join: 2}]", [("WF032", "steps[1].join")]),
    ("[{id: t, type: split, parts: {a: 0}}]", [("WF012", "steps[0].parts")]),
    ("[{id: t, type: split, parts: {a: many}}]", [("WF012", "steps[0].parts.a")]),
    ("[{id: t, type: split, parts: {A: 1}}]", [("WF006", "steps[0].parts.A")]),
    ("[{id: t, type: split, parts: {a: {share: 1, stops: []}}}]", [("WF003", "steps[0].parts.a.stops")]),
    ("[{id: t, type: transform, set: {'a b': 1}}]", [("WF006", "steps[0].set.a b")]),
    ("[{id: t, type: transform, set: {}}]", [("WF002", "steps[0].set")]),
    ("[{id: s, type: stop, branch: true, as: failed}]", [("WF014", "steps[0].as")]),
    (
        "[{id: a, type: h, on_error: {fallback: {type: h, needs: [a]}}}]",
        [("WF014", "steps[0].on_error.fallback.needs")],
    ),
    ("[{id: a, type: h, on_error: {fallback: {type: mail}}}]", [("WF013", "steps[0].on_error.fallback.type")]),
    ("[{id: a, type: h, on_error: {fallback: email}}]", [("WF002", "steps[0].on_error.fallback")]),
    ("[{id: a, type: h, on_error: {fallbak: {type: h}}}]", [("WF012", "steps[0].on_error")]),
    ("[{id: a, type: h, on_error: {fallback: {type: h}, workflow: x}}]", [("WF014", "steps[0].on_error")]),
    ("[{id: a, type: h, on_error: {workflow: x}}]", [("WF033", "steps[0].on_error.workflow")]),
    ("[{id: a, type: h, on_error: {workflow: w}}]", [("WF033", "steps[0].on_error.workflow")]),
    ("[{id: a, type: h, on_error: {fallback: {type: h}}}, {id: a_fallback, type: h}]", [("WF007", "steps[1].id")]),
    (
        "[{id: p, type: parallel, join: any, branches: [[{id: a, type: h}], [{id: b, type: h}]]},"
        " {id: p_join, type: h}]",
        [("WF007", "steps[1].id")],
    ),
    (
        "[{id: l, type: loop, over: [1], steps: [{id: x, type: h}]}, {id: z, type: h, needs: [x]}]",
        [("WF030", "steps[1].needs")],
    ),
    (
        "[{id: a, type: h}, {id: l, type: loop, over: [1], steps: [{id: x, type: h, needs: [a]}]}]",
        [("WF030", "steps[1].steps[0].needs")],
    ),
    (
        "[{id: l, type: loop, over: [1], steps: [{id: x, type: h, needs: [l]}]}]",
        [("WF030", "steps[0].steps[0].needs")],
    ),
    (
        "[{id: l, type: loop, over: [1], steps: [{id: x, type: h}]}, "
        " {id: z, type: h, if: {steps.x.status: completed}}]",
        [("WF023", "steps[1]")],
    ),
    (
        "[{id: l, type: loop, over: [1], steps: [{id: x, type: h, if: {steps.z.status: completed}}]},"
        " {id: z, type: h}]",
        [("WF023", "steps[0].steps[0]")],
    ),
    (
        "[{id: t, type: transform, set: {a: 1}}, {id: c, type: c, if: {steps.t.output.b: 1}}]",
        [("WF017", "steps[1].if.steps.t.output.b")],
    ),
]


def full(text: str) -> Any:
    """Steps with what an http step needs."""
    return _urls(spelt(text))


def _urls(value: Any) -> Any:
    if isinstance(value, list):
        return [_urls(v) for v in value]
    if not isinstance(value, dict):
        return value
    value = {k: _urls(v) for k, v in value.items()}
    return value | {"url": "https://example.com"} if value.get("type") == "http" else value


@pytest.mark.parametrize(("steps", "expected"), WRONG)
def test_what_is_refused(lang: Connection, steps: str, expected: list[tuple[str, str]]) -> None:
    assert errors(lang, workflow(*full(steps))) == expected


#: Nodes and edges, the codes and paths of their errors.
WRONG_GRAPHS = [
    ("{nodes: [{id: w, type: switch, value: 1, cases: {a: []}}]}", [("WF014", "nodes[0].cases")]),
    ("{nodes: [{id: p, type: parallel, branches: [[{id: a, type: h}]]}]}", [("WF014", "nodes[0].branches")]),
    ("{nodes: [{id: p, type: parallel, join: any}]}", [("WF014", "nodes[0].join")]),
    ("{nodes: [{id: a, type: h, parent: l}]}", [("WF008", "nodes[0].parent")]),
    ("{nodes: [{id: a, type: h, parent: b}, {id: b, type: h}]}", [("WF031", "nodes[0].parent")]),
    (
        "{nodes: [{id: l, type: loop, over: [1], parent: l}]}",
        [("WF031", "nodes[0].parent")],
    ),
    (
        "{nodes: [{id: l, type: loop, over: [1]}, {id: x, type: h, parent: l}, {id: z, type: h}],"
        " edges: [{source: x, target: z}]}",
        [("WF030", "edges[0]")],
    ),
    (
        "{nodes: [{id: t, type: split, parts: {a: 1}}, {id: z, type: h}], edges: [{source: t, target: z, outcome: b}]}",
        [("WF012", "edges[0].outcome")],
    ),
    (
        "{nodes: [{id: w, type: switch, value: 1}, {id: z, type: h}], edges: [{source: w, target: z}]}",
        [("WF012", "edges[0].outcome")],
    ),
    (
        "{nodes: [{id: a, type: h, join: any}, {id: b, type: h}, {id: c, type: h}],"
        " edges: [{source: a, target: b}, {source: b, target: c}, {source: c, target: a}]}",
        [("WF009", "nodes")],
    ),
]


@pytest.mark.parametrize(("graph", "expected"), WRONG_GRAPHS)
def test_what_is_refused_of_a_graph(lang: Connection, graph: str, expected: list[tuple[str, str]]) -> None:
    definition = workflow() | full(graph)
    del definition["steps"]
    assert errors(lang, definition) == expected


def test_the_nearest_workflow_is_named(own: Connection) -> None:
    apply(own, workflow(workflow="on_failure", when={"manual": True}))
    apply(own, workflow(workflow="other"))
    step = {"id": "a", "type": "sms", "to": "1", "text": "x"}
    for name, message, hint in (
        ("on_failur", "there is no workflow on_failur", "did you mean on_failure?"),
        ("other", "the workflow other has no manual trigger", "add {manual: true} to its when and publish it"),
    ):
        (row,) = problems(own, workflow({**step, "on_error": {"workflow": name}}))
        assert row[1:] == ("WF033", "steps[0].on_error.workflow", message, hint)
    assert problems(own, workflow(step, on_error={"workflow": "on_failure"})) == []


def test_a_body_sees_what_comes_before_its_loops(lang: Connection) -> None:
    steps = full(
        """
        - {id: a, type: h}
        - id: l
          type: loop
          over: [1]
          steps:
            - id: m
              type: loop
              over: [1]
              steps: [{id: x, type: h, if: {steps.a.status: completed}}]
            - {id: y, type: h, if: {steps.m.status: completed}}
        """
    )
    assert errors(lang, workflow(*steps)) == []


def test_identifiers_are_rewritten_in_every_branch(lang: Connection) -> None:
    steps = yaml(
        """
        - id: s-1
          type: switch
          value: 1
          cases: {a: [{id: x-1, type: sms, to: '1', text: x, on_error: {fallback: {type: sms, to: '1', text: y}}}]}
          default: [{id: p-1, type: parallel, branches: [[{id: b-1, type: sms, to: '1', text: x}]]}]
        - {id: last, type: sms, to: '1', text: x, needs: [s-1]}
        """
    )
    written = call(lang, "normalise_definition", workflow(*steps))["steps"]
    assert written[0]["id"] == "s_1"
    (inner,) = written[0]["cases"]["a"]
    assert inner["id"] == "x_1" and inner["on_error"] == {"fallback": {"type": "sms", "to": "1", "text": "y"}}
    assert written[0]["default"][0]["branches"][0][0]["id"] == "b_1"
    assert written[1]["needs"] == ["s_1"]
    assert errors(lang, workflow(*steps)) == []


def test_changes_name_the_step_that_changed_and_not_those_around_it(lang: Connection) -> None:
    def steps(text: str, share: int) -> Any:
        return workflow(
            *yaml(
                f"""
                - id: p
                  type: parallel
                  branches:
                    - - id: t
                        type: split
                        parts: {{a: {share}, b: {{share: 1, steps: [{{id: x, type: sms, to: '1', text: {text}}}]}}}}
                """
            )
        )

    assert call(lang, "_definition_changes", steps("x", 1), steps("y", 1)) == ["step x changed"]
    assert call(lang, "_definition_changes", steps("x", 1), steps("x", 2)) == ["step t changed"]


def test_export_gives_back_what_came_in(own: Connection) -> None:
    definition = workflow() | full(
        "{nodes: [{id: w, type: switch, value: 1}, {id: z, type: h, position: {x: 1}}],"
        " edges: [{source: w, target: z, outcome: gold}]}"
    )
    del definition["steps"]
    apply(own, definition)
    exported = call(own, "export_definition", "w")["definition"]
    assert exported["edges"] == [{"source": "w", "target": "z", "outcome": "gold"}]
    assert exported["nodes"] == definition["nodes"]
