"""Connections to the providers of texts, push messages and chats, from the command line: added, tried, shown."""

from typing import Any

import psycopg
import pytest

from pgwhen.poller.channels import adapter
from tests.cli.support import Cli
from tests.poller.channels.texting import Provider, bird, fcm, slack, slack_webhook, telnyx


@pytest.fixture
def pgwhen(db: psycopg.Connection[Any], dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(dsn, capsys)


def add(pgwhen: Cli, provider: str, ours: Provider, monkeypatch: pytest.MonkeyPatch, **other: str) -> list[str]:
    """Add a connection by the settings and secrets of its variables; the values of its secrets."""
    module = adapter(provider)
    options, secrets = [], []
    for variable, value in (ours.environ | other).items():
        name = module.VARIABLES[variable]
        if name in module.SECRETS:
            monkeypatch.setenv(f"OURS_{variable}", value)
            options += ["--secret", f"{name}=env:OURS_{variable}"]
            secrets.append(value)
        else:
            options += ["--set", f"{name}={value}"]
    done = pgwhen("connections", "add", "ours", "--provider", provider, *options)
    assert done.code == 0, done.err
    return secrets


@pytest.mark.parametrize(
    ("provider", "serve", "wrong"),
    [
        ("telnyx", telnyx, {"TELNYX_API_KEY": "another-key"}),
        ("bird", bird, {"BIRD_CHANNEL": "c-2"}),
        ("fcm", fcm, {"FCM_PROJECT": "another-project"}),
        ("slack", slack, {"SLACK_BOT_TOKEN": "xoxb-another"}),
        ("slack_webhook", slack_webhook, {}),
    ],
)
def test_a_connection_is_added_and_tried(
    provider: str, serve: Any, wrong: dict[str, str], pgwhen: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve() as ours:
        secrets = add(pgwhen, provider, ours, monkeypatch)
        good = pgwhen("connections", "test", "ours")
        assert good.code == 0, good.err
        shown = good.out + good.err + pgwhen("connections", "show", "ours", "--json").out
        assert not any(secret in shown for secret in secrets)
        assert ours.accepted == [], "nothing was sent"
        pgwhen("connections", "remove", "ours")
        if wrong:
            add(pgwhen, provider, ours, monkeypatch, **wrong)
            bad = pgwhen("connections", "test", "ours")
            assert bad.code != 0
            assert "auth" in bad.out + bad.err
