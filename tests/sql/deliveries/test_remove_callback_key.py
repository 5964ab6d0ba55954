"""A key that is removed verifies nothing any more."""

import psycopg
import pytest

from tests.sql.deliveries.support import EMAIL, Mail


def test_what_it_signed_is_refused_from_then_on(mail: Mail) -> None:
    mail.app.apply(EMAIL)
    mail.connect("resend")
    key = mail.send()
    assert mail.tell("resend", "delivered", key)["recorded"] == 1
    assert mail.db.execute("select pgwhen.remove_callback_key('resend', 'f', 'leaked')").fetchone() == (1,)
    with pytest.raises(psycopg.errors.Error) as error:
        mail.tell("resend", "opened", key)
    assert error.value.sqlstate == "WF460"
    audit = mail.db.execute("select target, reason from pgwhen.audit_log where command like '%callback%'").fetchall()
    assert audit == [("resend", "leaked")]


def test_one_that_is_not_there(mail: Mail) -> None:
    mail.connect("resend")
    for call in ("'resend', 'other'", "'nobody'", "null"):
        with pytest.raises(psycopg.errors.Error) as error:
            mail.db.execute(f"select pgwhen.remove_callback_key({call})".encode())
        assert error.value.sqlstate == "WF460"
