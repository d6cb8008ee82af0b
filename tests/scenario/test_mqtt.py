"""The MQTT bridge with mosquitto: requests, states, Home Assistant's devices, and what happens when the broker goes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.mosquitto import Ear, Mosquitto, broker
from support.rig import Rig, simulated
from support.waiting import until

from gsmgw.config import parse_config
from gsmgw.errors import ConfigError, ModemError
from hw_sim import Simulation

ANNA, BEN = "+4915112345678", "+4915187654321"
BASE = "gsmgw/shop"


def bridge(rig: Rig) -> Any:
    return rig.gateway.bridges.standing["mqtt"]


@asynccontextmanager
async def bridged(
    directory: Path, settings: str = "allow_anonymous true", modems: int = 1, **mqtt: Any
) -> AsyncIterator[tuple[Rig, Simulation, Ear, Mosquitto]]:
    """A gateway with the bridge, a broker, and a client that hears everything."""
    with broker(directory / "broker", settings) as found:
        ear = Ear(found.port)
        section = {"url": f"mqtt://127.0.0.1:{found.port}", "base": BASE, **mqtt}
        try:
            async with simulated(directory, modems=modems, sections={"mqtt": section}) as (sim, rig):
                await rig.until(lambda: ear.at(f"{BASE}/devices") != [])
                await rig.until(lambda: any(each["ready"] for each in ear.at(f"{BASE}/modem/modem0/state")))
                yield rig, sim, ear, found
        finally:
            await asyncio.to_thread(ear.close)


async def said(ear: Ear, topic: str, payload: Any, *, retain: bool = False) -> None:
    await asyncio.to_thread(ear.say, topic, payload, retain=retain)


async def test_a_text_there_and_back(tmp_path: Path) -> None:
    async with bridged(tmp_path) as (rig, sim, ear, _):
        assert (await rig.http.put(f"/v1/contacts/{ANNA}", json={"name": "Anna"})).status_code == 201
        await said(ear, f"{BASE}/send", {"number": "0151 12345678", "message": "Grüße", "ref": "r-1"})
        await rig.until(lambda: [each["event_type"] for each in ear.at(f"{BASE}/outcome")] == ["sent", "delivered"])
        (result,) = ear.at(f"{BASE}/result")
        assert (result["ref"], result["to"], result["replayed"]) == ("r-1", ANNA, False)
        delivered = ear.at(f"{BASE}/outcome")[1]
        assert (delivered["message_id"], delivered["to"], delivered["ref"]) == (result["id"], ANNA, "r-1")
        assert delivered["contact"] == "Anna"
        assert [each.text for each in sim.phone(ANNA).received] == ["Grüße"]
        sim.send(from_=ANNA, to="modem0", text="Danke")
        await rig.until(lambda: ear.at(f"{BASE}/received") != [])
        (received,) = ear.at(f"{BASE}/received")
        assert (received["event_type"], received["from"], received["contact"]) == ("sms", ANNA, "Anna")
        assert (received["text"], received["modem"]) == ("Danke", "modem0")


async def test_the_same_ref_is_sent_once(tmp_path: Path) -> None:
    async with bridged(tmp_path) as (rig, sim, ear, _):
        for text in ("Hi", "Hi", "Other"):
            await said(ear, f"{BASE}/send", {"to": ANNA, "text": text, "ref": "once"})
        await rig.until(lambda: len(ear.at(f"{BASE}/result")) == 3)
        first, second, third = ear.at(f"{BASE}/result")
        assert first["id"] == second["id"]
        assert (first["replayed"], second["replayed"]) == (False, True)
        assert third["error"]["code"] == "client_ref_conflict"
        await rig.until(lambda: len(ear.at(f"{BASE}/outcome")) == 2)
        assert len(sim.phone(ANNA).received) == 1


async def test_equal_texts_without_a_ref_are_two_texts(tmp_path: Path) -> None:
    async with bridged(tmp_path) as (rig, sim, ear, _):
        for _n in range(2):
            await said(ear, f"{BASE}/send", {"to": ANNA, "text": "Alarm"})
            await asyncio.sleep(0.01)  # another millisecond: two presses of a button
        await rig.until(lambda: len(sim.phone(ANNA).received) == 2)


class Forgetful:
    """Between the gateway and the broker: passes everything on but the gateway's PUBACKs, until it is cut."""

    def __init__(self, port: int) -> None:
        self._broker = port
        self.forgets = True
        self.repeats = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._broker)
        self._writers += [writer, far_writer]
        await asyncio.gather(self._pass(reader, far_writer, 0x40), self._pass(far_reader, writer, None))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, but: int | None) -> None:
        """Pass packets on: type and flags, the length in groups of seven bits (MQTT 3.1.1, 2.2.3), the rest.

        Those of the type ``but`` are forgotten: 0x40 is PUBACK.
        """
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                packet = await reader.readexactly(1)
                kind, length, shift = packet[0], 0, 0
                while True:
                    packet += await reader.readexactly(1)
                    length |= (packet[-1] & 0x7F) << shift
                    shift += 7
                    if packet[-1] < 0x80:
                        break
                packet += await reader.readexactly(length)
                self.repeats += kind & 0xF8 == 0x38  # PUBLISH with DUP
                if not (self.forgets and kind == but):
                    writer.write(packet)
        writer.close()

    def cut(self) -> None:
        """End the connections; later ones forget nothing."""
        self.forgets = False
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def close(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("ref", [{}, {"ref": "r-1"}])
async def test_a_request_that_is_delivered_again_is_sent_once(
    tmp_path: Path, version: str, ref: dict[str, str]
) -> None:
    """Its acknowledgement was lost with the connection; without a ref, the broker's mark DUP tells."""
    with broker(tmp_path / "broker") as found:
        ear, proxy = Ear(found.port), Forgetful(found.port)
        section = {"url": f"mqtt://127.0.0.1:{await proxy.start()}", "base": BASE, "version": version}
        proxy.forgets = False
        try:
            async with simulated(tmp_path, modems=1, sections={"mqtt": section}) as (sim, rig):
                await rig.until(lambda: any(each["ready"] for each in ear.at(f"{BASE}/modem/modem0/state")))
                proxy.forgets = True
                await said(ear, f"{BASE}/send", {"to": ANNA, "text": "Alarm", **ref})
                await rig.until(lambda: len(ear.at(f"{BASE}/result")) == 1)
                proxy.cut()
                await rig.until(lambda: len(ear.at(f"{BASE}/result")) == 2)
                assert proxy.repeats >= 1
                first, again = ear.at(f"{BASE}/result")
                assert (again["id"], again["replayed"]) == (first["id"], True)
                # What was published when the connection was cut is published again, with its id.
                await rig.until(lambda: len({each["id"] for each in ear.at(f"{BASE}/outcome")}) == 2)
                assert len(sim.phone(ANNA).received) == 1
        finally:
            proxy.close()
            await asyncio.to_thread(ear.close)


async def test_names_and_groups_are_recipients(tmp_path: Path) -> None:
    async with bridged(tmp_path, notify=[{"name": "The family", "to": "Family"}]) as (rig, sim, ear, _):
        for number, name in ((ANNA, "Anna"), (BEN, "Ben")):
            body = {"name": name, "groups": ["Family"]}
            assert (await rig.http.put(f"/v1/contacts/{number}", json=body)).status_code == 201
        await said(ear, f"{BASE}/notify/the_family", "Door open")
        await said(ear, f"{BASE}/send", {"to": "ben", "text": "Only you"})
        await rig.until(lambda: len(sim.phone(BEN).received) == 2)
        assert [each.text for each in sim.phone(ANNA).received] == ["Door open"]
        await said(ear, f"{BASE}/send", {"to": "Nobody", "text": "x", "ref": "n"})
        await rig.until(lambda: len(ear.at(f"{BASE}/result")) == 4)
        refused = ear.at(f"{BASE}/result")[-1]
        assert refused["error"] == {
            "code": "invalid_number",
            "detail": "to: 'Nobody' is not a number and not the name of a contact or a group",
        }


async def test_only_allowed_recipients_are_texted(tmp_path: Path) -> None:
    options = {"recipients": [ANNA], "notify": [{"name": "Ben", "to": BEN}]}
    async with bridged(tmp_path, **options) as (rig, sim, ear, _):
        await said(ear, f"{BASE}/send", {"to": [ANNA, BEN], "text": "x"})
        await said(ear, f"{BASE}/send", {"to": ANNA, "text": "allowed"})
        await said(ear, f"{BASE}/notify/ben", "configured")
        await rig.until(lambda: len(ear.at(f"{BASE}/result")) == 3)
        assert ear.at(f"{BASE}/result")[0]["error"]["code"] == "forbidden"
        assert BEN in ear.at(f"{BASE}/result")[0]["error"]["detail"]
        await rig.until(lambda: bool(sim.phone(BEN).received))
        assert [each.text for each in sim.phone(BEN).received] == ["configured"]


async def test_who_said_stop_is_not_texted(tmp_path: Path) -> None:
    async with bridged(tmp_path) as (rig, sim, ear, _):
        assert (await rig.http.post("/v1/optouts", json={"number": ANNA, "reason": "by phone"})).status_code < 300
        await said(ear, f"{BASE}/send", {"to": ANNA, "text": "x"})
        await rig.until(lambda: ear.at(f"{BASE}/result") != [])
        assert ear.at(f"{BASE}/result")[0]["error"]["code"] == "recipient_opted_out"
        assert not sim.phone(ANNA).received


async def test_what_is_wrong_is_answered_and_costs_nothing_else(tmp_path: Path) -> None:
    async with bridged(tmp_path) as (rig, sim, ear, _):
        await said(ear, f"{BASE}/send", "not json")
        await said(ear, f"{BASE}/send", {"txet": "x", "ref": "r"})
        await said(ear, f"{BASE}/send", b"\xff\xfe")
        await said(ear, f"{BASE}/notify/nobody", "x")
        await said(ear, f"{BASE}/modem/nothing/reset", "PRESS")
        await said(ear, f"{BASE}/modem/modem0/enabled", "perhaps")
        await said(ear, f"{BASE}/send", {"to": ANNA, "text": "fine"})
        await rig.until(lambda: len(ear.at(f"{BASE}/result")) == 5)
        results = ear.at(f"{BASE}/result")
        assert [each["error"]["code"] for each in results[:4]] == [
            "invalid_json", "invalid_request", "invalid_json", "invalid_request",
        ]  # fmt: skip
        assert results[1]["ref"] == "r"
        await rig.until(lambda: bool(sim.phone(ANNA).received))


async def test_a_retained_request_is_refused(tmp_path: Path) -> None:
    with broker(tmp_path / "broker") as found:
        ear = Ear(found.port)
        try:
            await said(ear, f"{BASE}/send", {"to": ANNA, "text": "again and again", "ref": "old"}, retain=True)
            section = {"url": f"mqtt://127.0.0.1:{found.port}", "base": BASE}
            async with simulated(tmp_path, modems=1, sections={"mqtt": section}) as (sim, rig):
                await rig.until(lambda: ear.at(f"{BASE}/result") != [])
                (refused,) = ear.at(f"{BASE}/result")
                assert "retained" in refused["error"]["detail"]
                assert not sim.phone(ANNA).received
        finally:
            await asyncio.to_thread(ear.close)


async def test_the_answer_goes_where_the_publisher_wants_it(tmp_path: Path) -> None:
    """Response topic and correlation data of MQTT 5 (4.10)."""
    import paho.mqtt.client as paho
    from paho.mqtt.enums import CallbackAPIVersion
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    async with bridged(tmp_path) as (rig, _, ear, found):
        answers: list[Any] = []
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.on_message = lambda _c, _u, m: answers.append((json.loads(m.payload), m.properties.CorrelationData))
        client.connect("127.0.0.1", found.port)
        client.loop_start()
        try:
            client.subscribe("my/answers", 1)
            wanted = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            wanted.ResponseTopic, wanted.CorrelationData = "my/answers", b"\x01\x02"
            client.publish(f"{BASE}/send", json.dumps({"to": ANNA, "text": "x"}), 1, properties=wanted)
            await rig.until(lambda: bool(answers))
            assert answers[0][1] == b"\x01\x02"
            assert answers[0][0] == ear.at(f"{BASE}/result")[0]
            wanted.ResponseTopic = f"{BASE}/send"  # would be a loop
            client.publish(f"{BASE}/send", json.dumps({"to": ANNA, "text": "y"}), 1, properties=wanted)
            await rig.until(lambda: len(ear.at(f"{BASE}/result")) == 2)
        finally:
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)


