"""What is frozen of a push message."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pgwhen.poller.channels import Connection, Unsendable, push

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
TOKEN = "dGhpcyBpcyBhIHRva2Vu:APA91b-_x"


def message(**definition: Any) -> dict[str, Any]:
    return push.message({"to": TOKEN, "text": "Hi"} | definition, Connection("fcm", "fcm"), "ex:tell:1:0", NOW)


def test_a_message() -> None:
    found = message(title=" Job done ", text="Boiler", image="https://x.example/a.png", data={"id": "7"})
    assert found == {
        "to": TOKEN,
        "title": "Job done",
        "text": "Boiler",
        "image": "https://x.example/a.png",
        "data": {"id": "7"},
    }
    assert push.recipients(found) == [TOKEN]


def test_a_topic_has_no_recipient_of_its_own() -> None:
    found = message(to=None, topic="/topics/news-nl")
    assert found == {"topic": "news-nl", "text": "Hi"}
    assert push.recipients(found) == []


def test_data_alone_is_enough_and_all_its_values_are_texts() -> None:
    data = {"n": 7, "d": Decimal("10.20"), "b": True, "none": None, "o": {"a": [1, "é"]}, "s": "x", "empty": ""}
    assert message(text=None, data=data)["data"] == {
        "n": "7",
        "d": "10.20",
        "b": "true",
        "o": '{"a":[1,"é"]}',
        "s": "x",
        "empty": "",
    }


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"to": None}, "to is missing"),
        ({"to": ""}, "to is missing"),
        ({"to": "short"}, "to: 'short' is not a registration token"),
        ({"to": "with a space and more"}, "not a registration token"),
        ({"to": "token\r\nx: y-token"}, "not a registration token"),
        ({"to": "tökentöken"}, "not a registration token"),
        ({"to": "x" * 1_000_000}, "not a registration token"),
        ({"to": [TOKEN]}, "not a registration token"),
        ({"to": 12345678}, "not a registration token"),
        ({"topic": "news"}, "to and topic are both given"),
        ({"to": None, "topic": "new s"}, "topic: 'new s' is not the name of a topic"),
        ({"to": None, "topic": "' in topics || 'x"}, "is not the name of a topic"),
        ({"text": None}, "text is missing"),
        ({"text": " \n"}, "text is missing"),
        ({"text": None, "data": {"a": None}}, "text is missing"),
        ({"text": 7}, "text is not a text"),
        ({"title": ["x"]}, "title is not a text"),
        ({"image": "javascript:alert(1)"}, "image: "),
        ({"image": "//x.example/a.png"}, "image: "),
        ({"image": "https://x.example/\r\na"}, "image: "),
        ({"data": ["a"]}, "data is not an object"),
        ({"data": {"": "x"}}, "data: '' is not a name"),
        ({"data": {"a b": "x"}}, "data: 'a b' is not a name"),
        ({"data": {"x" * 1_000_000: "x"}}, "is not a name"),
        ({"options": "high"}, "options is not an object"),
    ],
)
def test_what_is_wrong_is_named_briefly(definition: dict[str, Any], problem: str) -> None:
    with pytest.raises(Unsendable, match=problem) as refusal:
        message(**definition)
    assert len(str(refusal.value)) < 250
