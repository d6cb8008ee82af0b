"""The simulator through its pseudo-terminals and as a process, driven by a plain AT client."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
import termios
from pathlib import Path

import pytest

from hw_sim import Harness, Simulation
from hw_sim.control.client import request

# gnokii's and everybody's example: "hellohello" to +46708251358 (3GPP TS 23.040 coding, GSM 7-bit)
SUBMIT = "0011000B916407281553F80000AA0AE8329BFD4697D9EC37"
LENGTH = (len(SUBMIT) - 2) // 2
TIOCGEXCL = 0x80045440  # asm-generic/ioctls.h; whether a terminal is locked


class Client:
    """A few lines of AT client on a tty, awaiting bytes."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.heard = b""
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.fd, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.heard += data or b"<gone>"
        if not data:
            asyncio.get_running_loop().remove_reader(self.fd)
        self._more.set()

    async def until(self, mark: bytes) -> bytes:
        async with asyncio.timeout(60):
            while mark not in self.heard:
                self._more.clear()
                await self._more.wait()
        end = self.heard.index(mark) + len(mark)
        said, self.heard = self.heard[:end], self.heard[end:]
        return said

    async def command(self, line: str, mark: bytes = b"\r\nOK\r\n") -> bytes:
        os.write(self.fd, line.encode() + b"\r")
        return await self.until(mark)

    async def send(self, pdu: str, length: int) -> bytes:
        await self.command(f"AT+CMGS={length}", b"> ")
        os.write(self.fd, pdu.encode() + b"\x1a")
        return await self.until(b"\r\nOK\r\n")

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)


async def test_a_text_goes_out_is_reported_and_an_answer_comes_in(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path) as sim:
        modem = await sim.add_modem("modem0", number="+491700000001")
        client = Client(modem.path)
        try:
            assert await client.command("ATE0") == b"ATE0\r\r\nOK\r\n"
            await client.command("AT+CNMI=2,1,0,1,0")
            # the same SUBMIT with TP-SRR (bit 5) set: a report is wanted
            said = await client.send("0031" + SUBMIT[4:], LENGTH)
            assert said.endswith(b"\r\n+CMGS: 0\r\n\r\nOK\r\n")
            phone = sim.phone("+46708251358")
            await phone.wait_for(1)
            assert (phone.received[0].text, phone.received[0].sender) == ("hellohello", "+491700000001")
            report = await client.until(b"+CDS: 25\r\n")
            assert report == b"\r\n+CDS: 25\r\n"
            await client.until(b"00\r\n")
            long = "An answer that needs more than one part. " * 8
            assert sim.send(from_=phone.number, to="modem0", text=long) == 3
            await client.until(b'+CMTI: "SM",3\r\n')
            said = await client.command("AT+CMGL=4")
            assert said.count(b"+CMGL: ") == 3
            await client.command("AT+CMGD=1,4")
            assert len(modem.memories["SM"]) == 0
        finally:
            client.close()
        assert [event["text"] for event in sim.submits] == ["hellohello"]


def test_an_idle_network_has_nothing_to_wake_up_for() -> None:
    with Harness() as harness:
        for _ in range(64):
            harness.add()
        harness.wait(1)
        assert harness.clock.pending == 0


async def test_a_client_may_come_again_and_a_pulled_modem_hangs_up(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path) as sim:
        modem = await sim.add_modem("modem0")
        for _ in range(2):
            client = Client(modem.path)
            await client.command("AT")
            client.close()
        client = Client(modem.path)
        try:
            modem.unplug()
            assert not (tmp_path / "modem0").exists()
            await client.until(b"<gone>")
        finally:
            client.close()
        await modem.replug()
        client = Client(str(tmp_path / "modem0"))
        try:
            await client.command("AT")
        finally:
            client.close()
    assert os.listdir(tmp_path) == []


async def test_the_command_serves_its_socket_and_cleans_up(tmp_path: Path) -> None:
    control, log = tmp_path / "tty" / "control", tmp_path / "tty" / "log"  # in a folder that is not there yet
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hw_sim", "run", "--modems", "2", "--dir", str(tmp_path / "tty"),
        "--control", str(control), "--seed", "1", "--log", str(log),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while b"ready" not in await process.stdout.readline():
                pass
        client = Client(str(tmp_path / "tty" / "modem1"))
        try:
            await client.send(SUBMIT, LENGTH)
        finally:
            client.close()
        assert '"text": "hellohello"' in log.read_text()
        assert (await asyncio.to_thread(request, control, "phone", number="+46708251358"))["received"][0][
            "text"
        ] == "hellohello"
        assert (await asyncio.to_thread(request, control, "status"))["events"]["submit"] == 1
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0
    assert os.listdir(tmp_path / "tty") == ["log"]


