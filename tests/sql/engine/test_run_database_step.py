"""Database steps: what each does, what it gives back, and that it happens exactly once."""

import json
import threading
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.database.support import (
    Connection,
    claim,
    error,
    grant,
    output,
    publish,
    rows,
    run,
    run_one,
    work,
)
from tests.sql.engine.support import count, fake_clock

TABLES = """
create table clients (id bigint generated always as identity primary key, name text not null, city text,
  email text unique,  visits integer not null default 0, vip boolean not null default false, since timestamptz,
  password_hash text);
create table log_lines (id serial primary key, line text);
insert into clients (name, city, email, visits) values
  ('Ann', 'Utrecht', 'ann@example.com', 1), ('Bob', 'Zeist', null, 5),
  ('Cas', 'Utrecht', 'cas@example.com', 9);
"""


@pytest.fixture
def tables(db: Connection) -> Connection:
    """Tables of an application that workflows may use."""
    db.execute(TABLES)
    grant(db, "clients")
    grant(db, "log_lines")
    db.execute("grant usage on all sequences in schema public to pgwhen_actions")
    return db


def names(found: Any) -> list[str]:
    """Names of the rows of an output."""
    return [row["name"] for row in found["rows"]]


# ---------------------------------------------------------------- query


def test_query_gives_rows_with_their_key_in_the_order_of_it(tables: Connection) -> None:
    found = output(tables, {"type": "query", "table": "clients", "where": {"city": "Utrecht"}, "columns": ["name"]})
    assert found == {"rows": [{"id": 1, "name": "Ann"}, {"id": 3, "name": "Cas"}], "count": 2, "more": False}


def test_query_says_when_there_are_more(tables: Connection) -> None:
    found = output(tables, {"type": "query", "table": "clients", "order": "visits desc", "limit": 2})
    assert (names(found), found["count"], found["more"]) == (["Cas", "Bob"], 2, True)
    found = output(tables, {"type": "query", "table": "clients", "order": ["city", "visits desc"], "limit": 3})
    assert (names(found), found["more"]) == (["Cas", "Ann", "Bob"], False)


def test_query_of_one_gives_the_row_or_null(tables: Connection) -> None:
    step = {"type": "query", "table": "public.clients", "one": True, "order": "visits desc", "columns": ["name"]}
    assert output(tables, step) == {"id": 3, "name": "Cas"}
    assert output(tables, step | {"where": {"city": "Nowhere"}}) is None


def test_query_leaves_out_what_looks_like_a_secret(tables: Connection) -> None:
    found = output(tables, {"type": "query", "table": "clients", "one": True})
    assert sorted(found) == ["city", "email", "id", "name", "since", "vip", "visits"]


def test_operands_are_values_of_the_context(tables: Connection) -> None:
    step = {
        "type": "query",
        "table": "clients",
        "where": {"city": "{{ input.city }}", "visits": {"gt": "{{ input.min }}"}},
    }
    assert names(output(tables, step, {"city": "Utrecht", "min": 1})) == ["Cas"]
    assert names(output(tables, step, {"city": "Utrecht"})) == []


def test_a_later_step_sees_what_an_earlier_one_wrote(tables: Connection) -> None:
    made, seen = run(
        tables,
        {"type": "create", "table": "clients", "set": {"name": "{{ input.name }}", "city": "Ede"}},
        {"type": "query", "table": "clients", "where": {"id": "{{ steps.s1.output.id }}"}, "one": True},
        input={"name": "Dirk"},
    )
    assert made["output"] == seen["output"]
    assert seen["output"]["name"] == "Dirk"


# ---------------------------------------------------------------- create


def test_create_gives_the_row_with_what_the_table_added(tables: Connection) -> None:
    made = output(
        tables, {"type": "create", "table": "clients", "set": {"name": "Dirk", "since": "2026-01-01T10:00:00+01:00"}}
    )
    assert made | {"since": None} == {
        "id": 4, "name": "Dirk", "city": None, "email": None, "visits": 0, "vip": False, "since": None
    }  # fmt: skip
    assert made["since"] == "2026-01-01T09:00:00+00:00"


