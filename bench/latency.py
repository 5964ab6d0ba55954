"""(e) How long after a commit the request arrives, when the poller has nothing else to do.

The application inserts a row now and then; each insert finds the poller asleep and wakes it. The clock runs from the
moment the application's commit has returned to the moment the sink has read the request's head.

The peer is what one would write by hand: a row-level trigger that calls pgmq.send and pg_notify, and a minimal loop
that waits for that (pgmq_loop). It reads and posts; it stores nothing of what it sends.
"""

import random
import statistics
import time

from . import sink
from .delivery import pgmq_loop, poller, set_up, wait_for
from .figures import Figure, Sizes
from .server import Connection, Place, connect, create_table
from .sink import Sink

#: Seconds between two inserts.
PAUSE = (0.020, 0.050)

INSERT = "insert into leads (email, name, status, score) values ('ann@example.com', 'Ann', 'new', 1) returning id"


TRIGGER = """
select pgmq.create('requests');
create function send_row() returns trigger
language plpgsql
as $$
begin
  perform pgmq.send('requests', to_jsonb(new));
  perform pg_notify('requests', '');
  return null;
end
$$;
create trigger send_row after insert on leads for each row execute function send_row();
"""


def run(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures."""
    ours, peer = [], []
    for _ in range(sizes.rounds):
        ours.append(_ours(place, sizes.inserts))
        peer.append(_peer(place, sizes.inserts))
    expected = {50: "<= 5", 95: "", 99: "<= 15"}
    figures = []
    for percent, most in expected.items():
        values, peers = ([_percentile(latencies, percent) for latencies in rounds] for rounds in (ours, peer))
        figures.append(Figure(f"p{percent}", "ms", values, peers, most, of_value=True))
    return figures


def _ours(place: Place, count: int) -> list[float]:
    dsn = place.create("latency")
    with connect(dsn) as connection, sink.running() as target:
        set_up(connection, target)
        with poller(dsn):
            return _latencies(connection, target, count)


def _peer(place: Place, count: int) -> list[float]:
    dsn = place.create("latency_peer", migrated=False)
    with connect(dsn) as connection, sink.running() as target:
        create_table(connection, "leads")
        connection.execute(TRIGGER)
        with pgmq_loop(dsn, target):
            return _latencies(connection, target, count)


def _latencies(connection: Connection, target: Sink, count: int) -> list[float]:
    """Milliseconds from commit to arrival of each insert."""
    committed: dict[str, float] = {}
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
