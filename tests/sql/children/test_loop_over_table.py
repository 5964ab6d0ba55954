"""Loops over the rows of a table: read page by page, in any order, with what their foreign keys point to."""

from typing import Any

import pytest

from tests.sql.children.support import Connection, each, keep, left, order, parent, prepare, run, send, step
from tests.sql.engine.support import claim


def tickets(db: Connection, count: int) -> None:
    """Make tickets: every third is closed, every fifth has no due date."""
    db.execute("insert into clients select n, 'c' || n || '@example.com' from generate_series(1, 3) n")
    db.execute(
        "insert into tickets select n, case n %% 3 when 0 then 'closed' else 'open' end,"
        " case when n %% 5 > 0 then date '2026-01-01' + n %% 7 end, n %% 3 + 1 from generate_series(1, %s) n",
        [count],
    )


def loop(db: Connection, over: dict[str, Any], value: Any = "{{ item.id }}", **keys: Any) -> Any:
    """Go over tickets; what each item gave."""
    prepare(db, each(keep(value), over={"table": "tickets"} | over, at_once=100, **keys))
    tickets(db, 1200)
    order(db, '"open"')
    run(db)
    assert step(db)["status"] == "completed", step(db)["error"]
    assert parent(db) == ("completed", None) and left(db) == 0
    return [r["value"] for r in step(db)["output"]["results"]]


def ids(db: Connection, rest: str) -> list[int]:
    """What PostgreSQL says."""
    return [n for (n,) in db.execute(f"select id from tickets {rest}").fetchall()]


def test_all_rows_in_the_order_of_the_key(db: Connection) -> None:
    assert loop(db, {}) == list(range(1, 1201))


def test_where_with_values_of_the_execution(db: Connection) -> None:
    where = {"status": "{{ order.items }}", "id": {"gt": 10}}
    assert loop(db, {"where": where}) == ids(db, "where status = 'open' and id > 10 order by id")


@pytest.mark.parametrize("written", [["due"], ["due desc"], ["status desc", "due"], ["client_id", "due desc"]])
def test_any_order_with_nulls(db: Connection, written: list[str]) -> None:
    assert loop(db, {"order": written}) == ids(db, f"order by {', '.join(written)}, id")


def test_foreign_keys_of_items_are_followed(db: Connection) -> None:
    found = loop(db, {"where": {"id": {"lte": 3}}}, ["{{ ticket.client.email }}", "{{ item.due }}"], **{"as": "ticket"})
    assert found == [[f"c{n % 3 + 1}@example.com", f"2026-01-0{n + 1}"] for n in (1, 2, 3)]


def test_max_rows(db: Connection) -> None:
    assert loop(db, {}, max=700) == list(range(1, 701))
    assert step(db)["reason"] == "stopped at max, after 700 rows"


def test_templates_see_rows_behind_foreign_keys(db: Connection) -> None:
    prepare(db, each(send(text="{{ ticket.client.email }} {{ index }}"), over={"table": "tickets"}, **{"as": "ticket"}))
    tickets(db, 1)
    order(db, "1")
    run(db)
    (action,) = claim(db)
    assert action["context"]["ticket"]["client"]["email"] == "c2@example.com" and action["context"]["index"] == 0


def test_a_table_that_may_not_be_read_any_more_fails_the_loop(db: Connection) -> None:
    prepare(db, each(keep(), over={"table": "tickets"}))
    db.execute("revoke all on tickets from pgwhen_actions")
    order(db, "1")
    run(db)
    assert step(db)["error"]["code"] in ("42501", "WF135") and parent(db)[0] == "failed" and left(db) == 0


def test_the_next_page_comes_by_the_primary_key(db: Connection) -> None:
    prepare(db, each(keep()))
    clause = db.execute(
        "select clause from pgwhen._after_sql(%s, '{\"id\": 5}', 'tickets'::regclass, '[]')",
        ['[{"column": "id", "desc": false}]'],
    ).fetchone()
    assert clause == ("(t.id) > (($1 ->> 0)::integer)",)
