"""Keys are listed by their fingerprints, and only the tenant's."""

from tests.sql.deliveries.support import Mail


def test_they_are_listed_without_what_they_are(mail: Mail) -> None:
    mail.db.execute("insert into pgwhen.tenants values ('acme') on conflict do nothing")
    mail.connect("resend")
    mail.connect("telnyx", tenant="acme")
    rows = mail.db.execute(
        "select connection, provider, fingerprint, scheme from pgwhen.list_callback_keys()"
    ).fetchall()
    assert rows == [("resend", "resend", "f", "hmac-sha256")]
    shown = mail.db.execute("select k::text from pgwhen.list_callback_keys() k").fetchone()
    inner = mail.db.execute("select verifier ->> 'inner' from pgwhen.callback_keys where tenant = 'default'").fetchone()
    assert shown is not None and inner is not None and inner[0] not in shown[0]
