"""What the pages claim and no other test tries."""

import subprocess
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from pgwhen.cli.embedded import Server
from tests.conftest import OwnServer
from tests.e2e.harness import Stage, body, with_answers

Connection = psycopg.Connection[Any]

WORKFLOW = """
workflow: hello
when: {table: leads, row: created}
steps:
  - {id: mail, type: email, to: "{{ lead.email }}", subject: Hello, text: "{{ lead.first_name }}"}
"""


def apply(stage: Stage, text: str) -> None:
    path = stage.folder / "definition.yaml"
    path.write_text(text)
    stage.apply(path)


def test_an_application_needs_no_role_of_pgwhen(stage: Stage, login: Callable[..., str]) -> None:
    stage.attach("leads")
    apply(stage, WORKFLOW)
    name = login("pg_signal_backend")
    stage.sql("grant insert on leads to test_pg_signal_backend")
    with psycopg.connect(name, autocommit=True) as application:
        application.execute("insert into leads (first_name, email) values ('Anna', 'anna@example.com')")
    stage.poll()
    assert [body(mail) for mail in stage.mails] == ["Anna"]


def test_an_event_that_lacks_an_input_says_so(stage: Stage) -> None:
    apply(
        stage,
        "{workflow: hello, when: {event: it.happened}, inputs: {name: {type: text, required: true}},"
        " steps: [{id: end, type: stop}]}",
    )
    event = stage.sql("select pgwhen.emit_event('it.happened')")[0][0]
    stage.poll()
    lines = stage.sql("select pgwhen.explain_event(%s) ->> 'lines'", event)[0][0]
    assert "name" in lines


def test_a_table_without_doorbell_can_be_written_in_a_prepared_transaction(stage: Stage, connect: Any) -> None:
    stage.sql("select pgwhen.attach('leads', p_doorbell => false)")
    apply(stage, WORKFLOW)
    sleeper: Connection = connect()
    sleeper.execute("select pg_advisory_lock(hashtextextended('pgwhen.doorbell', 0))")
    writer: Connection = connect(autocommit=False)
    writer.execute("insert into leads (first_name, email) values ('Anna', 'anna@example.com')")
    writer.execute("prepare transaction 'order-1'")
    writer.autocommit = True
    stage.poll()
    assert not stage.mails, "not committed yet"
    writer.execute("commit prepared 'order-1'")
    stage.poll()
    assert len(stage.mails) == 1


def test_a_restored_dump_goes_on(stage: Stage, own_server: OwnServer, server: Server) -> None:
    """Into another server, where the roles are: attached tables, waiting events and delays work as before."""
    stage.attach("leads")
    apply(
        stage,
        "{workflow: later, when: {table: leads, row: created}, steps: [{id: a_while, type: delay, for: 1 second},"
        " {id: mail, type: email, to: '{{ lead.email }}', subject: Hello, text: x}]}",
    )
    stage.sql("insert into leads (first_name, email) values ('Anna', 'anna@example.com')")
    stage.poll()
    stage.sql("insert into leads (first_name, email) values ('Bo', 'bo@example.com')")
    dump = subprocess.run(
        [server.binaries / "pg_dump", "--format=custom", stage.dsn], capture_output=True, check=True
    ).stdout
    with psycopg.connect(own_server.server.dsn("postgres"), autocommit=True) as admin:
        admin.execute("create database restored template template0")
    restored = own_server.server.dsn("restored")
    subprocess.run(
        [server.binaries / "pg_restore", "--exit-on-error", "--dbname", restored], input=dump, check=True, timeout=60
    )
    stage.poller_dsn = restored
    with psycopg.connect(restored, autocommit=True) as db:
        db.execute("insert into leads (first_name, email) values ('Cy', 'cy@example.com')")
        db.execute("select pg_sleep(1.1)")
        stage.poll()
        db.execute("select pg_sleep(1.1)")
        stage.poll()
    assert sorted(mail.recipients[0] for mail in stage.mails) == [
        "anna@example.com",
        "bo@example.com",
        "cy@example.com",
    ]


