"""Rows that appear: INSERT, COPY, MERGE, ON CONFLICT; and what all captures have in common."""

import json
import threading

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.conftest import Connect
from tests.sql.capture.support import (
    LEADS,
    Connection,
    attach,
    capture,
    changes,
    make_role,
    messages,
    subscribe,
    value,
)


@pytest.fixture
def leads(db: Connection) -> int:
    """The table leads, captured, with subscribers for everything."""
    db.execute(LEADS)
    return capture(db, "leads")


def test_one_row(db: Connection, leads: int) -> None:
    db.execute("insert into leads (email) values ('a@example.com')")
    assert messages(db) == [
        {
            "v": 1,
            "attachment": leads,
            "operation": "insert",
            "actor": "postgres",
            "new": {"id": 1, "email": "a@example.com", "status": "new", "score": None},
        }
    ]


def test_many_rows_one_message_each_in_order(db: Connection, leads: int) -> None:
    db.execute("insert into leads (score) select g from generate_series(1, 2000) g")
    found = messages(db)
    assert [m["new"]["score"] for m in found] == list(range(1, 2001))
    assert {(m["v"], m["attachment"], m["operation"], m["actor"]) for m in found} == {(1, leads, "insert", "postgres")}


def test_no_rows_no_message(db: Connection, leads: int) -> None:
    db.execute("insert into leads (email) select 'a' where false")
    assert messages(db) == []


def test_nothing_without_a_subscription(db: Connection) -> None:
    db.execute(LEADS)
    attachment_id = attach(db, "leads")["attachment"]
    statements = (
        "insert into leads (id) values (1)",
        "update leads set score = 1",
        "delete from leads",
        "truncate leads",
    )
    for statement in statements:
        db.execute(statement)
    assert messages(db) == []
    subscribe(db, attachment_id, "update")
    for statement in statements:
        db.execute(statement)
    assert [m["operation"] for m in messages(db)] == ["update"]


def test_it_occurred_when_the_statement_ran(db: Connection, leads: int) -> None:
    db.execute("insert into leads (email) select 'a' from generate_series(1, 3)")
    query = "select count(distinct enqueued_at), bool_and(enqueued_at <= vt and vt <= clock_timestamp()) from {}"
    assert db.execute(query.format("pgmq.q_pgwhen_events").encode()).fetchone() == (1, True)


def test_the_fake_clock_rules_it(db: Connection, leads: int) -> None:
    db.execute("set pgwhen.now = '2031-05-06 07:08:09+00'")
    db.execute("insert into leads default values")
    assert value(db, "select enqueued_at < '2031-01-01' from pgmq.q_pgwhen_events") is True
    messages(db)
    db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    db.execute("insert into leads default values")
    assert value(db, "select enqueued_at = '2031-05-06 07:08:09+00' from pgmq.q_pgwhen_events") is True


def test_copy(db: Connection, leads: int) -> None:
    with db.cursor().copy("copy leads (email) from stdin") as copy:
        for n in range(3):
            copy.write_row([f"{n}@example.com"])
    assert [m["new"]["email"] for m in messages(db)] == ["0@example.com", "1@example.com", "2@example.com"]


def test_on_conflict_do_update_is_an_insert_or_an_update(db: Connection, leads: int) -> None:
    db.execute("insert into leads (id, score) values (1, 10)")
    messages(db)
    db.execute(
        "insert into leads (id, score) values (1, 11), (2, 20) on conflict (id) do update set score = excluded.score"
    )
    assert sorted(changes(db, "id", "score")) == [("insert", None, (2, 20)), ("update", (1, 10), (1, 11))]


def test_on_conflict_do_nothing_is_nothing(db: Connection, leads: int) -> None:
    db.execute("insert into leads (id) values (1)")
    messages(db)
    db.execute("insert into leads (id) values (1), (2) on conflict do nothing")
    assert changes(db, "id") == [("insert", None, 2)]
    db.execute("insert into leads (id) values (1) on conflict do nothing")
    assert messages(db) == []


def test_merge_is_what_it_does(db: Connection, leads: int) -> None:
    db.execute("insert into leads (id, score) values (1, 1), (2, 2)")
    messages(db)
    db.execute(
        """
        merge into leads l
        using (values (1, 10), (2, 0), (3, 30)) as s (id, score) on s.id = l.id
        when matched and s.score = 0 then delete
        when matched then update set score = s.score
        when not matched then insert (id, score) values (s.id, s.score)
        """
    )
    assert sorted(changes(db, "id", "score")) == [
        ("delete", (2, 2), None),
        ("insert", None, (3, 30)),
        ("update", (1, 1), (1, 10)),
    ]


