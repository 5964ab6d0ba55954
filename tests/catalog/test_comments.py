"""Everything that people see in psql says what it is."""

from typing import Any

import psycopg
import pytest

# Partitions are their parent's columns again; yoyo's tables are yoyo's.
TABLES = """
    select c.oid, c.relname, c.relkind from pg_class c
    where c.relnamespace = 'pgwhen'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and c.relname !~ '^_yoyo'
"""

UNCOMMENTED = {
    "table or view": f"select relname from ({TABLES}) t where obj_description(t.oid, 'pg_class') is null",
    "column": f"""
        select t.relname || '.' || a.attname
        from ({TABLES}) t
        join pg_class c using (oid)
        join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
        where not c.relispartition and col_description(t.oid, a.attnum) is null
    """,
    "type": """
        select t.typname from pg_type t left join pg_class c on c.oid = t.typrelid
        where t.typnamespace = 'pgwhen'::regnamespace and obj_description(t.oid, 'pg_type') is null
          and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
    """,
    "function": """
        select p.oid::regprocedure::text from pg_proc p
        where p.pronamespace in ('pgwhen'::regnamespace, 'pgwhen_sandbox'::regnamespace)
          and obj_description(p.oid, 'pg_proc') is null and p.proname !~ '^_'
    """,
    "schema": """
        select nspname from pg_namespace where nspname ~ '^pgwhen' and obj_description(oid, 'pg_namespace') is null
    """,
}


@pytest.mark.parametrize("kind", UNCOMMENTED)
def test_everything_has_a_comment(db: psycopg.Connection[Any], kind: str) -> None:
    assert [row[0] for row in db.execute(UNCOMMENTED[kind]).fetchall()] == []


def test_comments_begin_with_a_sentence(db: psycopg.Connection[Any]) -> None:
    """The first line is what \\df+ and \\d+ show: a sentence with a full stop, beginning with a capital or a name."""
    rows = db.execute(
        """
        select d.description from pg_description d
        join pg_proc p on d.classoid = 'pg_proc'::regclass and d.objoid = p.oid
        where p.pronamespace = 'pgwhen'::regnamespace
        union all
        select obj_description(t.oid, 'pg_class') from pg_class t
        where t.relnamespace = 'pgwhen'::regnamespace and t.relkind in ('r', 'p', 'v')
        """
    ).fetchall()
    assert [text for (text,) in rows if text and not text.split("\n")[0].rstrip().endswith((".", ":"))] == []
