"""Nothing leaves to a disabled endpoint: by hand, after 410, or after days of failures."""

import pytest

from tests.sql.engine.support import count, executions, fake_clock, happen, steps, tick
from tests.sql.http.support import Connection, add, begin, claim, fail, freeze, one, report, show, tell

DISABLED = {"disabled": True}


def test_it_is_held_with_its_reason_until_it_is_enabled(db: Connection) -> None:
    add(db)
    workflow = tell(db, "tell", "also")
    assert one(db, "select pgwhen.disable_endpoint('orders', 'they asked us to')") == "disabled"
    assert one(db, "select pgwhen.disable_endpoint('orders')") == "already disabled"
    actions = begin(db, workflow)
    assert [action["extra"]["endpoint"]["status"] for action in actions] == ["disabled"] * 2
    assert freeze(db, actions) == ["send"] * 2
    # The poller sees it, sends nothing, and says so.
    report(db, actions, "auth", DISABLED, "endpoint orders is disabled: they asked us to")
    assert steps(db) == {"also": "held", "tell": "held"} and executions(db) == ["waiting"]
    assert db.execute("select distinct connection, reason from pgwhen.held").fetchall() == [
        ("endpoint:orders", "endpoint orders is disabled: they asked us to")
    ]
    assert db.execute("select distinct reason from pgwhen.execution_steps").fetchall() == [
        ("endpoint orders is disabled: they asked us to",)
    ]
    assert (show(db)["held"], show(db)["failing_since"]) == (2, None)
    assert claim(db) == []
    assert one(db, "select pgwhen.enable_endpoint('orders')") == {"enabled": True, "released": 2}
    assert one(db, "select pgwhen.enable_endpoint('orders')") == {"enabled": False, "released": 0}
    again = claim(db)
    assert [a["frozen"]["id"] for a in again] == [a["idempotency_key"] for a in again]
    assert {a["idempotency_key"] for a in again} == {a["idempotency_key"] for a in actions}
    freeze(db, again)
    report(db, again, "ok", {"ok": True})
    assert executions(db) == ["completed"] and count(db, "pgwhen.held") == 0


def test_no_connection_is_paused_by_it(db: Connection) -> None:
    add(db)
    one(db, "select pgwhen.disable_endpoint('orders')")
    actions = begin(db, tell(db))
    freeze(db, actions)
    report(db, actions, "auth", DISABLED)
    assert one(db, "select count(*) from pgwhen.connections where status = 'paused'") == 0


def test_410_disables_it_and_fails_the_webhook(db: Connection) -> None:
    add(db)
    actions = begin(db, tell(db))
    freeze(db, actions)
    report(db, actions, "permanent", {"ok": False, "gone": True}, "the receiver answered 410")
    found = show(db)
    assert (found["status"], found["reason"]) == ("disabled", "the receiver answered 410: it wants no more webhooks")
    assert (steps(db), found["failed"]) == ({"tell": "failed"}, 1)


def test_five_days_of_failures_disable_it_and_one_success_forgets_them(db: Connection) -> None:
    fake_clock(db, "2026-03-01 12:00+00")
    add(db)
    workflow = tell(db)

    def attempt(at: str, ok: bool) -> tuple[str, bool]:
        fake_clock(db, at)
        happen(db, workflow, {"id": 1})
        actions = claim(db)
        freeze(db, actions)
        report(db, actions, "ok" if ok else "permanent", {"ok": ok}, "the receiver answered 500")
        found = show(db)
        return found["status"], found["failing_since"] is not None

    assert attempt("2026-03-01 13:00+00", False) == ("active", True)
    assert attempt("2026-03-04 12:00+00", False) == ("active", True)
    assert attempt("2026-03-05 12:00+00", True) == ("active", False)
    assert attempt("2026-03-06 12:00+00", False) == ("active", True)
    assert attempt("2026-03-11 11:59+00", False) == ("active", True)
    assert attempt("2026-03-11 12:01+00", False) == ("disabled", True)
    assert show(db)["reason"] == "it has only failed since 2026-03-06 12:00 UTC: the receiver answered 500"
    # What was claimed before, and answered after: nothing changes any more.
    assert attempt("2026-03-11 12:02+00", True) == ("disabled", True)


