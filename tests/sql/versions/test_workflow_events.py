"""Changes of workflows that other workflows listen to."""

import pytest

from tests.sql.language.support import apply, call, sms, workflow
from tests.sql.versions.support import App, Db, app

MANUAL = {"manual": True}
KEEP = {
    "id": "keep",
    "type": "transform",
    "set": {"heard": "{{ input.workflow }} {{ input.version }} {{ input.actor }}"},
}


@pytest.fixture
def shop(db: Db) -> App:
    return app(db)


def heard(shop: App) -> list[tuple[str, str]]:
    """Type of the event, and what the listener made of it."""
    shop.tick()
    return shop.db.execute(
        "select e.type, s.output ->> 'heard' from pgwhen.execution_steps s"
        " join pgwhen.executions x using (execution_id)"
        " join pgwhen.events e on e.event_id = x.event_id where s.step_id = 'keep' order by x.execution_id"
    ).fetchall()


def test_each_change_is_heard(shop: App) -> None:
    changes = ("published", "paused", "resumed", "archived")
    shop.apply(KEEP, when=[{"event": f"workflow.{c}"} for c in changes[1:]], name="listener")
    shop.db.execute("set pgwhen.actor = 'ann'")
    apply(shop.db, workflow(sms("a"), when=MANUAL))
    for second, command in enumerate(("pause_workflow", "resume_workflow", "archive_workflow"), 1):
        shop.at(f"2026-01-05T12:00:0{second}Z")
        call(shop.db, command, "w")
    assert heard(shop) == [(f"workflow.{c}", "w 1 ann") for c in changes[1:]]


def test_a_version_that_is_published(shop: App) -> None:
    shop.apply(KEEP, when={"event": "workflow.published"}, name="listener")
    shop.at("2026-01-05T12:00:01Z")
    apply(shop.db, workflow(sms("a"), when=MANUAL))
    shop.at("2026-01-05T12:00:02Z")
    apply(shop.db, workflow(sms("b"), when=MANUAL))
    apply(shop.db, workflow(sms("b"), when=MANUAL))
    found = [text.rsplit(" ", 1)[0] for _, text in heard(shop)]
    assert found[-2:] == ["w 1", "w 2"] and heard(shop) == heard(shop)


def test_nothing_is_queued_where_nobody_listens(shop: App) -> None:
    apply(shop.db, workflow(sms("a"), when=MANUAL))
    call(shop.db, "pause_workflow", "w")
    assert shop.count("pgmq.q_pgwhen_events") == 0


def test_a_change_that_is_rolled_back_is_not_heard(shop: App) -> None:
    shop.apply(KEEP, when={"event": "workflow.paused"}, name="listener")
    apply(shop.db, workflow(sms("a"), when=MANUAL))
    with shop.db.transaction(force_rollback=True):
        call(shop.db, "pause_workflow", "w")
    assert heard(shop) == []
