"""A vote and what follows from it: who may, when, how many, and only once."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.approvals.support import (
    ANNA,
    BO,
    BRANCHES,
    CLEO,
    Connection,
    advance,
    approval,
    approve,
    decide,
    errors,
    execution,
    order,
    output,
    publish,
    reject,
    step,
    waiting,
)

THREE = [ANNA, BO, CLEO]


def refused(db: Connection, code: str, *vote: Any, **more: Any) -> psycopg.Error:
    """A vote that is refused with this code; the error."""
    with pytest.raises(psycopg.Error) as error:
        decide(db, *vote, **more)
    assert error.value.sqlstate == code, error.value
    return error.value


# ---------------------------------------------------------------- outcomes


def test_an_approval_goes_on_with_its_branch(db: Connection) -> None:
    publish(db, **BRANCHES, after=[{"id": "after", "type": "stop", "reason": "{{ steps.ok.output.comment }}"}])
    order(db)
    assert step(db) == ("waiting", None) and execution(db)[0] == "waiting", errors(db)
    assert approve(db, ANNA, comment=" fine ") == "approved"
    assert step(db) == ("completed", "approved")
    assert [step(db, name) for name in ("yes", "no")] == [("queued", None), ("not_reached", None)]
    assert output(db) == {
        "decision": "approved",
        "by": ANNA,
        "comment": "fine",
        "form": None,
        "votes": [
            {"by": ANNA, "decision": "approved", "at": "2026-06-01T08:00:00+00:00", "comment": "fine", "form": None}
        ],
    }
    row = db.execute(
        "select command, actor, reason, detail ->> 'by' from pgwhen.audit_log where command like 'decide%'"
    )
    assert row.fetchone() == ("decide_approval", "postgres", "fine", ANNA)


def test_a_rejection_goes_on_with_its_branch(db: Connection) -> None:
    publish(db, **BRANCHES)
    order(db)
    assert reject(db, ANNA) == "rejected"
    assert step(db) == ("completed", "rejected")
    assert [step(db, name)[0] for name in ("yes", "no")] == ["not_reached", "queued"]


def test_a_rejection_without_a_branch_ends_the_execution_completed(db: Connection) -> None:
    publish(db, after=[{"id": "yes", "type": "stop", "reason": "done"}])
    order(db)
    reject(db, ANNA, comment="too dear")
    assert execution(db) == ("completed", "rejected") and step(db) == ("completed", "rejected")
    assert output(db)["comment"] == "too dear"
    assert db.execute("select count(*) from pgwhen.sleepers, pgwhen.unfinished").fetchone() == (0,)


def test_without_branches_an_approval_goes_on_with_the_next_step(db: Connection) -> None:
    publish(db, after=[{"id": "next", "type": "stop", "reason": "{{ steps.ok.output.by }}"}])
    order(db)
    approve(db, ANNA)
    assert execution(db) == ("completed", ANNA)


def test_as_nodes_and_edges(db: Connection) -> None:
    definition = """{"workflow": "graph", "when": {"table": "orders", "row": "created"}, "nodes": [
        {"id": "ok", "type": "approval", "approvers": ["anna@example.com"]},
        {"id": "no", "type": "stop", "reason": "said no"}],
        "edges": [{"source": "ok", "target": "no", "outcome": "rejected"}]}"""
    db.execute("select pgwhen.apply_definition(%s)", [definition])
    order(db)
    reject(db, ANNA)
    assert execution(db) == ("completed", "said no")


def test_skipped_by_its_if_nobody_is_asked(db: Connection) -> None:
    publish(db, **{"if": {"title": "Boiler"}}, after=[{"id": "next", "type": "stop", "reason": "went on"}])
    order(db)
    assert execution(db) == ("completed", "went on")
    assert db.execute("select count(*) from pgwhen.approval_requests").fetchone() == (0,)


# ---------------------------------------------------------------- how many


def test_n_of_m(db: Connection) -> None:
    publish(db, approvers=THREE, need=2)
    order(db)
    assert waiting(db) == THREE
    assert decide(db, "approved", BO) == {
        "approval_id": str(approval(db)),
        "state": "open",
        "wanted": 2,
        "approved": 1,
        "rejected": 0,
        "waiting": [ANNA, CLEO],
    }
    assert execution(db)[0] == "waiting"
    assert reject(db, CLEO) == "open", "two can still approve"
    assert approve(db, ANNA) == "approved"
    assert [(v["by"], v["decision"]) for v in output(db)["votes"]] == [
        (ANNA, "approved"),
        (BO, "approved"),
        (CLEO, "rejected"),
    ]
    assert output(db)["by"] == ANNA


def test_n_of_m_is_rejected_as_soon_as_n_can_no_longer_be_reached(db: Connection) -> None:
    publish(db, approvers=THREE, need=2)
    order(db)
    assert [reject(db, ANNA), reject(db, BO)] == ["open", "rejected"]
    assert execution(db) == ("completed", "rejected")


def test_all_is_decided_by_one_rejection(db: Connection) -> None:
    publish(db, approvers=THREE, need="all")
    order(db)
    assert [approve(db, ANNA), reject(db, BO)] == ["open", "rejected"]


def test_all_needs_everybody(db: Connection) -> None:
    publish(db, approvers=THREE, need="all")
    order(db)
    assert [approve(db, who) for who in THREE] == ["open", "open", "approved"]


@pytest.mark.parametrize(("count", "enough"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_majority_is_more_than_half(db: Connection, count: int, enough: int) -> None:
    people = [f"p{n}@example.com" for n in range(count)]
    publish(db, approvers=people, need="majority")
    order(db)
    states = [approve(db, who) for who in people[:enough]]
    assert states == ["open"] * (enough - 1) + ["approved"]


def test_two_simultaneous_votes_decide_once(db: Connection, connect: Connect) -> None:
    publish(db, approvers=THREE, need=2, **BRANCHES)
    order(db)
    approve(db, CLEO)
    results: dict[str, Any] = {}
    holder = connect(autocommit=False)
    holder.execute("select from pgwhen.executions for update")

    def vote(who: str) -> None:
        try:
            results[who] = approve(connect(), who)
        except psycopg.Error as error:
            results[who] = error

    threads = [threading.Thread(target=vote, args=[who]) for who in (ANNA, BO)]
    for thread in threads:
        thread.start()
    wait_for_blocked(db, 2)
    holder.rollback()
    for thread in threads:
        thread.join(30)
    refusals = [r for r in results.values() if isinstance(r, psycopg.Error)]
    assert [r for r in results.values() if not isinstance(r, psycopg.Error)] == ["approved"]
    assert [r.sqlstate for r in refusals] == ["WF282"]
    winner = next(who for who, r in results.items() if r == "approved")
    assert f"approved by {winner} at 2026-06-01 08:00:00 UTC" in str(refusals[0])
    assert len(output(db)["votes"]) == 2 and step(db, "yes") == ("queued", None)


def wait_for_blocked(db: Connection, count: int) -> None:
    """Until so many sessions wait for a lock."""
    query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    for _ in range(1000):
        row = db.execute(query).fetchone()
        if row == (count,):
            return
        db.execute("select pg_sleep(0.01)")
    raise AssertionError("nobody waits")


# ---------------------------------------------------------------- in sequence


def test_in_sequence_each_is_asked_after_the_former_has_approved(db: Connection) -> None:
    publish(db, approvers=THREE, order="sequence")
    order(db)
    assert waiting(db) == [ANNA]
    error = refused(db, "WF287", "approved", BO)
    assert ANNA in str(error.diag.message_detail)
    assert approve(db, ANNA) == "open" and waiting(db) == [BO]
    assert approve(db, BO) == "open" and waiting(db) == [CLEO]
    assert approve(db, CLEO) == "approved"


def test_in_sequence_a_rejection_asks_nobody_else(db: Connection) -> None:
    publish(db, approvers=THREE, order="sequence")
    order(db)
    approve(db, ANNA)
    assert reject(db, BO) == "rejected"
    assert db.execute("select asked_at from pgwhen.approvers where approver = %s", [CLEO]).fetchone() == (None,)


def test_in_sequence_with_need_the_next_is_asked_while_it_can_be_reached(db: Connection) -> None:
    publish(db, approvers=THREE, order="sequence", need=1)
    order(db)
    assert reject(db, ANNA) == "open" and waiting(db) == [BO]
    assert approve(db, BO) == "approved"


# ---------------------------------------------------------------- who


def test_who_caused_the_event_is_not_asked_and_may_not_decide(db: Connection) -> None:
    publish(db, approvers=THREE, need="all")
    order(db, actor="Anna@Example.com")
    assert waiting(db) == [BO, CLEO]
    assert "caused the event" in str(refused(db, "WF285", "approved", ANNA))
    assert [approve(db, BO), approve(db, CLEO)] == ["open", "approved"]


def test_self_true_allows_it(db: Connection) -> None:
    publish(db, self=True)
    order(db, actor=ANNA)
    assert approve(db, ANNA) == "approved"


def test_nobody_left_but_who_caused_the_event_fails_the_step(db: Connection) -> None:
    publish(db)
    order(db, actor=ANNA)
    assert step(db) == ("failed", "error")
    ((_, _, error),) = errors(db)
    assert error["code"] == "WF291" and execution(db) == ("failed", "step ok failed")


def test_somebody_else_is_no_approver(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO])
    order(db)
    error = refused(db, "WF283", "approved", CLEO)
    assert f"{ANNA}, {BO}" in str(error.diag.message_detail)


def test_a_vote_stands(db: Connection) -> None:
    publish(db, approvers=THREE, need=2)
    order(db)
    approve(db, ANNA)
    error = refused(db, "WF286", "rejected", ANNA)
    assert f"{ANNA} has already approved at 2026-06-01 08:00:00 UTC" in str(error)
    assert "postgres" in str(error.diag.message_detail), "who really voted"


def test_after_the_end_who_decided_what_is_said(db: Connection) -> None:
    publish(db)
    order(db)
    approve(db, ANNA)
    error = refused(db, "WF282", "rejected", ANNA)
    assert str(error).startswith(f"the approval is closed: approved by {ANNA} at 2026-06-01 08:00:00 UTC")


def test_names_are_found_whatever_their_case_and_letters(db: Connection) -> None:
    publish(db, approvers=["Zoë@Example.com", {"user": "Jürgen Groß"}], need="all")
    order(db)
    assert waiting(db) == ["zoë@example.com", "Jürgen Groß"]
    assert approve(db, "ZOË@example.com") == "open"
    assert approve(db, "Jürgen Groß", comment="schön ☕") == "approved"
    assert output(db)["comment"] == "schön ☕"


def test_a_login_votes_as_itself_only(db: Connection, login: Callable[..., str]) -> None:
    viewer, operator = login("pgwhen_viewer"), login("pgwhen_operator")
    publish(db, approvers=[{"user": "test_pgwhen_viewer"}, BO], need="all")
    order(db)
    with psycopg.connect(viewer, autocommit=True) as mine:
        refused(mine_of(mine, db), "WF284", "approved", BO)
        mine.execute("set pgwhen.actor = 'bo@example.com'")
        refused(mine_of(mine, db), "WF284", "approved", BO)
        assert decide(mine_of(mine, db), "approved", None)["state"] == "open"
    with psycopg.connect(operator, autocommit=True) as mine:
        assert decide(mine_of(mine, db), "approved", BO)["state"] == "approved"
    rows = db.execute("select approver, decided_by from pgwhen.approvers order by place").fetchall()
    assert rows == [("test_pgwhen_viewer", "bo@example.com"), (BO, "test_pgwhen_operator")]


def test_an_operator_who_caused_the_event_does_not_decide_through_another(
    db: Connection, login: Callable[..., str]
) -> None:
    operator = login("pgwhen_operator")
    publish(db, approvers=[BO])
    order(db, actor="test_pgwhen_operator")
    with psycopg.connect(operator, autocommit=True) as mine:
        refused(mine_of(mine, db), "WF285", "approved", BO)


def test_other_roles_may_not_call_it(db: Connection, login: Callable[..., str]) -> None:
    publish(db)
    order(db)
    for role in ("pgwhen_app", "pgwhen_poller"):
        with (
            psycopg.connect(login(role), autocommit=True) as mine,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            decide(mine_of(mine, db), "approved", ANNA)


def test_members_of_a_role_at_the_time_of_asking_and_of_voting(db: Connection, login: Callable[..., str]) -> None:
    login("pgwhen_viewer")
    db.execute("create role approving_team nologin")
    try:
        publish(db, approvers=[{"role": "approving_team"}])
        order(db)
        assert errors(db)[0][2]["code"] == "WF290", "a role without members is nobody"
        db.execute("grant approving_team to test_pgwhen_viewer")
        order(db, id=2)
        assert waiting(db) == ["test_pgwhen_viewer"]
        db.execute("revoke approving_team from test_pgwhen_viewer")
        refused(db, "WF284", "approved", "test_pgwhen_viewer")
        db.execute("grant approving_team to test_pgwhen_viewer")
        assert approve(db, "test_pgwhen_viewer") == "approved"
    finally:
        db.execute("drop role approving_team")


class Mine:
    """A vote by another login on the approval that ``db`` sees."""

    def __init__(self, mine: Connection, db: Connection) -> None:
        self.mine, self.db = mine, db

    def execute(self, query: str, *parameters: Any) -> Any:
        """Whatever reads the tables is the superuser's."""
        return (self.mine if "_approval(" in query else self.db).execute(query, *parameters)  # type: ignore[arg-type]


