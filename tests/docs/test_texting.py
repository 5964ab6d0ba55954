"""docs/texting.md names what each provider of texts, push messages and chats is configured by."""

import pytest

from pgwhen.poller.channels import PROVIDERS, adapter
from tests.docs.support import ROOT

PAGE = (ROOT / "docs" / "texting.md").read_text(encoding="utf-8")
OURS = [provider for channel in ("sms", "push", "chat") for provider in PROVIDERS[channel]]


@pytest.mark.parametrize("provider", OURS)
def test_secrets_settings_and_variables_are_named(provider: str) -> None:
    module = adapter(provider)
    names = {provider, *module.SETTINGS, *module.SECRETS, *module.VARIABLES}
    names -= {name for name in names if name.endswith(("base_url", "_BASE_URL", "_CALLBACK_URL"))}
    assert [name for name in sorted(names) if f"`{name}" not in PAGE] == []
