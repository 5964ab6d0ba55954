"""The documents of an execution, or the newest."""

import psycopg
import pytest

from tests.sql.documents.support import Connection, claimed, report


def test_of_all_and_of_one(db: Connection) -> None:
    actions = claimed(db, count=3)
    ids = [report(db, action, file=f"{number}.txt") for number, action in enumerate(actions)]
    newest = db.execute("select document_id, file, workflow, step_id, size from pgwhen.list_documents()").fetchall()
    order = sorted(zip(actions, ids, strict=True), key=lambda pair: pair[0]["execution_id"], reverse=True)
    assert [row[0] for row in newest] == [id_ for _, id_ in order]
    assert {row[1:] for row in newest} == {(f"{n}.txt", "w", "make", 1) for n in range(3)}
    one = db.execute("select document_id from pgwhen.list_documents(%s)", [actions[1]["execution_id"]]).fetchall()
    assert one == [(ids[1],)]
    assert len(db.execute("select * from pgwhen.list_documents(p_limit => 2)").fetchall()) == 2


@pytest.mark.parametrize("limit", [0, 10_001, None])
def test_a_page_has_a_size(db: Connection, limit: int | None) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select * from pgwhen.list_documents(p_limit => %s)", [limit])
    assert error.value.sqlstate == "WF152"