async def test_home_assistant_controls_a_modem(tmp_path: Path) -> None:
    async with bridged(tmp_path) as (rig, _, ear, _broker):
        await said(ear, f"{BASE}/modem/modem0/enabled", "OFF")
        await rig.modem_is("modem0", "disabled")
        await rig.until(lambda: not ear.at(f"{BASE}/modem/modem0/state")[-1]["enabled"])
        assert ear.at(f"{BASE}/state")[-1]["problem"] == "no modem can send"
        await said(ear, f"{BASE}/modem/modem0/enabled", "ON")
        await rig.modem_is("modem0", "ready")
        await said(ear, f"{BASE}/modem/modem0/reset", "PRESS")
        await rig.until(lambda: ear.at(f"{BASE}/modem/modem0/state")[-1]["ready"])
        assert ear.at(f"{BASE}/modem/modem0/state")[-1]["signal_dbm"] is not None


async def audited(rig: Rig, count: int) -> list[dict[str, Any]]:
    """The commands in the audit log, oldest first, once there are so many."""
    found: list[dict[str, Any]] = []

    async def are_there() -> bool:
        found[:] = [dict(each) async for each in rig.client.audit(who="mqtt")]
        return len(found) >= count

    await until(are_there)
    return found[::-1]


async def test_commands_are_in_the_audit_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bridged(tmp_path) as (rig, _, ear, _broker):
        switch, reset = f"{BASE}/modem/modem0/enabled", f"{BASE}/modem/modem0/reset"
        await said(ear, switch, "OFF")
        await said(ear, switch, "perhaps")
        await said(ear, f"{BASE}/modem/nothing/reset", "PRESS")
        await said(ear, switch, "ON")
        await audited(rig, 3)
        await rig.modem_is("modem0", "ready")
        await said(ear, reset, "PRESS")
        await audited(rig, 4)

        async def refuse(self: object) -> None:
            raise ModemError("refused")

        monkeypatch.setattr(type(rig.gateway.modems["modem0"]), "reset", refuse)
        await said(ear, reset, "PRESS")
        found = await audited(rig, 5)
        assert {(each["who"], each["from"], each["method"]) for each in found} == {("mqtt", "mqtt", "PUBLISH")}
        assert [(each["path"], each["status"], each["detail"]) for each in found] == [
            (switch, 200, {"payload": "OFF"}),
            (switch, 422, {"payload": "perhaps"}),
            (switch, 200, {"payload": "ON"}),
            (reset, 200, {"payload": "PRESS"}),
            (reset, 409, {"payload": "PRESS"}),
        ]


