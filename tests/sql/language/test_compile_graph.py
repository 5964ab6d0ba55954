"""Trees and graphs of steps as edges."""

from typing import Any

import psycopg
import pytest
from tests.sql.language.support import call, workflow, yaml

Connection = psycopg.Connection[Any]

#: Steps, one letter each; c is a condition, s a stop; then the edges as "source outcome target".
TREES = [
    ("[{id: a, type: http}]", ""),
    ("[{id: a, type: http}, {id: b, type: http}]", "a success b"),
    ("[{id: a, type: http, on_error: continue}, {id: b, type: http}]", "a error b, a success b"),
    (
        "[{id: a, type: http, on_error: [{id: e, type: sms}]}, {id: b, type: http}]",
        "a error e, a success b, e success b",
    ),
    (
        "[{id: a, type: http, on_error: [{id: e, type: sms, on_error: continue}, {id: s, type: stop}]}, {id: b, type: http}]",
        "a error e, a success b, e error s, e success s",
    ),
    (
        "[{id: a, type: http}, {id: c, type: condition, then: [{id: x, type: http}], else: [{id: y, type: http}]}, {id: d, type: http}]",
        "a success c, c false y, c true x, x success d, y success d",
    ),
    ("[{id: c, type: condition, then: [{id: x, type: http}]}, {id: d, type: http}]", "c false d, c true x, x success d"),
    ("[{id: c, type: condition, else: [{id: s, type: stop}]}, {id: d, type: http}]", "c false s, c true d"),
    ("[{id: c, type: condition}, {id: d, type: http}]", "c false d, c true d"),
    ("[{id: c, type: condition, on_error: continue}, {id: d, type: http}]", "c error d, c false d, c true d"),
    (
        "[{id: c, type: condition, then: [{id: k, type: condition, then: [{id: x, type: http}]}]}, {id: d, type: http}]",
        "c false d, c true k, k false d, k true x, x success d",
    ),
    ("[{id: s, type: stop, if: {}}, {id: d, type: http}]", "s success d"),
    ("[{id: s, type: stop}]", ""),
    (
        "[{id: a, type: http}, {id: b, type: http, needs: [a]}, {id: d, type: http, needs: [a]}, {id: e, type: http, needs: [b, d]}]",
        "a success b, a success d, b success e, d success e",
    ),
    ("[{id: a, type: http}, {id: b, type: http, needs: []}, {id: d, type: http}]", "b success d"),
    ("[{id: a, type: http, needs: [b]}, {id: b, type: http, needs: []}]", "b success a"),
    (
        "[{id: c, type: condition, then: [{id: x, type: http}], else: [{id: s, type: stop}]}, {id: d, type: http, needs: [c]}]",
        "c false s, c true x, x success d",
    ),
    # Two branches at once within a branch: both begin at the condition, and what comes after waits for both.
    (
        "[{id: c, type: condition, then: [{id: x, type: http}, {id: y, type: http, needs: [c]}]}, {id: d, type: http}]",
        "c false d, c true x, c true y, x success d, y success d",
    ),
    ("[{id: c, type: condition, then: [{id: x, type: http}]}, {id: d, type: http, needs: [x]}]", "c true x, x success d"),
]


def edges(graph: dict[str, Any]) -> str:
    """Edges as a text."""
    return ", ".join(sorted(f"{e['source']} {e['outcome']} {e['target']}" for e in graph["edges"]))


@pytest.mark.parametrize(("steps", "expected"), TREES)
def test_trees(lang: Connection, steps: str, expected: str) -> None:
    graph = call(lang, "_compile_graph", {"steps": yaml(steps)})
    assert graph["problems"] == []
    assert edges(graph) == expected


def test_a_default_of_continue_adds_edges(lang: Connection) -> None:
    steps = yaml("[{id: a, type: http}, {id: b, type: http, on_error: fail}, {id: d, type: http}]")
    graph = call(lang, "_compile_graph", {"steps": steps, "on_error": "continue"})
    assert edges(graph) == "a error b, a success b, b success d"


def test_nodes_and_edges(lang: Connection) -> None:
    definition = yaml(
        """
        nodes: [{id: d, type: http}, {id: b, type: http}, {id: a, type: http, on_error: continue}, {id: c, type: condition}]
        edges: [{source: a, target: b}, {source: a, target: c}, {source: c, target: d, outcome: 'true'}, {source: b, target: d}]
        """
    )
    graph = call(lang, "_compile_graph", definition)
    assert edges(graph) == "a error b, a error c, a success b, a success c, b success d, c true d"
    assert {step["id"]: step["position"] for step in graph["steps"]} == {"a": 1, "c": 2, "b": 3, "d": 4} or {
        step["id"]: step["position"] for step in graph["steps"]
    } == {"a": 1, "b": 3, "c": 2, "d": 4}


def test_positions_follow_the_text_where_edges_leave_a_choice(lang: Connection) -> None:
    steps = yaml(
        "[{id: c, type: condition, then: [{id: x, type: http}, {id: y, type: http}], else: [{id: z, type: http}]}, {id: d, type: http}]"
    )
    graph = call(lang, "_compile_graph", {"steps": steps})
    assert [(step["id"], step["position"]) for step in graph["steps"]] == [("c", 1), ("x", 2), ("y", 3), ("z", 4), ("d", 5)]


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
