"""A vote is handed on, with its place."""

from collections.abc import Callable

import psycopg
import pytest

from tests.sql.approvals.support import (
    ANNA,
    BO,
    CLEO,
    Connection,
    approval,
    approve,
    delegate,
    messages,
    order,
    publish,
    waiting,
)

DEE = "dee@example.com"


def refused(db: Connection, code: str, giver: str, to: str) -> psycopg.Error:
    """A delegation that is refused with this code."""
    with pytest.raises(psycopg.Error) as error:
        delegate(db, giver, to)
    assert error.value.sqlstate == code, error.value
    return error.value


def test_the_other_is_asked_instead(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO], need="all")
    order(db)
    assert delegate(db, ANNA, "Dee@Example.com", "on holiday")["waiting"] == [DEE, BO]
    assert messages(db)[-1] == ("request", DEE, "queued")
    with pytest.raises(psycopg.Error) as error:
        approve(db, ANNA)
    assert error.value.sqlstate == "WF286" and f"delegated to {DEE}" in str(error.value)
    assert [approve(db, BO), approve(db, DEE)] == ["open", "approved"]
    row = db.execute(
        "select reason, detail ->> 'from', detail ->> 'to' from pgwhen.audit_log where command like 'dele%'"
    )
    assert row.fetchone() == ("on holiday", ANNA, DEE)


def test_in_sequence_with_the_same_turn(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO, CLEO], order="sequence")
    order(db)
    delegate(db, BO, DEE)
    assert waiting(db) == [ANNA] and all(to != DEE for _, to, _ in messages(db)), "asked when it is their turn"
    approve(db, ANNA)
    assert waiting(db) == [DEE] and messages(db)[-1][1] == DEE


def test_to_a_database_login(db: Connection, login: Callable[..., str]) -> None:
    login("pgwhen_viewer")
    publish(db)
    order(db)
    delegate(db, ANNA, "test_pgwhen_viewer")
    assert approve(db, "test_pgwhen_viewer") == "approved"


def test_not_to_an_approver_nor_to_who_caused_the_event_nor_to_nobody(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO])
    order(db, actor=CLEO)
    refused(db, "WF292", ANNA, BO)
    refused(db, "WF292", ANNA, ANNA.upper())
    refused(db, "WF292", ANNA, " ")
    refused(db, "WF292", ANNA, "no such login")
    refused(db, "WF285", ANNA, CLEO)


def test_only_ones_own_vote(db: Connection, login: Callable[..., str]) -> None:
    viewer = login("pgwhen_viewer")
    publish(db, approvers=[{"user": "test_pgwhen_viewer"}, BO])
    order(db)
    query = "select pgwhen.delegate_approval(%s, %s, %s)"
    with psycopg.connect(viewer, autocommit=True) as mine:
        with pytest.raises(psycopg.Error) as error:
            mine.execute(query, [approval(db), BO, DEE])
        assert error.value.sqlstate == "WF284"
        mine.execute(query, [approval(db), None, DEE])
    assert waiting(db) == [DEE, BO]


def test_not_after_the_vote_or_the_end(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO], need="all")
    order(db)
    approve(db, ANNA)
    refused(db, "WF286", ANNA, DEE)
    approve(db, BO)
    refused(db, "WF282", BO, DEE)
