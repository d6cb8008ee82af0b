"""The state of one SMPP session (2.2 of the specification) and its timers (7.2). Knows no socket and no clock.

Bytes go in by :meth:`Session.receive`; what is to be written is taken by :meth:`Session.take`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gsmgw.bridges.smpp.pdus import (
    RESPONSE,
    Broken,
    Command,
    CommandStatus,
    Fields,
    Framer,
    MalformedPdu,
    Pdu,
    Tag,
    build,
    parse,
)

#: Requests of a client that may wait for their response; further ones get ``ESME_RTHROTTLED``.
MAX_WAITING: Final = 250
_LAST_SEQUENCE: Final = 0x7FFF_FFFF
#: The version that is spoken, as ``sc_interface_version`` has it.
VERSION: Final = 0x34


class State(StrEnum):
    """States of a session (2.2)."""

    OPEN = "open"
    BOUND_TX = "transmitter"
    BOUND_RX = "receiver"
    BOUND_TRX = "transceiver"
    CLOSED = "closed"


BINDS: Final[Mapping[int, State]] = {
    Command.BIND_TRANSMITTER: State.BOUND_TX,
    Command.BIND_RECEIVER: State.BOUND_RX,
    Command.BIND_TRANSCEIVER: State.BOUND_TRX,
}
#: Requests that a client which may transmit sends (table 2-1).
_TRANSMITTER: Final = frozenset(
    {
        Command.SUBMIT_SM,
        Command.SUBMIT_MULTI,
        Command.DATA_SM,
        Command.QUERY_SM,
        Command.CANCEL_SM,
        Command.REPLACE_SM,
    }
)


@dataclass(frozen=True, slots=True)
class Timers:
    """Periods in seconds (7.2). ``inactivity_s`` is None for sessions that may be idle forever."""

    session_init_s: float = 10.0
    enquire_link_s: float = 30.0
    response_s: float = 30.0
    inactivity_s: float | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A response of the client to request number ``sequence``."""

    sequence: int
    status: int


