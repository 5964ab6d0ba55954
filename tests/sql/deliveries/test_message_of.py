"""Our key comes back in the form in which each adapter sends it."""

from urllib.parse import parse_qs, urlsplit

import pytest

from pgwhen.poller.channels import Connection
from pgwhen.poller.channels.email import reference
from pgwhen.poller.channels.sms import callback
from tests.sql.deliveries.support import Db

EXECUTION = "019b8e07-4600-8a1a-8354-f742ed1c0522"


def message_of(db: Db, key: str | None) -> tuple[object, ...] | None:
    return db.execute(
        "select execution_id::text, step_id, generation, part from pgwhen._message_of(%s)", [key]
    ).fetchone()


@pytest.mark.parametrize("step", ["mail", "a_1_0_b", "x" * 40])
def test_each_form_is_the_same_message(db: Db, step: str) -> None:
    key = f"{EXECUTION}:{step}:12:3"
    url = callback(Connection("twilio", "twilio", {"callback_url": "https://example.com/x?a=b"}), key)
    assert url is not None
    forms = (key, reference(key), parse_qs(urlsplit(url).query)["pgwhen"][0])
    assert {message_of(db, form) for form in forms} == {(EXECUTION, step, 12, 3)}


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        EXECUTION,
        f"{EXECUTION}:mail:1",
        f"{EXECUTION}:mail:x:0",
        f"{EXECUTION}_1_0_",
        f"{EXECUTION}:m:9999999999:0",
        "é" * 50,
    ],
)
def test_anything_else_is_none(db: Db, key: str | None) -> None:
    assert message_of(db, key) is None
