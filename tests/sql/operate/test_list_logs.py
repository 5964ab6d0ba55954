"""Remarks: written where states do not tell, and found again."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, claim, count, define, fake_clock, freeze, happen, perform, report, tick


def logs(db: Connection, **chosen: Any) -> list[tuple[str, ...]]:
    """(level, step, message) of what a filter selects."""
    return db.execute("select level, step_id, message from pgwhen.list_logs(%s)", [json.dumps(chosen)]).fetchall()


def write(db: Connection, level: str, message: str) -> None:
    db.execute(
        "select pgwhen._log(%s, array_agg((execution_id, '')::pgwhen.step_ref), array_agg(%s::text))"
        " from pgwhen.executions",
        [level, message],
    )


def test_without_incident_nothing_is_written(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}, {"id": "b"}], [("a", "b", "success")]), {"id": 1})
    perform(db), perform(db)
    assert logs(db) == [] and count(db, "pgwhen.logs") == 0


def test_retries_that_are_given_up_and_results_that_come_late(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    (lost,) = claim(db, lease=10)
    freeze(db, [lost])
    fake_clock(db, "2026-11-21 12:01+00")
    claim(db, lease=0.001)
    for _ in range(2):
        report(db, [lost])
    assert logs(db) == [
        ("warning", "a", "the result of attempt 1 came after its lease was lost: ok; nothing follows from it")
    ]
    for minute in range(2, 30):
        fake_clock(db, f"2026-11-21 12:{minute:02}+00")
        perform(db, "transient")
    assert logs(db, level="error") == [("error", "a", "given up after 3 attempts: a transient answer")]
    assert len(logs(db)) == 2
    shown = db.execute("select pgwhen.show_execution(execution_id) from pgwhen.executions").fetchone()
    assert shown is not None and len(shown[0]["logs"]) == 2


def test_levels_and_filters(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    write(db, "debug", "not written")
    write(db, "info", "première")
    write(db, "warning", "second")
    assert [m for *_, m in logs(db)] == ["première", "second"]
    assert [m for *_, m in logs(db, level="warning")] == ["second"]
    assert [m for *_, m in logs(db, max=1)] == ["second"]
    assert logs(db, workflow="w", since="now - 1 hours", until="now + 1 hours") == logs(db)
    assert logs(db, since="2100-01-01") == []
    first = db.execute("select log_id::text, execution_id::text from pgwhen.list_logs()").fetchone()
    assert first is not None
    assert [m for *_, m in logs(db, after=first[0], execution=first[1], max=1)] == ["second"]
    db.execute("""insert into pgwhen.settings values ('log_level', '"error"')""")
    write(db, "warning", "too low")
    write(db, "error", "high")
    assert [m for *_, m in logs(db, level="warning")] == ["second", "high"]
    db.execute("""update pgwhen.settings set value = '"loud"' where name = 'log_level'""")
    doctor = db.execute("select status, detail from pgwhen.doctor() where check_name = 'settings'").fetchall()
    assert ("error", 'setting log_level is "loud", not debug, info, warning or error') in doctor


@pytest.mark.parametrize(
    "chosen",
    [{"x": 1}, {"level": "loud"}, {"since": "soon"}, {"max": 0}, {"max": "many"}, {"execution": "7"}, {"after": "x"}],
)
def test_refusals(db: Connection, chosen: dict[str, Any]) -> None:
    with pytest.raises(psycopg.Error) as caught:
        logs(db, **chosen)
    assert caught.value.sqlstate == "WF176"


def test_tenants_see_their_own(db: Connection, login: Callable[..., str], connect: Connect) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    write(db, "info", "ours")
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    login("pgwhen_viewer"), login("pgwhen_app")
    viewer = connect(user="test_pgwhen_viewer")
    assert len(logs(viewer)) == 1
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_viewer', 'acme')")
    assert logs(viewer) == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        logs(connect(user="test_pgwhen_app"))


def test_the_audit_log_has_a_retention(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    db.execute("select pgwhen._audit('x', '{old}', null)")
    fake_clock(db, "2027-12-20 12:00+00")
    db.execute("select pgwhen._audit('x', '{new}', null)")
    row = db.execute("select pgwhen.maintain()").fetchone()
    assert row is not None and row[0]["removed"]["audit"] == 0
    fake_clock(db, "2028-01-10 12:00+00")
    row = db.execute("select pgwhen.maintain()").fetchone()
    assert row is not None and row[0]["removed"]["audit"] == 1
    assert db.execute("select target from pgwhen.audit_log").fetchall() == [("new",)]
