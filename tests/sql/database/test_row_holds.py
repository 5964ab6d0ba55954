"""Tests of where that SQL leaves to conditions."""

import json

import psycopg
import pytest

from tests.conftest import Connect


def test_it_judges_a_row_and_nothing_else(connect: Connect) -> None:
    actions = connect(user="pgwhen_actions")
    test = {"op": "matches", "left": ["$row", "name"], "type": "text", "right": {"literal": "^A"}}
    query = "select pgwhen.row_holds(%s, %s, null)"
    for name, expected in (("Ann", True), ("Bob", False), (None, None)):
        assert actions.execute(query, [json.dumps(test), json.dumps({"name": name})]).fetchone() == (expected,)
    late = {"op": "older_than", "left": ["$row", "at"], "type": "timestamptz", "right": {"literal": "1 day"}}
    values = [json.dumps(late), json.dumps({"at": "2026-01-01T00:00:00Z"}), json.dumps("2026-01-03T00:00:00Z")]
    assert actions.execute("select pgwhen.row_holds(%s, %s, %s)", values).fetchone() == (True,)


def test_the_poller_may_not(connect: Connect) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(user="pgwhen_poller").execute("select pgwhen.row_holds('{}', '{}', null)")