async def test_the_devices_are_announced_again_and_removed(tmp_path: Path) -> None:
    with broker(tmp_path / "broker") as found:
        ear = Ear(found.port)
        section = {"url": f"mqtt://127.0.0.1:{found.port}", "base": BASE}
        topic = "homeassistant/device/gsmgw_shop_modem1/config"
        try:
            async with simulated(tmp_path / "a", modems=2, sections={"mqtt": section}) as (_, rig):
                await rig.until(lambda: bool(ear.at(topic)) and bool(ear.at(topic)[-1]["device"].get("model")))
                assert ear.at(topic)[-1]["device"]["via_device"] == "gsmgw_shop"
                count = len(ear.at(topic))
                await said(ear, "homeassistant/status", "online")
                await rig.until(lambda: len(ear.at(topic)) > count)
            await asyncio.to_thread(_until_heard, ear, f"{BASE}/status", b"offline")
            async with simulated(tmp_path / "b", modems=1, sections={"mqtt": section}) as (_, rig):
                await rig.until(lambda: ear.at(topic)[-1] is None)
            async with simulated(tmp_path / "c", modems=1, sections={"mqtt": {**section, "discovery_prefix": ""}}) as (
                _,
                rig,
            ):
                await rig.until(lambda: ear.at("homeassistant/device/gsmgw_shop/config")[-1] is None)
        finally:
            await asyncio.to_thread(ear.close)


