"""An earlier definition as the next version."""

from tests.sql.language.support import apply, call, sms, workflow
from tests.sql.versions.support import Db, app, http, refused

MANUAL = {"manual": True}


def test_it_becomes_a_new_version(db: Db) -> None:
    shop = app(db)
    shop.apply(http("a"))
    shop.apply(http("b"))
    shop.run("insert into leads values (1)")
    rolled = db.execute("select pgwhen.rollback_workflow('wf', 1, 'b was wrong')").fetchone()
    assert rolled is not None
    assert {k: rolled[0][k] for k in ("version", "definition_of", "was", "unfinished")} == {
        "version": 3,
        "definition_of": 1,
        "was": 2,
        "unfinished": {"2": 1},
    }
    shop.run("insert into leads values (2)")
    assert (shop.steps(1), shop.steps(2)) == ({"b": "queued"}, {"a": "queued"})
    assert call(db, "diff_versions", "wf", "1", "3")["changes"] == []
    row = db.execute("select command, reason, detail from pgwhen.audit_log order by audit_id desc limit 1").fetchone()
    assert row == ("rollback_workflow", "b was wrong", {"definition_of": 1, "version": 3, "was": 2})


def test_a_draft_and_a_pause_stay(db: Db) -> None:
    apply(db, workflow(sms("a"), when=MANUAL))
    apply(db, workflow(sms("b"), when=MANUAL))
    apply(db, workflow(sms("c"), when=MANUAL), publish=False)
    db.execute("select pgwhen.pause_workflow('w')")
    assert call(db, "rollback_workflow", "w", 1)["status"] == "paused"
    assert [c["is"] for c in call(db, "diff_versions", "w")["changes"]] == ["c"]


def test_what_is_refused(db: Db) -> None:
    apply(db, workflow(sms("a"), when=MANUAL))
    apply(db, workflow(sms("b"), when=MANUAL))
    with refused("WF308"):
        call(db, "rollback_workflow", "w", 2)
    with refused("WF225"):
        call(db, "rollback_workflow", "w", 3)
    db.execute("select pgwhen.archive_workflow('w')")
    with refused("WF303"):
        call(db, "rollback_workflow", "w", 1)


def test_it_is_checked_again(db: Db) -> None:
    shop = app(db)
    shop.apply(http("a", json={"name": "{{ lead.name }}"}))
    shop.apply(http("b"))
    db.execute("alter table leads drop column name")
    with refused("WF001"):
        call(db, "rollback_workflow", "wf", 1)
