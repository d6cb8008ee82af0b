"""The SMPP server's intake: durable submissions of one client with a window, over the real daemon."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import site
from support.smpp import free_port

from gsmgw.bridges.smpp.pdus import RESPONSE, Command, Framer, Pdu, build, parse
from tests.bench.api import Spent

WINDOW = 50
COUNT = 10_000


def main() -> None:
    """Print submissions per second with a window of 50, with the modem disabled and with receipts on the way."""
    for registered in (0, 1):
        with tempfile.TemporaryDirectory() as directory, site(Path(directory), 1) as place:
            port = free_port()
            text = place.config.read_text() + "enabled = false\n"
            place.config.write_text(f'[smpp]\nlisten = "127.0.0.1:{port}"\n\n{text}')
            with place.start() as client:
                password = client.create_token("bench", smpp=True)["smpp_password"]
                spent = Spent(place)
                took, times = asyncio.run(_submit(port, str(password), registered))
                times.sort()
                print(
                    f"smpp submit_sm, window {WINDOW}, registered_delivery {registered}: {COUNT / took:.0f}/s, "
                    f"median {times[COUNT // 2] * 1000:.1f} ms, p99 {times[int(COUNT * 0.99)] * 1000:.1f} ms; "
                    f"{spent.each(COUNT)}"
                )


async def _submit(port: int, password: str, registered: int) -> tuple[float, list[float]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    bind = {"system_id": b"bench", "password": password.encode(), "interface_version": 0x34}
    writer.write(build(Pdu(Command.BIND_TRANSMITTER, 0, 1, bind)))
    framer, sent, times, number = Framer(), {}, [], 1
    began = time.perf_counter()
    while len(times) < COUNT:
        data = await reader.read(65536)
        assert data, "the session ended"
        framer.feed(data)
        while (raw := framer.next()) is not None:
            pdu = parse(raw)
            assert pdu.status == 0, pdu
            if pdu.command == Command.SUBMIT_SM | RESPONSE:
                times.append(time.perf_counter() - sent.pop(pdu.sequence))
        pieces = []
        while len(sent) < WINDOW and number <= COUNT:
            number += 1
            fields = {
                "dest_addr_ton": 1,
                "destination_addr": b"4915100%05d" % (number % 5000),
                "registered_delivery": registered,
                "short_message": b"submission %d" % number,
            }
            pieces.append(build(Pdu(Command.SUBMIT_SM, 0, number, fields)))
            sent[number] = time.perf_counter()
        writer.write(b"".join(pieces))
    took = time.perf_counter() - began
    writer.close()
    await writer.wait_closed()
    return took, times
