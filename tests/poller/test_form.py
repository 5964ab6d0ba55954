"""What is put into one call, case by case."""

import asyncio
from typing import Any

from pgwhen.poller.action import Action
from pgwhen.poller.batches import form, perform
from pgwhen.poller.connections import Connections
from pgwhen.poller.http import HttpClient
from pgwhen.poller.mail import Mailer
from pgwhen.poller.perform import Performer
from pgwhen.poller.secrets import Vault

RESEND = {"RESEND_API_KEY": "re_test", "RESEND_FROM_EMAIL": "hello@acme.example"}
SENDGRID = {"SENDGRID_API_KEY": "SG.test", "SENDGRID_FROM_EMAIL": "hello@acme.example"}


def action(number: int, connection: str = "resend", tenant: str = "default", **batch: Any) -> Action:
    """An e-mail; ``batch`` is what the database says of one that was frozen before."""
    claimed = {
        "execution_id": f"e{number}",
        "step_id": "mail",
        "generation": 1,
        "part": 0,
        "attempt": 1,
        "message_id": number,
        "idempotency_key": f"e{number}:mail:1:0",
        "tenant": tenant,
        "extra": {"batch": batch} if batch else None,
    }
    message = {"from": "hello@acme.example", "to": [f"{number}@example.com"], "subject": "Hi", "text": f"Dear {number}"}
    return Action(claimed, 0.0, "email", connection, message, message["to"])


def known(number: int, size: int, bound: bool, connection: str = "resend", **more: Any) -> Action:
    return action(number, connection, id="b", place=number, size=size, bound=bound, **more)


def shape(actions: list[Action], environ: dict[str, str]) -> list[tuple[list[str], bool]]:
    """The calls: who is in each, and whether it is a batch."""
    sendings = form(actions, Connections(environ))
    return [([one.claimed["execution_id"] for one in sending.actions], bool(sending.batch_id)) for sending in sendings]


def test_new_messages_of_one_tenant_go_together() -> None:
    actions = [action(1), action(2, tenant="other"), action(3), action(4, tenant="other"), action(5, tenant="third")]
    assert shape(actions, RESEND) == [(["e1", "e3"], True), (["e2", "e4"], True), (["e5"], False)]
    assert [one.frozen.get("extra") for one in actions] == [{"batch_place": n} for n in (0, 0, 1, 1)] + [None]
    assert "batch_id" not in actions[4].frozen


def test_a_whole_batch_keeps_its_name_and_a_part_that_nobody_took_does_not() -> None:
    whole = [known(n, 3, bound=False) for n in (2, 0, 1)]
    (sending,) = form(whole, Connections(RESEND))
    assert (sending.batch_id, [one.place for one in sending.actions]) == ("b", [0, 1, 2])
    part = [known(n, 3, bound=False) for n in (0, 2)]
    (sending,) = form([*part, action(9)], Connections(RESEND))
    assert sending.batch_id != "b" and len(sending.actions) == 3
    (sending,) = form([known(0, 3, bound=False)], Connections(RESEND))
    assert sending.batch_id == "" and sending.actions[0].frozen["batch_id"] is None


def test_what_may_have_been_done_stays_as_it_is_where_keys_count() -> None:
    others = [{"place": 1, "key": "e1:mail:1:0", "message": {"subject": "x"}}]
    (sending,) = form([known(0, 3, bound=True, others=others), known(2, 3, bound=True)], Connections(RESEND))
    assert sending.bound and sending.batch_id == "b" and list(sending.others) == others
    assert "batch_id" not in sending.actions[0].frozen
    single = action(7, bound=True)
    assert shape([single, action(8)], RESEND) == [(["e7"], False), (["e8"], False)]


def test_members_that_were_claimed_one_after_the_other_are_not_there_twice() -> None:
    first = known(0, 2, bound=True, others=[{"place": 1, "key": "e1:mail:1:0", "message": {}}])
    second = known(1, 2, bound=True, others=[{"place": 0, "key": "e0:mail:1:0", "message": {}}])
    (sending,) = form([first, second], Connections(RESEND))
    assert sending.others == ()


def test_without_keys_what_is_there_goes_together() -> None:
    actions = [known(n, 3, bound=True, connection="sendgrid") for n in (0, 2)]
    for one in actions:
        one.message["text"] = "the same"
    (sending,) = form(actions, Connections(SENDGRID))
    assert not sending.bound and len(sending.actions) == 2


def test_a_poller_without_the_connection_takes_nothing_apart() -> None:
    (sending,) = form([known(n, 2, bound=True) for n in (0, 1)], Connections({}))
    assert sending.bound and "batch_id" not in sending.actions[0].frozen


def test_a_batch_that_is_not_whole_does_not_leave() -> None:
    (sending,) = form([known(0, 3, bound=True)], Connections(RESEND))

    async def once() -> Any:
        async with HttpClient() as http, Mailer() as mailer:
            return await perform(Performer(http, mailer, Connections(RESEND), Vault(RESEND)), sending)

    (outcome,) = asyncio.run(once())
    assert (outcome.class_, outcome.error["code"]) == ("transient", "batch")