def test_a_writable_cte_is_captured(db: Connection, leads: int) -> None:
    db.execute("with i as (insert into leads (id) values (1) returning id) insert into leads (id) select id + 1 from i")
    assert sorted(changes(db, "id")) == [("insert", None, 1), ("insert", None, 2)]


def test_rollback_and_savepoint_leave_nothing(connect: Connect, db: Connection, leads: int) -> None:
    other = connect(autocommit=False)
    other.execute("insert into leads (score) values (1)")
    other.rollback()
    assert messages(db) == []
    with other.transaction():
        other.execute("insert into leads (score) values (2)")
        with other.transaction(force_rollback=True):
            other.execute("insert into leads (score) values (3)")
        other.execute("insert into leads (score) values (4)")
    other.commit()
    assert changes(db, "score") == [("insert", None, 2), ("insert", None, 4)]


def test_nobody_sees_the_event_before_the_row(connect: Connect, db: Connection, leads: int) -> None:
    other = connect(autocommit=False)
    other.execute("insert into leads (score) values (1)")
    assert messages(db) == []
    other.commit()
    assert changes(db, "score") == [("insert", None, 1)]


def test_a_role_that_may_only_insert_needs_nothing_else(connect: Connect, db: Connection, leads: int) -> None:
    make_role(db, "capture_app")
    db.execute("grant insert on leads to capture_app")
    app = connect(user="capture_app")
    app.execute("insert into leads (email) values ('a')")
    app.execute("insert into leads (email) values ('b'), ('c')")
    assert [(m["actor"], m["new"]["email"]) for m in messages(db)] == [("capture_app", name) for name in "abc"]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("select from pgwhen.attachments")


def test_the_search_path_of_the_writer_means_nothing(connect: Connect, db: Connection, leads: int) -> None:
    other = connect()
    other.execute("create temp table attachments (attachment_id int, operations text[])")
    other.execute("create schema evil")
    other.execute("create function evil.to_jsonb(anyelement) returns jsonb language sql as $$ select '{}'::jsonb $$")
    other.execute("set search_path = evil, pg_temp, pg_catalog, public")
    other.execute("insert into public.leads (email) values ('a')")
    assert changes(db, "email") == [("insert", None, "a")]


@pytest.mark.parametrize(
    ("settings", "actor"),
    [
        ({}, "postgres"),
        ({"pgwhen.actor": "Ann"}, "Ann"),
        ({"pgwhen.actor": ""}, "postgres"),
        ({"request.jwt.claims": '{"sub": "user-7"}'}, "user-7"),
        ({"request.jwt.claims": '{"role": "anon"}'}, "postgres"),
        ({"request.jwt.claims": "no json"}, "postgres"),
        ({"request.jwt.claims": "[1]"}, "postgres"),
        ({"request.jwt.claims": '{"sub": "\\u0000"}'}, "postgres"),
        ({"request.jwt.claims": '{"sub": "user-7"}', "pgwhen.actor": "Ann"}, "Ann"),
        ({"pgwhen.actor": "x" * 300}, "x" * 200),
    ],
)
def test_the_actor(db: Connection, leads: int, settings: dict[str, str], actor: str) -> None:
    for name, setting in settings.items():
        db.execute("select set_config(%s, %s, false)", [name, setting])
    db.execute("insert into leads (email) values ('a')")
    db.execute("insert into leads (email) values ('b'), ('c')")
    assert [m["actor"] for m in messages(db)] == [actor] * 3


