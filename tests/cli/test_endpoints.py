"""endpoints: add, list, show, move, rotate, disable, enable, remove, recover, test."""

import stat
from base64 import b64decode
from pathlib import Path

import pytest

from pgwhen.poller.channels import webhook
from tests.cli.support import Cli, process
from tests.servers import Answer, http_server
from tests.sql.engine.support import executions
from tests.sql.http.support import Connection, add, begin, freeze, report, show, tell

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_a_life(cli: Cli, db: Connection) -> None:
    assert cli("endpoints").err == "no endpoint is registered\n"
    done = cli("endpoints", "add", "orders", "https://example.com/hooks", "--secret", "env:ORDERS_SECRET")
    assert (done.code, done.out) == (0, "orders: added\n")
    assert "https://example.com/hooks" in cli("endpoints", "list").out
    assert cli("endpoints", "move", "orders", "https://new.example/", "--json").json == {
        "name": "orders",
        "result": "moved",
    }
    shown = cli("endpoints", "show", "orders")
    assert "env:ORDERS_SECRET" in shown.out and "https://new.example/" in shown.out and "active" in shown.out
    done = cli("endpoints", "rotate", "orders", "--secret", "env:TWO", "--overlap", "2h")
    assert done.out.startswith("orders: signed with env:TWO, env:ORDERS_SECRET until ")
    assert cli("endpoints", "disable", "orders", "--reason", "they asked").out == "orders: disabled\n"
    (row,) = cli("endpoints", "list", "--json").json
    assert (row["status"], row["reason"]) == ("disabled", "they asked")
    assert "disabled: they asked" in cli("endpoints", "show", "orders").out
    assert cli("endpoints", "enable", "orders").out == "orders: enabled; 0 webhooks go on\n"
    assert cli("endpoints", "enable", "orders", "--json").json == {"name": "orders", "enabled": False, "released": 0}
    assert cli("endpoints", "remove", "orders").out == "orders: removed\n"
    done = cli("endpoints", "show", "orders")
    assert done.code == 1 and "endpoint 'orders' does not exist" in done.err and "pgwhen endpoints add" in done.err


def test_errors_say_what_to_do(cli: Cli) -> None:
    done = cli("endpoints", "add", "orders", "https://x.test", "--secret", "whsec_c2VjcmV0")
    assert done.code == 1 and "not a reference to a secret" in done.err and "env:VARIABLE" in done.err
    assert "whsec_c2VjcmV0" not in done.err
    assert cli("endpoints", "add", "orders", "https://x.test").code == 2
    assert cli("endpoints", "add", "orders", "https://x.test", "--generate", "/tmp/x").code == 2
    assert cli("endpoints", "add", "orders", "https://x.test", "--secret", "env:A", "--generate", "file:/x").code == 2
    assert "user name" in cli("endpoints", "add", "orders", "https://a:b@x.test", "--secret", "env:A").err
    assert cli("endpoints", "rotate", "nope", "--secret", "env:A").code == 1
    cli("endpoints", "add", "orders", "https://x.test", "--secret", "env:A")
    assert cli("endpoints", "rotate", "orders", "--secret", "env:B", "--overlap", "2026-01-01").code == 2
    assert cli("endpoints", "recover", "orders").code == 2


def test_a_secret_can_be_made(cli: Cli, db: Connection, tmp_path: Path) -> None:
    path = tmp_path / "orders.secret"
    done = cli("endpoints", "add", "orders", "https://x.test", "--generate", f"file:{path}")
    assert done.code == 0 and str(path) in done.err
    text = path.read_text().strip()
    assert text.startswith("whsec_") and len(b64decode(text.removeprefix("whsec_"))) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert text not in done.out + done.err
    assert show(db)["signing"] == [f"file:{path}"]
    # Neither a file that is there nor an endpoint that is there is written over.
    assert cli("endpoints", "rotate", "orders", "--generate", f"file:{path}").code == 2
    done = cli("endpoints", "add", "orders", "https://x.test", "--generate", f"file:{tmp_path / 'other'}")
    assert done.code == 1 and not (tmp_path / "other").exists()
    assert path.read_text().strip() == text
    assert cli("endpoints", "rotate", "orders", "--generate", f"file:{tmp_path / 'two'}").code == 0
    assert show(db)["signing"] == [f"file:{tmp_path / 'two'}", f"file:{path}"]
    done = cli("endpoints", "add", "more", "https://x.test", "--generate", f"file:{tmp_path}/no/folder")
    assert done.code == 1 and "cannot be written" in done.err


