"""Inputs of events and manual starts."""

from typing import Any

import psycopg
import pytest

from tests.sql.language.support import call

INPUTS = {
    "amount": {"type": "number", "required": True},
    "count": {"type": "integer", "default": 3},
    "when": {"type": "datetime"},
    "day": {"type": "date"},
    "who": {"type": "uuid"},
    "tags": {"type": "list"},
    "any": {},
}


@pytest.mark.parametrize(
    ("given", "complete"),
    [
        ({"amount": 1}, {"amount": 1, "count": 3}),
        ({"amount": 1.5, "count": 4, "other": None}, {"amount": 1.5, "count": 4, "other": None}),
        ({"amount": 1, "count": None}, {"amount": 1, "count": 3}),
        (
            {"amount": 1, "when": "2026-01-31T09:00Z", "day": "2026-01-31", "tags": [], "any": {}},
            {"amount": 1, "when": "2026-01-31T09:00Z", "day": "2026-01-31", "tags": [], "any": {}, "count": 3},
        ),
    ],
)
def test_right_inputs(lang: psycopg.Connection[Any], given: Any, complete: Any) -> None:
    assert call(lang, "_check_inputs", INPUTS, given) == complete


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "amount is missing"),
        ({"amount": None}, "amount is missing"),
        ({"amount": "5"}, 'amount is "5", not number'),
        ({"amount": 1, "count": 1.5}, "count is 1.5, not integer"),
        ({"amount": 1, "day": "2026-02-30"}, "not date"),
        ({"amount": 1, "day": "2026-01-31T09:00"}, "not date"),
        ({"amount": 1, "who": "x", "tags": {}}, "not uuid; tags is {}, not list"),
        ([], "is \\[\\], not an object"),
    ],
)
def test_wrong_inputs(lang: psycopg.Connection[Any], given: Any, message: str) -> None:
    with pytest.raises(psycopg.DatabaseError, match=message) as raised:
        call(lang, "_check_inputs", INPUTS, given)
    assert raised.value.sqlstate == "WF160"


def test_without_a_declaration_anything_goes(lang: psycopg.Connection[Any]) -> None:
    assert call(lang, "_check_inputs", {}, [1]) == [1]
    assert call(lang, "_check_inputs", None, {"a": 1}) == {"a": 1}


def test_a_change_of_a_table_brings_no_input(lang: psycopg.Connection[Any]) -> None:
    assert call(lang, "_check_inputs", INPUTS, None) is None
