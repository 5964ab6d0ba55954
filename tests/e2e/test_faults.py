"""Providers that fail in every way while pollers are killed: nothing is lost, and nothing comes twice unseen.

Resend honours a key: each e-mail has its effect exactly once. Twilio and mail servers have no key: a second effect
exists only where an attempt was recorded as uncertain, or its result came late.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.harness import Stage
from tests.servers import Answer, Fault, MailServer, Providers, mail_server, providers, wait_until

ROWS = 80

WORKFLOW = """
workflow: faults
when: {{table: leads, row: created}}
retry: {{attempts: 30, backoff: 1 second, factor: 1, jitter: none}}
timeout: 1 second
steps:
  - {{id: mail, type: email, connection: {mail}, to: "{{{{ lead.email }}}}", subject: "Hello {{{{ lead.first_name }}}}", text: "{{{{ lead.id }}}}"}}
  - {{id: text, type: sms, needs: [], to: "+3161{{{{ 1000000 + lead.id }}}}", text: "{{{{ lead.first_name }}}}"}}
"""  # noqa: E501


class Script(list[Fault]):
    """Faults by chance, for as long as it is on."""

    def __init__(self, kinds: list[Fault], share: float, seed: int = 11) -> None:
        self.kinds, self.share, self.chance, self.is_on, self.thrown = kinds, share, random.Random(seed), True, 0

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, place: object) -> Fault:  # type: ignore[override]
        return None

    def pop(self, place: object = -1) -> Fault:
        """The next message's fault."""
        if not self.is_on or self.chance.random() >= self.share:
            return None
        self.thrown += 1
        return self.chance.choice(self.kinds)


HTTP_FAULTS: list[Fault] = [
    "drop",
    "then_drop",
    "then_slow",
    "then_garbage",
    "garbage",
    "half",
    500,
    Answer(502, b"<html>Bad gateway</html>", {"content-type": "text/html"}),
    Answer(429, b"{}", {"retry-after": "1"}),
]
MAIL_FAULTS: list[Fault] = ["drop", "451 later", "421 too busy"]


@contextmanager
def world(stage: Stage) -> Iterator[tuple[Providers, MailServer]]:
    """Both kinds of providers, with faults, in the stage's environment."""
    with providers() as ours, mail_server() as mail:
        ours.server.script = Script(HTTP_FAULTS, 0.25)
        mail.script = Script(MAIL_FAULTS, 0.3)  # type: ignore[assignment]
        stage.environ = stage.environ | ours.environ | {"SMTP_URL": mail.url, "PGWHEN_SMS": "twilio"}
        yield ours, mail


def start(stage: Stage) -> subprocess.Popen[bytes]:
    """A poller that works until nothing is due."""
    command = [sys.executable, "-m", "pgwhen.cli.main", "poll", "--once", "--max-seconds", "30", "--lease", "2"]
    environ = {**os.environ, **stage.environ, "PGWHEN_DSN": stage.poller_dsn}
    return subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)


def kill_again_and_again(stage: Stage, ours: Providers) -> None:
    """Three pollers; one of them is killed whenever some more has arrived, until there were faults enough."""
    chance, script = random.Random(5), ours.server.script
    assert isinstance(script, Script)
    pollers = [start(stage) for _ in range(3)]
    end = time.monotonic() + 30
    while script.thrown < 15 and time.monotonic() < end:
        before = len(ours.server.received)
        wait_until(lambda seen=before: len(ours.server.received) > seen + 3, 2)
        number = chance.randrange(3)
        pollers[number].kill()
        pollers[number].wait()
        pollers[number] = start(stage)
    for poller in pollers:
        poller.kill()
        poller.wait()


def finish(stage: Stage) -> None:
    """Poll until no execution is open."""
    for _ in range(60):
        assert start(stage).wait(60) == 0
        if not stage.sql("select 1 from pgwhen.unfinished") and not stage.sql("select 1 from pgmq.q_pgwhen_events"):
            return
        time.sleep(0.2)
    pytest.fail(f"still open: {stage.steps()}")


def doubtful(stage: Stage, step: str) -> set[int]:
    """The rows for which an attempt of a step was recorded as uncertain, or its result came late."""
    rows = stage.sql(
        "select distinct (x.record_key ->> 'id')::integer from pgwhen.attempts a"
        " join pgwhen.executions x on x.execution_id = a.execution_id"
        " where a.step_id = %s and (a.class = 'uncertain' or a.late)",
        step,
    )
    return {number for (number,) in rows}


@pytest.mark.parametrize("mail_by", ["resend", "smtp"])
def test_every_fault_while_pollers_are_killed(stage: Stage, mail_by: str) -> None:
    with world(stage) as (ours, mail):
        stage.attach("leads")
        # What is measured here is the message's way; a breaker would only make the test wait.
        stage.sql("insert into pgwhen.settings (name, value) values ('breaker_failures', '100000')")
        document = stage.folder / "faults.yaml"
        document.write_text(WORKFLOW.format(mail=mail_by))
        stage.apply(document)
        stage.sql(
            "insert into leads (first_name, email)"
            " select 'Zoë 🚀 ' || n, n || '@example.com' from generate_series(1, %s) n",
            ROWS,
        )
        kill_again_and_again(stage, ours)
        ours.server.script.is_on = mail.script.is_on = False  # type: ignore[attr-defined]
        finish(stage)

        assert Counter(x["status"] for x in stage.executions()) == {"completed": ROWS}
        everybody = set(range(1, ROWS + 1))
        assert doubtful(stage, "text"), "faults were thrown"
        texts = Counter(int(form["To"][-7:]) - 1_000_000 for form in ours.twilio)
        assert set(texts) == everybody, "none is lost"
        assert {number for number, count in texts.items() if count > 1} <= doubtful(stage, "text")
        if mail_by == "resend":
            mails = Counter(int(str(body["to"][0]).split("@")[0]) for body in ours.resend)
            assert mails == dict.fromkeys(everybody, 1), "a key that is honoured: exactly once"
        else:
            mails = Counter(int(one.recipients[0].split("@")[0]) for one in mail.received)
            assert set(mails) == everybody
            assert {number for number, count in mails.items() if count > 1} <= doubtful(stage, "mail")
