"""The AT dialogue on one port: commands become bytes to write, bytes read become events.

One command is in flight at a time. Each line is classified by what is expected now: echo, prompt, information line, PDU
line, final result, or a URC, which may come anywhere, also inside a response. After :meth:`Dialogue.abandon` (a
time-out) everything that looks like a response is stale until :meth:`Dialogue.settled` says that the port is in step
again. So a late response never counts for the next command.
"""

from __future__ import annotations

import re

from gsmgw.at.commands import AT, Command
from gsmgw.at.events import Event, Probed, Prompted, Response, Stale, Urc
from gsmgw.at.fields import after_prefix, integer, split_fields
from gsmgw.at.lexer import TEXTS, LineLexer
from gsmgw.at.pdu_header import HEX_AT_END, PduHeader
from gsmgw.at.phase import Phase
from gsmgw.at.result_codes import NUMERIC_RESULTS, FinalResult, FinalResultKind, parse_final_result
from gsmgw.at.urcs import GLUED, LINES, TWO_LINE, UrcKind, kind_of, urc_name
from gsmgw.at.ussd_text import OpenText, is_no_text, is_open

ESCAPE = b"\x1b"
CTRL_Z = b"\x1a"

#: A response is cut after that many lines: a full storage of 1000 messages is listed on 2000.
ANSWER_LIMIT_LINES = 4000
#: A response is cut after that many bytes: 1000 of the longest messages are half of it.
ANSWER_LIMIT_BYTES = 1_000_000

_HEX = re.compile(r"[0-9A-Fa-f]{2,}")
_SYMBOLS = "+^*%$#_!&"


#: Lines that confirm a message. They are late when no message is in transmission.
_ACCEPTED = ("+CMGS:", "+CMSS:")


