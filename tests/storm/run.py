"""Poison from all sides among ordinary traffic on four modems; what it did to the traffic, the loop, the log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from support.poison import drop, odd_tpdus

from gsmgw.client import ApiError, AsyncClient, NoDaemon
from gsmgw.client.options import no_tls
from hw_sim import RpError, Simulation

MODEMS = ("m0", "m1", "m2", "m3")
#: Those that have faults; the others carry what these cannot.
HOSTILE = ("m2", "m3")
PHONES = tuple(f"+4915112345{number:03d}" for number in range(40))
STRANGER = "+4915700000000"
#: Faults that leave evidence of what went, with their options. Those that only lie are tried elsewhere.
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("babble", {}),
    ("babble", {"text": '+CUSD: 0,"hello {n}",15'}),
    ("babble", {"text": "+CDS: 26\\n00{n}"}),
    ("babble", {"text": "RING\\nNO CARRIER"}),
    ("babble", {"text": "+CREG: 1\\n+CREG: 2"}),
    ("babble", {"form": "binary"}),
    ("babble", {"form": "unended"}),
    ("only-ok", {}),
    ("mirror", {}),
    ("nmea", {}),
    ("hang", {}),
    ("vanish", {}),
    ("network-lost", {}),
    ("cms-500", {}),
    ("urc-storm", {"every_s": 0.005}),
    ("split", {}),
    ("merge", {}),
    ("slow", {"seconds": 0.5}),
    ("storage-full", {}),
    ("prompt-missing", {}),
    ("lost-result", {}),
    ("cme-14", {}),
)
#: Bodies of requests that nobody should send; each is refused or taken, and never an internal error.
ODD_BODIES: tuple[bytes, ...] = (
    '{"to": "١٢٣٤", "text": "x"}'.encode(),
    '{"to": "１２３４５", "text": "x"}'.encode(),
    b'{"to": "+4915112345000", "text": "\\ud83d"}',
    b'{"to": "+4915112345000", "text": 7}',
    b'{"to": ["+49"], "text": null}',
    b'{"to": "+4915112345000", "text": "x", "send_at": "9999-12-31T23:59:59Z"}',
    b"[" * 2000,
    b"\xff\xfe{",
    b'{"to": "+4915112345000", "data": "zz", "port": 99999}',
    b'{"to": "-1", "text": "x"}',
)
#: Values for columns of rows that nobody wrote.
ODD_VALUES: tuple[object, ...] = (None, "", "{", "null", -1, 2**62, b"\xff\x00", "x" * 5000, 1.5)


@dataclass
class Outcome:
    """Result of a storm."""

    seconds: float = 0.0
    sent: int = 0
    received: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    inbound_lost: list[str] = field(default_factory=list)
    inbound_twice: list[str] = field(default_factory=list)
    log_bytes: int = 0
    died: bool = False
    internal_errors: list[str] = field(default_factory=list)
    poison: Counter[str] = field(default_factory=Counter)
    restarts: dict[str, int] = field(default_factory=dict)
    loop: dict[str, Any] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        """Return the faults in words. The caller judges how long the loop was held."""
        found = [
            f"{name}: {value[:5]} ({len(value)})"
            for name in ("lost", "twice", "inbound_lost", "inbound_twice", "internal_errors")
            if (value := getattr(self, name))
        ]
        if self.died:
            found.append("the process ended")
        if self.log_bytes >= 1_000_000:
            found.append(f"the log has {self.log_bytes} bytes")
        return found + [f"task {task} failed {count} times" for task, count in self.restarts.items() if count]


class Storm:
    """One storm over one gateway, which is a process of its own."""

    def __init__(self, directory: Path, seconds: float, seed: int, grace_s: float) -> None:
        self.directory, self.seconds, self.grace_s = directory, seconds, grace_s
        self.chance = random.Random(seed)
        self.outcome = Outcome(seconds)
        self.socket = directory / "gsmgw.sock"
        self.database = directory / "state" / "gsmgw.db"
        self.orders = directory / "full"
        self.report = directory / "loop.json"
        self.log = directory / "gateway.log"
        self.inbound: set[str] = set()
        self.outbound: set[str] = set()
        self.over = False

    def configure(self, ports: dict[str, str]) -> Path:
        """Write the configuration."""
        modems = "\n".join(
            f'[[modem]]\nname = "{name}"\nport = "{port}"\nreports = "stored"' for name, port in ports.items()
        )
        path = self.directory / "gsmgw.toml"
        path.write_text(
            f'[gateway]\nstate_dir = "{self.directory}/state"\nsocket = "{self.socket}"\ncountry = "DE"\n'
            f"unknown_grace_s = {self.grace_s:g}\n[modems]\ndiscover = false\n{modems}\n"
        )
        return path

    async def go(self) -> Outcome:
        """Storm, let it calm down, and count."""
        async with Simulation(seed=1, directory=self.directory / "tty") as sim:
            ports = {name: (await sim.add_modem(name)).path for name in MODEMS}
            config = self.configure(ports)
            with self.log.open("wb") as log:
                script = str(Path(__file__).with_name("watched.py"))
                child = await asyncio.create_subprocess_exec(
                    sys.executable, script, str(self.report), str(self.orders), str(config), stdout=log, stderr=log
                )
            try:
                async with AsyncClient(self.socket) as client:
                    await self._until(lambda: self._ready(client), 60)
                    await self._rage(sim, client)
                    await self._calm(sim, client)
                    stats = await client.request("GET", "/v1/stats")
                    self.outcome.restarts = stats["task_failures"]
                self.outcome.died = child.returncode is not None
            finally:
                if child.returncode is None:
                    child.send_signal(signal.SIGTERM)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(child.wait(), 30)
                if child.returncode is None:
                    child.kill()
                    await child.wait()
        self.outcome.log_bytes = self.log.stat().st_size
        if self.report.exists():
            self.outcome.loop = json.loads(self.report.read_text())
        return self.outcome

    async def _until(self, condition: Callable[[], Awaitable[bool]], timeout_s: float) -> bool:
        ends = time.monotonic() + timeout_s
        while not await condition():
            if time.monotonic() >= ends:
                return False
            await asyncio.sleep(0.1)
        return True

    async def _ready(self, client: AsyncClient) -> bool:
        with contextlib.suppress(NoDaemon, ApiError):
            return all(modem["state"] == "ready" for modem in await client.modems())
        return False

    # -- the storm ----------------------------------------------------------------------------------------------

    async def _rage(self, sim: Simulation, client: AsyncClient) -> None:
        async with asyncio.TaskGroup() as group:
            for course in (
                self._send(client),
                self._receive(sim),
                self._odd_air(sim),
                self._odd_requests(),
                self._faults(sim),
                self._rows(),
                self._disk(),
            ):
                group.create_task(course)
            await asyncio.sleep(self.seconds)  # the storm
            self.over = True

    async def _send(self, client: AsyncClient) -> None:
        number = 0
        while not self.over:
            text, number = f"ordinary {number}", number + 1
            if number % 7 == 0:
                text += " long" * 60
            while True:  # until it is accepted: with its key it cannot be accepted twice
                try:
                    await client.send(PHONES[number % len(PHONES)], text, key=f"storm {number}")
                except ApiError as exc:
                    if exc.status == 500:
                        self.outcome.internal_errors.append(str(exc))
                    if exc.status < 500:
                        raise
                except NoDaemon:
                    if self.outcome.died:
                        raise
                else:
                    break
                await asyncio.sleep(0.5)  # before the next attempt
            self.outbound.add(text)
            await asyncio.sleep(0.25)  # four texts a second

    async def _receive(self, sim: Simulation) -> None:
        number = 0
        while not self.over:
            text, number = f"inbound {number}", number + 1
            with contextlib.suppress(RpError):
                sim.send(from_=PHONES[number % len(PHONES)], to=MODEMS[number % 2], text=text)
                self.inbound.add(text)
            await asyncio.sleep(0.5)  # two texts a second

    async def _odd_air(self, sim: Simulation) -> None:
        while not self.over:
            modem = sim.modems[self.chance.choice(MODEMS)]
            for tpdu in odd_tpdus(self.chance, STRANGER, datetime.now(UTC)):
                self.outcome.poison["PDU"] += drop(modem, tpdu)
            await asyncio.sleep(0.3)  # odd texts are about as many as ordinary ones

    async def _odd_requests(self) -> None:
        transport = httpx.AsyncHTTPTransport(uds=str(self.socket), verify=no_tls())
        async with httpx.AsyncClient(transport=transport, base_url="http://gsmgw", timeout=30) as http:
            while not self.over:
                body = self.chance.choice(ODD_BODIES)
                path = self.chance.choice(
                    ("/v1/messages", "/v1/messages/batch", "/v1/messages/preview", "/v1/webhooks")
                )
                self.outcome.poison["request"] += 1
                with contextlib.suppress(httpx.TransportError):
                    answer = await http.post(path, content=body, headers={"Content-Type": "application/json"})
                    if answer.status_code == 500:
                        self.outcome.internal_errors.append(f"{path} {body[:60]!r}: {answer.text[:200]}")
                await asyncio.sleep(0.4)  # the odd ones leave time for the ordinary ones

    async def _faults(self, sim: Simulation) -> None:
        while not self.over:
            kind, options = self.chance.choice(FAULTS)
            lasts_s = self.chance.uniform(0.5, min(8.0, self.seconds / 4))
            sim.modems[self.chance.choice(HOSTILE)].fault(kind, for_s=lasts_s, **options)
            self.outcome.poison[f"fault {kind}"] += 1
            await asyncio.sleep(self.chance.uniform(0.5, 4.0))  # faults follow and overlap

    async def _rows(self) -> None:
        """Copies of rows with odd values; rows of ordinary messages stay as they are."""
        while not self.over:
            await asyncio.sleep(min(3.0, self.seconds / 8))  # several in each storm
            await asyncio.to_thread(self._spoil)

    def _spoil(self) -> None:
        table = self.chance.choice(("messages", "parts", "reports", "events"))
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(self.database, timeout=2)) as db,
            db,
        ):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            row = db.execute(f"SELECT * FROM {table} ORDER BY random() LIMIT 1").fetchone()
            if row is None:
                return
            values = dict(zip(columns, row, strict=True))
            if table == "messages":
                values["id"] -= self.chance.randrange(1, 10**6)
                values["peer"] = STRANGER
                values["text"] = "broken"
            else:
                values.pop("id", None)
            for name in self.chance.sample(sorted(values.keys() - {"id"}), 2):
                values[name] = self.chance.choice(ODD_VALUES)
            marks = ", ".join("?" * len(values))
            db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
            self.outcome.poison[f"row of {table}"] += 1

    async def _disk(self) -> None:
        for _ in range(2):
            await asyncio.sleep(self.seconds / 4)  # twice in each storm
            self.orders.touch()
            self.outcome.poison["full disk"] += 1
            await asyncio.sleep(min(20.0, self.seconds / 10))  # so long it is full
            self.orders.unlink()

    # -- the calm -----------------------------------------------------------------------------------------------

    def _copies(self, sim: Simulation) -> Counter[str]:
        return Counter(message.text for number in PHONES for message in sim.phone(number).received if message.text)

    async def _inbox(self, client: AsyncClient) -> Counter[str]:
        found: Counter[str] = Counter()
        async for message in client.messages(direction="inbound"):
            if (message.get("text") or "").startswith("inbound "):
                found[message["text"]] += 1
        return found

    async def _calm(self, sim: Simulation, client: AsyncClient) -> None:
        for modem in sim.modems.values():
            modem.faults.clear()

        async def all_there() -> bool:
            await asyncio.sleep(0.4)  # between two looks: they read all texts
            return not self.outbound - set(self._copies(sim)) and not self.inbound - set(await self._inbox(client))

        await self._until(all_there, 150 + 2 * self.grace_s)
        await asyncio.sleep(2)  # one that goes twice may be on its way
        outcome, copies, inbox = self.outcome, self._copies(sim), await self._inbox(client)
        outcome.sent, outcome.received = len(self.outbound), len(self.inbound)
        outcome.lost = sorted(self.outbound - set(copies))
        outcome.twice = sorted(text for text, count in copies.items() if count > 1 and text in self.outbound)
        outcome.inbound_lost = sorted(self.inbound - set(inbox))
        outcome.inbound_twice = sorted(text for text, count in inbox.items() if count > 1)


async def storm(directory: Path, seconds: float, seed: int = 1, grace_s: float = 30.0) -> Outcome:
    """Run one storm below a directory."""
    return await Storm(directory, seconds, seed, grace_s).go()


def seconds_wanted(default: float) -> float:
    """How long it is to last, by the environment."""
    return float(os.environ.get("GSMGW_STORM_SECONDS", default))
