"""Which tables can be attached, by whom, and what attaching does."""

import itertools
import re
import threading
import time
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from pgwhen import sql as source
from tests.conftest import Connect
from tests.sql.capture.support import (
    LEADS,
    OPERATIONS,
    Connection,
    attach,
    capture,
    changes,
    detach,
    make_role,
    messages,
    value,
)

TRIGGERS = """
    select t.tgrelid::regclass::text, t.tgname::text
    from pg_trigger t where t.tgname like 'pgwhen%' order by 1, 2
"""


@pytest.fixture
def owner(db: Connection, connect: Connect) -> Connection:
    """A session of capture_owner, an author, who may make tables in public."""
    make_role(db, "capture_owner", "pgwhen_author")
    db.execute("grant create on schema public to capture_owner")
    return connect(user="capture_owner")


def triggers(db: Connection) -> dict[str, list[str]]:
    """Table -> operations of its capture triggers."""
    found: dict[str, list[str]] = {}
    for table, name in db.execute(TRIGGERS).fetchall():
        found.setdefault(table, []).append(name.removeprefix("pgwhen_"))
    return found


def error(connection: Connection, query: str, *parameters: Any) -> psycopg.errors.Diagnostic:
    """What the query raises."""
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(query.encode(), parameters)
    assert caught.value.diag.message_hint
    return caught.value.diag


# ---------------------------------------------------------------- what it does


def test_what_it_does_and_says(owner: Connection, db: Connection) -> None:
    owner.execute(LEADS)
    said: list[str] = []
    owner.add_notice_handler(lambda diagnostic: said.append(diagnostic.message_primary or ""))
    result = attach(owner, "leads")
    assert {name: result[name] for name in ("table", "alias", "tenant", "key", "excluded", "doorbell", "tables")} == {
        "table": "public.leads",
        "alias": "lead",
        "tenant": "default",
        "key": ["id"],
        "excluded": [],
        "doorbell": True,
        "tables": 1,
    }
    assert [re.sub(r" .*", "", statement) for statement in result["statements"]] == ["create"] * 4 + ["grant"]
    assert said == result["notices"] == ["pgwhen_actions may now read public.leads, for what workflows refer to"]
    assert triggers(db) == {"leads": sorted(OPERATIONS)}
    assert value(db, "select has_table_privilege('pgwhen_actions', 'leads', 'select')") is True
    assert db.execute(
        "select attachment_id, schema_name, table_name, attached_by, detached_at from pgwhen.attachments"
    ).fetchall() == [(result["attachment"], "public", "leads", "capture_owner", None)]


def test_attaching_again_changes_what_is_asked_and_keeps_the_rest(owner: Connection, db: Connection) -> None:
    owner.execute("create table accounts (id int primary key, name text, password text)")
    first = attach(owner, "accounts", alias="member", doorbell=False)
    assert (first["excluded"], first["doorbell"]) == (["password"], False)
    again = attach(owner, "accounts")
    assert again == {**first, "statements": [], "notices": []}
    third = attach(owner, "accounts", exclude=["name"], doorbell=True)
    assert (third["attachment"], third["alias"], third["excluded"], third["doorbell"]) == (
        first["attachment"],
        "member",
        ["name"],
        True,
    )
    assert attach(owner, "accounts", exclude=[])["excluded"] == []
    assert value(db, "select count(*) from pgwhen.attachments") == 1


def test_attaching_again_takes_no_lock_on_the_table(connect: Connect, owner: Connection) -> None:
    owner.execute(LEADS)
    attach(owner, "leads")
    writer = connect(autocommit=False)
    writer.execute("insert into leads default values")
    started = time.monotonic()
    attach(owner, "leads", alias="prospect")
    assert time.monotonic() - started < 4


def test_a_changed_primary_key_is_seen_by_attaching_again(db: Connection) -> None:
    db.execute("create table things (id int, code text not null)")
    assert attach(db, "things")["key"] == []
    db.execute("alter table things add primary key (code)")
    assert attach(db, "things")["key"] == ["code"]


def test_a_missing_primary_key_is_said(db: Connection) -> None:
    db.execute("create table things (id int unique)")
    assert [notice for notice in attach(db, "things")["notices"] if "no primary key" in notice]


def test_a_key_keeps_its_order_and_leaves_included_columns_out(db: Connection) -> None:
    db.execute("create table things (a int, b int, c int, primary key (c, a) include (b))")
    assert attach(db, "things")["key"] == ["c", "a"]


