"""docs/testing.md is done as written."""

from pathlib import Path

import pytest

from tests.docs.test_blocks import ROOT, folder_of, follow, home
from tests.e2e.harness import Servers

__all__ = ["home"]


@pytest.mark.timeout(300)
def test_testing(tmp_path: Path, home: Path, world: Servers) -> None:
    follow(ROOT / "docs" / "testing.md", folder_of(tmp_path), home, world)
    assert world.mails == [] and world.calls == []
