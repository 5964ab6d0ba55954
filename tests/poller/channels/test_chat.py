"""What is frozen of a chat message, and that no value in it mentions anybody."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.poller.channels import Connection, Unsendable, chat
from pgwhen.poller.connections import Connections
from pgwhen.poller.render import render

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
EVIL = "<!channel> & <@U123> <https://evil.example|Bank> {{ 7 * 7 }}\u202e👋"
SAFE = "&lt;!channel&gt; &amp; &lt;@U123&gt; &lt;https://evil.example|Bank&gt; {{ 7 * 7 }}\u202e👋"


def message(**definition: Any) -> dict[str, Any]:
    return chat.message({"text": "Hi"} | definition, Connection("slack", "slack"), "ex:tell:1:0", NOW)


def rendered(definition: dict[str, Any], **context: Any) -> dict[str, Any]:
    """The message that a step becomes, by the poller's own renderer."""
    action = {
        "step_id": "tell",
        "type": "chat",
        "definition": {"to": "C123"} | definition,
        "context": context,
        "idempotency_key": "ex:tell:1:0",
        "timeout_seconds": 30,
    }
    return render(action, Connections({"SLACK_BOT_TOKEN": "xoxb-test"}), NOW).message


def test_a_message() -> None:
    blocks = [{"type": "divider"}]
    found = message(to="#jobs", blocks=blocks, thread="1700000000.000100")
    assert found == {"to": "#jobs", "text": "Hi", "blocks": blocks, "thread": "1700000000.000100"}
    assert chat.recipients(found) == ["#jobs"]
    assert chat.recipients(message()) == []


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"text": None}, "text is missing"),
        ({"text": " \n"}, "text is missing"),
        ({"text": None, "blocks": [{"type": "divider"}]}, "text is missing: a message needs it with blocks too"),
        ({"text": "x" * 1_000_000}, "text has 1000000 characters, more than 40000"),
        ({"to": "two words"}, "to: 'two words' is not the id or the name of a channel"),
        ({"to": "C1\r\nC2"}, "not the id or the name"),
        ({"to": "C1,C2"}, "not the id or the name"),
        ({"to": "<!channel>"}, "not the id or the name"),
        ({"to": "\u202eC1"}, "not the id or the name"),
        ({"to": ["C1"]}, "not the id or the name"),
        ({"to": "C" * 1_000_000}, "not the id or the name"),
        ({"thread": "yesterday"}, "thread: 'yesterday' is not the id of a message"),
        ({"thread": 1700000000.0001}, "is not the id of a message"),
        ({"thread": "1" * 1_000_000}, "is not the id of a message"),
        ({"blocks": "[]"}, "blocks is not a list of blocks"),
        ({"blocks": {"type": "divider"}}, "blocks is not a list of blocks"),
        ({"blocks": ["divider"]}, "blocks is not a list of blocks"),
        ({"blocks": [{"type": "divider"}] * 51}, "51 blocks are more than 50"),
        ({"blocks": [{"text": "x"}]}, r"blocks\[0\] has no type"),
        ({"blocks": [{"type": 7}]}, r"blocks\[0\] has no type"),
        (
            {"blocks": [{"type": "divider"}, {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}]},
            r"blocks\[1\].text has 3001 characters, more than 3000",
        ),
        (
            {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]},
            "151 characters, more than 150",
        ),
        ({"blocks": [{"type": "markdown", "text": "x" * 12_001}]}, "12001 characters, more than 12000"),
        (
            {"blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2_001}]}]},
            r"blocks\[0\].fields\[0\] has 2001",
        ),
        ({"blocks": [{"type": "section", "fields": [{}] * 11}]}, r"blocks\[0\].fields: 11 are more than 10"),
        ({"blocks": [{"type": "context", "elements": [{}] * 11}]}, "11 are more than 10"),
        ({"blocks": [{"type": "actions", "elements": [{}] * 26}]}, "26 are more than 25"),
    ],
)
def test_what_is_wrong_is_named_briefly(definition: dict[str, Any], problem: str) -> None:
    with pytest.raises(Unsendable, match=problem) as refusal:
        message(**definition)
    assert len(str(refusal.value)) < 250


def test_limits_are_exact() -> None:
    assert message(blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_000}}] * 50)
    assert message(blocks=[{"type": "rich_text", "elements": [{}] * 99}, {"type": "new_kind", "text": "x" * 9_999}])


def test_a_value_in_the_text_mentions_nobody() -> None:
    found = rendered({"text": "New lead: *{{ lead.name }}* <@U999> & co"}, lead={"name": EVIL})
    assert found["text"] == f"New lead: *{SAFE}* <@U999> & co", "what the author wrote stays"


def test_a_value_in_blocks_mentions_nobody() -> None:
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "{{ lead.name }}"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "For <!here>: {{ lead.name }}"}},
        {"type": "section", "fields": "{{ lead.fields }}"},
        {"type": "header", "text": {"type": "plain_text", "text": "{{ lead.name }}"}},
        {"type": "markdown", "text": "{{ lead.name }}"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "{% for n in lead.names %}{{ n }}{% endfor %}"}]},
    ]
    lead = {"name": EVIL, "names": [EVIL, "a&b"], "fields": [{"type": "mrkdwn", "text": EVIL}]}
    found = rendered({"text": "x", "blocks": blocks}, lead=lead)["blocks"]
    assert found[0]["text"]["text"] == SAFE
    assert found[1]["text"]["text"] == f"For <!here>: {SAFE}"
    assert found[2]["fields"][0]["text"] == SAFE
    assert found[5]["elements"][0]["text"] == f"{SAFE}a&amp;b"
    assert json.dumps(found).count("<") == 1


def test_addresses_in_blocks_stay_addresses() -> None:
    url = "https://x.example/?a=1&b=<2>"
    button = {"type": "button", "url": "{{ lead.url }}", "value": "{{ lead.url }}", "text": "{{ lead.url }}"}
    found = rendered({"text": "x", "blocks": [{"type": "actions", "elements": [button]}]}, lead={"url": url})
    made = found["blocks"][0]["elements"][0]
    assert (made["url"], made["value"]) == (url, url)
    assert made["text"] == "https://x.example/?a=1&amp;b=&lt;2&gt;"


def test_rich_text_has_no_markup_and_so_no_escapes() -> None:
    element = {"type": "rich_text_section", "elements": [{"type": "text", "text": "{{ lead.name }}"}]}
    found = rendered({"text": "x", "blocks": [{"type": "rich_text", "elements": [element]}]}, lead={"name": EVIL})
    assert found["blocks"][0]["elements"][0]["elements"] == [{"type": "text", "text": EVIL}]


def test_a_template_that_is_escaped_already_is_not_undone_in_text() -> None:
    assert rendered({"text": "a &amp; {{ x }}"}, x="&lt;")["text"] == "a &amp; &amp;lt;"


def test_a_channel_from_a_row_is_one_channel() -> None:
    assert rendered({"to": "{{ lead.channel }}", "text": "x"}, lead={"channel": "C9"})["to"] == "C9"
