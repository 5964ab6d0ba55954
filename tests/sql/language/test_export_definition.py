"""What comes back."""

from typing import Any

import psycopg
import pytest

from tests.sql.language.support import apply, call, sms, workflow
from tests.sql.language.test_normalise_definition import SEED

Connection = psycopg.Connection[Any]


def test_the_definition_and_its_source(own: Connection) -> None:
    apply(own, SEED, "the text")
    found = call(own, "export_definition", "job_completed")
    assert found["definition"] == call(own, "normalise_definition", SEED)
    assert (found["source"], found["version"], found["status"], found["is_draft"]) == ("the text", 1, "active", False)
    assert found["key_order"]["top"][:5] == ["workflow", "name", "description", "tags", "when"]
    assert found["key_order"]["trigger"][:4] == ["id", "table", "row", "columns"]
    assert apply(own, found["definition"])["plan"] == "unchanged"


def test_source_only_while_it_matches(own: Connection) -> None:
    apply(own, workflow(), "the text")
    apply(own, workflow(sms("y")))
    assert call(own, "export_definition", "w")["source"] is None


def test_a_draft_goes_before(own: Connection) -> None:
    apply(own, workflow(), "one")
    apply(own, workflow(sms("y")), "two", publish=False)
    found = call(own, "export_definition", "w")
    assert (found["source"], found["is_draft"], found["definition"]["steps"][0]["text"]) == ("two", True, "y")


def test_an_unknown_workflow(own: Connection) -> None:
    apply(own, {**workflow(), "workflow": "job_completed"})
    with pytest.raises(psycopg.DatabaseError, match="workflow job_complete does not exist") as raised:
        call(own, "export_definition", "job_complete")
    assert raised.value.sqlstate == "WF200"
    assert raised.value.diag.message_hint == "Did you mean job_completed?"
