"""Every YAML block of the language's page is a definition that PostgreSQL accepts, as it stands or completed."""

import json
import re
from typing import Any

import psycopg
import pytest
from ruamel.yaml import YAML

from tests.docs.support import ROOT, Block, blocks
from tests.e2e.harness import EXAMPLES

PAGE = ROOT / "docs" / "workflows.md"
YAML_BLOCKS = [block for block in blocks(PAGE) if block.language == "yaml"]


@pytest.fixture
def tables(db: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """The tables of the examples, attached."""
    db.execute((EXAMPLES / "tables.sql").read_bytes())
    db.execute("grant select on staff, clients to pgwhen_actions")
    db.execute("grant insert, update, delete on clients, leads, jobs, form_submissions to pgwhen_actions")
    # What the page's snippets mention beside the tables of the examples.
    db.execute('alter table clients add column limit_amount numeric, add column "limit" numeric')
    for table in ("leads", "jobs", "form_submissions"):
        db.execute("select pgwhen.attach(%s::regclass)", [table])
    return db


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=lambda block: f"line-{block.line}")
def test_definition_is_accepted(block: Block, tables: psycopg.Connection[Any]) -> None:
    document = YAML(typ="safe", pure=True).load(block.text)
    usual = {"workflow": "shown", "when": {"table": "jobs", "row": "created"}, "steps": [{"id": "end", "type": "stop"}]}
    problems = tables.execute(
        "select severity, path, message, hint from pgwhen.validate_definition(%s)", [json.dumps(usual | document)]
    ).fetchall()
    assert problems == []


def test_keys_of_steps_are_all_named(db: psycopg.Connection[Any]) -> None:
    """A key that works and that no page mentions is a key that nobody finds."""
    text = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    rows = db.execute(
        "select scope, key from pgwhen._language() where supported and scope not in ('test', 'given')"
    ).fetchall()
    absent = [f"{scope}.{key}" for scope, key in rows if not re.search(rf"\b{key}\b", text)]
    assert absent == []


def test_what_is_not_supported_is_named_in_the_readme_and_nowhere_promised(db: psycopg.Connection[Any]) -> None:
    readme = (ROOT / "README.md").read_text()
    rows = db.execute("select key from pgwhen._language() where scope = 'type' and not supported").fetchall()
    assert [key for (key,) in rows if key not in readme.partition("## Not yet")[2]] == []
