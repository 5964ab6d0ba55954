"""What a message carries: the contents of its documents, of its tenant, of a size that providers take."""

import base64
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.sql.documents.support import Connection, claimed, report


def contents(db: Connection, *ids: Any, tenant: str = "default") -> dict[str, str]:
    """Contents by id."""
    query = "select pgwhen._document_contents(%s, %s::uuid[])"
    (found,) = db.execute(query, [tenant, list(ids)]).fetchone() or ({},)
    return dict(found)


def test_by_id_in_base64(db: Connection) -> None:
    first, second = (report(db, action, bytes([n]) * 100_000) for n, action in enumerate(claimed(db, count=2)))
    found = contents(db, first, second, uuid4())
    assert {id_: base64.b64decode(text, validate=True) for id_, text in found.items()} == {
        str(first): b"\0" * 100_000,
        str(second): b"\1" * 100_000,
    }
    assert contents(db) == {} and contents(db, first, tenant="acme") == {}


def test_more_than_25_mb_is_refused(db: Connection) -> None:
    (action,) = claimed(db)
    id_ = report(db, action)
    query = "update pgwhen.documents set content = decode(repeat('78', %s), 'hex'), size = %s where document_id = %s"
    most = 25 * 1024 * 1024
    db.execute(query, [most, most, id_])
    assert len(contents(db, id_)[str(id_)]) == -(-most // 3) * 4
    db.execute(query, [most + 1, most + 1, id_])
    with pytest.raises(psycopg.Error) as error:
        contents(db, id_)
    assert error.value.sqlstate == "WF440" and "send a link" in str(error.value.diag.message_hint)
