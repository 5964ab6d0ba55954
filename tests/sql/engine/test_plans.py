"""What an execution reads does not grow with the history (docs/decisions/0004): plans that are made on the first day,
while the tables are empty and not analysed, serve until autovacuum has analysed some, and those that it makes do until
it comes again. Counted in rows read from indexes and tables, not in time.

On 18 nothing is analysed before the history is there; on the others autovacuum has come before, to the tables to which
it comes while they are small.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.conftest import KIND
from tests.sql.database.support import run_one
from tests.sql.deliveries.support import Mail, status
from tests.sql.deliveries.support import call as tell
from tests.sql.engine.support import Connection, fake_clock, identity, report
from tests.sql.wait.support import App

Json = dict[str, Any]
Doing = Callable[[Connection, list[Any]], None]

#: Rows of the application in a round. There are two rounds, then a history of many more, then two rounds again:
#: mornings of one week, which is one partition; before the last the tables are analysed. A plan that scans reads all of
#: the history.
ROWS, HISTORY = 20, 4000
MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)
POLLER = {"id": "test", "contract": 2, "connections": [{"name": "smtp", "channel": "email", "provider": "smtp"}]}

TABLES = b"""
create table clients (id bigint primary key, email text, city text);
create table leads (
  id bigint generated always as identity primary key, email text default 'ann@example.com', name text default 'Ann',
  phone text default '+31612345678', score int default 7, status text default 'new',
  client_id bigint default 1 references clients);
create table replies (id bigint generated always as identity primary key, lead_id bigint);
create table seen (id bigint primary key, score int);
create view fresh as select id from leads order by id desc limit 20;
create function double(number bigint) returns bigint language sql as 'select 2 * number';
insert into clients values (1, 'client@example.com', 'Oslo');
select pgwhen.attach(t) from unnest('{leads,replies}'::regclass[]) t;
select pgwhen.register_function('double(bigint)');
grant select, insert, update on clients, leads, replies, seen to pgwhen_actions;
"""

#: What autovacuum does while little is there: partitions get their first statistics with thousands of rows.
ANALYZE_SMALL = b"""
do $$
begin
  execute (select 'analyze ' || string_agg(format('pgwhen.%I', relname), ', ') from pg_class
    where relnamespace = 'pgwhen'::regnamespace and relkind = 'r' and not relispartition);
