"""Texts, push messages and chats from a row to the provider, by the real engine and a real poller."""

import time
from collections import Counter
from typing import Any

import pytest

from tests.poller.channels.texting import bird, fcm, slack, slack_webhook, telnyx
from tests.poller.support import Connection, happen, run, workflow
from tests.servers import Answer

ROW = {"id": 1, "name": "<!channel> Jörg 👋", "phone": "+31612345678", "token": "device-token-1", "total": 12}


def outputs(db: Connection) -> dict[str, Any]:
    return dict(db.execute("select step_id, output from pgwhen.execution_steps").fetchall())


def frozen(db: Connection) -> dict[str, dict[str, Any]]:
    return dict(db.execute("select step_id, message from pgwhen.frozen_messages").fetchall())


def step(id_: str, type_: str, **definition: Any) -> dict[str, Any]:
    return {"id": id_, "type": type_, "definition": definition, "reads": [["new"], ["steps"]]}


def test_a_row_becomes_a_text_a_push_message_and_a_chat(db: Connection, dsn: str) -> None:
    with telnyx() as sms, fcm() as push, slack() as chat:
        made = workflow(
            db,
            step("text", "sms", to="{{ new.phone }}", text="Dear {{ new.name }}"),
            step(
                "push",
                "push",
                to="{{ new.token }}",
                title="Hi",
                text="{{ new.name }}",
                data={"total": "{{ new.total }}"},
            ),
            step("chat", "chat", to="C123", text="*New*: {{ new.name }}"),
            edges=[("text", "push", "success"), ("push", "chat", "success")],
        )
        happen(db, made, ROW)
        summary = run(dsn, sms.environ | push.environ | chat.environ)
    assert (summary.ok, summary.failed) == (3, 0)
    assert outputs(db) == {
        "text": {"message_id": "tx-1", "provider": "telnyx", "segments": 2},
        "push": {"message_id": "projects/acme-app/messages/1", "provider": "fcm"},
        "chat": {"message_id": "1700000000.000001", "provider": "slack", "channel": "C123"},
    }
    assert sms.accepted[0]["text"] == "Dear <!channel> Jörg 👋"
    assert (push.accepted[0]["notification"]["body"], push.accepted[0]["data"]) == (ROW["name"], {"total": "12"})
    assert chat.accepted[0]["text"] == "*New*: &lt;!channel&gt; Jörg 👋"
    kept = frozen(db)
    assert (kept["text"]["segments"], kept["text"]["encoding"]) == (1, "UCS-2")
    recipients = dict(db.execute("select step_id, recipients from pgwhen.frozen_messages").fetchall())
    assert recipients == {"text": ["+31612345678"], "push": ["device-token-1"], "chat": ["C123"]}


def test_a_picture_has_a_url(db: Connection, dsn: str) -> None:
    with fcm() as push:
        image = "https://x.example/{{ new.name }}.png"
        made = workflow(db, step("push", "push", to="{{ new.token }}", text="Hi", image=image))
        happen(db, made, ROW | {"name": "a/b?c é"})
        assert run(dsn, push.environ).ok == 1
    assert push.accepted[0]["notification"]["image"] == "https://x.example/a%2Fb%3Fc%20%C3%A9.png"


def test_the_answer_to_a_chat_is_in_its_thread(db: Connection, dsn: str) -> None:
    with slack() as chat:
        made = workflow(
            db,
            step("ask", "chat", to="C123", text="One?"),
            step("more", "chat", to="C123", text="Two", thread="{{ steps.ask.output.message_id }}"),
            edges=[("ask", "more", "success")],
        )
        happen(db, made, ROW)
        assert run(dsn, chat.environ).ok == 2
    assert chat.accepted[1]["thread_ts"] == "1700000000.000001"


def test_a_failed_token_does_not_burn_the_attempts_of_the_messages(db: Connection, dsn: str) -> None:
    with fcm() as push:
        made = workflow(db, step("push", "push", to="{{ new.token }}", text="Hi"))
        happen(db, made, *({"token": f"device-token-{n}"} for n in range(20)))
        push.server.script = [401]
        run(dsn, push.environ)
        assert push.accepted == []
    # The account is wrong: the connection is paused and its work is held, or free again; nothing has failed.
    assert db.execute("select count(*) from pgwhen.execution_steps where status = 'failed'").fetchall() == [(0,)]
    assert db.execute("select status from pgwhen.connections where name = 'fcm'").fetchall() == [("paused",)]


