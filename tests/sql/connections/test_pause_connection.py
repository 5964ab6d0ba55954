"""Nothing leaves by a paused connection."""

import psycopg
import pytest

from tests.sql.engine.support import Connection, claim, count, define, executions, freeze, happen, report, steps

PAUSE = "select pgwhen.pause_connection('smtp', 'the provider is down')"


def test_actions_are_held_until_it_is_resumed_and_then_leave_once(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db)
    assert db.execute(PAUSE).fetchone() == ("paused",)
    assert db.execute(PAUSE).fetchone() == ("already paused",)
    assert [verdict["verdict"] for verdict in freeze(db, actions, "smtp")] == ["held"]
    assert steps(db) == {"a": "held"} and executions(db) == ["waiting"]
    assert db.execute("select reason from pgwhen.held").fetchone() == (
        "connection smtp is paused: the provider is down",
    )
    assert claim(db) == []
    result = db.execute("select pgwhen.resume_connection('smtp')").fetchone()
    assert result == ({"resumed": True, "released": 1},)
    assert steps(db) == {"a": "queued"} and executions(db) == ["running"] and count(db, "pgwhen.held") == 0
    (again,) = claim(db)
    assert (again["generation"], again["attempt"]) == (1, 2)
    assert again["idempotency_key"] == actions[0]["idempotency_key"]
    freeze(db, [again], "smtp")
    report(db, [again])
    assert executions(db) == ["completed"]
    rows = db.execute("select command, target, reason, detail from pgwhen.audit_log order by audit_id").fetchall()
    assert rows == [
        ("pause_connection", "smtp", "the provider is down", {}),
        ("resume_connection", "smtp", None, {"released": 1}),
    ]


def test_resume_forgets_a_throttle_and_is_idle_otherwise(db: Connection) -> None:
    claim(db)
    db.execute("update pgwhen.connections set throttled_until = now() + interval '1 day'")
    assert db.execute("select pgwhen.resume_connection('smtp')").fetchone() == ({"resumed": True, "released": 0},)
    assert db.execute("select pgwhen.resume_connection('smtp')").fetchone() == ({"resumed": False, "released": 0},)
    assert count(db, "pgwhen.audit_log") == 1


def test_another_connections_actions_stay_held(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}, {"id": "b"}]), {"id": 1})
    db.execute(
        "insert into pgwhen.connections values ('default', 'other', 'http', 'http', 'paused', 'x', null, '{}', now())"
    )
    actions = claim(db)
    db.execute(PAUSE)
    freeze(db, actions[:1], "smtp")
    freeze(db, actions[1:], "other")
    db.execute("select pgwhen.resume_connection('smtp')")
    assert sorted(steps(db).values()) == ["held", "queued"]


@pytest.mark.parametrize("name", ["nope", "", None, "'; drop table pgwhen.connections; --"])
@pytest.mark.parametrize("function", ["pause_connection", "resume_connection"])
def test_an_unknown_name_lists_the_known_ones(db: Connection, function: str, name: str | None) -> None:
    claim(db)
    with pytest.raises(psycopg.Error, match="does not exist") as error:
        db.execute(f"select pgwhen.{function}(%s)", [name])  # type: ignore[arg-type]
    assert error.value.sqlstate == "WF201" and error.value.diag.message_detail == "Known: smtp"