def mine_of(mine: Connection, db: Connection) -> Any:
    """For `decide`."""
    return Mine(mine, db)


# ---------------------------------------------------------------- approvers from values


def test_values_give_one_or_a_list(db: Connection) -> None:
    publish(db, approvers=["{{ order.owner }}", {"email": "{{ order.owners }}"}], need="all")
    order(db, owner="Chef@Example.com", owners=["a@example.com", "b@example.com", "chef@example.com"])
    assert waiting(db) == ["chef@example.com", "a@example.com", "b@example.com"], "each once"


def test_a_missing_value_fails_the_step(db: Connection) -> None:
    publish(db, approvers=[BO, "{{ order.owner }}"])
    order(db)
    ((_, _, error),) = errors(db)
    assert error["code"] == "WF290" and "approver 2 is nobody" in error["message"]


def test_what_is_no_address_fails_the_step(db: Connection) -> None:
    publish(db, approvers="{{ order.owner }}")
    order(db, owner="the boss")
    assert errors(db)[0][2]["message"] == "'the boss' is not an e-mail address"


def test_more_needed_than_there_are_fails_the_step(db: Connection) -> None:
    publish(db, approvers="{{ order.owners }}", need=3)
    order(db, owners=["a@example.com", "b@example.com"])
    assert errors(db)[0][2]["message"] == "3 approvals are needed and 2 can give one"


