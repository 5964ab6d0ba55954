"""Steps that name a stored template are judged when they are published."""

from typing import Any

import pytest

from pgwhen.cli.definitions import dump_json
from tests.sql.messages.support import Connection, apply, message, publish, step


def problems(db: Connection, *steps: dict[str, Any], **keys: Any) -> list[tuple[str, ...]]:
    """(severity, code, path, message, hint)."""
    definition = {"workflow": "w", "when": {"manual": True}, "steps": list(steps), **keys}
    return db.execute("select * from pgwhen.validate_definition(%s)", [dump_json(definition)]).fetchall()


@pytest.mark.parametrize(
    ("keys", "code", "path", "said"),
    [
        ({"template": "helo"}, "WF450", "steps[0].template", "did you mean hello?"),
        ({"template": "zzz"}, "WF450", "steps[0].template", "pgwhen messages lists them"),
        ({"type": "push"}, "WF451", "steps[0].template", "has no texts for push"),
        ({"variables": {}}, "WF452", "steps[0].variables", "needs the variable name"),
        ({"variables": None}, "WF452", "steps[0].variables", "First name"),
        ({"variables": {"name": None}}, "WF452", "steps[0].variables", "needs the variable name"),
        ({"variables": {"name": "x", "nmae": "x"}}, "WF452", "steps[0].variables.nmae", "did you mean name?"),
        ({"variables": "x"}, "WF002", "steps[0].variables", "is not an object"),
        ({"variables": {"name": "{{ nope.x }}"}}, "WF017", "steps[0].variables.name", "nope"),
        ({"template": None, "subject": "x", "text": "x"}, "WF014", "steps[0].variables", "for a stored template"),
    ],
)
def test_problems(db: Connection, keys: dict[str, Any], code: str, path: str, said: str) -> None:
    apply(db, message())
    found = [row for row in problems(db, step(**keys)) if row[0] == "error"]
    assert [(row[1], row[2]) for row in found] == [(code, path)]
    assert said in f"{found[0][3]} {found[0][4]}"


def test_without_any_template_the_hint_says_how_to_get_some(db: Connection) -> None:
    (row,) = problems(db, step())
    assert row[1] == "WF450" and "pgwhen messages install" in row[4]


def test_a_right_step_and_texts_beside_the_template(db: Connection) -> None:
    apply(db, message())
    assert problems(db, step()) == []
    assert problems(db, step(subject="Mine", locale="{{ input.locale }}")) == []
    assert problems(db, step(type="sms", to="+31612345678")) == []


def test_notifications_need_texts_for_all_their_channels(db: Connection) -> None:
    apply(db, message())
    one = {
        "id": "tell",
        "type": "notification",
        "message": "hello",
        "to": {"email": "a@x.test"},
        "variables": {"name": "Ann"},
    }
    assert problems(db, {**one, "channels": ["email", "sms"]}) == []
    found = problems(db, {**one, "channels": ["push", "email"]})
    assert [(row[1], row[2]) for row in found] == [("WF451", "steps[0].message")]


def test_a_template_that_recipients_can_refuse_warns_without_a_category(db: Connection) -> None:
    apply(db, message(category="marketing"))
    (row,) = problems(db, step())
    assert (row[0], row[1], row[2]) == ("warning", "WF452", "steps[0].category") and "category: marketing" in row[4]
    assert problems(db, step(category="marketing")) == []


def test_the_link_to_unsubscribe_is_known_where_there_is_a_category(db: Connection) -> None:
    texts = {
        "id": "a",
        "type": "email",
        "to": "a@x.test",
        "subject": "x",
        "text": "{{ unsubscribe_url | default('') }}",
    }
    assert [row[1] for row in problems(db, texts)] == ["WF017"]
    assert problems(db, {**texts, "category": "news"}) == []
    assert [row[1] for row in problems(db, {**texts, "category": "news", "text": "{{ unsubscribe_url.x }}"})] == [
        "WF017"
    ]


def definition(db: Connection, name: str = "w") -> tuple[Any, Any]:
    """What the poller gets of the first step, and what is read for it."""
    row = db.execute(
        "select s.definition, s.compiled #> '{reads,action}' from pgwhen.steps s"
        " join pgwhen.workflows w using (workflow_id) where w.workflow = %s and s.version = w.active_version",
        [name],
    ).fetchone()
    assert row
    return row[0], row[1]


@pytest.mark.parametrize("locale", ["nl", "en", "nl_NL", "nl-NL", "zh_Hans_CN", "es-419", "fil", "{{ input.locale }}"])
def test_a_locale_has_its_form(db: Connection, locale: str) -> None:
    apply(db, message())
    assert problems(db, step(locale=locale)) == []
    assert problems(db, {"id": "a", "type": "document", "html": "x", "locale": locale}) == []
    if "{" not in locale:
        assert problems(db, step(), vars={"locale": locale}) == []


@pytest.mark.parametrize("locale", ["english", "English", "Nederlands (NL)", "nl_", "nl__NL", "nl_NL.UTF-8", "n", "12"])
def test_what_is_no_locale_would_be_english_in_silence(db: Connection, locale: str) -> None:
    apply(db, message())
    said = ("error", "WF012", f'"{locale}" is not a locale', "write it like nl, en or nl_NL")
    notification = {
        "id": "tell",
        "type": "notification",
        "to": {"email": "a@x.test", "locale": locale},
        "channels": ["email"],
        "message": {"subject": "x", "text": "x"},
    }
    for path, found in (
        ("steps[0].locale", problems(db, step(locale=locale))),
        ("steps[0].locale", problems(db, {"id": "a", "type": "document", "html": "x", "locale": locale})),
        ("steps[0].to.locale", problems(db, notification)),
        ("vars.locale", problems(db, step(), vars={"locale": locale})),
    ):
        assert [(row[0], row[1], row[3], row[4]) for row in found] == [said] and found[0][2] == path


def test_locale_and_zone_of_filters_go_with_the_step(db: Connection) -> None:
    apply(db, message())
    publish(db, step(), timezone="Europe/Amsterdam")
    found, reads = definition(db)
    assert (found["locale"], found["timezone"]) == (["{{ tenant.locale }}"], "Europe/Amsterdam")
    assert ["tenant", "locale"] in reads
    publish(db, step(locale="{{ input.locale }}"), vars={"locale": "nl"})
    found, reads = definition(db)
    assert found["locale"] == ["{{ input.locale }}", "nl"] and "timezone" not in found
    assert ["tenant", "locale"] not in reads


def test_steps_without_filters_read_nothing_for_them(db: Connection) -> None:
    publish(
        db,
        {"id": "a", "type": "sms", "to": "+31612345678", "text": "{{ input.x | upper }} date"},
        timezone="Europe/Amsterdam",
    )
    assert definition(db) == ({"to": "+31612345678", "text": "{{ input.x | upper }} date"}, [["input", "x"]])
    publish(db, {"id": "a", "type": "sms", "to": "+31612345678", "text": "{{ input.x|date }}"})
    assert definition(db)[0]["locale"] == ["{{ tenant.locale }}"]
