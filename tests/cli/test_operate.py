"""queue, explain, emit, start, tick, maintain, doctor."""

import json
import uuid

import pytest

from tests.cli.support import Cli, process
from tests.sql.engine.support import Connection, count, define, happen, tick


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_queue(cli: Cli, db: Connection) -> None:
    assert [row for row in cli("queue", "--json").json if row["count"]] == []
    assert cli("queue", "--actions").err == "no action waits\n"
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    rows = {(row["place"], row["state"]): row["count"] for row in cli("queue", "--json").json}
    assert rows["actions", "queued"] == 1
    out = cli("queue").out
    assert "queued" in out and "next due" in out
    (action,) = cli("queue", "--actions", "--json").json
    assert (action["step_id"], action["status"]) == ("a", "queued")
    assert "w.a" in cli("queue", "--actions").out


def test_tick(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1}, {"id": 2})
    assert cli("tick", "--max", "1", "--json").json["dispatched"] == 1
    assert cli("tick").out.startswith("1 events dispatched")
    assert cli("tick", "--max", "0").code == 2
    with db.transaction():
        db.execute("select pg_advisory_xact_lock(hashtextextended('pgwhen.tick', 0))")
        assert cli("tick").err == "another session is at it\n"


def test_maintain(cli: Cli) -> None:
    done = cli("maintain")
    assert done.code == 0 and done.out == "0 partitions made; weeks dropped: none\nremoved: nothing\n"
    (only,) = cli("maintain", "--json").json
    assert only["more"] is False


def test_emit(cli: Cli, db: Connection, dsn: str) -> None:
    db.execute("insert into pgwhen.trigger_keys values ('event:default:invoice.overdue', 1, 1, 1)")
    done = cli("emit", "invoice.overdue", '{"invoice_id": 7, "total": 10.20}')
    assert done.code == 0 and uuid.UUID(done.out.strip()) and "pgwhen explain" in done.err
    row = db.execute("select message ->> 'type', message -> 'input' ->> 'total' from pgmq.q_pgwhen_events").fetchone()
    assert row == ("invoice.overdue", "10.20"), "exact"
    first, second = (cli("emit", "invoice.overdue", "{}", "--key", "k", "--json").json["event_id"] for _ in range(2))
    assert first == second and count(db, "pgmq.q_pgwhen_events") == 2
    assert process(dsn, "emit", "invoice.overdue", "-", stdin='{"n": 1}').code == 0
    assert count(db, "pgmq.q_pgwhen_events") == 3
    assert cli("emit", "invoice.overdue").code == 0


@pytest.mark.parametrize("data", ["", "7", "[]", "null", "{", "{'a': 1}", '{"a": NaN}', "[" * 100000])
def test_emit_wants_an_object(cli: Cli, data: str) -> None:
    done = cli("emit", "invoice.overdue", data)
    assert done.code == 2 and "JSON" in done.err and len(done.err) < 1000


@pytest.mark.parametrize("type_", ["", "Nope!", "x" * 300])
def test_emit_of_no_type(cli: Cli, type_: str) -> None:
    assert cli("emit", type_, "{}").code == 1


def test_start_of_what_is_not_there(cli: Cli) -> None:
    done = cli("start", "nope", "--input", "{}")
    assert done.code == 1 and "nope" in done.err
    assert cli("start", "nope", "--input", "[]").code == 2
    assert cli("start").code == 2


def test_explain(cli: Cli, db: Connection) -> None:
    db.execute("create table leads (id int primary key, name text)")
    cli("attach", "leads")
    db.execute("insert into leads values (7, 'Ada')")
    done = cli("explain", "leads:7")
    assert done.code == 0 and "attached" in done.out
    assert cli("explain", "public.leads:id=7", "--json").json["key"] == {"id": 7}
    assert cli("explain", str(uuid.UUID(int=0))).code == 1


@pytest.mark.parametrize("what", ["", "leads", "leads:", ":7", '"a:b"'])
def test_explain_of_what_is_neither(cli: Cli, what: str) -> None:
    assert cli("explain", what).code == 2


@pytest.mark.parametrize("what", ["nope:7", "leads; drop table leads:7", '"no such":x'])
def test_explain_of_no_table(cli: Cli, what: str) -> None:
    done = cli("explain", what)
    assert done.code == 1 and done.err.startswith("error: ")


def test_explain_a_name_with_a_colon_and_a_key_of_two_columns(cli: Cli, db: Connection) -> None:
    db.execute('create table "odd: name" (a int, b text, primary key (a, b))')
    assert cli("attach", '"odd: name"').code == 0
    document = cli("explain", '"odd: name":a=1,b=x:y', "--json").json
    assert document["key"] == {"a": 1, "b": "x:y"}


def test_doctor(cli: Cli, db: Connection) -> None:
    done = cli("doctor")
    assert done.code == 0 and "pgmq" in done.out and "oldest snapshot" in done.out
    rows = cli("doctor", "--json").json
    assert {row["status"] for row in rows} == {"ok", "warning"}
    db.execute("create table leads (id int primary key)")
    cli("attach", "leads")
    db.execute("alter table leads disable trigger pgwhen_insert")
    done = cli("doctor", "--json")
    assert done.code == 1 and "1 of" in done.err
    assert [row["detail"] for row in done.json if row["status"] == "error"] == [
        "trigger disabled: insert of public.leads"
    ]


def test_doctor_knows_which_variables_are_missing(dsn: str, db: Connection) -> None:
    define(db, [{"id": "a", "type": "sms"}, {"id": "b", "type": "email"}, {"id": "c", "type": "http"}], name="welcome")
    headers = {"Authorization": "Bearer {{ secret('env:CRM_TOKEN') }}", "X": '{{ secret("env:OTHER") }}'}
    db.execute("update pgwhen.steps set definition = %s where step_id = 'c'", [json.dumps({"headers": headers})])

    def told(**environ: str) -> list[tuple[str, str]]:
        rows = process(dsn, "doctor", "--json", **environ).json
        return [(row["check_name"], row["detail"]) for row in rows if row["check_name"] in ("providers", "secrets")]

    assert told() == [
        ("providers", "this environment has no provider for email, which welcome needs"),
        ("providers", "this environment has no provider for sms, which welcome needs"),
        ("secrets", "CRM_TOKEN is not listed in PGWHEN_SECRETS"),
        ("secrets", "OTHER is not listed in PGWHEN_SECRETS"),
    ]
    configured = {
        "SMTP_URL": "smtp://localhost", "SMTP_FROM": "a@example.com", "MESSAGEBIRD_API_KEY": "k",
        "MESSAGEBIRD_ORIGINATOR": "pgwhen", "PGWHEN_SECRETS": "CRM_TOKEN,OTHER", "CRM_TOKEN": "x",
    }  # fmt: skip
    assert told(**configured) == [("secrets", "OTHER is not set in this environment")]
    assert told(**configured, OTHER="y") == [("providers", "this environment has what active workflows need")]
