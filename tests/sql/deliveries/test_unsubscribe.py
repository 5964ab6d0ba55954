"""Unsubscribe links: what the poller makes, the database takes, and nothing else."""

import base64
import json
from typing import Any

import psycopg
import pytest

from pgwhen.poller.unsubscribe import link
from tests.sql.deliveries.support import Db, parameters

BASE = "https://example.com/unsubscribe"


@pytest.fixture
def granted(db: Db) -> Db:
    db.execute("insert into pgwhen.settings values ('unsubscribe_url', %s)", [json.dumps(BASE)])
    return db


def grant(db: Db, tenant: str = "default", category: str | None = "news", channel: str = "email") -> Any:
    row = db.execute("select pgwhen._unsubscribe_grant(%s, %s, %s)", [tenant, category, channel]).fetchone()
    assert row is not None
    return row[0]


def token(db: Db, address: str = "ann@example.com", **more: Any) -> str:
    return parameters(link(grant(db, **more), address))["t"]


def ask(db: Db, function: str, text: str) -> Any:
    row = db.execute(f"select pgwhen.{function}(%s)".encode(), [text]).fetchone()
    assert row is not None
    return row[0]


def suppressions(db: Db) -> list[tuple[Any, ...]]:
    return db.execute("select tenant, channel, address, category, reason, source from pgwhen.suppressions").fetchall()


def test_there_are_no_links_before_their_page_is_known(db: Db) -> None:
    assert grant(db) is None
    db.execute("insert into pgwhen.settings values ('unsubscribe_url', '\" \"')")
    assert grant(db) is None


def test_transactional_messages_have_none(granted: Db) -> None:
    assert grant(granted, category="transactional") is None


def test_a_link_is_the_same_each_time_and_one_line_of_a_header(granted: Db) -> None:
    first = link(grant(granted), "ann@example.com")
    assert first == link(grant(granted), "ann@example.com") and first.startswith(f"{BASE}?t=")
    assert first.isascii() and first.isprintable() and len(first) < 300
    assert link({**grant(granted), "url": f"{BASE}?lang=nl"}, "x").startswith(f"{BASE}?lang=nl&t=")


@pytest.mark.parametrize(
    "address", ["ann@example.com", "änn@exämple.com", "a|b@example.com", "x" * 240 + "@example.com"]
)
def test_it_takes_the_address_off_the_category(granted: Db, address: str) -> None:
    text = token(granted, address)
    before = ask(granted, "preview_unsubscribe", text)
    assert before["unsubscribed"] is False and suppressions(granted) == []
    assert before["category"] == "news" and before["channel"] == "email"
    assert address not in json.dumps(before) and before["address"].endswith(address.rpartition("@")[2])
    assert ask(granted, "unsubscribe", text)["changed"] is True
    assert suppressions(granted) == [("default", "email", address.lower(), "news", "opt_out", "unsubscribe")]
    assert ask(granted, "unsubscribe", text)["changed"] is False
    assert ask(granted, "preview_unsubscribe", text)["unsubscribed"] is True


def test_of_a_tenant_and_without_a_category(granted: Db) -> None:
    granted.execute("insert into pgwhen.tenants values ('acme') on conflict do nothing")
    assert ask(granted, "unsubscribe", token(granted, tenant="acme", category=None))["category"] is None
    assert suppressions(granted) == [("acme", "email", "ann@example.com", None, "opt_out", "unsubscribe")]


def test_old_links_go_on_working(granted: Db) -> None:
    old = token(granted)
    granted.execute("select pgwhen.rotate_signing_key('why')")
    new = token(granted)
    assert old != new
    assert ask(granted, "unsubscribe", old)["changed"] is True and ask(granted, "unsubscribe", new)["changed"] is False


def encoded(payload: str, signature: str) -> str:
    return base64.urlsafe_b64encode(payload.encode()).rstrip(b"=").decode() + "." + signature


def test_nothing_else_is_a_link(granted: Db) -> None:
    good = token(granted)
    payload, _, signature = good.partition(".")
    text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    bad = [
        *("", ".", "x", good[:-1], good + "A", payload, f"{payload}.", good.replace(".", "..")),
        *(encoded(text.replace("ann", "bob"), signature), encoded(text.replace("news", "all"), signature)),
        *(encoded(text.replace("default", "acme"), signature), encoded(text.replace("email", "sms"), signature)),
        *(encoded("99|" + text.partition("|")[2], signature), encoded("999999999999|x", signature)),
        *(encoded("|" * 4 + "x", signature), encoded("1|default|news|email|", signature)),
        *("_" * 40 + "." + signature, "A" * 3000 + "." + signature, "é" * 10, f"{payload}\n.{signature}"),
    ]
    for text in bad:
        with pytest.raises(psycopg.errors.Error) as error:
            ask(granted, "unsubscribe", text)
        assert error.value.sqlstate == "WF466", text
    for function in ("unsubscribe", "preview_unsubscribe"):
        with pytest.raises(psycopg.errors.Error) as error:
            granted.execute(f"select pgwhen.{function}(null)".encode())
        assert error.value.sqlstate == "WF466"
    assert suppressions(granted) == []


def test_the_key_of_one_category_makes_links_of_no_other(granted: Db) -> None:
    news, offers = grant(granted), grant(granted, category="offers")
    assert news["key"] != offers["key"]
    forged = parameters(link({**news, "subject": offers["subject"]}, "ann@example.com"))["t"]
    with pytest.raises(psycopg.errors.Error):
        ask(granted, "unsubscribe", forged)


def test_roles(granted: Db, connect: Any) -> None:
    text = token(granted)
    app = connect(user="pgwhen_app")
    assert ask(app, "preview_unsubscribe", text)["unsubscribed"] is False
    assert ask(app, "unsubscribe", text)["changed"] is True
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("select key from pgwhen.signing_keys")
    for role in ("pgwhen_viewer", "pgwhen_poller", "pgwhen_author"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(connect(user=role), "unsubscribe", text)
