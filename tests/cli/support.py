"""The command line in this process, against a real database."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from pgwhen.cli.main import main


@dataclass(frozen=True, slots=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, parsed."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Cli:
    """`cli("executions", "--json")` runs the command on the test's database."""

    dsn: str
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Done:
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(["--dsn", self.dsn, *arguments])
        captured = self.capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Done(end.value.code, captured.out, captured.err)


def process(dsn: str, *arguments: str, stdin: str = "", **environ: str) -> Done:
    """The same as a process of its own."""
    command = [sys.executable, "-m", "pgwhen.cli.main", "--dsn", dsn, *arguments]
    import os

    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=60, env={**os.environ, **environ}
    )
    return Done(done.returncode, done.stdout, done.stderr)
