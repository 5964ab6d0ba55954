"""An action becomes a message: each key by its own rules, and errors that name step, key and variable."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.poller.connections import Connections
from pgwhen.poller.render import Rendered, RenderError, render
from pgwhen.poller.templates import loads

ENVIRON = {
    "SMTP_URL": "smtp://localhost:1025",
    "SMTP_FROM": "Acme <hello@acme.example>",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "t",
    "TWILIO_FROM_NUMBER": "+15005550006",
}
CONTEXT = loads(
    """{"v": 1, "job": {"title": "Boiler {{ 7*7 }}", "total": 10.20, "html": "<b>", "note": null, "path": "a/b&c",
        "client": {"email": "ann@example.com", "first_name": "Ann", "phone": "+31612345678",
                   "evil": "x@y.org, eve@z.org", "line": "a\\nBcc: eve@z.org", "others": ["b@x.org", "c@x.org"],
                   "name": null}}}"""
)


def rendered(type_: str, definition: dict[str, Any], environ: dict[str, str] = ENVIRON) -> Rendered:
    action = {
        "step_id": "thank",
        "type": type_,
        "definition": definition,
        "context": CONTEXT,
        "idempotency_key": "ex:thank:1:0",
        "timeout_seconds": 30,
    }
    return render(action, Connections(environ), datetime(2025, 3, 1, 12, 0, tzinfo=UTC))


def email(**definition: Any) -> dict[str, Any]:
    given = {"to": "{{ job.client.email }}", "subject": "Hello", "text": "Hi"} | definition
    return rendered("email", given).message


def test_an_email() -> None:
    found = rendered(
        "email",
        {
            "to": "{{ job.client.email }}",
            "subject": "Job completed - {{ job.title }}",
            "text": "Dear {{ job.client.first_name }},\n\nTotal {{ job.total }}, {{ job.html }}",
            "html": "<p>{{ job.html }}</p>",
        },
    )
    assert (found.channel, found.connection.name, found.recipients) == ("email", "smtp", ["ann@example.com"])
    assert found.message == {
        "from": "Acme <hello@acme.example>",
        "to": ["ann@example.com"],
        "subject": "Job completed - Boiler {{ 7*7 }}",
        "text": "Dear Ann,\n\nTotal 10.20, <b>",
        "html": "<p>&lt;b&gt;</p>",
        "message_id": "<ex.thank.1.0@acme.example>",
        "date": "Sat, 01 Mar 2025 12:00:00 +0000",
    }


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("a@x.org, {{ job.client.email }}; c@x.org", ["a@x.org", "ann@example.com", "c@x.org"]),
        (["a@x.org", "{{ job.client.email }}"], ["a@x.org", "ann@example.com"]),
        ("{{ job.client.others }}", ["b@x.org", "c@x.org"]),
        ("{{ job.client.first_name }} <{{ job.client.email }}>", ["Ann <ann@example.com>"]),
        ('"Vries, {{ job.client.first_name }}" <ann@example.com>', ['"Vries, Ann" <ann@example.com>']),
        ("{{ ['a@x.org', 'b@x.org'] | join(', ') if false else 'a@x.org' }}", ["a@x.org"]),
        ("a@x.org, {{ job.client.name | default(none) }}", ["a@x.org"]),
        ("a@x.org,", ["a@x.org"]),
    ],
)
def test_recipients(to: Any, expected: list[str]) -> None:
    assert email(to=to)["to"] == expected


ERRORS = [
    ("email", {"to": "{{ job.client.mail }}"}, "template", "step thank, to: job.client.mail is missing"),
    (
        "email",
        {"to": "{{ job.owner.email }}"},
        "template",
        "step thank, to: job.owner.email is missing: there is no job.owner",
    ),
    (
        "email",
        {"to": "{{ job.client.evil }}"},
        "recipient",
        "step thank: to: 'x@y.org, eve@z.org' is not an e-mail address",
    ),
    ("email", {"to": "{{ job.client.line }}"}, "message", "step thank: to contains a line break"),
    ("email", {"to": "{{ job.total }}"}, "recipient", "step thank: to is not an address"),
    ("email", {"to": ""}, "recipient", "step thank: to is missing: the message has no recipient"),
    ("email", {"to": None}, "recipient", "step thank: to is missing"),
    ("email", {"cc": ["{{ job.note }}"]}, "template", "step thank, cc: job.note is missing"),
    (
        "email",
        {"subject": "{{ job.client.line }}"},
        "template",
        "step thank, subject: a header cannot contain a line break",
    ),
    ("email", {"subject": "{{ job.note }}"}, "template", "step thank, subject: job.note is missing"),
    ("email", {"text": "{{ job.note }}"}, "template", "step thank, text: job.note is missing"),
    ("email", {"text": "{{ oops"}, "template", "step thank, text: line 1"),
    ("email", {"headers": {"X-A": "{{ job.client.line }}"}}, "template", "step thank, headers: X-A: a header cannot"),
    ("email", {"headers": {"X-A": "{{ secret('env:T') }}"}}, "template", "headers of http steps only"),
    ("email", {"connection": "resend"}, "not_configured", "step thank: the connection resend is not configured"),
    ("sms", {"to": "{{ job.note }}", "text": "Hi"}, "template", "step thank, to: job.note is missing"),
    ("sms", {"to": "{{ job.client.email }}", "text": "Hi"}, "recipient", "E.164"),
    ("sms", {"text": "Hi"}, "recipient", "step thank: to is missing"),
    ("http", {"url": "{{ job.note }}"}, "template", "step thank, url: job.note is missing"),
    ("http", {"url": "ftp://x"}, "url", "step thank: url is not an http or https URL"),
    ("http", {"url": "https://x.test", "body": "{{ job.note }}"}, "template", "step thank, body: job.note is missing"),
    ("http", {"url": "https://x.test", "json": {"a": "x {{ job.note }}"}}, "template", "step thank, json: job.note"),
    ("http", {"url": "https://{{ secret('env:T') }}.test"}, "template", "headers of http steps only"),
    (
        "http",
        {"url": "https://x.test", "json": {"a": "{{ secret('env:T') }}"}},
        "template",
        "headers of http steps only",
    ),
    ("fax", {}, "type", "this poller does not know the type fax"),
]


@pytest.mark.parametrize(("type_", "definition", "code", "message"), ERRORS)
def test_errors_name_step_key_and_variable(type_: str, definition: dict[str, Any], code: str, message: str) -> None:
    given = {"to": "ann@example.com", "subject": "Hello", "text": "Hi"} if type_ == "email" else {}
    with pytest.raises(RenderError) as caught:
        rendered(type_, given | definition)
    assert caught.value.code == code
    assert message in str(caught.value)


def test_without_a_provider_the_step_fails_and_names_the_variables() -> None:
    with pytest.raises(RenderError, match="no provider for sms: set MESSAGEBIRD_API_KEY") as caught:
        rendered("sms", {"to": "+31612345678", "text": "Hi"}, {})
    assert caught.value.code == "not_configured"


def test_an_sms() -> None:
    found = rendered("sms", {"to": "{{ job.client.phone }}", "text": "Job {{ job.title }} completed."})
    assert {key: found.message[key] for key in ("from", "to", "text")} == {
        "from": "+15005550006",
        "to": "+31612345678",
        "text": "Job Boiler {{ 7*7 }} completed.",
    }
    assert found.recipients == ["+31612345678"]


def test_an_http_request() -> None:
    found = rendered(
        "http",
        {
            "method": "PATCH",
            "url": "https://crm.test/jobs/{{ job.path }}",
            "query": {"total": "{{ job.total }}", "none": "{{ job.note }}"},
            "headers": {"Authorization": "Bearer {{ secret('env:CRM_TOKEN') }}", "X-Title": "{{ job.title }}"},
            "json": {"total": "{{ job.total }}", "title": "{{ job.title }}", "note": "{{ job.note }}", "n": 1},
        },
    )
    assert found.message == {
        "method": "PATCH",
        "url": "https://crm.test/jobs/a%2Fb%26c?total=10.20",
        "headers": {
            "authorization": {"$concat": ["Bearer ", {"$secret": "env:CRM_TOKEN"}]},
            "content-type": "application/json",
            "idempotency-key": "ex:thank:1:0",
            "user-agent": "pgwhen",
            "x-title": "Boiler {{ 7*7 }}",
        },
        "body": '{"total":10.20,"title":"Boiler {{ 7*7 }}","note":null,"n":1}',
        "timeout": 30,
    }
    assert found.recipients == []


def test_numbers_in_yaml_are_templates_too() -> None:
    assert email(subject=2024, text=7)["subject"] == "2024"


def test_secrets_within_json_stay_references() -> None:
    auth = {"basic": {"user": "{{ job.client.first_name }}", "password": "{{ secret('env:CRM_PASSWORD') }}"}}
    found = rendered("http", {"url": "https://x.test", "auth": auth}).message
    assert "CRM_PASSWORD" in str(found) and "env:CRM_PASSWORD" in str(found) and "Ann" in str(found)


def test_a_value_in_a_secret_header_has_no_line_break() -> None:
    with pytest.raises(RenderError, match="a header cannot contain a line break"):
        rendered("http", {"url": "https://x.test", "auth": {"bearer": "{{ job.client.line }}"}})
