"""Secrets resolve only when they are listed, and never show."""

import pytest

from pgwhen.poller.outcome import Response
from pgwhen.poller.secrets import SecretError, Vault

ENVIRON = {"TOKEN": "s3cret/ü", "CRM": "tök-en-1234", "PLAIN": "abcdef123456", "LINES": "a\nb", "OTHER": "not-listed"}
VAULT = Vault(ENVIRON, ["CRM", "PLAIN", "LINES", "UNSET"], own=["provider-key"])


def test_references_become_values() -> None:
    assert VAULT.resolve("plain text") == "plain text"
    assert VAULT.resolve({"$secret": "env:PLAIN"}) == "abcdef123456"
    assert VAULT.resolve({"$concat": ["Bearer ", {"$secret": "env:PLAIN"}]}) == "Bearer abcdef123456"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("OTHER", "the secret OTHER is not in PGWHEN_SECRETS"),
        ("UNSET", "the secret UNSET is in PGWHEN_SECRETS, but not set"),
        ("CRM", "the secret CRM has characters"),
        ("LINES", "the secret LINES has characters"),
    ],
)
def test_what_does_not_resolve_is_named(name: str, message: str) -> None:
    with pytest.raises(SecretError, match=message):
        VAULT.resolve({"$secret": f"env:{name}"})


def test_values_are_masked_wherever_they_stand() -> None:
    value = {"a": ["x abcdef123456 y", {"abcdef123456": 1}], "b": "provider-key", "c": 5, "d": None}
    assert VAULT.mask(value) == {"a": ["x *** y", {"***": 1}], "b": "***", "c": 5, "d": None}


def test_encoded_forms_are_masked_too() -> None:
    vault = Vault({"T": 'a/b "c"'}, ["T"])
    assert vault.mask('x=a%2Fb%20%22c%22 {"t": "a/b \\"c\\""}') == 'x=*** {"t": "***"}'


def test_an_answer_that_echoes_a_secret_is_masked_even_where_it_was_cut() -> None:
    response = Response(200, {"x-echo": "abcdef123456"}, b"hello abcdef123456, abcdef12", truncated=True)
    masked = VAULT.mask_response(response)
    assert masked.body == b"hello ***, ***"
    assert masked.headers == {"x-echo": "***"}
    assert VAULT.mask_response(Response(200, {}, b"abcdef12")).body == b"abcdef12"


def test_a_vault_does_not_show_itself() -> None:
    assert "abcdef" not in repr(VAULT)
    assert Vault({}).mask("anything") == "anything"
