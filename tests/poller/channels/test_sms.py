"""What is frozen of an SMS: one number in E.164, or a refusal."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.poller.channels import Connection, Unsendable, sms

TWILIO = Connection("twilio", "sms", sender="+15005550006")
NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


def message(connection: Connection = TWILIO, **definition: Any) -> dict[str, Any]:
    return sms.message({"to": "+31612345678", "text": "Hi"} | definition, connection, "ex:text:1:0", NOW)


def test_a_message() -> None:
    assert message() == {"from": "+15005550006", "to": "+31612345678", "text": "Hi"}
    assert sms.recipients(message()) == ["+31612345678"]


@pytest.mark.parametrize("to", ["+31 6 1234 5678", "+31 (6) 1234-5678", "+31.612.345.678", "+31\u00a0612345678"])
def test_numbers_as_people_write_them(to: str) -> None:
    assert message(to=to)["to"] == "+31612345678"


@pytest.mark.parametrize(
    "to",
    [
        "0612345678",
        "31612345678",
        "0031612345678",
        "+0612345678",
        "+31612",
        "+316123456789012345",
        "+31 ABC",
        "+31612345678,+31612345679",
        "call me",
        31612345678,
        ["+31612345678"],
    ],
)
def test_other_numbers_are_refused(to: Any) -> None:
    with pytest.raises(Unsendable, match=r"E\.164"):
        message(to=to)


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"to": None}, "to is missing"),
        ({"to": ""}, "to is missing"),
        ({"text": None}, "text is missing"),
        ({"text": " \n"}, "text is missing"),
        ({"from": "a\nb"}, "from is not"),
    ],
)
def test_what_is_wrong_is_named(definition: dict[str, Any], problem: str) -> None:
    with pytest.raises(Unsendable, match=problem):
        message(**definition)


@pytest.mark.parametrize(
    ("name", "variable"), [("twilio", "TWILIO_FROM_NUMBER"), ("messagebird", "MESSAGEBIRD_ORIGINATOR")]
)
def test_without_a_sender_the_variable_is_named(name: str, variable: str) -> None:
    with pytest.raises(Unsendable, match=f"from is missing: set {variable}"):
        message(Connection(name, "sms"))
