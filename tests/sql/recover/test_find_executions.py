"""Which executions a filter means; count_executions counts the same."""

import uuid
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import Connection, define, fake_clock, happen, perform, tick


def find(db: Connection, state: str = "failed", **filters: Any) -> list[uuid.UUID]:
    """The executions of a filter; the count has to be the same."""
    names = "".join(f", p_{name} => %s" for name in filters)
    values = [state, *filters.values()]
    ids = [row[0] for row in db.execute(f"select * from pgwhen.find_executions(%s{names})", values).fetchall()]  # type: ignore[arg-type]
    if not filters.keys() & {"after", "max"}:
        assert db.execute(f"select pgwhen.count_executions(%s{names})", values).fetchone() == (len(ids),)  # type: ignore[arg-type]
    return ids


def test_failed_by_workflow_step_time_and_error(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    first = define(db, [{"id": "a"}], name="first")
    happen(db, first, {"id": 1})
    perform(db, "permanent", error={"code": "no_such_address", "message": "x"})
    fake_clock(db, "2026-11-21 15:00+00")
    second = define(db, [{"id": "b"}], name="second", attachment_id=first.attachment_id, key="update:{}")
    happen(db, second, {"id": 2}, operation="update")
    perform(db, "permanent")
    one, two = find(db)
    assert find(db, workflow="first") == [one] and find(db, workflow="second") == [two]
    assert find(db, step="a") == [one] and find(db, step="b", workflow="second") == [two]
    assert find(db, since="2026-11-21 14:00+00") == [two] and find(db, until="2026-11-21 14:00+00") == [one]
    assert find(db, error_code="no_such_address") == [one] and find(db, error_code="test") == [two]
    assert find(db, error_code="other") == []
    assert find(db, max=1) == [one] and find(db, after=one) == [two] and find(db, after=two) == []
    assert find(db, "unfinished") == []


def test_unfinished_by_open_step_and_its_last_error(db: Connection) -> None:
    steps = [{"id": "a"}, {"id": "d", "type": "delay", "for": {"literal": "1 day"}}]
    happen(db, define(db, steps, [("a", "d", "success")]), {"id": 1}, {"id": 2})
    perform(db)
    ids = find(db, "unfinished")
    assert len(ids) == 2
    assert find(db, "unfinished", step="d") == ids and find(db, "unfinished", step="a") == []
    assert find(db, "unfinished", since="2999-01-01") == [] and find(db, "unfinished", until="2999-01-01") == ids
    happen(
        db,
        define(db, [{"id": "x"}], name="second", key="delete:{}", attachment_id=1, trigger={"operations": ["delete"]}),
        {"id": 3},
        operation="delete",
    )
    perform(db, "transient")
    assert len(find(db, "unfinished", error_code="test")) == 1
    assert len(find(db, "unfinished", workflow="second")) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["done", None, None, 1], "WF155", "failed"), ([None, None, None, 1], "WF155", "failed"),
        (["failed", "wellcome", None, 1], "WF200", "Did you mean welcome?"),
        (["failed", "welcome", "sned", 1], "WF203", "Did you mean send?"),
        (["failed", None, "nothing like it", 1], "WF203", "show"), (["failed", None, None, 0], "WF152", "1000"),
    ],
)  # fmt: skip
def test_what_names_nothing_is_an_error(db: Connection, arguments: list[Any], code: str, hint: str) -> None:
    define(db, [{"id": "send"}], name="welcome")
    with pytest.raises(psycopg.Error) as error:
        db.execute("select * from pgwhen.find_executions(%s, %s, %s, p_max => %s)", arguments)
    assert error.value.sqlstate == code and hint in (error.value.diag.message_hint or "")


def test_another_tenants_are_not_found(db: Connection, login: Any) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    dsn = login("pgwhen_viewer")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_viewer', 'other')")
    with psycopg.connect(dsn, autocommit=True) as other:
        assert find(other, "unfinished") == []


def test_wrong_role(connect: Connect) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect("pgwhen_app").execute("select * from pgwhen.find_executions()")
