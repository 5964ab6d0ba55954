"""Resuming."""

from typing import Any

import psycopg
import pytest

from tests.sql.language.support import apply, call, workflow

Connection = psycopg.Connection[Any]


def test_resume_opens_the_next_period(own: Connection) -> None:
    apply(own, workflow())
    call(own, "pause_workflow", "w")
    assert call(own, "resume_workflow", "w")["status"] == "active"
    found = own.execute("select status, until_at is null from pgwhen.activations order by from_at").fetchall()
    assert found == [("active", False), ("paused", False), ("active", True)]


def test_only_what_is_paused_can_be_resumed(own: Connection) -> None:
    apply(own, workflow())
    with pytest.raises(psycopg.DatabaseError, match="is active, not paused") as raised:
        call(own, "resume_workflow", "w")
    assert raised.value.sqlstate == "WF302"