def test_a_trigger_that_is_missing_is_made_again(db: Connection) -> None:
    db.execute(LEADS)
    attach(db, "leads")
    db.execute("drop trigger pgwhen_update on leads")
    db.execute("alter table leads disable trigger pgwhen_insert")
    result = attach(db, "leads")
    assert len(result["statements"]) == 1
    assert triggers(db) == {"leads": sorted(OPERATIONS)}
    assert [n for n in result["notices"] if "alter table public.leads enable trigger pgwhen_insert" in n]


def test_other_triggers_stay(db: Connection) -> None:
    db.execute(LEADS)
    db.execute("create function touch() returns trigger language plpgsql as $$ begin return new; end $$")
    db.execute("create trigger touch before insert on leads for each row execute function touch()")
    attach(db, "leads")
    detach(db, "leads")
    assert value(db, "select array_agg(tgname::text) from pg_trigger where tgrelid = 'leads'::regclass") == ["touch"]


def test_several_tables_from_sql(db: Connection) -> None:
    for table in ("leads", "jobs", "clients"):
        db.execute(f"create table {table} (id int primary key)")
    rows = db.execute(
        "select (pgwhen.attach(t) ->> 'attachment')::int from unnest(array['leads', 'jobs', 'clients']::regclass[]) t"
    ).fetchall()
    assert rows == [(1,), (2,), (3,)]


def test_the_sample_tables_have_these_triggers_to_read(db: Connection) -> None:
    """sql/triggers/leads.sql and its like are what attach does."""
    tables = ("leads", "jobs", "clients", "form_submissions")
    query = "select pg_get_triggerdef(oid) from pg_trigger where tgname like 'pgwhen%' order by tgrelid, tgname"
    for table in tables:
        db.execute(f"create table {table} (id int primary key)".encode())
        attach(db, table)
    attached = db.execute(query).fetchall()
    assert len(attached) == 16
    for table in tables:
        detach(db, table)
        text = (source.FOLDER / "triggers" / f"{table}.sql").read_text()
        if db.info.server_version < 180000:
            text = re.sub("^when .*\n", "", text, flags=re.MULTILINE)
        db.execute(text.encode())
    assert db.execute(query).fetchall() == attached


@pytest.mark.parametrize(
    "table",
    ["Weird Table", "weird.name", 'quo"te', "it's", "naïve", "select", "ünïcode ☃", "x" * 63, "{a}", "%s", "$1", "--"],
)
def test_exotic_names(owner: Connection, db: Connection, table: str) -> None:
    quoted = '"' + table.replace('"', '""') + '"'
    owner.execute(f"""create table {quoted} ("a ""b" integer primary key, "c'd" text)""".encode())
    attachment_id = capture(db, quoted, alias="record")
    owner.execute(f"insert into {quoted} values (1, 'x')".encode())
    owner.execute(f'update {quoted} set "a ""b" = 2'.encode())
    found = messages(db)
    assert [m["new"] for m in found] == [{'a "b': 1, "c'd": "x"}, {'a "b': 2, "c'd": "x"}]
    assert value(db, "select pgwhen._attachment_relation(%s) = %s::regclass", attachment_id, quoted) is True
    detach(owner, quoted)
    assert triggers(db) == {}


def test_another_schema(owner: Connection, db: Connection) -> None:
    owner_schema = "create schema crm authorization capture_owner"
    db.execute(owner_schema)
    owner.execute("create table crm.leads (id int primary key)")
    attach(owner, "crm.leads")
    assert attach(owner, "crm.leads")["statements"] == []
    assert value(db, "select has_schema_privilege('pgwhen_actions', 'crm', 'usage')") is True
    db.execute("set role pgwhen_actions")
    assert db.execute("select * from crm.leads").fetchall() == []
    db.execute("reset role")
    owner.execute("alter table crm.leads rename to prospects")
    assert detach(owner, "crm.prospects")["attachment"] == 1


def test_a_schema_of_somebody_else_is_said(owner: Connection, db: Connection) -> None:
    db.execute("create schema crm")
    db.execute("grant all on schema crm to capture_owner")
    owner.execute("create table crm.leads (id int primary key)")
    notices = attach(owner, "crm.leads")["notices"]
    assert [n for n in notices if n.endswith("grant usage on schema crm to pgwhen_actions")]


# ---------------------------------------------------------------- alias and columns