class Dialogue:
    """See the module. Not to be shared between threads."""

    __slots__ = (
        "_answer_bytes",
        "_answer_lines",
        "_answer_pairs",
        "_command",
        "_events",
        "_headers",
        "_late",
        "_lexer",
        "_open",
        "_payload_hex",
        "asked_bytes",
        "asked_lines",
        "echoes",
        "expects_late_result",
        "known_references",
        "lines",
        "noise",
        "phase",
        "probes",
    )

    def __init__(self) -> None:
        self._lexer = LineLexer()
        self._command: Command | None = None
        self._answer_lines: list[str] = []
        self._answer_pairs: list[tuple[str, str]] = []
        self._answer_bytes = 0
        self._payload_hex = ""
        self._headers: list[PduHeader] = []
        self._open = OpenText()
        self._events: list[Event] = []
        self._late = False
        #: How often AT was written while the final result of a payload is awaited, and not answered yet.
        self.probes = 0
        #: References of messages that are known to be accepted although their final result has not come.
        self.known_references: set[int] = set()
        #: True if the final result of a message that was given up may still come: a refusal without its command is it.
        self.expects_late_result = False
        self.phase = Phase.IDLE
        #: How many command lines came back as echo; none should after ATE0.
        self.echoes = 0
        #: How many lines came so far, how many of them belonged to a response, and the size of those in bytes.
        self.lines = 0
        self.asked_lines = 0
        self.asked_bytes = 0
        #: Names of further lines that are ignored, given by the profile.
        self.noise: frozenset[str] = frozenset()

    def start(self, command: Command) -> bytes:
        """Begin a command; return its line with a CR and nothing else (an LF is data to some modems)."""
        if self.phase is not Phase.IDLE:
            raise RuntimeError(f"{command.shown} started in phase {self.phase.name}")
        self._command = command
        self._answer_lines = []
        self._answer_pairs = []
        self._answer_bytes = 0
        self._payload_hex = ""
        self.probes = 0
        if command.submits:
            self.phase = Phase.PAYLOAD
        else:
            self.phase = Phase.PROMPT if command.prompted else Phase.ANSWER
        return command.text.encode("latin-1", "replace") + b"\r"

    def payload(self, data: bytes) -> bytes:
        """Return the payload with its end, after :class:`Prompted` came."""
        if self.phase is not Phase.PROMPTED:
            raise RuntimeError(f"payload in phase {self.phase.name}")
        self._payload_hex = data.decode("ascii")
        self.phase = Phase.PAYLOAD
        return data + CTRL_Z

    def abandon(self) -> bytes:
        """Give up the command in flight; return the bytes that end a prompt, if the modem may be in one."""
        prompted = self._command is not None and self._command.prompted
        self.phase = Phase.STALE
        return ESCAPE if prompted else b""

    def settled(self) -> None:
        """Note that nothing of an abandoned command can come any more."""
        self._command = None
        self._headers = [header for header in self._headers if header.kind is not None]
        self.phase = Phase.IDLE

    @property
    def partial_lines(self) -> list[str]:
        """The information lines that came so far for the command in flight."""
        return self._answer_lines

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes in any portions; return the events that they complete, in order."""
        self._events = []
        for line in self._lexer.feed(data, in_text=bool(self._open.lines)):
            if not self._open.lines:
                if "\0" in line and not line.startswith(TEXTS):
                    line = line.replace("\0", "")  # noise
                if not line:
                    continue
            self.lines += bool(line)
            self._line(line)
        if self.phase is Phase.PROMPT and self._lexer.tail.strip("\0 \t\xff") == ">":
            self._lexer.clear_tail()
            self._prompted()
        return self._events

    def _prompted(self) -> None:
        self.phase = Phase.PROMPTED
        self._events.append(Prompted())

    def _line(self, line: str) -> None:
        if self._open.lines and self._continues_text(line):
            return
        phase = self.phase
        command = self._command
        if self._late:
            self._late = False
            if (final := parse_final_result(line)) is not None and final.ok:
                return  # it ends a late result, not the command in flight
        if line.startswith(_ACCEPTED) and self._is_late(line):
            self._late = phase is not Phase.STALE
            self._events.append(Stale(line))
            return
        if self.expects_late_result and line.startswith("+CMS ERROR") and self._is_late_refusal():
            self._events.append(Stale(line, parse_final_result(line)))
            return
        if command is not None:
            if line == command.text or (self.probes and phase is Phase.PAYLOAD and line == AT.text):
                self.echoes += 1
                self._asked(line)
                return
            if (line[0] == ">" or "\x1a" in line or "\x1b" in line) and phase is not Phase.ANSWER and line[0] != "+":
                # A prompt with text after it, or the echo of a payload.
                if phase is not Phase.STALE:
                    self._asked(line)
                if phase is Phase.PROMPT and line[0] == ">":
                    self._prompted()
                line = line.rpartition("\x1a")[2].rpartition("\x1b")[2].lstrip("> ")
                if line:
                    self._line(line)
                return
        if self._headers and self._pdu(line):
            return
        if command is None:
            if self.phase is Phase.STALE and (final := parse_final_result(line)) is not None:
                self._events.append(Stale(line, final))
            else:
                self._unasked(line)
            return
        final = parse_final_result(line)
        if final is None and phase is Phase.ANSWER and not command.prefixes and not self._answer_lines:
            final = NUMERIC_RESULTS.get(line)
        if final is not None:
            self._final(line, final)
        elif command.prefixes and line.startswith(command.prefixes):
            self._information(line)
        elif phase is Phase.PAYLOAD and _HEX.fullmatch(line) and self._payload_hex.upper().endswith(line.upper()):
            self._asked(line)  # echo of the payload
        elif command.free and phase is Phase.ANSWER and line[0] not in _SYMBOLS and line not in LINES:
            self._information(line)
        elif not self._glued(line, command):
            self._unasked(line)

    def _is_late(self, line: str) -> bool:
        """Return whether a confirmation belongs to a message that was given up or settled."""
        reference = integer(split_fields(after_prefix(line))[0])
        command = self._command
        own = self.phase is Phase.PAYLOAD and command is not None and line.startswith(command.prefixes or ("-",))
        if reference in self.known_references:
            self.known_references.discard(reference)
            return True
        if own:  # results come in order
            self.known_references.clear()
        return not own

    def _is_late_refusal(self) -> bool:
        """Return whether +CMS ERROR is not the response to the command in flight."""
        if self.phase is Phase.PROMPT or self._command is None:
            return self.phase is not Phase.STALE
        return self.phase is Phase.ANSWER and not self._command.is_for_messages

    def _final(self, line: str, final: FinalResult) -> None:
        self._headers, lost = [h for h in self._headers if h.kind], [h.line for h in self._headers if not h.kind]
        if self.phase is Phase.STALE:
            self._events.append(Stale(line, final))
            return
        if self.phase is Phase.PROMPT and final.kind is FinalResultKind.OK:
            return  # not the response to a prompted command: its prompt or error is still to come
        self._asked(line)
        sent = self.phase is Phase.PAYLOAD
        if (
            sent
            and self.probes
            and not self._answer_lines
            and final.kind in (FinalResultKind.OK, FinalResultKind.ERROR)
        ):
            self.probes -= 1
            self._events.append(Probed())
            return
        self.phase = Phase.IDLE
        self._command = None
        self._events.append(Response(final, self._answer_lines + lost, self._answer_pairs, sent))

    def _information(self, line: str) -> None:
        command = self._command
        if self.phase is Phase.STALE:
            if command is not None and command.pairs:
                self._header(line, None)
            self._events.append(Stale(line))
        elif command is not None and command.pairs:
            self._header(line, None)
        elif len(self._answer_lines) < ANSWER_LIMIT_LINES and self._asked(line):
            self._answer_lines.append(line)

    def _asked(self, line: str) -> bool:
        """Count a line of a response; return False when the response is too long for it to belong to it."""
        size = len(line) + 4  # with the line ends around it
        self._answer_bytes += size
        if self._answer_bytes > ANSWER_LIMIT_BYTES:
            return False
        self.asked_lines += 1
        self.asked_bytes += size
        return True

    def _header(self, line: str, kind: UrcKind | None) -> None:
        same_line = HEX_AT_END.search(line)
        if same_line is not None:
            self._pair(PduHeader(line[: same_line.start()], kind), same_line[1])
        else:
            self._headers.append(PduHeader(line, kind))

    def _pdu(self, line: str) -> bool:
        """Give a hexadecimal line to the header that it fits, the latest first: a URC may stand between the two."""
        pdu = line.strip('"')
        if not _HEX.fullmatch(pdu):
            for header in self._headers:
                header.lines_left -= 1
            if self._headers[0].lines_left <= 0:
                self._headers = [header for header in self._headers if header.lines_left > 0]
            return False
        header = next((header for header in reversed(self._headers) if header.fits(pdu)), self._headers[-1])
        self._headers.remove(header)
        self._pair(header, pdu)
        return True

    def _pair(self, header: PduHeader, pdu: str) -> None:
        if header.kind is not None:
            self._events.append(Urc(header.kind, header.line, pdu))
        elif (
            self.phase is not Phase.STALE
            and len(self._answer_pairs) < ANSWER_LIMIT_LINES
            and self._asked(header.line)
            and self._asked(pdu)
        ):
            self._answer_pairs.append((header.line, pdu))

    def _glued(self, line: str, command: Command) -> bool:
        """Recover a response before which a line end was lost: ``ERROR+CNUM: ...`` (Huawei)."""
        for prefix in command.prefixes:
            if line.find(prefix) > 0:
                self._information(line[line.index(prefix) :])
                return True
        return False

    def _unasked(self, line: str) -> None:
        if self.phase is Phase.STALE and line.startswith("AT"):
            return  # echo
        name = urc_name(line)
        if name in TWO_LINE:
            self._header(line, TWO_LINE[name])
            return
        kind = UrcKind.NOISE if name in self.noise else kind_of(line)
        if kind is UrcKind.UNKNOWN:
            for glued in GLUED:
                if line.find(glued) > 0:
                    self._unasked(line[line.index(glued) :])
                    return
        elif kind is UrcKind.USSD and is_open(line):
            self._open.begin(line)
            return
        self._events.append(Urc(kind, line))

    # -- USSD texts of several lines ------------------------------------------------------------------------------

    @property
    def has_open_text(self) -> bool:
        """True if a USSD text has begun and not ended."""
        return bool(self._open.lines)

    def end_text(self) -> list[Event]:
        """End an open USSD text whose end did not come; return the events."""
        self._events = []
        text, rest = self._open.end(awaits_result=self._command is not None)
        if text:
            self._events.append(Urc(UrcKind.USSD, text))
        for line in filter(None, rest):
            self._line(line)
        return self._events

    def _continues_text(self, line: str) -> bool:
        """Add a line to the open USSD text, until its closing quotation mark; False when it is not part of it."""
        command = self._command
        if is_no_text(line, command.prefixes if command is not None else ()):
            return False
        if (text := self._open.add(line)) is not None:
            self._events.append(Urc(UrcKind.USSD, text))
        elif self._open.is_too_long:
            events = self._events
            self._events = [*events, *self.end_text()]
        return True