@pytest.mark.parametrize("rows", [1, 3, 1200])
def test_the_settings_of_the_session_count_however_many_rows(db: Connection, rows: int) -> None:
    db.execute("create table visits (id int primary key, at timestamptz)")
    capture(db, "visits")
    db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    db.execute("set pgwhen.actor = 'Zoë'")
    db.execute("set timezone = 'Asia/Tokyo'")
    db.execute("set pgwhen.now = '2031-05-06 07:08:09+00'")
    db.execute("insert into visits select g, '2026-01-01 00:00:00+00' from generate_series(1, %s) g", [rows])
    db.execute("update visits set at = at + interval '1 hour'")
    db.execute("delete from visits")
    found = db.execute(
        """
        select message ->> 'operation', message ->> 'actor', enqueued_at = pgwhen._now(), message -> 'old' ->> 'at',
          message -> 'new' ->> 'at', count(*)
        from pgmq.q_pgwhen_events group by 1, 2, 3, 4, 5 order by min(msg_id)"""
    ).fetchall()
    before, after = "2026-01-01T00:00:00+00:00", "2026-01-01T01:00:00+00:00"
    assert found == [
        ("insert", "Zoë", True, None, before, rows),
        ("update", "Zoë", True, before, after, rows),
        ("delete", "Zoë", True, after, None, rows),
    ]
    assert value(db, "select current_setting('timezone')") == "Asia/Tokyo"


def test_a_cause_counts_in_test_mode_only(db: Connection, leads: int) -> None:
    cause = {"execution": "00000000-0000-0000-0000-000000000001", "depth": 3}
    db.execute("select set_config('pgwhen.cause', %s, false)", [json.dumps(cause)])
    statements = (
        "insert into leads (id) values (1)",
        "insert into leads (id) values (2), (3)",
        "update leads set score = 1 where id = 1",
        "update leads set score = 1 where id > 1",
        "delete from leads where id = 1",
        "truncate leads",
    )
    for statement in statements:
        db.execute(statement)
    assert {"cause" in m for m in messages(db)} == {False}
    db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    for statement in statements:
        db.execute(statement)
    found = messages(db)
    assert len(found) == 8
    assert [m.get("cause") for m in found] == [cause] * 8
    for text in ("no json", '{"execution": "x"}', "[]", '{"depth": "deep"}'):
        db.execute("select set_config('pgwhen.cause', %s, false)", [text])
        db.execute("insert into leads default values")
    assert {"cause" in m and m["cause"]["execution"] is not None for m in messages(db)} == {False}


# ---------------------------------------------------------------- values


def test_values_are_exact_and_do_not_depend_on_the_session(db: Connection) -> None:
    db.execute("create type mood as enum ('glad', 'sad')")
    db.execute("create domain positive as integer check (value > 0)")
    db.execute("create type place as (street text, number integer)")
    db.execute(
        """
        create table odd (
          id integer primary key, "Order" text, "it's ""q"" x" text, "naïve ☃" text, "select" text,
          n numeric, big bigint, f double precision, list integer[], grid text[][],
          span tstzrange, spans int4multirange,
          raw bytea, pause interval, at timestamptz, local timestamp, day date, clock time, zoned timetz,
          feeling mood, amount positive, home place, doc jsonb, old_doc json, address inet, u uuid, bits bit(3),
          flag boolean, c char(3), made numeric generated always as (n * 2) stored
        )
        """
    )
    capture(db, "odd")
    insert = """
        insert into odd (id, "Order", "it's ""q"" x", "naïve ☃", "select", n, big, f, list, grid, span, spans,
          raw, pause, at,
          local, day, clock, zoned, feeling, amount, home, doc, old_doc, address, u, bits, flag, c)
        values (%s, 'o', 'q', 'é☃', 's', 10.20, 9007199254740993, 0.1, '{1,null,3}', '{{a,b},{"c,",null}}',
          '[2024-01-01 12:00+01,2024-01-02 00:00+00)', '{[1,3),[5,7)}', '\\x00ff', '1 mon 2 days 03:04:05.5',
          '2024-06-01 12:00:00+02', '2024-06-01 12:00:00', '2024-06-01', '12:34:56', '12:34:56+03', 'glad', 5,
          '("High, St",7)', '{"a": {"b": 1.50}}', '{"z": 1,  "a": 2}', '10.0.0.1/8',
          '00000000-0000-0000-0000-00000000000a',
          '101', true, 'x')
    """
    settings = {
        "TimeZone": "Asia/Tokyo",
        "IntervalStyle": "iso_8601",
        "DateStyle": "German",
        "bytea_output": "escape",
        "extra_float_digits": "-10",
    }
    db.execute(insert.encode(), [1])
    for name, setting in settings.items():
        db.execute("select set_config(%s, %s, false)", [name, setting])
    db.execute(insert.encode(), [2])
    db.execute("update odd set id = id")
    for name, setting in settings.items():
        assert value(db, "select current_setting(%s)", name).startswith(setting)
    first, second, *updates = (m for m in messages(db))
    expected = {
        "Order": "o",
        'it\'s "q" x': "q",
        "naïve ☃": "é☃",
        "select": "s",
        "big": 9007199254740993,
        "f": 0.1,
        "list": [1, None, 3],
        "grid": [["a", "b"], ["c,", None]],
        "span": '["2024-01-01 11:00:00+00","2024-01-02 00:00:00+00")',
        "spans": "{[1,3),[5,7)}",
        "raw": "\\x00ff",
        "pause": "1 mon 2 days 03:04:05.5",
        "at": "2024-06-01T10:00:00+00:00",
        "local": "2024-06-01T12:00:00",
        "day": "2024-06-01",
        "clock": "12:34:56",
        "zoned": "12:34:56+03",
        "feeling": "glad",
        "amount": 5,
        "home": {"street": "High, St", "number": 7},
        "doc": {"a": {"b": 1.5}},
        "old_doc": {"z": 1, "a": 2},
        "address": "10.0.0.1/8",
        "u": "00000000-0000-0000-0000-00000000000a",
        "bits": "101",
        "flag": True,
        "c": "x  ",
    }
    assert {name: first["new"][name] for name in expected} == expected
    assert {**second["new"], "id": 1} == first["new"]
    assert [(m["old"], m["new"]) for m in updates] == [(first["new"],) * 2, (second["new"],) * 2]


