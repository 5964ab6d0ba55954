"""Where requests arrive: an HTTP server in a process of its own that notes when each came.

``python -m bench.sink [DELAY]`` prints its port and answers every POST with 200, DELAY seconds later. The last part of
the path identifies the request. ``GET /`` gives what arrived.
"""

import asyncio
import contextlib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from aiohttp import web

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


async def _serve(delay: float) -> None:
    arrivals: dict[str, float] = {}

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.method == "POST":
            arrivals.setdefault(request.path.rpartition("/")[2], time.monotonic())
            await request.read()
            if delay:
                await asyncio.sleep(delay)
            return web.Response(text="ok")
        if request.path == "/count":
            return web.Response(text=str(len(arrivals)))
        return web.Response(body=orjson.dumps(arrivals))

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(float(sys.argv[1]) if sys.argv[1:] else 0.0))
