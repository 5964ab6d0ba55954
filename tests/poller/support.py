"""What the tests of the poller share: workflows of one step in the real engine, settings, a poller in this process."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import psycopg

from pgwhen.poller import loop
from pgwhen.poller.settings import Settings, from_environment
from tests.sql.engine.support import Workflow, define, happen

Connection = psycopg.Connection[Any]

#: What a poller of a test has in its environment.
ENVIRON = {"PGWHEN_HTTP_ALLOW": "127.0.0.0/8,::1/128", "PGWHEN_TEST_MODE": "1"}


def workflow(db: Connection, *steps: dict[str, Any], name: str = "w", edges: Any = ()) -> Workflow:
    """Publish a workflow; a step's ``definition`` is what the poller gets, the rest goes to the engine."""
    made = define(db, [{k: v for k, v in step.items() if k != "definition"} for step in steps], edges, name=name)
    for step in steps:
        db.execute(
            "update pgwhen.steps set definition = %s where workflow_id = %s and step_id = %s",
            [json.dumps(step.get("definition", {})), made.workflow_id, step["id"]],
        )
    return made


def post(url: str, **more: Any) -> dict[str, Any]:
    """An http step that posts the row's id; keys that the engine knows (retry, timeout, on_uncertain) go there."""
    engine = {name: more.pop(name) for name in ("retry", "timeout", "on_uncertain", "id") if name in more}
    reads = {"reads": [["new"], ["now"]]}
    return {"id": "post", "definition": {"url": url, "json": {"id": "{{ new.id }}"}} | more} | reads | engine


def settings(dsn: str, environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Settings of a poller that runs once."""
    given = {"once": True, "lease": 10.0} | given
    return from_environment(dsn, ENVIRON | dict(environ or {}), **given)


def run(dsn: str, environ: Mapping[str, str] | None = None, **given: Any) -> loop.Summary:
    """Run a poller here, until nothing is due."""
    return loop.run(settings(dsn, environ, **given))


def start(dsn: str, *options: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start `pgwhen poll` as a process."""
    command = [sys.executable, "-m", "pgwhen.cli.main", "poll", *options]
    env = {**os.environ, **ENVIRON, "PGWHEN_DSN": dsn, **(environ or {})}
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE)


def poll(dsn: str, *options: str, environ: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run `pgwhen poll` to its end; exit code and stderr."""
    process = start(dsn, *options, environ=environ)
    _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr.decode()


async def until(condition: Any, seconds: float = 10.0) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (what happens in other processes sets no event)
            await asyncio.sleep(0.01)


__all__ = ["Connection", "happen", "poll", "post", "run", "settings", "start", "until", "workflow"]
