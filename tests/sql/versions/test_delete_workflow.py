"""The end of a workflow."""

from tests.sql.language.support import apply, call, sms, workflow
from tests.sql.versions.support import Db, app, http, refused

MANUAL = {"manual": True}
NAP = {"id": "nap", "type": "delay", "for": "1 day"}


def test_a_draft_goes_at_once(db: Db) -> None:
    apply(db, workflow(sms("a"), when=MANUAL), publish=False)
    assert call(db, "delete_workflow", "w") == {"workflow": "w", "status": "deleted", "cancelled": 0}
    assert db.execute("select count(*) from pgwhen.workflows").fetchone() == (0,)
    apply(db, workflow(sms("a"), when=MANUAL))
    with refused("WF200"):
        call(db, "delete_workflow", "v")


def test_what_was_published_is_archived_with_its_history(db: Db) -> None:
    shop = app(db)
    shop.apply({"id": "end", "type": "stop"})
    shop.run("insert into leads values (1)")
    assert call(db, "delete_workflow", "wf")["status"] == "archived"
    shop.run("insert into leads values (2)")
    assert (shop.count("pgwhen.executions"), shop.execution()) == (1, "completed")
    assert db.execute("select count(*) from pgwhen.list_versions('wf')").fetchone() == (1,)
    assert db.execute("select count(*) from (select unnest(operations) from pgwhen.attachments) o").fetchone() == (0,)
    assert call(db, "delete_workflow", "wf")["status"] == "archived", "a second time changes nothing"


def test_what_is_under_way_is_cancelled_only_if_asked(db: Db) -> None:
    shop = app(db)
    shop.apply({"id": "each", "type": "loop", "over": [1, 2], "steps": [NAP]})
    shop.apply(NAP, http("a"), name="other")
    shop.run("insert into leads select n from generate_series(1, 3) n")
    with refused("WF226"):
        call(db, "delete_workflow", "wf")
    assert db.execute("select status from pgwhen.workflows where workflow = 'wf'").fetchone() == ("active",)
    row = db.execute("select pgwhen.delete_workflow('wf', true, 'no longer')").fetchone()
    assert row is not None and row[0]["status"] == "archived" and row[0]["cancelled"] >= 3
    shop.tick()
    states = db.execute(
        "select w.workflow, x.status, count(*) from pgwhen.executions x join pgwhen.workflows w using (workflow_id)"
        " group by 1, 2 order by 1, 2"
    )
    assert states.fetchall() == [("other", "waiting", 3), ("wf", "cancelled", 6)]
    commands = db.execute("select distinct command, reason from pgwhen.audit_log where reason is not null order by 1")
    assert commands.fetchall() == [("cancel_executions", "no longer"), ("delete_workflow", "no longer")]
