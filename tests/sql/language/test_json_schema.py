"""The schema of the language says what validation says."""

import json
from typing import Any

import jsonschema
import psycopg
import pytest

from pgwhen.cli.definitions import dump_json
from tests.conftest import Connect
from tests.sql.language.support import call, errors, workflow, yaml
from tests.sql.language.test_validate_definition import RICH, RIGHT_CONDITIONS, RIGHT_STEPS, RIGHT_TRIGGERS, STEPS, TOP

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def schema(lang: Connection) -> jsonschema.Draft7Validator:
    found = call(lang, "json_schema")
    jsonschema.Draft7Validator.check_schema(found)
    return jsonschema.Draft7Validator(found)


def plain(value: Any) -> Any:
    """Decimals as floats, which the validator knows."""
    return json.loads(dump_json(value))


def right() -> list[Any]:
    return [
        RICH,
        *(workflow(step) for step in yaml(RIGHT_STEPS)),
        *(workflow(when=when) for when in yaml(RIGHT_TRIGGERS)),
        *(workflow({"id": "a", "type": "stop", "if": condition}) for condition in yaml(RIGHT_CONDITIONS)),
        {
            "name": "x",
            "when": "job_completed",
            "nodes": [{"id": "a", "type": "stop", "position": {"x": 1}}],
            "edges": [],
        },
    ]


@pytest.mark.parametrize("definition", right(), ids=lambda definition: str(definition)[-60:])
def test_right_definitions(schema: jsonschema.Draft7Validator, definition: Any) -> None:
    assert [error.message for error in schema.iter_errors(plain(definition))] == []


#: What needs more than the shape: expressions, the catalog, and what belongs together.
DEEPER = {"WF010", "WF011", "WF015", "WF016", "WF017", "WF020", "WF021", "WF022", "WF024", "WF032", "WF033"}


@pytest.mark.parametrize(("text", "code", "path"), [case for case in TOP if case[1] not in DEEPER])
def test_wrong_top_levels(schema: jsonschema.Draft7Validator, text: str, code: str, path: str) -> None:
    if (
        (code in ("WF012",) and "retry" in path)
        or "EST5EDT" in text
        or "Mars" in text
        or path == "workflow"
        or path == "trigger_type"
    ):
        return
    assert not schema.is_valid(plain(yaml(text)))


@pytest.mark.parametrize(("text", "code", "path"), [case for case in STEPS if case[1] not in DEEPER])
def test_wrong_steps(schema: jsonschema.Draft7Validator, text: str, code: str, path: str) -> None:
    if "$sum" in text or "$smu" in text or path.endswith(("cancel_rest", "headers.a b")):
        return
    assert not schema.is_valid(plain(workflow(yaml(text))))


def test_whoever_looks_may_read_it(db: Connection, connect: Connect) -> None:
    assert call(connect(user="pgwhen_viewer"), "json_schema") == call(db, "json_schema")


def test_every_key_is_of_a_kind_that_both_know(lang: Connection) -> None:
    """_check_kind raises for a kind that it does not know, _kind_schema gives null."""
    kinds = lang.execute("select distinct kind from pgwhen._language() where supported and scope <> 'type'").fetchall()
    for (kind,) in kinds:
        call(lang, "_check_kind", kind, "1", "x")
        assert call(lang, "_kind_schema", kind) is not None, kind


def test_what_is_not_supported_is_not_in_the_schema(lang: Connection, schema: jsonschema.Draft7Validator) -> None:
    later = lang.execute(
        "select scope, key from pgwhen._language() where not supported and scope in ('workflow', 'type')"
    ).fetchall()
    text = json.dumps(schema.schema)
    for scope, key in later:
        if scope == "workflow":
            assert key not in schema.schema["properties"]
            assert errors(lang, workflow(**{key: 1})) == [("WF004", key)]
        else:
            assert f'"const": "{key}"' not in text
