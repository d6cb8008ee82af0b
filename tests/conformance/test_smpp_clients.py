"""Other people's SMPP clients against the server: Kannel, aiosmpplib, npm's smpp; and Wireshark's dissector."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiosmpplib import ESME, NPI, TON, AbstractHook, DeliverSm, PhoneNumber, SmppMessage, SubmitSm, SubmitSmResp
from conformance.drivers import read
from support.smpp import account, bound, free_port, serving

from gsmgw.bridges.smpp.pdus import Address, Command, Tag

pytestmark = pytest.mark.interop

ANNA, BEN = "+4915112345678", "+4915187654321"
LONG = "Eine lange Nachricht mit vielen Worten. " * 10
HERE = Path(__file__).parent


def required(*programs: str) -> list[str]:
    """The paths of programs. Skips without them, except in CI."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    found = [shutil.which(program, path=path) for program in programs]
    if None in found:
        reason = f"{', '.join(programs)} not installed: sudo sh tests/conformance/install-debian.sh"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    return [str(each) for each in found]


# -- Kannel ---------------------------------------------------------------------------------------------------------


class Kannel:
    """bearerbox and smsbox with the server as their SMSC."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self._folder = folder
        self._programs = required("bearerbox", "smsbox")
        self._processes: list[asyncio.subprocess.Process] = []
        admin, box, self._http = free_port(), free_port(), free_port()
        self._ports = box, self._http
        self._status = f"http://127.0.0.1:{admin}/status.txt"
        self._config = folder / "kannel.conf"
        self._config.write_text(
            f"group = core\nadmin-port = {admin}\nadmin-password = x\nadmin-interface = 127.0.0.1\n"
            f"smsbox-port = {box}\nsmsbox-interface = 127.0.0.1\ndlr-storage = internal\n"
            f"log-file = {folder}/bearerbox.log\nlog-level = 0\naccess-log = {folder}/access.log\n\n"
            f"group = smsc\nsmsc = smpp\nsmsc-id = gsmgw\nhost = 127.0.0.1\nport = {port}\ntransceiver-mode = true\n"
            f'smsc-username = shop\nsmsc-password = {password}\nsystem-type = ""\n'
            "source-addr-ton = 1\nsource-addr-npi = 1\ndest-addr-ton = 1\ndest-addr-npi = 1\n\n"
            f"group = smsbox\nbearerbox-host = 127.0.0.1\nbearerbox-port = {box}\nsendsms-port = {self._http}\n"
            f"sendsms-interface = 127.0.0.1\nlog-file = {folder}/smsbox.log\nlog-level = 0\n\n"
            "group = sendsms-user\nusername = u\npassword = p\nmax-messages = 9\nconcatenation = true\n\n"
            'group = sms-service\nkeyword = default\ncatch-all = true\nmax-messages = 0\ntext = "x"\n'
        )

    @property
    def access(self) -> str:
        """Return what it has sent and received."""
        return read(self._folder / "access.log")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run both programs."""
        try:
            for program, port in zip(self._programs, self._ports, strict=True):
                quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
                self._processes.append(await asyncio.create_subprocess_exec(program, str(self._config), **quiet))
                await _until_listening(port)
            await self._until_bound()
            yield
        finally:
            for process in reversed(self._processes):
                process.terminate()
                await asyncio.wait_for(process.wait(), 60)

    async def _until_bound(self) -> None:
        """Wait for its session with the server: until then sendsms answers "3: Queued for later delivery"."""

        def call() -> bytes:
            with urllib.request.urlopen(self._status, timeout=60) as answer:
                return bytes(answer.read())

        async with asyncio.timeout(60):
            while b"(online" not in await asyncio.to_thread(call):  # noqa: ASYNC110 - Kannel tells nobody
                await asyncio.sleep(0.05)

    async def send(self, to: str, text: str | bytes, **options: str | bytes) -> None:
        """Send with its sendsms."""
        query: dict[str, str | bytes] = {
            "username": "u",
            "password": "p",
            "from": "491700000001",
            "to": to,
            "text": text,
            **options,
        }
        query |= {"dlr-mask": "31", "dlr-url": "http://127.0.0.1:1/"}
        url = f"http://127.0.0.1:{self._http}/cgi-bin/sendsms?{urllib.parse.urlencode(query)}"

        def call() -> bytes:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return bytes(answer.read())

        assert (await asyncio.to_thread(call)).startswith(b"0:")


async def _until_listening(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.05)


