"""One AT port of a modem: bytes in, command lines carried out, answers and unsolicited lines out.

No I/O here: a transport calls ``receive`` and sets ``send``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Protocol

from ..clock import Clock
from ..profiles.sections import Profile
from .command import RunningCommand
from .execution import Execution
from .parsing import BadLine, Command, parse_line
from .reply import Failure, Later, Prompt, Reply
from .results import final_result, unsolicited
from .settings import PortSettings

BUFFER_LIMIT_BYTES = 8192
_URC_LIMIT = 1000  # unsolicited lines kept while a command runs; chosen here
_CTRL_Z, _ESC = 0x1A, 0x1B


class PortFaults(Protocol):
    """Places where faults change what passes through a port."""

    def incoming(self, port: Port, data: bytes) -> bytes: ...
    def outgoing(self, port: Port, data: bytes) -> None: ...
    def echo(self, port: Port, data: bytes) -> None: ...
    def payload(self, port: Port, payload: bytes) -> bool: ...
    def prompt(self, port: Port) -> None: ...
    def result(self, port: Port, name: str, output: bytes) -> None: ...


class PortHost(Protocol):
    """The modem as a port sees it."""

    profile: Profile
    clock: Clock
    prompt: bytes
    #: Told all that goes over the line: port, ``>`` (to the modem) or ``<``, bytes.
    on_wire: Callable[[Port, str, bytes], object] | None

    @property
    def faults(self) -> PortFaults: ...

    @property
    def listening(self) -> bool:
        """The modem answers; it does not right after its start."""

    @property
    def baud(self) -> int:
        """Line speed, 0 for no limit."""

    def latency(self, name: str) -> float:
        """Return the seconds before a command is carried out."""

    def dispatch(self, command: RunningCommand) -> Reply:
        """Carry out a command. Raises Failure."""


class SerialLine:
    """One direction of a line: how long bytes need to pass it."""

    __slots__ = ("_clock", "_free_at")

    def __init__(self, clock: Clock) -> None:
        self._clock, self._free_at = clock, 0.0

    def delay_s(self, count: int, baud: int) -> float:
        """Return the seconds until ``count`` bytes are over, ten bits each, after what is still on the line."""
        now = self._clock.now()
        self._free_at = max(now, self._free_at) + count * 10 / baud
        return self._free_at - now


class Port:
    """A port with its settings. Each port carries out one command line at a time."""

    def __init__(self, modem: PortHost, number: int = 0) -> None:
        self._modem, self.number = modem, number
        self.send: Callable[[bytes], object] = _discard
        profile = modem.profile
        self.settings = PortSettings(text_mode=profile.messages.format == 1, charset=profile.framing.charset)
        self._line = bytearray()
        self._payload: tuple[RunningCommand, Prompt, bytearray] | None = None
        self._running: Execution | None = None
        self._pending = bytearray()
        self._urcs: list[str] = []
        self._last_line = ""
        self._line_in, self._line_out = SerialLine(modem.clock), SerialLine(modem.clock)

    def reset(self) -> None:
        """Forget the line, the prompt and the running command: the modem restarted."""
        if self._running is not None:
            self._running.cancelled = True
        self._running = self._payload = None
        self._line.clear()
        self._pending.clear()
        self._urcs.clear()
        self.settings.reset()

    @property
    def busy(self) -> bool:
        """A command is being carried out or a payload is expected: unsolicited lines wait."""
        return self._running is not None or self._payload is not None

    @property
    def in_payload(self) -> bool:
        """A payload is expected."""
        return self._payload is not None

    # bytes in

    def receive(self, data: bytes) -> None:
        """Take bytes from the program. With real timing a serial profile's line speed delays them."""
        if self._modem.on_wire is not None:
            self._modem.on_wire(self, ">", data)
        baud = self._modem.baud
        if baud:
            self._modem.clock.call_later(self._line_in.delay_s(len(data), baud), self._arrive, data)
        else:
            self._arrive(data)

    def _arrive(self, data: bytes) -> None:
        data = self._modem.faults.incoming(self, data)
        if data and self._modem.listening:
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        if self._payload is not None:
            self._feed_payload(data)
        elif self._running is not None:
            if not self._running.abort() and len(self._pending) + len(data) <= BUFFER_LIMIT_BYTES:
                self._pending += data
        else:
            self._feed_line(data)

    def _feed_line(self, data: bytes) -> None:
        line, end, rest = data.partition(self.settings.line_end)
        if self.settings.echo:
            self._modem.faults.echo(self, line + end)
        self._line += line
        if not end:
            if self._line[-2:].upper() == b"A/":  # the last line again, at once (V.250 5.2.4)
                self._line.clear()
                self._execute(self._last_line)
            elif len(self._line) > BUFFER_LIMIT_BYTES:
                self._line.clear()
            return
        raw = bytes(self._line)
        self._line.clear()
        self._take_line(raw)
        if rest:
            self._feed(rest)

    def _take_line(self, raw: bytes) -> None:
        line = _without_backspaces(raw, self.settings.registers[5]).decode("latin-1")
        if line[:2].upper() != "AT":
            line = "".join([char for char in line if char >= " "])
            start = line.upper().find("AT")
            if start < 0:
                return
            line = line[start:]
        self._last_line = line[2:].strip()
        self._execute(self._last_line)

    def _feed_payload(self, data: bytes) -> None:
        assert self._payload is not None
        command, prompt, collected = self._payload
        end = next((at for at, byte in enumerate(data) if byte in (_CTRL_Z, _ESC)), None)
        if end is None:
            self._collect(collected, data)
            return
        part, rest = data[:end], data[end + 1 :]
        collected += part
        if self.settings.echo:
            self._modem.faults.echo(self, part)
        if self._modem.faults.payload(self, bytes(collected)):
            return
        self._payload = None
        if data[end] == _ESC:
            command.finish(None)
        else:
            self._answer(command, partial(prompt.on_payload, bytes(collected)))
        if rest:
            self._feed(rest)

    def _collect(self, collected: bytearray, data: bytes) -> None:
        if len(collected) + len(data) <= BUFFER_LIMIT_BYTES:
            collected += data
        if self.settings.echo:
            self._modem.faults.echo(self, data)
        if self.settings.text_mode and self.settings.line_end in data:
            self.write(b"\r\n> ")

    # carrying out (execution.LineHost)

    def _execute(self, line: str) -> None:
        try:
            commands = _parse(line)
        except BadLine:
            self.write(self.final(Failure()))
            return
        self._running = execution = Execution(self, commands)
        latency_s = self._modem.latency(commands[0].name if commands else "")
        if latency_s > 0:
            self._modem.clock.call_later(latency_s, execution.next)
        else:
            execution.next()

    def carry_out(self, command: RunningCommand) -> None:
        """Carry out a command of the running line."""
        self._answer(command, partial(self._modem.dispatch, command))

    def _answer(self, command: RunningCommand, handler: Callable[[], Reply]) -> None:
        try:
            reply = handler()
        except Failure as failure:
            command.finish(failure)
            return
        if isinstance(reply, Prompt):
            self._payload = (command, reply, bytearray())
            if self._running is not None:
                self._running.flush()
            self._modem.faults.prompt(self)
        elif not isinstance(reply, Later):
            command.finish(reply)

    def final(self, failure: Failure | None) -> bytes:
        """Return the final result as this port writes it."""
        return final_result(failure, self.settings, self._modem.profile.framing.unknown)

    def complete(self, name: str, output: bytes) -> None:
        """Write the output that ends a command line, through the faults."""
        self._modem.faults.result(self, name, output)
        self.done()

    def done(self) -> None:
        """End the line: unsolicited lines go out, then what was typed meanwhile is read."""
        self._running = None
        if self._urcs:
            urcs, self._urcs = self._urcs, []
            for text in urcs:
                self.urc(text)
        if self._pending:
            data = bytes(self._pending)
            self._pending.clear()
            self._feed(data)

    # bytes out

    def write(self, data: bytes) -> None:
        """Write bytes to the program, through the faults."""
        self._modem.faults.outgoing(self, data)

    def show_prompt(self) -> None:
        """Write the profile's prompt, unless no payload is expected any more."""
        if self._payload is not None:
            self.write(self._modem.prompt)

    def urc(self, text: str) -> None:
        """Write an unsolicited line, after the command that is being carried out."""
        if not self.busy:
            self.urc_now(text)
        elif len(self._urcs) < _URC_LIMIT:
            self._urcs.append(text)

    def urc_now(self, text: str) -> None:
        """Write an unsolicited line at once."""
        self.write(unsolicited(text, self.settings))

    def emit(self, data: bytes) -> None:
        """Put bytes on the line, at its speed and past the faults."""
        baud = self._modem.baud
        if baud:
            self._modem.clock.call_later(self._line_out.delay_s(len(data), baud), self._put, data)
        else:
            self._put(data)

    def _put(self, data: bytes) -> None:
        if self._modem.on_wire is not None:
            self._modem.on_wire(self, "<", data)
        self.send(data)


def _without_backspaces(raw: bytes, backspace: int) -> bytes:
    """Return a line with the effect of the character of S5 applied (V.250 6.2.3)."""
    if backspace not in raw:
        return raw
    kept = bytearray()
    for byte in raw:
        if byte != backspace:
            kept.append(byte)
        elif kept:
            kept.pop()
    return bytes(kept)


_CACHED_LINE = 40
_parse_short: Callable[[str], list[Command]] = lru_cache(2000)(parse_line)


def _parse(line: str) -> list[Command]:
    """Return the commands of a line; short lines come from a cache."""
    return _parse_short(line) if len(line) < _CACHED_LINE else parse_line(line)


def _discard(data: bytes) -> None:
    """Drop what is sent while nobody is connected."""
