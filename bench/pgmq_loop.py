"""The peer of the benchmarks delivery and latency: the least that delivers a queue's messages by HTTP.

``python -m bench.pgmq_loop DSN QUEUE URL CONCURRENCY BATCH``: pgmq.read a batch, post each message, pgmq.delete the
batch; with nothing to read, wait for a notification of the queue's name. The transport, event loop and driver are the
poller's; there are no templates, results, retries or heartbeats.
"""

import asyncio
import sys
from typing import Any

import aiohttp
import httpx2
import orjson
import psycopg
import uvloop
from httpx_aiohttp.httpx2 import AiohttpTransport

#: Seconds between two looks at an empty queue, if nobody notifies.
PAUSE = 0.05


async def deliver(dsn: str, queue: str, url: str, concurrency: int, batch: int) -> None:
    """Deliver for ever."""
    places = asyncio.Semaphore(concurrency)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency))

    async def post(message: dict[str, Any]) -> None:
        async with places:
            answer = await client.post(f"{url}/{message['id']}", content=orjson.dumps(message), headers=headers)
            answer.raise_for_status()

    headers = {"content-type": "application/json"}
    transport = AiohttpTransport(client=session)
    async with (
        httpx2.AsyncClient(transport=transport, timeout=30) as client,
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
    ):
        await connection.execute(f'listen "{queue}"')
        while True:
            cursor = await connection.execute("select msg_id, message from pgmq.read(%s, 60, %s)", [queue, batch])
            rows = await cursor.fetchall()
            if not rows:
                async for _ in connection.notifies(timeout=PAUSE, stop_after=1):
                    pass
                continue
            async with asyncio.TaskGroup() as group:
                for _, message in rows:
                    group.create_task(post(message))
            await connection.execute("select pgmq.delete(%s, %s::bigint[])", [queue, [row[0] for row in rows]])


if __name__ == "__main__":
    uvloop.run(deliver(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
