"""Faults of the device: resets, a vanishing port, the SIM, the storage, the network."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ..at.port import Port
from ..codec.tpdu import Address, Tpdu, write_smsc, write_tpdu
from ..codec.user_data import segments
from ..modem.modem import Modem
from ..sim_modem import SimModem
from ..storage import READ, Stored
from ..validation import LinkName, Pin, Rssi, Within, invalid
from .fault import Fault
from .sending import SENDING


class Reset(Fault):
    """The modem restarts: banner, all settings lost, PIN again. The port of a USB modem vanishes and returns."""

    kind: ClassVar[str] = "reset"

    def begin(self) -> None:
        self.modem.reboot()
        self.modem.faults.remove(self)


class ResetMidPdu(Fault):
    """The modem restarts when the payload of +CMGS arrives.

    Imitates a supply that fails at the transmit burst (SIM800). ``taken``: the message had been sent (default false).
    """

    kind: ClassVar[str] = "reset-mid-pdu"

    def __init__(self, modem: Modem, left: int | None, taken: bool = False) -> None:
        super().__init__(modem, 1 if left is None else left)
        self._taken = taken

    def payload(self, port: Port, payload: bytes) -> bool:
        if self._taken or payload == b"":
            return False
        self.strike()
        self.modem.reboot()
        return True

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        if not self._taken or command not in SENDING or b"ERROR" in out:
            return out
        self.strike()
        self.modem.clock.call_later(0, self.modem.reboot)
        return None


class Vanish(Fault):
    """The port vanishes (hang-up, link gone) and returns when the fault ends, under ``name`` if given.

    Imitates a loose plug or a USB reset (gammu #192). The modem restarts; messages wait at the network meanwhile.
    """

    kind: ClassVar[str] = "vanish"

    def __init__(self, modem: SimModem, left: int | None, name: LinkName | None = None) -> None:
        super().__init__(modem, left)
        self._sim, self._name = modem, name

    def begin(self) -> None:
        self._sim.unplug()

    def end(self) -> None:
        self._sim.plug(self._name)


class Renumber(Vanish):
    """Like ``vanish``, but the port returns under another name: ``name``, or the old one with ``b`` appended.

    Imitates ttyUSB0 that returns as ttyUSB3 because the old node was still open (gammu #351, raspisms #209).
    """

    kind: ClassVar[str] = "renumber"

    def __init__(self, modem: SimModem, left: int | None, name: LinkName | None = None) -> None:
        super().__init__(modem, left, name or f"{modem.link_name}b")


class StorageFull(Fault):
    """The receiving memory is filled with read messages: no new message is indicated until some are deleted.

    Imitates asterisk-chan-dongle #47. The end of the fault deletes the rest of the filling.
    """

    kind: ClassVar[str] = "storage-full"

    def __init__(self, modem: Modem, left: int | None, memory: str | None = None) -> None:
        super().__init__(modem, left)
        if memory is not None and memory not in modem.stores:
            raise invalid(f"fault {self.kind}: memory", memory, f"one of {', '.join(modem.stores)}")
        self._store = modem.stores[memory or modem.selected[2]]
        self._filling: list[Stored] = []

    def begin(self) -> None:
        tpdu = Tpdu("deliver", 0x04, address=Address.of("+4915100000000"))
        _, tpdu.udl, tpdu.ud = segments("filling", 0)[0]
        smsc = write_smsc(self.modem.card.smsc)
        while not self._store.full:
            message = Stored(READ, "deliver", smsc, write_tpdu(tpdu))
            self._store.put(message)
            self._filling.append(message)
        full = self.modem.profile.storage.full
        if full:
            self.modem.urc(full.format(memory=self._store.name))

    def end(self) -> None:
        for index, message in list(self._store.items()):
            if any(message is filling for filling in self._filling):
                self._store.delete(index)
        self.modem.room_made()


class SimRemoved(Fault):
    """The SIM loses contact. It is back when the fault ends, and asks for its PIN again."""

    kind: ClassVar[str] = "sim-removed"

    def begin(self) -> None:
        modem = self.modem
        modem.sim.inserted = False
        modem.sim.pin_passed = not modem.card.pin_enabled
        modem.urc("+CPIN: NOT INSERTED")
        modem.radio.search()

    def end(self) -> None:
        self.modem.sim.inserted = True
        if self.modem.powered:
            self.modem.urc(f"+CPIN: {self.modem.sim.state}")
            self.modem.radio.search()


class PinAgain(Fault):
    """The SIM suddenly asks for its PIN, also when it had no PIN query. Imitates a brown-out of the card.

    ``pin`` is the PIN of a SIM that had none (default 1234). The end of the fault unlocks the SIM.
    """

    kind: ClassVar[str] = "pin-again"

    def __init__(self, modem: Modem, left: int | None, pin: Pin = "1234") -> None:
        super().__init__(modem, left)
        self._pin = pin
        self._had_none = not modem.card.pin_enabled

    def begin(self) -> None:
        card = self.modem.card
        if self._had_none:
            card.pin_enabled, card.pin_code = True, self._pin
        self.modem.sim.pin_passed = False
        self.modem.urc("+CPIN: SIM PIN")
        self.modem.radio.search()

    def end(self) -> None:
        if self._had_none:
            self.modem.card.pin_enabled = False
        if self.modem.powered and self.modem.sim.state == "SIM PIN":
            self.modem.unlock()


class NetworkLost(Fault):
    """No coverage: registration is lost and submissions get +CMS ERROR: 331 until the fault ends."""

    kind: ClassVar[str] = "network-lost"

    def begin(self) -> None:
        self.modem.radio.set_coverage(False)

    def end(self) -> None:
        self.modem.radio.set_coverage(True)


class Denied(Fault):
    """The network denies registration (+CREG 3). Imitates a blocked SIM or a wrong network."""

    kind: ClassVar[str] = "denied"

    def begin(self) -> None:
        self.modem.radio.denied = True
        self.modem.radio.search()

    def end(self) -> None:
        self.modem.radio.denied = False
        self.modem.radio.search()


class Roaming(Fault):
    """The modem is in a foreign network (+CREG 5). Everything works."""

    kind: ClassVar[str] = "roaming"

    def begin(self) -> None:
        self.modem.radio.roaming = True
        self.modem.radio.search()

    def end(self) -> None:
        self.modem.radio.roaming = False
        self.modem.radio.search()


class DeafInbound(Fault):
    """Nothing is received until the modem restarts, without a sign. Imitates LTE modems (open5gs #609)."""

    kind: ClassVar[str] = "deaf-inbound"

    def begin(self) -> None:
        self.modem.inbound_blocked = True

    def end(self) -> None:
        self.modem.inbound_blocked = False
        self.modem.network.available(self.modem)

    def booted(self) -> None:
        self.modem.faults.remove(self)


class WeakSignal(Fault):
    """+CSQ falls to ``rssi`` (default 2); the registration stays."""

    kind: ClassVar[str] = "weak-signal"

    def __init__(self, modem: Modem, left: int | None, rssi: Rssi = 2) -> None:
        super().__init__(modem, left)
        self._rssi, self._before = rssi, modem.radio.rssi

    def begin(self) -> None:
        self.modem.radio.rssi = self._rssi

    def end(self) -> None:
        self.modem.radio.rssi = self._before


class Overheated(Fault):
    """The modem is ``degrees`` hot (default 85), as its temperature query shows. Imitates a stick in the sun."""

    kind: ClassVar[str] = "overheated"

    def __init__(self, modem: Modem, left: int | None, degrees: Annotated[float, Within(-60, 130)] = 85.0) -> None:
        super().__init__(modem, left)
        self._degrees, self._before = degrees, modem.temperature_c

    def begin(self) -> None:
        self.modem.temperature_c = self._degrees

    def end(self) -> None:
        self.modem.temperature_c = self._before


class Undervoltage(Fault):
    """The supply falls to ``millivolts`` (default 3350), as the voltage query shows. Imitates a weak USB port."""

    kind: ClassVar[str] = "undervoltage"

    def __init__(self, modem: Modem, left: int | None, millivolts: Annotated[int, Within(0, 30000)] = 3350) -> None:
        super().__init__(modem, left)
        self._millivolts, self._before = millivolts, modem.voltage_mv

    def begin(self) -> None:
        self.modem.voltage_mv = self._millivolts

    def end(self) -> None:
        self.modem.voltage_mv = self._before


KINDS: tuple[type[Fault], ...] = (
    Reset,
    ResetMidPdu,
    Vanish,
    Renumber,
    StorageFull,
    SimRemoved,
    PinAgain,
    NetworkLost,
    Denied,
    Roaming,
    DeafInbound,
    WeakSignal,
    Overheated,
    Undervoltage,
)