end $$
"""

#: What is read in order and from the beginning: vacuum removes what was done from there.
#: And settings, which only the clock of a test asks.
ORDERED = "unfinished|handovers.*|sleepers_due|settings"

HTTP: Json = {"type": "http", "method": "POST", "url": "http://127.0.0.1:9/{{ new.id }}"}
ELSEWHERE: Json = HTTP | {"id": "work", "url": "http://127.0.0.1:9"}
MAIL: Json = {"id": "mail", "type": "email", "to": "{{ new.email }}", "subject": "s", "text": "Dear {{ new.name }}"}
POST: Json = {"id": "post"} | HTTP
A, B, C = ({"id": name} | HTTP for name in "abc")
LATER: Json = {"id": "later", "type": "delay", "for": "1h"}
REPLIES: Json = {"table": "replies", "row": "created", "match": {"lead_id": "{{ new.id }}"}}
ANSWER: Json = {"id": "answer", "type": "wait", "timeout": "5h"} | REPLIES
ASK: Json = {
    "id": "ask", "type": "approval", "approvers": ["bo@example.com", "cleo@example.com"], "need": "all",
    "timeout": "5h", "message": {"subject": "Lead {{ lead.id }}", "text": "{{ approval.approve }}"},
}  # fmt: skip
TELL: Json = {
    "id": "tell", "type": "notification", "to": {"email": "{{ new.email }}", "phone": "{{ new.phone }}"},
    "channels": ["email", "sms"], "message": {"subject": "s", "text": "{{ notification.count }}"},
}  # fmt: skip
#: Of executions to which nothing ever happens: they stay in the small tables of what is at hand, which must not be read
#: whole either.
IDLE: Json = {"id": "never", "type": "wait", "event": "never", "timeout": "90d"}

#: Who gets the messages of a day.
ADDRESS = "pgwhen._now()::date || '@example.com'"

#: What happens to the executions of a round.
NEW = "insert into leads select from generate_series(1, {rows})"
REPLY = "insert into replies (lead_id) select id from fresh"
CHANGE = "update leads set status = 'won' where id in (select id from fresh)"
VOTE = """select pgwhen.decide_approval(a.approval_id, 'approved', '{}@example.com')
  from unnest(%(ids)s::uuid[]) i (id)
  cross join lateral (select r.approval_id from pgwhen.approval_requests r where r.execution_id = i.id offset 0) a"""
CAP = """insert into pgwhen.settings values
  ('recipient_caps', '{"email": {"limit": 5, "per": "1 hour", "categories": ["transactional"]}}')"""


def deliver(db: Connection, ids: list[Any]) -> None:
    """The provider tells that the messages have arrived."""
    resend = Mail(App(db)).connect("resend", "smtp")
    (now,) = db.execute("select extract(epoch from pgwhen._now())::int").fetchone() or ()
    for n, execution in enumerate(ids):
        told = status("resend", "delivered", f"{execution}:mail:1:0", "ann@example.com")
        tell(db, "resend", "smtp", resend.sign(told, at=now, id_=f"{now}-{n}"))


@dataclass(frozen=True)
class Shape:
    """What an execution may do; ``reaches`` is what becomes of one of its steps.

    The first ``tries`` attempts (of the step or type ``of``) are reported with ``class_``, or not at all: ``lost`` is a
    poller that dies before and then while sending, ``late`` one that reports when its lease is over. ``then`` follows
    when all that is due at a time is done, one every two hours.
    """

    steps: list[Json]
    reaches: str
    class_: str = "ok"
    of: str | None = None
    tries: int = 1
    batch: bool = False
    when: Json = field(default_factory=lambda: {"table": "leads", "row": "created"})
    keys: Json = field(default_factory=dict)
    before: str = "select"
    begin: str = NEW
    then: tuple[str | Doing, ...] = ()
    rows: int = ROWS


SHAPES: dict[str, Shape] = {
    "one action": Shape([POST], "post completed"),
    "a chain with conditions": Shape(
        [
            {"id": "big", "type": "condition", "if": {"new.score": {"gte": 0}}, "then": [MAIL]},
            B | {"if": {"steps.mail.status": {"eq": "completed"}}},
            {"id": "set", "type": "transform", "set": {"sum": {"$add": ["{{ lead.score }}", 1]}}},
            C | {"url": "http://127.0.0.1:9/{{ steps.set.output.sum }}/{{ lead.client.city }}"},
        ],
        "c completed",
    ),
    "a retry": Shape([POST | {"retry": {"attempts": 3, "backoff": "1m"}}], "post completed", "transient"),
    "given up": Shape([POST | {"retry": {"attempts": 2, "backoff": "1m"}}], "post failed", "transient", tries=2),
    "a failure": Shape([POST | {"on_error": "continue"}, A], "a completed", "permanent", "post"),
    "a failure that ends": Shape([POST, A], "post failed", "permanent"),
    "steps on error": Shape([POST | {"on_error": [A]}, B], "b completed", "permanent", "post"),
    "a fallback": Shape(
        [POST | {"on_error": {"fallback": {"type": "transform", "set": {"a": 1}}}}, A],
        "a completed",
        "permanent",
        "post",
    ),
    "a workflow on error": Shape(
        [POST | {"on_error": {"workflow": "child"}}], "work completed", "permanent", "post"
    ),
    "throttling": Shape([POST], "post completed", "throttled"),
    "an uncertain action": Shape([POST, MAIL], "mail completed", "uncertain"),
    "leases that run out": Shape([POST, A], "a completed", "lost"),
    "late reports": Shape([POST, A], "a completed", "late"),
    "a delay": Shape([LATER, POST], "post completed"),
    "parallel branches": Shape([{"id": "both", "type": "parallel", "branches": [[A], [MAIL]]}, POST], "post completed"),
    "the first of two branches": Shape(
        [{"id": "one", "type": "parallel", "join": "any", "cancel_rest": True, "branches": [[A], [LATER, B]]}, POST],
        "later cancelled",
    ),
    "switch and split": Shape(
        [
            {"id": "which", "type": "switch", "value": "{{ new.status }}", "cases": {"new": [A]}, "default": [B]},
            {"id": "half", "type": "split", "parts": {"x": {"share": 50, "steps": [C]}, "y": 50}},
            POST,
        ],
        "post completed",
    ),
    "a loop": Shape(
        [{"id": "each", "type": "loop", "over": "{{ vars.items }}", "steps": [A]}, POST],
        "post completed",
        keys={"vars": {"items": [1, 2, 3]}},
    ),
    "a loop over 200 items": Shape(
        [{"id": "each", "type": "loop", "over": "{{ vars.items }}", "at_once": 50, "steps": [A]}, POST],
        "post completed",
        keys={"vars": {"items": list(range(200))}},
        rows=1,
    ),
    "a loop while": Shape(
        [{"id": "each", "type": "loop", "while": {"index": {"lt": 3}}, "max": 5, "steps": [A]}, POST], "post completed"
    ),
    "a child": Shape(
        [{"id": "go", "type": "start", "workflow": "child", "with": {"id": "{{ new.id }}"}, "await": True}, POST],
        "post completed",
    ),
    "a child that is not waited for": Shape(
        [{"id": "go", "type": "start", "workflow": "child", "await": False}, POST], "work completed"
    ),
    "a wait whose event comes": Shape([ANSWER, POST], "post completed", then=(REPLY,)),
    "a wait whose event has come": Shape([LATER, ANSWER, POST], "post completed", then=(REPLY,)),
    "a wait that times out": Shape([ANSWER | {"timed_out": [POST]}], "post completed"),
    "a wait until the record has changed": Shape(
        [{"id": "answer", "type": "wait", "until": {"status": "won"}, "timeout": "5h"}, POST],
        "post completed",
        then=(CHANGE,),
    ),
    "a wait on a delivery": Shape(
        [MAIL, {"id": "answer", "type": "wait", "delivery": "steps.mail", "timeout": "5h"}, POST],
        "post completed",
        then=(deliver,),
    ),
    "an exit by an event": Shape(
        [LATER, LATER | {"id": "b"}, POST], "b cancelled", keys={"exit_on": [REPLIES]}, then=("select", REPLY)
    ),
    "an exit by the record": Shape(
        [LATER, POST], "later cancelled", keys={"exit_if": {"status": "won"}}, then=(CHANGE,)
    ),
    "an approval": Shape([ASK, POST], "post completed", then=(VOTE.format("bo"), VOTE.format("cleo"))),
    "an approval that nobody gives": Shape(
        [
            ASK
            | {"remind": {"every": "1h", "max": 2}, "escalate": {"after": "3h", "to": "dan@example.com"}}
            | {"timed_out": [POST]}
        ],
        "post completed",
    ),
    "a notification": Shape([TELL, POST], "post completed"),
    "a notification by another channel": Shape(
        [TELL | {"fallback_after": "1h"}, POST], "post completed", "permanent", "email"
    ),
    "a notification that reaches nobody": Shape([TELL, POST], "tell failed", "permanent"),
    "a digest": Shape([TELL | {"digest": "hourly"}, POST], "post completed"),
    "database steps": Shape(
        [
            {"id": "q", "type": "query", "table": "leads", "where": {"id": "{{ new.id }}"}, "one": True},
            {"id": "c", "type": "create", "table": "seen", "set": {"id": "{{ new.id }}", "score": 1}},
            {"id": "u", "type": "update", "table": "seen", "where": {"id": "{{ new.id }}"}, "set": {"score": 8}},
            {"id": "f", "type": "call", "function": "double", "with": {"number": "{{ steps.q.output.score }}"}},
        ],
        "f completed",
        rows=5,
    ),
    "a change whose record is read": Shape(
        [POST],
        "post completed",
        when={"table": "leads", "row": "updated", "columns": ["status"], "if": {"lead.client.city": "Oslo"}},
        begin=f"{NEW}; {CHANGE}",
    ),
    "what its record keeps out": Shape([POST], "never waiting", keys={"suppress_if": {"lead.client.city": "Oslo"}}),
    "a window": Shape([MAIL, POST], "post completed", keys={"window": {"from": "10:00", "to": "17:00"}}),
    "a cap": Shape([MAIL], "mail completed", before=CAP),
    "a rate": Shape(
        [MAIL, POST], "post completed", before="select pgwhen.set_connection('smtp', '{\"rate\": \"5 per second\"}')"
    ),
    "a suppressed recipient": Shape(
        [MAIL, POST], "mail skipped", begin=f"{NEW}; select pgwhen.suppress('email', {ADDRESS}, 'manual')"
    ),
    "batches": Shape([MAIL, POST], "post completed", "transient", batch=True),
    "cancelled": Shape([ANSWER, POST], "answer cancelled", then=("select pgwhen.cancel_executions(%(ids)s)",)),
    "retried": Shape(
        [A, POST, B], "b completed", "permanent", "post", then=("select pgwhen.retry_executions(%(ids)s)",)
    ),
    "retried from the start": Shape(
        [A, POST, B],
        "b completed",
        "permanent",
        "post",
        then=("select pgwhen.retry_executions(%(ids)s, p_scope => 'start')",),
    ),
    "skipped": Shape(
        [POST, A], "a completed", "permanent", "post", then=("select pgwhen.skip_step(%(ids)s, 'post', 'test')",)
    ),
    "held and released": Shape(
        [MAIL, A], "a completed", "auth", "email", then=("select pgwhen.resume_connection('smtp')",)
    ),
    "told to those who listen": Shape([MAIL, POST], "post completed", before="select pgwhen.set_progress(true)"),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_what_an_execution_reads_does_not_grow(db: Connection, shape: Shape) -> None:
    read = _rounds(db, shape, _multiply)
    reached = db.execute("select distinct concat(step_id, ' ', status) from pgwhen.execution_steps").fetchall()
    assert (shape.reaches,) in reached
    grown = _grown(read, HISTORY // 2, HISTORY // 2)
    assert not grown, json.dumps(grown)


#: Workflows that a new lead does not start: what they start from, and what else they have.
OTHERS: tuple[Json, ...] = (
    {"when": {"table": "replies", "row": "created"}},
    {"when": {"table": "leads", "row": "updated", "columns": ["status"]}},
    {"when": {"table": "leads", "row": "created", "if": {"status": "bought"}}},
    {"when": {"event": "other"}, "exit_on": [{"event": "gone"}]},
    {"when": {"manual": True}},
)


def test_what_an_event_reads_does_not_grow_with_workflows_that_it_does_not_concern(db: Connection) -> None:
    def more(db: Connection) -> None:
        for n, other in enumerate(OTHERS * 20):
            _publish(db, {"workflow": f"w{n}", "steps": [ELSEWHERE]} | other)

    conditions = {"suppress_if": {"lead.client.city": "Rome"}, "exit_on": [REPLIES]}
    steps = [POST | {"if": {"new.score": {"gte": 0}}}, LATER]
    read = _rounds(db, Shape(steps, "later completed", keys=conditions), more)
    # A reply concerns those that start from it: none comes here.
    grown = _grown(read, 4 * ROWS, HISTORY)
    assert not grown, json.dumps(grown)


def _grown(read: dict[str, list[int]], more: int, analysed: int) -> dict[str, list[int]]:
    """What read more than that beyond the second round: in the third, and in the fourth, after an analyze."""
    return {name: c for name, c in read.items() if c[2] > c[1] + more or c[3] > c[1] + analysed}


def _rounds(db: Connection, shape: Shape, grow: Callable[[Connection], None]) -> dict[str, list[int]]:
    """What each round reads, by index and table."""
    fake_clock(db, MONDAY.isoformat())
    db.execute(TABLES)
    _claim(db)
    db.execute(shape.before.encode())
    _publish(db, {"workflow": "child", "when": {"manual": True}, "steps": [ELSEWHERE]})
    _publish(db, {"workflow": "idle", "when": {"event": "idle"}, "steps": [IDLE]})
    _publish(db, {"workflow": "w", "when": shape.when, "steps": shape.steps} | shape.keys)
    read: dict[str, list[int]] = {}
    for day in range(4):
        if day == 2:
            if KIND != "18":
                db.execute(ANALYZE_SMALL)
            grow(db)
        if day == 3:
            db.execute("analyze")
        before = _read(db)
        _round(db, shape, MONDAY + timedelta(days=day))
        for name, count in _read(db).items():
            read.setdefault(name, [0] * day).append(count - before.get(name, 0))
    return read


def _multiply(db: Connection) -> None:
    """Make a history of what is there: copies of it under other ids, in all tables that have a row for an execution."""
    (most,) = db.execute("select count(*) from pgwhen.execution_steps").fetchone() or ()
    # A session of its own: the setting makes all plans of a session anew.
    with psycopg.connect(db.info.dsn) as other:
        other.execute("set session_replication_role = replica")  # the tables refer to each other
        tables = other.execute(
            """select c.relname, array_agg(a.attname) from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'uuid'::regtype
            where c.relnamespace = 'pgwhen'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
              and not exists (select from pg_attribute i where i.attrelid = c.oid and i.attidentity <> '')
              and c.relname <> 'handovers'
            group by c.oid, c.relname
            having array_agg(a.attname) && '{execution_id,event_id,approval_id}'"""
        ).fetchall()
        for table, columns in tables:
            copied = ", ".join(f"'{c}', overlay(t.{c}::text placing lpad(to_hex(g), 4, '0') from 25)" for c in columns)
            query = (
                f"insert into pgwhen.{table} select (jsonb_populate_record(t, jsonb_build_object({copied}))).*"
                f" from pgwhen.{table} t, generate_series(1, %s) g on conflict do nothing"
            )
            other.execute(query.encode(), [max(HISTORY // most, 1)])


def _publish(db: Connection, definition: Json) -> None:
    db.execute("select pgwhen.apply_definition(%s)", [json.dumps(definition)])


def _round(db: Connection, shape: Shape, at: datetime) -> None:
    """A day: rows of the application, to the end of their executions."""
    fake_clock(db, at.isoformat())
    db.execute("select pgwhen.emit_event('idle', '{}') from generate_series(1, %s)", [ROWS])
    _claim(db)
    idle = _unfinished(db)
    db.execute(shape.begin.format(rows=shape.rows).encode())
    ids: list[Any] = []
    late: list[Json] = []
    for n in range(9):
        fake_clock(db, (at + timedelta(hours=2 * n)).isoformat())
        _work(db, shape, late, ids, idle)
        if n < len(shape.then):
            doing = shape.then[n]
            doing(db, ids) if callable(doing) else db.execute(doing.encode(), {"ids": ids})
            _work(db, shape, late, ids, idle)
        elif _unfinished(db) == idle:
            report(db, late)
            return
    raise AssertionError("the executions do not end")


def _unfinished(db: Connection) -> set[Any]:
    return {id_ for (id_,) in db.execute("select execution_id from pgwhen.unfinished").fetchall()}


def _claim(db: Connection) -> tuple[list[Json], bool]:
    """What is due, and whether the tick did anything."""
    (answer,) = db.execute("select pgwhen.tick_and_claim(200, 60, %s)", [json.dumps(POLLER)]).fetchone() or ()
    return answer["actions"], any(answer["tick"][part] for part in ("dispatched", "woken", "handed", "admitted"))


def _work(db: Connection, shape: Shape, late: list[Json], ids: list[Any], idle: set[Any]) -> None:
    """What a poller does with what is due, until nothing is. ``ids`` become the executions that began with the day."""
    active = True
    while active:
        actions, active = _claim(db)
        active = active or bool(actions)
        ids += [] if ids else _unfinished(db) - idle
        sent = []
        for action in actions:
            if action["type"] in ("query", "create", "update", "call"):
                run_one(db, action)
            elif shape.class_ != "lost" or action["attempt"] > 1:
                sent.append(action)
        if sent:
            _send(db, shape, sent, late)


def _send(db: Connection, shape: Shape, actions: list[Json], late: list[Json]) -> None:
    """Freeze and report, as the shape says."""
    (to,) = db.execute(f"select {ADDRESS}").fetchone() or ()
    messages = [
        identity(action)
        | {"channel": action["type"], "connection": "smtp" if action["type"] == "email" else "http"}
        | {"recipients": [to], "message": {"to": [to]} if action["frozen"] is None else None}
        for action in actions
    ]
    if shape.batch:
        for place, message in enumerate(messages):
            message |= {"batch_id": actions[0]["execution_id"], "extra": {"batch_place": place}}
    (verdicts,) = db.execute("select pgwhen.freeze_actions(%s)", [json.dumps(messages)]).fetchone() or ()
    leaving = {(v["execution_id"], v["step_id"], v["part"]) for v in verdicts if v["verdict"] == "send"}
    bad: list[Json] = []
    good: list[Json] = []
    for action in actions:
        if (action["execution_id"], action["step_id"], action["part"]) in leaving:
            tried = action["attempt"] <= shape.tries + (shape.class_ == "lost") and action["generation"] == 1
            (bad if tried and shape.of in (None, action["step_id"], action["type"]) else good).append(action)
    if shape.class_ == "late":
        late += bad
    elif shape.class_ != "lost":
        report(db, bad, shape.class_)
    report(db, good)


def _read(db: Connection) -> dict[str, int]:
    """Rows that were read so far, by index or table, all weeks together."""
    db.execute("select pg_stat_force_next_flush()")
    db.execute("select 1")
    rows = db.execute(
        """select regexp_replace(name, '_(2[0-9]{3}w[0-9]+|default|kept)', ''), sum(count)::bigint from (
          select indexrelname as name, idx_tup_read as count from pg_stat_user_indexes where schemaname = 'pgwhen'
          union all
          select relname, seq_tup_read from pg_stat_user_tables where schemaname = 'pgwhen') s
        where name !~ %s group by 1""",
        [f"^({ORDERED})$"],
    ).fetchall()
    return {name: int(count or 0) for name, count in rows}
