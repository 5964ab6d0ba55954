"""The page's table of forms: every form has a row, and every example gives what stands beside it."""

import json
import re
from typing import Any

import psycopg
import pytest
from ruamel.yaml import YAML

from tests.docs.support import ROOT, blocks

PAGE = ROOT / "docs" / "workflows.md"
ROWS = re.findall(r"^\| `(\$\w+)`[^|]*\| `([^|]*)` \| `([^|]*)` \|$", PAGE.read_text(), re.MULTILINE)
(CONTEXT,) = [block.text for block in blocks(PAGE) if block.note == "context"]


def test_every_form_has_a_row(db: psycopg.Connection[Any]) -> None:
    rows = db.execute("select form from pgwhen._forms() order by place").fetchall()
    assert [form for form, _, _ in ROWS] == [form for (form,) in rows]


@pytest.fixture(scope="module")
def yaml() -> YAML:
    return YAML(typ="safe", pure=True)


def test_every_example_gives_what_the_page_says(db: psycopg.Connection[Any], yaml: YAML) -> None:
    scope = {"loose": True, "timezone": "UTC", "records": {}, "steps": {}, "starts": {}}
    found = []
    for form, written, _ in ROWS:
        value = json.dumps(yaml.load(written), default=str)
        row = db.execute(
            "select r -> 'problems', pgwhen._value(r -> 'compiled', %s)::text from"
            " pgwhen._compile_value(%s, %s, 'x') r",
            [CONTEXT, value, json.dumps(scope)],
        ).fetchone()
        assert row is not None and row[0] == [], (form, row)
        found.append((form, row[1]))
    assert found == [(form, gives) for form, _, gives in ROWS]