# ---------------------------------------------------------------- the form

FORM = {"amount": {"type": "number", "required": True}, "note": {"type": "text", "default": "-"}}


def test_the_form_is_checked_and_completed(db: Connection) -> None:
    publish(db, form=FORM)
    order(db)
    for form, said in [
        (None, "amount is missing"),
        ({"amount": "ten"}, "amount is"),
        ({"amount": 1, "colour": "red"}, "it has no field colour"),
        ([1], "it is not an object"),
    ]:
        error = refused(db, "WF288", "approved", ANNA, form=form)
        assert said in str(error) and "amount (number, required)" in str(error.diag.message_hint)
    assert step(db) == ("waiting", None), "a vote that is refused is no vote"
    assert approve(db, ANNA, form={"amount": 10.20}) == "approved"
    assert output(db)["form"] == {"amount": 10.2, "note": "-"}


def test_a_rejection_needs_no_form(db: Connection) -> None:
    publish(db, form=FORM)
    order(db)
    assert reject(db, ANNA) == "rejected"


def test_a_form_where_there_is_none_is_refused(db: Connection) -> None:
    publish(db)
    order(db)
    refused(db, "WF288", "approved", ANNA, form={"x": 1})


# ---------------------------------------------------------------- mistakes


def test_a_decision_is_approved_or_rejected(db: Connection) -> None:
    publish(db)
    order(db)
    refused(db, "WF281", "maybe", ANNA)


