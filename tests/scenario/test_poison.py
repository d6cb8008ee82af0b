"""One running gateway whose entrances are poisoned in turn; ordinary messages go both ways after each of them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import sqlite3
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from storm.run import ODD_BODIES, ODD_VALUES, STRANGER
from support.poison import drop, odd_tpdus
from support.receiver import Receiver, receiving
from support.rig import Rig, make_config, running
from support.waiting import GENEROUS_S

from gsmgw.http.server import bind_tcp
from gsmgw.http.tls import Certificates
from hw_sim import Simulation

ANNA = "+4915112345671"
PEM = Path(__file__).parents[1] / "support" / "tls" / "receiver.pem"
SID, AUTH = "AC" + "0123456789abcdef" * 2, "a-token-of-the-account"
#: Lines of a modem that is out of its mind. None of them is more than its budget allows.
ODD_LINES = (
    b'\r\n+CMTI: "SM",99999999999999999999\r\n',
    b"\r\n+CMTI: ,,,,,\r\n",
    b'\r\n+CMTI: "\xff",\xb2\r\n',
    b"\r\n+CMT:\r\n",
    b"\r\n+CMT: ,99999\r\n00\r\n",
    b"\r\n+CDS: x\r\nZZ\r\n",
    b"\r\n+CMT: ,24\r\n" + b"F" * 7000 + b"\r\n",
    b"\r\n+CDS: 0\r\n00\r\n",
    b"\r\n+CREG: \xb2,\xb3\r\n",
    b"\r\n+CREG: 99999999\r\n",
    b'\r\n+CUSD: 2,""",,,"\r\n',
    b'\r\n+CUSD: 0,"D83D",72\r\n',
    b'\r\n+CLIP: "\xd9\xa1",145,,,,\r\n\r\nRING\r\n',
    b"\r\n+CPIN: \r\n",
    b"\r\n> \r\n",
    b"\r\nOK\r\n",
    b"\r\nERROR\r\n",
    b"\r\n+CMGS: 999\r\n",
    b"\r\n+CMS ERROR: \xb2\r\n",
    b"\0" * 2000,
    b"\r" * 2000,
    b"A" * 20000 + b"\r\n",
    b"\x1b[2J\x1a\x1b\r\n",
    b"AT+CMGS=1\r",
    b"\r\n+CSQ: -1,,,\r\n",
    b"\r\n+CBM: 88\r\n\r\n+CBM: 88\r\n",
)


@dataclass
class House:
    """The gateway with all its doors, a modem that behaves and one that does not always."""

    rig: Rig
    sim: Simulation
    directory: Path
    url: str
    token: str
    receiver: Receiver
    http: httpx.AsyncClient
    certificate: Path
    count: int = 0

    async def well(self) -> None:
        """An ordinary message goes out through each modem, and one comes in."""
        after = self.rig.gateway.feed.last_id
        self.count += 1
        for modem in ("modem0", "modem1"):
            await self.rig.until(lambda name=modem: self.rig.gateway.modems[name].status.state.carries, 60)  # type: ignore[misc]
            sent = await self.rig.client.send(ANNA, f"ordinary {self.count} {modem}", modem=modem)
            async with asyncio.timeout(60):
                async for event in self.rig.client.events(after, types=["message.delivered"]):
                    if event["message_id"] == sent["id"]:
                        break
            text = f"in {self.count} {modem}"
            self.sim.send(from_=ANNA, to=modem, text=text)
            async with asyncio.timeout(60):
                async for event in self.rig.client.events(after, types=["message.received"]):
                    if (await self.rig.client.message(event["message_id"]))["text"] == text:
                        break
        assert not any(self.rig.gateway.supervisor.failures.values())
        got = [message.text for message in self.sim.phone(ANNA).received]
        assert sorted(got) == sorted(
            f"ordinary {n} {modem}" for n in range(1, self.count + 1) for modem in ("modem0", "modem1")
        )


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    certificate = tmp_path / "server.pem"
    shutil.copy(PEM, certificate)
    compat = {"kannel": True, "smsgate": True, "twilio": True, "twilio_account_sid": SID, "twilio_auth_token": AUTH}
    sections = {"compat": compat, "webhooks": {"allow": ["http", "loopback"]}}
    listener = bind_tcp("127.0.0.1:0")
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim, receiving() as receiver:
        ports = {f"modem{n}": (await sim.add_modem(f"modem{n}")).path for n in range(2)}
        certificates = Certificates(certificate, certificate)
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        async with (
            running(make_config(tmp_path, ports, sections), listener, certificates) as rig,
            httpx.AsyncClient(base_url=url, verify=False, timeout=GENEROUS_S) as http,
        ):
            body = {"name": "door", "scopes": ["send", "read", "manage"]}
            token = (await rig.client.request("POST", "/v1/tokens", json=body))["token"]
            await rig.client.request("POST", "/v1/webhooks", json={"url": receiver.url})
            yield House(rig, sim, tmp_path, url, token, receiver, http, certificate)


