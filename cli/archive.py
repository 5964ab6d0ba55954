"""The archive of `pgwhen maintain --archive`: a folder a round, in it a file a table and a manifest."""

import gzip
import json
import os
import shutil
from pathlib import Path
from typing import Any

import click

from . import database

TABLES = ("events", "executions", "execution_steps", "frozen_messages", "attempts", "documents", "logs")


def write_archive(connection: database.Connection, folder: Path) -> dict[str, Any]:
    """Write what the next round of maintenance drops, and return its plan.

    A folder has its name only when all of it is on disk; what broke off has the name .partial and is removed by the
    next run. All tables are read in one snapshot. Raises click.ClickException where it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for broken in folder.glob("*.partial"):
        shutil.rmtree(broken)
    plan = database.plan_archive(connection)
    at = "".join(c for c in plan["at"][:19] if c not in "-:")
    name = f"{plan['week'] or 'kept'}-{at}"
    partial = folder / f"{name}.partial"
    try:
        partial.mkdir()
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            for table in TABLES:
                _write(connection, table, plan, partial / f"{table}.jsonl.gz")
            rows = {table: database.count_archive(connection, table, plan) for table in TABLES}
        for table, count in rows.items():
            _check(partial / f"{table}.jsonl.gz", count)
        _write_text(partial / "manifest.json", json.dumps({"v": 1, "plan": plan, "rows": rows}, indent=2) + "\n")
        if any(rows.values()):
            _sync(partial)
            partial.rename(_free(folder, name))
            _sync(folder)
        else:
            shutil.rmtree(partial)
    except OSError as error:
        raise click.ClickException(f"the archive cannot be written, so that nothing was dropped: {error}") from error
    return plan


def _free(folder: Path, name: str) -> Path:
    """A name that is not taken: two rounds may fall into one second."""
    number, path = 1, folder / name
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}"
    return path


def _write(connection: database.Connection, table: str, plan: dict[str, Any], path: Path) -> None:
    """One table, a row a line."""
    with open(path, "wb") as raw:
        with gzip.open(raw, "wt", encoding="utf-8", newline="\n") as file:
            for row in database.archive_rows(connection, table, plan):
                file.write(row + "\n")
        raw.flush()
        os.fsync(raw.fileno())


def _check(path: Path, count: int) -> None:
    """Read it again: what cannot be read, or is short, is no archive."""
    with gzip.open(path, "rb") as file:
        found = sum(1 for _ in file)
    if found != count:
        raise OSError(f"{path.name} has {found} rows instead of {count}")


def _write_text(path: Path, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
