"""Drafts and their publication."""

from typing import Any

import psycopg
import pytest

from tests.sql.language.support import apply, call, sms, workflow

Connection = psycopg.Connection[Any]


def test_a_draft_starts_nothing_until_it_is_published(own: Connection) -> None:
    plan = apply(own, workflow(), "text", publish=False)
    assert (plan["plan"], plan["version"], plan["status"], plan["published"]) == ("created", None, "draft", False)
    assert own.execute("select count(*) from pgwhen.trigger_keys").fetchone() == (0,)
    assert apply(own, workflow(), publish=False)["plan"] == "unchanged"
    published = call(own, "publish_workflow", "w")
    assert published == {"workflow": "w", "version": 1, "status": "active", "warnings": []}
    assert own.execute("select status, draft, active_version from pgwhen.workflows").fetchone() == ("active", None, 1)
    assert own.execute("select source from pgwhen.versions").fetchone() == ("text",)


def test_a_draft_waits_beside_the_version_that_runs(own: Connection) -> None:
    apply(own, workflow())
    assert apply(own, workflow(sms("y")), publish=False)["plan"] == "changed"
    assert own.execute("select active_version, draft is not null from pgwhen.workflows").fetchone() == (1, True)
    assert call(own, "publish_workflow", "w")["version"] == 2


def test_apply_publishes_a_draft_that_is_the_same(own: Connection) -> None:
    apply(own, workflow(), publish=False)
    plan = apply(own, workflow())
    assert (plan["plan"], plan["version"], plan["status"]) == ("changed", 1, "active")
    assert own.execute("select draft from pgwhen.workflows").fetchone() == (None,)


def test_a_draft_is_checked_again(own: Connection) -> None:
    apply(own, workflow(sms("{{ job.title }}")), publish=False)
    own.execute("alter table jobs drop column title cascade")
    with pytest.raises(psycopg.DatabaseError, match="no column title") as raised:
        call(own, "publish_workflow", "w")
    assert raised.value.sqlstate == "WF001"
    assert own.execute("select status from pgwhen.workflows").fetchone() == ("draft",)


def test_what_cannot_be_published(own: Connection) -> None:
    apply(own, workflow())
    with pytest.raises(psycopg.DatabaseError, match="no draft") as raised:
        call(own, "publish_workflow", "w")
    assert raised.value.sqlstate == "WF304"
    with pytest.raises(psycopg.DatabaseError, match="workflow v does not exist") as raised:
        call(own, "publish_workflow", "v")
    assert raised.value.sqlstate == "WF200"
    assert raised.value.diag.message_hint == "pgwhen workflows lists them."
