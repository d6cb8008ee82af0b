"""The SMPP server while the gateway is killed: what was answered is on disk, and no receipt or text is lost."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from pathlib import Path

import pytest
from support.processes import Site, site
from support.smpp import Peer, bound, free_port

from gsmgw.bridges.smpp.pdus import RESPONSE, Command, build
from gsmgw.client import Client
from gsmgw.model import format_id

MESSAGES = 200
KILLS = 4
WINDOW = 10
SENDER = "+4915187654321"


class Shop:
    """A client that submits again what was not answered, and keeps all that it is told."""

    def __init__(self, port: int, password: str) -> None:
        self._port = port
        self._password = password
        self.answered: dict[str, int] = {}
        self.receipts: list[str] = []
        self.received: list[str] = []
        #: Sessions that ended before all was submitted.
        self.cuts = 0
        self._left = list(range(MESSAGES))

    @property
    def is_done(self) -> bool:
        """True once everything was answered and has its receipt."""
        return not self._left and {*self.receipts} >= self.answered.keys() and len({*self.received}) == KILLS

    async def run(self) -> None:
        """Bind again and again until it is done."""
        while not self.is_done:
            with contextlib.suppress(OSError, AssertionError, EOFError, TimeoutError):
                async with bound(self._port, self._password) as client:
                    await self._talk(client)
            await asyncio.sleep(0.05)  # as clients do that were refused

    async def answers(self, count: int) -> None:
        """Wait for so many more answers."""
        wanted = len(self.answered) + count
        while len(self.answered) < wanted:  # noqa: ASYNC110 - the reader of the same client takes them
            await asyncio.sleep(0.01)

    async def _talk(self, client: Peer) -> None:
        """Submit with a window, and answer what is delivered."""
        waiting: dict[int, int] = {}
        submitting = asyncio.create_task(self._submit(client, waiting))
        try:
            while not self.is_done:
                found = await client.read()
                if found is None:
                    raise EOFError
                if found.command == Command.SUBMIT_SM | RESPONSE:
                    assert found.status == 0, found
                    number = waiting.pop(found.sequence)
                    self._left.remove(number)
                    self.answered[found.text("message_id")] = number
                elif found.command == Command.DELIVER_SM:
                    self._keep(found.text("short_message"))
                    client.writer.write(build(found.response()))
        finally:
            self.cuts += bool(self._left)
            submitting.cancel()
            await asyncio.wait([submitting])

    def _keep(self, text: str) -> None:
        receipt = re.match(r"id:(\d+) .*stat:(\w+)", text)
        if receipt is None:
            self.received.append(text)
        else:
            self.receipts.append(receipt[1])

    async def _submit(self, client: Peer, waiting: dict[int, int]) -> None:
        for number in tuple(self._left):
            while len(waiting) >= WINDOW:  # noqa: ASYNC110 - the reader of the same client makes room
                await asyncio.sleep(0.001)
            fields = {"destination_addr": b"49151%08d" % number, "short_message": b"out %d" % number}
            sequence = client.write(Command.SUBMIT_SM, dest_addr_ton=1, registered_delivery=1, **fields)
            waiting[sequence] = number
            await asyncio.sleep(0.02)  # so that the kills come between them


async def _play(place: Site, port: int, password: str, clients: list[Client]) -> Shop:
    shop = Shop(port, password)
    async with asyncio.timeout(240), asyncio.TaskGroup() as group:
        group.create_task(shop.run())
        for number in range(KILLS):
            await shop.answers(5)  # a kill before the client is bound would be one of an idle server
            await asyncio.sleep(random.uniform(0.0, 0.7))  # the behaviour played: somebody pulls a plug
            await asyncio.to_thread(place.inject, "modem0", SENDER, f"in {number}")
            await asyncio.to_thread(place.kill)
            clients.append(await asyncio.to_thread(place.start))
    return shop


@pytest.mark.long
def test_what_was_answered_is_on_disk_and_no_receipt_is_lost(tmp_path: Path) -> None:
    random.seed(7)
    port, clients = free_port(), list[Client]()
    try:
        # Reports that a modem hands over directly are lost when the gateway is killed at that moment.
        options = {
            "modem": 'reports = "stored"\n',
            "gateway": f'unknown_grace_s = 3\n[smpp]\nlisten = "127.0.0.1:{port}"\n',
        }
        with site(tmp_path, 1, **options) as place:
            clients.append(place.start())
            password = clients[0].create_token("shop", smpp=True)["smpp_password"]
            assert password is not None
            shop = asyncio.run(_play(place, port, password, clients))
            assert shop.cuts >= KILLS
            assert len({*shop.answered.values()}) == MESSAGES
            for message_id, number in shop.answered.items():
                message = clients[-1].message(format_id(int(message_id)))
                assert (message["to"], message["text"]) == (f"+49151{number:08d}", f"out {number}")
            assert {*shop.receipts} >= shop.answered.keys()
            assert {*shop.received} == {f"in {number}" for number in range(KILLS)}
    finally:
        for client in clients:
            client.close()
