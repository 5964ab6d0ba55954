"""What may be written about waits and exits, and what is said about the rest."""

from typing import Any

import pytest

from tests.sql.wait.support import App, http, wait


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (wait(), ("WF014", "steps[0]")),
        (wait(event="a", until={"status": "won"}), ("WF014", "steps[0]")),
        (wait(table="leads"), ("WF005", "steps[0]")),
        (wait(event="a", row="created"), ("WF014", "steps[0].row")),
        (wait(until={"status": "won"}, match={"a": 1}), ("WF014", "steps[0].match")),
        (wait(table="leads", row="truncated"), ("WF012", "steps[0].row")),
        (wait(table="ledas", row="created"), ("WF015", "steps[0].table")),
        (wait(table="leads", row="created", match={"nmae": "x"}), ("WF016", "steps[0].match.nmae")),
        (wait(table="leads", row="created", match={"id": "x"}), ("WF021", "steps[0].match.id")),
        (wait(table="leads", row="updated", match={"status": {"changed": True}}), ("WF045", "steps[0].match")),
        (wait(event="a", match="$.x == 1"), ("WF045", "steps[0].match")),
        (wait(event="a", match={"vars.x": 1}), ("WF017", "steps[0].match.vars.x")),
        (wait(event="a", match={"x": "{{ laed.id }}"}), ("WF017", "steps[0].match.x")),
        (wait(event="a", match={"x": "{{ steps.later.output }}"}), ("WF023", "steps[0]")),
        (wait(event="A b"), ("WF012", "steps[0].event")),
        (wait(event="a", timeout="soon"), ("WF011", "steps[0].timeout")),
        (wait(event="a", timed_out=[http("x")]), ("WF014", "steps[0].timed_out")),
        (wait(event="a", retry={"attempts": 2}), ("WF012", "steps[0].retry")),
        (wait(inbound="x"), ("WF004", "steps[0].inbound")),
        (wait(delivery="steps.later"), ("WF468", "steps[0].delivery")),
        (wait(until={"steps.later.status": "x"}), ("WF046", "steps[0].until")),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else value[0],
)
def test_what_a_wait_may_not_say(app: App, step: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in app.problems(step, http("later"))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"exit_if": {"stauts": "lost"}}, ("WF016", "exit_if.stauts")),
        ({"exit_if": []}, ("WF002", "exit_if")),
        ({"exit_on": {"event": "a"}}, ("WF002", "exit_on")),
        ({"exit_on": [{}]}, ("WF014", "exit_on[0]")),
        ({"exit_on": ["a"]}, ("WF002", "exit_on[0]")),
        ({"exit_on": [{"table": "lead_messages"}]}, ("WF005", "exit_on[0]")),
        ({"exit_on": [{"event": "a", "timeout": "1 day"}]}, ("WF003", "exit_on[0].timeout")),
        ({"exit_on": [{"event": "a", "match": {"x": "{{ steps.s.status }}"}}]}, ("WF023", "exit_on[0].match.x")),
        ({"on_deleted": "ignore"}, ("WF012", "on_deleted")),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else value[0],
)
def test_what_may_not_be_said_of_leaving(app: App, keys: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in app.problems(http("s"), **keys)


def test_all_of_it_is_right_where_it_is_right(app: App) -> None:
    assert (
        app.problems(
            wait(table="lead_messages", row="saved", match={"lead_id": "{{ lead.id }}", "body": {"matches": "^yes"}}),
            wait(id="u", until={"any": [{"status": "won"}, {"owner_id": {"is_not_empty": True}}]}, timeout="1 day"),
            http("s", json={"body": "{{ steps.w.output.new.body }}"}),
            exit_if={"status": {"in": ["won", "lost"]}},
            exit_on=[{"event": "stop.all"}, {"table": "leads", "row": "deleted", "match": {"id": "{{ lead.id }}"}}],
            on_deleted="continue",
        )
        == []
    )


def test_the_output_of_a_wait_is_known(app: App) -> None:
    problems = app.problems(wait(event="a"), http("s", json={"x": "{{ steps.w.output.body }}"}))
    assert problems == [("WF017", "steps[1].json.x")]


def test_as_nodes_and_edges(app: App) -> None:
    app.db.execute(
        "select pgwhen.apply_definition(%s)",
        [
            '{"workflow": "g", "when": {"table": "leads", "row": "created"}, "nodes": ['
            '{"id": "w", "type": "wait", "event": "a", "timeout": "1 day"},'
            ' {"id": "came", "type": "http", "url": "https://example.com"}, {"id": "late", "type": "http", "url": "https://example.com"}],'
            ' "edges": [{"source": "w", "target": "came"}, {"source": "w", "target": "late", "outcome": "timed_out"}]}'
        ],
    )
    app.run("insert into leads values (1, 'Ann')")
    app.at("2026-01-07T12:00:00Z")
    app.tick()
    assert app.steps() == {"w": "completed", "came": "not_reached", "late": "queued"}


def test_a_document_comes_out_as_it_went_in(app: App) -> None:
    definition: dict[str, Any] = {
        "exit_if": {"status": "lost"},
        "exit_on": [{"event": "a", "match": {"x": 1}}],
        "on_deleted": "continue",
    }
    step = wait(event="a", match={"x": "{{ lead.id }}"}, timeout="1 day", timed_out=[http("late")])
    app.apply(step, **definition)
    row = app.db.execute("select pgwhen.export_definition('wf') -> 'definition'").fetchone()
    assert row is not None and row[0].items() >= {**definition, "steps": [step]}.items()
