"""Files that steps made, as attachments: from the database to the mail server."""

from typing import Any

import pytest

from tests.poller.support import Connection, happen, run, workflow
from tests.servers import mail_server

QUOTE = {"format": "text", "file": "Angebot {{ new.id }}", "text": "Grüße, {{ new.id }}"}


def steps(**more: Any) -> list[dict[str, Any]]:
    """A document, and an e-mail that has it attached."""
    attachments = [more or {"document": "{{ steps.quote.output.id }}"}, {"text": "hi", "file": "hi.txt"}]
    mail = {"to": "ann@example.com", "subject": "Hello", "text": "Hi", "attachments": attachments}
    reads = [["new"], ["steps", "quote", "output"]]
    return [
        {"id": "quote", "type": "document", "definition": QUOTE, "reads": [["new"]]},
        {"id": "mail", "type": "email", "definition": mail, "reads": reads},
    ]


def attached(db: Connection, dsn: str, **more: Any) -> list[tuple[str, str, bytes]]:
    """Run it; name, type and content of what arrived."""
    with mail_server() as server:
        made = workflow(db, *steps(**more), edges=[("quote", "mail", "success")])
        happen(db, made, {"id": 7})
        run(dsn, {"SMTP_URL": server.url, "SMTP_FROM": "hello@acme.example"})
        parts = [part for mail in server.received for part in mail.message.iter_attachments()]
    return [(str(part.get_filename()), part.get_content_type(), part.get_payload(decode=True)) for part in parts]  # type: ignore[misc]


def test_a_document_of_a_step_is_attached_under_its_name(db: Connection, dsn: str) -> None:
    content = "Grüße, 7".encode()
    assert attached(db, dsn) == [("Angebot 7.txt", "text/plain", content), ("hi.txt", "text/plain", b"hi")]
    (row,) = db.execute("select message from pgwhen.frozen_messages where channel = 'email'").fetchall()
    assert "content" not in str(row[0]["attachments"])
    assert row[0]["documents"] == [row[0]["attachments"][0]["document"]]


def test_under_another_name(db: Connection, dsn: str) -> None:
    found = attached(db, dsn, document="{{ steps.quote.output }}", file="quote.md", media_type="text/markdown")
    assert found[0][:2] == ("quote.md", "text/markdown")


def test_a_document_that_is_gone_fails_the_step(db: Connection, dsn: str) -> None:
    assert attached(db, dsn, document="00000000-0000-4000-8000-000000000001") == []
    (row,) = db.execute("select status, error from pgwhen.execution_steps where step_id = 'mail'").fetchall()
    assert (row[0], row[1]["code"]) == ("failed", "document")


@pytest.mark.parametrize("megabytes", [26])
def test_documents_beyond_all_limits_fail_the_step_and_nothing_else(megabytes: int, db: Connection, dsn: str) -> None:
    made = workflow(db, *steps(), edges=[("quote", "mail", "success")])
    happen(db, made, {"id": 7})
    with mail_server() as server:
        environ = {"SMTP_URL": server.url, "SMTP_FROM": "hello@acme.example"}
        db.execute(
            "create function pgwhen.grow() returns trigger language plpgsql as $$ begin"
            f" new.content := convert_to(repeat('x', {megabytes} * 1024 * 1024), 'UTF8');"
            " new.size := octet_length(new.content); return new; end $$;"
            " create trigger grow before insert on pgwhen.documents for each row execute function pgwhen.grow()"
        )
        run(dsn, environ)
        assert server.received == []
    (row,) = db.execute("select status, error from pgwhen.execution_steps where step_id = 'mail'").fetchall()
    assert (row[0], row[1]["code"]) == ("failed", "WF440")
    assert "bytes together" in row[1]["message"]
