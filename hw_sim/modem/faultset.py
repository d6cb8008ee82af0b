"""The places in a modem where faults take effect. Each active fault may change what passes them; see ``faults``."""

from __future__ import annotations

from typing import ClassVar, Protocol

from ..at.command import RunningCommand
from ..at.port import Port
from ..at.reply import Failure
from ..clock import Clock
from ..codec.tpdu import Tpdu
from ..profiles.sections import Profile


class FaultHost(Protocol):
    """The modem as the faults see it."""

    profile: Profile
    clock: Clock
    powered: bool

    def seconds(self, profile_s: float) -> float: ...


class FaultHooks:
    """The hooks of a fault. This base class changes nothing."""

    kind: ClassVar[str] = ""

    def begin(self) -> None:
        """React to the start of the fault."""

    def end(self) -> None:
        """React to the end of the fault."""

    def booted(self) -> None:
        """React to a restart of the modem."""

    def incoming(self, port: Port, data: bytes) -> bytes:
        """Change bytes from the program; return what the modem gets."""
        return data

    def outgoing(self, port: Port, data: bytes) -> bytes:
        """Change bytes to the program; return what goes on the line."""
        return data

    def echo(self, port: Port, data: bytes) -> bytes:
        """Change an echo; return what is echoed."""
        return data

    def payload(self, port: Port, payload: bytes) -> bool:
        """React to a complete payload; return True when the fault deals with it."""
        return False

    def prompt(self, port: Port) -> bool:
        """React to a prompt that is due; return True when the fault deals with it."""
        return False

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        """Change the output that ends a command line; return None when the fault deals with it."""
        return out

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        """Decide on a submission: an error, True to drop it silently, False to send it."""
        return False

    def reference(self, reference: int) -> int:
        """Change the message reference of an accepted submission."""
        return reference

    def command(self, command: RunningCommand) -> Failure | None:
        """Return the error of a command that is about to be carried out, or None."""
        return None


class FaultSet:
    """The active faults of one modem, in the order they came."""

    def __init__(self, modem: FaultHost) -> None:
        self._modem = modem
        self.active: list[FaultHooks] = []

    def add(self, fault: FaultHooks) -> None:
        self.active.append(fault)
        fault.begin()

    def remove(self, fault: FaultHooks) -> None:
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
            port.emit(data)

    def onward(self, fault: FaultHooks, port: Port, data: bytes) -> None:
        """Write bytes that a fault held back, through the faults that came after it."""
        if fault in self.active:
            for later in self.active[self.active.index(fault) + 1 :]:
                data = later.outgoing(port, data)
        if data and self._modem.powered:
            port.emit(data)

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
        """Return True when a fault drops the submission. Raises the Failure of a fault."""
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

    def command(self, command: RunningCommand) -> None:
        for fault in tuple(self.active):
            failure = fault.command(command)
            if failure is not None:
                raise failure
