"""Contexts of steps: what a step refers to and nothing else, from real tables with real foreign keys."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

from tests.sql.context.support import Columns, Db, Json, Steps, World, alias, record, reference

CLIENT = [["job", "client", "email"]]


@pytest.fixture
def shop(world: World) -> World:
    """clients (with parents), users, jobs; jobs is attached, pgwhen_actions may read all."""
    world.db.execute(
        """
        create table clients (
          id bigint generated always as identity primary key, "firstName" text, email text, city text,
          parent_id bigint references clients, password_hash text default 'secret');
        create table users (id uuid primary key default gen_random_uuid(), email text);
        create table jobs (
          id integer generated always as identity primary key, title text, status text, total numeric(12, 2),
          big bigint, due timestamptz, day date, lasts interval, tags text[], extra jsonb,
          api_token text default 'secret',
          client_id bigint references clients, owner_id uuid references users, creator_id uuid references users);
        grant select on clients, users to pgwhen_actions;
        insert into users (id, email) values
          ('00000000-0000-4000-8000-000000000001', 'owner@example.com'),
          ('00000000-0000-4000-8000-000000000002', 'maker@example.com');
        insert into clients ("firstName", email, parent_id) values
          ('Root', 'root@example.com', null), ('Zoë', 'zoe@example.com', 1), ('Own', 'own@example.com', 3);
        insert into jobs (title, total, big, due, day, lasts, tags, extra, client_id, owner_id, creator_id) values
          ('Boiler', 10.20, 9223372036854775807, '2026-01-05 10:00+02', '2026-01-05', '1 day 02:00', '{a,"b c"}',
           '{"n": 1.50}', 2, '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'),
          ('Nobody', null, null, null, null, null, null, null, null, null, null),
          ('Self', 1, 1, null, null, null, null, null, 3, null, null);
        """
    )
    return world


def job(attachment: int, columns: Columns) -> Json:
    return record(["job"], attachment, columns)


def client(columns: Columns = ("email",), path: Sequence[str] = ("job", "client"), **changes: Any) -> Json:
    return reference(path, ["client_id"], "public.clients", columns) | changes


def test_only_what_is_referred_to_is_there(shop: World) -> None:
    jobs = shop.attach("jobs")
    workflow = shop.publish(
        "w", [job(jobs, ["title"])], {"s": {"action": [["job", "title"]]}, "t": {"action": []}, "u": {}}
    )
    execution = shop.run(workflow, jobs, {"id": 1}, new={"id": 1, "title": "then"})
    assert shop.context(execution) == {"v": 1, "job": {"title": "Boiler"}}
    assert shop.context(execution, "t") == {"v": 1}
    assert shop.context(execution, "u") == {"v": 1}
    assert shop.contexts([]) == []


def test_roots(shop: World) -> None:
    jobs = shop.attach("jobs")
    shop.db.execute('update pgwhen.tenants set variables = \'{"name": "ACME", "vat": 0.210}\'')
    roots = ["event", "input", "new", "old", "changed", "vars", "tenant", "workflow", "execution", "now", "steps"]
    workflow = shop.publish("w", [], {"s": {"action": [[root] for root in roots]}}, vars={"rate": 1.10})
    shop.trigger(workflow, jobs, trigger_id="on_done")
    event = shop.event(
        jobs,
        {"id": 1},
        new={"id": 1},
        old={"id": 1, "n": 2},
        changed=["n"],
        input={"a": 1},
        operation="update",
        type="jobs.updated",
        depth=2,
    )
    execution = shop.execute(workflow, event)
    shop.begin(execution, "s")
    shop.begin(execution, "before", status="completed", output={"message_id": "m"})
    assert shop.context(execution) == {
        "v": 1,
        "event": {
            "id": event,
            "type": "jobs.updated",
            "table": "jobs",
            "operation": "update",
            "occurred_at": "2026-03-28T12:00:00+00:00",
            "depth": 2,
            "actor": "app",
            "trigger": "on_done",
        },
        "input": {"a": 1},
        "new": {"id": 1},
        "old": {"id": 1, "n": 2},
        "changed": ["n"],
        "vars": {"rate": "1.1"},
        "tenant": {"id": "default", "name": "ACME", "vat": "0.210"},
        "workflow": {"id": "w", "name": "W", "version": 1},
        "execution": {"id": execution, "started_at": "2026-03-28T12:00:00+00:00"},
        "now": "2026-03-28T12:00:00.5+00:00",
        "steps": {
            "s": {"status": "queued", "output": None, "error": None},
            "before": {"status": "completed", "output": {"message_id": "m"}, "error": None},
        },
    }


def test_only_the_steps_referred_to_are_there(shop: World) -> None:
    workflow = shop.publish("w", [], {"s": {"action": [["steps", "a", "output", "x"], ["steps", "later", "status"]]}})
    execution = shop.run(workflow, None)
    shop.begin(execution, "a", status="failed", error={"code": "refused"})
    shop.begin(execution, "b", status="completed")
    assert shop.context(execution)["steps"] == {"a": {"status": "failed", "output": None, "error": {"code": "refused"}}}


def test_conditions_and_the_engine_always_have_a_clock(shop: World) -> None:
    paths = {"condition": [["vars", "a"]], "engine": [["input", "b"]], "action": [["tenant", "id"]]}
    workflow = shop.publish("w", [], {"s": paths}, vars={"a": 1})
    execution = shop.run(workflow, None, input={"b": 2})
    shop.begin(execution, "s")
    assert shop.context(execution, kind="condition") == {
        "v": 1,
        "vars": {"a": 1},
        "now": "2026-03-28T12:00:00.5+00:00",
    }
    assert shop.context(execution, kind="engine") == {
        "v": 1,
        "input": {"b": 2},
        "now": "2026-03-28T12:00:00.5+00:00",
    }
    assert shop.context(execution, kind="start").keys() == {"v", "vars", "input", "now"}
    assert shop.context(execution) == {"v": 1, "tenant": {"id": "default"}}


def test_now_before_the_step_has_a_row_is_the_clock(shop: World) -> None:
    shop.db.execute("update pgwhen.settings set value = 'true' where name = 'test_mode'")
    shop.owner.execute("set pgwhen.now = '2031-01-01T00:00:00Z'")
    workflow = shop.publish("w", [], {"s": {"condition": []}})
    assert shop.context(shop.run(workflow, None), kind="start")["now"] == "2031-01-01T00:00:00+00:00"


def test_a_record_reads_as_its_event_would_write_it_whatever_the_session_s_formats(shop: World) -> None:
    jobs = shop.attach("jobs")
    columns = ["total", "big", "due", "day", "lasts", "tags", "extra"]
    workflow = shop.publish("w", [job(jobs, columns)], {"s": {"action": [["job", column] for column in columns]}})
    execution = shop.run(workflow, jobs, {"id": 1})
    shop.owner.execute("set timezone = 'Asia/Tokyo'; set datestyle = 'SQL, DMY'; set intervalstyle = 'iso_8601'")
    assert shop.context(execution)["job"] == {
        "total": "10.20",
        "big": 9223372036854775807,
        "due": "2026-01-05T08:00:00+00:00",
        "day": "2026-01-05",
        "lasts": "1 day 02:00:00",
        "tags": ["a", "b c"],
        "extra": {"n": "1.50"},
    }
    assert shop.context(shop.run(workflow, jobs, {"id": 2}))["job"] == dict.fromkeys(columns)


def test_a_record_that_is_gone_is_missing(shop: World) -> None:
    jobs = shop.attach("jobs")
    workflow = shop.publish("w", [job(jobs, ["client_id"]), client()], {"s": {"action": CLIENT}})
    gone, here = shop.run(workflow, jobs, {"id": 99}), shop.run(workflow, jobs, {"id": 1})
    keyless = shop.run(workflow, jobs, None)
    assert shop.contexts([(gone, "s"), (here, "s"), (keyless, "s")]) == [
        {"v": 1},
        {"v": 1, "job": {"client_id": 2, "client": {"email": "zoe@example.com"}}},
        {"v": 1},
    ]


def test_the_record_of_another_table_is_not_taken_for_it(shop: World) -> None:
    jobs, clients = shop.attach("jobs"), shop.attach("clients")
    nodes = [
        job(jobs, ["title"]),
        record(["client"], clients, ["email"]),
    ]
    workflow = shop.publish("w", nodes, {"s": {"action": [["job", "title"], ["client", "email"]]}})
    of_job, of_client = shop.run(workflow, jobs, {"id": 1}), shop.run(workflow, clients, {"id": 1})
    assert shop.contexts([(of_job, "s"), (of_client, "s")]) == [
        {"v": 1, "job": {"title": "Boiler"}},
        {"v": 1, "client": {"email": "root@example.com"}},
    ]


def test_foreign_keys_are_followed_two_to_the_same_table_and_to_any_depth(shop: World) -> None:
    jobs = shop.attach("jobs")
    nodes = [
        job(jobs, ["client_id", "owner_id", "creator_id"]),
        client(["email", "parent_id"]),
        reference(["job", "owner"], ["owner_id"], "public.users", ["email"]),
        reference(["job", "creator"], ["creator_id"], "public.users", ["email"]),
        client(["email", "parent_id"], ["job", "client", "parent"], from_columns=["parent_id"]),
        client(["email", "parent_id"], ["job", "client", "parent", "parent"], from_columns=["parent_id"]),
    ]
    paths = [["job", "owner", "email"], ["job", "creator", "email"], ["job", "client", "parent", "parent", "email"]]
    workflow = shop.publish("w", nodes, {"s": {"action": paths}, "t": {"action": [["job", "client", "email"]]}})
    executions = [shop.run(workflow, jobs, {"id": n}) for n in (1, 2, 3)]
    boiler, nobody, own = (shop.context(execution)["job"] for execution in executions)
    assert boiler["owner"] == {"email": "owner@example.com"}
    assert boiler["creator"] == {"email": "maker@example.com"}
    assert boiler["client"] == {
        "email": "zoe@example.com",
        "parent_id": 1,
        "parent": {"email": "root@example.com", "parent_id": None},
    }
    assert nobody == {"client_id": None, "owner_id": None, "creator_id": None}
    itself = {"email": "own@example.com", "parent_id": 3}
    assert own["client"] == {**itself, "parent": {**itself, "parent": itself}}
    # A step that does not go there does not read there.
    assert shop.context(executions[0], "t")["job"].keys() == {"client_id", "owner_id", "creator_id", "client"}
    assert "parent" not in shop.context(executions[0], "t")["job"]["client"]


def test_a_row_under_a_root_of_its_own_and_what_is_read_from_there(shop: World) -> None:
    jobs = shop.attach("jobs")
    nodes = [
        job(jobs, ["client_id"]),
        client(["email", "parent_id"]),
        alias(["client"], ["job", "client"]),
        client(path=["client", "parent"], from_columns=["parent_id"]),
        alias(["company"], ["tenant"]),
    ]
    steps: Steps = {
        "s": {"action": [["client", "parent", "email"]]},
        "t": {"action": [["company", "id"], ["tenant", "id"]]},
    }
    workflow = shop.publish("w", nodes, steps)
    execution = shop.run(workflow, jobs, {"id": 1})
    zoe = {"email": "zoe@example.com", "parent_id": 1}
    assert shop.context(execution) == {
        "v": 1,
        "job": {"client_id": 2, "client": zoe},
        "client": {**zoe, "parent": {"email": "root@example.com"}},
    }
    assert shop.context(execution, "t") == {"v": 1, "tenant": {"id": "default"}, "company": {"id": "default"}}
    assert shop.context(shop.run(workflow, jobs, {"id": 2})) == {"v": 1, "job": {"client_id": None}}


def test_the_record_of_a_deleted_row_is_what_the_event_carried(shop: World) -> None:
    jobs = shop.attach("jobs")
    nodes = [alias(["job"], ["old"]), client()]
    workflow = shop.publish("w", nodes, {"s": {"action": [["job", "client", "email"], ["old"]]}})
    execution = shop.run(workflow, jobs, {"id": 9}, operation="delete", old={"id": 9, "client_id": 2})
    assert shop.context(execution)["job"] == {"id": 9, "client_id": 2, "client": {"email": "zoe@example.com"}}


def test_columns_have_the_names_of_the_definition_too(shop: World) -> None:
    jobs = shop.attach("jobs")
    columns: Columns = [
        "email",
        {"column": "firstName", "as": "first_name"},
        {"column": "firstName", "as": "FirstName"},
    ]
    workflow = shop.publish("w", [job(jobs, ["client_id"]), client(columns)], {"s": {"action": CLIENT}})
    found = shop.context(shop.run(workflow, jobs, {"id": 1}))["job"]["client"]
    assert found == {"email": "zoe@example.com", "firstName": "Zoë", "first_name": "Zoë", "FirstName": "Zoë"}


def test_excluded_columns_are_never_read(shop: World) -> None:
    jobs = shop.attach("jobs", exclude=["api_token", "title"])
    every: Columns = [{"column": "api_token", "as": "apiToken"}, "title", "client_id", "id"]
    nodes = [job(jobs, every), client(None)]
    workflow = shop.publish("w", nodes, {"s": {"action": [["job", "title"], ["job", "apiToken"], *CLIENT]}})
    whole = shop.publish("whole", [job(jobs, None)], {"s": {"action": [["job"]]}})
    execution, all_of_it = shop.run(workflow, jobs, {"id": 1}), shop.run(whole, jobs, {"id": 1})

    def never() -> None:
        job = shop.context(execution)["job"]
        assert job.keys() == {"client_id", "id", "client"}
        # clients is not attached: what looks like a secret is left out of a whole row.
        assert job["client"].keys() == {"id", "firstName", "email", "parent_id", "city"}
        assert shop.context(all_of_it)["job"].keys().isdisjoint({"api_token", "title"})
        assert "secret" not in json.dumps([job, shop.context(all_of_it)])

    never()
    shop.db.execute("alter table jobs rename to works")
    never()
    shop.db.execute("alter table works rename to jobs; select pgwhen.detach('jobs')")
    never()


def test_an_attached_target_has_its_own_exclusions(shop: World) -> None:
    jobs = shop.attach("jobs")
    shop.attach("clients", exclude=["email"])
    workflow = shop.publish("w", [job(jobs, ["client_id"]), client(["email", "city"])], {"s": {"action": CLIENT}})
    assert shop.context(shop.run(workflow, jobs, {"id": 1}))["job"]["client"] == {"city": None}


KEYS = {
    "uuid": ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "bigint": ("bigint", 9223372036854775807),
    "text": ("text", "a 'quoted' \"ключ\" \\ {x}"),
    "varchar": ("varchar(3)", "abc"),
    "char": ("char(5)", "ab   "),
    "date": ("date", "2026-01-05"),
    "numeric": ("numeric", 10.5),
    "timestamptz": ("timestamptz", "2026-01-05T08:00:00.123456+00:00"),
    "boolean": ("boolean", True),
    "bytea": ("bytea", "\\xdeadbeef"),
    "enum": ("mood", "so so"),
    "domain": ("positive", 7),
    "inet": ("inet", "10.0.0.1"),
}


def test_keys_of_many_types_use_the_primary_key_s_index(shop: World) -> None:
    shop.db.execute("create type mood as enum ('so so'); create domain positive as integer check (value > 0)")
    for name, (type_, value) in KEYS.items():
        shop.db.execute(
            f"create table k_{name} (id {type_} primary key, v text); grant select on k_{name} to pgwhen_actions"
        )
        shop.db.execute(
            f"insert into k_{name} select id, %s from jsonb_populate_record(null::k_{name}, %s)",
            [name, json.dumps({"id": value})],
        )
        rows = shop.owner.execute(
            "select n, record from pgwhen_sandbox.read_rows(%s::regclass, '{v}', '{id}', array[%s, %s]::jsonb[])",
            [f"k_{name}", json.dumps({"id": value}), json.dumps({"id": value})],
        ).fetchall()
        assert rows == [(1, {"v": name}), (2, {"v": name})]
    shop.owner.execute("select pg_stat_force_next_flush()")
    shop.owner.execute("select 1")
    used = shop.db.execute(
        "select relname, idx_scan > 0, seq_tup_read from pg_stat_user_tables where relname ~ '^k_'"
    ).fetchall()
    assert {name: (by_index, scanned) for name, by_index, scanned in used} == {f"k_{name}": (True, 0) for name in KEYS}


def test_composite_keys_and_quoted_names(shop: World) -> None:
    shop.db.execute(
        """
        create schema "My Schema";
        create table "My Schema"."Client's" (
          "Tenant Id" text, "No." integer, "E-mail" text, primary key ("No.", "Tenant Id"));
        create table "My Schema"."order" (
          "select" integer, "from" text, "Client Tenant" text, "client no" integer, primary key ("select", "from"),
          foreign key ("Client Tenant", "client no") references "My Schema"."Client's" ("Tenant Id", "No."));
        insert into "My Schema"."Client's" values ('a', 1, 'a1@example.com'), ('b', 1, 'b1@example.com');
        insert into "My Schema"."order" values (1, 'x', 'b', 1), (1, 'y', 'b', null), (1, 'z', null, null);
        grant usage on schema "My Schema" to pgwhen_actions;
        grant select on "My Schema"."Client's" to pgwhen_actions;
        """
    )
    orders = shop.attach('"My Schema"."order"', alias="purchase")
    nodes = [
        record(["purchase"], orders, ["Client Tenant", "client no"]),
        reference(
            ["purchase", "client_no"],
            ["Client Tenant", "client no"],
            '"My Schema"."Client\'s"',
            ["E-mail"],
            ["Tenant Id", "No."],
        ),
    ]
    workflow = shop.publish("w", nodes, {"s": {"action": [["purchase", "client_no", "E-mail"]]}})
    executions = [shop.run(workflow, orders, {"select": 1, "from": letter}) for letter in "xyz"]
    x, y, z = (context["purchase"] for context in shop.contexts([(execution, "s") for execution in executions]))
    assert x == {"Client Tenant": "b", "client no": 1, "client_no": {"E-mail": "b1@example.com"}}
    assert y == {"Client Tenant": "b", "client no": None}
    assert z == {"Client Tenant": None, "client no": None}


def test_a_column_of_the_foreign_key_s_name_gives_way_to_its_row(shop: World) -> None:
    shop.db.execute(
        "create table notes (id integer primary key, client bigint references clients); insert into notes values (1, 2)"
    )
    notes = shop.attach("notes")
    nodes = [
        record(["note"], notes, ["client"]),
        client(path=["note", "client"], from_columns=["client"]),
    ]
    workflow = shop.publish("w", nodes, {"s": {"action": [["note", "client", "email"]]}})
    assert shop.context(shop.run(workflow, notes, {"id": 1}))["note"] == {"client": {"email": "zoe@example.com"}}


def test_renamed_tables_are_found(shop: World) -> None:
    jobs = shop.attach("jobs")
    workflow = shop.publish("w", [job(jobs, ["client_id"]), client()], {"s": {"action": CLIENT}})
    execution = shop.run(workflow, jobs, {"id": 1})
    before = shop.context(execution)
    shop.db.execute("alter table jobs rename to works; alter table clients rename to customers")
    assert shop.context(execution) == before


def test_a_detached_table_is_still_read(shop: World) -> None:
    jobs = shop.attach("jobs")
    workflow = shop.publish("w", [job(jobs, ["title"])], {"s": {"action": [["job", "title"]]}})
    execution = shop.run(workflow, jobs, {"id": 1})
    shop.db.execute("select pgwhen.detach('jobs')")
    assert shop.context(execution)["job"] == {"title": "Boiler"}


def refused(shop: World, execution: str) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as error:
        shop.context(execution)
    return error.value


def test_a_table_that_may_not_be_read_is_named_with_its_grant(shop: World) -> None:
    jobs = shop.attach("jobs")
    workflow = shop.publish(
        "w",
        [job(jobs, ["client_id", "title"]), client()],
        {"s": {"action": CLIENT}, "t": {"action": [["job", "title"]]}},
    )
    execution = shop.run(workflow, jobs, {"id": 1})
    shop.db.execute("revoke select on clients from pgwhen_actions")
    error = refused(shop, execution)
    assert (error.sqlstate, error.diag.message_primary) == ("WF135", "workflows may not read public.clients")
    assert error.diag.message_hint == "grant select on public.clients to pgwhen_actions;"
    # What does not go there is not touched by it.
    assert shop.context(execution, "t")["job"]["title"] == "Boiler"
    shop.db.execute("grant select (id, email) on clients to pgwhen_actions")
    assert shop.context(execution)["job"]["client"] == {"email": "zoe@example.com"}
    shop.db.execute(error.diag.message_hint or "")
    assert shop.context(execution)["job"]["client"] == {"email": "zoe@example.com"}


def test_a_schema_that_may_not_be_used_is_named_with_its_grant(shop: World) -> None:
    shop.db.execute("create schema crm; alter table clients set schema crm")
    jobs = shop.attach("jobs")
    nodes = [job(jobs, ["client_id"]), client(table="crm.clients")]
    workflow = shop.publish("w", nodes, {"s": {"action": CLIENT}})
    error = refused(shop, shop.run(workflow, jobs, {"id": 1}))
    assert error.sqlstate == "WF135"
    assert (
        error.diag.message_hint
        == "grant usage on schema crm to pgwhen_actions; grant select on crm.clients to pgwhen_actions;"
    )


def test_a_column_or_table_that_went_away_is_named(shop: World) -> None:
    jobs = shop.attach("jobs")
    workflow = shop.publish("w", [job(jobs, ["client_id", "title"]), client()], {"s": {"action": CLIENT}})
    execution = shop.run(workflow, jobs, {"id": 1})
    shop.db.execute("alter table jobs drop column title")
    error = refused(shop, execution)
    assert (error.sqlstate, error.diag.message_primary) == ("WF134", "public.jobs has no column title")
    shop.db.execute("alter table jobs add column title text; drop table clients cascade")
    error = refused(shop, execution)
    assert (error.sqlstate, error.diag.message_primary) == ("WF133", "the table public.clients is gone")
    assert error.diag.message_detail == "The workflow reads it as job.client."


def test_row_security_of_the_application_applies_to_workflows(shop: World) -> None:
    jobs = shop.attach("jobs")
    workflow = shop.publish("w", [job(jobs, ["client_id"]), client()], {"s": {"action": CLIENT}})
    execution = shop.run(workflow, jobs, {"id": 1})
    shop.db.execute("alter table clients enable row level security")
    assert shop.context(execution)["job"] == {"client_id": 2}
    shop.db.execute("create policy p on clients to pgwhen_actions using (id = 2)")
    assert shop.context(execution)["job"]["client"] == {"email": "zoe@example.com"}


def test_a_batch_of_500_costs_one_query_per_table_and_level(shop: World, connect: Callable[..., Db]) -> None:
    jobs = shop.attach("jobs")
    nodes = [
        job(jobs, ["client_id", "owner_id", "creator_id"]),
        client(),
        reference(["job", "owner"], ["owner_id"], "public.users", ["email"]),
        reference(["job", "creator"], ["creator_id"], "public.users", ["email"]),
    ]
    paths = [["job", "owner", "email"], ["job", "creator", "email"], ["job", "client", "email"]]
    workflow = shop.publish("w", nodes, {"s": {"action": paths}})
    shop.db.execute(
        """
        insert into jobs (title, client_id, owner_id)
        select 'j', 2, (select min(id::text)::uuid from users) from generate_series(1, 500)
        """
    )
    rows = shop.db.execute(
        """
        with event as (
          insert into pgwhen.events (event_id, occurred_at, dispatched_at, attachment_id, tenant, operation, type, key)
          select pgwhen._event_id(now(), id), now(), now(), %s, 'default', 'insert', 'x', jsonb_build_object('id', id)
          from jobs where title = 'j' returning event_id, key
        )
        insert into pgwhen.executions (
          execution_id, event_id, started_at, workflow_id, version, trigger_no, attachment_id, tenant, status,
          record_key)
        select event_id, event_id, now(), %s, 1, 1, %s, 'default', 'running', key from event
        returning execution_id::text
        """,
        [jobs, workflow, jobs],
    ).fetchall()
    shop.owner = connect(options="-c track_functions=all")
    contexts = shop.contexts([(row[0], "s") for row in rows])
    assert len(contexts) == 500
    assert all(context["job"]["client"] == {"email": "zoe@example.com"} for context in contexts)
    shop.owner.execute("select pg_stat_force_next_flush()")
    shop.owner.execute("select 1")
    calls = shop.db.execute("select calls from pg_stat_user_functions where funcname = 'read_rows'").fetchone()
    # jobs, clients and users; owner and creator are one query.
    assert calls == (3,)


def test_workflows_of_different_versions_and_columns_are_built_in_one_batch(shop: World) -> None:
    jobs = shop.attach("jobs")
    first = shop.publish("w", [job(jobs, ["title"])], {"s": {"action": [["job", "title"]]}})
    shop.publish("w", [job(jobs, ["total"])], {"s": {"action": [["job", "total"]]}}, version=2)
    other = shop.publish(
        "other", [job(jobs, ["client_id"]), client()], {"s": {"action": CLIENT}, "n": {"action": [["new"]]}}
    )
    steps = [
        (shop.run(first, jobs, {"id": 1}), "s"),
        (shop.execute(first, shop.event(jobs, {"id": 1}), version=2), "s"),
        (shop.run(other, jobs, {"id": 1}, new={"n": 1}), "s"),
        (shop.run(other, jobs, {"id": 2}, new={"n": 2}), "n"),
    ]
    expected = [
        {"v": 1, "job": {"title": "Boiler"}},
        {"v": 1, "job": {"total": "10.20"}},
        {"v": 1, "job": {"client_id": 2, "client": {"email": "zoe@example.com"}}},
        {"v": 1, "new": {"n": 2}},
    ]
    assert shop.contexts(steps) == expected
    assert shop.contexts(steps[::-1]) == expected[::-1]
