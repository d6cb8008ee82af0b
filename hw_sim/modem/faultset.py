"""The places in a modem where faults take hold. Each active fault may change what passes; see ``faults``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..at.reply import Failure

if TYPE_CHECKING:
    from ..at.port import Port
    from ..codec.tpdu import Tpdu
    from .modem import Modem


class Fault:
    """A fault that is active on one modem. The base class changes nothing.

    ``left`` counts how often it still strikes (None: until it is cleared or its time is over).
    """

    kind: ClassVar[str] = ""

    def __init__(self, modem: Modem, left: int | None = None) -> None:
        self.modem, self.left = modem, left

    def strike(self) -> None:
        """It took effect once; at the last time it goes."""
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.modem.faults.remove(self)

    def begin(self) -> None:
        """It was injected."""

    def end(self) -> None:
        """It is over."""

    def incoming(self, port: Port, data: bytes) -> bytes:
        """Octets from the TE; returns what the modem gets of them."""
        return data

    def outgoing(self, port: Port, data: bytes) -> bytes:
        """Octets to the TE; returns what goes on the line."""
        return data

    def echo(self, port: Port, data: bytes) -> bytes:
        """Octets that would be echoed."""
        return data

    def payload(self, port: Port, payload: bytes) -> bool:
        """A payload is complete; True when the fault deals with it."""
        return False

    def prompt(self, port: Port) -> bool:
        """A prompt is due; True when the fault deals with it."""
        return False

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        """The output that ends a command line; None when the fault deals with it."""
        return out

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        """A submission is about to go on the air: an error, True to swallow it, False to let it go."""
        return False

    def reference(self, reference: int) -> int:
        """A submission was taken and gets its message reference."""
        return reference

    def booted(self) -> None:
        """The modem restarted."""

    def command(self, port: Port, name: str) -> Failure | None:
        """A command is about to be carried out."""
        return None


class FaultSet:
    """The active faults of one modem, in the order they came."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self.active.append(fault)
        fault.begin()

    def remove(self, fault: Fault) -> None:
        if fault in self.active:
            self.active.remove(fault)
            fault.end()

    def clear(self, kind: str | None = None) -> None:
        """End all faults, or those of one kind."""
        for fault in [fault for fault in self.active if kind is None or fault.kind == kind]:
            self.remove(fault)

    def incoming(self, port: Port, data: bytes) -> bytes:
        for fault in tuple(self.active):
            data = fault.incoming(port, data)
        return data

    def outgoing(self, port: Port, data: bytes) -> None:
        if self.active:
            for fault in tuple(self.active):
                data = fault.outgoing(port, data)
        if data and self._modem.powered:
            self._modem.line_out(port, data)

    def onward(self, fault: Fault, port: Port, data: bytes) -> None:
        """Octets that a fault held back go on their way, through the faults that came after it."""
        if fault in self.active:
            for later in self.active[self.active.index(fault) + 1 :]:
                data = later.outgoing(port, data)
        if data and self._modem.powered:
            self._modem.line_out(port, data)

    def booted(self) -> None:
        for fault in tuple(self.active):
            fault.booted()

    def echo(self, port: Port, data: bytes) -> None:
        for fault in tuple(self.active):
            data = fault.echo(port, data)
        if data:
            self.outgoing(port, data)

    def payload(self, port: Port, payload: bytes) -> bool:
        return any(fault.payload(port, payload) for fault in tuple(self.active))

    def prompt(self, port: Port) -> None:
        if not any(fault.prompt(port) for fault in tuple(self.active)):
            delay = self._modem.seconds(self._modem.profile.timing.prompt_s)
            if delay > 0:
                self._modem.clock.call_later(delay, port.show_prompt)
            else:
                port.show_prompt()

    def result(self, port: Port, command: str, out: bytes) -> None:
        for fault in tuple(self.active):
            passed = fault.result(port, command, out)
            if passed is None:
                return
            out = passed
        if out:
            port.write(out)

    def submit(self, tpdu: Tpdu) -> bool:
        """Whether the submission is swallowed; raises the Failure that a fault wants."""
        for fault in tuple(self.active):
            verdict = fault.submit(tpdu)
            if isinstance(verdict, Failure):
                raise verdict
            if verdict:
                return True
        return False

    def reference(self, reference: int) -> int:
        for fault in tuple(self.active):
            reference = fault.reference(reference)
        return reference

    def command(self, port: Port, name: str) -> None:
        for fault in tuple(self.active):
            failure = fault.command(port, name)
            if failure is not None:
                raise failure