SMS = """
workflow: call
when: {event: call.me}
inputs: {phone: {type: text, required: true}}
steps:
  - {id: text, type: sms, to: "{{ input.phone }}", text: Hello, on_uncertain: stop}
"""


def test_refused_credentials_pause_the_connection_and_lose_nothing(stage: Stage) -> None:
    apply(stage, SMS)
    stage.world.answer = with_answers({"/twilio/": [401]})
    stage.sql("select pgwhen.emit_event('call.me', '{\"phone\": \"+31612345678\"}')")
    stage.poll()
    assert stage.steps() == {"text": "held"}
    assert [row[0] for row in stage.sql("select status from pgwhen.connections where name = 'twilio'")] == ["paused"]
    stage.sql("select pgwhen.emit_event('call.me', '{\"phone\": \"+31687654321\"}')")
    stage.poll()
    assert len(stage.world.calls) == 1, "nothing leaves by a paused connection"
    stage.cli("connections", "resume", "twilio", "--reason", "new token")
    stage.poll()
    assert sorted(number for number, _ in stage.texts[1:]) == ["+31612345678", "+31687654321"]
    assert [row["status"] for row in stage.executions()] == ["completed"] * 2


def test_throttling_is_waited_for_and_uses_up_no_attempt(stage: Stage) -> None:
    stage.set_clock("2026-06-01T08:00:00Z")
    apply(stage, SMS.replace("on_uncertain: stop", "retry: {attempts: 1}"))
    stage.world.answer = with_answers({"/twilio/": [429]})
    stage.sql("select pgwhen.emit_event('call.me', '{\"phone\": \"+31612345678\"}')")
    stage.poll()
    assert stage.steps() == {"text": "sleeping"}
    stage.advance("1 hour")
    stage.poll()
    assert stage.steps() == {"text": "completed"} and len(stage.texts) == 2


def test_what_may_have_been_sent_waits_for_a_person(stage: Stage) -> None:
    apply(stage, SMS)
    stage.world.answer = with_answers({"/twilio/": [500]})
    stage.sql("select pgwhen.emit_event('call.me', '{\"phone\": \"+31612345678\"}')")
    stage.poll()
    assert stage.steps() == {"text": "uncertain"}
    (execution,) = stage.json("executions", "--status", "waiting")
    assert stage.sql("select status from pgwhen.pending_actions") == [("uncertain",)]
    stage.cli("retry", execution["execution_id"][:13])
    stage.poll()
    assert stage.steps() == {"text": "completed"} and len(stage.texts) == 2


def test_a_tenant_has_its_own_variables_and_sees_its_own(stage: Stage, login: Callable[..., str]) -> None:
    author = login("pgwhen_author", "pgwhen_operator")
    name = "test_pgwhen_author_pgwhen_operator"
    stage.sql("insert into pgwhen.tenants (tenant, variables) values ('acme', '{\"phone\": \"+31201234567\"}')")
    stage.sql("insert into pgwhen.tenant_roles (role_name, tenant) values (%s, 'acme')", name)
    apply(stage, SMS)
    owner, stage.dsn = stage.dsn, author
    apply(stage, SMS.replace("{{ input.phone }}", "{{ tenant.phone }}"))
    stage.cli("emit", "call.me", '{"phone": "none"}')
    stage.poll()
    assert stage.texts == [("+31201234567", "Hello")], "the workflow of the same name of another tenant did not start"
    assert len(stage.json("executions")) == 1
    stage.dsn = owner
    assert stage.json("executions") == []


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_operator", "pgwhen_author", "pgwhen_app", "pgwhen_poller"])
def test_no_role_reads_a_table_of_pgwhen(role: str, connect: Any) -> None:
    person: Connection = connect(role)
    for table in ("events", "executions", "frozen_messages", "settings"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            person.execute(f"select * from pgwhen.{table}")
