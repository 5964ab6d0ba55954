"""NOTIFY pgwhen_progress: nothing unless asked for, then coalesced, by ticks."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, claim, count, define, freeze, happen, perform, report, tick


def switch(db: Connection, on: bool = True) -> None:
    row = db.execute("select pgwhen.set_progress(%s)", [on]).fetchone()
    assert row == (on,)


def told(listener: Connection) -> list[dict[str, Any]]:
    """What was notified."""
    payloads = [notify.payload for notify in listener.notifies(timeout=0.3)]
    assert all(len(payload.encode()) < 8000 for payload in payloads)
    return [json.loads(payload) for payload in payloads]


@pytest.fixture
def listener(connect: Connect) -> Connection:
    """Somebody who listens."""
    listener = connect()
    listener.execute("listen pgwhen_progress")
    return listener


def test_off_writes_and_tells_nothing(db: Connection, listener: Connection) -> None:
    assert db.execute("select pgwhen.get_progress()").fetchone() == (False,)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db)
    tick(db)
    assert told(listener) == [] and count(db, "pgwhen.progress") == 0
    last = db.execute("select last_value, is_called from pgwhen.progress_seq_seq").fetchone()
    assert last == (1, False), "no row was ever written"
    assert count(db, "pg_trigger where tgname like 'note_%%'") == 0


def test_a_way_through(db: Connection, listener: Connection) -> None:
    switch(db)
    workflow = define(db, [{"id": "a"}, {"id": "b"}], [("a", "b", "success")])
    happen(db, workflow, {"id": 1})
    actions = claim(db)
    (first,) = told(listener)
    execution = str(actions[0]["execution_id"])
    items = [[execution, "started"], [execution, "step_started", "a"]]
    assert first == {"v": 1, "tenant": "default", "workflow": "w", "items": items}
    freeze(db, actions)
    report(db, actions)
    assert told(listener) == [], "a report only notes"
    tick(db)
    assert told(listener)[0]["items"] == [[execution, "step_completed", "a"], [execution, "step_started", "b"]]
    perform(db, "permanent")
    tick(db)
    events = [item[1:] for one in told(listener) for item in one["items"]]
    assert events == [["step_failed", "b"], ["failed"]]
    db.execute("select * from pgwhen.retry_executions(%s)", [[execution]])
    perform(db)
    tick(db)
    events = [item[1:] for one in told(listener) for item in one["items"]]
    assert events == [["started"], ["step_started", "b"], ["step_completed", "b"], ["completed"]] or sorted(events) == [
        ["completed"], ["started"], ["step_completed", "b"], ["step_started", "b"],
    ]  # fmt: skip
    assert count(db, "pgwhen.progress") == 0
    switch(db, False)
    happen(db, workflow, {"id": 2})
    perform(db)
    tick(db)
    assert told(listener) == [] and count(db, "pgwhen.progress") == 0


def test_much_is_cut_into_several_and_very_much_is_counted(db: Connection, listener: Connection) -> None:
    switch(db)
    workflow = define(db, [{"id": "a"}])
    happen(db, workflow, *({"id": n} for n in range(140)))
    tick(db)
    several = told(listener)
    assert len(several) > 1 and sum(len(one["items"]) for one in several) == 280
    happen(db, workflow, *({"id": n} for n in range(200)))
    tick(db)
    assert told(listener) == [
        {"v": 1, "tenant": "default", "workflow": "w", "counts": {"started": 200, "step_started": 200}}
    ]


def test_the_same_is_told_once_and_the_longest_names_fit(db: Connection, listener: Connection) -> None:
    switch(db)
    step = "é" * 40
    happen(db, define(db, [{"id": step}], name="w" * 40), *({"id": n} for n in range(100)))
    tick(db)
    assert sum(len(one["items"]) for one in told(listener)) == 200
    for _ in range(3):
        db.execute(
            "insert into pgwhen.progress (execution_id, event, step_id)"
            " select execution_id, 'step_started', step_id from pgwhen.execution_steps order by execution_id limit 2"
        )
    tick(db)
    assert [len(one["items"]) for one in told(listener)] == [2]


def test_new_partitions_are_heard_of(db: Connection, listener: Connection) -> None:
    switch(db)
    db.execute("select pgwhen._make_partition('executions', date_trunc('week', now() + interval '10 weeks', 'UTC'))")
    switch(db, True)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db)
    tick(db)
    assert told(listener)
    row = db.execute("select pgwhen.maintain()").fetchone()
    assert row is not None and row[0]["postponed"] == []


def test_who_may(db: Connection, login: Callable[..., str], connect: Connect) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    login("pgwhen_operator"), login("pgwhen_viewer")
    operator, viewer = connect(user="test_pgwhen_operator"), connect(user="test_pgwhen_viewer")
    switch(operator)
    assert viewer.execute("select pgwhen.get_progress()").fetchone() == (True,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        switch(viewer, False)
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_operator', 'acme')")
    for query, code in (("select pgwhen.set_progress(false)", "WF174"),):
        with pytest.raises(psycopg.Error) as caught:
            operator.execute(query)
        assert caught.value.sqlstate == code
    with pytest.raises(psycopg.Error) as caught:
        db.execute("select pgwhen.set_progress(null)")
    assert caught.value.sqlstate == "WF175"
