"""kill -9 of pollers at every boundary of their loop, and of many at once: nothing is lost, nothing changes on the way.

A message may arrive twice only where an attempt was recorded as uncertain, and then with the same key and bytes.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict

import pytest

from pgwhen.poller.failpoints import POINTS
from tests.e2e.harness import Stage

WORKFLOW = """
workflow: three_ways
when: {table: leads, row: created}
retry: {attempts: 6, backoff: 1 second, factor: 1, jitter: none}
steps:
  - {id: mail, type: email, to: "{{ lead.email }}", subject: "Hello {{ lead.first_name }}", text: "{{ lead.id }}"}
  - id: call
    type: http
    method: POST
    url: "https://crm.example.com/leads"
    json: {id: "{{ lead.id }}", name: "{{ lead.first_name }}"}
"""


def _start(stage: Stage, **environ: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pgwhen.cli.main", "poll", "--once", "--max-seconds", "30", "--lease", "1"]
    everything = {**os.environ, **stage.environ, **environ, "PGWHEN_DSN": stage.poller_dsn}
    return subprocess.Popen(command, env=everything, stderr=subprocess.DEVNULL)


def _prepare(stage: Stage, rows: int) -> None:
    stage.attach("leads")
    document = stage.folder / "three_ways.yaml"
    document.write_text(WORKFLOW)
    stage.apply(document)
    stage.sql(
        "insert into leads (first_name, email) select 'Zoë ' || n, n || '@example.com' from generate_series(1, %s) n",
        rows,
    )


def _finish(stage: Stage) -> None:
    """Poll until no execution is open: leases of killed pollers run out after a second."""
    for _ in range(60):
        assert _start(stage).wait(60) == 0
        if not stage.sql("select 1 from pgwhen.unfinished") and not stage.sql("select 1 from pgmq.q_pgwhen_events"):
            return
        time.sleep(0.2)
    pytest.fail(f"still open: {stage.steps()}")


def _check(stage: Stage, rows: int) -> None:
    assert [x["status"] for x in stage.executions()] == ["completed"] * rows
    arrived: dict[str, list[bytes]] = defaultdict(list)
    for mail in stage.mails:
        execution, step, *_ = str(mail.message["Message-ID"]).strip("<>").split("@")[0].split(".")
        arrived[f"{execution}:{step}"].append(mail.data)
    for call in stage.requests:
        execution, step, generation, part = call.headers["idempotency-key"].split(":")
        assert (generation, part) == ("1", "0")
        arrived[f"{execution}:{step}"].append(call.body)
    assert len(arrived) == 2 * rows, "every row leads to its messages"
    assert all(len(set(copies)) == 1 for copies in arrived.values()), "the same bytes each time"
    uncertain = {
        f"{e}:{s}"
        for e, s in stage.sql("select execution_id, step_id from pgwhen.attempts where class = 'uncertain' or late")
    }
    assert {key for key, copies in arrived.items() if len(copies) > 1} <= uncertain


@pytest.mark.parametrize("point", POINTS)
def test_a_poller_killed(stage: Stage, point: str) -> None:
    _prepare(stage, 6)
    poller = _start(stage, PGWHEN_TEST_MODE="1", PGWHEN_FAIL_POINT=f"{point}:2")
    assert poller.wait(60) == -signal.SIGKILL
    _finish(stage)
    _check(stage, 6)


def test_four_pollers_killed_again_and_again(stage: Stage) -> None:
    rows = 150
    _prepare(stage, rows)
    chance = random.Random(7)
    pollers = [_start(stage) for _ in range(4)]
    for _ in range(8):
        time.sleep(chance.uniform(0.3, 0.8))
        number = chance.randrange(4)
        pollers[number].kill()
        pollers[number].wait()
        pollers[number] = _start(stage)
    for poller in pollers:
        poller.wait(60)
    _finish(stage)
    _check(stage, rows)