class Session:
    """One session as the server sees it. Times are seconds of any monotonic clock."""

    def __init__(self, timers: Timers, now: float) -> None:
        self.state = State.OPEN
        #: Why it ended.
        self.reason = ""
        self._timers = timers
        self._framer = Framer()
        self._out: list[Pdu] = []
        self._opened = self._heard = self._active = now
        self._sequence = 0
        #: Requests to the client without a response: what they are, and when one is overdue.
        self._asked: dict[int, tuple[int, float]] = {}
        #: Requests of the client without a response.
        self._waiting = 0
        self._binding = False

    @property
    def transmits(self) -> bool:
        """True if the client may send messages."""
        return self.state in (State.BOUND_TX, State.BOUND_TRX)

    @property
    def receives(self) -> bool:
        """True if messages may be delivered to the client."""
        return self.state in (State.BOUND_RX, State.BOUND_TRX)

    @property
    def is_closed(self) -> bool:
        """True once the connection is to be closed, after what :meth:`take` returns."""
        return self.state is State.CLOSED

    @property
    def asked(self) -> int:
        """The number of requests to the client without a response."""
        return len(self._asked)

    def take(self) -> list[Pdu]:
        """Return the PDUs that are to be written now."""
        out, self._out = self._out, []
        return out

    def receive(self, data: bytes, now: float) -> list[Pdu | Answered]:
        """Take bytes of the client. Return the requests that want :meth:`answer`, and responses to requests."""
        self._framer.feed(data)
        found: list[Pdu | Answered] = []
        while not self.is_closed:
            try:
                raw = self._framer.next()
                if raw is None:
                    break
                self._heard = now
                seen = self._sort(parse(raw), now)
            except Broken as exc:
                self._refuse(exc)
                self.close(str(exc))
            except MalformedPdu as exc:
                self._refuse(exc)
            else:
                if seen is not None:
                    found.append(seen)
        return found

    def answer(self, request: Pdu, response: Pdu) -> None:
        """Answer a request that :meth:`receive` returned."""
        self._waiting -= 1
        if self.is_closed:
            return
        self._out.append(response)
        if request.command in BINDS:
            self._binding = False
            if response.status:
                self.close("bind refused")
            else:
                self.state = BINDS[request.command]

    def ask(self, command: int, fields: Fields, tlvs: Mapping[int, bytes], now: float) -> int:
        """Send a request. Return its number, by which :class:`Answered` refers to it."""
        self._sequence = self._sequence % _LAST_SEQUENCE + 1
        while self._sequence in self._asked:
            self._sequence = self._sequence % _LAST_SEQUENCE + 1
        self._asked[self._sequence] = (command, now + self._timers.response_s)
        self._out.append(Pdu(command, 0, self._sequence, fields, tlvs))
        return self._sequence

    def unbind(self, reason: str, now: float) -> None:
        """Ask the client to end the session; it ends with its response, or without one in time."""
        if self.state is State.OPEN:
            self.close(reason)
        elif not self.is_closed:
            self.reason = reason
            self.ask(Command.UNBIND, {}, {}, now)

    def close(self, reason: str) -> None:
        """End the session."""
        if not self.is_closed:
            self.reason = self.reason or reason
            self.state = State.CLOSED

    def poll(self, now: float) -> None:
        """Let time pass: ends the session, or asks whether the client is alive."""
        timers = self._timers
        if self.is_closed:
            return
        if self.state is State.OPEN and now >= self._opened + timers.session_init_s:
            self.close(f"no bind within {timers.session_init_s:g} s")
        elif any(now >= due for _, due in self._asked.values()):
            self.close(f"no response within {timers.response_s:g} s")
        elif timers.inactivity_s is not None and now >= self._active + timers.inactivity_s:
            self.unbind(f"no message within {timers.inactivity_s:g} s", now)
            self._active = now
        elif self.state is not State.OPEN and now >= self._heard + timers.enquire_link_s and not self._enquiring():
            self.ask(Command.ENQUIRE_LINK, {}, {}, now)

    def next_poll(self, now: float) -> float:
        """Return in how many seconds :meth:`poll` has something to do at the earliest."""
        timers = self._timers
        if self.state is State.OPEN:
            return max(0.0, self._opened + timers.session_init_s - now)
        due = [moment for _, moment in self._asked.values()]
        if not self._enquiring():
            due.append(self._heard + timers.enquire_link_s)
        if timers.inactivity_s is not None:
            due.append(self._active + timers.inactivity_s)
        return max(0.0, min(due) - now)

    def _enquiring(self) -> bool:
        return any(command == Command.ENQUIRE_LINK for command, _ in self._asked.values())

    def _refuse(self, exc: MalformedPdu) -> None:
        """Answer what could not be read: a request by its response, anything else by generic_nack (4.3)."""
        if exc.status is CommandStatus.INVALID_COMMAND_ID or isinstance(exc, Broken):
            self._out.append(Pdu(Command.GENERIC_NACK, exc.status, exc.sequence))
        elif not exc.command & RESPONSE:
            self._out.append(Pdu(exc.command | RESPONSE, exc.status, exc.sequence))

    def _sort(self, pdu: Pdu, now: float) -> Pdu | Answered | None:
        """Handle a PDU, or return what the server has to handle."""
        if pdu.is_response:
            return self._responded(pdu, now)
        if pdu.command == Command.ENQUIRE_LINK:
            self._out.append(pdu.response())
        elif pdu.command == Command.UNBIND:
            self._unbound(pdu)
        elif pdu.command in BINDS:
            return self._bind(pdu)
        elif pdu.command not in _TRANSMITTER:
            self._out.append(Pdu(Command.GENERIC_NACK, CommandStatus.INVALID_COMMAND_ID, pdu.sequence))
        elif not self.transmits:
            self._out.append(pdu.response(CommandStatus.INVALID_BIND_STATUS))
        else:
            self._active = now
            return self._accepted(pdu)
        return None

    def _responded(self, pdu: Pdu, now: float) -> Answered | None:
        asked = self._asked.get(pdu.sequence)
        if asked is None or pdu.command not in (asked[0] | RESPONSE, Command.GENERIC_NACK):
            return None
        del self._asked[pdu.sequence]
        if asked[0] == Command.UNBIND:
            self.close("unbound")
        if asked[0] in (Command.UNBIND, Command.ENQUIRE_LINK):
            return None
        self._active = now
        return Answered(pdu.sequence, pdu.status)

    def _unbound(self, pdu: Pdu) -> None:
        if self.state is State.OPEN:
            self._out.append(pdu.response(CommandStatus.INVALID_BIND_STATUS))
            return
        self._out.append(pdu.response())
        self.close("the client unbound")

    def _bind(self, pdu: Pdu) -> Pdu | None:
        if self.state is not State.OPEN or self._binding:
            self._out.append(pdu.response(CommandStatus.ALREADY_BOUND))
            return None
        self._binding = True
        return self._accepted(pdu)

    def _accepted(self, pdu: Pdu) -> Pdu | None:
        """Return a request for the server, unless too many wait already."""
        if self._waiting >= MAX_WAITING:
            self._out.append(pdu.response(CommandStatus.THROTTLED))
            return None
        self._waiting += 1
        return pdu


def bound(request: Pdu, system_id: str) -> Pdu:
    """Return the response to a bind that was accepted."""
    tlvs: dict[int, bytes] = {}
    if request.number("interface_version") >= VERSION:
        tlvs[Tag.INTERFACE_VERSION] = bytes((VERSION,))
    return request.response(fields={"system_id": system_id.encode()}, tlvs=tlvs)


def written(pdus: list[Pdu]) -> bytes:
    """Return the bytes of several PDUs."""
    return b"".join(map(build, pdus))
