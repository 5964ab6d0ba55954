"""`pgwhen dry-run`: every way, every message; and --send-to, which really sends, to one address only."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgwhen.cli.dry_run import _message_lines, replaced_message
from tests.cli.support import Cli
from tests.e2e.harness import Servers, servers
from tests.sql.simulate.test_dry_run import TABLES, WORKFLOW, apply, contents

Connection = psycopg.Connection[Any]


@pytest.fixture
def jobs(db: Connection) -> Connection:
    db.execute(TABLES)
    db.execute("select pgwhen.attach('jobs')")
    db.execute("update jobs set status = 'completed'")
    return db


@pytest.fixture
def pgwhen(dsn: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    for name in ("SMTP_URL", "SMTP_FROM", "RESEND_API_KEY", "TWILIO_ACCOUNT_SID", "MESSAGEBIRD_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return Cli(dsn, capsys)


def test_every_way_is_shown(jobs: Connection, pgwhen: Cli) -> None:
    apply(jobs)
    before = contents(jobs)
    done = pgwhen("dry-run", "w", "--row", "jobs:7")
    assert done.code == 0 and "nothing was sent, nothing was written" in done.err
    first, _, other = done.out.partition("If is_new is true:")
    assert "GET" not in first and 'POST https://crm.example.com/7\n    {"n":10.20}' in first
    assert "is_new  condition  false (not known; or true): steps.crm.output.status: 201 does not hold" in first
    assert "nap  delay  until " in first and "to: +31612345678" in first and "anna@example.com" not in first
    assert "to: anna@example.com" in other and "crm  http" not in other, "what is the same is not said again"
    assert contents(jobs) == before


def test_messages_are_shown_as_they_would_leave(jobs: Connection) -> None:
    parts = [{"name": "a", "text": "x"}, {"name": "f", "document": "d", "file": "quote.pdf"}]
    request = {"method": "POST", "url": "https://x.test/", "headers": {}, "body": None, "multipart": parts}
    assert _message_lines(request) == ["POST https://x.test/", "a: x", "f: quote.pdf"]
    webhook = {"endpoint": "orders", "body": '{"type":"a","data":{"total":10.20}}'}
    assert 'data: {"total":10.20}' in _message_lines(webhook)
    assert _message_lines({"content": "BEGIN\r\nEND\r\n", "input": None}) == ["content: BEGIN", "END", "input: "]


def test_as_json(jobs: Connection, pgwhen: Cli) -> None:
    apply(jobs)
    document = pgwhen("dry-run", "w", "--row", "jobs:7", "--json").json
    assert [way["assumed"] for way in document["ways"]] == [[], [{"step": "is_new", "outcome": "true"}]]
    assert document["complete"] and document["starts"] and document["event"]["type"] == "jobs.created"
    assert [message["step_id"] for message in document["ways"][1]["messages"]] == ["crm", "tell", "last"]
    assert "context" not in json.dumps(document["ways"][0]["messages"])


def test_given_settles_what_is_not_known(jobs: Connection, pgwhen: Cli) -> None:
    apply(jobs)
    given = 'steps.crm.output={"status": 201}'
    document = pgwhen("dry-run", "w", "--row", "jobs:7", "--given", given, "--json").json
    assert [way["assumed"] for way in document["ways"]] == [[]]
    assert [message["step_id"] for message in document["ways"][0]["messages"]] == ["crm", "tell", "last"]


def test_many_unknown_outcomes_are_bounded(jobs: Connection, pgwhen: Cli) -> None:
    email = {"type": "email", "to": "a@example.com", "subject": "S", "text": "T"}
    steps = [WORKFLOW["steps"][0]] + [
        {"id": f"c{n}", "type": "condition", "if": {"steps.crm.output.status": n}, "then": [{"id": f"e{n}", **email}]}
        for n in range(1, 7)
    ]
    apply(jobs, {**WORKFLOW, "steps": steps})
    document = pgwhen("dry-run", "w", "--row", "jobs:7", "--json").json
    assert len(document["ways"]) == 16 and not document["complete"]
    assert len({json.dumps(way["assumed"]) for way in document["ways"]}) == 16


def test_a_message_that_cannot_be_rendered_fails_its_step(jobs: Connection, pgwhen: Cli) -> None:
    first = {**WORKFLOW["steps"][0], "json": {"x": "{{ job.title }}"}, "on_error": "continue"}
    mail = {"id": "tell", "type": "email", "to": "{{ job.client.email }}", "subject": "S", "text": "T"}
    apply(jobs, {**WORKFLOW, "steps": [mail, {**first, "if": {"steps.tell.status": "failed"}}]})
    jobs.execute("update clients set email = null")
    done = pgwhen("dry-run", "w", "--row", "jobs:7")
    assert "tell  email  failed: step tell" in done.out and "The execution is failed: step tell failed" in done.out
    apply(
        jobs,
        {**WORKFLOW, "steps": [{**mail, "on_error": "continue"}, {**first, "if": {"steps.tell.status": "failed"}}]},
    )
    done = pgwhen("dry-run", "w", "--row", "jobs:7")
    assert "POST https://crm.example.com/7" in done.out, "what follows a failure is what runs"


def test_a_file_gives_the_event_as_tests_do(jobs: Connection, pgwhen: Cli, tmp_path: Path) -> None:
    apply(jobs, {**WORKFLOW, "steps": [WORKFLOW["steps"][1]["then"][0]]})
    before = contents(jobs)
    file = tmp_path / "event.yaml"
    file.write_text(
        "table: jobs\nold: {status: new}\n"
        "new: {id: 8, title: Roof, status: completed, client: {id: 2, first_name: Bo, email: bo@example.com}}\n"
    )
    document = pgwhen("dry-run", "w", "--event", str(file), "--json").json
    assert document["event"]["operation"] == "update" and document["event"]["changed"] == ["status"]
    assert document["ways"][0]["messages"][0]["message"]["to"] == ["bo@example.com"]
    file.write_text('{"table": "jobs", "new": {"id": 7, "title": "Changed", "status": "completed"}}')
    document = pgwhen("dry-run", "w", "--event", str(file), "--json").json
    assert document["event"]["new"]["title"] == "Changed" and document["ways"][0]["messages"][0]["message"]
    file.write_text("table: jobs\nnew: {id: 9, nothing: 1}\n")
    done = pgwhen("dry-run", "w", "--event", str(file))
    assert done.code == 1 and "jobs has no column nothing" in done.err
    assert contents(jobs) == before


def test_a_past_event(jobs: Connection, pgwhen: Cli) -> None:
    apply(jobs)
    jobs.execute("update jobs set title = 'x'; update jobs set status = 'new'; update jobs set status = 'completed'")
    jobs.execute("select pgwhen.tick()")
    (event,) = jobs.execute("select event_id::text from pgwhen.events where start_count > 0").fetchone() or ("",)
    assert "POST https://crm.example.com/7" in pgwhen("dry-run", "w", "--event", event).out
    (event,) = jobs.execute("select event_id::text from pgwhen.events where start_count = 0").fetchone() or ("",)
    done = pgwhen("dry-run", "w", "--event", event)
    assert done.code == 0 and "It would not start: becomes: status: completed" in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--row", "jobs"),
        ("--row", "jobs:7", "--input", "{}"),
        ("--row", "jobs:7", "--given", "x"),
        ("--row", "jobs:7", "--given", "steps.crm.output={"),
        ("--row", "jobs:7", "--allow-http"),
        ("--row", "jobs:7", "--send-to", "nobody"),
        ("--event", "/nowhere.yaml"),
    ],
)
def test_wrong_usage(jobs: Connection, pgwhen: Cli, arguments: tuple[str, ...]) -> None:
    apply(jobs)
    assert pgwhen("dry-run", "w", *arguments).code == 2


def test_what_is_not_there(jobs: Connection, pgwhen: Cli) -> None:
    apply(jobs)
    done = pgwhen("dry-run", "nobody", "--row", "jobs:7")
    assert done.code == 1 and "nobody does not exist" in done.err
    done = pgwhen("dry-run", "w", "--row", "jobs:99")
    assert done.code == 1 and "has no record" in done.err


def test_database_steps_are_performed_and_rolled_back(jobs: Connection, pgwhen: Cli) -> None:
    jobs.execute("grant update on jobs to pgwhen_actions")
    change = {
        "id": "change",
        "type": "update",
        "table": "jobs",
        "where": {"id": "{{ job.id }}"},
        "set": {"title": "Done"},
    }
    mail = {"id": "tell", "type": "email", "to": "a@example.com", "subject": "{{ job.title }}", "text": "T"}
    apply(jobs, {**WORKFLOW, "steps": [change, mail]})
    before = contents(jobs)
    done = pgwhen("dry-run", "w", "--row", "jobs:7")
    assert "change  update  completed" in done.out and '"title": "Done"' in done.out.replace('":"', '": "')
    assert "subject: Done" in done.out, "the next step sees what it wrote"
    assert "rolled back" in done.err and contents(jobs) == before


def test_a_wait_and_an_approval(jobs: Connection, pgwhen: Cli) -> None:
    mail = {"type": "email", "to": "a@example.com", "subject": "S", "text": "T"}
    jobs.execute("select pgwhen.attach('clients')")
    wait = {
        "id": "reply",
        "type": "wait",
        "event": "job.paid",
        "timeout": "3 days",
        "timed_out": [{"id": "nag", **mail}],
    }
    apply(jobs, {**WORKFLOW, "steps": [wait, {"id": "last", **mail}]})
    document = pgwhen("dry-run", "w", "--row", "jobs:7", "--json").json
    assert [way["assumed"] for way in document["ways"]] == [[], [{"step": "reply", "outcome": "success"}]]
    assert [[one["step_id"] for one in way["messages"]] for way in document["ways"]] == [["nag", "last"], ["last"]]


# ---------------------------------------------------------------- --send-to


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, pgwhen: Cli) -> Any:
    with servers() as found:
        for name, value in found.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PGWHEN_HTTP_PORTS", found.http_url.rpartition(":")[2])
        yield found


def story(url: str) -> dict[str, Any]:
    mail = {"type": "email", "to": "{{ job.client.email }}", "cc": "boss@example.com", "subject": "S", "text": "T"}
    return {
        "workflow": "w",
        "when": WORKFLOW["when"],
        "steps": [
            {"id": "call", "type": "http", "url": f"{url}/crm", "json": {}},
            {"id": "tell", "if": {"steps.call.status": "completed"}, **mail},
            {"id": "text", "type": "sms", "to": "+31611111111", "text": "bye"},
        ],
    }


def test_send_to_an_address(jobs: Connection, pgwhen: Cli, world: Servers) -> None:
    apply(jobs, story(world.http_url), publish=False)
    before = contents(jobs)
    done = pgwhen("dry-run", "w", "--row", "jobs:7", "--send-to", "me@example.com")
    assert done.code == 0, done.err
    (mail,) = world.mails
    assert mail.recipients == ["me@example.com"]
    assert mail.message["Subject"] == "[to anna@example.com, boss@example.com] S" and mail.message["Cc"] is None
    assert mail.message["X-Pgwhen-Original-To"] == "anna@example.com, boss@example.com"
    assert world.calls == [], "neither http nor sms"
    assert "call: not sent: an http call; --allow-http makes it" in done.err and "text: not sent" in done.err
    assert contents(jobs) == before


def test_a_document_is_attached_to_what_is_sent(jobs: Connection, pgwhen: Cli, world: Servers) -> None:
    attached = [{"document": "{{ steps.note.output.id }}"}]
    note = {"id": "note", "type": "document", "format": "text", "file": "note", "html": "<p>Job {{ job.id }}</p>"}
    mail = {"id": "send", "type": "email", "to": "a@x.org", "subject": "S", "text": "T", "attachments": attached}
    apply(jobs, {"workflow": "w", "when": WORKFLOW["when"], "steps": [note, mail]}, publish=False)
    done = pgwhen("dry-run", "w", "--row", "jobs:7", "--send-to", "me@example.com")
    assert done.code == 0, done.err
    (sent,) = world.mails
    (file,) = sent.message.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("note.txt", "text/plain")
    assert "Job 7" in str(file.get_content())


def test_send_to_a_number_and_http(jobs: Connection, pgwhen: Cli, world: Servers) -> None:
    apply(jobs, story(world.http_url))
    done = pgwhen("dry-run", "w", "--row", "jobs:7", "--send-to", "+31699999999", "--allow-http")
    assert done.code == 0, done.err
    assert world.mails == [] and world.texts == [("+31699999999", "bye")]
    assert [call.path for call in world.requests] == ["/crm"]


def test_an_answer_decides_what_follows(jobs: Connection, pgwhen: Cli, world: Servers) -> None:
    apply(jobs, story(world.http_url))
    world.answer = lambda call: (500, "no")
    done = pgwhen("dry-run", "w", "--row", "jobs:7", "--send-to", "me@example.com", "--allow-http", "--json")
    assert world.mails == [] and len(world.requests) == 1
    assert done.json["ways"][0]["executions"][0]["status"] == "failed"


def test_recipients_are_replaced_whatever_the_message(jobs: Connection) -> None:
    def message(**content: Any) -> Any:
        type_ = content.pop("type", "http" if "url" in content else "email" if "subject" in content else "sms")
        return type("Message", (), {"message": content, "type": type_})()

    mail = message(to=["a@x.org"], bcc=["c@x.org"], subject="S", text="T")
    found = replaced_message(mail, "me@x.org", False)
    assert isinstance(found, dict) and "a@x.org" not in json.dumps({**found, "subject": "", "headers": {}})
    assert isinstance(replaced_message(mail, "+31612345678", False), str)
    assert replaced_message(message(to="+1", text="T", **{"from": "x"}), "+31612345678", False)["to"] == "+31612345678"  # type: ignore[index]
    assert isinstance(replaced_message(message(to="+1", text="T"), "me@x.org", True), str)
    assert isinstance(replaced_message(message(url="https://x.org"), "me@x.org", False), str)
    for type_ in ("push", "chat"):
        assert "no address of one" in str(replaced_message(message(to="x", text="T", type=type_), "+31612345678", True))
    for type_ in ("webhook", "action"):
        assert "--allow-http" in str(replaced_message(message(to="x", type=type_), "me@x.org", False))
        assert replaced_message(message(to="x", type=type_), "me@x.org", True) == {"to": "x"}
    assert replaced_message(message(html="x", type="document"), "me@x.org", False) == {"html": "x"}
