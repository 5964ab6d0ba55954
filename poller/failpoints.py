"""Where a test kills the poller: ``PGWHEN_FAIL_POINT=name`` or ``name:3`` for the third time, with PGWHEN_TEST_MODE=1.

Points: after_claim, after_render, after_freeze, mid_send, after_send, before_report, after_report.
"""

import os
import signal

POINTS = ("after_claim", "after_render", "after_freeze", "mid_send", "after_send", "before_report", "after_report")

_hits: dict[str, int] = {}


def armed(name: str) -> bool:
    """Whether a test asked for this point."""
    return os.environ.get("PGWHEN_TEST_MODE") == "1" and os.environ.get("PGWHEN_FAIL_POINT", "").split(":")[0] == name


def hit(name: str) -> None:
    """Die here as by kill -9, if a test asked for it."""
    if not armed(name):
        return
    _hits[name] = _hits.get(name, 0) + 1
    if _hits[name] >= int(os.environ["PGWHEN_FAIL_POINT"].partition(":")[2] or 1):
        os.kill(os.getpid(), signal.SIGKILL)