def _until_heard(ear: Ear, topic: str, payload: bytes) -> None:
    from support.processes import until

    until(lambda: any(name == topic and content == payload for name, content, _ in list(ear.heard)))


async def test_a_broker_that_goes_gets_everything_in_order_when_it_is_back(tmp_path: Path) -> None:
    async with bridged(tmp_path) as (rig, sim, ear, found):
        sim.send(from_=ANNA, to="modem0", text="text 0")
        await rig.until(lambda: len(ear.at(f"{BASE}/received")) == 1)
        await asyncio.to_thread(found.kill)
        for number in range(1, 21):
            sim.send(from_=ANNA, to="modem0", text=f"text {number}")
        await rig.event(0, "message.received", where=lambda event: event["data"].get("text") == "text 20")
        await asyncio.to_thread(found.start)
        await rig.until(lambda: len({each["id"] for each in ear.at(f"{BASE}/received")}) == 21)
        ids = [each["id"] for each in ear.at(f"{BASE}/received")]
        assert list(dict.fromkeys(ids)) == sorted(set(ids))
        texts = {each["id"]: each["text"] for each in ear.at(f"{BASE}/received")}
        assert sorted(texts.values()) == sorted(f"text {number}" for number in range(21))


async def test_a_broker_that_does_not_answer_is_told(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1, {"mqtt": {"url": "mqtt://127.0.0.1:9"}}) as (_, rig):  # nobody listens there
        await rig.until(lambda: "refused" in (bridge(rig).trouble or "").lower())
        assert not rig.gateway.supervisor.failures.get("mqtt")


