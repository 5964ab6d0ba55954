"""Who may do what."""

from typing import Any

import psycopg
import pytest

from pgwhen import sql as source

SIX = {"tick", "tick_and_claim", "freeze_actions", "report_actions", "run_database_step", "extend_leases"}
ROLES = ["pgwhen_poller", "pgwhen_app", "pgwhen_operator", "pgwhen_author", "pgwhen_viewer", "pgwhen_actions"]

EXECUTE = """
    select p.proname::text from pg_proc p
    where p.pronamespace in ('pgwhen'::regnamespace, 'pgwhen_sandbox'::regnamespace, 'pgmq'::regnamespace)
      and has_schema_privilege(%(role)s, p.pronamespace, 'usage')
      and has_function_privilege(%(role)s, p.oid, 'execute')
"""


def functions(db: psycopg.Connection[Any], role: str) -> set[str]:
    """Names of the functions of ours, or of pgmq, that the role can call."""
    return {row[0] for row in db.execute(EXECUTE, {"role": role}).fetchall()}


def test_the_poller_can_call_six_functions(db: psycopg.Connection[Any]) -> None:
    assert functions(db, "pgwhen_poller") == SIX


def test_the_poller_can_read_and_write_nothing(db: psycopg.Connection[Any]) -> None:
    rows = db.execute(
        """
        select c.oid::regclass::text, privilege
        from pg_class c
        cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) privilege
        where c.relnamespace in ('pgwhen'::regnamespace, 'pgwhen_sandbox'::regnamespace, 'pgmq'::regnamespace)
          and c.relkind in ('r', 'p', 'v', 'm')
          and has_table_privilege('pgwhen_poller', c.oid, privilege)
        """
    ).fetchall()
    assert rows == []
    db.execute("set session authorization pgwhen_poller")
    for statement in (
        "select from pgwhen.executions",
        "select pgmq.send('pgwhen_actions', '{}')",
        "select from pgmq.q_pgwhen_events",
        "create table pgwhen.mine ()",
        "set role pgwhen_owner",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(statement)


def test_nobody_but_the_owner_touches_tables(db: psycopg.Connection[Any]) -> None:
    rows = db.execute(
        """
        select c.relname, e.grantee::regrole::text, e.privilege_type
        from pg_class c cross join aclexplode(c.relacl) e
        where c.relnamespace = 'pgwhen'::regnamespace and e.grantee <> c.relowner and c.relkind <> 'v'
        """
    ).fetchall()
    assert rows == []


def test_the_public_can_call_nothing(db: psycopg.Connection[Any]) -> None:
    rows = db.execute(
        """
        select p.oid::regprocedure::text
        from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) e
        where p.pronamespace in ('pgwhen'::regnamespace, 'pgwhen_sandbox'::regnamespace) and e.grantee = 0
        """
    ).fetchall()
    assert rows == []


def test_every_public_function_is_granted_to_somebody(db: psycopg.Connection[Any]) -> None:
    names = db.execute(
        "select distinct proname::text from pg_proc where pronamespace = 'pgwhen'::regnamespace and proname !~ '^_'"
    ).fetchall()
    granted = set().union(*(functions(db, role) for role in ROLES))
    assert sorted({row[0] for row in names} - granted) == []


def test_every_granted_name_exists(db: psycopg.Connection[Any]) -> None:
    """A name that is misspelt in grants.sql would be passed over."""
    text = source.grants().text
    listed = db.execute(
        """
        select distinct m[1] from regexp_matches(%s, $r$'(\\w+)'$r$, 'g') m
        where m[1] !~ '^pgwhen' and m[1] = lower(m[1])
        """,
        [text[text.index("with named") : text.index("wanted (kind")]],
    ).fetchall()
    existing = {row[0] for row in db.execute("select proname::text from pg_proc").fetchall()}
    assert sorted({row[0] for row in listed} - existing - {"render_template", "preview_message_template"}) == []


def test_internal_functions_are_for_authors_who_attach_only(db: psycopg.Connection[Any]) -> None:
    for role in ROLES:
        internal = {name for name in functions(db, role) if name.startswith("_")}
        if role != "pgwhen_author":
            assert internal == set(), role
    rows = db.execute("select proname::text from pg_proc where prorettype = 'trigger'::regtype").fetchall()
    triggers = {row[0] for row in rows}
    helpers = {name for name in functions(db, "pgwhen_author") if name.startswith("_")} - triggers
    assert helpers == {name for name in helpers if f"'{name}'" in source.grants().text}


def test_row_security_is_forced_with_a_policy_for_the_owner(db: psycopg.Connection[Any]) -> None:
    rows = db.execute(
        """
        select c.relname from pg_class c
        where c.relnamespace = 'pgwhen'::regnamespace and c.relkind in ('r', 'p') and c.relname !~ '^_yoyo'
          and not (c.relrowsecurity and c.relforcerowsecurity and exists (
            select from pg_policies p
            where p.schemaname = 'pgwhen' and p.tablename = c.relname and p.roles = array['pgwhen_owner']::name[]
              and p.cmd = 'ALL' and p.qual = 'true' and p.with_check = 'true'
          ))
        """
    ).fetchall()
    assert rows == []


def test_everything_belongs_to_the_owner(db: psycopg.Connection[Any]) -> None:
    rows = db.execute(
        """
        select relname::text from pg_class
        where relnamespace = 'pgwhen'::regnamespace and relowner <> 'pgwhen_owner'::regrole
        union all
        select typname::text from pg_type
        where typnamespace = 'pgwhen'::regnamespace and typowner <> 'pgwhen_owner'::regrole
        """
    ).fetchall()
    assert rows == []
