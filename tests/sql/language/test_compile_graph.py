"""Trees and graphs of steps as edges."""

import re
from typing import Any

import psycopg
import pytest

from tests.sql.language.support import call, workflow, yaml

Connection = psycopg.Connection[Any]

#: Steps, their types as letters (http, condition, stop); then the edges as "source outcome target".
TREES = [
    ("[{id: a, type: h}]", ""),
    ("[{id: a, type: h}, {id: b, type: h}]", "a success b"),
    ("[{id: a, type: h, on_error: continue}, {id: b, type: h}]", "a error b, a success b"),
    (
        "[{id: a, type: h, on_error: [{id: e, type: h}]}, {id: b, type: h}]",
        "a error e, a success b, e success b",
    ),
    (
        "[{id: a, type: h, on_error: [{id: e, type: h, on_error: continue}, {id: s, type: s}]}, {id: b, type: h}]",
        "a error e, a success b, e error s, e success s",
    ),
    (
        "[{id: a, type: h}, {id: c, type: c, then: [{id: x, type: h}], else: [{id: y, type: h}]}, {id: d, type: h}]",
        "a success c, c false y, c true x, x success d, y success d",
    ),
    (
        "[{id: c, type: c, then: [{id: x, type: h}]}, {id: d, type: h}]",
        "c false d, c true x, x success d",
    ),
    ("[{id: c, type: c, else: [{id: s, type: s}]}, {id: d, type: h}]", "c false s, c true d"),
    ("[{id: c, type: c}, {id: d, type: h}]", "c false d, c true d"),
    ("[{id: c, type: c, on_error: continue}, {id: d, type: h}]", "c error d, c false d, c true d"),
    (
        "[{id: c, type: c, then: [{id: k, type: c, then: [{id: x, type: h}]}]}, {id: d, type: h}]",
        "c false d, c true k, k false d, k true x, x success d",
    ),
    ("[{id: s, type: s, if: {}}, {id: d, type: h}]", "s success d"),
    ("[{id: s, type: s}]", ""),
    (
        "[{id: a, type: h}, {id: b, type: h, needs: [a]}, {id: d, type: h, needs: [a]},"
        " {id: e, type: h, needs: [b, d]}]",
        "a success b, a success d, b success e, d success e",
    ),
    ("[{id: a, type: h}, {id: b, type: h, needs: []}, {id: d, type: h}]", "b success d"),
    ("[{id: a, type: h, needs: [b]}, {id: b, type: h, needs: []}]", "b success a"),
    (
        "[{id: c, type: c, then: [{id: x, type: h}], else: [{id: s, type: s}]}, {id: d, type: h, needs: [c]}]",
        "c false s, c true x, x success d",
    ),
    # Two branches at once within a branch: both begin at the condition, and what comes after waits for both.
    (
        "[{id: c, type: c, then: [{id: x, type: h}, {id: y, type: h, needs: [c]}]}, {id: d, type: h}]",
        "c false d, c true x, c true y, x success d, y success d",
    ),
    (
        "[{id: c, type: c, then: [{id: x, type: h}]}, {id: d, type: h, needs: [x]}]",
        "c true x, x success d",
    ),
]


def spelt(text: str) -> Any:
    """The YAML with its types written out."""
    for letter, word in (("h", "http"), ("c", "condition"), ("s", "stop")):
        text = re.sub(rf"type: {letter}\b", f"type: {word}", text)
    return yaml(text)


def edges(graph: dict[str, Any]) -> str:
    """Edges as a text."""
    return ", ".join(sorted(f"{e['source']} {e['outcome']} {e['target']}" for e in graph["edges"]))


@pytest.mark.parametrize(("steps", "expected"), TREES)
def test_trees(lang: Connection, steps: str, expected: str) -> None:
    graph = call(lang, "_compile_graph", {"steps": spelt(steps)})
    assert graph["problems"] == []
    assert edges(graph) == expected


def test_a_default_of_continue_adds_edges(lang: Connection) -> None:
    steps = spelt("[{id: a, type: h}, {id: b, type: h, on_error: fail}, {id: d, type: h}]")
    graph = call(lang, "_compile_graph", {"steps": steps, "on_error": "continue"})
    assert edges(graph) == "a error b, a success b, b success d"


def test_nodes_and_edges(lang: Connection) -> None:
    definition = spelt(
        """
        nodes:
          [{id: d, type: h}, {id: b, type: h}, {id: a, type: h, on_error: continue}, {id: c, type: c}]
        edges:
          - {source: a, target: b}
          - {source: a, target: c}
          - {source: c, target: d, outcome: 'true'}
          - {source: b, target: d}
        """
    )
    graph = call(lang, "_compile_graph", definition)
    assert edges(graph) == "a error b, a error c, a success b, a success c, b success d, c true d"
    assert {step["id"]: step["position"] for step in graph["steps"]} == {"a": 1, "c": 2, "b": 3, "d": 4} or {
        step["id"]: step["position"] for step in graph["steps"]
    } == {"a": 1, "b": 3, "c": 2, "d": 4}


def test_positions_follow_the_text_where_edges_leave_a_choice(lang: Connection) -> None:
    steps = spelt(
        "[{id: c, type: c, then: [{id: x, type: h}, {id: y, type: h}], else: [{id: z, type: h}]}, {id: d, type: h}]"
    )
    graph = call(lang, "_compile_graph", {"steps": steps})
    assert [(step["id"], step["position"]) for step in graph["steps"]] == [
        ("c", 1),
        ("x", 2),
        ("y", 3),
        ("z", 4),
        ("d", 5),
    ]


def test_every_edge_goes_upwards_in_a_large_graph(lang: Connection) -> None:
    nodes = [{"id": f"n{number}", "type": "http"} for number in range(300)]
    written = [(f"n{(number * 7) % 300}", f"n{(number * 7 + 11) % 300}") for number in range(150)]
    wanted = [{"source": a, "target": b} for a, b in written if int(a[1:]) > int(b[1:])]
    graph = call(lang, "_compile_graph", {"nodes": nodes, "edges": wanted})
    place = {step["id"]: step["position"] for step in graph["steps"]}
    assert sorted(place.values()) == list(range(1, 301))
    assert all(place[edge["source"]] < place[edge["target"]] for edge in wanted)


def test_a_thousand_steps(lang: Connection) -> None:
    steps = [{"id": f"s{number}", "type": "sms", "to": "1", "text": "{{ job.title }}"} for number in range(1000)]
    rows = call(lang, "_analyse_definition", workflow(*steps, when=[{"table": "jobs", "row": "saved"}]), "default")
    assert rows["problems"] == []
    assert len(rows["steps"]) == 1000
    assert len(rows["edges"]) == 999