async def test_an_older_broker_and_a_password(tmp_path: Path) -> None:
    """MQTT 3.1.1, and credentials in a file."""
    users = tmp_path / "users"
    users.write_text("gw:secret\near:ear\n")
    await asyncio.to_thread(subprocess.run, ["mosquitto_passwd", "-U", str(users)], check=True)
    users.chmod(0o644)
    password = tmp_path / "password"
    password.write_text("secret\n")
    settings = f"password_file {users}\nallow_anonymous false"
    with broker(tmp_path / "broker", settings) as found:
        section = {
            "url": f"mqtt://127.0.0.1:{found.port}", "base": BASE, "version": "3.1.1", "username": "gw",
            "password_file": str(password),
        }  # fmt: skip
        async with simulated(tmp_path, modems=1, sections={"mqtt": section}) as (_, rig):
            await rig.until(lambda: bridge(rig).trouble is None)
        password.write_text("wrong\n")
        async with simulated(tmp_path / "2", modems=1, sections={"mqtt": section}) as (_, rig):
            await rig.until(lambda: "refused" in (bridge(rig).trouble or ""))
            assert "authori" in (bridge(rig).trouble or "").lower()


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ('url = "http://x"', 'must be "mqtt://host:1883"'),
        ('url = "mqtt://user:secret@x"', "use username and password_file"),
        ('url = "mqtt://x"\npassword_file = "/x"', "password_file needs username"),
        ('url = "mqtt://x"\nbase = "a/#"', "without spaces and wildcards"),
        (
            'url = "mqtt://x"\n[[mqtt.notify]]\nname = "A"\nto = "1"\n[[mqtt.notify]]\nname = "a"\nto = "2"',
            "used twice",
        ),
        ('ulr = "mqtt://x"', "did you mean 'url'"),
    ],
)
def test_a_configuration_that_is_not_valid(section: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(f"[mqtt]\n{section}\n", "gsmgw.toml")
    assert words in str(caught.value)


async def test_a_bridge_that_is_switched_off_keeps_no_events(tmp_path: Path) -> None:
    state = tmp_path / "state"
    for number, section in enumerate(({}, {"url": "mqtt://127.0.0.1:9"}, {})):  # nobody listens there
        sections = {"mqtt": section}
        async with simulated(tmp_path / f"{number}", 1, sections, state_dir=state) as (_, rig):
            if section:
                await rig.until(lambda: bridge(rig).trouble != "not connected yet")
            kept = await rig.gateway.store.read(
                lambda db: db.execute("SELECT count(*) FROM cursors WHERE name = 'mqtt'").fetchone()
            )
            assert kept == (len(section),)