def test_create_of_several_rows_leaves_defaults_to_the_table(tables: Connection) -> None:
    step = {
        "type": "create",
        "table": "clients",
        "rows": [{"name": "Dirk", "visits": 3}, {"name": "Eva"}, {"name": "Fay", "visits": 4}],
    }
    made = output(tables, step)
    assert [(r["name"], r["visits"]) for r in made["rows"]] == [("Dirk", 3), ("Fay", 4), ("Eva", 0)]
    assert (made["count"], made["more"]) == (3, False)


def test_create_of_rows_that_a_value_gives(tables: Connection) -> None:
    step = {"type": "create", "table": "clients", "rows": "{{ input.people }}"}
    assert names(output(tables, step, {"people": [{"name": "Dirk"}, {"name": "Eva", "city": "Ede"}]})) == [
        "Dirk",
        "Eva",
    ]
    assert output(tables, step, {"people": []}) == {"rows": [], "count": 0, "more": False}
    assert error(tables, step, {"people": "Dirk"})["code"] == "WF261"
    assert error(tables, step, {"people": [{"nome": "Dirk"}]})["code"] == "WF134"
    assert error(tables, step, {"people": [{"name": "x"}] * 10001})["code"] == "WF261"
    assert count(tables, "clients") == 5


def test_create_of_nothing_but_defaults(tables: Connection) -> None:
    tables.execute(
        "create table marks (id int generated by default as identity primary key, at date default '2026-01-01')"
    )
    grant(tables, "marks")
    assert output(tables, {"type": "create", "table": "marks", "set": {}}) == {"id": 1, "at": "2026-01-01"}
    assert output(tables, {"type": "create", "table": "marks", "rows": [{}, {}]})["count"] == 2


def test_create_on_conflict(tables: Connection) -> None:
    step = {
        "type": "create",
        "table": "clients",
        "set": {"name": "Anna", "email": "ann@example.com", "visits": 7},
        "on_conflict": ["email"],
    }
    assert output(tables, step) is None
    assert output(tables, step | {"update": ["name"]}) | {"since": 0} == {
        "id": 1, "name": "Anna", "city": "Utrecht", "email": "ann@example.com", "visits": 1, "vip": False, "since": 0
    }  # fmt: skip
    assert output(tables, step | {"update": True})["visits"] == 7
    changed = output(tables, step | {"update": {"vip": True, "city": "{{ input.city }}"}}, {"city": "Ede"})
    assert (changed["vip"], changed["city"], changed["visits"]) == (True, "Ede", 7)
    several = {
        "type": "create",
        "table": "clients",
        "rows": [{"name": "x", "email": "ann@example.com"}, {"name": "y", "email": "y"}],
    }
    assert names(output(tables, several | {"on_conflict": ["email"]})) == ["y"]


# ---------------------------------------------------------------- update and delete


def test_update_changes_what_where_meets(tables: Connection) -> None:
    step = {"type": "update", "table": "clients", "where": {"city": "Utrecht"}, "set": {"vip": True, "city": None}}
    changed = output(tables, step)
    assert (changed["count"], [r["city"] for r in changed["rows"]]) == (2, [None, None])
    assert output(tables, step) == {"rows": [], "count": 0, "more": False}


def test_delete_gives_what_was_there(tables: Connection) -> None:
    gone = output(tables, {"type": "delete", "table": "clients", "where": {"visits": {"gte": 5}}})
    assert sorted(names(gone)) == ["Bob", "Cas"]
    assert count(tables, "clients") == 1


