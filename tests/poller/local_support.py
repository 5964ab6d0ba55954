"""What the tests of steps share that the poller performs by itself: a workflow by its definition, a run, its steps."""

import asyncio
from collections.abc import Mapping
from typing import Any

from pgwhen.poller.channels import Attempt, Call, Connection, adapter
from pgwhen.poller.outcome import Outcome
from tests.poller.channels.support import KEY, NOW
from tests.poller.support import run
from tests.sql.database.support import publish, rows

__all__ = ["KEY", "NOW", "emit", "message", "perform", "published", "steps"]


def message(provider: str, key: str = KEY, **definition: Any) -> dict[str, Any]:
    """The message that is frozen for a rendered definition."""
    return adapter(provider).message(definition, Connection(provider, provider), key, NOW)


def perform(
    provider: str,
    frozen: Mapping[str, Any],
    settings: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
    timeout: float = 30.0,
    key: str = KEY,
) -> Outcome:
    """One attempt of a frozen message, as the poller makes it."""
    from pgwhen.poller.perform import _call

    connection = Connection(provider, provider, dict(settings or {}))
    attempt = Attempt(key, 1, timeout, connection, str, dict(extra or {}))

    async def once() -> Any:
        call = adapter(provider).request(frozen, attempt)
        assert isinstance(call, Call)
        return adapter(provider).outcome(await _call(call))

    outcome: Outcome = asyncio.run(once())
    return outcome


published = publish


def emit(db: Any, name: str, input: Any = None) -> None:
    """Start a published workflow."""
    from pgwhen.cli.definitions import dump_json

    db.execute("select pgwhen.emit_event(%s, %s)", [f"{name}.go", dump_json(input or {})])


def steps(db: Any, dsn: str, name: str, environ: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """Run a poller until nothing is due; the steps of the workflow's executions by their ids."""
    run(dsn, environ)
    return {row["id"]: row for row in rows(db, name)}
