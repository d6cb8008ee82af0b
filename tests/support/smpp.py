"""SMPP for tests: a gateway with its server, a plain client, and smpplib in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import smpplib.client
import smpplib.consts
import smpplib.exceptions

from gsmgw.bridges.smpp.pdus import Command, Framer, Pdu, build, parse
from hw_sim import Simulation
from support.rig import Rig, simulated

JsonObject = dict[str, Any]


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(
    directory: Path, modems: int = 1, sections: JsonObject | None = None, **smpp: Any
) -> AsyncIterator[tuple[Rig, Simulation, int]]:
    """A gateway with an SMPP server; its port."""
    port = free_port()
    section = {"listen": f"127.0.0.1:{port}", **smpp}
    async with simulated(directory, modems=modems, sections={"smpp": section, **(sections or {})}) as (sim, rig):
        server = rig.gateway.bridges.standing["smpp"]
        assert server is not None
        await rig.until(lambda: server.trouble is None)
        yield rig, sim, port


async def account(rig: Rig, name: str = "shop", **limits: Any) -> str:
    """A new account; its password."""
    made = await rig.client.create_token(name, smpp=True, **limits)
    password = made["smpp_password"]
    assert password is not None
    return password


class Peer:
    """A client that does nothing by itself: it writes the PDUs that a test wants, and reads one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._framer = Framer()
        self._number = 0

    def write(self, command: int, status: int = 0, sequence: int | None = None, tlvs: Any = None, **fields: Any) -> int:
        """Write a PDU; its number."""
        if sequence is None:
            self._number += 1
            sequence = self._number
        self.writer.write(build(Pdu(command, status, sequence, fields, tlvs or {})))
        return sequence

    async def read(self) -> Pdu | None:
        """The next PDU; None at the end."""
        async with asyncio.timeout(60):
            while (raw := self._framer.next()) is None:
                data = await self._reader.read(65536)
                if not data:
                    return None
                self._framer.feed(data)
        return parse(raw)

    async def ask(self, command: int, tlvs: Any = None, **fields: Any) -> Pdu:
        """Write a request and return its response; what comes before it is dropped."""
        number = self.write(command, tlvs=tlvs, **fields)
        while (found := await self.read()) is not None:
            if found.sequence == number and found.is_response:
                return found
        raise ConnectionError("the session ended")

    async def submit(self, to: str, text: bytes, tlvs: Any = None, **fields: Any) -> Pdu:
        """Submit a message."""
        return await self.ask(
            Command.SUBMIT_SM,
            tlvs,
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=to.lstrip("+").encode(),
            short_message=text,
            **fields,
        )

    async def delivered(self) -> Pdu:
        """The next deliver_sm, which is answered."""
        while (found := await self.read()) is not None:
            if found.command == Command.DELIVER_SM:
                self.writer.write(build(found.response()))
                return found
        raise ConnectionError("the session ended")


@asynccontextmanager
async def peer(port: int, tls: Any = None) -> AsyncIterator[Peer]:
    """A client that is connected and not bound."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def bound(
    port: int, password: str, name: str = "shop", command: int = Command.BIND_TRANSCEIVER, tls: Any = None
) -> AsyncIterator[Peer]:
    """A client that is bound."""
    async with peer(port, tls) as found:
        answer = await found.ask(command, system_id=name.encode(), password=password.encode(), interface_version=0x34)
        assert (answer.status, answer.text("system_id")) == (0, "gsmgw")
        yield found


class Smpplib:
    """smpplib, bound as a transceiver. It keeps all that comes."""

    def __init__(self, port: int, name: str, password: str) -> None:
        self.client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True, timeout=60)
        self.sent: dict[int, str] = {}
        self.delivered: list[Any] = []
        self.client.set_message_sent_handler(self._note_sent)
        self.client.set_message_received_handler(self._note_delivered)
        self.client.set_error_pdu_handler(lambda pdu: self.sent.__setitem__(pdu.sequence, f"error {pdu.status:#x}"))
        self.client.connect()
        self.client.bind_transceiver(system_id=name, password=password)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(smpplib.exceptions.ConnectionError, OSError):
            self.client.listen()

    def _note_sent(self, pdu: Any) -> None:
        self.sent[pdu.sequence] = pdu.message_id.decode()

    def _note_delivered(self, pdu: Any) -> int:
        self.delivered.append(pdu)
        return 0

    def send(self, to: str, **options: Any) -> int:
        """Submit; the number of the PDU."""
        pdu = self.client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
            source_addr="shop",
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
            dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
            destination_addr=to.lstrip("+"),
            **options,
        )
        return int(pdu.sequence)

    def close(self) -> None:
        """Leave: after the answer to its unbind the gateway closes, which ends the thread that listens."""
        with contextlib.suppress(smpplib.exceptions.ConnectionError, smpplib.exceptions.PDUError, OSError):
            self.client.send_pdu(smpplib.smpp.make_pdu("unbind", client=self.client))
            self._thread.join(60)
            self.client.disconnect()


@contextlib.contextmanager
def smpplib_client(port: int, name: str, password: str) -> Iterator[Smpplib]:
    """smpplib, until the block ends. Call it in a thread: it blocks."""
    client = Smpplib(port, name, password)
    try:
        yield client
    finally:
        client.close()
