# ruff: noqa: RUF001
"""Texts, push messages and chats as a dry run shows them: rendered, with what a text costs."""

from typing import Any

import psycopg
import pytest

from tests.cli.support import Cli
from tests.sql.simulate.test_dry_run import TABLES, apply

Connection = psycopg.Connection[Any]

STORY: dict[str, Any] = {
    "workflow": "w",
    "when": {"table": "jobs", "row": "updated"},
    "steps": [
        {"id": "text", "type": "sms", "to": "+31612345678", "text": "It’s {{ job.id }}" + "!" * 70},
        {
            "id": "push",
            "type": "push",
            "to": "device-token-1",
            "title": "Job",
            "text": "{{ job.id }}",
            "data": {"id": "{{ job.id }}"},
            "options": {"android": {"ttl": 60}},
        },
        {
            "id": "ask",
            "type": "chat",
            "to": "C123",
            "text": "Job {{ job.id }}",
            "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*Job* {{ job.id }}"}}],
        },
        {"id": "more", "type": "chat", "to": "C123", "text": "more", "thread": "{{ steps.ask.output.message_id }}"},
    ],
}


@pytest.fixture
def jobs(db: Connection) -> Connection:
    db.execute(TABLES)
    db.execute("select pgwhen.attach('jobs')")
    return db


@pytest.fixture
def pgwhen(dsn: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    for name in ("TWILIO_ACCOUNT_SID", "MESSAGEBIRD_API_KEY", "TELNYX_API_KEY", "BIRD_ACCESS_KEY", "SLACK_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Cli(dsn, capsys)


def test_a_dry_run_shows_messages_and_segments(jobs: Connection, pgwhen: Cli) -> None:
    apply(jobs, STORY)
    done = pgwhen("dry-run", "w", "--row", "jobs:7", "--json")
    assert done.code == 0, done.err
    messages = {message["step_id"]: message for message in done.json["ways"][0]["messages"]}
    assert {name: message["error"] for name, message in messages.items()} == dict.fromkeys(messages)
    text = messages["text"]["message"]
    assert (text["text"], text["segments"], text["encoding"]) == ("It’s 7" + "!" * 70, 2, "UCS-2")
    push = messages["push"]["message"]
    assert (push["to"], push["title"], push["data"]) == ("device-token-1", "Job", {"id": "7"})
    assert push["options"]["android"]["ttl"] == "60s"
    assert messages["ask"]["message"]["blocks"][0]["text"]["text"] == "*Job* 7"
    assert messages["more"]["message"]["thread"] == "1000000000.000001"


def test_a_dry_run_prints_them(jobs: Connection, pgwhen: Cli) -> None:
    apply(jobs, STORY)
    done = pgwhen("dry-run", "w", "--row", "jobs:7")
    assert done.code == 0, done.err
    assert "segments: 2" in done.out and "encoding: UCS-2" in done.out
    assert "to: device-token-1" in done.out and "to: C123" in done.out
