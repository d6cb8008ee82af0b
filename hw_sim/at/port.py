"""One AT port of a modem: characters in, command lines carried out, answers and unsolicited lines out.

No I/O here: a transport calls ``receive`` and sets ``send``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ..codec.charset import encode_string
from .error_texts import CME_TEXT, CMS_TEXT
from .parsing import BadLine, Command, parse_line
from .reply import Call, Failure, Later, Prompt, Reply

if TYPE_CHECKING:
    from ..modem.modem import Modem

BUFFER_LIMIT = 8192
_NUMERIC = {"OK": 0, "CONNECT": 1, "RING": 2, "NO CARRIER": 3, "ERROR": 4, "NO DIALTONE": 6, "BUSY": 7, "NO ANSWER": 8}
_parsed: dict[str, list[Command]] = {}


def _parse(line: str) -> list[Command]:
    found = _parsed.get(line)
    if found is None:
        found = parse_line(line)
        if len(line) < 40:
            if len(_parsed) > 2000:
                _parsed.clear()
            _parsed[line] = found
    return found


class LineTime:
    """When one direction of a line is free again, in seconds of the clock."""

    __slots__ = ("free_at",)

    def __init__(self) -> None:
        self.free_at = 0.0


class Port:
    """A port and the settings that V.250 and 27.005 keep for each."""

    def __init__(self, modem: Modem, number: int = 0) -> None:
        self.modem, self.number = modem, number
        self.send: Callable[[bytes], object] = _nowhere
        self._line = bytearray()
        self._payload: tuple[Call, Prompt, bytearray] | None = None
        self._running: _Run | None = None
        self._pending = bytearray()
        self._urcs: list[str] = []
        self._last = ""
        self._line_in, self._line_out = LineTime(), LineTime()
        self.factory()

    def factory(self) -> None:
        """Settings as after power-on."""
        profile = self.modem.profile
        self.echo = True
        self.verbose = True
        self.quiet = False
        self.registers = {0: 0, 3: 13, 4: 10, 5: 8, 6: 2, 7: 60, 8: 2, 10: 14, 12: 50}
        self.cmee = 0
        self.text_mode = profile.messages.format == 1
        self.show_details = False
        self.charset = profile.framing.charset
        self.first_octet, self.validity, self.pid, self.dcs = 17, "167", 0, 0  # 27.005 3.3.2, defaults
        self.framing()

    def framing(self) -> None:
        """Take over S3, S4 and V."""
        self._end = bytes((self.registers[3],))
        self._crlf = self._end + bytes((self.registers[4],))
        self._lead = self._crlf if self.verbose else b""

    def reset(self) -> None:
        """Forget the line, the prompt and what runs: the modem restarted."""
        if self._running is not None:
            self._running.dead = True
        self._running = self._payload = None
        self._line.clear()
        self._pending.clear()
        self._urcs.clear()
        self.factory()

    @property
    def busy(self) -> bool:
        """A command is being carried out or a payload awaited: unsolicited lines wait."""
        return self._running is not None or self._payload is not None

    @property
    def in_payload(self) -> bool:
        return self._payload is not None

    # characters in

    def receive(self, data: bytes) -> None:
        """Octets from the TE; a serial profile's line speed holds them up when timing is real."""
        if self.modem.on_wire is not None:
            self.modem.on_wire(self, ">", data)
        delay_s = self.modem.line_delay(self._line_in, len(data))
        if delay_s > 0:
            self.modem.clock.call_later(delay_s, self._arrive, data)
        else:
            self._arrive(data)

    def _arrive(self, data: bytes) -> None:
        data = self.modem.faults.incoming(self, data)
        if data and self.modem.listening:
            self.feed(data)

    def feed(self, data: bytes) -> None:
        """``receive`` behind the faults."""
        if self._running is not None and self._payload is None:
            if self._running.abort():
                return
            if len(self._pending) + len(data) <= BUFFER_LIMIT:
                self._pending += data
            return
        if self._payload is not None:
            self._feed_payload(data)
            return
        cut = data.find(self._end)
        if cut < 0:
            if self.echo:
                self.modem.faults.echo(self, data)
            self._line += data
            if self._line[-2:].upper() == b"A/":
                self._repeat()
            elif len(self._line) > BUFFER_LIMIT:
                self._line.clear()
            return
        line, rest = data[: cut + 1], data[cut + 1 :]
        if self.echo:
            self.modem.faults.echo(self, line)
        self._line += line[:-1]
        raw = bytes(self._line)
        self._line.clear()
        self._take_line(raw)
        if rest:
            self.feed(rest)

    def _repeat(self) -> None:
        """``A/``: the last line again, at once (V.250 5.2.4)."""
        self._line.clear()
        self._execute(self._last)

    def _take_line(self, raw: bytes) -> None:
        back = self.registers[5]
        if back in raw:
            kept = bytearray()
            for octet in raw:
                if octet != back:
                    kept.append(octet)
                elif kept:
                    kept.pop()
            raw = bytes(kept)
        line = raw.decode("latin-1")
        if line[:2].upper() != "AT":
            line = "".join([char for char in line if char >= " "])
            start = line.upper().find("AT")
            if start < 0:
                return
            line = line[start:]
        self._last = line[2:].strip()
        self._execute(self._last)

    def _feed_payload(self, data: bytes) -> None:
        assert self._payload is not None
        call, prompt, collected = self._payload
        for at, octet in enumerate(data):
            if octet in (0x1A, 0x1B):
                part, rest = data[:at], data[at + 1 :]
                collected += part
                if self.echo:
                    self.modem.faults.echo(self, part)
                if self.modem.faults.payload(self, bytes(collected)):
                    return
                self._payload = None
                if octet == 0x1B:
                    if prompt.left is not None:
                        prompt.left()
                    call.finish(None)
                else:
                    self._run_handler(call, partial(prompt.taken, call, bytes(collected)))
                if rest:
                    self.feed(rest)
                return
        if len(collected) + len(data) <= BUFFER_LIMIT:
            collected += data
        if self.echo:
            self.modem.faults.echo(self, data)
        if self.text_mode and self._end in data:
            self.write(b"\r\n> ")

    # carrying out

    def _execute(self, line: str) -> None:
        try:
            commands = _parse(line)
        except BadLine:
            self.write(self.final(Failure()))
            return
        run = _Run(self, commands)
        self._running = run
        latency = self.modem.latency(commands[0].name if commands else "")
        if latency > 0:
            self.modem.clock.call_later(latency, run.next)
        else:
            run.next()

    def _run_handler(self, call: Call, handler: Callable[[], Reply]) -> None:
        try:
            reply = handler()
        except Failure as failure:
            call.finish(failure)
            return
        if isinstance(reply, Prompt):
            self._payload = (call, reply, bytearray())
            run = self._running
            if run is not None:
                run.flush()
            self.modem.faults.prompt(self)
        elif not isinstance(reply, Later):
            call.finish(reply)

    def done(self) -> None:
        """The line is finished: unsolicited lines go out, then what was typed meanwhile is read."""
        self._running = None
        if self._urcs:
            urcs, self._urcs = self._urcs, []
            for text in urcs:
                self.urc(text)
        if self._pending:
            data = bytes(self._pending)
            self._pending.clear()
            self.feed(data)

    # characters out

    def write(self, data: bytes) -> None:
        """Octets to the TE, through the faults."""
        self.modem.faults.outgoing(self, data)

    def show_prompt(self) -> None:
        """The prompt of the profile; a payload may follow."""
        if self._payload is not None:
            self.write(self.modem.prompt)

    def info(self, lines: list[str]) -> bytes:
        """Information text: lines with the header and trailer that V.250 5.7.1 asks for."""
        crlf = self._crlf
        return self._lead + crlf.join([line.encode("latin-1", "replace") for line in lines]) + crlf

    def encode(self, text: str) -> str:
        """Text in the character set of +CSCS."""
        return encode_string(text, self.charset)

    def urc(self, text: str) -> None:
        """An unsolicited line; while a command is being carried out it waits."""
        if self.busy:
            if len(self._urcs) < 1000:
                self._urcs.append(text)
            return
        self.urc_now(text)

    def urc_now(self, text: str) -> None:
        """An unsolicited line at this very moment."""
        if text in _NUMERIC and not self.verbose:
            text = str(_NUMERIC[text])
        self.write(self.info([text]))

    def emit(self, data: bytes) -> None:
        """Octets on the line, at its speed."""
        delay_s = self.modem.line_delay(self._line_out, len(data))
        if delay_s > 0:
            self.modem.clock.call_later(delay_s, self._put, data)
        else:
            self._put(data)

    def _put(self, data: bytes) -> None:
        if self.modem.on_wire is not None:
            self.modem.on_wire(self, "<", data)
        self.send(data)

    def final(self, failure: Failure | None) -> bytes:
        """The final result (V.250 5.7; 27.007 9.1; 27.005 3.2.5); empty under ATQ1."""
        if self.quiet:
            return b""
        if failure is None:
            text = "OK"
        elif failure.kind == "text":
            text = self.modem.profile.framing.unknown
        elif failure.kind == "error" or (failure.kind == "cme" and self.cmee == 0):
            text = "ERROR"
        elif failure.kind == "result":
            text = CALL_RESULTS[failure.code]
        else:
            words = CME_TEXT if failure.kind == "cme" else CMS_TEXT
            shown = words.get(failure.code, str(failure.code)) if self.cmee == 2 else str(failure.code)
            text = f"+{failure.kind.upper()} ERROR: {shown}"
        if not self.verbose and text in _NUMERIC:
            return b"%d" % _NUMERIC[text] + self._end
        return self._lead + text.encode("ascii") + self._crlf


