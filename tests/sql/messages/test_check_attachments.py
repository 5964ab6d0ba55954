"""What publishing says of the attachments of an e-mail."""

import json
from typing import Any

import psycopg
import pytest

Connection = psycopg.Connection[Any]

FILE = {"document": "{{ steps.quote.output.id }}"}

WRONG = [
    ("{{ steps.quote.output }}", [("WF002", "attachments")]),
    ([], [("WF002", "attachments")]),
    (["a.pdf"], [("WF002", "attachments[0]")]),
    ([FILE, {}], [("WF014", "attachments[1]")]),
    ([{**FILE, "text": "x", "file": "x.txt"}], [("WF014", "attachments[0]")]),
    ([{"text": "x"}], [("WF005", "attachments[0]")]),
    ([{**FILE, "size": 3}], [("WF003", "attachments[0].size")]),
]


def problems(db: Connection, attachments: Any) -> list[tuple[str, str]]:
    row = db.execute("select pgwhen._check_attachments(%s, 'attachments')", [json.dumps(attachments)]).fetchone()
    assert row
    return [(problem["code"], problem["path"]) for problem in row[0]]


@pytest.mark.parametrize(("attachments", "expected"), WRONG)
def test_what_is_wrong_is_said_with_its_place(
    attachments: Any, expected: list[tuple[str, str]], db: Connection
) -> None:
    assert problems(db, attachments) == expected


def test_documents_and_texts(db: Connection) -> None:
    text = {"text": "{{ lead.notes }}", "file": "notes-{{ lead.id }}.txt", "media_type": "text/plain"}
    assert problems(db, [FILE, {**FILE, "file": "Angebot ü.pdf"}, text]) == []
