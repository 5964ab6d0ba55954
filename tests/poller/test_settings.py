"""What the environment says, and what is wrong with it."""

from typing import Any

import pytest

from pgwhen.poller.settings import SettingsError, from_environment


def test_defaults() -> None:
    found = from_environment("postgresql://x", {})
    assert (found.concurrency, found.batch, found.lease, found.fallback) == (100, 100, 60.0, 5.0)
    assert (found.once, found.max_seconds, found.doorbell) == (False, None, True)
    assert [c.name for c in found.connections] == ["http", "webhook", "document", "calendar", "code", "action"]


def test_the_environment_and_above_it_the_command_line() -> None:
    environ = {"PGWHEN_CONCURRENCY": "7", "PGWHEN_LEASE": "2.5", "PGWHEN_DOORBELL": "off", "PGWHEN_FALLBACK": ""}
    found = from_environment("postgresql://x", environ, concurrency=9, batch=None)
    assert (found.concurrency, found.batch, found.lease, found.fallback, found.doorbell) == (9, 100, 2.5, 5.0, False)


def test_a_run_with_an_end_has_short_leases() -> None:
    assert from_environment("x", {}, max_seconds=10.0).lease == 15
    assert from_environment("x", {}, max_seconds=300.0).lease == 60
    assert from_environment("x", {}, max_seconds=10.0, lease=3.0).lease == 3


def test_networks_ports_and_secrets() -> None:
    environ = {
        "PGWHEN_HTTP_ALLOW": "10.0.0.0/8, ::1/128",
        "PGWHEN_HTTP_PORTS": "443,9000",
        "PGWHEN_SECRETS": "A, B",
        "A": "value-of-a",
    }
    found = from_environment("x", environ)
    assert found.guard.problem("10.1.1.1", 1) is None
    assert found.guard.problem("::1", 1) is None
    assert found.guard.problem("1.1.1.1", 9000) is None
    assert found.guard.problem("1.1.1.1", 80) is not None
    assert found.vault.resolve({"$secret": "env:A"}) == "value-of-a"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"PGWHEN_BATCH": "many"}, "PGWHEN_BATCH is 'many', not a number"),
        ({"PGWHEN_BATCH": "0"}, "PGWHEN_BATCH is 0; it has to be more than 0"),
        ({"PGWHEN_LEASE": "-1"}, "PGWHEN_LEASE"),
        ({"PGWHEN_HTTP_ALLOW": "local"}, "PGWHEN_HTTP_ALLOW"),
        ({"PGWHEN_HTTP_ALLOW": "10.0.0.1/8"}, "PGWHEN_HTTP_ALLOW"),
        ({"PGWHEN_HTTP_PORTS": "http"}, "PGWHEN_HTTP_PORTS"),
        ({"SMTP_URL": "mail"}, "SMTP_URL"),
    ],
)
def test_what_is_wrong_is_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        from_environment("x", environ)


def test_the_database_is_told_of_providers_but_not_of_http() -> None:
    found = from_environment("x", {"SMTP_URL": "smtp://localhost", "SMTP_FROM": "a@x.org"})
    poller: dict[str, Any] = found.poller
    assert poller["contract"] == 2
    assert poller["connections"] == [{"name": "smtp", "channel": "email", "provider": "smtp"}]
    assert found.poller_id.count(":") >= 2


def test_settings_do_not_show_secrets() -> None:
    environ = {"RESEND_API_KEY": "re_secret", "PGWHEN_SECRETS": "T", "T": "t_secret"}
    shown = repr(from_environment("postgresql://u:db_secret@x/y", environ))
    assert "secret" not in shown
