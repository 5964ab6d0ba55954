"""The stage of the end-to-end tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.harness import Servers, Stage, servers


@pytest.fixture
def world() -> Iterator[Servers]:
    """Servers that receive mail and requests."""
    with servers() as found:
        yield found


@pytest.fixture
def stage(dsn: str, login: Callable[..., str], db: psycopg.Connection[Any], world: Servers, tmp_path: Path) -> Stage:
    """A fresh database with the sample tables, servers, and the poller under its own role."""
    return Stage(dsn, login("pgwhen_poller"), db, world, tmp_path)