def test_numbers_keep_their_digits(db: Connection) -> None:
    db.execute("create table numbers (id integer primary key, n numeric, f float8)")
    capture(db, "numbers")
    db.execute("insert into numbers values (1, 10.20, 'NaN'), (2, 'NaN', '-Infinity'), (3, 1e100, 1e-300)")
    rows = db.execute(
        """
        select message -> 'new' ->> 'n', message -> 'new' ->> 'f', jsonb_typeof(message -> 'new' -> 'n')
        from pgmq.q_pgwhen_events order by msg_id
        """
    ).fetchall()
    assert rows == [
        ("10.20", "NaN", "number"),
        ("NaN", "-Infinity", "string"),
        ("1" + "0" * 100, f"0.{'0' * 299}1", "number"),
    ]


def test_the_formats_of_the_session_stay_as_they_are(connect: Connect, db: Connection, leads: int) -> None:
    other = connect(autocommit=False)
    other.execute("set timezone = 'Asia/Tokyo'")
    other.execute("set local datestyle = 'German'")
    other.execute("insert into leads (score) values (1)")
    other.execute("set timezone = 'Europe/Paris'")
    other.execute("insert into leads (score) values (2), (3)")
    assert value(other, "show timezone") == "Europe/Paris"
    assert value(other, "show datestyle") == "German, DMY"
    other.commit()
    assert value(other, "show timezone") == "Europe/Paris"
    assert value(other, "show datestyle") == "ISO, MDY"
    other.execute("reset timezone")
    other.execute("insert into leads (score) values (4)")
    other.rollback()
    assert value(other, "show timezone") == "Europe/Paris"
    assert changes(db, "score") == [("insert", None, n) for n in (1, 2, 3)]


def test_an_error_of_the_statement_leaves_the_formats(connect: Connect, db: Connection, leads: int) -> None:
    """The queue refuses; a block of the application catches it; the session goes on as it was."""
    db.execute("alter table pgmq.q_pgwhen_events add constraint broken check (message ->> 'operation' <> 'insert')")
    other = connect()
    other.execute("set timezone = 'Asia/Tokyo'")
    other.execute(
        """
        do $$ begin
          begin
            insert into leads default values;
          exception when check_violation then
            null;
          end;
          if current_setting('timezone') <> 'Asia/Tokyo' then
            raise 'the session is in %', current_setting('timezone');
          end if;
        end $$
        """
    )


def test_excluded_columns_never_enter(db: Connection) -> None:
    db.execute("create table accounts (id int primary key, name text, password text, api_token text)")
    capture(db, "accounts")
    db.execute("insert into accounts values (1, 'a', 'p', 't')")
    db.execute("insert into accounts values (2, 'b', 'p', 't'), (3, 'c', 'p', 't')")
    db.execute("update accounts set password = 'q' where id = 1")
    db.execute("update accounts set password = 'q' where id > 1")
    db.execute("delete from accounts where id = 1")
    db.execute("delete from accounts")
    db.execute("insert into accounts select g, 'a', 'p', 't' from generate_series(1, 1500) g")
    db.execute("update accounts set password = 'q'")
    db.execute("delete from accounts")
    assert {tuple(sorted(m[side])) for m in messages(db) for side in ("old", "new") if side in m} == {("id", "name")}


