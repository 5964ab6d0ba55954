"""What providers told, by status, address, time and execution; only the tenant's own."""

from typing import Any

import psycopg
import pytest

from tests.sql.deliveries.support import EMAIL, Mail, call, status


@pytest.fixture
def key(mail: Mail) -> str:
    mail.app.apply(EMAIL)
    mail.connect("resend")
    key = mail.send()
    mail.tell("resend", "sent", key)
    mail.app.at("2026-01-05T12:02:00Z")
    mail.tell("resend", "delivered", key)
    mail.tell("resend", "bounced", key, "Bob@example.com")
    return key


def listed(mail: Mail, arguments: str = "") -> list[str]:
    rows = mail.db.execute(f"select status from pgwhen.list_deliveries({arguments})".encode()).fetchall()
    return [row[0] for row in rows]


def test_filters(mail: Mail, key: str) -> None:
    assert listed(mail) == ["bounced", "delivered", "accepted"]
    assert listed(mail, "p_limit => 1") == ["bounced"]
    assert listed(mail, "p_status => 'delivered'") == ["delivered"]
    assert listed(mail, "p_address => 'bob@EXAMPLE.com'") == ["bounced"]
    assert listed(mail, "p_since => '2026-01-05T12:01:00Z'") == ["bounced", "delivered"]
    assert listed(mail, f"p_execution_id => '{key.split(':')[0]}'") == ["bounced", "delivered", "accepted"]
    assert listed(mail, "p_execution_id => '00000000-0000-0000-0000-000000000000'") == []
    row = mail.db.execute("select workflow, step_id, part from pgwhen.list_deliveries(p_limit => 1)").fetchone()
    assert row == ("wf", "mail", 0)


def test_numbers_are_found_however_they_are_written(mail: Mail) -> None:
    mail.connect("telnyx")
    mail.tell("telnyx", "delivered", "0:a:1:0", "+31612345678")
    assert listed(mail, "p_address => '0031 6-1234 5678'") == ["delivered"]
    assert listed(mail, "p_address => '+31 6 1234 5679'") == []


def test_without_our_key_by_the_id_of_the_provider(mail: Mail, key: str) -> None:
    told = status("resend", "opened", key, "a@b.nl")
    del told["data"]["tags"]
    call(mail.db, "resend", "resend", mail.providers["resend"].sign(told))
    assert listed(mail, f"p_execution_id => '{key.split(':')[0]}'")[0] == "opened"


@pytest.mark.parametrize("arguments", ["p_status => 'nice'", "p_limit => 0", "p_limit => null", "p_limit => 10001"])
def test_what_it_does_not_take(mail: Mail, arguments: str) -> None:
    with pytest.raises(psycopg.errors.Error) as error:
        listed(mail, arguments)
    assert error.value.sqlstate == "WF469"


def test_tenants_see_their_own(mail: Mail, key: str, login: Any) -> None:
    dsn = login("pgwhen_viewer")
    with psycopg.connect(dsn, autocommit=True) as other:
        assert other.execute("select count(*) from pgwhen.list_deliveries()").fetchone() == (3,)
        mail.db.execute("insert into pgwhen.tenants values ('acme') on conflict do nothing")
        user = dsn.split("//")[1].split("@")[0]
        mail.db.execute("insert into pgwhen.tenant_roles values (%s, 'acme')", [user])
        assert other.execute("select count(*) from pgwhen.list_deliveries()").fetchone() == (0,)
        execution = key.split(":")[0]
        query = "select count(*) from pgwhen.list_deliveries(p_execution_id => %s)"
        assert other.execute(query, [execution]).fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute("select from pgwhen.deliveries")
