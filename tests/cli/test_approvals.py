"""`pgwhen approvals`, `approve`, `reject`, `delegate`."""

import pytest

from tests.cli.support import Cli
from tests.sql.approvals.support import ANNA, BO, Connection, approval, order, prepare, publish, waiting


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


@pytest.fixture
def asked(db: Connection) -> str:
    """The id of an open approval."""
    prepare(db)
    publish(db, name="Release", approvers=[ANNA, BO], need=2, form={"budget": {"type": "number"}})
    order(db)
    return str(approval(db))


def test_nothing_waits(cli: Cli) -> None:
    done = cli("approvals")
    assert (done.code, done.out) == (0, "") and "nothing waits for a decision" in done.err


@pytest.mark.parametrize("arguments", [["approvals"], ["approvals", "list"]])
def test_list(cli: Cli, asked: str, arguments: list[str]) -> None:
    out = cli(*arguments).out
    assert asked in out and "0 of 2" in out and f"{ANNA}, {BO}" in out
    (row,) = cli(*arguments, "--json").json
    assert (row["approval_id"], row["wanted"], row["waiting"]) == (asked, 2, [ANNA, BO])


def test_approve_show_reject(cli: Cli, asked: str) -> None:
    done = cli("approve", asked[:16], "--by", ANNA, "--comment", "fine", "--form", '{"budget": 10.20}')
    assert done.out.strip() == f"open: 1 of 2 approved, 0 rejected; waits for {BO}"
    out = cli("approvals", "show", asked).out
    assert f"{ANNA}  approved" in out and ", given by postgres: fine" in out and f"{BO}  asked" in out
    document = cli("approvals", "show", asked, "--json").json
    assert document["approvers"][0]["form"] == {"budget": 10.2}
    assert cli("reject", asked, "--by", BO, "--json").json["state"] == "rejected"
    done = cli("approve", asked, "--by", BO)
    assert done.code == 1 and f"rejected by {BO}" in done.err and "hint:" in done.err


def test_show_of_its_execution(cli: Cli, db: Connection, asked: str) -> None:
    row = db.execute("select execution_id::text from pgwhen.executions").fetchone()
    assert row
    out = cli("show", row[0]).out
    assert f"0 of 2 approved, 0 rejected; waits for {ANNA}, {BO}: pgwhen approvals show {asked}" in out
    assert f"(request to {ANNA})" in out


def test_delegate(cli: Cli, db: Connection, asked: str) -> None:
    assert cli("delegate", asked, "--by", ANNA, "--to", "dee@example.com").code == 0
    assert waiting(db) == ["dee@example.com", BO]


def test_mistakes(cli: Cli, asked: str) -> None:
    assert cli("approve", asked, "--by", ANNA, "--form", "[1]").code == 2
    assert cli("approve", "zzzz", "--by", ANNA).code == 1
    assert "is not an approver" in cli("approve", asked, "--by", "dee@example.com").err
    assert cli("delegate", asked).code == 2
