"""The group of commands: what they share, and how they fail."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import click
import psycopg
import pytest

from pgwhen.cli import main


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pgwhen.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def fail(error: Exception) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


def test_details_of_several_lines_are_indented(capsys: pytest.CaptureFixture[str]) -> None:
    main._say("no", detail="one\ntwo")
    assert capsys.readouterr().err == "error: no\n  one\n  two\n"


def test_without_a_database_it_says_how_to_name_one() -> None:
    done = run("migrate")
    assert (done.returncode, done.stdout) == (2, "")
    for word in ("--dsn", "PGWHEN_DSN", "DATABASE_URL", "--embedded"):
        assert word in done.stderr


@pytest.mark.parametrize("variable", ["PGWHEN_DSN", "DATABASE_URL"])
def test_a_variable_names_the_database(dsn: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, dsn)
    assert run("migrate").returncode == 0


def test_the_option_wins(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/x")
    assert run("--dsn", dsn, "migrate").returncode == 0


def test_two_databases_are_refused() -> None:
    assert run("--dsn", "x", "--embedded", "migrate").returncode == 2


def test_a_misspelt_command_is_suggested() -> None:
    done = run("migrat")
    assert (done.returncode, "did you mean migrate?" in done.stderr) == (2, True)


def test_help_lists_every_command_and_a_missing_module_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(main.COMMANDS, "absent", "pgwhen.cli.absent:absent")
    context = click.Context(main.cli)
    assert "absent" in main.cli.list_commands(context)
    assert main.cli.get_command(context, "absent") is None
    assert "migrate" in main.cli.get_help(context)


def test_every_command_has_help() -> None:
    context = click.Context(main.cli)
    commands = {name: main.cli.get_command(context, name) for name in main.cli.list_commands(context)}
    assert [name for name, command in commands.items() if command is None or not command.help] == []


def test_an_unreachable_server_is_said_without_a_traceback() -> None:
    done = run("--dsn", "postgresql://nobody@127.0.0.1:1/x", "migrate")
    assert done.returncode == 1
    assert done.stderr.startswith("error: connection failed")
    assert "Traceback" not in done.stderr


def test_our_errors_are_shown_as_the_database_says_them(
    db: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    raised = "raise exception 'no workflow x' using errcode = 'WF200', detail = 'There are y, z.', hint = 'Try y.'"
    with pytest.raises(psycopg.Error) as caught:
        db.execute(f"do $$ begin {raised}; end $$")
    assert main.run(fail(caught.value)) == 1
    assert capsys.readouterr().err == "error: no workflow x\n  There are y, z.\n  hint: Try y.\n"


def test_a_database_without_pgwhen_is_named(empty_dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(empty_dsn) as db, pytest.raises(psycopg.Error) as caught:
        db.execute("select pgwhen.tick(1)")
    assert main.run(fail(caught.value)) == 1
    assert "hint: pgwhen is not installed" in capsys.readouterr().err


def test_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(lambda: None) == 0
    assert main.run(fail(click.ClickException("no"))) == 1
    assert main.run(fail(click.UsageError("no"))) == 2
    assert main.run(fail(main.WorkFailed("no"))) == 3
    assert main.run(fail(KeyboardInterrupt())) == 130
    capsys.readouterr()


def test_a_mistake_of_ours_keeps_its_traceback_for_debug(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(fail(KeyError("x"))) == 1
    assert "--debug shows where" in capsys.readouterr().err
    with pytest.raises(KeyError):
        main.run(fail(KeyError("x")), debug=True)


def test_a_closed_pipe_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m pgwhen.cli.main migrate --print-sql | head -1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_starting_is_quick_because_nothing_is_imported() -> None:
    code = "import sys, pgwhen.cli.main; print(sorted({'psycopg', 'rich', 'yoyo', 'jinja2'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n"


def test_the_sql_of_pgmq_is_read_without_importing_it() -> None:
    code = (
        "import sys, pgwhen.cli.migrate as m; m.pgmq_sql(); print('pgmq' in sys.modules, 'sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False False\n"
