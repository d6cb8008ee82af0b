"""A node without modems and without a gateway: ``python -m tests.bench._standin URL NODE FILE``.

It speaks the protocol of the fleet and does what a node must do: it claims jobs, inserts them in one transaction that
is on disk, acknowledges them, and then tells that each was queued, is being sent and was sent. It prints a line when it
is connected; when its standard input ends, it prints when it took jobs, and its CPU time, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.connection import Connection, Server
from gsmgw.bridges.fleet.contents import NodeModem, NodeState, events_payload, node_payload
from gsmgw.bridges.fleet.publisher import PORTION
from gsmgw.bridges.fleet.streams import Bucket, Delivered, acknowledge
from gsmgw.model import ModemState, ModemStatus
from gsmgw.store.engine import connect

MODEMS = 4
#: What a node tells of a message until it is sent.
TOLD = ("message.queued", "message.sending", "message.sent")


class StandIn:
    """Takes jobs until it is stopped."""

    def __init__(self, connection: Connection, name: str, db: sqlite3.Connection) -> None:
        self._connection = connection
        self._name = name
        self._db = db
        self._numbers = count(1)
        self._events: asyncio.Queue[bytes] = asyncio.Queue()
        #: When jobs were on disk, and how many.
        self.taken: list[tuple[float, int]] = []

    async def run(self) -> None:
        """Work until the connection is lost."""
        nodes = await self._connection.bucket(subjects.NODES)
        claims = await self._connection.bucket(subjects.CLAIMS)
        self._db.execute("CREATE TABLE jobs (name TEXT PRIMARY KEY, payload BLOB)")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell_state(nodes))
            group.create_task(self._tell())
            pull = await self._connection.pull_jobs(self._name)
            print("here", flush=True)
            while True:
                await self._take(claims, await pull.portion())

    async def _tell_state(self, nodes: Bucket) -> None:
        modems = [NodeModem(ModemStatus(f"m{n}", ModemState.READY, "")) for n in range(MODEMS)]
        while True:
            await nodes.put(self._name, node_payload(NodeState("stand-in", 0, modems)))
            await asyncio.sleep(2)  # as often as a node does

    async def _take(self, claims: Bucket, portion: Sequence[Delivered]) -> None:
        names = [str(json.loads(each.payload)["job"]) for each in portion]
        await asyncio.gather(*(claims.claim(subjects.claim_of(self._name, name), self._name) for name in names))
        rows = [(name, each.payload) for name, each in zip(names, portion, strict=True)]
        await asyncio.to_thread(self._insert, rows)
        self.taken.append((time.time(), len(rows)))
        for _, payload in rows:
            self._note(payload)
        await acknowledge(portion)

    def _insert(self, rows: Sequence[tuple[str, bytes]]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT INTO jobs VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
        self._db.execute("COMMIT")

    def _note(self, payload: bytes) -> None:
        job = json.loads(payload)
        for type in TOLD:
            event = {"v": 1, "type": type, "at": time.time_ns() // 1_000_000, "data": {}, "job": job["job"]}
            if type == TOLD[0]:
                event["message"] = job["message"]
            else:
                event["modem"] = job["message"].get("modem", "m0")
            self._events.put_nowait(json.dumps(event).encode())

    async def _tell(self) -> None:
        subject = subjects.events_of(self._name)
        while True:
            portion = [await self._events.get()]
            while len(portion) < PORTION and not self._events.empty():
                portion.append(self._events.get_nowait())
            await self._connection.publish(subject, events_payload(portion), f"{self._name}:{next(self._numbers)}")


async def _main(url: str, name: str, file: Path) -> None:
    connection = Connection(Server([url], name))
    await connection.open()
    place = StandIn(connection, name, connect(file))
    work = asyncio.create_task(place.run())
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([work, ended], return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        work.result()
    work.cancel()
    await asyncio.wait([work])
    await connection.close()
    print(json.dumps({"taken": place.taken, "cpu_s": time.process_time()}))


if __name__ == "__main__":
    where, name, file = sys.argv[1:]
    asyncio.run(_main(where, name, Path(file)))