@pytest.mark.parametrize(
    ("definition", "code", "message"),
    [
        (
            {"to": "{{ new.bad }}", "text": "x"},
            "recipient",
            "step text: to: 'call me' is not a phone number in E.164 form",
        ),
        ({"to": "{{ new.phone }}", "text": "{{ new.long }}"}, "too_long", "step text: text becomes 14 messages"),
        (
            {"to": "{{ new.phone }}", "text": "x", "from": "Acme"},
            "message",
            "step text: from cannot be chosen with Bird",
        ),
    ],
)
def test_what_cannot_be_sent_fails_its_step_with_the_reason(
    db: Connection, dsn: str, definition: dict[str, str], code: str, message: str
) -> None:
    with bird() as sms:
        made = workflow(db, step("text", "sms", **definition))
        happen(db, made, ROW | {"bad": "call me", "long": "a" * 2_000})
        assert run(dsn, sms.environ).failed == 1
        assert sms.server.received == []
    ((error,),) = db.execute("select error from pgwhen.attempts").fetchall()
    assert error["code"] == code
    assert error["message"].startswith(message)


@pytest.mark.parametrize(
    ("provider", "step_", "code", "suppressed"),
    [
        (telnyx, step("s", "sms", to="+15005550009", text="Hi"), "telnyx_40300", ("sms", "+15005550009", "opt_out")),
        (fcm, step("s", "push", to="dead-token", text="Hi"), "fcm_unregistered", ("push", "dead-token", "dead_token")),
    ],
)
def test_a_dead_token_and_an_opt_out_are_suppressed(
    db: Connection, dsn: str, provider: Any, step_: dict[str, Any], code: str, suppressed: tuple[str, ...]
) -> None:
    with provider() as ours:
        made = workflow(db, step_)
        happen(db, made, ROW)
        run(dsn, ours.environ)
    assert db.execute("select error ->> 'code' from pgwhen.attempts").fetchall() == [(code,)]
    assert db.execute("select channel, address, reason from pgwhen.suppressions").fetchall() == [suppressed]


FAULTS = ["drop", "then_drop", 500, Answer(429, b"", {"retry-after": "0"}), "garbage", "half", "then_drop", 503]
RETRY = {"attempts": 5, "backoff": 0, "factor": 1, "max": 0, "jitter": "none", "within": 72000}


@pytest.mark.parametrize(
    ("provider", "step_", "identity"),
    [
        (telnyx, step("s", "sms", to="+31612345678", text="{{ new.id }}"), lambda body: body["text"]),
        (bird, step("s", "sms", to="+31612345678", text="{{ new.id }}"), lambda body: body["body"]["text"]["text"]),
        (fcm, step("s", "push", to="device-token", text="{{ new.id }}"), lambda body: body["notification"]["body"]),
        (slack, step("s", "chat", to="C123", text="{{ new.id }}"), lambda body: body["text"]),
        (slack_webhook, step("s", "chat", text="{{ new.id }}"), lambda body: body["text"]),
    ],
)
def test_none_is_lost_and_one_comes_twice_only_where_that_is_recorded(
    db: Connection, dsn: str, provider: Any, step_: dict[str, Any], identity: Any
) -> None:
    with provider() as ours:
        made = workflow(db, step_ | {"retry": RETRY})
        happen(db, made, *({"id": n} for n in range(40)))
        # Firebase asks for a minute's patience at least, and the circuit breaker for half of one: not in this test.
        faults = [fault for fault in FAULTS if not (provider is fcm and isinstance(fault, Answer))]
        db.execute("insert into pgwhen.settings (name, value) values ('breaker_failures', '100000')")
        # A token comes first where one is needed; then a fault at every third message.
        ours.server.script = [None, *(fault for one in faults for fault in (one, None, None))]
        end = time.monotonic() + 60
        run(dsn, ours.environ)
        while db.execute("select from pgwhen.unfinished limit 1").fetchall() and time.monotonic() < end:
            run(dsn, ours.environ)
        arrived = Counter(int(identity(body)) for body in ours.accepted)
    completed = "select count(*) from pgwhen.execution_steps where status = 'completed'"
    assert db.execute(completed).fetchall() == [(40,)]
    assert set(arrived) == set(range(40)), "none is lost"
    query = """select (e.new ->> 'id')::integer from pgwhen.attempts a
      join pgwhen.executions x using (execution_id) join pgwhen.events e on e.event_id = x.event_id
      where a.class = 'uncertain'"""
    uncertain = Counter(number for (number,) in db.execute(query).fetchall())
    twice = {number for number, count in arrived.items() if count > 1}
    assert twice and twice <= set(uncertain)
    assert all(arrived[number] <= 1 + uncertain[number] for number in arrived)
