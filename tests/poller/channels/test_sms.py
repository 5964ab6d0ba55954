# ruff: noqa: RUF001
"""What is frozen of an SMS: one number in E.164, a sender, and what the text costs; or a refusal."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.poller.channels import Connection, Unsendable, adapter, configured, sms

TWILIO = Connection("twilio", "twilio", {"from": "+15005550006"})
NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


def message(connection: Connection = TWILIO, **definition: Any) -> dict[str, Any]:
    given = {"to": "+31612345678", "text": "Hi"} | definition
    return adapter(connection.provider).message(given, connection, "ex:text:1:0", NOW)


def test_a_message() -> None:
    expected = {"from": "+15005550006", "to": "+31612345678", "text": "Hi", "segments": 1, "encoding": "GSM-7"}
    assert message() == expected
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
        "+31612345678\r\n+31612345679",
        "+٣١٦١٢٣٤٥٦٧٨",
        "+3161234567\u202e8",
        "{{ lead.phone }}",
        "call me",
        "+1" * 500_000,
        31612345678,
        True,
        ["+31612345678"],
        {"a": 1},
    ],
)
def test_other_numbers_are_refused_briefly(to: Any) -> None:
    with pytest.raises(Unsendable, match=r"E\.164") as refusal:
        message(to=to)
    assert len(str(refusal.value)) < 250
    assert refusal.value.code == "recipient"


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"to": None}, "to is missing"),
        ({"to": ""}, "to is missing"),
        ({"text": None}, "text is missing"),
        ({"text": " \n"}, "text is missing"),
        ({"from": "a\nb"}, "from: "),
        ({"from": 7}, "from is not"),
    ],
)
def test_what_is_wrong_is_named(definition: dict[str, Any], problem: str) -> None:
    with pytest.raises(Unsendable, match=problem):
        message(**definition)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("+1 500 555 0006", "+15005550006"),
        (" +15005550006 ", "+15005550006"),
        ("31612345678", "31612345678"),
        ("12345", "12345"),
        ("Acme", "Acme"),
        ("Acme & Co", "Acme & Co"),
        ("1-2-Fix", "1-2-Fix"),
        ("12345678901", "12345678901"),
        ("Elevenchars", "Elevenchars"),
    ],
)
def test_senders(given: str, taken: str) -> None:
    assert message(**{"from": given})["from"] == taken


@pytest.mark.parametrize(
    "given",
    [
        "Twelve chars",
        "Café",
        "Acme\u202e",
        "Acme\r\nBcc: x",
        "Acme\0",
        "<b>Acme",
        "..-",
        "+1",
        "1234567890123456",
        "{{ x }}",
        "👋",
        "A" * 1_000_000,
    ],
)
def test_other_senders_are_refused_briefly(given: str) -> None:
    with pytest.raises(Unsendable, match=r"from: .* is not a number, a short code, or a name of up to 11") as refusal:
        message(**{"from": given})
    assert len(str(refusal.value)) < 250


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("twilio", "TWILIO_FROM_NUMBER"),
        ("messagebird", "MESSAGEBIRD_ORIGINATOR"),
        ("telnyx", "TELNYX_FROM_NUMBER"),
    ],
)
def test_without_a_sender_the_variable_is_named(name: str, variable: str) -> None:
    with pytest.raises(Unsendable, match=f"from is missing: set {variable}"):
        message(Connection(name, name))
    with pytest.raises(Unsendable, match="from is missing: pgwhen connections set texts from="):
        message(Connection("texts", "twilio"))


def test_values_stay_as_they_are() -> None:
    text = "‏שלום 👋\nO'Neil & <b>{{ x }}</b> ’\t"
    assert message(text=text)["text"] == text


# ---------------------------------------------------------------- segments


def test_segments_are_counted_and_frozen() -> None:
    assert message(text="a" * 161)["segments"] == 2
    found = message(text="It’s time")
    assert (found["segments"], found["encoding"]) == (1, "UCS-2")


def test_a_text_that_costs_too_much_is_refused_with_its_reason() -> None:
    with pytest.raises(
        Unsendable, match="11 messages, more than the 10 that the connection twilio allows: sh"
    ) as refusal:
        message(text="a" * 1_531)
    assert refusal.value.code == "too_long"
    with pytest.raises(Unsendable, match="'’' makes it Unicode, 67 characters a message in place of 153: shorten it"):
        message(text="a" * 700 + "’")
    with pytest.raises(Unsendable, match="6536 messages"):
        message(text="a" * 1_000_000)


def test_the_connection_sets_the_cap() -> None:
    strict = Connection("cheap", "twilio", {"from": "+15005550006", "max_segments": "1"})
    assert message(strict, text="a" * 160)["segments"] == 1
    with pytest.raises(Unsendable, match="2 messages, more than the 1 that the connection cheap allows"):
        message(strict, text="a" * 161)


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "256", "٣", "9" * 5_000])
def test_a_cap_that_is_none_is_refused(value: str) -> None:
    settings = {"from": "+15005550006", "max_segments": value}
    with pytest.raises(Unsendable, match=r"max_segments is .* not a number from 1 to 255"):
        message(Connection("twilio", "twilio", settings))
    with pytest.raises(ValueError, match="max_segments"):
        sms.check(settings, {})


# ---------------------------------------------------------------- callbacks


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.example/in", "https://x.example/in?pgwhen=0190%3Athank%3A1%3A0"),
        ("https://x.example/in?a=1", "https://x.example/in?a=1&pgwhen=0190%3Athank%3A1%3A0"),
    ],
)
def test_the_callback_carries_the_key(url: str, expected: str) -> None:
    assert sms.callback(Connection("c", "twilio", {"callback_url": url}), "0190:thank:1:0") == expected
    assert sms.callback(Connection("c", "twilio"), "0190:thank:1:0") is None


@pytest.mark.parametrize("url", ["x.example/in", "ftp://x.example", "https://", "https://x.example/\r\n"])
def test_a_callback_that_is_no_url_is_refused_at_the_start(url: str) -> None:
    environ = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_CALLBACK_URL": url}
    with pytest.raises(ValueError, match="callback_url"):
        sms.check({"callback_url": url}, {})
    if url.strip() == url:
        with pytest.raises(ValueError, match="callback_url"):
            configured(environ)
