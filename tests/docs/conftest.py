"""The stage of the end-to-end tests serves here too."""

from tests.e2e.conftest import stage, world

__all__ = ["stage", "world"]
