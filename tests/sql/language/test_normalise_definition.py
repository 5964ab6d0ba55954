"""What people and older systems write, in the words of the language."""

import json
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.language.support import call, workflow

Connection = psycopg.Connection[Any]

SEED = json.loads(
    """
    {
      "id": "a1e7e5e0-76ef-464f-9b65-ba941a5e5ecd",
      "name": "Job Completed",
      "trigger_type": "job_status_changed",
      "trigger_conditions": {"new_status": "completed"},
      "steps": [
        {"id": "step-1", "type": "action", "config": {"actionType": "email", "subject": "Job Completed - {{job.title}}",
          "message": "Dear {{client.firstName}},\\n\\nYour job has been completed.", "recipient": "{{client.email}}"}},
        {"id": "step-2", "type": "action", "config": {"actionType": "sms",
          "message": "Job {{job.title}} completed. Thank you!", "recipient": "{{client.phone}}"}}
      ]
    }
    """
)


def normalise(db: Connection, definition: Any) -> Any:
    return call(db, "normalise_definition", json.dumps(definition))


def test_authors_may_call_it(db: Connection, connect: Connect) -> None:
    assert normalise(connect(user="pgwhen_author"), SEED) == normalise(db, SEED)


def test_seed_003(lang: Connection) -> None:
    assert normalise(lang, SEED) == {
        "workflow": "job_completed",
        "name": "Job Completed",
        "when": [{"table": "jobs", "becomes": {"status": "completed"}}],
        "steps": [
            {
                "id": "step_1",
                "type": "email",
                "to": "{{client.email}}",
                "subject": "Job Completed - {{job.title}}",
                "text": "Dear {{client.firstName}},\n\nYour job has been completed.",
                "on_error": "continue",
            },
            {
                "id": "step_2",
                "type": "sms",
                "to": "{{client.phone}}",
                "text": "Job {{job.title}} completed. Thank you!",
                "on_error": "continue",
            },
        ],
    }


@pytest.mark.parametrize(
    ("trigger", "conditions", "means"),
    [
        ("lead_created", None, {"table": "leads", "row": "created"}),
        ("job_created", {}, {"table": "jobs", "row": "created"}),
        ("job_created", {"source": "web"}, {"table": "jobs", "row": "created", "if": {"source": "web"}}),
        ("form_submission", None, {"table": "form_submissions", "row": "created"}),
        ("job_completed", None, {"table": "jobs", "becomes": {"status": "completed"}}),
        ("lead_status_change", None, {"table": "leads", "row": "updated", "columns": ["status"]}),
        ("lead_status_changed", {"new_status": "won"}, {"table": "leads", "becomes": {"status": "won"}}),
        (
            "lead_status_changed",
            {"newStatus": ["a", "b"]},
            {"table": "leads", "becomes": {"status": {"in": ["a", "b"]}}},
        ),
        (
            "job_status_changed",
            {"new_status": "done", "old_status": "open"},
            {"table": "jobs", "becomes": {"status": "done"}, "if": {"old.status": "open"}},
        ),
        (
            "job_status_changed",
            {"old_status": "open", "new_status": None},
            {"table": "jobs", "row": "updated", "columns": ["status"], "if": {"old.status": "open"}},
        ),
    ],
)
def test_names_of_triggers(lang: Connection, trigger: str, conditions: Any, means: dict[str, Any]) -> None:
    seed = {**SEED, "trigger_type": trigger, "trigger_conditions": conditions}
    assert normalise(lang, seed)["when"] == [means]
    assert normalise(lang, workflow(when=[{"trigger_type": trigger, "trigger_conditions": conditions}]))["when"] == [
        means
    ]
    if not conditions:
        assert normalise(lang, workflow(when=trigger))["when"] == [means]


def test_an_unknown_trigger_stays_for_validation_to_name(lang: Connection) -> None:
    assert normalise(lang, {**SEED, "trigger_type": "job_eaten"})["trigger_type"] == "job_eaten"
    assert normalise(lang, workflow(when="job_eaten"))["when"] == ["job_eaten"]


