"""One modem of the simulator over a real pseudo-terminal: start, send, receive, reports, loss and return."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.modems import PHONE, Sink, at_once, running
from support.modems import TPDU_REPORTED as TPDU
from support.waiting import until

from gsmgw.at import commands
from gsmgw.clock import SystemClock
from gsmgw.config import ModemSection
from gsmgw.errors import Disposition, ModemError, StoreError, SubmitError
from gsmgw.model import ModemState
from gsmgw.modem import MemoryPinGuard, Modem
from gsmgw.ports import RawPdu
from hw_sim import SimModem, Simulation


@asynccontextmanager
async def rig(directory: Path, **options: object) -> AsyncIterator[tuple[Simulation, SimModem, Modem, Sink]]:
    """A simulated modem and ours on it, ready."""
    async with Simulation(seed=1, directory=directory) as simulation:
        simulated = await simulation.add_modem("modem0", **options)  # type: ignore[arg-type]
        sink = Sink()
        modem = Modem(ModemSection(name="office", port=str(directory / "modem0")), sink, SystemClock())
        async with running(modem):
            await sink.reach(ModemState.READY)
            yield simulation, simulated, modem, sink


def in_storage(simulated: SimModem) -> int:
    """How many messages the modem holds."""
    return sum(len(memory) for memory in simulated.memories.values())


async def test_it_becomes_ready_and_says_who_it_is(tmp_path: Path) -> None:
    async with rig(tmp_path) as (_, simulated, modem, sink):
        await sink.until(lambda: modem.status.signal_dbm is not None)
        status = modem.status
        assert status.imei == simulated.imei
        assert status.iccid
        assert status.imsi
        assert status.registration == "home"
        assert status.storage
        assert status.profile == "generic"
        assert [state for state, _ in sink.states] == [ModemState.PROBING, ModemState.READY]


async def test_a_text_goes_out_and_its_report_comes_in(tmp_path: Path) -> None:
    async with rig(tmp_path) as (simulation, _, modem, sink):
        references = [await modem.submit(TPDU, before_payload=at_once) for _ in range(3)]
        assert [message.text for message in simulation.phone(PHONE).received] == ["hello"] * 3
        assert [b - a for a, b in itertools.pairwise(references)] == [1, 1]
        await sink.until(lambda: len(sink.pdus) == 3)
        assert all(raw.storage is None and raw.length_octets for raw in sink.pdus)


async def test_a_text_comes_in_and_is_forgotten_by_the_modem_after_it_was_kept(tmp_path: Path) -> None:
    async with rig(tmp_path) as (simulation, simulated, _, sink):
        held: list[int] = []

        def look(raw: RawPdu) -> None:
            held.append(in_storage(simulated))

        sink.before_take = look
        simulation.send(from_=PHONE, to="modem0", text="first")
        simulation.send(from_=PHONE, to="modem0", text="second")
        await sink.until(lambda: len(sink.pdus) == 2)
        assert held[0] == 2, "it is still in the modem while it is being kept"
        async with asyncio.timeout(60):
            while in_storage(simulated):  # noqa: ASYNC110 - the simulator tells nobody of a deletion
                await asyncio.sleep(0.005)


async def test_what_the_store_refuses_stays_in_the_modem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.modem.receiving.handover.RETRY_S", 0.1)
    async with rig(tmp_path) as (simulation, _, _, sink):
        sink.refuse = 2
        simulation.send(from_=PHONE, to="modem0", text="keep me")
        await sink.until(lambda: len(sink.pdus) == 1)
        assert sink.refuse == 0


async def test_what_cannot_be_deleted_is_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.modem.receiving.handover.RETRY_S", 0.1)
    async with rig(tmp_path) as (simulation, simulated, modem, sink):
        simulated.fault("cme-error", count=3, command="+CMGD", code=3)
        simulation.send(from_=PHONE, to="modem0", text="sticky")
        async with asyncio.timeout(60):
            while in_storage(simulated) or not sink.pdus:  # noqa: ASYNC110 - the simulator tells nobody of a deletion
                await asyncio.sleep(0.01)
        assert len(sink.pdus) == 1
        assert modem.status.state is ModemState.READY


async def test_texts_that_came_while_we_were_away_are_swept(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path) as simulation:
        await simulation.add_modem("modem0")
        for number in range(5):
            simulation.send(from_=PHONE, to="modem0", text=f"text {number}")
        sink = Sink()
        async with running(Modem(ModemSection(name="office", port=str(tmp_path / "modem0")), sink, SystemClock())):
            await sink.reach(ModemState.READY)
            assert len(sink.pdus) == 5


async def test_reception_is_event_driven(tmp_path: Path) -> None:
    async with rig(tmp_path) as (simulation, _, _, sink):
        took = []
        for number in range(20):
            started = time.perf_counter()
            simulation.send(from_=PHONE, to="modem0", text=f"text {number}")
            await sink.until(lambda: len(sink.pdus) > number)  # noqa: B023 - read at once
            took.append(time.perf_counter() - started)
        # Half of the shortest interval at which other gateways poll; the figure itself is measured by tests/bench.
        assert statistics.median(took) < 0.05


async def test_reception_goes_on_between_two_submits(tmp_path: Path) -> None:
    async with rig(tmp_path) as (simulation, simulated, modem, sink):
        for number in range(60):  # twice what the storage holds
            simulation.send(from_=PHONE, to="modem0", text=f"text {number}")
            await modem.submit(TPDU, before_payload=at_once)
        await sink.until(lambda: sum(raw.storage is not None for raw in sink.pdus) == 60)
        assert simulated.name == "modem0"


async def test_the_commit_comes_before_the_first_byte(tmp_path: Path) -> None:
    async with rig(tmp_path) as (simulation, _, modem, _):

        async def fail() -> None:
            raise StoreError("the disk is full")

        with pytest.raises(StoreError):
            await modem.submit(TPDU, before_payload=fail)
        assert simulation.phone(PHONE).received == []
        await modem.submit(TPDU, before_payload=at_once)
        assert len(simulation.phone(PHONE).received) == 1


@pytest.mark.parametrize(
    ("code", "disposition"),
    [(38, Disposition.LATER), (28, Disposition.NEVER), (8, Disposition.ACCOUNT), (332, Disposition.UNKNOWN)],
)
async def test_refusals(tmp_path: Path, code: int, disposition: Disposition) -> None:
    async with rig(tmp_path) as (_, simulated, modem, _):
        simulated.fault("cms-error", count=1, code=code)
        with pytest.raises(SubmitError) as caught:
            await modem.submit(TPDU, before_payload=at_once)
        assert (caught.value.cms, caught.value.disposition) == (code, disposition)
        assert caught.value.payload_started
        await modem.submit(TPDU, before_payload=at_once)


async def test_a_report_settles_a_lost_result_without_a_stall(tmp_path: Path) -> None:
    async with rig(tmp_path) as (simulation, simulated, modem, sink):
        await modem.submit(TPDU, before_payload=at_once)
        await sink.until(lambda: len(sink.pdus) == 1)
        sink.before_take = lambda raw: modem.settle(int(bytes.fromhex(raw.pdu)[_after_smsc(raw.pdu) + 1]))
        started = time.monotonic()
        for _ in range(5):
            simulated.fault("lost_result", count=1)
            await modem.submit(TPDU, before_payload=at_once)
        assert time.monotonic() - started < 3.0
        assert len(simulation.phone(PHONE).received) == 6
        assert modem.status.state is ModemState.READY


def _after_smsc(pdu: str) -> int:
    return int(pdu[:2], 16) + 1


async def test_unplug_and_replug(tmp_path: Path) -> None:
    async with rig(tmp_path) as (_, simulated, modem, sink):
        for _ in range(3):
            simulated.unplug()
            await sink.reach(ModemState.ABSENT, 1.0)
            with pytest.raises(SubmitError) as caught:
                await modem.submit(TPDU, before_payload=at_once)
            assert caught.value.disposition is Disposition.MODEM
            await simulated.replug()
            started = time.monotonic()
            await sink.reach(ModemState.READY)
            assert time.monotonic() - started < 2.0
            await modem.submit(TPDU, before_payload=at_once)


async def test_a_hang_ends_and_the_modem_is_back_within_three_seconds(tmp_path: Path) -> None:
    async with rig(tmp_path) as (simulation, simulated, modem, sink):
        simulated.fault("hang", for_s=6.0)
        started = time.monotonic()
        with pytest.raises(SubmitError) as caught:
            await modem.submit(TPDU, before_payload=at_once)
        assert caught.value.disposition in (Disposition.MODEM, Disposition.UNKNOWN)
        assert not modem.status.state.carries
        await sink.reach(ModemState.READY, 20)
        assert time.monotonic() - started < 6.0 + 3.0
        await modem.submit(TPDU, before_payload=at_once)
        assert len(simulation.phone(PHONE).received) == 1


class TestPin:
    def modem(self, path: Path, sink: Sink, guard: MemoryPinGuard, pin: str | None) -> Modem:
        config = ModemSection(name="office", port=str(path / "modem0"), pin=pin)
        return Modem(config, sink, SystemClock(), pin_guard=guard)

    async def test_the_configured_pin_is_given(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG")
        async with Simulation(seed=1, directory=tmp_path) as simulation:
            await simulation.add_modem("modem0", pin="4711")
            sink = Sink()
            async with running(self.modem(tmp_path, sink, MemoryPinGuard(), "4711")):
                await sink.reach(ModemState.READY)
        assert "4711" not in caplog.text

    async def test_a_wrong_pin_is_tried_once_also_after_a_restart(self, tmp_path: Path) -> None:
        guard = MemoryPinGuard()
        async with Simulation(seed=1, directory=tmp_path) as simulation:
            simulated = await simulation.add_modem("modem0", pin="4711")
            for _ in range(3):
                sink = Sink()
                async with running(self.modem(tmp_path, sink, guard, "1111")) as modem:
                    await sink.reach(ModemState.LOCKED)
                    assert simulated.card.pin_left == 2
                    assert "attempts left: 2" in modem.status.detail
                    with pytest.raises(ModemError, match="refused this PIN earlier"):
                        await modem.enter_pin("1111")
            sink = Sink()
            async with running(self.modem(tmp_path, sink, guard, None)) as modem:
                await sink.reach(ModemState.LOCKED)
                with pytest.raises(ModemError, match="4 to 8 digits"):
                    await modem.enter_pin("12")
                await modem.enter_pin("4711")
                await sink.reach(ModemState.READY)


async def test_disable_and_enable(tmp_path: Path) -> None:
    async with rig(tmp_path) as (_, _, modem, sink):
        modem.disable()
        await sink.reach(ModemState.DISABLED)
        modem.enable()
        await sink.reach(ModemState.READY)


async def test_direct_routing_is_acknowledged_when_kept(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path) as simulation:
        simulated = await simulation.add_modem("modem0")
        sink = Sink()
        config = ModemSection(name="office", port=str(tmp_path / "modem0"), reception="direct")
        async with running(Modem(config, sink, SystemClock())) as modem:
            await sink.reach(ModemState.READY)
            for number in range(5):
                simulation.send(from_=PHONE, to="modem0", text=f"text {number}")
            await sink.until(lambda: len(sink.pdus) == 5)
            assert all(raw.storage is None for raw in sink.pdus)
            assert in_storage(simulated) == 0
            await modem.submit(TPDU, before_payload=at_once)
            await sink.until(lambda: len(sink.pdus) == 6)


async def test_the_radio_link_is_held_while_there_is_more(tmp_path: Path) -> None:
    async with rig(tmp_path) as (_, _, modem, _):
        said: list[bytes] = []
        modem.tap(lambda direction, data: said.append(data) if direction == ">" else None)
        for _ in range(3):
            await modem.submit(TPDU, before_payload=at_once, more=True)
        await modem.submit(TPDU, before_payload=at_once)
        assert said.count(b"AT+CMMS=1\r") == 1


async def test_a_modem_that_cannot_list_is_read_place_by_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.at.commands.LIST_ALL", replace(commands.LIST_ALL, timeout_s=0.3))
    async with Simulation(seed=1, directory=tmp_path) as simulation:
        simulated = await simulation.add_modem("modem0")
        for number in range(3):
            simulation.send(from_=PHONE, to="modem0", text=f"text {number}")
        simulated.fault("hang-command", command="+CMGL")
        sink = Sink()
        async with running(Modem(ModemSection(name="office", port=str(tmp_path / "modem0")), sink, SystemClock())):
            await sink.reach(ModemState.READY, 20)
            assert len(sink.pdus) == 3


@pytest.mark.parametrize("told_on", [(0,), (0, 1)])
async def test_a_second_port_is_listened_to(tmp_path: Path, told_on: tuple[int, ...]) -> None:
    async with Simulation(seed=1, directory=tmp_path) as simulation:
        simulated = await simulation.add_modem("modem0", profile="quectel-ec25")
        simulated.urc_ports = [
            simulated.ports[number] for number in told_on
        ]  # as AT+QURCCFG="urcport","all" would have it
        sink = Sink()
        first, second = simulated.paths
        config = ModemSection(name="office", port=second, urc_port=first)
        async with running(Modem(config, sink, SystemClock())) as modem:
            await sink.reach(ModemState.READY)
            simulation.send(from_=PHONE, to="modem0", text="on the other port")
            await sink.until(lambda: len(sink.pdus) == 1)
            await modem.submit(TPDU, before_payload=at_once)
            await sink.until(lambda: len(sink.pdus) == 2)
            await modem.ussd("*102#")
            await asyncio.sleep(0.05)  # the second port would tell of the answer, too
            assert len(sink.pdus) == 2
            assert "ussd.received" not in [name for name, _ in sink.events]


class TestUssd:
    async def test_a_request_and_a_menu(self, tmp_path: Path) -> None:
        async with rig(tmp_path) as (_, _, modem, _):
            assert (await modem.ussd("*102#")).text == "Your number is +491700000001"
            menu = await modem.ussd("*101#")
            assert menu.more
            assert menu.text is not None
            assert "Balance" in menu.text
            reply = await modem.ussd("2")
            assert (reply.text, reply.more) == ("Your number is +491700000001", False)
            assert (await modem.ussd("*103#")).text == "Line one\nLine two"

    @pytest.mark.parametrize("profile", ["huawei-e1752", "huawei-e3372", "quectel-m35", "telit-he910"])
    async def test_in_the_forms_of_the_families(self, tmp_path: Path, profile: str) -> None:
        async with rig(tmp_path, profile=profile) as (_, _, modem, _):
            assert (await modem.ussd("*102#")).text == "Your number is +491700000001"

    async def test_what_nobody_answers(self, tmp_path: Path) -> None:
        async with rig(tmp_path) as (_, _, modem, _):
            with pytest.raises(ModemError):
                await modem.ussd("*999#")


async def test_a_call_is_noted_and_hung_up(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path) as simulation:
        simulated = await simulation.add_modem("modem0")
        sink = Sink()
        config = ModemSection(name="office", port=str(tmp_path / "modem0"), hang_up_calls=True, profile="generic")
        async with running(Modem(config, sink, SystemClock())):
            await sink.reach(ModemState.READY)
            assert simulated.voice.ring(PHONE)
            await sink.until(lambda: bool(sink.events))
            assert sink.events == [("call.missed", {"number": PHONE})]
            async with asyncio.timeout(60):
                while simulated.voice.state is not None:  # noqa: ASYNC110 - the simulator tells nobody
                    await asyncio.sleep(0.01)


async def test_the_tap_overhears_everything_but_the_pin(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path) as simulation:
        await simulation.add_modem("modem0", pin="4711")
        sink = Sink()
        modem = Modem(ModemSection(name="office", port=str(tmp_path / "modem0"), pin="4711"), sink, SystemClock())
        heard: list[tuple[str, bytes]] = []
        stop = modem.tap(lambda direction, data: heard.append((direction, data)))
        async with running(modem):
            await sink.reach(ModemState.READY)
            said = b"".join(data for direction, data in heard if direction == ">")
            assert b"AT+CPIN=***\r" in said
            assert all(b"4711" not in data for _, data in heard)
            assert any(b"+CPIN: READY" in data for direction, data in heard if direction == "<")
            stop()
            count = len(heard)
            await modem.submit(TPDU, before_payload=at_once)
            assert len(heard) == count


async def test_a_modem_that_refuses_everything_is_restarted(tmp_path: Path) -> None:
    async with rig(tmp_path) as (_, simulated, modem, sink):
        simulated.fault("stuck-500")
        codes: list[int | None] = []
        async with asyncio.timeout(60):
            while True:
                await sink.reach(ModemState.READY)
                try:
                    await modem.submit(TPDU, before_payload=at_once)
                    break
                except SubmitError as exc:
                    codes.append(exc.cms)
                    await asyncio.sleep(0)
        assert set(codes) == {500}
        steps = [data["step"] for name, data in sink.events if name == "modem.recovery"]
        assert steps[0] == "settings"
        assert steps[-1] in ("radio", "reset")


async def test_a_silent_restart_is_noticed_by_the_echo(tmp_path: Path) -> None:
    async with rig(tmp_path) as (simulation, simulated, modem, sink):
        said = [time.monotonic()]
        modem.tap(lambda *_: said.append(time.monotonic()))
        await until(lambda: time.monotonic() - said[-1] > 0.1)  # its first check is over: that would notice the restart
        simulated.fault("reset", count=1)
        with pytest.raises(SubmitError) as refused:  # in text mode the length would be taken for a recipient
            await modem.submit(TPDU, before_payload=at_once)
        assert not refused.value.payload_started
        assert simulation.submits == []
        await sink.until(lambda: modem.status.state.carries)
        await modem.submit(TPDU, before_payload=at_once)
        simulation.send(from_=PHONE, to="modem0", text="still heard")
        await sink.until(lambda: any(raw.storage is not None for raw in sink.pdus))


async def test_the_network_goes_and_comes(tmp_path: Path) -> None:
    async with rig(tmp_path) as (_, simulated, _, sink):
        simulated.fault("network-lost", for_s=0.3)
        await sink.reach(ModemState.SEARCHING)
        await sink.reach(ModemState.READY)


async def test_the_sim_goes_and_comes(tmp_path: Path) -> None:
    async with rig(tmp_path) as (_, simulated, modem, sink):
        simulated.fault("sim-removed", for_s=0.5)
        with pytest.raises(SubmitError):
            await modem.submit(TPDU, before_payload=at_once)
        await sink.until(lambda: any("SIM" in detail for _, detail in sink.states))
        await sink.reach(ModemState.READY, 40)
        await modem.submit(TPDU, before_payload=at_once)


async def test_another_sim_and_an_unknown_family_are_told_of_once(tmp_path: Path) -> None:
    async with rig(tmp_path) as (simulation, simulated, modem, sink):
        told = [data for name, data in sink.events if name == "modem.unknown_model"]
        assert [data["identity"] for data in told] == ["hw-sim Generic GSM modem 1.0"]
        before = modem.status.iccid
        other = await simulation.add_modem("modem1")
        simulated.unplug()
        simulated.card.iccid = other.card.iccid
        await simulated.replug("modem0")
        await sink.until(lambda: "sim.changed" in [name for name, _ in sink.events])
        await sink.reach(ModemState.READY)
        changed = [data for name, data in sink.events if name == "sim.changed"]
        assert changed == [{"before": before, "now": modem.status.iccid}]
        assert modem.status.iccid != before
        assert len([1 for name, _ in sink.events if name == "modem.unknown_model"]) == 1


async def test_a_full_storage_is_emptied(tmp_path: Path) -> None:
    async with rig(tmp_path) as (simulation, simulated, modem, sink):
        simulated.fault("storage-full", count=1)
        simulation.send(from_=PHONE, to="modem0", text="let me in")
        await modem.reset()
        await sink.reach(ModemState.READY)
        await sink.until(lambda: len(sink.pdus) > 20)
        assert modem.name == "office"


async def test_the_reply_path_is_asked_for_where_it_is_configured(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path) as simulation:
        await simulation.add_modem("modem0")
        section = ModemSection(name="office", port=str(tmp_path / "modem0"), reply_path=True)
        sink = Sink()
        modem = Modem(section, sink, SystemClock())
        async with running(modem):
            await sink.reach(ModemState.READY)
            await modem.submit(TPDU, before_payload=at_once)
        assert int(simulation.submits[0]["pdu"][2:4], 16) == TPDU[0] | 0x80  # TS 23.040 9.2.3.17: bit 7
