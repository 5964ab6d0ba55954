"""Rules that every function keeps."""

import re
from pathlib import Path
from typing import Any

import psycopg

from pgwhen import sql as source

TESTS = Path(__file__).resolve().parent.parent

OURS = """
    from pg_proc p
    where p.pronamespace in ('pgwhen'::regnamespace, 'pgwhen_sandbox'::regnamespace)
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
"""


def test_every_function_pins_search_path(db: psycopg.Connection[Any]) -> None:
    """A body of the SQL standard is bound when it is created, and needs none."""
    rows = db.execute(
        f"""
        select p.oid::regprocedure::text {OURS} and p.prosqlbody is null
          and not exists (select from unnest(p.proconfig) setting where setting like 'search_path=%')
        """
    ).fetchall()
    assert rows == []


def test_a_pinned_search_path_ends_with_pg_temp(db: psycopg.Connection[Any]) -> None:
    """Else temporary tables come first, and whoever calls a definer function chooses what it reads."""
    rows = db.execute(
        f"""
        select p.oid::regprocedure::text, p.proconfig {OURS} and p.prosecdef
          and exists (
            select from unnest(p.proconfig) setting
            where setting like 'search_path=%' and setting !~ 'pg_temp"?$'
          )
        """
    ).fetchall()
    assert rows == []


def test_owners(db: psycopg.Connection[Any]) -> None:
    """SECURITY DEFINER means one of these two, and nobody else owns anything of ours."""
    rows = db.execute(
        f"select distinct p.pronamespace::regnamespace::text, p.proowner::regrole::text {OURS}"
    ).fetchall()
    assert set(rows) <= {("pgwhen", "pgwhen_owner"), ("pgwhen_sandbox", "pgwhen_actions")}


def test_names(db: psycopg.Connection[Any]) -> None:
    rows = db.execute(
        f"""
        select p.oid::regprocedure::text, argument
        {OURS.replace("where", "left join lateral unnest(p.proargnames[:p.pronargs]) argument on true where", 1)}
          and (p.proname !~ '^_?[a-z]+(_[a-z0-9]+)*$' or argument !~ '^p_[a-z]' and p.prokind = 'f')
        """
    ).fetchall()
    assert rows == []


def test_a_file_a_function_under_its_name(db: psycopg.Connection[Any]) -> None:
    files = [file for file in source.files() if not file.name.startswith("views/")]
    names = {file.stem for file in files}
    assert sorted(file.name for file in files if [other.stem for other in files].count(file.stem) > 1) == []
    made = {row[0] for row in db.execute(f"select distinct p.proname::text {OURS}").fetchall()}
    assert made <= names
    for file in files:
        created = set(re.findall(r"create\s+or\s+replace\s+(?:function|procedure)\s+pgwhen\w*\.(\w+)", file.text))
        if file.name.startswith(("functions/", "optional/")):
            assert created == {file.stem}, file.name


def test_views_have_a_file_under_their_name(db: psycopg.Connection[Any]) -> None:
    views = db.execute("select viewname::text from pg_views where schemaname = 'pgwhen' order by 1").fetchall()
    files = sorted(file.stem for file in source.files() if file.name.startswith("views/"))
    assert [row[0] for row in views] == files


def test_every_public_function_has_a_test_of_its_name(db: psycopg.Connection[Any]) -> None:
    """Trigger functions have theirs through attach."""
    query = f"select distinct p.proname::text {OURS} and p.proname !~ '^_' and p.prorettype <> 'trigger'::regtype"
    public = {row[0] for row in db.execute(query).fetchall()}
    tests = {path.stem.removeprefix("test_") for path in TESTS.rglob("test_*.py")}
    assert sorted(public - tests) == []


def test_time_comes_from_now_only() -> None:
    """pgwhen._now() is the clock that a test can set. A line that needs the wall clock says `-- wall clock: why`."""
    clock = re.compile(r"\b(?:now\(\)|clock_timestamp|statement_timestamp|transaction_timestamp|current_timestamp)")
    found = [
        f"{file.name}:{number}: {line.strip()}"
        for file in source.files()
        for number, line in enumerate(file.text.splitlines(), 1)
        if file.stem != "_now"
        and "-- wall clock" not in line
        and clock.search(re.sub(r"--.*|pgwhen\._now\(\)", "", line))
    ]
    assert found == []


def test_no_function_is_made_by_a_migration() -> None:
    texts = {path.name: path.read_text() for path in source.MIGRATIONS.glob("*.sql")}
    assert [name for name, text in texts.items() if re.search(r"create\s+(or\s+replace\s+)?function", text, re.I)] == []


def test_the_contract_is_the_pollers(db: psycopg.Connection[Any]) -> None:
    text = "\n".join(path.read_text() for path in (source.FOLDER.parent / "poller").glob("*.py"))
    (contract,) = re.findall(r"^CONTRACT(?:: [\w\[\]]+)? = (\d+)$", text, re.MULTILINE)
    assert db.execute("select %s::int <@ pgwhen.contract()", [int(contract)]).fetchone() == (True,)
