"""The list of workflows."""

from typing import Any

import psycopg

from tests.sql.language.support import apply, call, workflow, workflow_id

Connection = psycopg.Connection[Any]


def test_the_list(own: Connection) -> None:
    when = [
        {"table": "jobs", "becomes": {"status": "done"}},
        {"table": "leads", "row": "updated", "columns": ["status"], "if": {"score": {"gt": 5}}},
        {"event": "e", "enabled": False},
        {"manual": True},
    ]
    apply(own, workflow(when=when, name="All"))
    apply(own, {**workflow(), "workflow": "a"}, publish=False)
    call(own, "pause_workflow", "w")
    own.execute("insert into pgwhen.unfinished values (gen_random_uuid(), %s, 1)", [workflow_id(own)])
    found = own.execute(
        "select workflow, name, status, version, has_draft, triggers, unfinished from pgwhen.list_workflows()"
    ).fetchall()
    assert found == [
        ("a", "a", "draft", None, True, [], 0),
        (
            "w",
            "All",
            "paused",
            1,
            False,
            ["jobs becomes status: done", "leads updated (status) if ...", "event e (off)", "by hand"],
            1,
        ),
    ]