async def test_kannel(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, sim, port):
        kannel = Kannel(tmp_path, port, await account(rig))
        async with kannel.running():
            await kannel.send(ANNA, "short text")
            await kannel.send(ANNA, LONG)
            await kannel.send(ANNA, "Ελλάδα жук", coding="2", charset="UTF-8")
            await kannel.send(ANNA, b"\x01\x02\xff", coding="1", udh=b"\x06\x05\x04\x0b\x84\x00\x00")
            phone = sim.phone(ANNA)
            await rig.until(lambda: len(phone.received) == 4)
            assert {each.text for each in phone.received} >= {"short text", LONG, "Ελλάδα жук"}
            assert [each.data for each in phone.received if each.data] == [b"\x01\x02\xff"]
            await rig.until(lambda: kannel.access.count(":1] [msg") >= 4)
            sim.send(from_=ANNA, to="modem0", text="an answer")
            sim.send(from_=ANNA, to="modem0", text=LONG)
            await rig.until(lambda: "[msg:9:an answer]" in kannel.access and f"[msg:{len(LONG)}:" in kannel.access)


# -- aiosmpplib ---------------------------------------------------------------------------------------------------


class Ear(AbstractHook):
    """Keeps what aiosmpplib receives."""

    def __init__(self) -> None:
        self.accepted: list[SubmitSmResp] = []
        self.delivered: list[DeliverSm] = []

    async def sending(self, smpp_message: SmppMessage, pdu: bytes, client_id: str) -> None:
        pass

    async def received(self, smpp_message: SmppMessage | None, pdu: bytes, client_id: str) -> None:
        if isinstance(smpp_message, SubmitSmResp):
            self.accepted.append(smpp_message)
        elif isinstance(smpp_message, DeliverSm):
            self.delivered.append(smpp_message)

    async def send_error(self, smpp_message: SmppMessage, error: Exception, client_id: str) -> None:
        raise error


# It leaves its connection to the garbage collection.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_aiosmpplib(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, sim, port):
        ear = Ear()
        client = ESME("127.0.0.1", port, "shop", await account(rig), hook=ear, log_level="ERROR")
        running = asyncio.create_task(client.start())
        to = PhoneNumber(ANNA[1:], TON.INTERNATIONAL, NPI.ISDN)
        try:
            for text, encoding in (("short text", None), (LONG, None), ("Ελλάδα жук", "ucs2")):
                await client.broker.enqueue(
                    SubmitSm(short_message=text, source=PhoneNumber("shop"), destination=to, encoding=encoding)
                )
            phone = sim.phone(ANNA)
            await rig.until(lambda: len(phone.received) == 3)
            assert [each.text for each in phone.received] == ["short text", LONG, "Ελλάδα жук"]
            await rig.until(lambda: sum(each.is_receipt() for each in ear.delivered) == 3)
            ids = {str(each.parse_receipt()["id"]) for each in ear.delivered}
            assert ids == {each.message_id for each in ear.accepted}
            sim.send(from_=ANNA, to="modem0", text="an answer")
            await rig.until(lambda: ear.delivered[-1].short_message == "an answer")
        finally:
            await client.stop()
            await running
            for task in asyncio.all_tasks():  # it leaves the pause before its next enquire_link behind
                if getattr(task.get_coro(), "__name__", "") == "sleep":
                    task.cancel()


# -- npm's smpp ---------------------------------------------------------------------------------------------------

MODULES = HERE / "node_modules"
SCRIPT = """
const smpp = require("smpp");
const [url, password, to, long] = process.argv.slice(1);
const session = smpp.connect({ url, auto_enquire_link_period: 10000 });
const tell = (what) => process.stdout.write(JSON.stringify(what) + "\\n");
session.on("deliver_sm", (pdu) => {
    session.send(pdu.response());
    const message = pdu.short_message.message || pdu.message_payload.message || pdu.message_payload;
    tell({ delivered: message.toString(), receipted: pdu.receipted_message_id, state: pdu.message_state });
});
session.on("error", (error) => { tell({ error: error.message }); process.exit(1); });
session.on("connect", () => session.bind_transceiver({ system_id: "shop", password }, (bound) => {
    tell({ bound: bound.command_status });
    const common = { destination_addr: to, dest_addr_ton: 1, registered_delivery: 1 };
    const submit = (more) => session.submit_sm({ ...common, ...more }, (pdu) => tell({ id: pdu.message_id }));
    submit({ short_message: "short text" });
    submit({ message_payload: long });
    submit({ short_message: "Ελλάδα жук", data_coding: 8 });
    submit({ short_message: Buffer.from([1, 2, 255]), data_coding: 4 });
}));
process.stdin.on("end", () => session.unbind(() => session.close())).resume();
"""


