"""The command `pgwhen poll`."""

import json

import pytest

from tests.poller.support import Connection, happen, poll, post, workflow
from tests.servers import Answer, http_server


def test_once(db: Connection, dsn: str) -> None:
    with http_server() as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, {"id": 1})
        code, stderr = poll(dsn, "--once", "--max-seconds", "20")
        assert len(server.received) == 1
    assert code == 0
    assert "reported 1 ok" in stderr
    assert "claimed 1, ok 1, failed 0" in stderr


@pytest.mark.parametrize(("option", "expected"), [((), 0), (("--strict",), 3)])
def test_a_failed_action_is_no_failure_of_the_command_unless_strict(
    option: tuple[str, ...], expected: int, db: Connection, dsn: str
) -> None:
    with http_server(lambda _: Answer(404)) as server:
        made = workflow(db, post(server.url + "/"))
        happen(db, made, {"id": 1})
        code, stderr = poll(dsn, "--once", *option)
    assert code == expected
    assert "the server answered 404" in stderr


def test_logs_as_json_with_ids_and_without_secrets(db: Connection, dsn: str) -> None:
    def echo(call: object) -> Answer:
        return Answer(500, getattr(call, "headers")["x-token"].encode())  # noqa: B009

    with http_server(echo) as server:
        made = workflow(db, post(server.url + "/", headers={"X-Token": "{{ secret('env:TOKEN') }}"}))
        happen(db, made, {"id": 1})
        environ = {"TOKEN": "t0ps3cret", "PGWHEN_SECRETS": "TOKEN"}
        code, stderr = poll(dsn, "--once", "--log-format", "json", "--verbose", environ=environ)
    assert code == 0
    lines = [json.loads(line) for line in stderr.splitlines()]
    (warning,) = [line for line in lines if line["level"] == "warning"]
    execution = db.execute("select execution_id::text from pgwhen.executions").fetchall()[0][0]
    assert (warning["execution_id"], warning["step_id"], warning["class"]) == (execution, "post", "transient")
    assert warning["code"] == "http_500"
    assert "***" in warning["message"]
    assert "t0ps3cret" not in stderr


def test_wrong_settings_are_wrong_usage(dsn: str) -> None:
    code, stderr = poll(dsn, "--once", environ={"PGWHEN_HTTP_ALLOW": "local"})
    assert code == 2
    assert "PGWHEN_HTTP_ALLOW" in stderr


def test_a_database_without_pgwhen_says_what_to_do(empty_dsn: str) -> None:
    code, stderr = poll(empty_dsn, "--once")
    assert code == 1
    assert "pgwhen migrate" in stderr
    assert "Traceback" not in stderr


def test_two_providers_and_no_choice_are_named_at_the_start(dsn: str) -> None:
    environ = {"SMTP_URL": "smtp://localhost", "SMTP_FROM": "a@x.org", "RESEND_API_KEY": "re"}
    code, stderr = poll(dsn, "--once", environ=environ)
    assert code == 0
    assert "2 providers for email (smtp, resend): set PGWHEN_EMAIL to one of them" in stderr
