"""Tables as applications have them, attached: one database a module, one for each test that needs more connections."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from pgwhen.cli.embedded import Server
from tests.conftest import TEMPLATE, _database

Connection = psycopg.Connection[Any]

TABLES = """
create type stage as enum ('new', 'won', 'lost');
create domain email_address as text;
create table users (id int primary key, name text, email text);
create table clients (
  id int primary key, email email_address, first_name text, "lastName" text, phone text, city text,
  owner_id int references users
);
create table jobs (
  id bigint primary key, title text, status text, total numeric(10, 2), budget numeric,
  client_id int references clients,
  owner_id int references users, reviewer_id int references users, due_at timestamptz, starts_at timestamp, on_day date,
  at_time time, takes interval, done boolean, data jsonb, tags text[], stage stage, code char(5), uid uuid,
  "Größe (cm)" int, event text, created_at timestamptz default now(), api_token text
);
create table leads (id int primary key, name text, status text, email text, score int);
create table form_submissions (id int primary key, form text, email text);
create table rooms (tenant_id int, id int, name text, primary key (tenant_id, id));
create table bookings (
  id int primary key, tenant_id int, room_id int, foreign key (tenant_id, room_id) references rooms
);
create table notes (body text);
create table secrets_of_others (id int primary key, name text);
create table visits (id int primary key, other_id int references secrets_of_others, guarded_id int);
create table guarded (id int primary key, name text);
alter table guarded enable row level security;
alter table visits add foreign key (guarded_id) references guarded;
create table unattached (id int primary key, status text);
create view jobs_view as select * from jobs;
grant select on users, clients, rooms, guarded to pgwhen_actions;
select pgwhen.attach(t) from unnest('{jobs,leads,form_submissions,bookings,notes,visits}'::regclass[]) t;
"""


@pytest.fixture(scope="session")
def tables(server: Server) -> Iterator[str]:
    """The name of a database with pgwhen and TABLES, to make others from."""
    with _database(server, TEMPLATE) as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(TABLES)
        yield dsn.split("@/")[1].split("?")[0]


@pytest.fixture
def dsn(server: Server, tables: str) -> Iterator[str]:
    """URL of a fresh database with tables."""
    with _database(server, tables) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def lang(server: Server, tables: str) -> Iterator[Connection]:
    """A connection to a database with tables; what tests change in it they roll back (own)."""
    with _database(server, tables) as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def own(lang: Connection) -> Iterator[Connection]:
    """The same connection in a transaction that is rolled back: for tests that write."""
    with lang.transaction(force_rollback=True):
        yield lang
