"""What versions differ in."""

from typing import Any

from tests.sql.language.support import apply, call, sms, workflow
from tests.sql.versions.support import Db, refused

MANUAL = {"manual": True}


def changes(db: Db, *which: str) -> list[tuple[Any, ...]]:
    found = call(db, "diff_versions", "w", *which)["changes"]
    return [(c["step"], c["key"], c["change"], c["was"], c["is"]) for c in found]


def test_by_step_and_key(db: Db) -> None:
    apply(db, workflow(sms("a"), {"id": "wait", "type": "delay", "for": "1 day"}, when=MANUAL, priority="high"))
    apply(db, workflow(sms("b"), sms("c", id="more"), when=MANUAL, vars={"x": 1}))
    assert changes(db, "1", "2") == [
        (None, "priority", "removed", "high", None),
        (None, "vars", "added", None, {"x": 1}),
        ("text", "text", "changed", "a", "b"),
        ("more", None, "added", None, sms("c", id="more")),
        ("wait", None, "removed", {"id": "wait", "type": "delay", "for": "1 day"}, None),
    ]
    assert changes(db, "1", "1") == []
    back = changes(db, "2", "1")
    assert ("text", "text", "changed", "b", "a") in back and len(back) == 5


def test_a_draft_against_what_is_active(db: Db) -> None:
    apply(db, workflow(sms("a"), when=MANUAL))
    apply(db, workflow(sms("b"), when=MANUAL), publish=False)
    assert changes(db) == [("text", "text", "changed", "a", "b")]


def test_steps_in_another_order(db: Db) -> None:
    apply(db, workflow(sms("a", id="x"), sms("a", id="y"), when=MANUAL))
    apply(db, workflow(sms("a", id="y"), sms("a", id="x"), when=MANUAL))
    assert changes(db, "1", "2") == [(None, "order", "changed", None, None)]


def test_versions_that_are_not_there(db: Db) -> None:
    apply(db, workflow(sms("a"), when=MANUAL))
    for which in (("1", "7"), ("1", "draft"), ("-1", "1"), ("x", "1")):
        with refused("WF225"):
            changes(db, *which)
