"""docs/reference is what docs/generate.py writes, and every command is in it."""

import importlib.util
from types import ModuleType

import click
import pytest

from pgwhen.cli.main import COMMANDS, cli
from tests.conftest import KIND
from tests.docs.support import PAGES, ROOT

REFERENCE = ROOT / "docs" / "reference"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(KIND != "18", reason="optional functions depend on the server; the reference shows the embedded 18")
def test_the_reference_is_current(dsn: str) -> None:
    written = generator().files(dsn)
    there = {path.name: path.read_text(encoding="utf-8") for path in REFERENCE.iterdir()}
    stale = sorted(name for name in written.keys() | there.keys() if written.get(name) != there.get(name))
    assert stale == [], "make reference writes them anew"


def commands(command: click.Command, names: tuple[str, ...] = ()) -> list[tuple[str, click.Command]]:
    """All commands with their full names."""
    found = [(" ".join(names), command)] if names else []
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below, f"{name} is listed and cannot be loaded"
            found += commands(below, (*names, name))
    return found


def test_every_command_can_be_loaded() -> None:
    assert set(COMMANDS) <= {name for name, _ in commands(cli)}


def test_every_command_and_option_has_help() -> None:
    silent = []
    for name, command in commands(cli):
        if not (command.help or "").strip():
            silent.append(name)
        silent += [
            f"{name} {parameter.opts[0]}"
            for parameter in command.params
            if isinstance(parameter, click.Option) and not parameter.help and not parameter.hidden
        ]
    assert silent == []


def test_every_command_has_a_place_in_the_docs() -> None:
    """In a page that people write, besides the reference."""
    text = "\n".join(
        page.read_text() for page in PAGES if REFERENCE not in page.parents and "decisions" not in page.parts
    )
    absent = [
        name for name, command in commands(cli) if f"pgwhen {name}" not in text and not isinstance(command, click.Group)
    ]
    assert absent == []
