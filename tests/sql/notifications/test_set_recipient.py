"""Recipients: added, changed, refused."""

import json
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.notifications.support import Connection, recipient


def row(db: Connection, name: str) -> tuple[Any, ...]:
    found = db.execute(
        "select email, push, timezone, preferences from pgwhen.list_recipients(%s)", [json.dumps({"recipient": name})]
    ).fetchone()
    assert found
    return found


def test_added_then_changed(db: Connection) -> None:
    assert recipient(db, " zoë ", email="zoë@example.com", push="t1") == "added"
    assert recipient(db, "zoë", timezone="Europe/Amsterdam", push=["t2", "t3"]) == "changed"
    assert row(db, "zoë") == ("zoë@example.com", ["t2", "t3"], "Europe/Amsterdam", {})
    recipient(db, "zoë", email=None, push=None, preferences={"categories": {"news": ["email"]}})
    assert row(db, "zoë") == (None, [], "Europe/Amsterdam", {"categories": {"news": ["email"]}})


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("", {}, "WF471"),
        ("x" * 321, {}, "WF471"),
        ("a", {"fax": "1"}, "WF471"),
        ("a", [], "WF471"),
        ("a", {"timezone": "Mars"}, "WF471"),
        ("a", {"push": 5}, "WF471"),
        ("a", {"email": "anna"}, "WF471"),
        ("a", {"phone": "0612345678"}, "WF471"),
        ("a", {"phone": "none"}, "WF471"),
        ("a", {"locale": "english"}, "WF471"),
        ("a", {"quiet_from": "25:00", "quiet_to": "07:00"}, "WF471"),
        ("a", {"quiet_from": "22:00"}, "WF471"),
        ("a", {"preferences": []}, "WF472"),
        ("a", {"preferences": {"channel": {}}}, "WF472"),
        ("a", {"preferences": {"channels": {"fax": True}}}, "WF472"),
        ("a", {"preferences": {"channels": {"sms": "no"}}}, "WF472"),
        ("a", {"preferences": {"categories": {"news": ["fax"]}}}, "WF472"),
        ("a", {"preferences": {"digest": {"news": "weekly"}}}, "WF472"),
        ("a", {"preferences": {"digest": "daily"}}, "WF472"),
    ],
)
def test_refused(db: Connection, name: str, values: Any, code: str) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select pgwhen.set_recipient(%s, %s)", [name, json.dumps(values)])
    assert error.value.sqlstate == code and error.value.diag.message_hint


def test_a_refused_address_leaves_the_old_one(db: Connection) -> None:
    recipient(db, "a", phone="+31612345678")
    with pytest.raises(psycopg.Error, match="'0612345678' is not a telephone number with its country"):
        recipient(db, "a", phone="0612345678")
    assert recipient(db, "a", email="", locale="nl-NL") == "changed"
    found = db.execute('select phone, locale from pgwhen.list_recipients(\'{"recipient": "a"}\')').fetchone()
    assert found == ("+31612345678", "nl-NL")


def test_an_address_belongs_to_one(db: Connection) -> None:
    recipient(db, "a", email="x@example.com")
    with pytest.raises(psycopg.Error, match="another recipient has the address of b"):
        recipient(db, "b", email="X@example.com")


def test_who_may(db: Connection, connect: Connect) -> None:
    for role in ("pgwhen_app", "pgwhen_operator"):
        connect(user=role).execute("select pgwhen.set_recipient('r', '{}')")
    for role in ("pgwhen_viewer", "pgwhen_author", "pgwhen_poller"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connect(user=role).execute("select pgwhen.set_recipient('r', '{}')")