@pytest.mark.parametrize("step", [{"type": "update", "set": {"vip": True}}, {"type": "delete"}])
def test_beyond_max_nothing_is_changed(tables: Connection, step: dict[str, Any]) -> None:
    step = step | {"table": "clients", "where": {"name": {"ne": ""}}}
    failed = error(tables, step | {"max": 2})
    assert (failed["code"], failed["class"]) == ("WF260", "permanent")
    assert tables.execute("select count(*), count(*) filter (where vip) from clients").fetchone() == (3, 0)
    assert output(tables, step | {"max": 3})["count"] == 3


def test_an_operand_that_is_missing_meets_no_row(tables: Connection) -> None:
    step = {"type": "delete", "table": "clients", "where": {"not": {"city": "{{ input.city }}"}}}
    assert output(tables, step)["count"] == 0


# ---------------------------------------------------------------- call


def test_call_takes_arguments_by_name_and_gives_the_result(tables: Connection) -> None:
    tables.execute(
        "create schema billing; grant usage on schema billing to pgwhen_actions;"
        "create function billing.total(amount numeric, rate numeric default 0.21) returns numeric language sql"
        " return amount * (1 + rate);"
        "create function billing.lines(n int) returns table (line int, word text) language sql"
        " as $$ select i, 'x' || i from generate_series(1, n) i $$;"
        "create function billing.note(line text) returns void language sql security definer"
        " as $$ insert into public.log_lines (line) values (line) $$;"
        "create function billing.who(client public.clients) returns text language sql return client.name;"
    )
    for function in ("total(numeric, numeric)", "lines(int)", "note(text)", "who(public.clients)"):
        tables.execute("select pgwhen.register_function(%s)", [f"billing.{function}"])
    assert output(
        tables,
        {"type": "call", "function": "total", "with": {"amount": "{{ input.amount }}"}},
        {"amount": Decimal("10.20")},
    ) == Decimal("12.3420")
    assert output(tables, {"type": "call", "function": "billing.total", "with": {"amount": 100, "rate": 0}}) == 100
    assert output(tables, {"type": "call", "function": "lines", "with": {"n": 2}}) == [
        {"line": 1, "word": "x1"},
        {"line": 2, "word": "x2"},
    ]
    assert output(tables, {"type": "call", "function": "lines", "with": {"n": 0}}) == []
    assert error(tables, {"type": "call", "function": "lines", "with": {"n": 10001}})["code"] == "WF262"
    assert output(tables, {"type": "call", "function": "note", "with": {"line": "hello"}}) is None
    assert tables.execute("select line from log_lines").fetchall() == [("hello",)]
    assert (
        output(tables, {"type": "call", "function": "who", "with": {"client": {"name": "{{ input.n }}"}}}, {"n": "Zoë"})
        == "Zoë"
    )


# ---------------------------------------------------------------- types


def test_every_type_of_column_comes_back_as_it_went(tables: Connection) -> None:
    tables.execute(
        "create type mood as enum ('happy', 'so so'); create type place as (street text, number int);"
        "create domain percent as numeric(5, 2) check (value between 0 and 100);"
        "create table everything (id uuid primary key default gen_random_uuid(), m mood, ms mood[], p place, ps"
        " place[], pc percent,"
        " ns int[], js json, jb jsonb, b bytea, r int4range, tr tstzrange, ts timestamp, d date, t time, i interval,"
        " n numeric, big bigint,"
        " c char(5), v varchar(10), f float8, ip inet, doubled numeric generated always as (n * 2) stored, no int"
        " generated always as identity)"
    )
    grant(tables, "everything")
    given = {
        "m": "so so", "ms": ["happy", "so so"], "p": {"street": "Lange \"Weg\"", "number": 3},
        "ps": [{"street": "a", "number": None}],
        "pc": 12.5, "ns": [1, None, 3], "js": {"a": [1, {"b": None}]}, "jb": [True, "x", 1.10], "b": "\\x00ff",
        "r": "[1,5)",
        "tr": None, "ts": "2026-03-29T02:30:00", "d": "2024-02-29", "t": "23:59:59.5", "i": "1 mon 2 days 03:00:00",
        "n": Decimal("12345678901234567890.123456789"), "big": 9007199254740993, "c": "ab", "v": "Zoë",
        "f": Decimal("0.1"), "ip": "10.0.0.1/8",
    }  # fmt: skip
    step = {"type": "create", "table": "everything", "set": {name: "{{ input." + name + " }}" for name in given}}
    made = output(tables, step, given)
    assert made == {"id": made["id"], "doubled": Decimal("24691357802469135780.246913578"), "no": 1} | given | {
        "c": "ab   ", "pc": Decimal("12.50"), "jb": [True, "x", Decimal("1.1")]
    }  # fmt: skip
    again = output(
        tables, {"type": "create", "table": "everything", "set": {"jb": "a text", "js": 5, "m": "happy", "pc": 3}}
    )
    assert (again["jb"], again["js"], again["m"], again["pc"], again["no"]) == ("a text", 5, "happy", 3, 2)
    assert error(tables, step, given | {"pc": 101})["code"] == "23514"
    assert error(tables, step, given | {"m": "angry"})["code"] == "22P02"
    assert error(tables, step, given | {"v": "far too long for it"})["code"] == "22001"


