"""An approval as one document, in the view, in explain, show and the timeline."""

from typing import Any

import psycopg
import pytest

from tests.sql.approvals.support import ANNA, BO, CLEO, Connection, approval, approve, deliver, order, publish, reject


def show(db: Connection) -> dict[str, Any]:
    """The document."""
    row = db.execute("select pgwhen.show_approval(%s)", [approval(db)]).fetchone()
    assert row
    return row[0]  # type: ignore[no-any-return]


def test_open(db: Connection) -> None:
    publish(db, name="Release", approvers=[ANNA, BO], need=2, timeout="3 days", form={"amount": {"type": "number"}})
    order(db, actor=CLEO)
    deliver(db)
    approve(db, BO, comment="fine", form={"amount": 5})
    document = show(db)
    assert (document["state"], document["approved"], document["wanted"], document["waiting"]) == ("open", 1, 2, [ANNA])
    assert (document["name"], document["then"], document["requester"]) == ("Release", "then it fails", CLEO)
    assert document["record"] == {"table": "public.orders", "key": {"id": 1}}
    assert [(a["approver"], a["decision"], a["comment"], a["form"]) for a in document["approvers"]] == [
        (ANNA, None, None, None),
        (BO, "approved", "fine", {"amount": 5}),
    ]
    assert [(m["kind"], m["to"], m["status"]) for m in document["messages"]] == [
        ("request", ANNA, "completed"),
        ("request", BO, "completed"),
    ]


def test_closed(db: Connection) -> None:
    publish(db)
    order(db)
    reject(db, ANNA)
    assert (show(db)["state"], show(db)["closed_by"], show(db)["waiting"]) == ("rejected", ANNA, [])


def test_none(db: Connection) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select pgwhen.show_approval(gen_random_uuid())")
    assert error.value.sqlstate == "WF280"


def test_the_view_shows_what_is_open(db: Connection) -> None:
    publish(db, name="Release", approvers=[ANNA, BO, CLEO], need="majority", timeout="3 days")
    order(db)
    reject(db, CLEO)
    row = db.execute(
        "select workflow, title, requested_at::text, expires_at::text, approved, rejected, wanted, waiting"
        " from pgwhen.approvals"
    ).fetchone()
    assert row == (
        "orders",
        "Release",
        "2026-06-01 08:00:00+00",
        "2026-06-04 08:00:00+00",
        0,
        1,
        2,
        [ANNA, BO],
    )
    approve(db, ANNA)
    approve(db, BO)
    assert db.execute("select count(*) from pgwhen.approvals").fetchone() == (0,)


def test_the_view_is_the_tenants_own(db: Connection, login: Any) -> None:
    publish(db)
    order(db)
    viewer = login("pgwhen_viewer")
    with psycopg.connect(viewer, autocommit=True) as mine:
        assert mine.execute("select count(*) from pgwhen.approvals").fetchone() == (1,)
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_viewer', 'other')")
    with psycopg.connect(viewer, autocommit=True) as mine:
        assert mine.execute("select count(*) from pgwhen.approvals").fetchone() == (0,)


def test_explain_says_for_whom_since_when_until_when_and_what_then(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO], need=2, timeout="3 days")
    order(db)
    deliver(db)
    approve(db, BO)
    row = db.execute("select pgwhen.explain_record('orders', '1')").fetchone()
    assert row
    text = "\n".join(row[0]["lines"])
    assert (
        f"step ok waits since 2026-06-01 08:00:00 UTC for {ANNA} (1 of 2 approved)"
        f" until 2026-06-04 08:00:00 UTC, then it fails: pgwhen approvals show {approval(db)}" in text
    )


def test_explain_tells_a_message_that_waits_from_the_step(db: Connection) -> None:
    publish(db)
    order(db)
    row = db.execute("select pgwhen.explain_record('orders', '1')").fetchone()
    assert row and f"step ok (request to {ANNA}) waits for a poller since" in "\n".join(row[0]["lines"])


def test_show_execution_has_the_approval_and_its_messages(db: Connection) -> None:
    publish(db)
    order(db)
    deliver(db)
    row = db.execute("select pgwhen.show_execution(execution_id) from pgwhen.executions").fetchone()
    assert row
    own, message = [s for s in row[0]["steps"] if s["step_id"] == "ok"]
    assert own["approval"]["waiting"] == [ANNA] and own["message"] is None
    assert message["message"] == f"(request to {ANNA})" and message["part"] == 1
    assert message["messages"][0]["recipients"] == ["a@example.com"]


def test_votes_are_in_the_timeline(db: Connection) -> None:
    publish(db)
    order(db)
    approve(db, ANNA, comment="fine")
    rows = db.execute(
        "select happening, step_id, detail from pgwhen.execution_timeline where happening = 'vote' order by at, seq"
    ).fetchall()
    assert rows == [("vote", "ok", f"{ANNA} approved: fine")]
    rows = db.execute("select happening from pgwhen.execution_timeline where step_id = 'ok'").fetchall()
    assert [h for (h,) in rows].count("step started") == 1, "its messages are no steps"


def test_execution_logs_list_the_step_once(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO])
    order(db)
    deliver(db, "permanent")
    approve(db, ANNA)
    row = db.execute(
        "select status, jsonb_array_length(actions_executed), error_message from pgwhen.execution_logs"
    ).fetchone()
    assert row == ("completed", 1, None)
