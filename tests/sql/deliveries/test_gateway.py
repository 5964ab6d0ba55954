"""The function of docs/callbacks.md behind PostgREST, called as PostgREST calls it."""

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.sql.deliveries.support import EMAIL, SMS, Call, Mail, status

PAGE = Path(__file__).resolve().parents[3] / "docs" / "callbacks.md"


def request(db: psycopg.Connection[Any], provider: str, called: Call) -> Any:
    """What the proxy and PostgREST make of a request, as an anonymous role."""
    headers = {name.lower(): value for name, value in called.headers.items()}
    headers |= {"x-callback-provider": provider, "x-callback-connection": provider, "x-callback-url": called.url or ""}
    with db.transaction():
        db.execute("select set_config('request.headers', %s, true)", [json.dumps(headers)])
        db.execute("set local role web_anon")
        row = db.execute("select api.callback(%s)", [called.body]).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
def gateway(mail: Mail) -> Mail:
    (text,) = re.findall(r"```sql\n(create schema.*?)```", PAGE.read_text(), re.DOTALL)
    mail.db.execute(text.encode())
    made = "do $$ begin create role {}; exception when duplicate_object or unique_violation then end $$"
    for role in ("web_anon", "web_owner in role pgwhen_app"):
        mail.db.execute(made.format(role).encode())
    mail.db.execute("alter function api.callback(bytea) owner to web_owner")
    mail.db.execute("revoke all on function api.callback(bytea) from public")
    mail.db.execute("grant usage on schema api to web_anon, web_owner")
    mail.db.execute("grant execute on function api.callback(bytea) to web_anon")
    return mail


def test_json_and_forms_pass_through_it(gateway: Mail) -> None:
    gateway.app.apply(EMAIL, name="a")
    gateway.app.apply(SMS, name="b")
    resend, twilio = gateway.connect("resend"), gateway.connect("twilio")
    gateway.app.run("insert into leads values (1, 'Ann')")
    keys = {key.split(":")[1]: key for key in gateway.leave()}
    told = status("resend", "delivered", keys["mail"], "änn@example.com")
    assert request(gateway.db, "resend", resend.sign(told))["recorded"] == 1
    called = twilio.sign(status("twilio", "delivered", keys["text"], "+31612345678"))
    assert request(gateway.db, "twilio", called)["recorded"] == 1


def test_what_is_not_signed_is_401(gateway: Mail) -> None:
    resend = gateway.connect("resend")
    called = resend.sign({"type": "email.sent"})
    called.body += b" "
    with pytest.raises(psycopg.errors.Error) as error:
        request(gateway.db, "resend", called)
    assert error.value.sqlstate == "PT401"


def test_an_anonymous_role_reaches_nothing_else(gateway: Mail) -> None:
    gateway.db.execute("set role web_anon")
    for statement in ("select pgwhen.receive_resend('resend', '{}', '')", "select from pgwhen.callback_keys"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            gateway.db.execute(statement.encode())