def test_views_with_instead_of_triggers_and_partitioned_tables(tables: Connection) -> None:
    tables.execute(
        "create view people as select id, upper(name) as loud from clients;"
        "create function write_people() returns trigger language plpgsql as $$ begin"
        "  if tg_op = 'INSERT' then insert into clients (name) values (new.loud) returning id into new.id; return"
        " new; end if;"
        "  if tg_op = 'DELETE' then delete from clients where id = old.id; return old; end if;"
        "  update clients set name = new.loud where id = old.id; return new; end $$;"
        "create trigger t instead of insert or update or delete on people for each row execute function write_people();"
        "create table days (day date, n int, primary key (day, n)) partition by range (day);"
        "create table days_2026 partition of days for values from ('2026-01-01') to ('2027-01-01')"
    )
    grant(tables, "people")
    grant(tables, "days")
    assert output(tables, {"type": "create", "table": "people", "set": {"loud": "DIRK"}}) == {"id": 4, "loud": "DIRK"}
    assert output(tables, {"type": "update", "table": "people", "where": {"id": 4}, "set": {"loud": "D"}})["rows"] == [
        {"id": 4, "loud": "D"}
    ]
    assert output(tables, {"type": "delete", "table": "people", "where": {"loud": "D"}})["count"] == 1
    assert output(tables, {"type": "create", "table": "days", "set": {"day": "2026-05-05", "n": 1}}) == {
        "day": "2026-05-05",
        "n": 1,
    }
    assert output(tables, {"type": "query", "table": "days", "where": {"day": {"before": "2026-06-01"}}})["count"] == 1
    assert error(tables, {"type": "create", "table": "days", "set": {"day": "2030-05-05", "n": 1}})["code"] == "23514"


