"""What publishing says of action steps."""

from typing import Any

import psycopg
import pytest

from tests.sql.actions.test_list_actions import announce, one
from tests.sql.engine.support import fake_clock
from tests.sql.language.support import problems

Connection = psycopg.Connection[Any]

SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "kind": {"enum": ["a", "b", 3]},
        "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "either": {
            "anyOf": [
                {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
                {"type": "string"},
            ]
        },
        "list": {"type": "array", "items": {"type": "integer"}},
        "map": {"type": "object", "additionalProperties": {"type": "boolean"}},
        "any": {},
    },
    "required": ["text"],
    "additionalProperties": False,
}


def found(db: Connection, name: str = "do", given: Any = None) -> list[tuple[str, ...]]:
    """The problems of a workflow with one action step."""
    step = {"id": "s", "type": "action", "name": name} | ({"with": given} if given is not None else {})
    return problems(db, {"workflow": "w", "when": {"event": "go"}, "steps": [step]})


@pytest.mark.parametrize(
    "given",
    [
        {"text": "x"},
        {"text": "{{ event.id }}", "count": "{{ event.depth }}"},
        {"text": "n {{ event.id }}"},
        {"text": "x", "count": 7, "share": 7, "kind": 3, "maybe": None, "either": "x"},
        {"text": "x", "count": 7.0, "share": 0.5, "kind": "{{ event.type }}", "maybe": "y", "either": {"x": 1}},
        {"text": "x", "list": [], "map": {}, "any": {"a": [None]}},
        {"text": "x", "list": [1, "{{ event.depth }}"], "map": {"a": True}},
        {"text": "x", "list": "{{ event.type }}"},
    ],
)
def test_parameters_that_fit(db: Connection, given: Any) -> None:
    announce(db, one("do", schema=SCHEMA))
    assert found(db, given=given) == []


@pytest.mark.parametrize(
    ("given", "path", "text"),
    [
        (None, "steps[0].with", "the parameter text is missing"),
        ({"text": 7}, "steps[0].with.text", "7 is not of the type string"),
        ({"text": "x", "count": 1.5}, "steps[0].with.count", "1.5 is not of the type integer"),
        ({"text": "x", "count": "no {{ event.id }}"}, "steps[0].with.count", "is not of the type integer"),
        ({"text": "x", "kind": "c"}, "steps[0].with.kind", 'is not one of "a", "b", 3'),
        ({"text": "x", "maybe": 7}, "steps[0].with.maybe", "is not of the type"),
        ({"text": "x", "either": {"x": "y"}}, "steps[0].with.either.x", "is not of the type integer"),
        ({"text": "x", "list": [1, "two"]}, "steps[0].with.list[1]", "is not of the type integer"),
        ({"text": "x", "map": {"a": 1}}, "steps[0].with.map.a", "is not of the type boolean"),
        ({"text": "x", "coumt": 7}, "steps[0].with.coumt", "there is no parameter"),
    ],
)
def test_parameters_that_do_not(db: Connection, given: Any, path: str, text: str) -> None:
    announce(db, one("do", schema=SCHEMA))
    (problem,) = found(db, given=given)
    assert problem[:3] == ("error", "WF443", path) and text in problem[3], problem


def test_a_name_that_no_poller_has(db: Connection) -> None:
    (warning,) = found(db)
    assert (
        warning[:3] == ("warning", "WF444", "steps[0].name") and "no poller has announced an action yet" in warning[3]
    )
    announce(db, one("score_lead"))
    (error,) = found(db, "score_leed")
    assert error[:3] == ("error", "WF442", "steps[0].name") and error[4] == "did you mean score_lead?"
    (error,) = found(db, "x; drop table 'Ł'")
    assert error[4] == "pgwhen actions lists those that pollers have"


def test_a_name_that_a_poller_had(db: Connection) -> None:
    fake_clock(db, "2026-01-01T00:00:00Z")
    announce(db, one("do", schema=SCHEMA))
    fake_clock(db, "2026-01-02T00:00:00Z")
    (warning,) = found(db, given={"text": "x"})
    assert warning[:2] == ("warning", "WF444") and "last seen at 2026-01-01 00:00 UTC" in warning[4]


@pytest.mark.parametrize("name", ["assign_lead", "public.assign_lead", "public.assign_lead(lead integer)"])
def test_a_function_of_the_database_is_called_otherwise(db: Connection, name: str) -> None:
    db.execute("create function public.assign_lead(lead integer) returns integer language sql as 'select 1'")
    db.execute("select pgwhen.register_function('public.assign_lead(integer)')")
    (error,) = found(db, name.replace("lead integer", "integer"))
    assert error[:2] == ("error", "WF442") and error[4].startswith("write type: call, function: ")
