"""What publishing says of loops and starts."""

from typing import Any

import pytest

from tests.sql.children.support import TABLES, Connection, Step, each, keep, manual, prepare, send
from tests.sql.language.support import errors

START = {"id": "go", "type": "start", "workflow": "w"}
LOOP = {"id": "each", "type": "loop"}
ROWS = {"table": "tickets"}


def said(db: Connection, *steps: Step, **keys: Any) -> list[tuple[str, str]]:
    """(code, path) of what is wrong with steps."""
    if db.execute("select to_regclass('orders')").fetchone() == (None,):
        db.execute(TABLES)
    return errors(db, {"workflow": "w", "when": {"table": "orders", "row": "created"}, "steps": list(steps)} | keys)


@pytest.mark.parametrize(
    ("loop", "problems"),
    [
        (each(keep()), []),
        (each(keep(), over=[1, "{{ order.id }}"]), []),
        (each(keep(), over=None), []),
        (each(keep(), over={"$sort": {"in": "{{ order.items }}", "by": "{{ item.x }}"}}), []),
        (each(keep(), over=ROWS | {"where": {"status": "open"}, "order": ["due desc"]}), []),
        (LOOP | {"while": {"index": {"lt": 3}}, "max": 5, "steps": [keep()]}, []),
        (LOOP | {"steps": [keep()]}, [("WF005", "steps[0]")]),
        (each(keep(), **{"while": {"index": 0}}, max=2), [("WF005", "steps[0]")]),
        (LOOP | {"while": {"index": 0}, "steps": [keep()]}, [("WF005", "steps[0]")]),
        (LOOP | {"while": {"index": 0}, "max": 2, "at_once": 2, "steps": [keep()]}, [("WF014", "steps[0].at_once")]),
        (LOOP | {"over": [1]}, [("WF005", "steps[0]")]),
        (each(keep(), over="text"), [("WF002", "steps[0].over")]),
        (each(keep(), over=5), [("WF002", "steps[0].over")]),
        (each(keep(), over={"a": 1}), [("WF003", "steps[0].over.a"), ("WF005", "steps[0].over")]),
        (each(keep(), over="{{ order.id }}"), [("WF021", "steps[0].over")]),
        (each(keep(), over={"table": "nothing"}), [("WF015", "steps[0].over.table")]),
        (each(keep(), over=ROWS | {"where": {"nothing": 1}}), [("WF016", "steps[0].over.where.nothing")]),
        (each(keep(), over=ROWS | {"order": ["nothing"]}), [("WF016", "steps[0].over.order")]),
        (each(keep(), at_once=0), [("WF002", "steps[0].at_once")]),
        (each(keep(), at_once=1001), [("WF002", "steps[0].at_once")]),
        (each(keep(), max=0), [("WF002", "steps[0].max")]),
        (each(keep(), on_item_error="stop"), [("WF002", "steps[0].on_item_error")]),
        (each(keep(), on_item_error={"max": -1}), [("WF002", "steps[0].on_item_error")]),
        (each(keep(), on_item_error={"max": 1}), []),
        (each(keep(), **{"as": "order"}), [("WF018", "steps[0].as")]),
        (each(keep(), **{"as": "steps"}), [("WF018", "steps[0].as")]),
        (each(each(keep(), id="inner", **{"as": "x"}), **{"as": "x"}), [("WF018", "steps[0].steps[0].as")]),
        (each(keep(), retry={"attempts": 2}), [("WF012", "steps[0].retry")]),
        (each(keep("{{ nothing.x }}")), [("WF017", "steps[0].steps[0].set.value")]),
        (each(keep("{{ item.client.email }} {{ item.due }}"), over=ROWS), []),
        (each(keep("{{ item.nothing }}"), over=ROWS), [("WF016", "steps[0].steps[0].set.value")]),
        (each(send(text="{{ item.clientId }}"), over=ROWS), [("WF016", "steps[0].steps[0].text")]),
        (each(keep("{{ index.x }}")), [("WF017", "steps[0].steps[0].set.value")]),
        (keep("{{ item }}"), [("WF040", "steps[0].set.value")]),
        (keep("{{ index }}"), [("WF040", "steps[0].set.value")]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_loop(db: Connection, loop: Step, problems: list[tuple[str, str]]) -> None:
    found = said(db, loop)
    assert sorted({code for code, _ in found}) == sorted({code for code, _ in problems}), found
    assert {path for _, path in problems} <= {path for _, path in found} | ({"steps[0].over.order"}), found


def test_the_item_is_not_known_after_the_loop(db: Connection) -> None:
    assert said(db, each(keep(), **{"as": "x"}), keep("{{ x }}", id="after")) == [("WF017", "steps[1].set.value")]


def test_an_output_of_the_body_is_not_known_after_the_loop(db: Connection) -> None:
    assert said(db, each(keep()), keep("{{ steps.keep.output }}", id="after")) == [("WF023", "steps[1]")]
    assert said(db, each(keep()), keep("{{ steps.each.output.result }}", id="after")) == [
        ("WF017", "steps[1].set.value")
    ]


def test_items_of_several_tables_need_names(db: Connection) -> None:
    tickets = each(keep("{{ item.client.email }}"), over=ROWS)
    others = each(keep("{{ item.id }}", id="k"), id="others", over={"table": "orders"})
    assert said(db, tickets, others) == [("WF041", "steps[0].steps[0].set.value")]
    tickets = each(keep("{{ ticket.client.email }}"), over=ROWS, **{"as": "ticket"})
    assert said(db, tickets, others) == []


def test_a_table_that_may_not_be_read(db: Connection) -> None:
    said(db, each(keep(), over=ROWS))
    db.execute("revoke all on tickets from pgwhen_actions")
    ((code, path),) = said(db, each(keep(), over=ROWS))
    assert (code, path) == ("WF053", "steps[0].over")


def test_a_table_without_a_key(db: Connection) -> None:
    said(db, keep("x"))
    db.execute("create table notes (body text); grant select on notes to pgwhen_actions")
    assert said(db, each(keep(), over={"table": "notes"})) == [("WF042", "steps[0].over")]


def test_a_loop_among_nodes(db: Connection) -> None:
    loop = {"id": "each", "type": "loop", "over": "{{ order.items }}"}
    nodes: list[Step] = [loop, keep() | {"parent": "each"}]
    definition = {"workflow": "w", "when": {"table": "orders", "row": "created"}, "edges": []}
    db.execute(TABLES)
    assert errors(db, definition | {"nodes": nodes}) == []
    assert errors(db, definition | {"nodes": nodes[:1]}) == [("WF005", "nodes[0]")]


def test_start(db: Connection) -> None:
    prepare(db, keep("x"))
    assert said(db, START | {"with": {"a": "{{ order.id }}"}, "at": "now + 1 day", "await": True}) == []
    assert said(db, START | {"workflow": "unknown"}) == [("WF043", "steps[0].workflow")]
    assert said(db, {"id": "go", "type": "start"}) == [("WF005", "steps[0]")]
    assert said(db, START | {"at": 5}) == [("WF021", "steps[0].at")]
    assert said(db, START | {"timeout": "1 hour"}) == [("WF012", "steps[0].timeout")]
    other = START | {"workflow": "other"}
    manual(db, "other", keep("x"))
    assert said(db, other) == []
    assert said(db, other, workflow="v") == []
    assert said(db, START, workflow="v") == [("WF043", "steps[0].workflow")]
    db.execute("select pgwhen.archive_workflow('other')")
    assert said(db, other) == [("WF043", "steps[0].workflow")]
