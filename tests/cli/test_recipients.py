"""`pgwhen recipients` as people use it."""

from pathlib import Path

import pytest

from tests.cli.support import Cli


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_set_show_list_remove(cli: Cli) -> None:
    given = ["--email", "zoë@example.com", "--push", "t1", "--preferences", '{"categories": {"news": false}}']
    assert cli("recipients", "set", "zoë", *given).out == "zoë: added\n"
    assert cli("recipients", "set", "zoë", "--phone", "+31612345678", "--push", "").out == "zoë: changed\n"
    shown = cli("recipients", "show", "zoë", "--json").json
    assert (shown["email"], shown["phone"], shown["push"]) == ("zoë@example.com", "+31612345678", [])
    assert shown["preferences"] == {"categories": {"news": False}}
    assert "zoë@example.com" in cli("recipients").out
    assert cli("recipients", "list", "--address", "nobody").err.strip() == "no recipients"
    assert cli("recipients", "remove", "zoë").out == "zoë: removed\n"
    assert "there is no recipient zoë" in cli("recipients", "remove", "zoë").err
    assert "there is no recipient zoë" in cli("recipients", "show", "zoë").err


def test_import(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("recipient,email,locale,quiet_from,quiet_to\na,a@example.com,nl,22:00,07:00\nb,,,,\n", "utf-8-sig")
    assert cli("recipients", "import", str(file)).out == "2 recipients\n"
    assert [row["locale"] for row in cli("recipients", "list", "--json").json] == ["nl", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("email\na@example.com\n", "there is no column recipient"),
        ("recipient,fax\na,1\n", "the column fax is not known"),
        ("recipient,timezone\na,UTC\nb,Mars\n", "line 3: Mars is not a time zone; nothing was imported"),
        ("recipient,preferences\na,nonsense\n", "line 2: "),
    ],
)
def test_import_is_all_or_nothing(cli: Cli, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text)
    assert message in cli("recipients", "import", str(file)).err
    assert cli("recipients", "list", "--json").json == []


def test_mistakes(cli: Cli) -> None:
    assert "nothing is given to set" in cli("recipients", "set", "a").err
    assert "--preferences is not JSON" in cli("recipients", "set", "a", "--preferences", "{").err
    assert "WF" not in cli("recipients", "set", "a", "--timezone", "Mars").err
