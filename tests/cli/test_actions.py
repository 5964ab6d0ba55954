"""`pgwhen actions` and `pgwhen documents`."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgwhen.poller import actions
from tests.cli.support import Cli
from tests.sql.actions.test_check_action import SCHEMA
from tests.sql.actions.test_list_actions import announce, one
from tests.sql.documents.support import claimed, report

Connection = psycopg.Connection[Any]


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line on the test's database."""
    return Cli(dsn, capsys)


def test_actions_are_listed_with_their_parameters(cli: Cli, db: Connection) -> None:
    assert "no poller has announced an action" in cli("actions").err
    announce(db, one("do", schema=SCHEMA), one("plain", schema={"type": "object"}, description="\x1b[31mŁ"))
    shown = cli("actions").out
    assert "text: string" in shown and "count?: integer" in shown and "kind?: a | b | 3" in shown
    assert "maybe?: string | null" in shown and "list?: list of integer" in shown and "p1" in shown
    assert "\\x1b[31mŁ" in shown and "\x1b[31m" not in shown
    assert [row["name"] for row in cli("actions", "list", "--json").json] == ["do", "plain"]


def test_one_action(cli: Cli, db: Connection) -> None:
    announce(db, one("do", schema=SCHEMA), one("plain", schema={"type": "object"}))
    shown = cli("actions", "show", "do").out
    assert shown.startswith("do: Does it.") and "optional" in shown
    assert "it takes any parameters" in cli("actions", "show", "plain").err
    assert cli("actions", "show", "do", "--json").json["schema"] == SCHEMA
    assert cli("actions", "show", "nothing").code == 1


def test_a_module_is_checked_without_a_database(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from pgwhen.poller.actions import action\n@action\ndef mine(params: dict, context):\n    '''Mine.'''\n"
    (tmp_path / "checked_actions.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    actions.load.cache_clear()
    assert [one["name"] for one in cli("actions", "check", "checked_actions", "--json").json] == ["mine"]
    assert "mine" in cli("actions", "check", "checked_actions").out
    failed = cli("actions", "check", "no_such_module")
    assert failed.code == 1 and "the module no_such_module of actions cannot be imported" in failed.err


def test_documents_are_listed_and_fetched(
    cli: Cli, db: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "there is no document" in cli("documents").err
    first, second = claimed(db, count=2)
    id_ = report(db, first, "Zoë".encode(), file="Łuk.txt")
    report(db, second)
    assert len(cli("documents", "list", "--json").json) == 2
    (row,) = cli("documents", "list", first["execution_id"], "--json").json
    assert (row["document_id"], row["file"], row["size"]) == (str(id_), "Łuk.txt", 4)
    shown = cli("documents", "list", first["execution_id"]).out
    assert "Łuk.txt" in shown and str(id_) in shown and '"' not in shown
    assert cli("documents", "get", str(id_)).code == 0
    assert Path("Łuk.txt").read_text("utf-8") == "Zoë"
    again = cli("documents", "get", str(id_))
    assert again.code == 1 and "--force writes over it" in again.err
    assert cli("documents", "get", str(id_), "--force").code == 0
    assert cli("documents", "get", str(id_), "-o", "other.txt").code == 0 and Path("other.txt").exists()


@pytest.mark.parametrize("file", ["../outside.txt", "/tmp/pgwhen-outside.txt"])
def test_a_document_stays_in_its_folder_whatever_it_is_called(
    cli: Cli, db: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """The poller makes names safe; a row that says otherwise leads nowhere either."""
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    (action,) = claimed(db)
    assert cli("documents", "get", str(report(db, action, file=file))).code == 0
    assert [path.name for path in inside.iterdir()] == [Path(file).name]


def test_a_document_that_is_not_there(cli: Cli) -> None:
    missing = cli("documents", "get", "0190a1b2-0000-7000-8000-000000000000")
    assert missing.code == 1 and "does not exist" in missing.err
    assert cli("documents", "get", "x").code == 2
