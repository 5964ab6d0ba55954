"""(c) What active workflows cost that an event's operation, columns or an indexed equality exclude.

For each kind of exclusion two databases with the same table and events, one with ten such workflows, one with ten
thousand. The events start nothing, so that nothing hides what the workflows cost.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .figures import Figure, Sizes
from .server import Connection, Place, apply, attach, connect, create_table, forget, insert_rows, workflow

FEW = 10
BATCH = 500


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What the workflows wait for, by number, and what happens instead."""

    title: str
    when: Callable[[int], dict[str, Any]]
    happens: str


EXCLUSIONS = {
    "by_operation": Exclusion("by operation", lambda n: {"row": "deleted"}, "insert"),
    "by_column": Exclusion("by column", lambda n: {"row": "updated", "columns": ["status"]}, "update"),
    "by_equality": Exclusion("by an equality", lambda n: {"row": "created", "if": {"status": f"status {n}"}}, "insert"),
}


def run(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures."""
    with connect(place.create("dispatch_few")) as few, connect(place.create("dispatch_many")) as many:
        for connection, count in ((few, FEW), (many, sizes.workflows)):
            _set_up(connection, count)
        figures = []
        for name, exclusion in EXCLUSIONS.items():
            rates: tuple[list[float], list[float]] = ([], [])
            for _ in range(sizes.rounds):
                for connection, found in zip((many, few), rates, strict=True):
                    found.append(_rate(connection, name, exclusion.happens, sizes.executions))
            title = f"{sizes.workflows:,} workflows excluded {exclusion.title}, beside {FEW}"
            figures.append(Figure(title, "events/s", *rates, ">= 0.67"))
    return figures


def _set_up(connection: Connection, count: int) -> None:
    for name, exclusion in EXCLUSIONS.items():
        create_table(connection, name)
        attach(connection, name)
        for number in range(count):
            apply(connection, workflow(f"{name}_{number}", {"table": name, **exclusion.when(number)}))
    # Somebody has to wait for inserts, or the table's trigger would not capture them.
    apply(connection, workflow("insert", {"table": "by_operation", "row": "created", "if": {"status": "never"}}))
    connection.execute("analyze")


def _rate(connection: Connection, table: str, happens: str, count: int) -> float:
    """Events dispatched a second, of the time within the SQL calls."""
    connection.execute(f"truncate {table}")
    insert_rows(connection, table, count)
    if happens == "update":
        forget(connection)
        connection.execute(f"update {table} set score = score + 1")
    seconds, dispatched = 0.0, 0
    while dispatched < count:
        started = time.perf_counter()
        (row,) = connection.execute("select pgwhen.tick(%s)", [BATCH]).fetchall()
        seconds += time.perf_counter() - started
        if not row[0]["dispatched"]:
            raise RuntimeError(f"{dispatched} of {count} events were dispatched")
        dispatched += row[0]["dispatched"]
    forget(connection)
    return dispatched / seconds