@pytest.mark.parametrize(
    ("level", "error"), [(0, b"ERROR"), (1, b"+CME ERROR: 11"), (2, b"+CME ERROR: SIM PIN required")]
)
async def test_a_locked_sim_says_so_at_each_error_level(tmp_path: Path, level: int, error: bytes) -> None:
    async with Simulation(seed=1, directory=tmp_path) as sim:
        modem = await sim.add_modem("modem0", pin="1234")
        client = Client(modem.path)
        try:
            await client.command(f"AT+CMEE={level}")
            await client.command("AT+CIMI", b"\r\n" + error + b"\r\n")
            await client.command("AT+CPIN?", b"\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n")
            await client.command('AT+CPIN="1234"')
            await client.command("AT+CREG?", b"\r\n+CREG: 0,1\r\n\r\nOK\r\n")
        finally:
            client.close()


async def test_a_reader_that_comes_late_does_not_meet_hours_of_chatter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Simulation(seed=1, directory=tmp_path) as sim:
        modem = await sim.add_modem("modem0")
        for _ in range(2000):
            modem.urc("^RSSI:14" + "x" * 92)  # 200 kB, nobody reads
        with monkeypatch.context() as patched:
            patched.setattr("hw_sim.transport.writer.STALE_S", 0)  # as if nobody had read for long
            modem.urc("^RSSI:15")
        client = Client(modem.path)
        try:
            said = await client.command("AT")
            assert len(said) < 20_000
            assert b"^RSSI:15" in said
        finally:
            client.close()


async def test_the_same_seed_says_the_same_over_a_real_port(tmp_path: Path) -> None:
    async def conversation(folder: Path) -> bytes:
        heard = b""
        async with Simulation(seed=11, directory=folder) as sim:
            modem = await sim.add_modem("modem0")
            sim.network.set_rules(report_loss=0.3)
            modem.radio.rssi_drift = 3
            client = Client(modem.path)
            try:
                for line in ("ATE0", "AT+CNMI=2,1,0,1,0", "AT+CGSN", "AT+CIMI"):
                    heard += await client.command(line)
                for number in range(10):
                    heard += await client.send("0031" + SUBMIT[4:], LENGTH)
                    sim.send(from_="+491510000001", to="modem0", text=f"number {number}")
                    heard += await client.until(f'+CMTI: "SM",{number + 1}\r\n'.encode())
                    heard += await client.command("AT+CSQ")
                heard += await client.command("AT+CMGL=4")
            finally:
                client.close()
        return heard

    first = await conversation(tmp_path / "one")
    assert first.count(b"+CMGL: ") == 10
    assert first == await conversation(tmp_path / "two")


async def test_an_exclusive_lock_goes_with_the_client_that_took_it(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path) as sim:
        modem = await sim.add_modem("modem0")
        client = Client(modem.path)
        fcntl.ioctl(client.fd, termios.TIOCEXCL)
        await client.command("AT")
        client.close()
        client = Client(modem.path)
        try:
            await client.command("AT")  # a round through the loop, in which the close is noticed
            assert fcntl.ioctl(client.fd, TIOCGEXCL, bytes(4)) == bytes(4)
        finally:
            client.close()


async def test_what_was_under_way_when_it_closed_writes_nowhere(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path, timing="real", scale=1000) as sim:
        modem = await sim.add_modem("modem0", profile="wavecom")
        modem.fault("slow", seconds=5.0)
        sim.network.set_rules(delivery_delay_s=3, report_delay_s=3)
        client = Client(modem.path)
        os.write(client.fd, b"AT+CGMM\r")
        sim.send(from_="+491510000001", to="modem0", text="x")
        client.close()
    with (tmp_path / "next").open("w+b") as file:  # takes a descriptor that was a terminal's
        await asyncio.sleep(0.05)  # 50 s of the simulator, longer than what was under way
        assert file.read() == b""
