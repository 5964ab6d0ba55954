"""`pgwhen poll`: send what workflows have to send."""

import gc
import logging
from typing import Any, Literal

import click

from ..poller import channels, log, loop
from ..poller.settings import SettingsError, from_environment
from .main import Session, WorkFailed


@click.command()
@click.option("--once", is_flag=True, help="Work until nothing is due, or the time is up; then exit.")
@click.option("--max-seconds", type=click.FloatRange(min=0.5), help="Stop after this time. [env: PGWHEN_MAX_SECONDS]")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="Messages on their way at once (100).")
@click.option("--batch", type=click.IntRange(1, 1000), help="Actions claimed at once (100).")
@click.option("--lease", type=click.FloatRange(min=1), help="Seconds after which a dead poller's work is free (60).")
@click.option("--fallback", type=click.FloatRange(min=0.05), help="Seconds between looks when no bell rings (5).")
@click.option(
    "--actions", multiple=True, metavar="MODULE", help="Python module with custom actions. [env: PGWHEN_ACTIONS]"
)
@click.option("--strict", is_flag=True, help="Exit with 3 if an attempt failed.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="PGWHEN_LOG_FORMAT",
    help="How log lines on stderr look (text). [env: PGWHEN_LOG_FORMAT]",
)
@click.option("--verbose", "-v", is_flag=True, help="One line for each message.")
@click.pass_obj
def poll(
    session: Session,
    once: bool,
    max_seconds: float | None,
    concurrency: int | None,
    batch: int | None,
    lease: float | None,
    fallback: float | None,
    actions: tuple[str, ...],
    strict: bool,
    log_format: Literal["text", "json"],
    verbose: bool,
) -> None:
    """Send e-mail, SMS and HTTP requests of workflows, until stopped.

    Providers come from the environment (SMTP_URL, RESEND_API_KEY ...) and from pgwhen connections. Any number of
    pollers may run. SIGTERM finishes what is being sent and gives back the rest.
    """
    given: dict[str, Any] = {
        "once": once,
        "max_seconds": max_seconds,
        "concurrency": concurrency,
        "batch": batch,
        "lease": lease,
        "fallback": fallback,
        "actions": actions,
    }
    try:
        settings = from_environment(session.dsn(), **given)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    log.set_up(log_format, settings.vault, logging.DEBUG if verbose else logging.INFO)
    for problem in channels.problems(settings.environ):
        logging.getLogger(log.__name__).info("in this environment: %s", problem)
    # Messages leave no cycles behind (none in 10,000), and looking for them took a tenth of the poller's time.
    gc.freeze()
    gc.set_threshold(100_000)
    summary = loop.run(settings)
    if strict and summary.failed:
        raise WorkFailed(
            f"{summary.failed} of {summary.ok + summary.failed} attempts failed; pgwhen executions shows them"
        )