def test_recover(cli: Cli, db: Connection) -> None:
    add(db)
    actions = begin(db, tell(db), 1, 2)
    freeze(db, actions)
    assert "no webhook to orders failed" in cli("endpoints", "recover", "orders", "--since", "1h").err
    report(db, actions, "permanent", {"ok": False})
    assert "2 webhooks: pgwhen endpoints recover orders" in cli("endpoints", "show", "orders").out
    done = cli("endpoints", "recover", "orders", "--since", "1h", "--dry-run")
    assert done.out.startswith("orders: 2 executions can be retried\n")
    assert executions(db) == ["failed"] * 2
    assert cli("endpoints", "recover", "orders", "--since", "1h").code == 2  # nobody is there to be asked
    done = cli("endpoints", "recover", "orders", "--since", "1h", "--yes")
    assert (done.code, done.out) == (0, "orders: 2 executions retried\n")
    assert executions(db) == ["running"] * 2
    assert cli("endpoints", "recover", "orders", "--since", "1h", "--yes", "--json").json == []


def test_what_could_not_be_rendered_is_counted_and_left_out(cli: Cli, db: Connection) -> None:
    add(db)
    actions = begin(db, tell(db), 1, 2, 3)
    report(db, actions[:2], "permanent", {})
    done = cli("endpoints", "recover", "orders", "--since", "1h")
    assert done.code == 0 and done.out.startswith("orders: 0 executions retried\n"), "there is nothing to be asked"
    freeze(db, actions[2:])
    report(db, actions[2:], "permanent", {"ok": False})
    assert "1 webhook: pgwhen endpoints recover orders" in cli("endpoints", "show", "orders").out
    done = cli("endpoints", "recover", "orders", "--since", "1h", "--yes")
    assert done.code == 0 and done.out.startswith("orders: 1 execution retried\n")
    assert "2 executions left out: the webhook could not be rendered" in done.err
    assert done.out.count("left out: could not be rendered") == 2


def test_one_is_one(cli: Cli, db: Connection) -> None:
    add(db)
    actions = begin(db, tell(db), 1)
    freeze(db, actions)
    shown = cli("show", str(actions[0]["execution_id"])).out
    assert "webhook to orders\n" in shown
    report(db, actions, "permanent", {"ok": False})
    assert "1 webhook: pgwhen endpoints recover orders" in cli("endpoints", "show", "orders").out
    done = cli("endpoints", "recover", "orders", "--since", "1h", "--yes")
    assert done.out == "orders: 1 execution retried\n"


def test_an_endpoint_can_be_tried(cli: Cli, dsn: str, db: Connection) -> None:
    environ = {"ORDERS_SECRET": SECRET, "PGWHEN_HTTP_ALLOW": "127.0.0.0/8"}
    with http_server() as server:
        add(db, url=server.url)
        done = process(dsn, "endpoints", "test", "orders", **environ)
        assert (done.code, done.out) == (0, "orders: answered 200\n"), done
        (call,) = server.received
        assert call.json["type"] == "pgwhen.test" and call.json["data"] == {"message": "This is a test."}
        at, id_ = int(call.headers["webhook-timestamp"]), call.headers["webhook-id"]
        assert call.headers["webhook-signature"] == webhook.sign(SECRET, id_, at, call.body)
        server.script = [Answer(500, SECRET.encode())]
        done = process(dsn, "endpoints", "test", "orders", "--json", **environ)
        assert done.code == 3 and done.json["class"] == "transient" and SECRET not in done.out + done.err
        done = process(dsn, "endpoints", "test", "orders", PGWHEN_HTTP_ALLOW="127.0.0.0/8")
        assert done.code == 2 and "env:ORDERS_SECRET is not set" in done.err
        done = process(dsn, "endpoints", "test", "orders", ORDERS_SECRET=SECRET)
        assert done.code == 3 and "private or reserved" in done.out
        assert len(server.received) == 2
    assert show(db)["failing_since"] is None