@pytest.mark.parametrize("key", ["is_active", "organization_id", "execution_count", "id"])
def test_keys_of_older_systems_go_only_in_their_form(lang: Connection, key: str) -> None:
    assert key not in normalise(lang, {**SEED, key: "x"})
    assert normalise(lang, workflow(**{key: "x"}))[key] == "x"


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("Job Completed", "job_completed"),
        ("  Tâche n° 2 — terminée! ", "tache_n_2_terminee"),
        ("2 fast", "w_2_fast"),
        ("JobDone", "job_done"),
        ("a" * 60, "a" * 40),
        ("完了", "w_" + "2dc0bd0e"),
        ("x", "x"),
    ],
)
def test_name_gives_the_identifier(lang: Connection, name: str, identifier: str) -> None:
    found = normalise(lang, {"name": name})["workflow"]
    assert found == identifier or (identifier.startswith("w_2dc") and found.startswith("w_") and len(found) == 10)


def test_identifiers_are_rewritten_with_their_references(lang: Connection) -> None:
    written = workflow(
        {"id": "step-1", "type": "http", "url": "x"},
        {"id": "step_1", "type": "http", "url": "x"},
        {"id": 7, "type": "http", "url": "x", "needs": "step-1"},
        {
            "id": "Last one",
            "type": "condition",
            "needs": ["step-1", 7],
            "if": {"steps.step-1.status": "completed", "all": ['$.steps."step-1".output.status == 200']},
            "then": [
                {"id": "in-it", "type": "sms", "to": "1", "text": "{{ steps['step-1'].output.text }} steps.step-1"}
            ],
            "else": [{"id": "b", "type": "sms", "to": "1", "text": "{% if steps.step-1.status %}a{% endif %}{{ x }}"}],
        },
        tests=[{"expect": {"step-1": "skipped", "step_7": {}}, "steps": {"step-1.output": {}}}],
    )
    found = normalise(lang, written)
    assert [step["id"] for step in found["steps"]] == ["step_1_2", "step_1", "step_7", "last_one"]
    last = found["steps"][3]
    assert found["steps"][2]["needs"] == ["step_1_2"]
    assert last["needs"] == ["step_1_2", "step_7"]
    assert last["if"] == {"steps.step_1_2.status": "completed", "all": ["$.steps.step_1_2.output.status == 200"]}
    assert last["then"][0] == {
        "id": "in_it",
        "type": "sms",
        "to": "1",
        "text": "{{ steps.step_1_2.output.text }} steps.step-1",
    }
    assert last["else"][0]["text"] == "{% if steps.step_1_2.status %}a{% endif %}{{ x }}"
    assert found["tests"] == [{"expect": {"step_1_2": "skipped", "step_7": {}}, "steps": {"step_1_2.output": {}}}]


def test_edges(lang: Connection) -> None:
    nodes = [{"id": "a-1", "type": "condition", "if": {"done": True}}, {"id": "b", "type": "stop"}]
    edges = [{"source": "a-1", "target": "b", "outcome": True}, 5]
    found = normalise(lang, {"name": "x", "when": [], "nodes": nodes, "edges": edges})
    assert found["edges"] == [{"source": "a_1", "target": "b", "outcome": "true"}, 5]


@pytest.mark.parametrize(
    "definition",
    [
        SEED,
        workflow(),
        workflow({"id": "a b", "type": "sms"}, {"id": "a-b", "type": "sms"}, name="Ünï"),
        {"steps": [{"config": {"actionType": 5}, "type": "action"}], "trigger_type": 5, "when": None},
        {"steps": {"config": {}}, "nodes": 1, "edges": {}, "when": 1, "workflow": 1, "name": 2, "tests": "x"},
        [],
        None,
        1,
        "x",
        {},
    ],
)
def test_it_is_idempotent(lang: Connection, definition: Any) -> None:
    once = normalise(lang, definition)
    assert normalise(lang, once) == once
