"""Documents as reports of attempts bring them, without a poller."""

import base64
import json
from typing import Any
from uuid import UUID, uuid4

import psycopg

from tests.sql.database.support import claim
from tests.sql.engine.support import define, freeze, happen, identity

Connection = psycopg.Connection[Any]


def report(db: Connection, action: dict[str, Any], content: bytes = b"x", **change: Any) -> UUID:
    """Report that an action made a document; its id."""
    id_ = change.pop("id", None) or uuid4()
    document = {
        "id": str(id_),
        "file": "a.txt",
        "media_type": "text/plain",
        "content": base64.b64encode(content).decode(),
    } | change
    body = identity(action) | {"class": "ok", "output": {"id": str(id_)}, "extra": {"document": document}}
    db.execute("select pgwhen.report_actions(%s)", [json.dumps([body])])
    return id_


def claimed(db: Connection, *, count: int = 1, **step: Any) -> list[dict[str, Any]]:
    """Claimed and frozen actions of a workflow with one step."""
    workflow = define(db, [{"id": "make", "type": "document", **step}])
    happen(db, workflow, *({"id": number} for number in range(count)))
    actions = claim(db)
    freeze(db, actions, "document")
    return actions


def stored(db: Connection, content: bytes = b"x", **change: Any) -> UUID:
    """A document in the database."""
    (action,) = claimed(db)
    return report(db, action, content, **change)