def test_a_table_may_have_a_column_named_like_anything_of_ours(db: Connection) -> None:
    db.execute(
        """
        create table r (
          r int primary key, n int, o int, c int, content jsonb, error text, new_rows int, v_excluded int, v_message int
        )
        """
    )
    capture(db, "r")
    db.execute("insert into r (r) values (1)")
    db.execute("insert into r (r) values (2), (3)")
    db.execute("update r set n = 1 where r = 1")
    db.execute("update r set n = 2 where r > 1")
    assert changes(db, "r", "n")[3:] == [
        ("update", (1, None), (1, 1)),
        ("update", (2, None), (2, 2)),
        ("update", (3, None), (3, 2)),
    ]


# ---------------------------------------------------------------- what JSON cannot hold


@pytest.fixture
def notes(db: Connection) -> int:
    """A table with a json column, captured."""
    db.execute('create table notes (id int, "Lang" text, doc json, primary key (id, "Lang"))')
    return capture(db, "notes")


BAD = [
    '{"a": "\\u0000"}',
    '{"a": "\\ud800"}',
    '{"a": 1e1000000}',
]


@pytest.mark.parametrize("bad", BAD)
def test_a_row_that_json_cannot_hold_has_its_key(db: Connection, notes: int, bad: str) -> None:
    db.execute("insert into notes values (1, 'en', %s)", [bad])
    (message,) = messages(db)
    assert message["new"] == {"id": 1, "Lang": "en"}
    assert message["capture_error"]
    assert value(db, "select count(*) from notes") == 1


def test_the_other_rows_of_the_statement_are_whole(db: Connection, notes: int) -> None:
    db.execute("insert into notes select g, 'en', '{}' from generate_series(1, 20) g")
    messages(db)
    db.execute(
        "insert into notes select g, 'nl', (case when g = 7 then %s else '{}' end)::json from generate_series(1, 20) g",
        [BAD[0]],
    )
    found = messages(db)
    assert [m["new"]["id"] for m in found] == list(range(1, 21))
    assert [m["new"]["id"] for m in found if "capture_error" in m] == [7]
    assert found[6]["new"] == {"id": 7, "Lang": "nl"}
    assert found[5]["new"] == {"id": 6, "Lang": "nl", "doc": {}}


def test_an_update_that_json_cannot_hold_has_both_keys(db: Connection, notes: int) -> None:
    db.execute("insert into notes values (1, 'en', '{}'), (2, 'en', '{}'), (3, 'en', '{}')")
    messages(db)
    db.execute("update notes set doc = %s where id = 1", [BAD[0]])
    db.execute("update notes set doc = (case when id = 2 then %s else '[]' end)::json where id > 1", [BAD[0]])
    db.execute("update notes set doc = '[]' where id = 1")
    rows = [(m["old"], m["new"], "capture_error" in m, m.get("pairing")) for m in messages(db)]
    key = [{"id": n, "Lang": "en"} for n in range(4)]
    assert rows == [
        (key[1], key[1], True, None),
        (key[2], key[2], True, None),
        ({**key[3], "doc": {}}, {**key[3], "doc": []}, False, None),
        (key[1], key[1], True, None),
    ]


def test_a_large_update_that_json_cannot_hold(db: Connection, notes: int) -> None:
    db.execute("insert into notes select g, 'en', '{}' from generate_series(1, 3000) g")
    messages(db)
    db.execute("update notes set doc = (case when id = 2500 then %s else '[]' end)::json", [BAD[0]])
    found = messages(db)
    assert len(found) == 3000
    assert [m["new"] for m in found if "capture_error" in m] == [{"id": 2500, "Lang": "en"}]


def test_a_large_insert_and_delete_that_json_cannot_hold(db: Connection, notes: int) -> None:
    db.execute(
        """
        insert into notes select g, 'en', (case when g = 1700 then %s else '{}' end)::json
        from generate_series(1, 2000) g
        """,
        [BAD[0]],
    )
    db.execute("delete from notes")
    found = messages(db)
    assert len(found) == 4000
    assert [(m["operation"], m.get("old"), m.get("new")) for m in found if "capture_error" in m] == [
        ("insert", None, {"id": 1700, "Lang": "en"}),
        ("delete", {"id": 1700, "Lang": "en"}, None),
    ]


