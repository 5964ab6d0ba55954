"""Everything at once: four sessions, two limited connections that fail now and then, suppressions, caps."""

import json
import random
import threading
import time
import zlib
from collections.abc import Callable

import psycopg

from tests.sql.engine.support import RETRY, define, happen
from tests.sql.sending.support import POLLER, Connection, ask, connection, freeze, report

COUNT = 300
QUICK = RETRY | {"attempts": 50, "backoff": 0.05, "max": 0.05, "factor": 1}


def test_all_of_it_ends_and_no_session_waits_for_another_in_a_circle(
    db: Connection, connect: Callable[..., Connection]
) -> None:
    made = define(
        db,
        [
            {"id": "mail", "type": "email", "category": "news", "retry": QUICK},
            {"id": "text", "type": "sms", "retry": QUICK},
        ],
        [("mail", "text", "success")],
    )
    connection(db, "one", rate_limit=400, rate_seconds=1.0, concurrency=40)
    connection(db, "two", concurrency=10)
    db.execute(
        'insert into pgwhen.settings values (\'recipient_caps\', \'{"email": {"limit": 5, "per": "1 second"}}\')'
    )
    db.execute("insert into pgwhen.settings values ('breaker_failures', '9')")
    for number in range(0, 40, 8):
        db.execute(
            "select pgwhen._suppress('default', 'email', %s, null, 'bounce', 'test')", [f"a{number}@example.com"]
        )
    happen(db, made, *({"id": number} for number in range(COUNT)))
    errors: list[BaseException] = []
    sends: list[tuple[str, float]] = []
    end = time.monotonic() + 60

    def poll(seed: int) -> None:
        chance = random.Random(seed)
        try:
            with connect() as session:
                while time.monotonic() < end:
                    query = "select pgwhen.tick_and_claim(%s, 30, %s)"
                    (answer,) = session.execute(query, [chance.choice([3, 20, 60]), POLLER]).fetchone() or ()
                    actions = answer["actions"]
                    if not actions:
                        (left,) = session.execute("select count(*) from pgwhen.unfinished").fetchone() or ()
                        if not left:
                            return
                        # Nobody waits for half a minute here.
                        session.execute(
                            "update pgwhen.connections set opened_until = now()"
                            " where opened_until > now() + interval '1 second'"
                        )
                        session.execute(
                            "update pgwhen.sleepers set due_at = now() where ctid = any (array("
                            "select ctid from pgwhen.sleepers where due_at > now() + interval '1 second'"
                            " for update skip locked))"
                        )
                        time.sleep(0.02)
                        continue
                    messages = []
                    for action in actions:
                        number = int(action["context"]["new"]["id"]) if action["context"] else 0
                        address = f"a{number % 40}@example.com" if action["type"] == "email" else "+31612345678"
                        name = "one" if action["type"] == "email" else "two"
                        to = action["frozen"]["to"] if action["frozen"] else address
                        to = to if isinstance(to, str) else to[0]
                        messages.append(
                            ask(action, to, channel=action["type"], connection=action["connection"] or name)
                        )
                    leaving = [
                        (a, m)
                        for a, m, v in zip(actions, messages, freeze(session, messages), strict=True)
                        if v["verdict"] == "send"
                    ]
                    sends.extend((m["recipients"][0], time.monotonic()) for _, m in leaving)
                    for class_ in ("ok", "transient", "throttled"):
                        part = [a for a, _ in leaving if _class(a) == class_]
                        if part:
                            more = {} if class_ == "ok" else {"retry_after_seconds": 0.05}
                            report(session, part, class_, **more)
        except BaseException as error:
            errors.append(error)

    def _class(action: dict[str, object]) -> str:
        number = zlib.crc32(json.dumps([action["execution_id"], action["step_id"], action["attempt"]]).encode()) % 20
        return "transient" if number < 3 else "throttled" if number == 3 else "ok"

    threads = [threading.Thread(target=poll, args=[seed]) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [e for e in errors if isinstance(e, psycopg.Error)], errors
    assert not errors
    states = dict(db.execute("select status, count(*) from pgwhen.executions group by 1").fetchall())
    assert states == {"completed": COUNT}
    skipped = (
        "select count(*) from pgwhen.execution_steps where status = 'skipped' and reason like 'not sent: %%bounced%%'"
    )
    assert db.execute(skipped).fetchone() == (sum(n % 40 % 8 == 0 for n in range(COUNT)),)
    assert db.execute("select count(*) from pgmq.q_pgwhen_actions").fetchone() == (0,)
    assert db.execute("select count(*) from pgwhen.sleepers").fetchone() == (0,)
    assert db.execute("select count(*) from pgwhen.connection_turns").fetchone() == (0,)
    assert not {address for address, _ in sends} & {f"a{number}@example.com" for number in range(0, 40, 8)}
