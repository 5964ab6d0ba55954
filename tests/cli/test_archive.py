"""maintain --archive."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgwhen.cli import archive, database
from tests.cli.support import Cli
from tests.sql.engine.support import Connection, count, define, fake_clock, happen, perform
from tests.sql.operate.test_maintain import partitions, start, week

NAME = 'Zoë "\\n" \\ \t Дроздова'


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def turn(db: Connection, at: Any) -> None:
    """The clock of every session."""
    fake_clock(db, at.isoformat())
    db.execute(f"alter database \"{db.info.dbname}\" set pgwhen.now = '{at.isoformat()}'")


def read(folder: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table in all archives."""
    return [
        json.loads(line)
        for path in sorted(folder.glob(f"*/{table}.jsonl.gz"))
        for line in gzip.open(path, "rt", encoding="utf-8")
    ]


def table_rows(db: Connection, table: str) -> list[dict[str, Any]]:
    """The rows as JSON."""
    return [row for (row,) in db.execute(f"select to_jsonb(t) from pgwhen.{table} t").fetchall()]


def same(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> bool:
    """Whether two lists have the same rows."""
    return sorted(json.dumps(r, sort_keys=True) for r in first) == sorted(json.dumps(r, sort_keys=True) for r in second)


def read_back(db: Connection, folder: Path, table: str) -> list[dict[str, Any]]:
    """As docs/operations.md says."""
    db.execute("create table old (row jsonb)")
    copy_in = r"copy old from stdin with (format csv, quote e'\x01', delimiter e'\x02')"
    for path in folder.glob(f"*/{table}.jsonl.gz"):
        with db.cursor() as cursor, cursor.copy(copy_in) as copy:
            copy.write(gzip.decompress(path.read_bytes()))
    query = f"select to_jsonb(x) from old cross join lateral jsonb_populate_record(null::pgwhen.{table}, row) x"
    return [row for (row,) in db.execute(query).fetchall()]


def test_every_row_that_is_dropped_is_archived_once(cli: Cli, db: Connection, tmp_path: Path) -> None:
    at = start(db)
    turn(db, at)
    workflow = define(db, [{"id": "a"}])
    happen(db, workflow, *({"id": n, "name": NAME} for n in range(300)))
    for _ in range(4):
        perform(db)
    happen(db, workflow, {"id": 1000})
    perform(db, "permanent")
    db.execute(
        "insert into pgwhen.logs (log_id, at, execution_id, level, tenant, message) select pgwhen._log_id(%s), %s,"
        " execution_id, 'info', 'default', %s from pgwhen.executions",
        [at, at, NAME],
    )
    db.execute(
        "insert into pgwhen.documents (execution_id, document_id, created_at, generation, size, tenant, step_id, file,"
        " media_type, sha256, content)"
        " select execution_id, gen_random_uuid(), %s, 1, octet_length(c), 'default', 'a', 'a',"
        " 'text/plain', '', c from pgwhen.executions, convert_to(%s, 'UTF8') c",
        [at, NAME],
    )
    failed = db.execute("select execution_id::text from pgwhen.executions where status = 'failed'").fetchone()
    assert failed is not None
    before = {table: table_rows(db, table) for table in archive.TABLES}
    done = cli("maintain", "--archive", str(tmp_path / "a" / "b"), "--json")
    assert done.code == 0 and list((tmp_path / "a" / "b").iterdir()) == [], "nothing is due"

    turn(db, at + timedelta(days=38))
    done = cli("maintain", "--archive", str(tmp_path))
    assert done.code == 0 and week(at) in done.out
    assert count(db, "pgwhen.executions") == 1, "what failed is kept longer"
    for table, rows in before.items():
        gone = [r for r in rows if r not in table_rows(db, table)]
        assert len(gone) == 300 and same(read(tmp_path, table), gone), table
    assert read(tmp_path, "events")[0]["new"]["name"] == NAME

    turn(db, at + timedelta(days=91))
    assert cli("maintain", "--archive", str(tmp_path)).code == 0
    assert count(db, "pgwhen.executions") == 0
    for table, rows in before.items():
        assert same(read(tmp_path, table), rows), table
    assert not list(tmp_path.glob("*.partial"))
    assert same(read_back(db, tmp_path, "events"), before["events"])
    manifests = [json.loads(path.read_text()) for path in tmp_path.glob("*/manifest.json")]
    assert sum(m["rows"]["executions"] for m in manifests) == 301


def test_a_failure_keeps_the_week(cli: Cli, db: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = start(db)
    turn(db, at)
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db)
    turn(db, at + timedelta(days=38))
    real = database.archive_rows

    def broken(connection: Any, table: str, plan: Any) -> Any:
        yield from real(connection, table, plan)
        if table == "attempts":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(database, "archive_rows", broken)
    done = cli("maintain", "--archive", str(tmp_path))
    assert done.code == 1 and "nothing was dropped: [Errno 28] No space left" in done.err
    assert week(at) in partitions(db) and count(db, "pgwhen.executions") == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".partial"]
    monkeypatch.setattr(database, "archive_rows", real)
    monkeypatch.setattr(archive, "_check", lambda path, count: (_ for _ in ()).throw(OSError("short")))
    assert cli("maintain", "--archive", str(tmp_path)).code == 1
    assert count(db, "pgwhen.executions") == 1
    monkeypatch.undo()
    assert cli("maintain", "--archive", str(tmp_path)).code == 0
    assert count(db, "pgwhen.executions") == 0 and len(read(tmp_path, "executions")) == 1
    (tmp_path / "file").write_text("")
    assert cli("maintain", "--archive", str(tmp_path / "file")).code == 2


def test_two_at_once(cli: Cli, db: Connection, tmp_path: Path) -> None:
    assert database.lock_maintenance(db)
    assert "another session is at it" in cli("maintain", "--archive", str(tmp_path)).err
    assert list(tmp_path.iterdir()) == []


def test_a_short_file_is_seen(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "x.gz", "wb") as file:
        file.write(b"{}\n")
    archive._check(tmp_path / "x.gz", 1)
    with pytest.raises(OSError, match="1 rows instead of 2"):
        archive._check(tmp_path / "x.gz", 2)


def test_not_for_tenants(db: Connection) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    db.execute("insert into pgwhen.tenant_roles values (session_user, 'acme')")
    with pytest.raises(psycopg.Error) as caught:
        database.plan_archive(db)
    assert caught.value.sqlstate == "WF177"
