"""README and quickstart are done as written: files made, commands run, SQL executed, mail received."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pgwhen.cli import embedded
from tests.docs.support import ROOT, Block, blocks, matches, run
from tests.e2e.harness import Servers


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for the reader's embedded server, which another user may have to enter."""
    with tempfile.TemporaryDirectory(prefix="pgwhen-docs-") as folder:
        os.chmod(folder, 0o755)
        monkeypatch.setenv("PGWHEN_HOME", folder)
        yield Path(folder)
        embedded.server().remove()


def follow(page: Path, folder: Path, home: Path, world: Servers) -> None:
    """Do what a page says, in order."""
    environ = {"PGWHEN_HOME": str(home), "PGWHEN_HTTP_ALLOW": "127.0.0.0/8"}
    printed = ""
    for block in blocks(page):
        text = block.text.replace("smtp://localhost:1025", world.smtp_url)
        try:
            if block.note.startswith("not run:"):
                continue
            if block.note.startswith("file: "):
                (folder / block.note.removeprefix("file: ")).write_text(block.text)
            elif block.note == "output":
                assert matches(block.text, printed), f"expected\n{block.text}\nprinted\n{printed}"
            elif block.language == "sh":
                printed = run(text, folder, environ)
            elif block.language == "sql":
                execute(text, environ["PGWHEN_DSN"])
        except (AssertionError, psycopg.Error) as error:
            pytest.fail(f"{page.name}:{block.line}: {error}", pytrace=False)


def execute(text: str, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(text.encode())


def folder_of(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.mark.timeout(300)
def test_readme(tmp_path: Path, home: Path, world: Servers) -> None:
    follow(ROOT / "README.md", folder_of(tmp_path), home, world)
    (mail,) = world.mails
    assert (mail.recipients, mail.message["Subject"]) == (["anna@example.com"], "Job completed: Boiler")
    assert mail.text().rstrip() == "Dear Anna,\n\nyour job has been completed."


@pytest.mark.timeout(300)
def test_quickstart(tmp_path: Path, home: Path, world: Servers) -> None:
    follow(ROOT / "docs" / "quickstart.md", folder_of(tmp_path), home, world)
    assert [(mail.recipients[0], str(mail.message["Subject"])) for mail in world.mails[:3]] == [
        ("anna@example.com", "Welcome, Anna"),
        ("olga@example.com", "Anna waits for a call"),
        ("olga@example.com", "Anna is won"),
    ]
    assert sorted(str(mail.message["Subject"]) for mail in world.mails[3:]) == ["Cy is here", "Di is here"]


def sql_blocks(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "sql" and not block.note.startswith("not run:")]


@pytest.mark.parametrize("block", sql_blocks(ROOT / "docs" / "operations.md"), ids=lambda block: f"line-{block.line}")
def test_sql_of_operations(block: Block, db: psycopg.Connection[object]) -> None:
    """Each by itself, in a transaction that is rolled back; roles that exist are as the page makes them."""
    db.execute("begin")
    for statement in filter(str.strip, block.text.split(";\n")):
        # Roles belong to the server, and are there.
        with contextlib.suppress(psycopg.errors.DuplicateObject), db.transaction():
            db.execute(statement.encode())
    db.execute("rollback")


@pytest.mark.parametrize(
    ("expected", "actual", "fits"),
    [
        ("a …  c", "x\na 17 c\nd", True),
        ("a\nc", "a\nb\nc", False),
        ("a…c", "a\nb\nc", True),
        ("a 1", "a 2", False),
    ],
)
def test_output_is_compared(expected: str, actual: str, fits: bool) -> None:
    assert matches(expected, actual) == fits