HOSTILE = [
    "'; drop table clients; --",
    '"',
    "\\",
    "%s %I %L $1 {{ 7*7 }}",
    "$1",
    "a\nb\tc",
    "Ż \u202e \U0001d54f",
    "null",
    "",
    "  ",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_are_values(tables: Connection, text: str) -> None:
    made = output(tables, {"type": "create", "table": "clients", "set": {"name": "{{ input.t }}"}}, {"t": text})
    assert made["name"] == text
    where = {
        "any": [{"name": "{{ input.t }}"}, {"name": {"in": ["{{ input.t }}", "zzz"]}}],
        "name": {"contains": "{{ input.t }}"},
    }
    found = output(tables, {"type": "query", "table": "clients", "where": where}, {"t": text})
    assert [r["id"] for r in found["rows"]] == [made["id"]]


def test_hostile_names_are_names(tables: Connection) -> None:
    tables.execute('create table "od""d; t" ("i d" int primary key, "%I" text, "sel""ect" text)')
    grant(tables, '"od""d; t"')
    assert output(tables, {"type": "create", "table": 'od"d; t', "set": {"i d": 1, "%I": "x", 'sel"ect': "y"}}) == {
        "i d": 1, "%I": "x", 'sel"ect': "y"
    }  # fmt: skip
    assert (
        output(tables, {"type": "query", "table": 'od"d; t', "where": {"%I": "x", 'sel"ect': {"matches": "y"}}})[
            "count"
        ]
        == 1
    )


def test_ten_megabytes_are_written_and_their_key_comes_back(tables: Connection) -> None:
    tables.execute("create function large(n int) returns text language sql return repeat('x', n)")
    tables.execute("select pgwhen.register_function('large(int)')")
    tables.execute("create table docs (id int primary key, body text)")
    tables.execute("insert into docs values (1, repeat('x', 10000000)), (2, 'small')")
    grant(tables, "docs")
    found = output(tables, {"type": "query", "table": "docs"})
    assert found == {"rows": [{"id": 1}, {"id": 2, "body": "small"}], "count": 2, "more": False}
    assert output(tables, {"type": "update", "table": "docs", "where": {"id": 1}, "set": {"id": 3}})["rows"] == [
        {"id": 3}
    ]
    assert error(tables, {"type": "call", "function": "large", "with": {"n": 2000000}})["code"] == "WF262"
    many = "insert into docs select n, repeat('y', 600000) from generate_series(10, 14) n"
    tables.execute(many)
    found = output(tables, {"type": "query", "table": "docs", "where": {"id": {"gte": 10}}})
    assert (found["count"], found["more"]) == (1, True)
    changed = output(tables, {"type": "delete", "table": "docs", "where": {"id": {"gte": 10}}})
    assert (changed["count"], changed["more"], len(changed["rows"])) == (5, True, 1)


# ---------------------------------------------------------------- errors and retries


def test_errors_of_the_data_are_permanent_and_say_what_postgresql_said(tables: Connection) -> None:
    failed = error(tables, {"type": "create", "table": "clients", "set": {"name": "x", "email": "ann@example.com"}})
    assert failed == {
        "class": "permanent", "code": "23505", "constraint": "clients_email_key",
        "detail": "Key (email)=(ann@example.com) already exists.",
        "message": 'duplicate key value violates unique constraint "clients_email_key"',
    }  # fmt: skip
    assert error(tables, {"type": "create", "table": "clients", "set": {"name": "{{ input.x }}"}})["code"] == "23502"


def test_a_deferred_constraint_is_the_steps_error(tables: Connection) -> None:
    tables.execute(
        "create table parts (id int primary key, of bigint references clients deferrable initially deferred)"
    )
    grant(tables, "parts")
    step = {"type": "create", "table": "parts", "set": {"id": 1, "of": 99}}
    assert error(tables, step)["code"] == "23503"
    assert count(tables, "parts") == 0


def test_on_error_goes_on(tables: Connection) -> None:
    found = run(
        tables,
        {
            "type": "create",
            "table": "clients",
            "set": {"name": "x", "email": "ann@example.com"},
            "on_error": "continue",
        },
        {"type": "create", "table": "clients", "set": {"name": "{{ steps.s1.error.code }}"}},
    )
    assert [row["status"] for row in found] == ["failed", "completed"]
    assert found[1]["output"]["name"] == "23505"


def test_rights_revoked_after_publishing_are_named(tables: Connection) -> None:
    name = publish(tables, {"type": "create", "table": "log_lines", "set": {"line": "x"}})
    tables.execute(
        "revoke insert on log_lines from pgwhen_actions; revoke usage on sequence log_lines_id_seq from pgwhen_actions"
    )
    tables.execute("select pgwhen.emit_event(%s)", [f"{name}.go"])
    assert [answer["class"] for answer in work(tables)] == ["permanent"]
    (row,) = rows(tables, name)
    assert (row["error"]["code"], row["error"]["hint"]) == (
        "42501",
        "grant insert on public.log_lines to pgwhen_actions; grant usage on sequence public.log_lines_id_seq to"
        " pgwhen_actions",
    )


def test_a_table_or_column_that_went_is_named(tables: Connection) -> None:
    name = publish(tables, {"type": "query", "table": "clients", "where": {"city": "x"}})
    other = publish(tables, {"type": "query", "table": "log_lines"})
    tables.execute("alter table clients drop column city; drop table log_lines")
    tables.execute("select pgwhen.emit_event(%s), pgwhen.emit_event(%s)", [f"{name}.go", f"{other}.go"])
    work(tables)
    assert [row["error"]["code"] for row in (*rows(tables, name), *rows(tables, other))] == ["WF134", "WF133"]


def test_row_level_security_applies(tables: Connection) -> None:
    tables.execute(
        "alter table clients enable row level security; create policy p on clients to pgwhen_actions using (city ="
        " 'Zeist')"
    )
    assert names(output(tables, {"type": "query", "table": "clients"})) == ["Bob"]
    assert output(tables, {"type": "delete", "table": "clients", "where": {"id": {"gt": 0}}})["count"] == 1
    assert count(tables, "clients") == 2


def test_a_statement_that_takes_too_long_is_tried_again(tables: Connection) -> None:
    fake_clock(tables, "2026-01-01T00:00:00Z")
    tables.execute("create function slow() returns int language sql as $$ select 1 from pg_sleep(60) $$")
    tables.execute("select pgwhen.register_function('slow()')")
    retry = {"attempts": 2, "backoff": "10 seconds", "jitter": "none"}
    name = publish(tables, {"type": "call", "function": "slow", "timeout": "2 seconds", "retry": retry})
    tables.execute("select pgwhen.emit_event(%s)", [f"{name}.go"])
    for minute, state in ((0, ("sleeping", "waits for attempt 2")), (1, ("failed", "gave up after 2 attempts"))):
        fake_clock(tables, f"2026-01-01T00:0{minute}:00Z")
        (action,) = claim(tables)
        tables.execute("set statement_timeout = '2s'")
        answer = run_one(tables, action)
        tables.execute("reset statement_timeout")
        assert (answer["class"], answer["error"]["code"]) == ("transient", "timeout")
        (row,) = rows(tables, name)
        assert (row["status"], row["reason"]) == state
    assert (row["error"]["message"], row["tries"]) == ("the statement took longer than 00:00:02", 2)


def test_a_deadlock_with_the_application_is_tried_again(tables: Connection, connect: Connect) -> None:
    step = {"type": "call", "function": "two_rows", "retry": {"backoff": "1 second", "jitter": "none"}}
    tables.execute(
        "create function two_rows() returns int language plpgsql as $$ begin"
        " update clients set visits = visits + 1 where id = 1; perform pg_advisory_lock_shared(5),"
        " pg_advisory_unlock_shared(5);"
        " update clients set visits = visits + 1 where id = 2; return 1; end $$"
    )
    tables.execute("select pgwhen.register_function('two_rows()')")
    fake_clock(tables, "2026-01-01T00:00:00Z")
    name = publish(tables, step)
    tables.execute("select pgwhen.emit_event(%s)", [f"{name}.go"])
    (action,) = claim(tables)
    application, gate = connect(autocommit=False), connect()
    gate.execute("select pg_advisory_lock(5)")
    application.execute("update clients set visits = 100 where id = 2")
    answers: list[Any] = []
    tables.execute("set deadlock_timeout = '50ms'")
    thread = threading.Thread(target=lambda: answers.append(run_one(tables, action)))
    thread.start()
    waiting = "select count(*) from pg_stat_activity where wait_event = 'advisory' and datname = current_database()"
    while gate.execute(waiting).fetchone() != (1,):
        pass
    application.execute("set deadlock_timeout = '60s'")
    second = threading.Thread(target=lambda: application.execute("update clients set visits = 100 where id = 1"))
    second.start()
    while gate.execute("select count(*) from pg_locks where not granted and locktype = 'transactionid'").fetchone() != (
        1,
    ):
        pass
    gate.execute("select pg_advisory_unlock(5)")
    thread.join()
    second.join()
    application.commit()
    assert [(a["class"], a["error"]["code"]) for a in answers] == [("transient", "40P01")]
    fake_clock(tables, "2026-01-01T00:00:10Z")
    assert [a["class"] for a in work(tables)] == ["ok"]
    assert tables.execute("select visits from clients where id < 3 order by id").fetchall() == [(101,), (101,)]


# ---------------------------------------------------------------- leases


def started(db: Connection, *steps: dict[str, Any]) -> str:
    """A workflow that has begun."""
    name = publish(db, *(steps or ({"type": "update", "table": "clients", "where": {"id": 1}, "set": {"vip": True}},)))
    db.execute("select pgwhen.emit_event(%s)", [f"{name}.go"])
    return name


def test_a_poller_of_contract_1_never_gets_one(tables: Connection) -> None:
    started(tables)
    old = json.dumps({"id": "old", "contract": 1, "connections": []})
    assert claim(tables, poller=old) == []
    doctor = "select detail from pgwhen.doctor() where check_name = 'pollers' and detail like 'actions wait that only%'"
    assert len(tables.execute(doctor).fetchall()) == 1
    (action,) = claim(tables)
    assert tables.execute(doctor).fetchall() == []
    assert (action["type"], action["extra"], action["context"], action["definition"]) == (
        "update",
        {"database": True},
        None,
        None,
    )


def test_only_the_holder_of_the_lease_runs_it_and_only_once(tables: Connection) -> None:
    name = started(tables)
    (action,) = claim(tables)
    for wrong in ({"attempt": 2}, {"generation": 2}, {"message_id": 0}, {"step_id": "nothing"}, {"part": 1}):
        assert run_one(tables, action | wrong) == {"class": None}
    assert run_one(tables, action) == {"class": "ok", "error": None}
    assert run_one(tables, action) == {"class": None}
    assert rows(tables, name)[0]["tries"] == 1


def test_an_execution_that_was_cancelled_is_left_alone(tables: Connection) -> None:
    started(tables)
    (action,) = claim(tables)
    tables.execute("select pgwhen.cancel_executions(array_agg(execution_id)) from pgwhen.executions")
    assert run_one(tables, action) == {"class": None}
    assert tables.execute("select vip from clients where id = 1").fetchone() == (False,)


def test_an_attempt_after_one_without_result_is_marked_first(tables: Connection) -> None:
    fake_clock(tables, "2026-01-01T00:00:00Z")
    name = started(
        tables, {"type": "query", "table": "clients", "retry": {"attempts": 2, "backoff": "1 second", "jitter": "none"}}
    )
    claim(tables, lease=10)
    fake_clock(tables, "2026-01-01T00:00:11Z")
    (action,) = claim(tables, lease=10)
    reference = json.dumps(
        {k: action[k] for k in ("execution_id", "step_id", "generation", "part", "attempt", "message_id")}
    )
    again = tables.execute("select pgwhen.run_database_step(%s)", [reference]).fetchone()
    assert again == ({"class": None, "again": True},)
    assert rows(tables, name)[0]["status"] == "sending"
    fake_clock(tables, "2026-01-01T00:00:22Z")
    assert claim(tables) == []
    (row,) = rows(tables, name)
    assert (row["status"], row["error"]["class"], row["error"]["code"]) == ("sleeping", "transient", "lease_expired")
    fake_clock(tables, "2026-01-01T00:00:33Z")
    work(tables)
    assert rows(tables, name)[0]["status"] == "completed"


def test_a_backlog_goes_by_ready_and_stays_of_version_2(tables: Connection) -> None:
    name = publish(tables, {"type": "create", "table": "log_lines", "set": {"line": "x"}})
    for size in (1200, 20):
        tables.execute("select count(pgwhen.emit_event(%s)) from generate_series(1, %s)", [f"{name}.go", size])
        tables.execute("select pgwhen.tick(2000)")
    assert count(tables, "pgwhen.ready") == 20
    tables.execute("delete from pgmq.q_pgwhen_actions")
    tables.execute("select pgwhen.tick(2000)")
    assert tables.execute("select message ->> 'v', count(*) from pgmq.q_pgwhen_actions group by 1").fetchall() == [
        ("2", 20)
    ]
    assert [a["class"] for a in work(tables)] == ["ok"] * 20
    assert count(tables, "log_lines") == 20


# ---------------------------------------------------------------- causes


def test_a_workflow_that_triggers_itself_stops_with_a_reason(tables: Connection) -> None:
    tables.execute("select pgwhen.attach('clients')")
    publish(
        tables,
        {
            "type": "update",
            "table": "clients",
            "where": {"id": "{{ client.id }}"},
            "set": {"city": "{{ client.city }}!"},
        },
        name="loops",
        when={"table": "clients", "row": "updated"},
    )
    tables.execute("update clients set city = 'a' where id = 1")
    work(tables)
    work(tables)
    assert tables.execute("select city from clients where id = 1").fetchone() == ("a!",)
    events = tables.execute(
        "select depth, actor, start_count, notes #>> '{skipped,0,reason}' from pgwhen.events order by event_id"
    ).fetchall()
    assert events == [(0, "postgres", 1, None), (1, "workflow loops", 0, "reentry")]


def test_a_cause_that_another_session_sets_is_ignored(tables: Connection) -> None:
    tables.execute("select pgwhen.attach('clients')")
    publish(tables, {"type": "stop"}, when={"table": "clients", "row": "saved"})
    tables.execute(
        "create table stolen (cause text); create function steal() returns trigger language plpgsql security definer as"
        " $$ begin insert into stolen values (current_setting('pgwhen.cause')); return null; end $$;"
        "create trigger z after insert on clients for each row execute function steal()"
    )
    output(tables, {"type": "create", "table": "clients", "set": {"name": "x"}})
    (sealed,) = tables.execute("select cause from stolen").fetchone() or ("",)
    forged = json.loads(sealed)
    for cause in (
        sealed,
        json.dumps(forged | {"seal": None}),
        json.dumps({"execution": forged["execution"], "depth": 99}),
        "rubbish",
    ):
        with tables.transaction():
            tables.execute("select set_config('pgwhen.cause', %s, true)", [cause])
            tables.execute("update clients set visits = visits + 1 where id = 1")
    work(tables)
    causes = tables.execute(
        "select operation, cause is not null, depth from pgwhen.events where attachment_id is not null"
    ).fetchall()
    assert sorted(causes) == [("insert", True, 1)] + [("update", False, 0)] * 4


def test_triggers_of_the_application_find_their_tables(tables: Connection) -> None:
    tables.execute(
        "create function note() returns trigger language plpgsql as"
        " $$ begin insert into log_lines (line) values (new.name); return new; end $$;"
        "create trigger note after insert on clients for each row execute function note()"
    )
    output(tables, {"type": "create", "table": "clients", "set": {"name": "x"}})
    assert tables.execute("select line from log_lines").fetchall() == [("x",)]


def test_nobody_but_the_poller_may_call_it(connect: Connect) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(user="pgwhen_operator").execute("select pgwhen.run_database_step('{}')")


def test_its_claim_waits_for_the_disk(tables: Connection) -> None:
    """A statement that takes the server down each time would be claimed for ever, if its attempts were lost."""
    tables.execute("set synchronous_commit = on")
    name = publish(tables, {"type": "query", "table": "clients"})
    tables.execute("select pgwhen.emit_event(%s, '{}')", [f"{name}.go"])
    with tables.transaction():
        assert [action["type"] for action in claim(tables)] == ["query"]
        assert tables.execute("show synchronous_commit").fetchone() == ("on",)