def test_a_delete_that_json_cannot_hold(db: Connection, notes: int) -> None:
    db.execute("insert into notes values (1, 'en', %s), (2, 'en', '{}'), (3, 'en', %s)", [BAD[0], BAD[0]])
    messages(db)
    db.execute("delete from notes where id < 3")
    db.execute("delete from notes")
    assert [(m["old"], "capture_error" in m) for m in messages(db)] == [
        ({"id": 1, "Lang": "en"}, True),
        ({"id": 2, "Lang": "en", "doc": {}}, False),
        ({"id": 3, "Lang": "en"}, True),
    ]


def test_without_a_key_nothing_is_left_of_it(db: Connection) -> None:
    db.execute("create table loose (doc json)")
    capture(db, "loose")
    db.execute("insert into loose values (%s)", [BAD[0]])
    (message,) = messages(db)
    assert message["new"] == {}
    assert message["capture_error"]


# ---------------------------------------------------------------- the queue, the doorbell, the transaction


def test_a_broken_queue_is_a_visible_error(db: Connection, leads: int) -> None:
    db.execute("alter table pgmq.q_pgwhen_events add constraint broken check (false) not valid")
    for statement in (
        "insert into leads default values",
        "insert into leads (id) values (7), (8)",
        "insert into leads (id) select g from generate_series(1, 2000) g",
    ):
        with pytest.raises(psycopg.errors.CheckViolation, match="broken"):
            db.execute(statement)
    assert value(db, "select count(*) from leads") == 0


def test_pgmq_cannot_drop_the_queue_below_us(db: Connection, leads: int) -> None:
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        db.execute("select pgmq.drop_queue('pgwhen_events')")


def test_no_transaction_id_for_a_handler(connect: Connect, leads: int) -> None:
    """64 subtransactions with an id in one transaction slow all snapshots of the server down."""
    other = connect(autocommit=False)
    other.execute("insert into leads default values")
    for _ in range(20):
        other.execute("insert into leads default values")
        other.execute("insert into leads (score) values (1), (2)")
        other.execute("update leads set score = 3 where id = 1")
        other.execute("update leads set score = 3 where id < 4")
        other.execute("delete from leads where id = (select max(id) from leads)")
    # A transaction holds a lock on each of its ids until it ends.
    own = "select count(*) from pg_locks where locktype = 'transactionid' and pid = pg_backend_pid()"
    assert value(other, own) == 1


def test_the_doorbell_rings_for_a_sleeper_only(connect: Connect, db: Connection, leads: int) -> None:
    key = "hashtextextended('pgwhen.doorbell', 0)"
    sleeper = connect()
    sleeper.execute("listen pgwhen_doorbell")
    db.execute("insert into leads default values")
    assert list(sleeper.notifies(timeout=0.05)) == []
    sleeper.execute(f"select pg_advisory_lock({key})")
    for statement in (
        "insert into leads default values",
        "insert into leads (score) values (1), (2)",
        "update leads set score = 5",
        "delete from leads where id = 1",
        "truncate leads",
    ):
        db.execute(statement)
        assert len(list(sleeper.notifies(timeout=5, stop_after=1))) == 1, statement
    db.execute("delete from leads")
    db.execute("update leads set score = 1")
    assert list(sleeper.notifies(timeout=0.05)) == []
    sleeper.execute(f"select pg_advisory_unlock({key})")
    db.execute("insert into leads default values")
    assert list(sleeper.notifies(timeout=0.05)) == []


def test_a_writer_keeps_pollers_awake_until_it_ends(connect: Connect, leads: int) -> None:
    """A poller gets its lock only when no event is on its way, so that it cannot fall asleep and miss one."""
    writer, sleeper = connect(autocommit=False), connect()
    writer.execute("insert into leads default values")
    query = "select pg_try_advisory_lock(hashtextextended('pgwhen.doorbell', 0))"
    assert value(sleeper, query) is False
    writer.commit()
    assert value(sleeper, query) is True


