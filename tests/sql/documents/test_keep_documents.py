"""Documents are stored with the result, once, and belong to whoever had the step."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.sql.database.support import claim
from tests.sql.documents.support import Connection, claimed, report, stored
from tests.sql.engine.support import count, fake_clock, freeze, tick


def test_it_is_stored_with_its_sum(db: Connection) -> None:
    content = "Zoë\0".encode() * 100_000
    id_ = stored(db, content, file="Łuk.pdf")
    row = db.execute("select size, sha256, content, file, step_id, tenant from pgwhen.documents").fetchone()
    assert row and row[0] == len(content) and row[1] == hashlib.sha256(content).hexdigest() and bytes(row[2]) == content
    assert row[3:] == ("Łuk.pdf", "make", "default")
    assert db.execute("select document_id from pgwhen.documents").fetchone() == (id_,)


def test_the_same_report_twice_stores_it_once(db: Connection) -> None:
    (action,) = claimed(db)
    id_ = report(db, action)
    report(db, action, b"other", id=id_)
    assert db.execute("select array_agg(encode(content, 'escape')) from pgwhen.documents").fetchone() == (["x"],)


def test_a_late_report_of_an_earlier_attempt_stores_nothing(db: Connection) -> None:
    (action,) = claimed(db)
    db.execute("update pgwhen.execution_steps set attempt = attempt + 1")
    report(db, action)
    assert count(db, "pgwhen.documents") == 0


def test_what_was_forgotten_meanwhile_stays_forgotten(db: Connection) -> None:
    (action,) = claimed(db)
    db.execute("update pgwhen.executions set reason = 'forgotten'")
    report(db, action)
    assert count(db, "pgwhen.documents") == 0


def test_each_execution_has_its_own(db: Connection) -> None:
    for action in claimed(db, count=3):
        report(db, action, action["execution_id"].encode())
    rows = db.execute("select execution_id::text, content from pgwhen.documents").fetchall()
    assert len(rows) == 3 and all(bytes(content) == id_.encode() for id_, content in rows)


def test_a_failed_attempt_stores_nothing(db: Connection) -> None:
    import json

    from tests.sql.engine.support import identity

    (action,) = claimed(db)
    document = {"id": str(uuid4()), "file": "a", "media_type": "b", "content": "eA=="}
    body = identity(action) | {"class": "permanent", "error": {"code": "x"}, "extra": {"document": document}}
    db.execute("select pgwhen.report_actions(%s)", [json.dumps([body])])
    assert count(db, "pgwhen.documents") == 0


def test_it_goes_with_the_week_of_its_execution(db: Connection) -> None:
    stored(db)
    (partition,) = db.execute("select tableoid::regclass::text from pgwhen.documents").fetchone() or ("",)
    (execution,) = db.execute("select tableoid::regclass::text from pgwhen.executions").fetchone() or ("",)
    assert partition.removeprefix("pgwhen.documents") == execution.removeprefix("pgwhen.executions") != ""
    later = datetime.now(UTC) + timedelta(days=60)
    fake_clock(db, later.isoformat())
    for _ in range(20):
        more = db.execute("select pgwhen.maintain() -> 'more'").fetchone()
        if more != (True,):
            break
    assert (count(db, "pgwhen.executions"), count(db, "pgwhen.documents")) == (0, 0)


def test_forgetting_a_record_erases_its_documents(db: Connection) -> None:
    from tests.sql.language.support import apply

    db.execute(
        "create table people (id int primary key, name text);"
        "grant select on people to pgwhen_actions; select pgwhen.attach('people')"
    )
    step = {"id": "make", "type": "document", "html": "<p>{{ person.name }}</p>"}
    apply(db, {"workflow": "letters", "when": {"table": "people", "row": "created"}, "steps": [step]})
    db.execute("insert into people values (1, 'Zoë'), (2, 'Łuk')")
    tick(db)
    actions = claim(db)
    freeze(db, actions, "document")
    for action in actions:
        report(db, action, b"of a person")
    (found,) = db.execute("select pgwhen.forget_record('people', '1')").fetchone() or ({},)
    assert found["counts"]["documents"] == 1 and count(db, "pgwhen.documents") == 1
