"""Which connection a message leaves by: those of the database beside those of the environment."""

import json
from pathlib import Path
from typing import Any

import pytest

from pgwhen.poller.channels import NotConfigured
from pgwhen.poller.connections import Connections
from tests.poller.support import Connection, happen, run, settings, workflow
from tests.poller.test_loop import NO_WAIT, Running, column, states
from tests.servers import mail_server, providers, wait_until
from tests.sql.connections.support import add

SMTP = {"SMTP_URL": "smtp://localhost:1025", "SMTP_FROM": "a@x.org"}
RESEND = {"RESEND_API_KEY": "re", "RESEND_FROM_EMAIL": "b@x.org"}


def row(name: str, provider: str = "resend", channel: str = "email", **more: Any) -> dict[str, Any]:
    """A defined connection as the database hands it over."""
    given = {"tenant": "default", "settings": {"from": f"{name}@x.org"}, "secrets": {}, "is_default": False} | more
    secrets = {"resend": {"key": "env:K"}, "smtp": {"url": "env:U"}, "twilio": {"token": "env:T"}}
    return (
        {"name": name, "provider": provider, "channel": channel}
        | given
        | {"secrets": given["secrets"] or secrets.get(provider, {})}
    )


def known(*rows: dict[str, Any], environ: dict[str, str] | None = None) -> Connections:
    """Connections of an environment that has learnt some."""
    found = Connections(environ or {})
    found.learn(rows, 1)
    return found


def chosen(found: Connections, wanted: str | None = None, tenant: str = "default", channel: str = "email") -> str:
    """Name and tenant of what a step takes."""
    connection = found.choose(channel, wanted, tenant)
    return f"{connection.tenant}/{connection.name}/{connection.provider}"


# ---------------------------------------------------------------- the choice


def test_a_name_is_the_tenants_own_then_the_houses_then_the_environments() -> None:
    found = known(row("mail"), row("mail", "smtp", tenant="acme"), row("resend", tenant="acme"), environ=RESEND)
    assert chosen(found, "mail", "acme") == "acme/mail/smtp"
    assert chosen(found, "mail", "other") == "default/mail/resend"
    assert chosen(found, "resend", "other") == "default/resend/resend"
    assert found.choose("email", "resend", "acme").settings["from"] == "resend@x.org"
    assert found.find("resend", "other").settings["from"] == "b@x.org"


def test_a_step_that_names_none_takes_the_default_then_the_environments_then_the_only_one() -> None:
    rows = [row("a"), row("b", is_default=True), row("c", tenant="acme", is_default=True), row("d", tenant="acme")]
    found = known(*rows, environ=SMTP)
    assert chosen(found) == "default/b/resend"
    assert chosen(found, tenant="acme") == "acme/c/resend"
    assert chosen(known(row("a"), environ=SMTP)) == "default/smtp/smtp"
    assert chosen(known(row("a"))) == "default/a/resend"
    assert chosen(known(row("a"), row("b", tenant="acme")), tenant="acme") == "acme/b/resend"
    assert chosen(known(row("a"), row("x", tenant="other")), tenant="acme") == "default/a/resend"
    assert chosen(known(environ=SMTP | RESEND | {"PGWHEN_EMAIL": "resend"})) == "default/resend/resend"


def test_the_environment_may_choose_a_defined_one() -> None:
    assert chosen(known(row("a"), row("b"), environ=SMTP | {"PGWHEN_EMAIL": "b"})) == "default/b/resend"


def test_what_is_chosen_is_what_a_frozen_message_finds() -> None:
    """The name alone is frozen: a name of the house that the tenant has too is the tenant's."""
    found = known(row("mail", is_default=True), row("mail", "smtp", tenant="acme"), environ=RESEND)
    assert chosen(found, tenant="acme") == "acme/mail/smtp"
    found = known(row("resend", "smtp", tenant="acme"), environ=RESEND)
    assert chosen(found, tenant="acme") == "acme/resend/smtp"
    assert chosen(found, tenant="other") == "default/resend/resend"


@pytest.mark.parametrize(
    ("rows", "wanted", "tenant", "message"),
    [
        ([], None, "default", "no provider for email: set SMTP_URL.* or pgwhen connections add"),
        (
            [row("a"), row("b")],
            None,
            "default",
            r"2 connections for email \(a, b\), and none is the default: pgwhen conn",
        ),
        ([row("a"), row("b")], None, "acme", "2 connections for email"),
        ([row("a")], "nope", "default", "the connection nope is not configured for email: pgwhen connections add"),
        ([row("a", tenant="other")], "a", "acme", "the connection a is not configured for email"),
        ([row("a", tenant="other")], None, "acme", "no provider for email"),
        ([row("t", "twilio", "sms")], "t", "default", "t is not configured for email: it is one for sms"),
        ([row("a", "pigeon")], "a", "default", "pigeon, which this version of pgwhen does not know: upgrade"),
        ([row("a", "twilio")], "a", "default", "twilio, which is not a provider for email"),
        (
            [row("a", secrets={"other": "env:X"})],
            "a",
            "default",
            "lacks key: pgwhen connections set a --secret key=env:",
        ),
    ],
)
def test_errors_name_what_is_missing_and_the_command(
    rows: list[dict[str, Any]], wanted: str | None, tenant: str, message: str
) -> None:
    with pytest.raises(NotConfigured, match=message):
        known(*rows).choose("email", wanted, tenant)


