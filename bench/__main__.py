"""``python -m bench``: run benchmarks and print their tables."""

import argparse
import datetime
import json
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import batches, capture, database_steps, delivery, dispatch, execution, instructions, latency
from .figures import FULL, QUICK, Figure, Missing, Sizes, table
from .server import Place, facts, running

#: Letter -> what it measures, and the function that does.
BENCHMARKS = {
    "a": ("what an attached table costs the application", capture.run),
    "b": ("the database's side of executions with one action", execution.run),
    "c": ("dispatch beside active workflows that the event excludes", dispatch.run),
    "d": ("end to end: rows to HTTP requests, one poller", delivery.run),
    "e": ("from commit to arrival, idle poller", latency.run),
    "f": ("end to end to an endpoint that takes 50 ms, 100 in flight", delivery.run_slow),
    "g": ("steps that need no network, and ticks beside sleeping executions", database_steps.run),
    "h": ("e-mails in calls of many, and SMTP sessions used again", batches.run),
    "i": ("messages a second by channel, one poller, local servers", batches.run_channels),
    "j": ("instructions that a row takes, where times are too unsteady", instructions.run),
}


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("letters", nargs="*", metavar="LETTER", help=f"{' '.join(BENCHMARKS)}; all without any")
    parser.add_argument("--rounds", type=int, help=f"turns of peer and ours (default {FULL.rounds})")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that the benchmarks run, not how fast")
    parser.add_argument("--json", action="store_true", help="one JSON document in place of tables")
    parser.add_argument("--folder", type=Path, help="where the server's data goes (default: the temporary folder)")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.letters) - set(BENCHMARKS)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    sizes = QUICK if options.quick else FULL
    if options.rounds:
        sizes = replace(sizes, rounds=options.rounds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped
    with running(options.folder) as place:
        (_print_json if options.json else _print_tables)(place, sizes, options.letters or list(BENCHMARKS))


def _print_tables(place: Place, sizes: Sizes, letters: list[str]) -> None:
    for name, value in _facts(place, sizes).items():
        print(f"{name}: {value}", flush=True)
    for letter in letters:
        try:
            title, figures, seconds = _run(letter, place, sizes)
        except Missing as error:
            print(f"\n({letter}) not run: {error}", flush=True)
            continue
        print(f"\n({letter}) {title}; rounds: {sizes.rounds}; {seconds:.0f} s\n\n{table(figures)}", flush=True)


def _print_json(place: Place, sizes: Sizes, letters: list[str]) -> None:
    known, benchmarks = _facts(place, sizes), dict[str, Any]()
    for letter in letters:
        try:
            benchmarks[letter] = [figure.as_dict() for figure in _run(letter, place, sizes)[1]]
        except Missing as error:
            benchmarks[letter] = {"not_run": str(error)}
    print(json.dumps({"facts": known, "benchmarks": benchmarks}, indent=2))


def _facts(place: Place, sizes: Sizes) -> dict[str, str]:
    return {"date": str(datetime.date.today()), **facts(place), "speed": execution.speed(place, sizes)}


def _run(letter: str, place: Place, sizes: Sizes) -> tuple[str, list[Figure], float]:
    title, run = BENCHMARKS[letter]
    print(f"({letter}) {title} ...", file=sys.stderr, flush=True)
    started = time.monotonic()
    figures = run(place, sizes)
    return title, figures, time.monotonic() - started


if __name__ == "__main__":
    main()