CALL_RESULTS = {3: "NO CARRIER", 6: "NO DIALTONE", 7: "BUSY", 8: "NO ANSWER"}


class _Run:
    """A command line under way: its commands one after the other, its output gathered."""

    __slots__ = ("at", "commands", "current", "dead", "out", "port")

    def __init__(self, port: Port, commands: list[Command]) -> None:
        self.port, self.commands, self.at = port, commands, 0
        self.out = b""
        self.dead = False
        self.current: Call | None = None

    def abort(self) -> bool:
        """A character ends an abortable command that takes its time (V.250 5.6.1); whether it was one."""
        call = self.current
        if call is None or not call.abortable or call.ended:
            return False
        call.finish(None)
        return True

    def flush(self) -> None:
        if self.out:
            out, self.out = self.out, b""
            self.port.write(out)

    def next(self) -> None:
        """The next command, or the end of the line."""
        if self.dead:
            return
        if self.at >= len(self.commands):
            self.end(None)
            return
        command = self.commands[self.at]
        self.at += 1
        port = self.port
        call = Call(port, command)
        call.finish = lambda answer: self.finished(call, answer)
        self.current = call
        port._run_handler(call, lambda: port.modem.dispatch(call))

    def finished(self, call: Call, answer: list[str] | Failure | None) -> None:
        """A command has its answer."""
        if self.dead or call.ended:
            return
        call.ended = True
        if isinstance(answer, Failure):
            self.end(answer)
            return
        if answer:
            self.out += self.port.info(answer)
        if call.silent:
            self.flush()
            self.port.done()
        elif self.at >= len(self.commands):
            self.end(None)
        else:
            self.next()

    def end(self, failure: Failure | None) -> None:
        """The final result."""
        port = self.port
        out, self.out = self.out + port.final(failure), b""
        command = self.commands[-1].name if self.commands else ""
        port.modem.faults.result(port, command, out)
        port.done()


def _nowhere(data: bytes) -> None:
    """Nobody is connected."""
