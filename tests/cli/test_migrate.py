"""pgwhen migrate."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgwhen import sql as source
from pgwhen.cli.embedded import Server
from pgwhen.cli.migrate import MigrateError, migrate_database, pgmq_sql

FUNCTION = (
    "create or replace function pgwhen.{name}() returns int language sql set search_path = pg_catalog as 'select 1'"
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pgwhen.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def with_files(monkeypatch: pytest.MonkeyPatch, *more: source.SqlFile) -> None:
    """Let sql/ have further files."""
    files = source.files()
    monkeypatch.setattr(source, "files", lambda: [*files, *more])


def with_migrations(monkeypatch: pytest.MonkeyPatch, folder: Path, **texts: str) -> None:
    """Let migrations/ have further files."""
    for path in source.MIGRATIONS.glob("*.sql"):
        (folder / path.name).write_bytes(path.read_bytes())
    for name, text in texts.items():
        (folder / f"{name}.sql").write_text(text)
    monkeypatch.setattr(source, "MIGRATIONS", folder)


# ---------------------------------------------------------------- what it does


def test_a_new_database_gets_everything(empty_dsn: str) -> None:
    talk: list[str] = []
    summary = migrate_database(empty_dsn, talk.append)
    assert summary.migrations[0] == "0001.tables"
    assert summary.files == len([file for file in source.files() if file.name not in summary.skipped])
    assert "migration 0001.tables" in talk
    with psycopg.connect(empty_dsn) as db:
        queues = db.execute("select queue_name from pgmq.list_queues() order by 1").fetchall()
        assert queues == [("pgwhen_actions",), ("pgwhen_events",)]
        tables = db.execute("select schemaname, tableowner from pg_tables where schemaname in ('pgwhen', 'pgmq')")
        assert set(tables.fetchall()) == {("pgwhen", "pgwhen_owner"), ("pgmq", "pgwhen_owner")}
        assert db.execute("select from pg_tables where schemaname = 'public'").fetchone() is None


def test_a_second_time_changes_nothing(dsn: str) -> None:
    talk: list[str] = []
    with psycopg.connect(dsn, autocommit=True) as db:
        before = acl(db)
        summary = migrate_database(dsn, talk.append)
        assert acl(db) == before
    assert summary.migrations == []
    assert talk == []


def acl(db: psycopg.Connection[Any]) -> list[Any]:
    return db.execute(
        """
        select oid::regprocedure::text, proacl::text from pg_proc where pronamespace::regnamespace::text ~ '^pgwhen'
        union all
        select oid::regclass::text, relacl::text from pg_class where relnamespace = 'pgwhen'::regnamespace
        order by 1
        """
    ).fetchall()


def test_roles_cannot_log_in_and_the_owner_has_nothing_through_membership(db: psycopg.Connection[Any]) -> None:
    rows = db.execute(
        "select rolname, rolcanlogin, rolsuper, rolinherit from pg_roles where rolname ~ '^pgwhen_' order by 1"
    ).fetchall()
    names = ["actions", "app", "author", "operator", "owner", "poller", "viewer"]
    assert rows == [(f"pgwhen_{name}", False, False, name != "owner") for name in names]
    members = db.execute(
        """
        select roleid::regrole::text, member::regrole::text from pg_auth_members
        where roleid::regrole::text ~ '^pgwhen' and member::regrole::text ~ '^pgwhen'
        """
    ).fetchall()
    assert members == [("pgwhen_actions", "pgwhen_owner")]


def test_queues_are_vacuumed_by_count_and_closed_to_pg_monitor(db: psycopg.Connection[Any]) -> None:
    for queue in source.QUEUES:
        row = db.execute("select reloptions from pg_class where oid = %s::regclass", [f"pgmq.q_{queue}"]).fetchone()
        assert row is not None
        assert {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=5000"} <= set(row[0])
        for table in (f"pgmq.q_{queue}", f"pgmq.a_{queue}"):
            assert db.execute("select has_table_privilege('pg_monitor', %s, 'select')", [table]).fetchone() == (False,)
    db.execute("set role pgwhen_owner")
    db.execute("select pgmq.create('later')")
    assert db.execute("select has_table_privilege('pg_monitor', 'pgmq.q_later', 'select')").fetchone() == (False,)


def test_yoyo_finds_its_bookkeeping(dsn: str) -> None:
    """The tables that we make are those that yoyo would have made."""
    with psycopg.connect(dsn) as db:
        rows = db.execute("select migration_id from pgwhen._yoyo_migration order by 1").fetchall()
        assert [row[0] for row in rows] == [path.stem for path in sorted(source.MIGRATIONS.glob("*.sql"))]
        assert db.execute("select max(version) from pgwhen._yoyo_version").fetchone() == (2,)
        log = db.execute("select operation, username is not null from pgwhen._yoyo_log").fetchall()
        assert set(log) == {("apply", True)}


def test_sandbox_files_are_owned_by_pgwhen_actions(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = FUNCTION.format(name="f").replace("pgwhen.f", "pgwhen_sandbox.f")
    with_files(monkeypatch, source.SqlFile("functions/f.sql", text, owner="pgwhen_actions"))
    migrate_database(dsn)
    with psycopg.connect(dsn) as db:
        owner = db.execute("select proowner::regrole::text from pg_proc where proname = 'f'").fetchone()
        assert owner == ("pgwhen_actions",)
        can = "select has_function_privilege(%s, 'pgwhen_sandbox.f()', 'execute')"
        assert db.execute(can, ["pgwhen_owner"]).fetchone() == (True,)
        assert db.execute(can, ["pgwhen_poller"]).fetchone() == (False,)


def test_the_command_says_what_it_did(dsn: str) -> None:
    done = run("migrate", "--dsn", dsn)
    assert (done.returncode, done.stderr) == (0, done.stderr if "skipped" in done.stderr else "")
    assert done.stdout.startswith("migrations: none pending; ")


# ---------------------------------------------------------------- many at once, and beside work


def test_four_at_once_do_it_once(empty_dsn: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        summaries = list(pool.map(lambda _: migrate_database(empty_dsn), range(4)))
    assert sum(len(summary.migrations) for summary in summaries) == len(list(source.MIGRATIONS.glob("*.sql")))


def test_four_databases_of_a_new_server_at_once(bare_server: Server) -> None:
    """Roles belong to the server, and the lock to a database."""
    names = ["a", "b", "c", "d"]
    with psycopg.connect(bare_server.dsn("postgres"), autocommit=True) as admin:
        for name in names:
            admin.execute(f"create database {name}")
    with ThreadPoolExecutor(4) as pool:
        summaries = list(pool.map(lambda name: migrate_database(bare_server.dsn(name)), names))
    assert all(summary.migrations for summary in summaries)


def test_it_waits_for_a_tick_to_end(dsn: str, connect: Callable[..., psycopg.Connection[Any]]) -> None:
    tick = connect(autocommit=False)
    tick.execute(f"select pg_advisory_xact_lock_shared({source.MIGRATE_LOCK})")
    talk: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(migrate_database, dsn, talk.append)
        watch = connect()
        waiting = "select from pg_stat_activity where application_name = 'pgwhen migrate' and wait_event = 'advisory'"
        while watch.execute(waiting).fetchone() is None:
            assert not future.done()
        tick.commit()
        future.result()
    assert talk == ["waiting for another migrate, or for a tick to end"]


def test_ticks_go_on_while_it_runs(dsn: str, connect: Callable[..., psycopg.Connection[Any]]) -> None:
    """Bodies are replaced under a poller that never stops calling them."""
    poller, stop = connect(user="pgwhen_poller"), threading.Event()

    def tick_on() -> int:
        count = 0
        while not stop.is_set():
            poller.execute("select pgwhen.tick(10)")
            count += 1
        return count

    with ThreadPoolExecutor(1) as pool:
        ticks = pool.submit(tick_on)
        for _ in range(5):
            migrate_database(dsn)
        stop.set()
        assert ticks.result() > 5


# ---------------------------------------------------------------- what it refuses


def test_an_edited_migration_is_refused(dsn: str, db: psycopg.Connection[Any]) -> None:
    db.execute("update pgwhen.migration_files set sha256 = repeat('0', 64) where migration_id = '0001.tables'")
    with pytest.raises(MigrateError, match=r"0001\.tables\.sql was edited after it was applied"):
        migrate_database(dsn)


def test_the_migrations_of_a_newer_version_are_refused(dsn: str, db: psycopg.Connection[Any]) -> None:
    db.execute("insert into pgwhen.migration_files values ('9999.future', repeat('0', 64))")
    done = run("migrate", "--dsn", dsn)
    assert done.returncode == 1
    assert "does not know: 9999.future" in done.stderr
    assert "hint: a newer pgwhen" in done.stderr


@pytest.mark.parametrize("schema", ["pgwhen", "pgwhen_sandbox"])
def test_a_function_without_a_file_is_named_and_nothing_is_changed(
    dsn: str, db: psycopg.Connection[Any], schema: str
) -> None:
    db.execute(FUNCTION.format(name="gone").replace("pgwhen.gone", f"{schema}.gone"))
    places = "select oid, ctid::text from pg_proc where pronamespace = 'pgwhen'::regnamespace order by 1"
    before = db.execute(places).fetchall()
    with pytest.raises(MigrateError, match=rf"no file in sql/ makes {schema}\.gone\(\)"):
        migrate_database(dsn)
    assert db.execute(places).fetchall() == before


def test_a_changed_signature_is_refused_by_name(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old = FUNCTION.format(name="f")
    with_files(monkeypatch, source.SqlFile("functions/f.sql", old))
    migrate_database(dsn)
    monkeypatch.undo()
    with_files(monkeypatch, source.SqlFile("functions/f.sql", old.replace("f()", "f(p_added int default 0)")))
    with pytest.raises(MigrateError, match=r"no file in sql/ makes pgwhen\.f\(\)"):
        migrate_database(dsn)


def test_an_error_names_file_and_line(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_files(monkeypatch, source.SqlFile("functions/broken.sql", "select 1;\n\nselect from nowhere;"))
    with pytest.raises(MigrateError, match=r'sql/functions/broken.sql:3: relation "nowhere" does not exist'):
        migrate_database(dsn)


def test_a_failed_migration_leaves_nothing(
    dsn: str, db: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_migrations(monkeypatch, tmp_path, **{"9998.bad": "create table half (id int);\nselect 1 / 0;"})
    with pytest.raises(MigrateError, match=r"migrations/9998\.bad\.sql: division by zero"):
        migrate_database(dsn)
    assert db.execute("select to_regclass('pgwhen.half')").fetchone() == (None,)
    assert db.execute("select from pgwhen._yoyo_migration where migration_id = '9998.bad'").fetchone() is None
    with_migrations(monkeypatch, tmp_path, **{"9998.bad": "create table half (id int);"})
    assert migrate_database(dsn).migrations == ["9998.bad"]


def test_a_migration_that_cannot_run_in_a_transaction(
    dsn: str, db: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "-- transactional: false\ncreate index concurrently audit_log_by_actor on pgwhen.audit_log (actor);"
    with_migrations(monkeypatch, tmp_path, **{"9998.index": text})
    assert migrate_database(dsn).migrations == ["9998.index"]
    assert migrate_database(dsn).migrations == []
    assert db.execute("select to_regclass('pgwhen.audit_log_by_actor') is not null").fetchone() == (True,)


def test_a_migration_gives_up_on_a_lock(
    dsn: str,
    connect: Callable[..., psycopg.Connection[Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = connect(autocommit=False)
    reader.execute("select from pgwhen.tenants")
    monkeypatch.setattr("pgwhen.cli.migrate.LOCK_TIMEOUT", "200ms")
    with_migrations(monkeypatch, tmp_path, **{"9998.more": "alter table tenants add column more int;"})
    with pytest.raises(MigrateError, match="another session holds the lock"):
        migrate_database(dsn)
    reader.rollback()
    assert migrate_database(dsn).migrations == ["9998.more"]


# ---------------------------------------------------------------- views


def view(columns: str) -> source.SqlFile:
    return source.SqlFile("views/v.sql", f"create or replace view pgwhen.v as select {columns}")


def test_a_view_may_change_its_columns(dsn: str, db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in ("1 as a, 2 as b", "2 as b", "'x'::text as b, 3 as c"):
        with_files(monkeypatch, view(columns))
        migrate_database(dsn)
        monkeypatch.undo()
    assert db.execute("select * from pgwhen.v").fetchall() == [("x", 3)]
    assert db.execute("select has_table_privilege('pgwhen_viewer', 'pgwhen.v', 'select')").fetchone() == (True,)
    migrate_database(dsn)
    assert db.execute("select to_regclass('pgwhen.v')").fetchone() == (None,), "a view without a file goes"


def test_what_others_built_on_a_view_stays(
    dsn: str, db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_files(monkeypatch, view("1 as a"))
    migrate_database(dsn)
    db.execute("create view public.dashboard as select a from pgwhen.v")
    migrate_database(dsn)
    monkeypatch.undo()
    with_files(monkeypatch, view("1 as a, 2 as b"))
    migrate_database(dsn)
    monkeypatch.undo()
    with_files(monkeypatch, view("2 as b"))
    with pytest.raises(MigrateError, match=r"(?s)view dashboard depends on view pgwhen\.v.*something outside pgwhen"):
        migrate_database(dsn)


# ---------------------------------------------------------------- without superuser


@pytest.fixture
def migrator(empty_dsn: str) -> str:
    """URL of a login that may do what migrate asks for, and no more, in a database without pgwhen."""
    with psycopg.connect(empty_dsn, autocommit=True) as admin:
        # Roles belong to the server, which all workers share.
        database = admin.info.dbname
        name = f"migrator_{database}"
        admin.execute(f"create role {name} login in role pgwhen_owner, pgwhen_actions")
        admin.execute(f"grant create on database {database} to {name}")
    return empty_dsn.replace("postgres@", f"{name}@")


def test_without_superuser_where_the_roles_exist(dsn: str, migrator: str) -> None:
    assert migrate_database(migrator).migrations
    again = migrate_database(migrator)
    assert again.migrations == []
    with psycopg.connect(migrator) as db, psycopg.connect(dsn) as reference:
        assert (
            db.execute("select rolsuper, rolcreaterole from pg_roles where rolname = user").fetchone() == (False,) * 2
        )
        optional = {file.stem for file in source.files() if file.language}
        ours, theirs = (
            [row for row in acl(c) if row[0].split(".")[-1].split("(")[0] not in optional] for c in (db, reference)
        )
        assert ours == theirs


def test_createrole_is_enough_for_a_new_server(bare_server: Server) -> None:
    with psycopg.connect(bare_server.dsn("postgres"), autocommit=True) as admin:
        admin.execute("create role maker login createrole")
        admin.execute("create database made owner maker")
    assert migrate_database(bare_server.dsn("made", user="maker")).migrations
    assert migrate_database(bare_server.dsn("made", user="maker")).migrations == []


def test_without_the_rights_the_error_says_whom_to_ask(empty_dsn: str, server: Server) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as admin:
        name = f"nobody_{admin.info.dbname}"
        admin.execute(f"create role {name} login")
    done = run("--dsn", empty_dsn.replace("postgres@", f"{name}@"), "migrate")
    assert done.returncode == 1
    assert "ask the DBA" in done.stderr
    assert "Traceback" not in done.stderr


# ---------------------------------------------------------------- pgmq


@pytest.fixture
def pgmq_extension(bare_server: Server) -> Server:
    """A server that has pgmq as an extension: the same SQL, packed as its authors pack it."""
    with psycopg.connect(bare_server.dsn("postgres"), autocommit=True) as admin:
        if admin.info.server_version < 180000:
            pytest.skip("extension_control_path is PostgreSQL 18")
        folder = bare_server.data.parent / f"extensions-{bare_server.data.name}"
        (folder / "extension").mkdir(parents=True)
        control = "default_version = '1.13.0'\nschema = 'pgmq'\nrelocatable = false\nsuperuser = false\n"
        (folder / "extension" / "pgmq.control").write_text(control)
        (folder / "extension" / "pgmq--1.13.0.sql").write_text(pgmq_sql())
        admin.execute(f"alter system set extension_control_path = '$system:{folder}'")
        admin.execute("select pg_reload_conf()")
        admin.execute("create database pgwhen")
    return bare_server


def test_pgmq_as_an_extension(pgmq_extension: Server) -> None:
    dsn = pgmq_extension.dsn()
    assert migrate_database(dsn).pgmq == "extension 1.13.0"
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute("set role pgwhen_owner")
        assert db.execute("""select pgmq.send('pgwhen_events', '{"a": 1}')""").fetchone() == (1,)
        assert db.execute("select message from pgmq.pop('pgwhen_events')").fetchone() == ({"a": 1},)
    assert migrate_database(dsn).migrations == []


def test_pgmq_as_an_extension_without_superuser(pgmq_extension: Server) -> None:
    with psycopg.connect(pgmq_extension.dsn(), autocommit=True) as admin:
        admin.execute("create role maker login createrole")
        admin.execute("grant create on database pgwhen to maker")
    assert migrate_database(pgmq_extension.dsn(user="maker")).pgmq == "extension 1.13.0"
    assert migrate_database(pgmq_extension.dsn(user="maker")).migrations == []


# ---------------------------------------------------------------- --print-sql


def psql(server: Server, dsn: str, script: str) -> None:
    command = [str(server.binaries / "psql"), "-X", "-d", dsn, "-f", "-"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "pgwhen 0.1.0 is installed\n"


@pytest.fixture(scope="module")
def script() -> str:
    done = run("migrate", "--print-sql")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def everything(dsn: str) -> list[Any]:
    """What is in the schemas: objects, their comments, bodies, owners and rights."""
    with psycopg.connect(dsn, autocommit=True) as db:
        return db.execute(
            """
            select 'function', oid::regprocedure::text, pg_get_functiondef(oid), proacl::text, proowner::regrole::text
            from pg_proc where pronamespace::regnamespace::text ~ '^pgwhen'
            union all
            select 'relation', oid::regclass::text, obj_description(oid), relacl::text, relowner::regrole::text
            from pg_class where relnamespace::regnamespace::text ~ '^(pgwhen|pgmq)'
            union all
            select 'schema', nspname, obj_description(oid), nspacl::text, nspowner::regrole::text
            from pg_namespace where nspname ~ '^(pgwhen|pgmq)'
            order by 1, 2
            """
        ).fetchall()


def test_the_printed_script_does_the_same(dsn: str, empty_dsn: str, server: Server, script: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as db, psycopg.connect(dsn) as reference:
        for (name,) in reference.execute("select extname from pg_extension").fetchall():
            db.execute(f"create extension if not exists {name}")
    psql(server, empty_dsn, script)
    assert everything(empty_dsn) == everything(dsn)
    talk: list[str] = []
    summary = migrate_database(empty_dsn, talk.append)
    assert (summary.migrations, talk) == ([], [])
    assert everything(empty_dsn) == everything(dsn)


def test_the_printed_script_can_be_repeated_and_follow_migrate(dsn: str, server: Server, script: str) -> None:
    before = everything(dsn)
    psql(server, dsn, script)
    psql(server, dsn, script)
    assert everything(dsn) == before


def test_the_printed_script_without_superuser(migrator: str, server: Server, script: str) -> None:
    psql(server, migrator, script)
    assert migrate_database(migrator).migrations == []
