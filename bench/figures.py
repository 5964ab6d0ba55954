"""What a benchmark measures, and the table of it."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long a run is. ``rounds`` is how often peer and ours take turns."""

    rounds: int = 5
    seconds: int = 3
    bulk_rows: int = 100_000
    executions: int = 20_000
    workflows: int = 10_000
    deliveries: int = 20_000
    slow_deliveries: int = 10_000
    inserts: int = 300
    sleepers: int = 1_000_000
    emails: int = 10_000
    counted: int = 40


FULL = Sizes()

#: Shows that the benchmarks run; the figures mean nothing.
QUICK = Sizes(1, 1, 2_000, 1_000, 50, 500, 300, 20, 10_000, 300, 8)


class Missing(Exception):
    """What a benchmark needs and this machine has not, and how to get it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured in each round, and what the peer reached in the same rounds.

    ``expected`` is the least (``>=``) or the most (``<=``) of the ratio, with ``of_value`` of the figure itself.
    """

    name: str
    unit: str
    ours: Sequence[float]
    peer: Sequence[float] = ()
    expected: str = ""
    of_value: bool = False

    @property
    def value(self) -> float:
        """Median of our rounds."""
        return statistics.median(self.ours)

    @property
    def ratios(self) -> list[float]:
        """Ours to the peer's, round by round."""
        return [ours / peer for ours, peer in zip(self.ours, self.peer, strict=False)]

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        ratio = statistics.median(self.ratios) if self.peer else None
        return {**asdict(self), "value": self.value, "ratio": ratio}


def table(figures: Sequence[Figure]) -> str:
    """A table in Markdown, its columns aligned."""
    rows = [("", "pgwhen", "peer", "ratio", "expected")] + [_row(figure) for figure in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(_cells(row, widths)) + " |" for row in rows]
    rule = "| " + " | ".join(
        "-" * width if not place else "-" * (width - 1) + ":" for place, width in enumerate(widths)
    )
    return "\n".join([lines[0], rule + " |", *lines[1:]])


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]


def _row(figure: Figure) -> tuple[str, str, str, str, str]:
    ratio = peer = ""
    if figure.peer:
        peer = _number(statistics.median(figure.peer), figure.unit)
        ratios = figure.ratios
        ratio = f"{statistics.median(ratios):.2f}"
        if len(ratios) > 1:
            ratio += f" ({min(ratios):.2f}-{max(ratios):.2f})"
    unit = f" {figure.unit}" if figure.of_value and figure.expected else ""
    return figure.name, _number(figure.value, figure.unit), peer, ratio, figure.expected + unit


def _number(value: float, unit: str) -> str:
    return (f"{value:.1f}" if value < 100 else f"{value:,.0f}") + f" {unit}"
