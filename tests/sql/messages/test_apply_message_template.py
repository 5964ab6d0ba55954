"""Stored templates: versions, what is refused, whose they are, and that published steps stay right."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.messages.support import Connection, apply, author_of, message, publish, step


def value(db: Connection, query: str, *parameters: Any) -> Any:
    """The only value of a query."""
    row = db.execute(query, parameters).fetchone()  # type: ignore[arg-type]
    return row[0] if row else None


def test_versions_count_and_the_newest_is_used(db: Connection) -> None:
    plan = {
        "message": "hello",
        "plan": "created",
        "version": 1,
        "dry_run": False,
        "channels": {"email": ["en", "nl"], "sms": ["en"]},
    }
    assert apply(db, message()) == plan
    assert apply(db, message())["plan"] == "unchanged"
    assert apply(db, message(name="Greeting"))["version"] == 2
    assert value(db, "select pgwhen._template_sources('default', 'hello') ->> 'version'") == "2"
    assert value(db, "select pgwhen._template_sources('default', 'hello', 'sms') -> 'channels'") == {
        "sms": message()["channels"]["sms"]
    }
    assert db.execute("select command, target, detail -> 'version' from pgwhen.audit_log").fetchall() == [
        ("apply_message_template", "hello", 1),
        ("apply_message_template", "hello", 2),
    ]


def test_a_dry_run_changes_nothing(db: Connection) -> None:
    assert apply(db, message(), None, True)["plan"] == "created"
    assert value(db, "select count(*) from pgwhen.message_templates") == 0
    assert value(db, "select count(*) from pgwhen.audit_log") == 0


def test_the_source_is_kept_and_may_change_alone(db: Connection) -> None:
    apply(db, message(), "# one")
    assert apply(db, message(), "# two")["plan"] == "unchanged"
    assert value(db, "select source from pgwhen.message_templates") == "# two"


EMAIL = {"subject": "x", "text": "x"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"message": "Hello!"}, 'message: "Hello!" is not an identifier [WF006]'),
    ({"chanels": {}}, 'chanels: a message has no key "chanels" [WF003] (did you mean channels?)'),
    ({"channels": {}}, "channels: {} is not an object of channels [WF002]"),
    ({"channels": {"fax": {"en": {"text": "x"}}}}, 'channels.fax: "fax" is not a channel [WF012]'),
    ({"channels": {"sms": {}}}, "channels.sms: {} is not an object of locales"),
    ({"channels": {"sms": {"English": {"text": "x"}}}}, 'channels.sms.English: "English" is not a locale [WF012]'),
    ({"channels": {"sms": {"en": "x"}}}, 'channels.sms.en: "x" are not the texts of a message'),
    ({"channels": {"sms": {"en": {"text": " "}}}}, 'channels.sms.en.text: " " is not a text that is not empty'),
    ({"channels": {"sms": {"en": {"text": 5}}}}, "channels.sms.en.text: 5 is not a text"),
    ({"channels": {"sms": {"en": {"text": "x", "subject": "x"}}}}, 'a text for sms has no key "subject"'),
    ({"channels": {"push": {"en": {"title": "x"}}}}, "channels.push.en: a text for push needs text"),
    ({"channels": {"email": {"en": {"text": "x"}}}}, "a text for email needs subject"),
    ({"channels": {"email": {"en": {"subject": "x"}}}}, "a text for email needs markdown, or text and html"),
    ({"channels": {"email": {"en": EMAIL | {"markdown": "x"}}}}, "markdown stands for both text and html [WF014]"),
    (
        {"channels": {"email": {"en": EMAIL | {"text": "{{ nmae }}"}}}},
        "the variable nmae is not declared [WF017] (did you mean name?)",
    ),
    ({"channels": {"email": {"en": EMAIL | {"text": "{{ job.total }}"}}}}, "the variable job is not declared"),
    ({"channels": {"email": {"en": EMAIL | {"text": "{{ name"}}}}, "channels.email.en.text: {{ is not closed [WF024]"),
    ({"channels": {"email": {"en": EMAIL | {"text": "{{ name.upper() }}"}}}}, "cannot be called"),
    (
        {"channels": {"email": {"en": EMAIL | {"subject": "{{ secret('env:KEY') }}"}}}},
        "a message names no secret [WF025]",
    ),
    ({"variables": []}, "variables: [] is not an object"),
    ({"variables": {"Name": {}}}, 'variables.Name: "Name" cannot be the name of a variable'),
    ({"variables": {"unsubscribe_url": {}}}, "cannot be the name of a variable"),
    ({"variables": {"name": {"typ": "text"}}}, 'a variable has no key "typ" [WF003] (did you mean type?)'),
    ({"variables": {"name": {"type": "string"}}}, '"string" is not a type of variables [WF012]'),
    ({"variables": {"name": {"required": "yes"}}}, "is not true or false"),
    ({"variables": {"name": "text"}}, '"text" is not {type, required'),
    ({"category": "No Way"}, "category:"),
]


@pytest.mark.parametrize(("keys", "problem"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_named_with_its_place(db: Connection, keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        apply(db, message(**keys))
    assert caught.value.sqlstate == "WF453"
    assert problem in (caught.value.diag.message_detail or "")


@pytest.mark.parametrize("document", [[], "x", 5, None, {}])
def test_whatever_is_no_message_is_refused(db: Connection, document: Any) -> None:
    with pytest.raises(psycopg.Error) as caught:
        apply(db, document)
    assert caught.value.sqlstate == "WF453"


def test_names_in_other_scripts_and_emoji_are_texts_like_others(db: Connection) -> None:
    document = message(
        channels={"sms": {"ja": {"text": "こんにちは {{ name }} 🎉"}, "ar": {"text": "مرحبا {{ name }}"}}}
    )
    assert apply(db, document)["channels"] == {"sms": ["ar", "ja"]}


def test_what_would_break_published_steps_is_refused(db: Connection) -> None:
    apply(db, message())
    publish(db, step())
    for keys, said in (
        (
            {"variables": {"name": {}, "link": {}, "due": {}}},
            "w, thank: the stored template hello needs the variable due",
        ),
        (
            {"variables": {}, "channels": {"sms": {"en": {"text": "x"}}}},
            "w, thank: the stored template hello has no texts for email",
        ),
    ):
        with pytest.raises(psycopg.Error) as caught:
            apply(db, message(**keys))
        assert caught.value.sqlstate == "WF454" and said in (caught.value.diag.message_detail or "")
    assert value(db, "select max(version) from pgwhen.message_templates") == 1
    variables = {"name": {}, "link": {"required": False}, "due": {"required": False}}
    assert apply(db, message(variables=variables))["version"] == 2


def test_a_tenants_own_goes_before_the_houses(db: Connection, connect: Connect, login: Callable[..., str]) -> None:
    apply(db, message())
    acme = author_of(db, connect, login)
    own = message(channels={"email": {"en": {"subject": "Acme", "text": "x"}}})
    assert apply(acme, own)["version"] == 1
    assert value(db, "select pgwhen._template_sources('acme', 'hello') #>> '{channels,email,en,subject}'") == "Acme"
    assert (
        value(db, "select pgwhen._template_sources('default', 'hello') #>> '{channels,email,en,subject}'")
        == "Hello {{ name }}"
    )
    assert (
        value(db, "select pgwhen._template_sources('other', 'hello') #>> '{channels,email,en,subject}'")
        == "Hello {{ name }}"
    )
    assert value(acme, "select shared from pgwhen.list_message_templates()") is False


def test_the_house_may_not_break_the_steps_of_tenants(
    db: Connection, connect: Connect, login: Callable[..., str]
) -> None:
    apply(db, message())
    acme = author_of(db, connect, login)
    publish(acme, step())
    with pytest.raises(psycopg.Error) as caught:
        apply(db, message(variables={"name": {}, "link": {"required": False}, "due": {}}))
    assert caught.value.sqlstate == "WF454"
    apply(acme, message())
    assert apply(db, message(variables={"name": {}, "link": {"required": False}, "due": {}}))["version"] == 2


def test_who_may(connect: Connect) -> None:
    apply(connect(user="pgwhen_author"), message())
    for role in ("pgwhen_viewer", "pgwhen_operator", "pgwhen_poller", "pgwhen_app"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            apply(connect(user=role), message())


def test_two_at_once_make_two_versions(db: Connection, connect: Connect) -> None:
    apply(db, message())
    others = [connect() for _ in range(4)]
    done: list[int] = []

    def change(number: int, other: Connection) -> None:
        done.append(apply(other, message(name=f"Greeting {number}"))["version"])

    threads = [threading.Thread(target=change, args=pair) for pair in enumerate(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [2, 3, 4, 5]
