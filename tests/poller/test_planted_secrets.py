"""Nothing that pgwhen keeps or says repeats a secret, whatever servers answer."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from tests.cli.support import process
from tests.poller.support import ENVIRON, happen, poll, workflow
from tests.poller.test_loop import NO_WAIT
from tests.servers import Answer, Call, http_server, mail_server
from tests.sql.connections.support import add
from tests.sql.engine.support import Connection

#: What must never be seen. Characters that URLs, JSON and base64 write in other ways are among them.
SECRETS = tuple(f'pl4nted/{name}+"{name}' for name in ("resend", "messagebird", "twilio", "head"))
MAIL = 'pl4nted/ü+"mail'


def forms(secret: str) -> set[str]:
    """A secret as it is, as URLs and JSON have it, and in base64 at each offset."""
    raw = secret.encode()
    encoded = {base64.b64encode(b"x" * shift + raw).decode()[4:-4] for shift in range(3)}
    return {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1], *encoded}


def echo(call: Call) -> Answer:
    """Everything that came, once as it is and once as JSON, with a status that the path or the subject asks for."""
    said = {"headers": dict(call.headers), "path": call.target, "body": call.body.decode("utf-8", "replace")}
    text = f"{call.body.decode('utf-8', 'replace')} {call.target} {' '.join(map(str, call.headers.values()))}"
    status = next((int(code) for code in ("401", "422", "429", "500") if f"status {code}" in text), 200)
    good = {"id": "id-1", "sid": "SM1", "status": "queued", "recipients": {"items": []}}
    body = json.dumps(good | {"message": text, "name": text, "error": text, "said": said}, ensure_ascii=False)
    return Answer(status, body.encode(), {"x-echo": base64.b64encode(text.encode()).decode()[:50]})


def step(number: int, type_: str, **definition: Any) -> dict[str, Any]:
    """A step that sends to somebody."""
    return {"id": f"s{number}", "type": type_, "definition": definition, "reads": [["new"]], "retry": NO_WAIT}


def everything(db: Connection) -> dict[str, str]:
    """The text of every row of every table of ours."""
    tables = db.execute(
        "select c.oid::regclass::text from pg_class c where c.relkind in ('r', 'p')"
        " and c.relnamespace in ('pgwhen'::regnamespace, 'pgmq'::regnamespace, 'pgwhen_sandbox'::regnamespace)"
    ).fetchall()
    return {
        table: "\n".join(row[0] for row in db.execute(f"select t::text from {table} t").fetchall() if row[0])  # type: ignore[arg-type]
        for (table,) in tables
    }


def leaks(text: str, secrets: tuple[str, ...]) -> list[str]:
    """Which secrets a text repeats, in whatever form; text in PostgreSQL's notation of rows doubles quotes."""
    texts = (text, text.replace('""', '"').replace("\\\\", "\\"))
    return [form for secret in secrets for form in forms(secret) if any(form in one for one in texts)]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_table_log_or_output_repeats_a_secret(db: Connection, dsn: str, tmp_path: Path, log_format: str) -> None:
    (resend, messagebird, twilio, header), mail = SECRETS, MAIL
    secrets = (*SECRETS, MAIL)
    key = tmp_path / "messagebird"
    key.write_text(messagebird + "\n")
    with http_server(echo) as server, mail_server("starttls", login=("bob", mail)) as mails:
        user = f"bob:{quote(mail, safe='')}@"
        mail_url = mails.url.replace(mails.url.split("//")[1].split("@")[0] + "@", user)
        base = {"base_url": server.url}
        add(db, "r", settings={"from": "a@example.com", **base}, secrets={"key": "env:R"})
        add(db, "m", "sms", "messagebird", settings={"from": "Acme", **base}, secrets={"key": f"file:{key}"})
        add(
            db,
            "t",
            "sms",
            "twilio",
            settings={"account": "AC1", "from": "+15005550006", **base},
            secrets={"token": "env:T"},
        )
        add(db, "s", "email", "smtp", settings={"from": "a@example.com"}, secrets={"url": "env:S"})
        add(db, "wrong", "email", "smtp", settings={"from": "a@example.com"}, secrets={"url": "env:W"})
        add(db, "badurl", "email", "smtp", settings={"from": "a@example.com"}, secrets={"url": "env:B"})
        email = {"to": "{{ new.email }}", "text": "x"}
        number = {"to": "+31612345678"}
        steps = []
        for said in ("fine", "status 422", "status 500", "status 429", "status 401"):
            steps += [
                step(len(steps) + 1, "email", **email, subject=said, connection="r"),
                step(len(steps) + 2, "sms", **number, text=said, connection="m"),
                step(len(steps) + 3, "sms", **number, text=said, connection="t"),
                step(
                    len(steps) + 5,
                    "http",
                    url=server.url + "/y",
                    json={"said": said},
                    auth={"basic": {"user": "bob", "password": "{{ secret('env:H') }}"}},
                ),
                step(
                    len(steps) + 4,
                    "http",
                    url=server.url + "/x",
                    json={"said": said},
                    headers={"X-Token": "{{ secret('env:H') }}", "Authorization": "Basic {{ secret('env:H') }}"},
                ),
            ]
        mails.script[:] = [None, f"550 no, {mail}", f"451 later {base64.b64encode(mail.encode()).decode()}", "drop"]
        steps += [
            step(len(steps) + n, "email", **email, subject=f"mail {n}", connection=name)
            for n, name in enumerate(("s", "s", "s", "s", "wrong", "badurl"), 1)
        ]
        happen(db, workflow(db, *steps), {"id": 1, "email": "bob@example.com"})
        environ = {
            "R": resend,
            "T": twilio,
            "S": mail_url,
            "W": mail_url.replace("bob:", "eve:"),
            "B": f"smtp://bob:{mail}@127.0.0.1:{mail}",
            "H": header,
            "PGWHEN_SECRETS": "H",
        }
        code, log = poll(dsn, "--once", "--verbose", "--log-format", log_format, environ=environ)
        assert code == 0, log
        assert len(server.received) >= 12 and len(mails.received) >= 2
        sent = [value for call in server.received for value in call.headers.values()]
        assert any(resend in value for value in sent) and any(header == value for value in sent)
        assert any(base64.b64encode(f"AC1:{twilio}".encode()).decode() in value for value in sent)
        found = {table: leaks(text, secrets) for table, text in everything(db).items()}
        assert {table: forms for table, forms in found.items() if forms} == {}
        assert leaks(log, secrets) == []
        assert any("echo" in text or "said" in text for text in everything(db).values()), "answers were kept"
        execution = db.execute("select execution_id from pgwhen.executions").fetchone()
        assert execution
        for arguments in (
            ()
            if log_format == "json"
            else (
                ["show", str(execution[0])],
                ["show", str(execution[0]), "--json"],
                ["logs", "--json"],
                ["connections", "--help"],
                ["connections", "list"],
                ["connections", "list", "--json"],
                ["connections", "show", "s", "--json"],
                ["connections", "test", "r", "--to", "bob@example.com", "--json"],
                ["connections", "test", "t", "--to", "+31612345678"],
                ["connections", "test", "s", "--to", "bob@example.com"],
                ["connections", "test", "wrong", "--to", "bob@example.com"],
                ["connections", "test", "badurl", "--to", "bob@example.com"],
                ["connections", "set", "badurl", "from=b@example.com"],
                ["doctor"],
                ["doctor", "--json"],
                ["--debug", "connections", "test", "badurl", "--to", "bob@example.com"],
            )
        ):
            done = process(dsn, *arguments, **ENVIRON, **environ)
            assert leaks(done.out + done.err, secrets) == [], arguments
        found = {table: leaks(text, secrets) for table, text in everything(db).items()}
        assert {table: forms for table, forms in found.items() if forms} == {}


@pytest.mark.parametrize(
    "given", ["re_pl4nted_secret_x", "key=re_pl4nted_secret_x", "env:re-pl4nted_secret_x", "=re_pl4nted_secret_x"]
)
def test_a_secret_that_is_given_for_a_reference_is_not_repeated(db: Connection, dsn: str, given: str) -> None:
    done = process(dsn, "connections", "add", "mail", "--provider", "resend", "--secret", given)
    assert done.code == 2 and "env:VARIABLE" in done.err and "pl4nted" not in done.out + done.err
    done = process(
        dsn,
        "connections",
        "add",
        "mail",
        "--provider",
        "resend",
        "--secret",
        "env:A",
        "--set",
        "from=re_pl4nted_secret_x",
    )
    assert done.code == 1 and "looks like a secret" in done.err and "pl4nted" not in done.out + done.err
    assert all("pl4nted" not in text for text in everything(db).values())


def test_a_refused_definition_is_in_no_error_of_the_database(db: Connection) -> None:
    with pytest.raises(psycopg.Error) as error:
        add(db, secrets={"key": "re_pl4nted"})
    assert "pl4nted" not in str(error.value)
