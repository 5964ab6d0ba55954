"""What the plan of a new workflow says of rows that are there."""

from typing import Any

import pytest

from tests.sql.versions.support import App, Db, app, http


@pytest.fixture
def shop(db: Db) -> App:
    made = app(db)
    db.execute(
        "insert into leads (id, status) select n, case when n <= 3 then 'won' else 'new' end"
        " from generate_series(1, 10) n"
    )
    return made


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"table": "leads", "row": "created"}, {"table": "public.leads", "matching": 10, "more": False}),
        ({"table": "leads", "becomes": {"status": "won"}}, {"table": "public.leads", "matching": 3, "more": False}),
        (
            {"table": "leads", "row": "created", "if": {"lead.status": "new"}},
            {"table": "public.leads", "matching": 7, "more": False},
        ),
    ],
)
def test_rows_that_match_are_counted(shop: App, when: Any, expected: Any) -> None:
    assert shop.apply(http("a"), when=when)["existing"] == expected
    assert shop.apply(http("b"), when=when)["existing"] is None, "only for a new workflow"


def test_at_least(shop: App) -> None:
    shop.db.execute("insert into leads select n from generate_series(11, 2000) n")
    assert shop.apply(http("a"))["existing"] == {"table": "public.leads", "matching": 1000, "more": True}


def test_what_cannot_be_counted_is_told_and_published(shop: App) -> None:
    shop.db.execute("revoke select on leads from pgwhen_actions")
    plan = shop.apply(http("a"))
    assert (plan["version"], plan["existing"]["code"]) == (1, "WF135")
    assert shop.apply(http("a"), name="by_hand", when={"manual": True})["existing"]["code"] == "WF305"
