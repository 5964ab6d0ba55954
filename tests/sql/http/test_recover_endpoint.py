"""What an endpoint missed is sent again, as the same webhooks."""

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import executions, fake_clock, steps
from tests.sql.http.support import Connection, add, begin, claim, freeze, one, report, show, tell


def recover(db: Connection, since: str = "-infinity", **more: object) -> list[str]:
    names = "".join(f", p_{name} => %s" for name in more)
    query = f"select result from pgwhen.recover_endpoint('orders', %s{names})"
    return [row[0] for row in db.execute(query, [since, *more.values()])]  # type: ignore[arg-type]


def missed(db: Connection, *ids: int, at: str = "2026-03-01 12:00+00") -> list[dict[str, object]]:
    """Webhooks that failed for good."""
    fake_clock(db, at)
    add(db)
    actions = begin(db, tell(db), *ids)
    freeze(db, actions)
    report(db, actions, "permanent", {"ok": False})
    return actions


def test_bytes_and_id_are_those_of_the_first_time(db: Connection) -> None:
    (before,) = missed(db, 1)
    frozen = one(db, "select message from pgwhen.frozen_messages")
    assert executions(db) == ["failed"]
    assert recover(db) == ["retried"] and recover(db) == []
    (again,) = claim(db)
    assert (again["generation"], again["frozen"]) == (2, frozen)
    assert again["idempotency_key"] != before["idempotency_key"] == frozen["id"]
    assert again["extra"]["endpoint"]["url"] == "https://example.com/webhooks"
    assert freeze(db, [again]) == ["send"]
    report(db, [again], "ok", {"ok": True})
    assert executions(db) == ["completed"] and steps(db) == {"tell": "completed"}


def test_a_plain_retry_renders_anew(db: Connection) -> None:
    missed(db, 1)
    one(db, "select result from pgwhen.retry_failed()")
    (again,) = claim(db)
    assert again["frozen"] is None


def test_only_since_and_only_this_endpoint(db: Connection) -> None:
    missed(db, 1)
    fake_clock(db, "2026-03-02 12:00+00")
    add(db, "other")
    for name, endpoint in (("later", "orders"), ("elsewhere", "other")):
        actions = begin(db, tell(db, name, name=name, endpoint=endpoint))
        freeze(db, actions, endpoint)
        report(db, actions, "permanent", {"ok": False})
    assert recover(db, "2026-03-02", dry_run=True) == ["can be retried"]
    assert recover(db, "2026-03-02") == ["retried"]
    assert steps(db) == {"elsewhere": "failed", "later": "queued", "tell": "failed"}
    assert show(db)["failed"] == 1


def test_in_pages(db: Connection) -> None:
    missed(db, 1, 2, 3)
    first = db.execute("select execution_id from pgwhen.recover_endpoint('orders', '-infinity', p_max => 2)").fetchall()
    assert len(first) == 2
    assert recover(db, after=first[-1][0], max=2) == ["retried"]
    assert len(claim(db)) == 3


def test_not_while_it_is_disabled(db: Connection) -> None:
    missed(db, 1)
    one(db, "select pgwhen.disable_endpoint('orders', 'gone')")
    with pytest.raises(psycopg.Error, match="is disabled") as error:
        recover(db)
    assert error.value.sqlstate == "WF437" and error.value.diag.message_detail == "gone"
    assert recover(db, dry_run=True) == ["can be retried"]


@pytest.mark.parametrize("page", [0, 10_001, None])
def test_a_page_has_its_size(db: Connection, page: int | None) -> None:
    missed(db, 1)
    with pytest.raises(psycopg.Error) as error:
        recover(db, max=page)
    assert error.value.sqlstate == "WF438"


def test_a_webhook_that_could_not_be_rendered_is_left_out(db: Connection) -> None:
    add(db)
    actions = begin(db, tell(db), 1, 2)
    report(db, actions[:1], "permanent", {})
    assert show(db)["failed"] == 0 and recover(db) == ["left out: could not be rendered"]
    freeze(db, actions[1:])
    report(db, actions[1:], "permanent", {"ok": False})
    assert show(db)["failed"] == 1
    assert sorted(recover(db, dry_run=True)) == ["can be retried", "left out: could not be rendered"]
    assert sorted(recover(db)) == ["left out: could not be rendered", "retried"]
    assert [again["execution_id"] for again in claim(db)] == [actions[1]["execution_id"]]
    assert sorted(executions(db)) == ["failed", "running"]
    assert recover(db) == ["left out: could not be rendered"]
    counts = db.execute("select detail ->> 'executions' from pgwhen.audit_log where command = 'recover_endpoint'")
    assert counts.fetchall() == [("1",)], "where nothing is retried there is nothing to be told"
    one(db, "select result from pgwhen.retry_failed()")
    (again,) = claim(db)
    assert again["frozen"] is None and again["definition"]["endpoint"] == "orders"


def test_a_step_that_could_not_be_rendered_goes_with_one_that_was_missed(db: Connection) -> None:
    add(db)
    actions = begin(db, tell(db, "a", "b"))
    freeze(db, actions[:1])
    report(db, actions[:1], "permanent", {"ok": False})
    assert recover(db) == ["retried"]


def test_it_is_audited_and_for_operators(db: Connection, connect: Connect) -> None:
    missed(db, 1, 2)
    recover(db, "2026-01-01", reason="their outage")
    rows = db.execute(
        "select command, reason, detail ->> 'executions' from pgwhen.audit_log where command = 'recover_endpoint'"
    ).fetchall()
    assert rows == [("recover_endpoint", "their outage", "2")]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(user="pgwhen_viewer").execute("select pgwhen.recover_endpoint('orders', now())")
