"""Versions of a workflow."""

from tests.sql.language.support import apply, sms, workflow
from tests.sql.versions.support import App, Db, app, http, refused


def versions(db: Db, name: str = "wf") -> list[tuple[object, ...]]:
    return db.execute("select version, state, unfinished from pgwhen.list_versions(%s)", [name]).fetchall()


def test_the_newest_first_with_what_runs_on_each(db: Db) -> None:
    shop: App = app(db)
    shop.apply(http("a"))
    shop.run("insert into leads select n from generate_series(1, 3) n")
    shop.apply(http("b"))
    shop.run("insert into leads values (9)")
    assert versions(db) == [(2, "active", 1), (1, "replaced", 3)]
    row = db.execute("select published_by = session_user, published_at from pgwhen.list_versions('wf')").fetchone()
    assert row is not None and row[0] and row[1] is not None
    db.execute("select pgwhen.pause_workflow('wf')")
    assert versions(db)[0] == (2, "paused", 1)


def test_a_draft_has_no_number(db: Db) -> None:
    apply(db, workflow(sms("a"), when={"manual": True}), publish=False)
    assert versions(db, "w") == [(None, "draft", 0)]
    apply(db, workflow(sms("a"), when={"manual": True}))
    assert versions(db, "w") == [(1, "active", 0)]


def test_another_tenants_workflow_is_not_there(db: Db) -> None:
    with refused("WF200"):
        versions(db, "none")
