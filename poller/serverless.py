"""The poller as a function that a cloud calls every minute: one limited run, with the same guarantees.

What the platform kills in mid-send is uncertain until its lease ends (the limit and 5 seconds, unless PGWHEN_LEASE says
otherwise); the next call goes on with it. The database is PGWHEN_DSN or DATABASE_URL. The time is what the platform
still gives (AWS Lambda), else PGWHEN_MAX_SECONDS, else 10 seconds; a second of it is kept for the platform.
"""

import logging
import os
from typing import Any

from . import log, loop
from .settings import SettingsError, from_environment

#: Seconds: the limit where nobody names one, and what is left to the platform.
LIMIT = 10.0
MARGIN = 1.0


def handler(event: Any, context: Any = None) -> dict[str, Any]:
    """Work until nothing is due or the time is up. Returns what was done, as counts (loop.Summary)."""
    dsn = os.environ.get("PGWHEN_DSN") or os.environ.get("DATABASE_URL")
    if not dsn:
        raise SettingsError("set PGWHEN_DSN or DATABASE_URL")
    settings = from_environment(dsn, once=True, max_seconds=max(_seconds(context) - MARGIN, 1.0))
    log.set_up("json", settings.vault, logging.INFO)
    return dict(loop.run(settings).as_dict())


def _seconds(context: Any) -> float:
    """How long this call may take."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is not None:
        return float(remaining()) / 1000
    return float(os.environ.get("PGWHEN_MAX_SECONDS") or LIMIT)
