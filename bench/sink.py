"""Where requests arrive: an HTTP server in a process of its own that notes when each came.

``python -m bench.sink [DELAY]`` prints its port and answers every POST with 200, DELAY seconds later. The last part of
the path identifies the request. ``GET /`` gives what arrived.
"""

import asyncio
import contextlib
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import orjson
import uvloop

#: Where `bench` is found.
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Sink:
    """A running sink."""

    url: str

    def arrivals(self) -> dict[str, float]:
        """When each request arrived first, by its identity: time.monotonic() of this machine, seconds."""
        with urllib.request.urlopen(self.url) as answer:
            arrivals: dict[str, float] = orjson.loads(answer.read())
        return arrivals

    def count(self) -> int:
        """How many requests have arrived, repeated ones once."""
        with urllib.request.urlopen(self.url + "/count") as answer:
            return int(answer.read())


@contextlib.contextmanager
def running(delay: float = 0.0) -> Iterator[Sink]:
    """A sink until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.sink", str(delay)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Sink(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


class _Connection(asyncio.Protocol):
    """As much of HTTP/1.1 as the pollers speak. A web framework takes three times as long for a request, of the
    processors that the pollers are measured on."""

    def __init__(self, arrivals: dict[str, float], delay: float) -> None:
        self._arrivals, self._delay = arrivals, delay
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if not end or (length and len(rest) < int(length[1])):
            return
        self._received = b""  # nobody sends a request before the last one is answered
        method, path, _ = head.decode().split(" ", 2)
        if method == "POST":
            self._arrivals.setdefault(path.rpartition("/")[2], now)
            asyncio.get_running_loop().call_later(self._delay, self._answer, b"ok")
        else:
            self._answer(b"%d" % len(self._arrivals) if path == "/count" else orjson.dumps(self._arrivals))

    def _answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def _serve(delay: float) -> None:
    arrivals: dict[str, float] = {}
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(arrivals, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_serve(float(sys.argv[1]) if sys.argv[1:] else 0.0))