def test_an_unknown_provider_harms_nobody_else() -> None:
    found = known(row("a", "pigeon"), row("b", is_default=True))
    assert chosen(found) == "default/b/resend"


def test_what_was_learnt_is_replaced_whole() -> None:
    found = known(row("a"), row("b"))
    found.learn(None, None)
    assert found.revision == 1 and len(found.defined) == 2
    found.learn([row("b")], 2)
    assert found.revision == 2 and chosen(found) == "default/b/resend"
    with pytest.raises(NotConfigured, match="the connection a, by which the message was to leave"):
        found.find("a")
    with pytest.raises(NotConfigured, match="pgwhen connections add a"):
        found.find("a")


# ---------------------------------------------------------------- sending by them

EMAIL = {"to": "{{ new.email }}", "subject": "Hello", "text": "Dear {{ new.name }}"}


def letter(**definition: Any) -> dict[str, Any]:
    """A step that writes to the row's address."""
    return {"id": "write", "type": "email", "definition": EMAIL | definition, "reads": [["new"]], "retry": NO_WAIT}


def give(db: Connection, tenant: str) -> None:
    """Let a tenant own what the test has made."""
    for table in ("attachments", "workflows", "connections"):
        db.execute(f"update pgwhen.{table} set tenant = %s", [tenant])  # type: ignore[arg-type]
    db.execute("update pgwhen.connection_revisions set revision = revision + 1")


BOB = {"id": 1, "email": "bob@example.com", "name": "Bób"}


def test_a_message_leaves_by_a_defined_connection(db: Connection, dsn: str) -> None:
    with providers() as ours:
        add(
            db,
            settings={"from": "Shop <shop@example.com>", "base_url": ours.server.url},
            secrets={"key": "env:SHOP_KEY"},
        )
        happen(db, workflow(db, letter(connection="mail")), BOB)
        assert run(dsn, {"SHOP_KEY": "re_test"}).ok == 1
        (mail,) = ours.resend
    assert (mail["from"], mail["to"]) == ("Shop <shop@example.com>", ["bob@example.com"])
    assert column(db, "select connection from pgwhen.frozen_messages") == ["mail"]


def test_a_connection_that_is_added_while_a_poller_runs_is_there_for_the_next_message(db: Connection, dsn: str) -> None:
    made = workflow(db, letter(connection="mail"))
    with providers() as ours, Running(settings(dsn, {"SHOP_KEY": "re_test"}, once=False, fallback=0.2)) as running:
        assert wait_until(lambda: running.settings.connections.revision is not None, 10)
        assert running.settings.connections.defined == []
        add(db, settings={"from": "a@x.org", "base_url": ours.server.url}, secrets={"key": "env:SHOP_KEY"})
        happen(db, made, BOB)
        assert wait_until(lambda: ours.resend, 10)
        happen(db, made, BOB | {"id": 2})
        assert wait_until(lambda: len(ours.resend) == 2, 10)
    assert states(db) == {"completed": 2}


