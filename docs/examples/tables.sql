-- The tables that the examples use: a small company with clients, leads, jobs, a web form, its staff and the days on which nobody works.
create table staff (
  id integer generated always as identity primary key,
  name text not null,
  email text not null
);

create table clients (
  id integer generated always as identity primary key,
  first_name text not null,
  last_name text,
  email text,
  phone text,
  city text
);

create table leads (
  id integer generated always as identity primary key,
  first_name text not null,
  email text,
  phone text,
  source text,
  status text not null default 'new',
  budget numeric(12, 2),
  owner_id integer references staff,
  created_at timestamptz not null default now()
);

create table jobs (
  id integer generated always as identity primary key,
  title text not null,
  status text not null default 'new',
  client_id integer references clients,
  scheduled_at timestamptz,
  total numeric(12, 2),
  created_at timestamptz not null default now()
);

create table form_submissions (
  id integer generated always as identity primary key,
  form text not null default 'contact',
  name text,
  email text,
  message text,
  fields jsonb not null default '{}',
  submitted_at timestamptz not null default now()
);

create table holidays (
  country text not null,
  day date not null,
  name text,
  primary key (country, day)
);