@pytest.mark.parametrize(
    ("table", "alias"),
    [
        ("leads", "lead"),
        ("form_submissions", "form_submission"),
        ("companies", "company"),
        ("addresses", "address"),
        ("people", "person"),
        ("status", "status"),
        ("boxes", "box"),
        ("OrderLines", "order_line"),
        ("news", "news"),
    ],
)
def test_the_alias_is_the_singular(db: Connection, table: str, alias: str) -> None:
    db.execute(f'create table "{table}" (id int primary key)'.encode())
    assert attach(db, f'"{table}"')["alias"] == alias


@pytest.mark.parametrize("table", ["events", "tenants", "items", "workflows", "executions"])
def test_an_alias_that_means_something_else_is_refused(db: Connection, table: str) -> None:
    db.execute(f"create table {table} (id int primary key)".encode())
    diagnostic = error(db, f"select pgwhen.attach('{table}')")
    assert diagnostic.sqlstate == "WF111"
    assert attach(db, table, alias="thing")["alias"] == "thing"


@pytest.mark.parametrize("alias", ["Lead", "1lead", "a-b", "", "now", "changed", "x" * 64])
def test_an_alias_has_a_form(db: Connection, alias: str) -> None:
    db.execute(LEADS)
    assert error(db, "select pgwhen.attach('leads', %s)", alias).sqlstate == "WF111"
    assert value(db, "select count(*) from pgwhen.attachments") == 0


def test_secrets_are_left_out_by_name(db: Connection) -> None:
    columns = {
        "password": "text",
        "password_hash": "bytea",
        "userPassword": "text",
        "api_token": "text",
        "ApiKey": "text",
        "client_secret": "text",
        "credentials": "jsonb",
        "otp": "integer",
        "password_changed_at": "timestamptz",
        "has_password": "boolean",
        "secretary": "text",
        "tokenized": "text",
        "passport": "text",
        "name": "text",
    }
    db.execute(
        "create table accounts (id int primary key, {})".format(
            ", ".join(f'"{c}" {t}' for c, t in columns.items())
        ).encode()
    )
    result = attach(db, "accounts")
    assert result["excluded"] == [
        "password",
        "password_hash",
        "userPassword",
        "api_token",
        "ApiKey",
        "client_secret",
        "credentials",
        "otp",
    ]
    assert [n for n in result["notices"] if n.startswith("left out of events, because of the names: password, ")]
    result = attach(db, "accounts", exclude=["name"])
    assert [n for n in result["notices"] if n.startswith("in events, though the names say secret: password, ")]


def test_a_secret_that_is_the_key_stays(db: Connection) -> None:
    db.execute("create table sessions (token text primary key, secret text)")
    assert attach(db, "sessions")["excluded"] == ["secret"]
    assert error(db, "select pgwhen.attach('sessions', p_exclude => '{token}')").sqlstate == "WF112"


def test_a_column_to_exclude_has_to_be_there(db: Connection) -> None:
    db.execute(LEADS)
    diagnostic = error(db, "select pgwhen.attach('leads', p_exclude => '{emial}')")
    assert (diagnostic.sqlstate, diagnostic.message_detail) == ("WF112", "It has id, email, status, score.")


def test_a_dropped_column_is_excluded_no_more(db: Connection) -> None:
    db.execute("create table accounts (id int primary key, token text)")
    attach(db, "accounts")
    db.execute("alter table accounts drop column token")
    assert attach(db, "accounts")["excluded"] == []


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("make", "name", "reason"),
    [
        ("create view v as select 1 as id", "v", "is a view"),
        ("create materialized view m as select 1 as id", "m", "is a materialized view"),
        ("create sequence s", "s", "is a sequence"),
        ("create table t (id int primary key)", "t_pkey", "is an index"),
        ("create type c as (id int)", "c", "is a composite type"),
        ("create temp table tmp (id int)", "tmp", "is temporary"),
        ("", "pg_class", "is a system table"),
        ("", "information_schema.sql_features", "is a system table"),
        ("", "pgwhen.executions", "belongs to pgwhen"),
        ("", "pgmq.q_pgwhen_events", "belongs to pgmq"),
    ],
)
def test_what_has_no_changes_is_refused(db: Connection, make: str, name: str, reason: str) -> None:
    db.execute(make.encode())
    diagnostic = error(db, "select pgwhen.attach(%s::regclass)", name)
    assert diagnostic.sqlstate == "WF110"
    assert reason in (diagnostic.message_primary or "")


FOREIGN = """
    create foreign data wrapper nothing;
    create server nowhere foreign data wrapper nothing;
    create foreign table far (id int) server nowhere;
    create table near (id int primary key) partition by range (id);
    create table near_a partition of near for values from (0) to (10);
    create foreign table near_b partition of near for values from (10) to (20) server nowhere;
"""


