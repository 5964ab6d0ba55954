"""(e) How long after a commit the request arrives, when the poller has nothing else to do.

The application inserts a row now and then; each insert finds the poller asleep and wakes it. The clock runs from the
moment the application's commit has returned to the moment the sink has read the request's head.
"""

import random
import statistics
import time

from . import sink
from .delivery import poller, set_up, wait_for
from .figures import Figure, Sizes
from .server import Place, connect

#: Seconds between two inserts.
PAUSE = (0.020, 0.050)

INSERT = "insert into leads (email, name, status, score) values ('ann@example.com', 'Ann', 'new', 1) returning id"


def run(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures."""
    rounds = [_round(place, sizes.inserts) for _ in range(sizes.rounds)]
    expected = {50: "<= 5", 95: "", 99: "<= 15"}
    return [
        Figure(f"p{percent}", "ms", [_percentile(latencies, percent) for latencies in rounds], (), most, of_value=True)
        for percent, most in expected.items()
    ]


def _round(place: Place, count: int) -> list[float]:
    """Milliseconds from commit to arrival of each insert."""
    dsn = place.create("latency")
    committed: dict[str, float] = {}
    with connect(dsn) as connection, sink.running() as target:
        set_up(connection, target)
        with poller(dsn):
            connection.execute(INSERT)
            wait_for(target, 1)
            for _ in range(count):
                time.sleep(random.uniform(*PAUSE))
                (row,) = connection.execute(INSERT).fetchall()
                committed[str(row[0])] = time.monotonic()
            wait_for(target, count + 1)
            arrivals = target.arrivals()
    return [(arrivals[identity] - at) * 1000 for identity, at in committed.items()]


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