def test_an_approval_of_nobody_and_of_another_tenant_is_not_found(db: Connection, login: Callable[..., str]) -> None:
    publish(db)
    order(db)
    query = "select pgwhen.decide_approval(gen_random_uuid(), 'approved')"
    with pytest.raises(psycopg.Error) as error:
        db.execute(query)  # type: ignore[arg-type]
    assert error.value.sqlstate == "WF280"
    operator = login("pgwhen_operator")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_operator', 'other')")
    with psycopg.connect(operator, autocommit=True) as mine:
        refused(mine_of(mine, db), "WF280", "approved", ANNA)


def test_after_the_time_is_up_a_vote_comes_too_late_even_before_the_tick(db: Connection, connect: Connect) -> None:
    publish(db, timeout="3 days")
    order(db)
    db.execute("select set_config('pgwhen.now', '2026-06-04T08:00:00Z', false)")
    refused(db, "WF282", "approved", ANNA)
    advance(db, "0 seconds")
    assert step(db) == ("failed", "error")


def test_a_vote_while_the_timeout_fires_has_one_outcome(db: Connection, connect: Connect) -> None:
    publish(db, timeout="3 days", **BRANCHES)
    order(db)
    voter = connect(autocommit=False)
    assert approve(voter, ANNA) == "approved"
    advance(db, "3 days")
    assert step(db) == ("waiting", None), "the tick leaves an execution that somebody holds"
    voter.commit()
    advance(db, "1 second")
    assert step(db) == ("completed", "approved") and step(db, "yes")[0] == "queued"
    assert db.execute("select count(*) from pgwhen.sleepers").fetchone() == (0,)