def test_a_sleeper_does_not_hold_a_writer_up(connect: Connect, db: Connection, leads: int) -> None:
    connect().execute("select pg_advisory_lock(hashtextextended('pgwhen.doorbell', 0))")
    db.execute("set lock_timeout = '1ms'")
    db.execute("insert into leads default values")
    assert len(messages(db)) == 1


def test_two_phase_commit_without_the_doorbell(connect: Connect, db: Connection, leads: int) -> None:
    attach(db, "leads", doorbell=False)
    sleeper = connect()
    sleeper.execute("select pg_advisory_lock(hashtextextended('pgwhen.doorbell', 0))")
    db.execute("begin")
    db.execute("insert into leads (score) values (1)")
    db.execute("update leads set score = 2")
    db.execute("delete from leads")
    db.execute("prepare transaction 'capture'")
    assert messages(sleeper) == []
    db.execute("commit prepared 'capture'")
    assert [m["operation"] for m in messages(db)] == ["insert", "update", "delete"]
    db.execute("begin")
    db.execute("insert into leads (score) values (1)")
    db.execute("prepare transaction 'capture'")
    db.execute("rollback prepared 'capture'")
    assert messages(db) == []


def test_replicas_do_not_capture(db: Connection, leads: int) -> None:
    """session_replication_role replica, and with it logical replication, fires no such trigger: its origin did."""
    db.execute("set session_replication_role = replica")
    db.execute("insert into leads default values")
    assert messages(db) == []


def test_writers_do_not_wait_for_each_other(connect: Connect, db: Connection, leads: int) -> None:
    first, second = connect(autocommit=False), connect(autocommit=False)
    first.execute("insert into leads (score) values (1)")
    second.execute("set local lock_timeout = '1ms'")
    second.execute("insert into leads (score) values (2)")
    second.commit()
    assert changes(db, "score") == [("insert", None, 2)]
    first.commit()
    assert changes(db, "score") == [("insert", None, 1)]


def test_capture_goes_on_while_functions_are_applied_again(
    connect: Connect, dsn: str, db: Connection, leads: int
) -> None:
    from pgwhen.cli.migrate import migrate_database

    # What nobody waits for, migrate no longer captures.
    definition = {"name": "w", "when": {"table": "leads", "row": "created"}, "steps": [{"id": "s", "type": "stop"}]}
    db.execute("select pgwhen.apply_definition(%s)", [Jsonb(definition)])
    other = connect()
    other.execute("insert into leads (score) values (1)")
    thread = threading.Thread(target=migrate_database, args=(dsn,))
    thread.start()
    count = 1
    while thread.is_alive():
        count += 1
        other.execute("insert into leads (score) values (%s)", [count])
    thread.join()
    assert changes(db, "score") == [("insert", None, n + 1) for n in range(count)]


def test_a_plan_made_for_one_row_does_for_many(db: Connection, leads: int) -> None:
    """The same session, the same cached plans, from 1 to 20,000 rows: the cost per row stays."""
    db.execute("set plan_cache_mode = force_generic_plan")
    for _ in range(7):
        db.execute("insert into leads (score) values (1)")
        db.execute("insert into leads (score) values (1), (2)")
        db.execute("update leads set score = 2 where id < 3")
    db.execute("set statement_timeout = '20s'")
    db.execute("insert into leads (score) select g from generate_series(1, 20000) g")
    db.execute("update leads set score = score + 1")
    db.execute("update leads set id = id + 1000000")
    db.execute("delete from leads")
    assert value(db, "select count(*) from pgmq.q_pgwhen_events") == 7 * 5 + 20000 + 3 * 20021


@pytest.mark.parametrize("others", [30, 200])
def test_a_statement_does_not_read_other_attachments(connect: Connect, db: Connection, leads: int, others: int) -> None:
    db.execute(
        """insert into pgwhen.attachments (schema_name, table_name, alias, key_columns, operations)
        select 'elsewhere', 'table_' || g, 'table_' || g, '{id}', '{update}' from generate_series(1, %s) g""",
        [others],
    )
    db.execute("analyze pgwhen.attachments")
    writer = connect()
    writer.execute("insert into leads (email) values ('a@example.com')")
    plain = "select seq_tup_read from pg_stat_xact_user_tables where relid = 'pgwhen.attachments'::regclass"
    with writer.transaction():
        writer.execute("insert into leads (email) values ('b@example.com')")
        assert value(writer, plain) == 0
    assert len(messages(db)) == 2
