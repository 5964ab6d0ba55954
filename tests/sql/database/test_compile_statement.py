"""What is wrong with a database step is said when it is published, with the GRANT that is missing."""

from typing import Any

import pytest

from tests.sql.database.support import Connection, output, problems, publish

QUERY = {"type": "query", "table": "people"}
CREATE = {"type": "create", "table": "people"}
UPDATE = {"type": "update", "table": "people", "where": {"id": 1}}


@pytest.fixture
def people(db: Connection) -> Connection:
    """A table that workflows may use, and one that they may not."""
    db.execute(
        "create type stage as enum ('new', 'won');"
        "create table people (id bigint generated always as identity primary key, name text, stage stage, total"
        " numeric, data jsonb, born date,"
        " double numeric generated always as (total * 2) stored, email text unique, lower_name text, password_hash"
        " text);"
        "create unique index on people (lower_name) where lower_name <> ''; create materialized view frozen as"
        " select 1 as one;"
        "create table closed (id serial primary key, a int, b int); create schema shut; create table shut.inside (id"
        " int primary key);"
        "create function charge(client bigint, amount numeric default 0) returns bool language sql return true;"
        "grant select, insert, update, delete on people to pgwhen_actions; grant select on frozen to pgwhen_actions"
    )
    db.execute("select pgwhen.attach('people')")
    db.execute("select pgwhen.register_function('charge(bigint, numeric)')")
    return db


WRONG: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"type": "query", "table": "persons"}, [("WF015", "steps[0].table")]),
    ({"type": "query"}, [("WF005", "steps[0]")]),
    (QUERY | {"where": {"nome": "x"}}, [("WF016", "steps[0].where.nome")]),
    (QUERY | {"where": {"name.first": "x"}}, [("WF017", "steps[0].where.name.first")]),
    (QUERY | {"where": {"password_hash": "x"}}, [("WF019", "steps[0].where.password_hash")]),
    (QUERY | {"where": {"stage": "lost"}}, [("WF021", "steps[0].where.stage")]),
    (QUERY | {"where": {"total": "much"}}, [("WF021", "steps[0].where.total")]),
    (QUERY | {"where": {"total": {"starts_with": "1"}}}, [("WF021", "steps[0].where.total.starts_with")]),
    (QUERY | {"where": {"stage": {"changed": True}}}, [("WF026", "steps[0].where.stage.changed")]),
    (QUERY | {"where": "$.input.x == 1"}, [("WF050", "steps[0].where")]),
    (QUERY | {"where": {}}, [("WF012", "steps[0].where")]),
    (QUERY | {"columns": ["nome"]}, [("WF016", "steps[0].columns")]),
    (QUERY | {"columns": ["password_hash"]}, [("WF019", "steps[0].columns")]),
    (QUERY | {"order": ["nome desc"]}, [("WF016", "steps[0].order")]),
    (QUERY | {"order": 3}, [("WF002", "steps[0].order")]),
    (QUERY | {"limit": 10001}, [("WF002", "steps[0].limit")]),
    (QUERY | {"on_uncertain": "stop"}, [("WF012", "steps[0].on_uncertain")]),
    (QUERY | {"timeout": "2 hours"}, [("WF011", "steps[0].timeout")]),
    (CREATE, [("WF005", "steps[0]")]),
    (CREATE | {"set": {"name": "x"}, "rows": [{"name": "x"}]}, [("WF005", "steps[0]")]),
    (CREATE | {"set": {"id": 1}}, [("WF051", "steps[0].set.id")]),
    (CREATE | {"set": {"double": 1}}, [("WF051", "steps[0].set.double")]),
    (CREATE | {"set": {"total": True}}, [("WF021", "steps[0].set.total")]),
    (CREATE | {"set": {"stage": "lost"}}, [("WF021", "steps[0].set.stage")]),
    (CREATE | {"set": {"born": "{{ input.x }} or so"}}, []),
    (CREATE | {"rows": [{"name": "x"}, {"nome": "x"}]}, [("WF016", "steps[0].rows[1].nome")]),
    (CREATE | {"rows": "x"}, [("WF002", "steps[0].rows")]),
    (CREATE | {"rows": []}, [("WF002", "steps[0].rows")]),
    (CREATE | {"set": {"name": "x"}, "on_conflict": ["name"]}, [("WF052", "steps[0].on_conflict")]),
    (CREATE | {"set": {"name": "x"}, "on_conflict": ["lower_name"]}, [("WF052", "steps[0].on_conflict")]),
    (CREATE | {"set": {"email": "x"}, "on_conflict": ["email"], "update": True}, [("WF052", "steps[0].update")]),
    (CREATE | {"set": {"email": "x"}, "update": True}, [("WF014", "steps[0].update")]),
    (CREATE | {"table": "frozen", "set": {"one": 2}}, [("WF051", "steps[0].table")]),
    (UPDATE, [("WF005", "steps[0]")]),
    (UPDATE | {"set": {}}, [("WF005", "steps[0].set")]),
    (UPDATE | {"set": {"name": "x"}, "max": 0}, [("WF002", "steps[0].max")]),
    ({"type": "update", "table": "people", "set": {"name": "x"}}, [("WF005", "steps[0]")]),
    ({"type": "delete", "table": "people"}, [("WF005", "steps[0]")]),
    ({"type": "delete", "table": "people", "where": {}}, [("WF012", "steps[0].where")]),
    ({"type": "call", "function": "discharge"}, [("WF054", "steps[0].function")]),
    ({"type": "call", "function": "charge"}, [("WF055", "steps[0]")]),
    ({"type": "call", "function": "charge", "with": {"client": 1, "sum": 2}}, [("WF055", "steps[0].with.sum")]),
    ({"type": "call", "function": "charge", "with": {"client": "many"}}, [("WF021", "steps[0].with.client")]),
]  # fmt: skip


