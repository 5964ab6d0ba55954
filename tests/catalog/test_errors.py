"""Every error has a SQLSTATE of class WF, and docs/errors.md lists them."""

import re

import pytest

from pgwhen import sql as source

DOCS = source.FOLDER.parent / "docs" / "errors.md"
RAISE = re.compile(r"\braise\b(?!\s*(?:notice|log|warning|info|debug|;))\s*((?:'(?:[^']|'')*'|[^;'])*);", re.IGNORECASE)
STATE = re.compile(r"\bWF[0-4]\d\d\b")
PASSED_ON = re.compile(r"\berrcode\s*=\s*[vp]_")


def texts() -> dict[str, str]:
    """File -> SQL without comments."""
    paths = [path for path in sorted(source.FOLDER.rglob("*.sql")) if path.name != "schema.sql"]
    return {path.relative_to(source.FOLDER).as_posix(): re.sub(r"--[^\n]*", "", path.read_text()) for path in paths}


def raises() -> list[tuple[str, str]]:
    """(file, text of the statement) of every raise in sql/ that is an error."""
    return [(name, match[1]) for name, text in texts().items() for match in RAISE.finditer(text)]


def test_every_raise_has_a_sqlstate_of_ours() -> None:
    """Written there, or in a variable that was given one (problems of a definition are collected, then raised)."""
    assert [(name, text) for name, text in raises() if not (STATE.search(text) or PASSED_ON.search(text))] == []


def test_the_documentation_lists_every_error_and_no_other() -> None:
    used = set().union(*(STATE.findall(text) for text in texts().values()))
    assert sorted(used ^ set(STATE.findall(DOCS.read_text()))) == []


def test_messages_are_one_clause_in_lower_case() -> None:
    messages = [
        (name, match[1]) for name, text in raises() if (match := re.match(r"(?:exception\s+)?'((?:[^']|'')+)'", text))
    ]
    odd = [(name, text) for name, text in messages if text.endswith(".") or not re.match(r"[a-z%\"]", text)]
    assert odd == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("raise exception 'a; b' using errcode = 'WF100';", 1),
        ("raise notice 'x';", 0),
        ("raise;", 0),
        ("raise 'it''s';", 1),
    ],
)
def test_raise_is_found(text: str, found: int) -> None:
    assert len(RAISE.findall(text)) == found