def test_a_setting_says_how_long_it_may_fail(db: Connection) -> None:
    fake_clock(db, "2026-03-01 12:00+00")
    db.execute("insert into pgwhen.settings values ('endpoint_disable_days', '1')")
    add(db)
    workflow = tell(db, retry={"attempts": 1, "backoff": 1, "factor": 1, "max": 1, "jitter": "none", "within": 1})
    for at, status in (("2026-03-01 12:00+00", "active"), ("2026-03-02 12:00+00", "disabled")):
        fake_clock(db, at)
        actions = begin(db, workflow)
        freeze(db, actions)
        fail(db, actions)
        assert show(db)["status"] == status


def test_whoever_wants_to_know_is_told(db: Connection) -> None:
    add(db)
    actions = begin(db, tell(db, "tell", "also"), 1, 2)
    freeze(db, actions)
    report(db, actions, "permanent", {"ok": False, "gone": True})
    rows = db.execute("select message from pgmq.q_pgwhen_events").fetchall()
    ((message,),) = rows  # once, though four webhooks were answered
    assert (message["type"], message["tenant"], message["actor"]) == ("endpoint.disabled", "default", "pgwhen")
    assert message["input"].items() >= {"endpoint": "orders", "url": "https://example.com/webhooks"}.items()
    tick(db)  # a well-formed event, which nobody waits for
    (line,) = db.execute("select level, message, data from pgwhen.logs where level = 'error'").fetchall()
    assert line == (
        "error",
        "endpoint orders is disabled: the receiver answered 410: it wants no more webhooks",
        {"endpoint": "orders"},
    )
    checks = db.execute("select status, detail, hint from pgwhen._doctor_endpoints()").fetchall()
    assert checks == [
        (
            "error",
            "disabled: the receiver answered 410: it wants no more webhooks",
            "When its receiver works again: pgwhen endpoints enable orders",
        )
    ]


def test_one_that_asks_for_patience_gets_it_from_all(db: Connection) -> None:
    fake_clock(db, "2026-03-01 12:00+00")
    add(db)
    workflow = tell(db)
    actions = begin(db, workflow)
    freeze(db, actions)
    report(db, actions, "throttled", {"ok": False}, retry_after_seconds=90)
    (action,) = begin(db, workflow, 2)
    assert action["extra"]["endpoint"]["wait"] == 90
    freeze(db, [action])
    report(db, [action], "transient", {"ok": False}, retry_after_seconds=30)  # it does not get shorter
    fake_clock(db, "2026-03-01 12:01+00")
    assert one(db, "select pgwhen._endpoint('default', 'orders') -> 'wait'") == 30
    fake_clock(db, "2026-03-01 12:02+00")
    assert one(db, "select pgwhen._endpoint('default', 'orders') -> 'wait'") is None
    assert show(db)["status"] == "active"


def test_successes_write_nothing(db: Connection) -> None:
    add(db)
    before = one(db, "select xmin from pgwhen.endpoints")
    actions = begin(db, tell(db), 1, 2, 3)
    freeze(db, actions)
    report(db, actions, "ok", {"ok": True})
    assert one(db, "select xmin from pgwhen.endpoints") == before


def test_a_report_does_not_wait_for_somebody_who_changes_the_endpoint(db: Connection, connect: object) -> None:
    add(db)
    actions = begin(db, tell(db))
    freeze(db, actions)
    other = connect(autocommit=False)  # type: ignore[operator]
    other.execute("select pgwhen.disable_endpoint('orders')")
    db.execute("set statement_timeout = '5s'")
    fail(db, actions)
    assert steps(db) == {"tell": "sleeping"}
    other.commit()


def test_reports_of_removed_endpoints_and_of_others_are_nothing(db: Connection) -> None:
    add(db)
    add(db, "other")
    actions = begin(db, tell(db, endpoint="gone"))
    freeze(db, actions, "gone")
    fail(db, actions)
    assert [row[0] for row in db.execute("select failing_since from pgwhen.endpoints")] == [None, None]


@pytest.mark.parametrize("status", ["ok", "warning", "error"])
def test_doctor(db: Connection, status: str) -> None:
    assert db.execute("select check_name, status from pgwhen._doctor_endpoints()").fetchall() == [("endpoints", "ok")]
    add(db)
    if status == "warning":
        actions = begin(db, tell(db))
        freeze(db, actions)
        fail(db, actions)
    elif status == "error":
        one(db, "select pgwhen.disable_endpoint('orders')")
    assert db.execute("select check_name, status from pgwhen._doctor_endpoints()").fetchall() == [
        ("endpoint orders", status)
    ]
