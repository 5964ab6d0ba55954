"""Tables of the language's tests."""

from tests.sql.language.conftest import lang, own, tables

__all__ = ["lang", "own", "tables"]
