"""Archiving."""

from typing import Any

import psycopg
import pytest

from tests.sql.language.support import apply, call, workflow

Connection = psycopg.Connection[Any]


def test_archive_ends_capture_and_keeps_the_keys_for_what_is_under_way(own: Connection) -> None:
    apply(own, workflow())
    assert call(own, "archive_workflow", "w", "replaced")["was"] == "active"
    assert own.execute("select count(*) from (select unnest(operations) from pgwhen.attachments) o").fetchone() == (0,)
    assert own.execute("select count(*) from pgwhen.trigger_keys").fetchone() == (2,)
    assert own.execute("select status, until_at is null from pgwhen.activations").fetchall() == [("active", False)]


@pytest.mark.parametrize("state", ["draft", "active", "paused"])
def test_from_any_state_once(own: Connection, state: str) -> None:
    apply(own, workflow(), publish=state != "draft")
    if state == "paused":
        call(own, "pause_workflow", "w")
    assert call(own, "archive_workflow", "w") == {"workflow": "w", "status": "archived", "was": state, "unfinished": 0}
    with pytest.raises(psycopg.DatabaseError, match="is archived") as raised:
        call(own, "archive_workflow", "w")
    assert raised.value.sqlstate == "WF303"
    with pytest.raises(psycopg.DatabaseError):
        call(own, "resume_workflow", "w")
