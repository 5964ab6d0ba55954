"""suppressions: list, add, lift, import."""

from pathlib import Path

import psycopg
import pytest

from tests.cli.support import Cli, process


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_add_list_lift(cli: Cli) -> None:
    assert cli("suppressions").err == "no address is suppressed\n"
    assert cli("suppressions", "add", "email", "Jörg@Example.com").out == "Jörg@Example.com: suppressed\n"
    assert cli("suppressions", "add", "email", "jörg@example.com").out == "jörg@example.com: was suppressed already\n"
    more = ["--reason", "opt_out", "--category", "marketing", "--detail", "by telephone", "--json"]
    assert cli("suppressions", "add", "email", "jörg@example.com", *more).json == {"written": True}
    rows = cli("suppressions", "list", "--address", "JÖRG@example.com", "--json").json
    assert [(r["reason"], r["category"], r["detail"]) for r in rows] == [
        ("opt_out", "marketing", "by telephone"),
        ("manual", None, None),
    ]
    shown = cli("suppressions", "list", "--since", "2h").out
    assert "jörg@example.com" in shown and "opt out" in shown and "by telephone" in shown
    assert cli("suppressions", "list", "--channel", "sms").err == "no address is suppressed\n"
    assert "--limit shows more" in cli("suppressions", "list", "--limit", "1").err
    lifted = cli("suppressions", "lift", "email", "jörg@example.com", "--category", "marketing").out
    assert lifted == "jörg@example.com: 1 suppression lifted\n"
    assert cli("suppressions", "lift", "email", "jörg@example.com", "--json").json == {"lifted": 1}
    done = cli("suppressions", "lift", "email", "jörg@example.com")
    assert done.code == 1 and "nothing is suppressed for jörg@example.com by email" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["add", "fax", "1"], 2, "'fax' is not one of"),
        (["add", "email", "nobody"], 1, "'nobody' is not an address of the channel email"),
        (["add", "sms", "1"], 1, "is not an address of the channel sms"),
        (["add", "email", "a@example.com", "--category", "Big Deals"], 1, "is not a category"),
        (["add", "email", "a@example.com", "--category", "transactional"], 1, "cannot be refused by category"),
        (["list", "--limit", "0"], 2, "0 is not in the range"),
    ],
)
def test_what_is_refused(cli: Cli, arguments: list[str], code: int, message: str) -> None:
    done = cli("suppressions", *arguments)
    assert done.code == code and message in done.err


def test_import(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "address,reason,category,detail,at\n"
        "a@example.com,bounce,,550 gone,2026-01-02\n"
        "A@EXAMPLE.COM,bounce,,,\n"
        "nobody,,,,\n"
        '"Ünal, M. <unal@example.com>",opt_out,news,"said ""no""",\n'
        "b@example.com,because,,,\n"
        "c@example.com,,,,yesterdayish\n",
        encoding="utf-8-sig",
    )
    done = cli("suppressions", "import", str(file), "--channel", "email")
    assert done.code == 3 and done.out == "2 suppressed, 1 were already, 3 refused\n"
    assert done.err.splitlines()[:3] == [
        "row 3: 'nobody' is not an address of the channel email",
        "row 5: 'because' is not a reason",
        "row 6: 'yesterdayish' is not a time",
    ]
    rows = cli("suppressions", "list", "--json").json
    assert [(r["address"], r["category"], r["detail"], r["source"]) for r in rows] == [
        ("unal@example.com", "news", 'said "no"', "import"),
        ("a@example.com", None, "550 gone", "import"),
    ]
    assert rows[1]["at"].startswith("2026-01-02")
    assert cli("suppressions", "import", str(file), "--channel", "email", "--json").json["written"] == 0


def test_import_of_a_long_list_and_of_what_is_none(dsn: str, tmp_path: Path) -> None:
    lines = "".join(f"sms,+3161234{n:04}\n" for n in range(6_001)) + "sms,x\0y\n"
    done = process(dsn, "suppressions", "import", "-", "--reason", "opt_out", stdin="channel,address\n" + lines)
    assert done.code == 3 and done.out == "6001 suppressed, 0 were already, 1 refused\n", done.err
    assert done.err.startswith("row 6002: ")
    with psycopg.connect(dsn, autocommit=True) as db:
        assert db.execute("select count(*), min(reason) from pgwhen.suppressions").fetchone() == (6_001, "opt_out")
    for text, message in [("x,y\n1,2\n", "the header line has x, y"), ("", "the header line has nothing")]:
        done = process(dsn, "suppressions", "import", "-", stdin=text)
        assert done.code == 2 and message in done.err
    (tmp_path / "latin").write_bytes(b"channel,address\nemail,\xe9@example.com\n")
    done = process(dsn, "suppressions", "import", str(tmp_path / "latin"))
    assert done.code == 2 and "is not a CSV file in UTF-8" in done.err