async def test_the_smpp_of_npm(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (MODULES / "smpp").is_dir():
        pytest.skip("not installed: npm install --no-save --prefix tests/conformance smpp@0.5.1")
    async with serving(tmp_path) as (rig, sim, port):
        password = await account(rig)
        process = await asyncio.create_subprocess_exec(
            node, "-e", SCRIPT, f"smpp://127.0.0.1:{port}", password, ANNA[1:], LONG,
            cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        told: list[dict[str, Any]] = []

        async def listen(stream: asyncio.StreamReader) -> None:
            async for line in stream:
                told.append(json.loads(line))

        listening = asyncio.create_task(listen(process.stdout))
        await rig.until(lambda: sum("delivered" in each for each in told) == 4)
        ids = {each["id"] for each in told if "id" in each}
        assert {each["receipted"] for each in told if "delivered" in each} == ids
        assert {each["state"] for each in told if "delivered" in each} == {2}
        received = sim.phone(ANNA).received
        assert {each.text for each in received if not each.data} == {"short text", LONG, "Ελλάδα жук"}
        assert [each.data for each in received if each.data] == [b"\x01\x02\xff"]
        for text in ("an answer", LONG, "жук"):
            sim.send(from_=ANNA, to="modem0", text=text)
        await rig.until(lambda: {"an answer", LONG, "жук"} <= {each.get("delivered") for each in told})
        process.stdin.close()
        async with asyncio.timeout(60):
            assert await process.wait() == 0
            await listening


# -- Wireshark's dissector ----------------------------------------------------------------------------------------


class Capture:
    """Passes a connection on and writes it as a capture file of TCP packets (pcap, link type 101: raw IP)."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._packets: list[bytes] = []
        self._numbers = [1, 1]
        self._tasks: list[asyncio.Task[None]] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Pass on, at another port."""
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            await asyncio.gather(*self._tasks)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._tasks += [
            asyncio.create_task(self._copy(0, reader, back)),
            asyncio.create_task(self._copy(1, there, writer)),
        ]

    async def _copy(self, way: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1400):
                self._note(way, data)
                writer.write(data)
            writer.close()
            await writer.wait_closed()

    def _note(self, way: int, data: bytes) -> None:
        ports = (40000, 2775) if way == 0 else (2775, 40000)
        tcp = struct.pack(">HHIIBBHHH", *ports, self._numbers[way], self._numbers[1 - way], 0x50, 0x18, 65535, 0, 0)
        self._numbers[way] += len(data)
        ends = [socket.inet_aton("10.0.0.1"), socket.inet_aton("10.0.0.2")]
        if way == 1:
            ends.reverse()
        length = 20 + len(tcp) + len(data)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 6, 0, *ends)
        self._packets.append(ip + tcp + data)

    def write(self, path: Path) -> None:
        """Write the file."""
        with path.open("wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
            for number, packet in enumerate(self._packets):
                file.write(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)


async def test_wireshark_reads_every_pdu(tmp_path: Path) -> None:
    (tshark,) = required("tshark")
    async with serving(tmp_path, enquire_link_s=1) as (rig, sim, port):
        password, capture = await account(rig), Capture(port)
        async with capture.running() as way, bound(way, password) as client:
            answer = await client.submit(ANNA, b"short", source_addr=b"4711", registered_delivery=0x11)
            await client.delivered()
            await client.delivered()
            await client.ask(Command.QUERY_SM, message_id=answer.raw("message_id"))
            await client.ask(Command.CANCEL_SM, message_id=answer.raw("message_id"))
            await client.ask(Command.REPLACE_SM, message_id=answer.raw("message_id"), short_message=b"x")
            await client.submit(ANNA, b"", {Tag.MESSAGE_PAYLOAD: LONG.encode()}, registered_delivery=1)
            await client.delivered()
            to = (Address(1, 1, ANNA[1:]), Address(1, 1, "49"), Address(1, 1, BEN[1:]))
            await client.ask(Command.SUBMIT_MULTI, dest_address=to, short_message=b"all")
            await client.ask(
                Command.DATA_SM, {Tag.MESSAGE_PAYLOAD: b"data"}, dest_addr_ton=1, destination_addr=ANNA[1:].encode()
            )
            await client.ask(0x0000_0015)
            for text in ("back [€]", "жук", LONG):
                sim.send(from_=ANNA, to="modem0", text=text)
                await client.delivered()
            client.write(Command.DELIVER_SM, short_message=b"not for a server")
            await client.ask(Command.UNBIND)
            client.writer.close()
        capture.write(tmp_path / "smpp.pcap")
    fields = ("smpp.command_id", "_ws.malformed", "_ws.expert.message", "smpp.message_id")
    command = [tshark, "-r", str(tmp_path / "smpp.pcap"), "-d", "tcp.port==2775,smpp", "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    rows = [dict(zip(fields, line.split("\t"), strict=False)) for line in done.stdout.splitlines()]
    assert [row["_ws.malformed"] for row in rows if row["_ws.malformed"]] == []
    assert [row for row in rows if "alformed" in row["_ws.expert.message"]] == []
    seen = {int(value, 16) for row in rows for value in row["smpp.command_id"].split(",") if value}
    wanted = {each for each in Command if each not in (Command.BIND_RECEIVER, Command.BIND_TRANSMITTER)}
    assert seen >= wanted
    assert answer.text("message_id") in {row["smpp.message_id"] for row in rows}
