"""functions: list, register, unregister."""

import psycopg
import pytest

from tests.cli.support import Cli


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_functions(cli: Cli) -> None:
    assert cli("functions").err == "no function is registered\n"
    with psycopg.connect(cli.dsn, autocommit=True) as db:
        db.execute(
            "create schema billing; create function billing.charge(client bigint) returns bool language sql return true"
        )
    done = cli("functions", "register", "billing.charge", "--description", "takes money")
    assert (done.out, done.err) == (
        "billing.charge(bigint): registered\n",
        "workflows may not call it yet: grant usage on schema billing to pgwhen_actions\n",
    )
    (row,) = cli("functions", "list", "--json").json
    assert (row["function"], row["description"]) == ("billing.charge(bigint)", "takes money")
    assert "takes money" in cli("functions").out
    assert cli("functions", "register", "billing.charge(bigint)", "--json").json["function"] == "billing.charge(bigint)"
    assert cli("functions", "unregister", "charge").out == "billing.charge(bigint): no longer registered\n"
    done = cli("functions", "unregister", "charge")
    assert done.code == 1 and "charge is not registered" in done.err
