"""A connection is settings and references, never a secret."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from pgwhen.cli.connections import of_connections
from pgwhen.poller.channels import adapter
from tests.conftest import Connect
from tests.sql.connections.support import add, audited, join, known
from tests.sql.engine.support import Connection, claim


def test_it_is_stored_and_pollers_learn_it_at_their_next_claim(db: Connection) -> None:
    before = known(db)
    assert before["connections"] == []
    assert known(db, before["connections_revision"]) == {"connections": None, "connections_revision": None}
    made = add(db, settings={"from": "Bücher <shop@example.com>", "rate": "600 per minute", "concurrency": 5})
    assert (made["origin"], made["rate"], made["concurrency"], made["is_default"]) == (
        "defined",
        "600 per minute",
        5,
        False,
    )
    learned = known(db, before["connections_revision"])
    assert learned["connections_revision"] > before["connections_revision"]
    assert learned["connections"] == [
        {
            "tenant": "default",
            "name": "mail",
            "channel": "email",
            "provider": "resend",
            "settings": {"from": "Bücher <shop@example.com>"},
            "secrets": {"key": "env:RESEND_API_KEY"},
            "is_default": False,
        }
    ]
    row = db.execute("select rate_limit, rate_seconds, concurrency from pgwhen.connections").fetchone()
    assert row == (600, 60.0, 5)
    assert audited(db) == [("add_connection", "mail")]


def test_a_poller_that_does_not_know_of_it_is_told_nothing(db: Connection) -> None:
    add(db)
    row = db.execute("select pgwhen.tick_and_claim(0, 10, %s)", [json.dumps({"id": "old", "contract": 1})]).fetchone()
    assert row and row[0]["connections"] is None


@pytest.mark.parametrize(
    ("text", "limit", "seconds", "shown"),
    [
        ("10 per second", 10, 1, "10 per second"),
        (" 1 Per 2 Seconds ", 1, 2, "1 per 2 seconds"),
        ("5000 per hour", 5000, 3600, "5000 per hour"),
        ("1 per 24 hours", 1, 86400, "1 per day"),
    ],
)
def test_rates(db: Connection, text: str, limit: int, seconds: int, shown: str) -> None:
    assert add(db, settings={"rate": text})["rate"] == shown
    assert db.execute("select rate_limit, rate_seconds from pgwhen.connections").fetchone() == (limit, seconds)


@pytest.mark.parametrize(
    "text", ["10", "0 per second", "ten per second", "-1 per day", "10 per year", "1e9 per day", ""]
)
def test_what_is_no_rate(db: Connection, text: str) -> None:
    with pytest.raises(psycopg.Error, match="is not a rate") as error:
        add(db, settings={"rate": text})
    assert error.value.sqlstate == "WF402"


@pytest.mark.parametrize("name", ["", "Mail", "1mail", "m ail", "é", "a" * 41, "x;drop", "-a", None])
def test_names(db: Connection, name: str | None) -> None:
    with pytest.raises(psycopg.Error, match="cannot be the name") as error:
        add(db, name)  # type: ignore[arg-type]
    assert error.value.sqlstate == "WF400"


@pytest.mark.parametrize(
    ("channel", "provider"),
    [
        ("fax", "resend"),
        ("delay", "x"),
        (None, "x"),
        ("email", ""),
        ("email", "Re Send"),
        ("email", None),
        ("message", "x"),
    ],
)
def test_channels_and_providers(db: Connection, channel: str | None, provider: str | None) -> None:
    with pytest.raises(psycopg.Error, match="there are no connections") as error:
        add(db, "x", channel, provider)  # type: ignore[arg-type]
    assert error.value.sqlstate == "WF401" and "email" in (error.value.diag.message_detail or "")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"password": "hunter22"}, "WF403"),
        ({"api_key": "hunter22"}, "WF403"),
        ({"key": "hunter22"}, "WF403"),
        ({"access_token": "hunter22"}, "WF403"),
        ({"client_secret": "hunter22"}, "WF403"),
        ({"base_url": "https://bob:hunter22@example.com/x"}, "WF403"),
        ({"base_url": "https://hooks.slack.com/services/hunter22"}, "WF403"),
        ({"from": "-----BEGIN PRIVATE KEY hunter22"}, "WF403"),
        ({"from": "re_hunter22hunter22"}, "WF403"),
        ({"from": "xoxb-hunter22"}, "WF403"),
        ({"from": "a\r\nBcc: hunter22@example.com"}, "WF402"),
        ({"from": ""}, "WF402"),
        ({"from": "hunter22" * 200}, "WF402"),
        ({"from": ["hunter22"]}, "WF402"),
        ({"From": "hunter22"}, "WF402"),
        ({"concurrency": 0}, "WF402"),
        ({"concurrency": "many"}, "WF402"),
        ({"concurrency": 1.5}, "WF402"),
        ("hunter22", "WF402"),
    ],
)
def test_settings_that_are_none_or_secrets_are_refused_and_not_repeated(
    db: Connection, settings: object, code: str
) -> None:
    with pytest.raises(psycopg.Error) as error:
        add(db, settings=settings)
    diag = error.value.diag
    assert error.value.sqlstate == code
    assert "hunter22" not in f"{diag.message_primary} {diag.message_detail} {diag.message_hint} {diag.context}"


@pytest.mark.parametrize(
    "reference",
    [
        "hunter22",
        "env:",
        "env:A-B",
        "env:A B",
        "env: hunter22",
        "file:hunter22",
        "file:",
        "file:/a\nhunter22",
        "http://hunter22",
        "",
        None,
        7,
        {"a": 1},
        ["env:A"],
    ],
)
def test_what_is_no_reference_is_refused_and_not_repeated(db: Connection, reference: object) -> None:
    if reference is None:
        assert add(db, secrets={"key": None})["secrets"] == {}  # null takes away
        return
    with pytest.raises(psycopg.Error, match="does not say where it is") as error:
        add(db, secrets={"key": reference})
    diag = error.value.diag
    assert error.value.sqlstate == "WF404"
    assert "hunter22" not in f"{diag.message_primary} {diag.message_detail} {diag.message_hint} {diag.context}"


def test_names_that_only_sound_like_a_secret(db: Connection) -> None:
    settings = {"token_url": "https://x.example/token", "key_id": "abc", "keyboard": "x"}
    assert add(db, settings=settings)["settings"] == settings


@pytest.mark.parametrize("provider", of_connections())
def test_the_settings_of_every_provider_may_be_set(db: Connection, provider: str) -> None:
    module = adapter(provider)
    settings = dict.fromkeys(module.SETTINGS, "x") | (
        {"api_key": "SK" + "0f" * 16} if "api_key" in module.SETTINGS else {}
    )
    secrets = dict.fromkeys(module.SECRETS, "env:X")
    made = add(db, "c", module.CHANNEL, provider, settings=settings, secrets=secrets)
    assert (made["settings"], made["secrets"]) == (settings, secrets)


@pytest.mark.parametrize("reference", ["env:A", "env:_a1", "file:/run/secrets/Schlüssel ä", "file:C:\\secrets\\key"])
def test_references(db: Connection, reference: str) -> None:
    assert add(db, secrets={"key": reference})["secrets"] == {"key": reference}


def test_a_second_one_of_that_name_is_refused(db: Connection) -> None:
    add(db)
    with pytest.raises(psycopg.Error, match="'mail' exists already") as error:
        add(db)
    assert error.value.sqlstate == "WF405" and "connections set mail" in (error.value.diag.message_hint or "")


def test_it_takes_the_place_of_the_environments_and_stays_paused(db: Connection) -> None:
    claim(db)
    db.execute("select pgwhen.pause_connection('smtp', 'quota')")
    made = add(db, "smtp", provider="smtp", secrets={"url": "env:SMTP_URL"})
    assert (made["origin"], made["status"], made["reason"]) == ("defined", "paused", "quota")
    claim(db)
    assert db.execute("select origin from pgwhen.connections").fetchall() == [("defined",)]


def test_one_default_for_each_channel(db: Connection) -> None:
    add(db, "a", default=True)
    add(db, "b", default=True)
    add(db, "c", "sms", "twilio", default=True)
    rows = db.execute("select name from pgwhen.connections where is_default order by name").fetchall()
    assert rows == [("b",), ("c",)]


def test_tenants_have_their_own(db: Connection, login: Callable[..., str]) -> None:
    add(db, default=True)
    dsn = login("pgwhen_operator")
    join(db, "test_pgwhen_operator", "acme")
    with psycopg.connect(dsn, autocommit=True) as acme:
        row = acme.execute("select settings, secrets, shared from pgwhen.list_connections()").fetchone()
        assert row == (None, None, True)
        add(acme, default=True, settings={"from": "acme@example.com"})
        row = acme.execute("select settings, shared, is_default from pgwhen.list_connections()").fetchone()
        assert row == ({"from": "acme@example.com"}, False, True)
    assert [(c["tenant"], c["is_default"]) for c in known(db)["connections"]] == [("acme", True), ("default", True)]
    assert db.execute("select settings ->> 'from' from pgwhen.list_connections()").fetchall() == [("shop@example.com",)]


def test_two_at_once_get_numbers_in_the_order_of_their_commits(dsn: str, db: Connection) -> None:
    def work(number: int) -> None:
        with psycopg.connect(dsn, autocommit=True) as own:
            add(own, f"mail{number}", default=True)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(12)))
    rows = db.execute(
        "select count(*), count(*) filter (where is_default), count(distinct revision) > 1 from pgwhen.connections"
    )
    assert rows.fetchone() == (12, 1, True)
    last = db.execute("select max(revision) from pgwhen.connections").fetchone()
    assert last == (known(db)["connections_revision"],)


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_app", "pgwhen_poller"])
def test_only_operators_may(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        add(connect(role))