def test_a_changed_file_counts_for_the_next_attempt(db: Connection, dsn: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("re_old\n")
    made = workflow(db, letter(connection="mail"))
    with providers() as ours:
        add(db, settings={"from": "a@x.org", "base_url": ours.server.url}, secrets={"key": f"file:{key}"})
        happen(db, made, BOB)
        run(dsn)
        assert states(db) == {"held": 1} and not ours.resend
        key.write_text("re_test\n")
        db.execute("select pgwhen.resume_connection('mail')")
        assert run(dsn).ok == 1
    assert states(db) == {"completed": 1}


@pytest.mark.parametrize(
    ("secrets", "reason"),
    [
        ({"key": "env:NOT_THERE"}, "connection mail: env:NOT_THERE is not set where this poller runs"),
        ({"key": "file:/not/there"}, "file:/not/there cannot be read where this poller runs: No such file"),
        ({"key": "file:/"}, "file:/ cannot be read|Is a directory"),
    ],
)
def test_a_secret_that_is_not_there_pauses_the_connection_and_burns_nothing(
    db: Connection, dsn: str, secrets: dict[str, str], reason: str
) -> None:
    if secrets == {"key": "file:/"}:
        secrets = {"key": "file:/tmp"}
    add(db, secrets=secrets)
    happen(db, workflow(db, letter(connection="mail")), BOB)
    run(dsn)
    assert states(db) == {"held": 1}
    (said,) = column(db, "select reason from pgwhen.connections where name = 'mail'")
    assert any(part in said for part in reason.replace("file:/ cannot", "file:/tmp cannot").split("|"))
    assert column(db, "select status from pgwhen.connections") == ["paused"]


def test_a_tenant_uses_its_own_secrets_only(db: Connection, dsn: str, tmp_path: Path) -> None:
    """Whoever may define a connection decides where its secrets go: those of the house are not a tenant's to send."""
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    with providers() as ours:
        add(db, settings={"from": "a@x.org", "base_url": ours.server.url}, secrets={"key": "env:HOUSE_KEY"})
        made = workflow(db, letter(connection="mail"))
        give(db, "acme")
        happen(db, made, BOB)
        environ = {"HOUSE_KEY": "re_test"}
        run(dsn, environ)
        (said,) = column(db, "select reason from pgwhen.connections")
        assert "the tenant acme may not use env:HOUSE_KEY" in said and "PGWHEN_TENANT_SECRETS=acme=" in said
        assert ours.server.received == []
        db.execute("update pgwhen.connections set status = 'active', reason = null")
        db.execute("select pgwhen._release_connection('acme', 'mail')")
        run(dsn, environ | {"PGWHEN_TENANT_SECRETS": "other=env:*, acme=env:HOUSE_*"})
    assert states(db) == {"completed": 1}


def test_the_address_of_a_tenants_connection_is_guarded(db: Connection, dsn: str) -> None:
    """base_url of the house is trusted; a tenant's operator must not reach the network of the house by one."""
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    environ = {"K": "re_test", "PGWHEN_TENANT_SECRETS": "acme=env:K", "PGWHEN_HTTP_ALLOW": ""}
    with providers() as ours:
        add(db, settings={"from": "a@x.org", "base_url": ours.server.url}, secrets={"key": "env:K"})
        made = workflow(db, letter(connection="mail"))
        happen(db, made, BOB)
        run(dsn, environ)
        assert len(ours.resend) == 1
        give(db, "acme")
        happen(db, made, BOB | {"id": 2})
        run(dsn, environ)
        assert len(ours.resend) == 1
    (error,) = column(db, "select error from pgwhen.execution_steps where status = 'failed'")
    assert "private or reserved" in error["message"]


def test_defaults_serve_steps_that_name_none(db: Connection, dsn: str) -> None:
    with mail_server() as house, mail_server() as mine:
        add(db, "a", provider="smtp", settings={"from": "a@x.org"}, secrets={"url": "env:A"}, default=True)
        happen(db, workflow(db, letter()), BOB)
        run(dsn, {"A": mine.url, "SMTP_URL": house.url, "SMTP_FROM": "b@x.org"})
        assert (len(house.received), len(mine.received)) == (0, 1)
    assert column(db, "select connection from pgwhen.frozen_messages") == ["a"]


def test_a_message_whose_connection_went_away_is_tried_again_and_fails_with_the_command(
    db: Connection, dsn: str
) -> None:
    add(db, "a", provider="smtp", settings={"from": "a@x.org"}, secrets={"url": "env:A"})
    happen(db, workflow(db, letter(connection="a")), BOB)
    db.execute("update pgwhen.connections set throttled_until = now() + interval '1 hour'")
    run(dsn, {"A": "smtp://127.0.0.1:1"})
    assert states(db) == {"sleeping": 1}
    db.execute("select pgwhen.remove_connection('a', true)")
    db.execute("update pgwhen.sleepers set due_at = now()")
    run(dsn, {"A": "smtp://127.0.0.1:1"})
    (error,) = column(db, "select error from pgwhen.execution_steps")
    assert error["code"] == "not_configured" and "pgwhen connections add a" in error["message"]


def test_what_is_wrong_with_a_url_is_said_without_it(db: Connection, dsn: str) -> None:
    add(db, "a", provider="smtp", settings={"from": "a@x.org"}, secrets={"url": "env:A"})
    happen(db, workflow(db, letter(connection="a")), BOB)
    run(dsn, {"A": "smtp://bob:pl4nted/secr3t@mail.example:587"})
    (said,) = column(db, "select reason from pgwhen.connections")
    assert said.startswith("connection a: ") and "pl4nted" not in said and "secr3t" not in said
    assert "pl4nted" not in json.dumps(column(db, "select to_jsonb(a) from pgwhen.attempts a"), default=str)
