"""By the beginning of its id."""

from typing import Any

import psycopg
import pytest

from tests.sql.engine.support import Connection, define, happen, tick


def find(db: Connection, text: Any) -> Any:
    """The id found."""
    row = db.execute("select pgwhen.find_execution(%s)", [text]).fetchone()
    assert row is not None
    return row[0]


def test_a_beginning_will_do_while_it_is_unique(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    ((execution,),) = db.execute("select execution_id from pgwhen.executions").fetchall()
    text = str(execution)
    for given in (text, text.upper(), text.replace("-", ""), text[:20], text[:9], f"  {text[:4]} "):
        assert find(db, given) == execution, given


def test_several_are_named(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), *({"id": n} for n in range(5)))
    tick(db)
    ids = [row[0] for row in db.execute("select execution_id from pgwhen.executions order by 1").fetchall()]
    with pytest.raises(psycopg.Error, match="more than one execution begins with") as error:
        find(db, str(ids[0])[:8])
    assert error.value.sqlstate == "WF154"
    assert error.value.diag.message_detail == f"{ids[0]}, {ids[1]}, {ids[2]}, ..."
    assert find(db, str(ids[3])) == ids[3]


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "abc",
        "nothing",
        "%",
        "'; drop table x; --",
        "g" * 36,
        "0" * 33,
        "0000-",
        "\u0661\u0661\u0661\u0661",
        "x" * 100000,
    ],
)
def test_what_is_no_id(db: Connection, text: str | None) -> None:
    with pytest.raises(psycopg.Error) as error:
        find(db, text)
    assert error.value.sqlstate in ("WF153", "WF202") and len(error.value.diag.message_primary or "") < 200


def test_none(db: Connection) -> None:
    with pytest.raises(psycopg.Error, match="execution 0000 does not exist") as error:
        find(db, "0000")
    assert error.value.sqlstate == "WF202"
