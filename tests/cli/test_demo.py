"""The demo shows what it promises, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from pgwhen.cli import demo

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SAME_AS = {"job_completed.json": "imported_job_completed.json"}


#: A demo whose delay is longer than any test.
SLOW = "from pgwhen.cli import demo, main; demo.DELAY = ('for: 2 days', 'for: 2 hours'); main.main()"


@contextmanager
def started(
    *arguments: str, program: Sequence[str] = ("-m", "pgwhen.cli.main"), in_background: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """`pgwhen demo` as a process, killed at the end. What a script runs in the background ignores SIGINT."""
    interrupt = signal.SIG_IGN if in_background else signal.SIG_DFL
    environ = {name: value for name, value in os.environ.items() if name not in ("PGWHEN_DSN", "DATABASE_URL")}
    process = subprocess.Popen(
        [sys.executable, "-u", *program, "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ | {"DATABASE_URL": "postgresql://nowhere.invalid/production", "SMTP_URL": "smtp://nowhere.invalid"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, interrupt),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The demo's folder and server are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pgwhen-test-demo-") as folder:
        os.chmod(folder, 0o755)  # PostgreSQL runs as another user when root starts it
        monkeypatch.setenv("TMPDIR", folder)
        yield
        assert os.listdir(folder) == []


@pytest.mark.usefixtures("folders")
def test_what_it_shows() -> None:
    began = time.monotonic()
    with started() as process:
        out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert time.monotonic() - began < 60
    for text in (
        "insert into leads", "new_lead v1  completed", "job_completed v1  completed", "form_submission v1  completed",
        "two_days  delay  completed", "two_days  delay  not reached", "To: ada@example.com", "Subject: Welcome, Ada",
        "Subject: Ada, do you have questions?", "a budget of EUR 2500.00", "Subject: Job Completed - New boiler",
        "Dear Grace,", "Job New boiler completed. Thank you!", "POST /messagebird/messages", "POST /contacts",
        "Idempotency-Key: ", "Do you repair roofs?",
    ):  # fmt: skip
        assert text in out, text
    assert (out.count("╭─ an e-mail"), out.count("╭─ an SMS"), out.count("╭─ an HTTP call")) == (4, 1, 1)
    assert "bob@example.com" in out and "Bob, do you have questions?" not in out
    assert err == ""


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_keep_leaves_all_running_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with started("--keep") as process:
        assert process.stdout is not None
        dsn = ""
        for line in process.stdout:
            if found := re.search(r"PGWHEN_DSN='(.*)'", line):
                dsn = found[1]
                break
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("insert into leads (first_name, email) values ('Edsger', 'edsger@example.com')")
        for line in process.stdout:
            if "Subject: Welcome, Edsger" in line:
                break
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == 0
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(dsn)


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize("in_background", [False, True])
@pytest.mark.parametrize("moment", ["A database", "workflow form_submission", "the poller sends"])
def test_interrupted_in_the_middle(moment: str, in_background: bool) -> None:
    with started(program=("-c", SLOW), in_background=in_background) as process:
        assert process.stdout is not None
        assert any(moment in line for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err, err


@pytest.mark.parametrize("path", sorted(demo.FOLDER.iterdir()), ids=lambda path: path.name)
def test_the_examples_are_those_of_the_documentation(path: Path) -> None:
    assert path.read_text() == (EXAMPLES / SAME_AS.get(path.name, path.name)).read_text()


def test_what_the_demo_changes_in_them_is_there() -> None:
    texts = [(demo.FOLDER / name).read_text() for name in demo.FILES]
    assert sum(demo.DELAY[0] in text for text in texts) == 1 and sum(demo.CRM in text for text in texts) == 1
