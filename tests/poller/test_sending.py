"""What freeze_actions decides, seen by those who get the messages: real pollers, a real mail and a real web server."""

import threading
import time
from typing import Any

import pytest

from tests.poller.support import Connection, happen, post, run, workflow
from tests.servers import Answer, http_server, mail_server, unused_port, wait_until
from tests.sql.sending.support import connection


def _mail(**definition: Any) -> dict[str, Any]:
    given = {"to": "{{ new.email }}", "subject": "Hello", "text": "Hello"} | definition
    return {"id": "mail", "type": "email", "definition": given, "reads": [["new"], ["now"]]}


def _environ(url: str) -> dict[str, str]:
    return {"SMTP_URL": url, "SMTP_FROM": "us@example.com"}


def test_who_is_suppressed_gets_nothing_and_the_others_get_theirs(db: Connection, dsn: str) -> None:
    made = workflow(db, _mail(cc=["{{ new.copy }}"]))
    db.execute("select pgwhen.suppress('email', 'gone@example.com', 'bounce')")
    with mail_server() as server:
        happen(db, made, {"email": "gone@example.com", "copy": "a@example.com"})
        happen(db, made, {"email": "b@example.com", "copy": "Gone <GONE@example.com>"})
        summary = run(dsn, _environ(server.url))
    assert [letter.recipients for letter in server.received] == [["b@example.com"]]
    assert "gone@example.com" not in str(server.received[0]).lower()
    assert summary.ok == 1 and summary.failed == 0
    assert sorted(db.execute("select status from pgwhen.execution_steps").fetchall()) == [("completed",), ("skipped",)]


def test_a_connection_that_is_down_keeps_the_others_from_trying(db: Connection, dsn: str) -> None:
    made = workflow(db, _mail())
    db.execute("insert into pgwhen.settings values ('breaker_failures', '3')")
    port = unused_port()
    for number in range(3):
        happen(db, made, {"email": f"a{number}@example.com"})
    run(dsn, _environ(f"smtp://127.0.0.1:{port}"))
    assert db.execute(
        "select failures, opened_until > now() from pgwhen.connections where name = 'smtp'"
    ).fetchone() == (3, True)
    happen(db, made, *({"email": f"b{number}@example.com"} for number in range(20)))
    summary = run(dsn, _environ(f"smtp://127.0.0.1:{port}"))
    assert summary.failed == 0, "nobody tries"
    waiting = db.execute(
        "select count(*), max(tries) from pgwhen.execution_steps"
        " where status = 'sleeping' and reason like '%%circuit breaker open%%'"
    ).fetchone()
    assert waiting == (20, 0)
    with mail_server() as server:
        db.execute("update pgwhen.connections set opened_until = now() - interval '1 second'")
        db.execute("update pgwhen.sleepers set due_at = now()")
        run(dsn, _environ(server.url))
        assert len(server.received) == 1, "one message tries it"
        assert db.execute("select failures, opened_until from pgwhen.connections where name = 'smtp'").fetchone() == (
            0,
            None,
        )
        db.execute("update pgwhen.sleepers set due_at = now()")
        run(dsn, _environ(server.url))
    assert len(server.received) == 23


@pytest.mark.parametrize("pollers", [1, 3])
def test_a_rate_holds_on_the_wire_however_many_poll(db: Connection, dsn: str, pollers: int) -> None:
    arrived: list[float] = []

    def answer(_: Any) -> Answer:
        arrived.append(time.monotonic())
        return Answer()

    with http_server(answer) as server:
        made = workflow(db, post(server.url + "/"))
        connection(db, "http", rate_limit=10, rate_seconds=1.0)
        happen(db, made, *({"id": number} for number in range(30)))
        deadline = time.monotonic() + 20

        def poll() -> None:
            while len(arrived) < 30 and time.monotonic() < deadline:
                run(dsn)
                time.sleep(0.02)

        threads = [threading.Thread(target=poll) for _ in range(pollers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(arrived) == 30
    first = arrived[0]
    for number, at in enumerate(arrived):
        assert number + 1 <= 10 + 10 * (at - first) + 1.5, "one second's worth at once, then ten a second"


def test_only_so_many_are_on_their_way(db: Connection, dsn: str) -> None:
    with http_server(lambda _: Answer(delay=0.2)) as server:
        made = workflow(db, post(server.url + "/"))
        connection(db, "http", concurrency=2)
        happen(db, made, *({"id": number} for number in range(6)))
        run(dsn)
        assert len(server.received) == 2 and db.execute("select count(*) from pgwhen.sleepers").fetchone() == (4,)
        assert wait_until(lambda: run(dsn) and len(server.received) == 6, 15)
    assert server.most_in_flight == 2
