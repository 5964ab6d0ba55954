"""connections: define, show, try, pause and remove what messages leave by."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.cli.support import Cli, process
from tests.servers import Answer, http_server, mail_server, providers
from tests.sql.connections.support import join
from tests.sql.engine.support import Connection, claim, define, freeze, happen, perform


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_pause_and_resume(cli: Cli, db: Connection) -> None:
    assert cli("connections").err == "no connection is known yet\n"
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db)
    assert "smtp" in cli("connections").out
    assert cli("connections", "pause", "smtp", "--reason", "quota", "--json").json == {
        "name": "smtp",
        "result": "paused",
    }
    freeze(db, actions, "smtp")
    (row,) = cli("connections", "list", "--json").json
    assert (row["status"], row["reason"], row["held"]) == ("paused", "quota", 1)
    assert cli("connections", "resume", "smtp").out == "smtp: active again; 1 actions released\n"
    assert perform(db) == ["a"]
    done = cli("connections", "pause", "nope")
    assert done.code == 1 and "Known: smtp" in done.err


def test_define_show_change_and_remove(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "re_123")
    done = cli(
        "connections", "add", "mail", "--provider", "resend", "--secret", "env:SHOP_KEY", "--set", "from=ü@x.org"
    )
    assert (done.code, done.out, done.err) == (0, "mail: added\n", "")
    shown = cli("connections", "show", "mail").out
    assert "from=ü@x.org" in shown and "key=env:SHOP_KEY" in shown and "re_123" not in shown
    done = cli(
        "connections", "set", "mail", "rate=10 per second", "concurrency=5", "from=", "--secret", "file:/run/key"
    )
    assert done.out == "mail: changed\n" and "cannot send from here: file:/run/key cannot be read: No such" in done.err
    row = cli("connections", "show", "mail", "--json").json
    assert (row["settings"], row["secrets"], row["rate"]) == ({}, {"key": "file:/run/key"}, "10 per second")
    assert "10 per second" in cli("connections").out
    assert cli("connections", "set", "mail", "--unset", "rate", "--json").json["rate"] is None
    assert cli("connections", "default", "mail").out == "mail: now the default for email\n"
    assert cli("connections", "default", "mail", "--off").out == "mail: no longer the default for email\n"
    assert cli("connections", "remove", "mail", "--reason", "moved").out == "mail: removed\n"
    assert cli("connections", "show", "mail").code == 1


def test_two_secrets_and_a_default(cli: Cli) -> None:
    more = ["--secret", "token=env:T", "--set", "account=AC1", "--set", "from=+31612345678", "--default", "--json"]
    done = cli("connections", "add", "text", "--provider", "twilio", *more)
    assert done.json["is_default"] is True and done.json["channel"] == "sms"
    assert "it cannot send from here: env:T is not set. What counts is where pollers run" in done.err
    done = cli("connections", "add", "other", "--provider", "messagebird", "--secret", "env:M")
    assert "connections default other makes it what the others leave by" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "m", "--provider", "pigeon"], "'pigeon' is not one of 'smtp'"),
        (["add", "m", "--provider", "resend"], "resend needs --secret key=env:VARIABLE (API key)"),
        (["add", "m", "--provider", "ses"], "in place of region, user and password), or region and user and password"),
        (["add", "m", "--provider", "smtp"], "with user and password), or host"),
        (["add", "m", "--provider", "twilio", "--secret", "env:T"], "twilio needs --set account=... (account SID)"),
        (
            ["add", "m", "--provider", "resend", "--secret", "env:A", "--set", "color=red"],
            "resend has no setting color",
        ),
        (
            ["add", "m", "--provider", "resend", "--secret", "other=env:A"],
            "resend has no secret other; it has: key, from",
        ),
        (["add", "m", "--provider", "resend", "--set", "key=x"], "key is a secret: --secret key=env:VARIABLE"),
        (
            ["add", "m", "--provider", "resend", "--secret", "env:A", "--set", "from"],
            "a setting is given as NAME=VALUE",
        ),
        (["add", "m", "--provider", "resend", "--secret", "abc"], "--secret says where the secret is"),
        (["add", "m", "--provider", "resend", "--secret", "file:relative"], "--secret says where the secret is"),
        (["set", "m"], "nothing to change"),
        (["set", "mail", "--unset", "color"], "resend has neither a setting nor a secret color"),
        (["set", "mail", "rate=fast"], "'fast' is not a rate"),
        (["set", "nope", "rate=1 per day"], "connection 'nope' does not exist"),
        (["add", "mail", "--provider", "resend", "--secret", "env:A"], "connection 'mail' exists already"),
        (["add", "Mail!", "--provider", "resend", "--secret", "env:A"], "cannot be the name of a connection"),
        (["default", "nope"], "connection 'nope' does not exist"),
        (["remove", "nope"], "connection 'nope' does not exist"),
        (["test", "nope"], "connection nope cannot be tried: there is none of that name; known: mail"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(cli: Cli, arguments: list[str], message: str) -> None:
    cli("connections", "add", "mail", "--provider", "resend", "--secret", "env:A")
    done = cli("connections", *arguments)
    assert done.code in (1, 2) and message in done.err and done.out == ""


@pytest.mark.parametrize(
    ("provider", "setting", "said"),
    [
        ("resend", "batch=x", "resend: batch is 'x': it is the most messages in one call, 1 (none together) to 100"),
        ("sendgrid", "batch=1001", "batch is '1001': it is the most messages in one call, 1 (none together) to 1000"),
        ("sendgrid", "region=mars", "region is 'mars'; it is eu or us"),
        ("mailgun", "region=asia", "region is 'asia'; it is eu or us"),
        ("mailgun", "domain=https://x.org", "domain is 'https://x.org': it is the name of a domain"),
        ("resend", "from=nobody", "from: 'nobody' is not an e-mail address"),
        ("resend", "base_url=ftp://x.org", "base_url is 'ftp://x.org': it is an http or https URL"),
        ("smtp", "tls=maybe", "smtp: tls is 'maybe'; it is starttls, tls or none"),
        ("smtp", "port=smtp", "port is 'smtp', not a number from 1 to 65535"),
        ("smtp", "host=smtp://x.org", "host is 'smtp://x.org': it is the name or address of a server"),
        ("ses", "tls=maybe", "tls is 'maybe'; it is starttls, tls or none"),
        ("ses", "region=Ireland", "region is 'Ireland'; it is one like eu-west-1"),
        ("twilio", "max_segments=many", "max_segments is 'many', not a number from 1 to 255"),
        ("telnyx", "callback_url=x.org", "callback_url: 'x.org' is not an http or https URL"),
        ("messagebird", "from=A name that is long", "from: 'A name that is long' is not a number, a short code"),
        ("bird", "max_segments=0", "max_segments is '0', not a number from 1 to 255"),
        ("fcm", "validate_only=maybe", "validate_only: 'maybe' is not true or false"),
        ("fcm", "project=My project", "project is 'My project': it is the id of a project"),
        ("slack", "base_url=slack.com", "base_url is 'slack.com': it is an http or https URL"),
        ("http", "base_url=https://x.org?a=b", "base_url is 'https://x.org?a=b': it is an http or https URL"),
        ("http", "token_url=x.org/token", "token_url is 'x.org/token': it is an http or https URL"),
        ("http", "header=Host", "header: 'Host' cannot be set"),
    ],
)
def test_a_value_that_cannot_be_is_refused(cli: Cli, db: Connection, provider: str, setting: str, said: str) -> None:
    channel = next(
        row["channel"] for row in cli("connections", "providers", "--json").json if row["provider"] == provider
    )
    db.execute("select pgwhen.add_connection('c', %s, %s, '{}', '{}')", [channel, provider])
    for how in ([setting], ["--set", setting]):
        done = cli("connections", "set", "c", *how)
        assert done.code == 2 and said in done.err
    assert cli("connections", "show", "c", "--json").json["settings"] == {}


def test_one_with_such_a_value_is_not_added(cli: Cli) -> None:
    done = cli("connections", "add", "c", "--provider", "resend", "--secret", "env:A", "--set", "batch=x")
    assert done.code == 2 and "resend: batch is 'x'" in done.err and done.out == ""
    done = cli("connections", "add", "c", "--provider", "smtp", "--set", "host=x.org", "--set", "tls=maybe")
    assert done.code == 2 and "smtp: tls is 'maybe'" in done.err
    assert cli("connections", "list", "--json").json == []


@pytest.mark.parametrize(
    ("provider", "settings"),
    [
        ("resend", ["batch=1", "from=Acme <a@x.org>", "base_url=http://127.0.0.1:8080/api"]),
        ("smtp", ["host=::1", "port=2525", "tls=none", "from=ü@xn--bcher-kva.example"]),
        ("ses", ["region=us-gov-west-1"]),
        ("twilio", ["from=MG0123456789abcdef", "max_segments=255", "callback_url=https://x.org/in?a=b"]),
        ("telnyx", ["from=Acme", "profile=4001"]),
        ("fcm", ["validate_only=TRUE", "project=shop-4711"]),
        ("http", ["base_url=https://x.org/api/", "header=X-Key"]),
    ],
)
def test_a_value_that_can_be_is_taken(cli: Cli, db: Connection, provider: str, settings: list[str]) -> None:
    channel = next(
        row["channel"] for row in cli("connections", "providers", "--json").json if row["provider"] == provider
    )
    db.execute("select pgwhen.add_connection('c', %s, %s, '{}', '{}')", [channel, provider])
    done = cli("connections", "set", "c", *settings)
    assert done.code == 0, done.err


def test_one_that_is_in_use_is_removed_by_force_only(cli: Cli, db: Connection) -> None:
    cli("connections", "add", "mail", "--provider", "resend", "--secret", "env:A")
    define(db, [{"id": "a"}], name="letters")
    db.execute('update pgwhen.steps set definition = \'{"connection": "mail"}\'')
    done = cli("connections", "remove", "mail")
    assert done.code == 1 and "named by letters" in done.err and "--force" in done.err
    done = cli("connections", "remove", "mail", "--force")
    assert done.code == 0 and "steps of letters name it" in done.err


def test_providers_say_what_they_need(cli: Cli) -> None:
    done = cli("connections", "providers")
    assert "key*: API key" in done.out and "RESEND_API_KEY: key" in done.out and "rate" in done.err
    rows = {row["provider"]: row for row in cli("connections", "providers", "--json").json}
    assert rows["twilio"]["required"] == ["account", "token"] and rows["twilio"]["channel"] == "sms"
    assert "document" not in rows and {"smtp", "fcm", "slack"} <= set(rows)
    assert len(cli("connections", "providers", "resend", "--json").json) == 1


# ---------------------------------------------------------------- test


def test_a_real_message_by_a_defined_connection(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "re_test")
    with providers() as ours:
        settings = ["--set", f"base_url={ours.server.url}", "--set", "from=a@x.org"]
        cli("connections", "add", "mail", "--provider", "resend", "--secret", "env:SHOP_KEY", *settings)
        done = cli("connections", "test", "mail", "--to", "bob@example.com")
        assert done.code == 0 and done.out == "mail: ok, a message went to bob@example.com\n"
        (mail,) = ours.resend
        assert mail["to"] == ["bob@example.com"] and "test of the connection mail" in mail["subject"]
        monkeypatch.setenv("SHOP_KEY", "re_wrong")
        done = cli("connections", "test", "mail", "--to", "bob@example.com", "--json")
        assert done.code == 3 and done.json["class"] == "auth" and "re_wrong" not in done.out + done.err
        assert "pgwhen connections set mail --secret key=env:VARIABLE" in done.err
        monkeypatch.delenv("SHOP_KEY")
        done = cli("connections", "test", "mail", "--to", "bob@example.com")
        assert done.code == 3 and "env:SHOP_KEY is not set where this poller runs" in done.out
        assert "nothing was tried; pgwhen connections show mail" in done.err
        done = cli("connections", "test", "mail", "--to", "not an address")
        assert done.code == 3
        cli("connections", "pause", "mail", "--reason", "quota")
        assert "it is paused: quota" in cli("connections", "test", "mail", "--to", "bob@example.com").err
        assert len(ours.resend) == 1


def test_one_of_this_environment(dsn: str, db: Connection, tmp_path: Path) -> None:
    with mail_server("starttls", login=("bob", "s3cret-pass")) as server:
        environ = {"SMTP_URL": server.url, "SMTP_FROM": "a@x.org"}
        done = process(dsn, "connections", "test", "smtp", "--to", "bob@example.com", **environ)
        assert (done.code, done.out) == (0, "smtp: ok, a message went to bob@example.com\n")
        assert len(server.received) == 1
        environ["SMTP_URL"] = server.url.replace("s3cret-pass", "wr0ng-pass")
        done = process(dsn, "connections", "test", "smtp", "--to", "bob@example.com", **environ)
        assert done.code == 3 and "535" in done.out and "wr0ng-pass" not in done.out + done.err
    claim(db)
    done = process(dsn, "connections", "test", "smtp", "--to", "bob@example.com")
    assert done.code == 1 and "its variables are not set where this command runs" in done.err


def test_a_probe_sends_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "tw_test")
    with providers() as ours:
        settings = ["--set", f"base_url={ours.server.url}", "--set", "account=AC123", "--set", "from=+15005550006"]
        cli("connections", "add", "text", "--provider", "twilio", "--secret", "env:T", *settings)
        done = cli("connections", "test", "text", "--json")
        assert done.json["to"] is None and ours.twilio == [] and len(ours.server.received) == 1
        assert ours.server.received[0].method == "GET"


def test_a_webhook_has_its_own_channel(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_server(lambda call: Answer(200, b"ok")) as server:
        monkeypatch.setenv("HOOK", f"{server.url}/services/T0/B0/secretsecret")
        cli("connections", "add", "hook", "--provider", "slack_webhook", "--secret", "env:HOOK")
        monkeypatch.setenv("PGWHEN_HTTP_ALLOW", "127.0.0.0/8")
        done = cli("connections", "test", "hook", "--to", "#general")
        assert done.code == 0, done.out + done.err
        assert server.received[0].json == {"text": "This is a test of the connection hook."}
        assert "secretsecret" not in done.out + done.err


def test_a_shared_one_is_the_houses_to_try(cli: Cli, login: Callable[..., str], db: Connection) -> None:
    cli("connections", "add", "mail", "--provider", "resend", "--secret", "env:A")
    dsn = login("pgwhen_operator")
    join(db, "test_pgwhen_operator", "acme")
    done = process(dsn, "connections", "test", "mail", "--to", "bob@example.com")
    assert done.code == 1 and "belongs to the tenant default" in done.err
    done = process(dsn, "connections", "add", "mail", "--provider", "resend", "--secret", "env:A", A="x")
    assert done.code == 0 and "PGWHEN_TENANT_SECRETS=acme=env:A" in done.err
    done = process(dsn, "connections", "list", "--json")
    assert [row["shared"] for row in done.json] == [False]


def test_a_viewer_looks_and_changes_nothing(login: Callable[..., str], cli: Cli) -> None:
    cli("connections", "add", "mail", "--provider", "resend", "--secret", "env:A")
    dsn = login("pgwhen_viewer")
    assert process(dsn, "connections", "show", "mail").code == 0
    for arguments in (["remove", "mail"], ["default", "mail"], ["set", "mail", "rate=1 per day"], ["pause", "mail"]):
        done = process(dsn, "connections", *arguments)
        assert done.code == 1 and "permission denied" in done.err


# ---------------------------------------------------------------- doctor and publish


def test_doctor_tells_of_what_is_named_and_missing(cli: Cli, db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        cli("connections", "add", name, "--provider", "resend", "--secret", "env:SHOP_KEY")
    define(db, [{"id": "a", "type": "email"}, {"id": "b", "type": "sms"}], name="letters")
    db.execute("update pgwhen.steps set definition = '{\"connection\": \"nope\"}' where step_id = 'a'")
    db.execute("update pgwhen.steps set definition = '{\"connection\": \"a\"}' where step_id = 'b'")

    def told() -> list[tuple[str, str]]:
        rows = cli("doctor", "--json").json
        return sorted((row["status"], row["detail"]) for row in rows if row["check_name"] == "connections")

    wrong = [
        ("error", "2 connections for email (a, b), and none is the default"),
        ("error", "letters names the connection a, which is for email, not sms"),
        ("error", "letters names the connection nope, which does not exist"),
    ]
    lacks = "cannot send from this environment: env:SHOP_KEY is not set"
    assert told() == [*wrong, ("warning", f"a {lacks}"), ("warning", f"b {lacks}")]
    monkeypatch.setenv("SHOP_KEY", "re_x")
    assert told() == wrong
    cli("connections", "default", "a")
    db.execute("update pgwhen.steps set definition = '{}'")
    assert told() == []
    db.execute(
        "update pgwhen.connections set opened_until = now() + interval '1 minute', failures = 5 where name = 'a'"
    )
    (row,) = [row for row in cli("doctor", "--json").json if row["check_name"] == "connection a"]
    assert row["status"] == "warning" and " UTC, after 5 failures in a row" in row["detail"]
    assert "5 failures in a row" in cli("connections").out
    db.execute("update pgwhen.connections set opened_until = now() - interval '1 second' where name = 'a'")
    (row,) = [row for row in cli("doctor", "--json").json if row["check_name"] == "connection a"]
    assert "lets one message try" in row["detail"]
    assert "one message tries: 5 failures in a row" in cli("connections", "show", "a").out
    db.execute("update pgwhen.connections set throttled_until = now() + interval '1 hour' where name = 'b'")
    assert "(in 60 min): throttled" in cli("connections", "show", "b").out


def test_requests_need_no_default(cli: Cli) -> None:
    for name in ("crm", "shop"):
        cli("connections", "add", name, "--provider", "http", "--set", "base_url=https://x.example.com")
    assert not [row for row in cli("doctor", "--json").json if "none is the default" in row["detail"]]


def test_publishing_warns_of_a_connection_that_is_not_there(cli: Cli, db: Connection, tmp_path: Path) -> None:
    cli("connections", "add", "mail", "--provider", "resend", "--secret", "env:A")
    file = tmp_path / "letters.yaml"
    source = """
workflow: letters
name: Letters
when: {{event: order.paid}}
steps:
  - id: write
    type: {type}
    to: "{to}"
    {subject}
    text: Hello
    connection: {name}
"""

    def warnings(name: str, type_: str = "email") -> str:
        to, subject = ("bob@example.com", "subject: Hi") if type_ == "email" else ("+31612345678", "")
        file.write_text(source.format(name=name, type=type_, to=to, subject=subject))
        done = cli("validate", str(file))
        assert done.code == 0, done.err
        return done.out + done.err

    assert "WF408" not in warnings("mail")
    assert "WF408" in (said := warnings("mial")) and "mail" in said
    assert "the connection mail is for email" in warnings("mail", "sms")
    with psycopg.connect(cli.dsn) as own:
        own.execute("delete from pgwhen.connections")
    assert "pgwhen connections add mail" in warnings("mail")
