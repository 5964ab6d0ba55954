"""Messages that a step sends beside its own work: one that is stopped stops nothing else."""

import pytest

from tests.sql.approvals.support import ANNA, BO, order, prepare, publish
from tests.sql.engine.support import tick
from tests.sql.notifications import support as notifications
from tests.sql.sending.support import Connection, ask, claim, freeze


@pytest.fixture
def asked(db: Connection) -> Connection:
    """An approval that two people are asked for."""
    prepare(db)
    publish(db, approvers=[ANNA, BO], via="mail")
    order(db)
    return db


def test_an_approver_who_is_suppressed_is_not_asked_and_the_approval_goes_on_waiting(asked: Connection) -> None:
    asked.execute("select pgwhen._suppress('default', 'email', %s, null, 'bounce', 'test', null)", [ANNA])
    actions = sorted(claim(asked), key=lambda action: int(action["part"]))
    verdicts = freeze(asked, [ask(a, to, connection="mail") for a, to in zip(actions, (ANNA, BO), strict=True)])
    assert [v["verdict"] for v in verdicts] == ["suppressed", "send"]
    rows = asked.execute("select part, status from pgwhen.execution_steps order by part").fetchall()
    assert rows == [(0, "waiting"), (1, "skipped"), (2, "sending")]
    assert asked.execute("select status from pgwhen.executions").fetchall() == [("waiting",)]
    (level, text) = asked.execute("select level, message from pgwhen.logs").fetchone() or ("", "")
    assert level == "warning" and text.startswith(f"not sent: {ANNA}: bounced")
    assert asked.execute("select count(*) from pgmq.q_pgwhen_actions").fetchone() == (1,)


def test_a_message_of_an_approval_waits_for_its_connection_as_any_does(asked: Connection) -> None:
    asked.execute(
        "insert into pgwhen.connections (tenant, name, channel, provider, updated_at, rate_limit, rate_seconds)"
        " values ('default', 'mail', 'email', 'smtp', now(), 1, 60)"
    )
    actions = sorted(claim(asked), key=lambda action: int(action["part"]))
    verdicts = freeze(asked, [ask(a, to, connection="mail") for a, to in zip(actions, (ANNA, BO), strict=True)])
    assert sorted(v["verdict"] for v in verdicts) == ["deferred", "send"]
    assert asked.execute("select count(*) from pgwhen.sleepers where purpose = 'retry' and part > 0").fetchone() == (1,)


def test_a_channel_of_a_notification_that_is_suppressed_gives_way_to_the_next(db: Connection) -> None:
    notifications.prepare(db)
    notifications.publish(db, category="news")
    notifications.ticket(db)
    db.execute("select pgwhen._suppress('default', 'email', 'ann@example.com', 'news', 'opt_out', 'unsubscribe', null)")
    (mail,) = notifications.claim(db)
    (verdict,) = freeze(db, [ask(mail, "ann@example.com", connection="any")])
    assert verdict["verdict"] == "suppressed", "the category is that of the step"
    tick(db)
    (text,) = notifications.claim(db)
    assert (text["type"], text["part"]) == ("sms", 2)