@pytest.mark.parametrize(("step", "expected"), WRONG, ids=[str(step) for step, _ in WRONG])
def test_what_is_wrong_has_a_code_and_a_place(
    people: Connection, step: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    if step.get("set", {}).get("born"):
        expected = [("WF021", "steps[0].set.born")] if problems(people, step) else []
    assert [(code, path) for code, path, _ in problems(people, step)] == expected


GRANTS = [
    ({"type": "query", "table": "closed"}, ["grant select on public.closed to pgwhen_actions"]),
    (
        {"type": "create", "table": "closed", "set": {"a": 1}},
        ["grant select, insert on public.closed to pgwhen_actions", "grant usage on sequence public.closed_id_seq to"
            " pgwhen_actions"],
    ),
    (
        {"type": "create", "table": "closed", "set": {"id": 1, "a": 1}, "on_conflict": ["id"], "update": ["a"]},
        ["grant select, insert, update on public.closed to pgwhen_actions"],
    ),
    ({"type": "update", "table": "closed", "where": {"a": 1}, "set": {"b": 1}}, ["grant select, update on"
        " public.closed to pgwhen_actions"]),
    ({"type": "delete", "table": "closed", "where": {"a": 1}}, ["grant select, delete on public.closed to"
        " pgwhen_actions"]),
    (
        {"type": "query", "table": "shut.inside"},
        ["grant usage on schema shut to pgwhen_actions", "grant select on shut.inside to pgwhen_actions"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("step", "grants"), GRANTS, ids=[str(step) for step, _ in GRANTS])
def test_missing_rights_come_with_their_grants_which_are_enough(
    people: Connection, step: dict[str, Any], grants: list[str]
) -> None:
    assert sorted(problems(people, step)) == sorted(("WF053", "steps[0]", line) for line in grants)
    for line in grants:
        people.execute(line)  # type: ignore[arg-type]
    assert problems(people, step) == []
    output(people, step)


def test_grants_on_columns_are_enough(people: Connection) -> None:
    step = {"type": "update", "table": "closed", "where": {"a": 1}, "set": {"b": 2}}
    people.execute("insert into closed (a, b) values (1, 1)")
    people.execute("grant select (id), update (b) on closed to pgwhen_actions")
    assert [code for code, *_ in problems(people, step)] == ["WF053"]
    people.execute("grant select (a) on closed to pgwhen_actions")
    assert output(people, step)["rows"] == [{"id": 1, "a": 1}]
    assert output(people, {"type": "query", "table": "closed"})["rows"] == [{"id": 1, "a": 1}]
    assert [code for code, *_ in problems(people, {"type": "query", "table": "closed", "columns": ["b"]})] == ["WF053"]


def test_a_function_that_may_not_be_executed(people: Connection) -> None:
    people.execute("revoke execute on function charge(bigint, numeric) from public")
    step = {"type": "call", "function": "charge", "with": {"client": 1}}
    assert problems(people, step) == [
        ("WF053", "steps[0].function", "grant execute on function public.charge(bigint,numeric) to pgwhen_actions")
    ]


def test_row_level_security_is_a_warning(people: Connection) -> None:
    people.execute("alter table people enable row level security")
    assert problems(people, QUERY) == []
    row = people.execute(
        'select severity, code from pgwhen.validate_definition(\'{"workflow": "w", "when": {"event": "go"},'
        ' "steps": [{"id": "s", "type": "query", "table": "people"}]}\')'
    ).fetchall()
    assert row == [("warning", "WF053")]


def test_a_table_of_another_tenant_is_refused(people: Connection) -> None:
    people.execute(
        "insert into pgwhen.tenants (tenant) values ('other'); update pgwhen.attachments set tenant = 'other'"
    )
    assert [code for code, *_ in problems(people, QUERY)] == ["WF056"]


def test_camel_case_names_find_their_columns(people: Connection) -> None:
    made = output(people, CREATE | {"set": {"lowerName": "x", "data": {"n": "{{ input.n }}"}}}, {"n": 1})
    assert (made["lower_name"], made["data"]) == ("x", {"n": 1})


def test_defaults_of_the_workflow_apply(people: Connection) -> None:
    name = publish(
        people, QUERY | {"retry": {"attempts": 7}}, timeout="5 seconds", on_uncertain="stop", retry={"factor": 3}
    )
    (compiled,) = people.execute(
        "select compiled from pgwhen.steps s join pgwhen.workflows w using (workflow_id) where workflow = %s", [name]
    ).fetchone() or ({},)
    assert (compiled["timeout"], compiled["retry"]["attempts"], compiled["retry"]["factor"]) == (5, 7, 3)