def test_foreign_tables_are_refused_also_as_partitions(db: Connection) -> None:
    db.execute(FOREIGN.replace("create table near (id int primary key)", "create table near (id int)"))
    for name in ("far", "near"):
        diagnostic = error(db, "select pgwhen.attach(%s::regclass)", name)
        assert diagnostic.sqlstate == "WF110"
        assert "foreign table" in (diagnostic.message_primary or "")


def test_a_table_that_does_not_exist(db: Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        attach(db, "nothing")
    assert error(db, "select pgwhen.attach(999999999::oid::regclass)").sqlstate == "WF110"


def test_only_the_owner_attaches(owner: Connection, connect: Connect, db: Connection) -> None:
    owner.execute(LEADS)
    make_role(db, "capture_other", "pgwhen_author")
    db.execute("grant all on leads to capture_other")
    other = connect(user="capture_other")
    diagnostic = error(other, "select pgwhen.attach('leads')")
    assert diagnostic.sqlstate == "WF312"
    assert diagnostic.message_detail == "It belongs to capture_owner; this session is capture_other."
    assert error(other, "select pgwhen._register_attachment('leads', null, null, null, null)").sqlstate == "WF312"
    attach(owner, "leads")
    assert error(other, "select pgwhen.detach('leads')").sqlstate == "WF312"


def test_a_member_of_the_owner_attaches_as_the_owner(owner: Connection, connect: Connect, db: Connection) -> None:
    owner.execute(LEADS)
    make_role(db, "capture_member", "capture_owner")
    member = connect(user="capture_member")
    member.execute("set role capture_owner")
    assert attach(member, "leads")["alias"] == "lead"


def test_who_is_no_author_may_not(connect: Connect, db: Connection) -> None:
    make_role(db, "capture_nobody")
    db.execute("grant create on schema public to capture_nobody")
    nobody = connect(user="capture_nobody")
    nobody.execute(LEADS)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        attach(nobody, "leads")


def test_a_tenant(owner: Connection, connect: Connect, db: Connection) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme'), ('other')")
    owner.execute(LEADS)
    assert error(owner, "select pgwhen.attach('leads', p_tenant => 'acme')").sqlstate == "WF119"
    db.execute("insert into pgwhen.tenant_roles values ('capture_owner', 'acme')")
    assert attach(owner, "leads")["tenant"] == "acme"
    assert error(owner, "select pgwhen.attach('leads', p_tenant => 'other')").sqlstate == "WF119"
    assert error(db, "select pgwhen.attach('leads', p_tenant => 'none')").sqlstate == "WF119"
    assert attach(db, "leads")["tenant"] == "acme"
    assert attach(db, "leads", tenant="other")["tenant"] == "other"
    assert error(owner, "select pgwhen.attach('leads')").sqlstate == "WF119"
    assert error(owner, "select pgwhen.detach('leads')").sqlstate == "WF119"


def test_a_cast_that_would_run_with_our_rights_is_refused(owner: Connection, db: Connection) -> None:
    """to_jsonb calls the cast of a type, and capture runs as pgwhen_owner."""
    owner.execute("create type mood as enum ('glad')")
    owner.execute("create domain moods as mood[]")
    owner.execute("create table diary (id int primary key, moods moods)")
    owner.execute("create function spy(mood) returns json language sql as $$ select to_json(current_user) $$")
    attach(owner, "diary", alias="diary")
    owner.execute("create cast (mood as json) with function spy(mood)")
    diagnostic = error(owner, "select pgwhen.attach('diary')")
    assert (diagnostic.sqlstate, "cast to json" in (diagnostic.message_primary or "")) == ("WF110", True)
    changed = value(db, "select pgwhen._refresh_attachments()")
    assert [change["change"] for change in changed] == ["unsafe cast"]
    db.execute("alter function spy(mood) owner to postgres")
    attach(owner, "diary")


# ---------------------------------------------------------------- partitions and inheritance


@pytest.fixture
def visits(db: Connection) -> int:
    """Partitions of two levels, captured."""
    db.execute(
        """
        create table visits (id integer, kind text, n integer, primary key (id, kind)) partition by range (id);
        create table visits_1 partition of visits for values from (0) to (100);
        create table visits_2 partition of visits for values from (100) to (200) partition by list (kind);
        create table visits_2a partition of visits_2 for values in ('a');
        create table visits_2b partition of visits_2 for values in ('b');
        """
    )
    return capture(db, "visits")


def test_every_partition_has_triggers(db: Connection, visits: int) -> None:
    assert triggers(db) == {
        "visits": sorted(OPERATIONS),
        **{table: ["delete", "insert", "update"] for table in ("visits_1", "visits_2", "visits_2a", "visits_2b")},
    }
    assert attach(db, "visits")["statements"] == []


def test_a_write_through_the_table_is_captured_once(db: Connection, visits: int) -> None:
    db.execute("insert into visits values (1, 'a'), (101, 'a'), (102, 'b')")
    db.execute("update visits set n = 1")
    db.execute("delete from visits where id > 1")
    assert changes(db, "id", "n") == [
        ("insert", None, (1, None)),
        ("insert", None, (101, None)),
        ("insert", None, (102, None)),
        ("update", (1, None), (1, 1)),
        ("update", (101, None), (101, 1)),
        ("update", (102, None), (102, 1)),
        ("delete", (101, 1), None),
        ("delete", (102, 1), None),
    ]


@pytest.mark.parametrize("table", ["visits_2a", "visits_2", "visits"])
def test_a_write_to_a_partition_is_captured_once(db: Connection, visits: int, table: str) -> None:
    db.execute(f"insert into {table} values (101, 'a', 1)".encode())
    db.execute(f"update {table} set n = 2".encode())
    with db.cursor().copy(f"copy {table} from stdin".encode()) as copy:
        copy.write_row((102, "a", 1))
    db.execute(f"delete from {table}".encode())
    found = messages(db)
    assert {m["attachment"] for m in found} == {visits}
    assert [m["operation"] for m in found] == ["insert", "update", "insert", "delete", "delete"]


def test_a_row_that_moves_between_partitions_is_updated(db: Connection, visits: int) -> None:
    db.execute("insert into visits values (1, 'a', 1), (2, 'a', 2), (101, 'a', 3)")
    messages(db)
    db.execute("update visits set kind = 'b' where id = 101")
    db.execute("update visits set id = id + 110 where id < 100")
    assert [(m["operation"], m["pairing"], m["old"]["n"], m["new"]["n"]) for m in messages(db)] == [
        ("update", "order", 3, 3),
        ("update", "order", 1, 1),
        ("update", "order", 2, 2),
    ]


def test_a_column_order_of_its_own(db: Connection) -> None:
    """A partition that was a table before has its columns in another order, and dropped ones."""
    db.execute("create table visits (id integer primary key, n integer) partition by range (id)")
    db.execute("create table old_visits (gone text, n integer, id integer not null)")
    db.execute("alter table old_visits drop column gone")
    db.execute("alter table visits attach partition old_visits for values from (0) to (10)")
    capture(db, "visits")
    db.execute("insert into visits values (1, 2)")
    db.execute("update visits set n = 3")
    db.execute("update old_visits set n = 4")
    assert changes(db, "id", "n") == [
        ("insert", None, (1, 2)),
        ("update", (1, 2), (1, 3)),
        ("update", (1, 3), (1, 4)),
    ]


def test_a_new_partition_is_covered_by_attaching_again(db: Connection, visits: int) -> None:
    db.execute("create table visits_3 partition of visits for values from (200) to (300)")
    db.execute("insert into visits_3 values (201, 'a')")
    assert messages(db) == []
    assert len(attach(db, "visits")["statements"]) == 3
    db.execute("insert into visits_3 values (202, 'a')")
    assert changes(db, "id") == [("insert", None, 202)]


def test_a_partition_is_attached_with_its_table_only(db: Connection, visits: int) -> None:
    diagnostic = error(db, "select pgwhen.attach('visits_2a')")
    assert (diagnostic.sqlstate, diagnostic.message_hint) == (
        "WF110",
        "Attach public.visits_2: its partitions are attached with it.",
    )


def test_inheritance(db: Connection) -> None:
    db.execute("create table places (id integer primary key, name text)")
    db.execute("create table cities (mayor text) inherits (places)")
    capture(db, "places")
    assert triggers(db) == {"places": sorted(OPERATIONS), "cities": ["delete", "insert", "update"]}
    db.execute("insert into places values (1, 'a')")
    db.execute("insert into cities values (2, 'b', 'm')")
    db.execute("update places set name = upper(name)")
    db.execute("update cities set mayor = 'n'")
    db.execute("delete from only places")
    db.execute("delete from places")
    found = [(m["operation"], m.get("old"), m.get("new")) for m in messages(db)]
    one, two = {"id": 1, "name": "a"}, {"id": 2, "name": "b"}
    upper_one, upper_two = {"id": 1, "name": "A"}, {"id": 2, "name": "B"}
    assert found == [
        ("insert", None, one),
        ("insert", None, {**two, "mayor": "m"}),
        ("update", one, upper_one),
        ("update", two, upper_two),
        ("update", {**upper_two, "mayor": "m"}, {**upper_two, "mayor": "n"}),
        ("delete", upper_one, None),
        ("delete", upper_two, None),
    ]
    diagnostic = error(db, "select pgwhen.attach('cities')")
    assert (diagnostic.sqlstate, "inherits from public.places" in (diagnostic.message_primary or "")) == ("WF110", True)


def test_a_child_with_an_attachment_of_its_own_keeps_it(db: Connection) -> None:
    db.execute("create table places (id integer primary key)")
    db.execute("create table cities (mayor text) inherits (places)")
    cities = capture(db, "cities")
    result = attach(db, "places")
    assert [
        n
        for n in result["notices"]
        if n == f"what is written to public.cities itself belongs to its own attachment {cities}"
    ]
    db.execute("insert into cities values (1, 'm')")
    assert [m["attachment"] for m in messages(db)] == [cities]
    assert attach(db, "cities")["attachment"] == cities


# ---------------------------------------------------------------- locks


def test_it_gives_way_to_a_busy_table(connect: Connect, owner: Connection, db: Connection) -> None:
    owner.execute(LEADS)
    owner.execute("insert into leads default values")
    db.execute("alter function pgwhen.attach(regclass, text, text[], boolean, text) set lock_timeout = '100ms'")
    writer = connect(autocommit=False)
    writer.execute("update leads set score = 1")
    diagnostic = error(owner, "select pgwhen.attach('leads')")
    assert (diagnostic.sqlstate, diagnostic.message_primary) == (
        "WF313",
        "public.leads was in use for five seconds; nothing was attached",
    )
    writer.commit()
    assert value(db, "select count(*) from pgwhen.attachments") == 0
    attach(owner, "leads")


def test_four_at_once(connect: Connect, db: Connection) -> None:
    db.execute(LEADS)
    results: list[int] = []

    def work(connection: Connection) -> None:
        results.append(attach(connection, "leads")["attachment"])

    threads = [threading.Thread(target=work, args=(connect(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [1] * 4
    assert triggers(db) == {"leads": sorted(OPERATIONS)}


def test_attaching_again_while_somebody_publishes(connect: Connect, db: Connection) -> None:
    """Both change the attachment, and neither keeps the other from ending."""
    db.execute(LEADS)
    attach(db, "leads")
    publisher, stop, seen = connect(), threading.Event(), set[str]()

    def publish(row: str) -> None:
        steps = [{"id": "s", "type": "stop"}]
        definition = {"name": "w", "when": {"table": "leads", "row": row}, "steps": steps}
        publisher.execute("select pgwhen.apply_definition(%s)", [Jsonb(definition)])

    def publish_all_the_time() -> None:
        rows = itertools.cycle(("created", "deleted"))
        while not stop.is_set():
            try:
                publish(next(rows))
                seen.add("published")
            except psycopg.Error as error:
                seen.add((error.sqlstate or str(error))[:2])

    thread = threading.Thread(target=publish_all_the_time)
    thread.start()
    try:
        for _ in range(50):
            detach(db, "leads")
            attach(db, "leads")
    finally:
        stop.set()
        thread.join()
    assert "published" in seen and seen <= {"published", "WF"}, "WF: not attached at that moment"
    publish("created")
    assert value(db, "select operations from pgwhen.attachments") == ["insert"]


def test_writers_during_attach_are_captured_from_some_row_on(connect: Connect, db: Connection) -> None:
    """No error for them, and no hole after the first event."""
    db.execute(LEADS)
    db.execute(
        """
        insert into pgwhen.attachments (schema_name, table_name, alias, key_columns, operations)
        values ('public', 'leads', 'lead', '{id}', '{insert}')
        """
    )
    writer, stop = connect(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            writer.execute("insert into leads default values")

    thread = threading.Thread(target=write)
    thread.start()
    attach(db, "leads")
    while value(db, "select count(*) from pgmq.q_pgwhen_events") < 20:
        pass
    stop.set()
    thread.join()
    found = [m["new"]["id"] for m in messages(db)]
    last = value(db, "select max(id) from leads")
    assert found == list(range(found[0], last + 1))