async def api(house: House) -> None:
    bearer = {"Authorization": f"Bearer {house.token}", "Content-Type": "application/json"}
    for path in ("messages", "messages/batch", "messages/preview", "webhooks", "tokens"):
        for body in ODD_BODIES:
            answer = await house.http.post(f"/v1/{path}", content=body, headers=bearer)
            assert answer.status_code < 500, (path, body, answer.text)
    for query in ("status=%00", "cursor=%ff", "q=%22%22%22", "limit=١", "after=9" * 20):
        assert (await house.http.get(f"/v1/messages?{query}", headers=bearer)).status_code < 500


async def doors(house: House) -> None:
    odd = ("١٢٣٤", "１２３４５", "", "-1", "\0", "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"), "+" * 50)
    for value in odd:
        query = {"username": "door", "password": house.token, "to": value, "text": value}
        for more in (
            {},
            {"coding": "9"},
            {"udh": "%zz"},
            {"dlr-url": "x:" + value},
            {"charset": value},
            {"deferred": "9" * 30},
        ):
            assert (await house.http.get("/cgi-bin/sendsms", params={**query, **more})).status_code < 500
        for body in ({"phoneNumbers": [value], "textMessage": {"text": value}}, {"phoneNumbers": value}, [value]):
            answer = await house.http.post("/3rdparty/v1/messages", json=body, auth=("door", house.token))
            assert answer.status_code < 500
        form = {"To": value, "From": value, "Body": value, "StatusCallback": value}
        answer = await house.http.post(f"/2010-04-01/Accounts/{SID}/Messages.json", data=form, auth=(SID, AUTH))
        assert answer.status_code < 500


async def air(house: House) -> None:
    chance = random.Random(7)
    for _ in range(60):
        for tpdu in odd_tpdus(chance, STRANGER, datetime.now(UTC)):
            modem = house.sim.modems[chance.choice(("modem0", "modem1"))]
            async with asyncio.timeout(60):
                while not drop(modem, tpdu):  # noqa: ASYNC110 - a full storage has no event to wait for
                    await asyncio.sleep(0.02)


async def certificates(house: House) -> None:
    house.certificate.write_bytes(b"-----BEGIN CERTIFICATE-----\nnonsense\n")
    async with httpx.AsyncClient(base_url=house.url, verify=False) as http:
        assert (await http.get("/health/live")).status_code in (200, 401)
    house.certificate.unlink()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with httpx.AsyncClient(base_url=house.url, verify=context) as http:
        assert (await http.get("/health/live")).status_code in (200, 401)


async def rows(house: House) -> None:
    def spoil() -> None:
        chance = random.Random(3)
        with contextlib.closing(sqlite3.connect(house.directory / "state" / "gsmgw.db", timeout=10)) as db:
            for table in ("messages", "parts", "reports", "events") * 40:
                columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                row = db.execute(f"SELECT * FROM {table} ORDER BY random() LIMIT 1").fetchone()
                if row is None:
                    continue
                values = dict(zip(columns, row, strict=True))
                if table == "messages":
                    values |= {"id": values["id"] - chance.randrange(1, 10**6), "peer": STRANGER, "text": "broken"}
                else:
                    values.pop("id", None)
                for name in chance.sample(sorted(values.keys() - {"id"}), 2):
                    values[name] = chance.choice(ODD_VALUES)
                marks = ", ".join("?" * len(values))
                with contextlib.suppress(sqlite3.Error), db:
                    db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))

    await asyncio.to_thread(spoil)
    for path in ("messages", "conversations", "events?after=0&wait=0", "stats", "modems"):
        with contextlib.suppress(httpx.ReadTimeout):
            answer = await house.http.get(f"/v1/{path}", headers={"Authorization": f"Bearer {house.token}"}, timeout=2)
            assert answer.status_code < 500, (path, answer.text)


async def webhooks(house: House) -> None:
    answers: tuple[Any, ...] = (
        500, "cut", (302, {"Location": "http://169.254.169.254/"}), (429, {"Retry-After": "x" * 500}),
        (503, {"Retry-After": "-1"}), (200, {"Content-Encoding": "gzip"}), (204, {"Content-Length": "99999999999"}),
        999, 100,
    )  # fmt: skip
    house.receiver.script.extend(answers)
    for _ in answers:
        await house.rig.client.request("POST", "/v1/webhooks", json={"url": house.receiver.url})
        house.sim.send(from_=STRANGER, to="modem0", text="told of")
        await asyncio.sleep(0.05)  # one at a time, so that each gets its answer of the script


async def lines(house: House) -> None:
    port = house.sim.modems["modem1"].urc_port
    for line in ODD_LINES * 3:
        port.emit(line)
        await asyncio.sleep(0.01)  # each line is read by itself


async def a_flood(house: House) -> None:
    house.sim.modems["modem1"].fault("babble", bytes_s=200_000, text="RING")
    await house.rig.until(lambda: house.rig.gateway.modems["modem1"].status.state.value == "quarantined", 60)
    house.sim.modems["modem1"].faults.clear()
    await house.rig.gateway.modems["modem1"].reset()


ENTRANCES: tuple[Callable[[House], Awaitable[None]], ...] = (
    api, doors, air, certificates, rows, webhooks, lines, a_flood
)  # fmt: skip


async def test_each_entrance_is_poisoned_and_the_rest_goes_on(house: House) -> None:
    await house.well()
    for poison in ENTRANCES:
        await poison(house)
        await house.well()
