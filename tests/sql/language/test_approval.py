"""The keys of an approval: what is accepted, what is refused, and with which words."""

import json
from typing import Any

import jsonschema
import pytest

from tests.sql.language.support import Connection, call, errors, problems, workflow

ANNA = "anna@example.com"


def approval(**keys: Any) -> dict[str, Any]:
    """An approval step that is right but for what is given."""
    return {"id": "ok", "type": "approval", "approvers": [ANNA]} | keys


RIGHT: list[dict[str, Any]] = [
    {},
    {"approvers": ANNA},
    {"approvers": "{{ job.client.email }}"},
    {"approvers": [{"email": "{{ job.client.email }}", "phone": "{{ job.client.phone }}"}, {"user": "anna"}]},
    {"approvers": [{"$path": "$.job.data.people[*].email"}]},
    {"need": "all"},
    {"need": "majority", "order": "sequence", "self": True},
    {"need": 2, "approvers": "{{ job.data }}"},
    {"timeout": "90 days", "retry": {"attempts": 5}},
    {"form": {"amount": {"type": "number", "required": True}}},
    {"message": {"subject": "{{ job.title }}", "text": "{{ approval.approve }}", "html": "<b>{{ approval.then }}</b>"}},
    {"remind": {"every": "1 day", "max": 3}, "escalate": {"after": "2 days", "to": [ANNA], "replace": True}},
    {"via": "smtp"},
    {"timed_out": [{"id": "late", "type": "stop"}], "rejected": [{"id": "no", "type": "stop"}]},
]


@pytest.mark.parametrize("keys", RIGHT, ids=str)
def test_right(lang: Connection, keys: dict[str, Any]) -> None:
    definition = workflow(approval(**keys))
    assert problems(lang, definition) == []
    schema = call(lang, "json_schema")
    jsonschema.Draft7Validator(schema).validate(definition)


WRONG: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"approvers": []}, ("WF002", "steps[0].approvers")),
    ({"approvers": ["the boss"]}, ("WF060", "steps[0].approvers[0]")),
    ({"approvers": [7]}, ("WF060", "steps[0].approvers[0]")),
    ({"approvers": [{}]}, ("WF060", "steps[0].approvers[0]")),
    ({"approvers": [{"role": "x", "email": ANNA}]}, ("WF060", "steps[0].approvers[0]")),
    ({"approvers": [{"mail": ANNA}]}, ("WF003", "steps[0].approvers[0].mail")),
    ({"approvers": ["{{ job.nobody }}"]}, ("WF016", "steps[0].approvers[0]")),
    ({"approvers": [{"email": "{{ job.nobody }}"}]}, ("WF016", "steps[0].approvers[0].email")),
    ({"need": 2}, ("WF060", "steps[0].need")),
    ({"need": 0}, ("WF002", "steps[0].need")),
    ({"need": "most"}, ("WF002", "steps[0].need")),
    ({"order": "random"}, ("WF012", "steps[0].order")),
    ({"timeout": "soon"}, ("WF011", "steps[0].timeout")),
    ({"on_uncertain": "stop"}, ("WF012", "steps[0].on_uncertain")),
    ({"form": {"amount": {"type": "money"}}}, ("WF012", "steps[0].form.amount.type")),
    ({"message": {"title": "x"}}, ("WF003", "steps[0].message.title")),
    ({"message": {"text": "{{ approval.link }}"}}, ("WF017", "steps[0].message.text")),
    ({"message": {"text": "{{ job.nobody }}"}}, ("WF016", "steps[0].message.text")),
    ({"remind": {"max": 3}}, ("WF005", "steps[0].remind")),
    ({"remind": {"every": "never"}}, ("WF011", "steps[0].remind.every")),
    ({"escalate": {"after": "1 day"}}, ("WF005", "steps[0].escalate")),
    (
        {"timeout": "1 day", "escalate": {"after": "1 day", "to": ANNA}},
        ("WF061", "steps[0].escalate.after"),
    ),
    ({"approved": []}, ("WF002", "steps[0].approved")),
]


@pytest.mark.parametrize(("keys", "found"), WRONG, ids=str)
def test_wrong(lang: Connection, keys: dict[str, Any], found: tuple[str, str]) -> None:
    assert found in errors(lang, workflow(approval(**keys)))


def test_approvers_are_required(lang: Connection) -> None:
    assert errors(lang, workflow({"id": "ok", "type": "approval"})) == [("WF005", "steps[0]")]


def test_approval_is_known_in_its_messages_only(lang: Connection) -> None:
    text = {"id": "t", "type": "sms", "to": "1", "text": "{{ approval.id }}"}
    assert errors(lang, workflow(approval(), text)) == [("WF017", "steps[1].text")]


def test_its_output_has_names(lang: Connection) -> None:
    right = {"id": "t", "type": "sms", "to": "1", "text": "{{ steps.ok.output.by }} {{ steps.ok.output.form.amount }}"}
    assert errors(lang, workflow(approval(), right)) == []
    assert errors(lang, workflow(approval(), right | {"text": "{{ steps.ok.output.who }}"})) == [
        ("WF017", "steps[1].text")
    ]


def test_a_role_that_does_not_exist_is_a_warning(lang: Connection) -> None:
    ((severity, code, path, *_),) = problems(lang, workflow(approval(approvers=[{"role": "nobody_there"}])))
    assert (severity, code, path) == ("warning", "WF062", "steps[0].approvers[0].role")


def test_nodes_and_edges_take_its_outcomes(lang: Connection) -> None:
    definition = workflow() | {
        "nodes": [approval(), {"id": "no", "type": "stop"}, {"id": "late", "type": "stop"}],
        "edges": [
            {"source": "ok", "target": "no", "outcome": "rejected"},
            {"source": "ok", "target": "late", "outcome": "timed_out"},
        ],
    }
    del definition["steps"]
    assert problems(lang, json.loads(json.dumps(definition))) == []
