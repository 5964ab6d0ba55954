"""What people type: it arrives as it is, or is refused with a reason; it never becomes part of the protocol."""

import json
from urllib.parse import parse_qs

import pytest

from tests.e2e.harness import Stage, body, with_answers

WORKFLOW = """
workflow: hostile
when: {table: leads, row: created}
steps:
  - id: mail
    type: email
    on_error: continue
    to: "anna@example.com"
    subject: "Hello {{ lead.first_name }}"
    text: "Dear {{ lead.first_name }}"
    html: "<p>{{ lead.first_name }}</p>"
  - {id: text, type: sms, needs: [], on_error: continue, to: "+31612345678", text: "Hi {{ lead.first_name }}"}
  - id: call
    type: http
    needs: []
    on_error: continue
    method: POST
    url: "https://crm.example.com/leads/{{ lead.first_name }}"
    headers: {X-Name: "{{ lead.source }}"}
    json: {name: "{{ lead.first_name }}", text: "{{ lead.first_name }}!"}
"""


def story(stage: Stage, name: str, source: str = "web") -> dict[str, str]:
    """One lead of this name; states of the steps."""
    stage.attach("leads")
    document = stage.folder / "hostile.yaml"
    document.write_text(WORKFLOW)
    stage.apply(document)
    stage.sql("insert into leads (first_name, source) values (%s, %s)", name, source)
    stage.poll()
    return stage.steps()


@pytest.mark.parametrize(
    "name",
    [
        "Zoë 🚀👩‍👩‍👧",
        "\u202eelgoog\u202c שלום",
        "{{ 7*7 }}{% for x in [1] %}{{ secret('env:CRM_TOKEN') }}",
        "<script>alert(1)</script> & \"quotes\" 'n' \\backslash",
        "$concat {$secret: env:CRM_TOKEN}",
        "%0d%0aBcc: evil@example.com",
        "../../admin?x=1#y",
        "a" * 300,
    ],
)
def test_text_arrives_as_it_is(stage: Stage, name: str) -> None:
    assert set(story(stage, name).values()) == {"completed"}
    (mail,) = stage.mails
    assert mail.recipients == ["anna@example.com"]
    assert " ".join(str(mail.message["Subject"]).split()) == " ".join(f"Hello {name}".split())
    assert body(mail) == f"Dear {name}"
    assert "<script>" not in mail.text("html")
    (text,) = stage.texts
    assert text[1] == f"Hi {name}"
    (call,) = stage.requests
    assert call.json == {"name": name, "text": f"{name}!"}
    assert call.path.startswith("/crm/leads/") and not call.query
    assert "crm-token" not in str(call) and "evil@example.com" not in mail.recipients


def test_line_breaks_never_reach_a_header(stage: Stage) -> None:
    steps = story(stage, "Anna\r\nBcc: evil@example.com\r\n\r\nbody", "x\r\nX-Evil: 1")
    for mail in stage.mails:
        assert mail.recipients == ["anna@example.com"] and mail.message["Bcc"] is None
        assert "evil" not in str(mail.message.get("From"))
    for call in stage.requests:
        assert "x-evil" not in call.headers
    for form in (parse_qs(call.body.decode()) for call in stage.world.calls if call.path.startswith("/twilio/")):
        assert set(form) == {"To", "From", "Body"}
    errors = dict(stage.sql("select step_id, error ->> 'message' from pgwhen.execution_steps where status = 'failed'"))
    assert {step for step, status in steps.items() if status == "failed"} == set(errors)
    assert all(errors.values()), "what was refused says why"


def test_a_megabyte_of_name(stage: Stage) -> None:
    steps = story(stage, "n" * 1_000_000)
    (call,) = stage.requests or [None]
    assert steps["mail"] == "failed" and not stage.mails, "a subject of a megabyte"
    assert steps["text"] == "failed" and not stage.texts, "a text message of a megabyte"
    assert call is None or len(call.json["name"]) == 1_000_000
    errors = dict(stage.sql("select step_id, error ->> 'message' from pgwhen.execution_steps where status = 'failed'"))
    assert "subject" in errors["mail"].lower() and all(len(text) < 3000 for text in errors.values())


def test_null_bytes_do_not_stop_the_application(stage: Stage) -> None:
    stage.sql("create table notes (id int primary key, body json, email text)")
    stage.attach("notes")
    stage.sql("grant select on notes to pgwhen_actions")
    document = stage.folder / "notes.yaml"
    document.write_text(
        "workflow: notes\nwhen: {table: notes, row: created}\nsteps:\n"
        '  - {id: mail, type: email, to: "{{ note.email }}", subject: Note, text: "{{ note.id }}"}\n'
    )
    stage.apply(document)
    stage.sql("insert into notes values (1, '{\"a\": \"x\\u0000y\"}', 'anna@example.com'), (2, '{}', 'bo@example.com')")
    stage.poll()
    assert ("bo@example.com", "Note") in stage.subjects()
    assert stage.sql("select count(*) from notes") == [(2,)]
    assert stage.sql("select count(*) from pgwhen.executions where status in ('completed', 'failed')") == [(2,)]


def test_the_same_bytes_when_the_row_has_changed(stage: Stage) -> None:
    """The first attempt is uncertain, then the row is another; what leaves again is what left before."""
    stage.world.answer = with_answers({"/twilio": [500], "/crm": [503]})
    stage.set_clock("2026-06-01T08:00:00+00:00")
    story(stage, "Anna")
    stage.sql("update leads set first_name = 'Somebody else', source = 'other'")
    stage.advance("5 minutes")
    stage.poll()
    texts = [call.body for call in stage.world.calls if call.path.startswith("/twilio/")]
    calls = [(call.body, call.path, call.headers["x-name"]) for call in stage.requests]
    keys = {call.headers["idempotency-key"] for call in stage.requests}
    assert len(texts) == len(calls) == 2
    assert len(set(texts)) == len(set(calls)) == len(keys) == 1
    assert json.loads(calls[1][0])["name"] == "Anna"
    assert set(stage.steps().values()) == {"completed"}
