"""Secrets resolve only when they are listed, and never show."""

import base64
from pathlib import Path

import pytest

from pgwhen.poller.outcome import Request, Response
from pgwhen.poller.secrets import SecretError, Vault, credentials

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


TENANTS = ["acme=env:ACME_*", "acme=env:PLAIN", "acme=file:/run/acme/*", "other=env:*", "nonsense"]


@pytest.mark.parametrize("reference", ["env:ACME_KEY", "env:PLAIN"])
def test_a_tenant_gets_what_is_listed_for_it(reference: str) -> None:
    vault = Vault({"ACME_KEY": "abcdef123456", "PLAIN": "abcdef123456"}, tenants=TENANTS)
    assert vault.reveal(reference, "acme") == "abcdef123456"
    assert vault.resolve({"$concat": ["Bearer ", {"$secret": reference}]}, "acme") == "Bearer abcdef123456"
    assert vault.mask("abcdef123456") == "***"


@pytest.mark.parametrize(
    "reference",
    ["env:TOKEN", "env:acme_KEY", "env:PLAINER", "file:/run/acme/../house/key", "file:/run/acme", "file:/etc/passwd"],
)
def test_a_tenant_gets_nothing_else(reference: str) -> None:
    vault = Vault({"TOKEN": "abcdef123456", "PLAINER": "x"}, ["TOKEN"], tenants=TENANTS)
    with pytest.raises(SecretError, match="the tenant acme may not use"):
        vault.reveal(reference, "acme")
    if reference.startswith("env:"):
        with pytest.raises(SecretError, match="the tenant acme may not use"):
            vault.resolve({"$secret": reference}, "acme")
    with pytest.raises(SecretError, match="the tenant third may not use"):
        vault.reveal(reference, "third")


def test_parts_of_secrets_are_secrets_too() -> None:
    url = "smtp://bob:p%40ss%2Fword@mail.example/?cafile=/etc/ca"
    hook = "https://hooks.slack.com/services/T000/B000/XXXXXXXX"
    account = '{"type": "service_account", "private_key": "-----BEGIN\\nabc\\n-----END"}'
    vault = Vault({"URL": url, "HOOK": hook, "ACCOUNT": account, "BROKEN": "smtp://bob:secret@[host"})
    for name in ("URL", "HOOK", "ACCOUNT", "BROKEN"):
        vault.reveal(f"env:{name}")
    seen = [
        "p@ss/word",
        "p%40ss%2Fword",
        "bob:p%40ss%2Fword",
        base64.b64encode(b"p@ss/word").decode(),
        base64.b64encode(b"bob:p@ss/word").decode(),
        base64.b64encode(b"\0bob\0p@ss/word").decode(),
        "/services/T000/B000/XXXXXXXX",
        "-----BEGIN\nabc\n-----END",
        "smtp://bob:secret@[host",
    ]
    assert [vault.mask(text) for text in seen] == ["***"] * len(seen)


def test_the_credentials_of_a_request_are_masked_for_its_answer() -> None:
    request = Request("GET", "https://x", {"authorization": "Basic QUMxMjM6dG9r+/==", "x": "y"})
    also = credentials(request)
    vault = Vault({})
    masked = vault.mask_response(Response(200, {"e": "QUMxMjM6dG9r+/=="}, b"a QUMxMjM6dG9r+/== b QUMxMjM6", True), also)
    assert masked == Response(200, {"e": "***"}, b"a *** b ***", True)
    assert vault.mask({"a": ["QUMxMjM6dG9r%2B%2F%3D%3D"]}, also) == {"a": ["***"]}


def test_what_is_no_reference_is_not_repeated(tmp_path: Path) -> None:
    vault = Vault({"EMPTY": " "})
    with pytest.raises(SecretError, match=r"^a secret is neither env:NAME nor file:PATH$"):
        vault.reveal("re_pl4nted")
    with pytest.raises(SecretError, match="env:EMPTY is not set"):
        vault.reveal("env:EMPTY")
    (tmp_path / "binary").write_bytes(b"\xff\xfe pl4nted")
    with pytest.raises(SecretError, match=r"binary is not text in UTF-8$"):
        vault.reveal(f"file:{tmp_path}/binary")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(SecretError, match="is empty where this poller runs"):
        vault.reveal(f"file:{tmp_path}/empty")


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
