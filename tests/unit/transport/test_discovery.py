"""Sticks found in a sysfs that is laid out as the kernel does, and asked over pseudo-terminals."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from support.modems import ScriptedPort
from support.waiting import until

from gsmgw.clock import SystemClock
from gsmgw.config import Config, ModemSection
from gsmgw.modem.finder import Finder, probe
from gsmgw.ports import Opener
from gsmgw.store import Store, modem_names
from gsmgw.transport.discovery import Hotplug, Stick, TtyPort, problems, rivals, scan, second_port
from gsmgw.transport.usb import reauthorise, usb_interface, usb_path


def plug(sys: Path, usb: str, identity: str, interfaces: dict[int, tuple[str, str]], devnum: str = "5") -> Path:
    """A USB device with a tty on some interfaces: number -> (tty, bInterfaceProtocol)."""
    device = sys / "devices" / "pci0000:00" / "usb1" / usb
    device.mkdir(parents=True)
    vendor, product = identity.split(":")
    for name, value in (("idVendor", vendor), ("idProduct", product), ("devnum", devnum), ("product", "Stick")):
        (device / name).write_text(f"{value}\n")
    (device / "authorized").write_text("1\n")
    devices = sys / "bus" / "usb" / "devices"
    devices.mkdir(parents=True, exist_ok=True)
    (devices / usb).symlink_to(device)
    classes = sys / "class" / "tty"
    classes.mkdir(parents=True, exist_ok=True)
    for number, (tty, protocol) in interfaces.items():
        interface = device / f"{usb}:1.{number}"
        node = interface / tty / "tty" / tty
        node.mkdir(parents=True)
        (interface / "bInterfaceProtocol").write_text(f"{protocol}\n")
        (node / "device").symlink_to(interface / tty)
        (classes / tty).symlink_to(node)
    return device


def test_ttys_are_grouped_by_stick_and_ordered_by_what_is_known(tmp_path: Path) -> None:
    plug(tmp_path, "1-1.3", "2c7c:0125", {n: (f"ttyUSB{n + 4}", "ff") for n in range(4)})
    plug(tmp_path, "1-1.2", "12d1:1c05", {0: ("ttyUSB0", "01"), 1: ("ttyUSB1", "05"), 2: ("ttyUSB2", "02")})
    plug(tmp_path, "2-1", "067b:2303", {0: ("ttyUSB9", "00")})
    (tmp_path / "class" / "tty" / "ttyS0").mkdir()
    (tmp_path / "class" / "tty" / "tty0").mkdir()
    huawei, quectel, cable = scan(tmp_path)
    assert (huawei.usb, huawei.identity) == ("1-1.2", "12d1:1c05")
    assert huawei.candidates() == ["/dev/ttyUSB2", "/dev/ttyUSB0", "/dev/ttyUSB1"], "PCUI first, GPS last"
    assert quectel.candidates() == ["/dev/ttyUSB6", "/dev/ttyUSB7"], "diagnostics and GPS are never touched"
    assert huawei.is_modem
    assert not cable.is_modem
    found = [huawei, quectel, cable]
    assert second_port("/dev/ttyUSB6", found) == "/dev/ttyUSB7"
    assert second_port("/dev/ttyUSB7", found) == "/dev/ttyUSB6"
    for without in ("/dev/ttyUSB4", "/dev/ttyUSB2", "/dev/ttyUSB9", "/dev/ttyACM0"):
        assert second_port(without, found) is None


@pytest.mark.parametrize(
    ("identity", "primary"),
    [
        ("12d1:1001", 2),
        ("12d1:140c", 3),
        ("12d1:1003", 1),
        ("19d2:0031", 3),
        ("19d2:0117", 2),
        ("1e0e:9001", 2),
        ("1e0e:9011", 4),
        ("1e0e:9100", 3),
        ("2c7c:0125", 2),
        ("1bc7:1003", 0),
        ("1bc7:1031", 1),
        ("1bc7:1040", 4),
        ("1e2d:005b", 0),
        ("1e2d:0061", 2),
        ("1199:9071", 3),
        ("05c6:908b", 1),
    ],
)
def test_the_primary_port(identity: str, primary: int) -> None:
    stick = Stick("1-1", identity, "", "x", tuple(TtyPort(f"/dev/ttyUSB{n}", n) for n in range(7)))
    assert stick.candidates()[0] == f"/dev/ttyUSB{primary}"


def test_satellite_receivers_and_dead_firmware_are_no_modems() -> None:
    for identity in ("1546:01a8", "05c6:9008"):
        assert not Stick("1-1", identity, "", "x", ()).is_modem


def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", "12d1:1446", {})
    plug(tmp_path, "1-2", "05c6:9008", {})
    first, second = problems(tmp_path)
    assert "usb-modeswitch" in first
    assert "emergency" in second


def test_other_programs_that_are_in_the_way_are_named(tmp_path: Path) -> None:
    for number, name in (("1", "systemd"), ("77", "ModemManager")):
        (tmp_path / number).mkdir()
        (tmp_path / number / "comm").write_text(f"{name}\n")
    (sentence,) = rivals(tmp_path)
    assert "70-gsmgw.rules" in sentence


async def test_the_usb_device_behind_a_tty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.transport.usb.OFF_S", 0.0)
    device = plug(tmp_path, "1-1.3", "2c7c:0125", {2: ("ttyUSB6", "ff")})
    assert usb_path("/dev/ttyUSB6", tmp_path) == "1-1.3"
    assert usb_interface("/dev/ttyUSB6", tmp_path) == 2
    assert usb_path("/dev/pts/1", tmp_path) is None
    assert await reauthorise("1-1.3", tmp_path)
    assert (device / "authorized").read_text() == "1"
    assert not await reauthorise("9-9", tmp_path)


async def test_a_probe_is_careful() -> None:
    port = ScriptedPort({"AT": "OK", "AT+CGSN": "350000000000014|OK"})
    assert await probe(port.open, SystemClock()) == (True, "350000000000014")
    assert set(port.lines) <= {"", "AT", "AT+CGSN"}
    assert port.closed
    silent = ScriptedPort()
    silent.mute = True
    assert await probe(silent.open, SystemClock()) == (False, None)


class Bus:
    """Sticks that come and go, each port a scripted one."""

    def __init__(self) -> None:
        self.sticks: list[Stick] = []
        self.ports: dict[str, ScriptedPort] = {}

    def plug(self, usb: str, imei: str, first: int, identity: str = "2c7c:0125", plugged: str = "") -> None:
        nodes = tuple(TtyPort(f"/dev/ttyUSB{first + n}", n) for n in range(4))
        self.sticks.append(Stick(usb, identity, "Stick", plugged or f"{usb}@{first}", nodes))
        for port in nodes:
            answers = {"AT": "OK", "AT+CGSN": f"{imei}|OK"} if port.interface == 2 else {}
            self.ports[port.node] = ScriptedPort(answers)
            self.ports[port.node].mute = not answers

    def opener(self, node: str) -> Opener:
        return self.ports[node].open


def finder(bus: Bus, new: list[ModemSection], **config: object) -> Finder:
    return Finder(
        Config.model_validate(config), SystemClock(), new.append, look=lambda: bus.sticks, make_opener=bus.opener
    )


async def test_a_known_stick_needs_no_configuration_and_keeps_its_name_wherever_it_is_plugged() -> None:
    bus, new = Bus(), list[ModemSection]()
    bus.plug("1-1.3", "350000000000014", 0)
    bus.plug("1-1.4", "350000000000022", 4)
    found = finder(bus, new)
    assert await found.refresh()
    assert [section.name for section in new] == ["modem-000014", "modem-000022"]
    match = new[0].match
    assert match is not None
    assert found.locate(match) == "/dev/ttyUSB2"
    bus.sticks.pop(0)
    await found.refresh()
    assert found.locate(match) is None
    bus.plug("2-1", "350000000000014", 8)
    await found.refresh()
    assert found.locate(match) == "/dev/ttyUSB10"
    assert len(new) == 2
    assert bus.ports["/dev/ttyUSB0"].opened == 0, "the diagnostics port was left alone"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_sticks_with_the_same_last_digits_have_names_of_their_own_that_stay(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    """Whichever is plugged in first, today and after a restart."""
    store = await Store.open(tmp_path / "gsmgw.db")

    async def name_of(stick: str, candidates: Sequence[str], taken: Collection[str]) -> str:
        return await store.write(lambda tx: modem_names.name_of(tx, stick, candidates, taken))

    imeis = ("350000000000014", "351111110000014")
    named: list[dict[str, str]] = []
    for plugged in (order, (0, 1), (1, 0)):
        bus, new = Bus(), list[ModemSection]()
        found = Finder(
            Config(), SystemClock(), new.append, name_of=name_of, look=lambda b=bus: b.sticks, make_opener=bus.opener
        )
        for place, number in enumerate(plugged):
            bus.plug(f"1-{place + 1}", imeis[number], 4 * place)
            await found.refresh()
        named.append({str(section.match and section.match.imei): section.name for section in new})
    assert named[0] == named[1] == named[2]
    assert named[0][imeis[order[0]]] == "modem-000014"
    assert named[0][imeis[order[1]]] == "modem-00000014" if order == (1, 0) else "modem-10000014"
    await store.close()


async def test_copies_with_the_same_imei_are_told_by_their_plugs() -> None:
    bus, new = Bus(), list[ModemSection]()
    bus.plug("1-1", "350000000000014", 0)
    bus.plug("1-2", "350000000000014", 4)
    found = finder(bus, new)
    await found.refresh()
    assert sorted(section.name for section in new) == ["modem-000014", "usb-1-2"]
    assert {found.locate(section.match) for section in new if section.match} == {"/dev/ttyUSB2", "/dev/ttyUSB6"}


async def test_a_name_of_the_configuration_is_not_given_to_another_stick() -> None:
    bus, new = Bus(), list[ModemSection]()
    bus.plug("1-1", "350000000000014", 0)
    await finder(bus, new, modem=[{"name": "modem-000014", "port": "/dev/ttyS9"}]).refresh()
    assert [section.name for section in new] == ["modem-00000014"]


async def test_configured_modems_are_found_by_imei_and_by_plug_and_not_announced() -> None:
    bus, new = Bus(), list[ModemSection]()
    bus.plug("1-1.3", "350000000000014", 0)
    bus.plug("1-1.4", "350000000000022", 4)
    modems = [
        {"name": "a", "match": {"imei": "350000000000022"}},
        {"name": "b", "match": {"usb": "1-1.3"}},
    ]
    found = finder(bus, new, modem=modems)
    await found.refresh()
    where = [found.locate(ModemSection.model_validate(modem).match) for modem in modems]  # type: ignore[arg-type]
    assert where == ["/dev/ttyUSB6", "/dev/ttyUSB2"]
    assert new == []


async def test_a_stick_with_a_configured_port_is_not_touched() -> None:
    bus, new = Bus(), list[ModemSection]()
    bus.plug("1-1.3", "350000000000014", 0)
    found = finder(bus, new, modem=[{"name": "a", "port": "/dev/ttyUSB3"}])
    assert await found.refresh()
    assert new == []
    assert all(port.opened == 0 for port in bus.ports.values())


async def test_strangers_are_not_asked_and_nothing_is_when_discovery_is_off() -> None:
    bus, new = Bus(), list[ModemSection]()
    bus.plug("1-1.3", "350000000000014", 0, identity="067b:2303")
    assert await finder(bus, new).refresh()
    bus.plug("1-1.4", "350000000000022", 4)
    assert await finder(bus, new, modems={"discover": False}).refresh()
    assert new == []
    assert all(port.opened == 0 for port in bus.ports.values())


async def test_hotplug_can_be_listened_to_or_says_that_it_cannot() -> None:
    hotplug = Hotplug(lambda: None)
    hotplug.start()
    assert isinstance(hotplug.works, bool)
    hotplug.stop()


async def test_the_finder_runs_until_cancelled() -> None:
    bus, new = Bus(), list[ModemSection]()
    bus.plug("1-1.3", "350000000000014", 0)
    found = finder(bus, new)
    task = asyncio.ensure_future(found.run())
    await until(lambda: bool(new))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
