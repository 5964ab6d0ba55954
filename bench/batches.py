"""(h) E-mails to a provider that takes 50 ms a call: in calls of up to 100, and one by one; SMTP sessions used again
and not. (i) Each channel by itself: rows to messages at a local server that answers at once, one poller.

The clock runs from the commit of the rows until all messages have arrived and the database has all results.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from psycopg.types.json import Jsonb

from pgwhen.poller import mail
from pgwhen.poller.channels import Attempt, Connection, smtp

from . import mail_sink
from .delivery import poller, wait_for
from .figures import Figure, Sizes
from .mail_sink import Counts, MailSink
from .server import Connection as Database
from .server import Place, apply, attach, connect, create_table, forget, insert_rows

#: Seconds that a call takes.
CALL = 0.05

EMAIL = {
    "id": "send",
    "type": "email",
    "to": "{{ new.email }}",
    "subject": "Order {{ new.id }}",
    "text": "Dear {{ new.name }}",
}
SMS = {"id": "send", "type": "sms", "to": "+31612345678", "text": "Order {{ new.id }}"}

#: What is measured of each channel: name, provider, step.
CHANNELS = (
    ("email, smtp", "smtp", EMAIL),
    ("email, resend", "resend", EMAIL),
    ("email, sendgrid, one text for all", "sendgrid", EMAIL),
    ("email, sendgrid, a text for each", "sendgrid", EMAIL | {"text": "Order {{ new.id }}"}),
    ("email, mailgun", "mailgun", EMAIL),
    ("sms, messagebird", "messagebird", SMS),
    ("http", "http", {"id": "send", "type": "http", "method": "POST", "json": {"id": "{{ new.id }}"}}),
)


def run(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures of (h)."""
    dsn, count = place.create("batches"), sizes.emails
    rates, calls, one_by_one, single_calls = [], [], [], []
    sessions, fresh_sessions = [], []
    with connect(dsn) as connection:
        for _ in range(sizes.rounds):
            with mail_sink.running(CALL) as sink:
                rate, counts = _rate(connection, dsn, sink, "resend", EMAIL, count)
                rates.append(rate)
                calls.append(float(counts.calls))
            with mail_sink.running(CALL) as sink:
                rate, counts = _rate(connection, dsn, sink, "resend", EMAIL | {"connection": "single"}, count)
                one_by_one.append(rate)
                single_calls.append(float(counts.calls))
            sessions.append(_smtp_rate(count // 5, mail.MESSAGES))
            fresh_sessions.append(_smtp_rate(count // 5, 1))
    return [
        Figure("e-mails in calls of up to 100 of 50 ms; peer: one a call", "/s", rates, one_by_one, ">= 1.00"),
        Figure(f"calls for {count:,} e-mails; peer: one a call", "calls", calls, single_calls, "<= 0.10"),
        Figure("SMTP, sessions used again; peer: one a message", "/s", sessions, fresh_sessions, ">= 1.00"),
    ]


def run_channels(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures of (i)."""
    dsn, figures = place.create("channels"), []
    with connect(dsn) as connection:
        for name, provider, step in CHANNELS:
            rates = []
            for _ in range(sizes.rounds):
                with mail_sink.running() as sink:
                    rates.append(_rate(connection, dsn, sink, provider, step, sizes.emails)[0])
            figures.append(Figure(name, "/s", rates))
    return figures


def _rate(
    connection: Database, dsn: str, sink: MailSink, provider: str, step: dict[str, Any], count: int
) -> tuple[float, Counts]:
    """Messages a second, and what arrived for them."""
    _set_up(connection, sink, provider, step)
    with poller(dsn, **sink.environ(provider)):
        insert_rows(connection, "leads", 1)
        _wait(connection, sink, 1)
        before = sink.counts()
        insert_rows(connection, "leads", count)
        started = time.monotonic()
        _wait(connection, sink, count + 1)
        seconds, after = time.monotonic() - started, sink.counts()
    (row,) = connection.execute("select count(*) from pgwhen.executions where status = 'completed'").fetchall()
    if row[0] != count + 1 or after.messages != count + 1:
        raise RuntimeError(f"{row[0]} executions and {after.messages} messages of {count + 1}")
    return count / seconds, Counts(after.calls - before.calls, after.messages - before.messages, after.sessions)


def _wait(connection: Database, sink: MailSink, count: int) -> None:
    wait_for(sink, count)
    while connection.execute("select from pgwhen.unfinished limit 1").fetchall():
        time.sleep(0.005)


def _set_up(connection: Database, sink: MailSink, provider: str, step: dict[str, Any]) -> None:
    """The table leads, attached, with a workflow of that one step, and a connection without batches."""
    if not connection.execute("select from pg_class where oid = to_regclass('leads')").fetchall():
        create_table(connection, "leads")
        attach(connection, "leads")
    connection.execute("truncate leads")
    connection.execute("delete from pgwhen.connections")
    settings = {"from": mail_sink.FROM, "batch": "1", "base_url": sink.url}
    secrets = {"key": "env:RESEND_API_KEY"}
    connection.execute(
        "select pgwhen.add_connection('single', 'email', 'resend', %s, %s)", [Jsonb(settings), Jsonb(secrets)]
    )
    step = step | ({"url": sink.url + "/{{ new.id }}"} if provider == "http" else {})
    apply(connection, {"workflow": "deliver", "when": {"table": "leads", "row": "created"}, "steps": [step]})
    forget(connection)


def _smtp_rate(count: int, messages: int) -> float:
    """Messages a second of the SMTP client alone, each session carrying so many."""
    with mail_sink.running() as sink:
        connection = Connection("smtp", "smtp", {"from": mail_sink.FROM}, {"url": sink.smtp})
        given = {"to": "ann@example.com", "subject": "Order", "text": "Dear Ann"}
        message = smtp.message(given, connection, "e:send:1:0", datetime.now(UTC))
        envelope = smtp.request(message, Attempt("e:send:1:0", 1, 60.0, connection, str))
        before, mail.MESSAGES = mail.MESSAGES, messages
        try:
            started = time.monotonic()
            asyncio.run(_send(envelope, count))
            seconds = time.monotonic() - started
        finally:
            mail.MESSAGES = before
        if sink.counts().messages != count:
            raise RuntimeError(f"{sink.counts().messages} of {count} messages arrived")
    return count / seconds


async def _send(envelope: smtp.Envelope, count: int) -> None:
    async with mail.Mailer() as mailer:
        for answer in await asyncio.gather(*(mailer.send(envelope) for _ in range(count))):
            if smtp.outcome(answer).class_ != "ok":
                raise RuntimeError(str(answer))
