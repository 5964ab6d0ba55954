"""Stored templates, locales, links to unsubscribe: from the step to what arrives."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from pgwhen.poller.render import RenderError, best_locale, definition_of
from pgwhen.poller.templates import loads
from tests.poller.support import run
from tests.servers import MailServer, mail_server
from tests.sql.messages.support import apply, message, publish

STORED = {
    "message": "hello",
    "version": 3,
    "variables": {
        "name": {"description": "First name"},
        "total": {"type": "number", "required": False},
        "link": {"type": "url", "required": False},
        "items": {"type": "list", "required": False},
        "late": {"type": "boolean", "required": False},
    },
    "channels": {
        "email": {
            "en": {
                "subject": "Hello {{ name }}", "preheader": "For {{ name }}",
                "markdown": "Dear **{{ name }}** {{ total | default('') }}",
            },
            "nl": {
                "subject": "Hallo {{ name }}", "text": "{{ total | money('EUR') }}",
                "html": "<a href='{{ link }}'>{{ name }}</a>",
            },
        },
        "sms": {"en": {"text": "Hi {{ name }} {{ total | money('EUR', locale='nl') }}"}},
        "chat": {"en": {"text": "{{ name }} {{ items | join(' ') }}"}},
        "document": {"en": {"markdown": "# {{ name }}"}},
    },
}  # fmt: skip
CONTEXT = loads(
    '{"v": 1, "new": {"name": "Ann <b>*x*</b>", "total": 1234.50, "email": "ann@x.test", "locale": "nl_BE",'
    ' "none": null, "bad": "javascript:x", "who": "<!channel> & <@U1>"}}'
)
GRANT = {"url": "https://x.test/u", "subject": "1|default|news|email", "key": "00" * 32}


def rendered(type_: str = "email", extra: Any = None, **definition: Any) -> tuple[dict[str, Any], Any]:
    """The rendered definition of an action that names the template."""
    given = {"template": "hello", "variables": {"name": "{{ new.name }}"}} | definition
    given = {key: value for key, value in given.items() if value is not ...}
    return definition_of(
        {
            "step_id": "thank",
            "type": type_,
            "definition": given,
            "context": CONTEXT,
            "extra": {"template": STORED} if extra is None else extra,
        }
    )


def test_the_texts_come_from_the_template() -> None:
    found, used = rendered(to="{{ new.email }}")
    assert used == {"id": "hello", "version": 3, "locale": "en"}
    assert (found["to"], found["subject"], found["text"]) == (
        ["ann@x.test"],
        "Hello Ann <b>*x*</b>",
        "Dear Ann <b>*x*</b>\n",
    )
    assert "<strong>Ann &lt;b&gt;*x*&lt;/b&gt;</strong>" in found["html"] and "For Ann &lt;b&gt;" in found["html"]
    assert set(found) == {"to", "subject", "text", "html"}


def test_the_locale_chooses_texts_and_formats() -> None:
    variables = {"name": "{{ new.name }}", "total": "{{ new.total }}", "link": "https://x.test/?a=1&b=2"}
    found, used = rendered(locale=["{{ new.locale }}"], variables=variables)
    assert used["locale"] == "nl" and found["locale"] == "nl_BE"
    assert (found["subject"], found["text"]) == ("Hallo Ann <b>*x*</b>", "€\u00a01.234,50")
    assert found["html"] == "<a href='https://x.test/?a=1&amp;b=2'>Ann &lt;b&gt;*x*&lt;/b&gt;</a>"
    # Nothing in that language: English, and numbers as in English.
    assert rendered(locale=["{{ new.none }}", "pl"])[1]["locale"] == "en"


@pytest.mark.parametrize(
    ("wanted", "locales", "best"),
    [
        ("nl", ["en", "nl"], "nl"),
        ("nl-BE", ["en", "nl", "nl_BE"], "nl_BE"),
        ("NL_be.UTF-8", ["en", "nl", "nl_BE"], "nl_BE"),
        ("nl", ["en", "nl_BE"], "nl_BE"),
        ("nl_NL", ["en", "nl_BE"], "nl_BE"),
        ("pl", ["de", "en_GB"], "en_GB"),
        ("pl", ["de", "fr"], "de"),
        ("", ["nl", "en"], "en"),
        ("<b>", ["nl", "en"], "en"),
    ],
)
def test_which_locale_is_taken(wanted: str, locales: list[str], best: str) -> None:
    assert best_locale(dict.fromkeys(locales), wanted) == best


def test_what_the_step_says_goes_before_the_template() -> None:
    found, _ = rendered(subject="Mine, {{ new.name }}", text="My text")
    assert (found["subject"], found["text"]) == ("Mine, Ann <b>*x*</b>", "My text")
    assert "<strong>" in found["html"]
    found, _ = rendered(markdown="_Mine_ {{ new.name }}")
    assert found["text"] == "Mine Ann <b>*x*</b>\n"


def test_other_channels() -> None:
    found, _ = rendered("sms", variables={"name": "Ann", "total": "{{ new.total }}"})
    assert found["text"] == "Hi Ann € 1.234,50"  # with a plain space: another would make it UCS-2
    found, _ = rendered("document")
    assert "<h1" in found["html"] and "600px" not in found["html"]


@pytest.mark.parametrize(
    ("definition", "message_"),
    [
        ({"variables": {}}, "step thank, template hello: the variable name is missing: First name"),
        ({"variables": {"name": "{{ new.none }}"}}, "the variable name is missing: First name"),
        ({"variables": {"name": "x {{ new.none }}"}}, "step thank, variables: new.none is missing"),
        ({"variables": {"name": ["x"]}}, "the variable name is not a text"),
        ({"variables": {"name": "x", "total": "many"}}, "the variable total is not a number: 'many'"),
        ({"variables": {"name": "x", "link": "{{ new.bad }}"}}, "the variable link is not a url: 'javascript:x'"),
        ({"variables": {"name": "x", "items": "y"}}, "the variable items is not a list"),
        ({"variables": {"name": "x", "late": "no"}}, "the variable late is not a boolean"),
        ({"locale": "nl"}, "step thank, template hello, text: total is missing"),
        ({"extra": {}}, "step thank: there is no stored template hello; pgwhen messages apply adds it"),
        ({"type_": "push"}, "step thank: the stored template hello has no texts for push"),
        ({"locale": "{{ oops"}, "step thank, locale: line 1"),
    ],
)
def test_errors_name_the_variable(definition: dict[str, Any], message_: str) -> None:
    with pytest.raises(RenderError) as caught:
        rendered(**definition)
    assert caught.value.code == "template" and message_ in str(caught.value)


def test_a_template_sees_its_variables_and_nothing_else() -> None:
    texts = {"en": {"text": "{{ new.email }}"}}
    with pytest.raises(RenderError, match=r"new\.email is missing: there is no new"):
        rendered("sms", extra={"template": STORED | {"channels": {"sms": texts}}})


def test_who_gets_a_message_alone_gets_a_link() -> None:
    extra = {"unsubscribe": GRANT}
    plain: dict[str, Any] = {
        "template": ...,
        "variables": ...,
        "subject": "x",
        "text": "{{ unsubscribe_url | default('none') }}",
    }
    found, _ = rendered(extra=extra, to="Ann <{{ new.email }}>", **plain)
    assert found["text"] == found["unsubscribe"] and found["text"].startswith("https://x.test/u?t=")
    for to in ({"to": ["a@x.test", "b@x.test"]}, {"to": "a@x.test", "cc": "b@x.test"}):
        found, _ = rendered(extra=extra, **to, **plain)
        assert found["text"] == "none" and "unsubscribe" not in found
    found, _ = rendered(to="{{ new.email }}", extra=extra | {"template": STORED})
    assert found["unsubscribe"] in found["text"] and "Unsubscribe" in found["html"]


def test_chat_values_mention_nobody() -> None:
    from pgwhen.poller.templates import render, render_value

    assert (
        render("Hi {{ new.who }} <https://x.test|x>", CONTEXT, "chat")
        == "Hi &lt;!channel&gt; &amp; &lt;@U1&gt; <https://x.test|x>"
    )
    blocks = {"text": "<b> {{ new.who }}", "lone": "{{ new.who }}", "n": "{{ new.total }}", "l": "{{ [new.who] }}"}
    escaped = "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert render_value(blocks, CONTEXT, target="chat_value") == {
        "text": f"<b> {escaped}", "lone": escaped, "n": CONTEXT["new"]["total"], "l": [escaped],
    }  # fmt: skip


# ---------------------------------------------------------------- through the engine


@pytest.fixture
def mailbox() -> Iterator[MailServer]:
    """A mail server."""
    with mail_server() as server:
        yield server


def start(db: psycopg.Connection[Any], **data: Any) -> None:
    """Start the workflow by hand."""
    db.execute("select pgwhen.start_execution('w', %s)", [json.dumps(data)])


def test_from_publish_to_the_mailbox(db: psycopg.Connection[Any], dsn: str, mailbox: MailServer) -> None:
    variables = {"name": {"example": "Ann"}, "total": {"type": "number"}, "at": {"type": "datetime"}}
    texts = {
        "en": {"subject": "Hello {{ name }}", "markdown": "{{ total | money('EUR') }}, {{ at | datetime('HH:mm') }}"},
        "nl": {
            "subject": "Hallo {{ name }}",
            "markdown": "{{ total | money('EUR') }}, {{ at | datetime('HH:mm') }} uur",
        },
    }
    apply(db, message(variables=variables, channels={"email": texts}))
    step = {
        "id": "thank", "type": "email", "to": "{{ input.to }}", "template": "hello", "locale": "{{ input.locale }}",
        "variables": {"name": "{{ input.name }}", "total": "{{ input.total }}", "at": "2026-07-01T12:00:00Z"},
    }  # fmt: skip
    publish(db, step, timezone="Europe/Amsterdam")
    db.execute("update pgwhen.tenants set variables = variables || '{\"locale\": \"nl\"}' where tenant = 'default'")
    start(db, to="a@x.test", name="Añn 🎉", total=10.2)
    start(db, to="b@x.test", name="Bob", total="1000", locale="en_GB")
    start(db, to="c@x.test", total=1)
    environ = {"SMTP_URL": mailbox.url, "SMTP_FROM": "pgwhen@x.test"}
    assert run(dsn, environ).ok == 2
    received = {mail.recipients[0]: mail for mail in mailbox.received}
    assert "€ 10,20, 14:00 uur" in received["a@x.test"].text().replace("\u00a0", " ")
    assert "€1,000.00, 14:00" in received["b@x.test"].text()
    rows = db.execute(
        "select message -> 'template', message ->> 'subject' from pgwhen.frozen_messages order by 2"
    ).fetchall()
    assert rows == [
        ({"id": "hello", "version": 1, "locale": "nl"}, "Hallo Añn 🎉"),
        ({"id": "hello", "version": 1, "locale": "en"}, "Hello Bob"),
    ]
    (error,) = db.execute(
        "select error ->> 'message' from pgwhen.execution_steps where status = 'failed'"
    ).fetchone() or ("",)
    assert "step thank, template hello: the variable name is missing" in error


def test_what_was_frozen_stays_when_the_template_changes(
    db: psycopg.Connection[Any], dsn: str, mailbox: MailServer
) -> None:
    apply(db, message())
    step = {"id": "thank", "type": "email", "to": "a@x.test", "template": "hello", "variables": {"name": "Ann"},
            "retry": {"attempts": 3, "backoff": "1 second", "jitter": "none"}}  # fmt: skip
    publish(db, step)
    start(db)
    mailbox.script.append("451 later")
    environ = {"SMTP_URL": mailbox.url, "SMTP_FROM": "pgwhen@x.test"}
    assert run(dsn, environ).failed == 1
    changed = message()
    changed["channels"]["email"]["en"]["subject"] = "Changed"
    apply(db, changed)
    db.execute("update pgwhen.sleepers set due_at = now()")
    assert run(dsn, environ).ok == 1
    assert [mail["Subject"] for mail in (one.message for one in mailbox.received)] == ["Hello Ann"]
    rows = db.execute(
        "select message ->> 'subject', message #>> '{template,version}' from pgwhen.frozen_messages"
    ).fetchall()
    assert rows == [("Hello Ann", "1")]
