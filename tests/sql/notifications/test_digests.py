"""Digests: one message at the end of a window, one row a workflow, recipient, key and window."""

import psycopg
import pytest

from tests.sql.notifications.support import (
    Connection,
    advance,
    claim,
    clock,
    deliver,
    publish,
    recipient,
    step,
    tick,
    ticket,
    told,
)


def digests(db: Connection) -> list[tuple[str, str, int]]:
    """Recipient, end and number of items of each digest."""
    return db.execute(
        "select recipient, to_char(ends_at at time zone 'UTC', 'MM-DD HH24:MI'),"
        " (select count(*) from pgwhen.digest_items i where i.digest_id = d.digest_id)"
        " from pgwhen.digests d order by 2, 1"
    ).fetchall()


def test_an_hour_is_told_in_one_message(db: Connection) -> None:
    publish(db, digest="hourly")
    for number in (1, 2, 3):
        ticket(db, number)
    ticket(db, 4, email="bo@example.com")
    assert digests(db) == [("ann@example.com", "06-01 09:00", 3), ("bo@example.com", "06-01 09:00", 1)]
    assert claim(db) == []
    explained = db.execute("select pgwhen._explain_step(s) from pgwhen.execution_steps s limit 1").fetchone()
    assert explained and explained[0].startswith(
        "waits for the end of its digest since 2026-06-01 08:10:00 UTC, until 2026-06-01 09:00"
    )
    advance(db, "50 minutes")
    actions = claim(db)
    assert sorted(told(actions)) == [("email", 1, "ann@example.com"), ("email", 1, "bo@example.com")]
    ours = next(a for a in actions if a["context"]["notification"]["recipient"] == "ann@example.com")["context"]
    assert ours["notification"]["count"] == 3
    assert [item["title"] for item in ours["notification"]["items"]] == ["T1", "T2", "T3"]
    assert ours["notification"]["since"] == "2026-06-01T08:10:00+00:00"
    assert [step(db, number=n)[0] for n in range(4)].count("completed") == 2, "those whose digest another one sends"


def test_the_next_window_is_another_digest(db: Connection) -> None:
    publish(db, digest="hourly")
    ticket(db, 1)
    advance(db, "50 minutes")
    assert len(deliver(db)) == 1
    ticket(db, 2)
    assert digests(db) == [("ann@example.com", "06-01 09:00", 1), ("ann@example.com", "06-01 10:00", 1)]
    advance(db, "1 hour")
    (action,) = deliver(db)
    assert [item["title"] for item in action["context"]["notification"]["items"]] == ["T2"]


def test_daily_at_eight_in_the_recipients_zone(db: Connection) -> None:
    recipient(db, "ann", email="ann@example.com", timezone="Europe/Amsterdam")
    publish(db, digest="daily")
    ticket(db)
    assert digests(db) == [("ann", "06-02 06:00", 1)]


def test_the_hour_that_comes_twice(db: Connection) -> None:
    """On 25 October 2026 in Amsterdam 02:00 to 03:00 comes twice."""
    recipient(db, "ann", email="ann@example.com", timezone="Europe/Amsterdam")
    publish(db, digest="hourly")
    clock(db, "2026-10-25T00:30:00+00:00")
    ticket(db, 1)
    clock(db, "2026-10-25T01:30:00+00:00")
    ticket(db, 2)
    assert [row[1] for row in digests(db)] == ["10-25 01:00", "10-25 02:00"]


def test_a_key_of_its_own(db: Connection) -> None:
    publish(db, digest={"every": "day", "at": "17:00", "key": "{{ ticket.title }}"})
    ticket(db, 1, title="A")
    ticket(db, 2, title="B")
    ticket(db, 3, title="A")
    assert sorted(row[2] for row in digests(db)) == [1, 2]
    assert {row[1] for row in digests(db)} == {"06-01 17:00"}


def test_what_the_recipient_wants_counts(db: Connection) -> None:
    recipient(db, "ann", email="ann@example.com", preferences={"digest": {"news": "daily", "alerts": "none"}})
    publish(db, category="news")
    ticket(db, 1)
    assert [row[1] for row in digests(db)] == ["06-02 08:00"]
    publish(db, category="alerts", digest="hourly")
    ticket(db, 2)
    assert told(claim(db)) == [("email", 1, "ann")]


def test_who_was_cancelled_is_not_told_of_and_does_not_send(db: Connection) -> None:
    publish(db, digest="hourly")
    ticket(db, 1), ticket(db, 2)
    db.execute(
        "select pgwhen.cancel_executions(array(select execution_id from pgwhen.executions order by 1 limit 1), 'no')"
    )
    advance(db, "50 minutes")
    (action,) = claim(db)
    assert [item["title"] for item in action["context"]["notification"]["items"]] == ["T2"]


def test_a_digest_that_could_not_be_sent_is_sent_by_a_retry(db: Connection) -> None:
    publish(db, digest="hourly", channels=["email"])
    ticket(db, 1), ticket(db, 2)
    advance(db, "50 minutes")
    assert len(deliver(db, "permanent")) == 1
    db.execute("select pgwhen.retry_failed(p_reason => 'repaired')")
    tick(db)
    (action,) = deliver(db)
    assert action["context"]["notification"]["count"] == 2
    assert step(db)[0] == step(db, number=1)[0] == "completed"


def test_unique(db: Connection) -> None:
    publish(db, digest="hourly")
    ticket(db)
    with pytest.raises(psycopg.errors.UniqueViolation):
        db.execute(
            "insert into pgwhen.digests (digest_id, ends_at, workflow_id, tenant, recipient, key)"
            " select gen_random_uuid(), ends_at, workflow_id, tenant, recipient, key from pgwhen.digests"
        )
