"""The interfaces between the layers: byte streams, modems, their events, the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gsmgw.model import CopyFate, EventData, ModemStatus, Outgoing


class Timer(Protocol):
    """A scheduled call, see :meth:`Clock.call_later`."""

    def cancel(self) -> None:
        """Cancel the call. Safe after the call."""


class Clock(Protocol):
    """The source of time: :class:`gsmgw.clock.SystemClock`, or a virtual one in tests."""

    def wall_ms(self) -> int:
        """UTC in milliseconds since 1970. A change of the machine's clock takes effect in :meth:`adjust`."""

    def adjust(self) -> int:
        """Adopt the machine's clock. Return by how many milliseconds it was set; 0 if it was not."""

    def boot_id(self) -> str:
        """Return an ID of this boot: values of :meth:`monotonic` are comparable while it is the same."""

    def is_set(self) -> bool:
        """False while the system clock is known not to be synchronised."""

    def monotonic(self) -> float:
        """Return monotonic seconds."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call back on the event loop once that time has passed: for time-outs, cheaper than a sleeping task."""


class ByteReceiver(Protocol):
    """The receiver of a :class:`ByteStream`. Both methods are called on the event loop."""

    def data_received(self, data: bytes) -> None:
        """Called with received bytes, in portions of any size."""

    def connection_lost(self, cause: Exception | None) -> None:
        """Called once at the end of the stream. ``cause`` is None only after :meth:`ByteStream.close`."""


class ByteStream(Protocol):
    """An open two-way stream of bytes: a serial port, a pseudo-terminal, a TCP connection, a fake in tests."""

    def write(self, data: bytes) -> None:
        """Send bytes. A lost connection shows in :meth:`ByteReceiver.connection_lost`, never here."""

    async def close(self) -> None:
        """Close within a deadline, whether or not the other side reads. Safe to call twice."""


#: Called with the memory and the index at which a submission was stored; returns once that is on disk.
Stored = Callable[[str, int], Awaitable[None]]

#: Runs a task under a name and starts it again whenever it raises: :meth:`gsmgw.supervisor.Supervisor.keep`.
Keep = Callable[[str, Callable[[], Awaitable[None]]], Coroutine[Any, Any, None]]

#: Opens a stream that reports to the receiver; raises :class:`gsmgw.errors.PortError`.
Opener = Callable[[ByteReceiver], Awaitable[ByteStream]]


#: <stat> of submissions in a storage (TS 27.005 3.1): unsent, sent.
SUBMISSION_STATUSES = (2, 3)


@dataclass(frozen=True, slots=True)
class RawPdu:
    """A PDU as a modem handed it over, not decoded.

    ``pdu`` is hexadecimal as read. ``length_octets`` is the TPDU length that the modem named, if it did. ``storage``
    and ``index`` are its place in the modem; None when it came directly (+CMT, +CDS). ``stored_status`` is the <stat>
    of TS 27.005 3.1 for a stored one (0 unread, 1 read, 2 unsent, 3 sent).
    """

    modem: str
    sim: str
    pdu: str
    length_octets: int | None = None
    storage: str | None = None
    index: int | None = None
    stored_status: int | None = None

    @property
    def is_submission(self) -> bool:
        """True if it is a message that was written or sent from this SIM, and not a received one."""
        return self.stored_status in SUBMISSION_STATUSES


class EventSink(Protocol):
    """The receiver of a modem's reports."""

    async def take_pdu(self, raw: RawPdu) -> bool:
        """Take a received PDU. Return when it is on disk; only then may the modem delete it (CMGD, CNMA).

        False when it could not be decoded and is in quarantine. Raises :class:`gsmgw.errors.StoreError` when it could
        not be stored: the modem must keep it.
        """

    def pdu_released(self, raw: RawPdu) -> None:
        """Note that the modem deleted the PDU: the same PDU in the same place is a new message from now on."""

    async def take_copies(self, copies: list[RawPdu]) -> list[CopyFate]:
        """Take submissions found in a modem's storage, sent (3) or not (2): evidence for segments in doubt.

        Return the fate of each copy. Raises :class:`gsmgw.errors.StoreError` when the evidence was not recorded.
        """

    def reference_read(self, modem: str, sim: str, reference: int, confirmed: int | None) -> None:
        """Take the last TP-MR that a SIM recorded (EF_SMSS): evidence for segments in doubt.

        ``confirmed`` is the one that the modem itself named last on this port, if nothing was sent after it.
        """

    def modem_changed(self, status: ModemStatus) -> None:
        """Take a changed status."""

    def modem_event(self, modem: str, data: EventData) -> None:
        """Take an event, such as a missed call or another SIM."""


class ModemHandle(Protocol):
    """A modem, as the queue uses it."""

    @property
    def name(self) -> str:
        """The configured name."""

    @property
    def status(self) -> ModemStatus:
        """The current status."""

    async def submit(
        self,
        tpdu: bytes,
        *,
        before_payload: Callable[[], Awaitable[None]],
        more: bool = False,
        on_stored: Stored | None = None,
    ) -> int:
        """Send one SMS-SUBMIT TPDU (without SMSC address); return its TP-MR.

        ``before_payload`` is started at once, and awaited before the first byte of the PDU leaves: it commits that
        the segment is being sent. If it raises, nothing is sent and its exception is passed on. ``more`` says that
        another segment follows at once, so the radio link may be held (AT+CMMS). ``on_stored`` is awaited by a modem
        that is to keep a copy (AT+CMGW), before it is told to send that (AT+CMSS).
        Raises :class:`gsmgw.errors.SubmitError`. One submit at a time.
        """

    def settle(self, reference: int) -> None:
        """Stop waiting for the final result of the running submission: a report proves that the network accepted it.

        ``reference`` is the TP-MR of the status report. The pending :meth:`submit` returns it at once, and the
        channel resynchronises by itself. Does nothing when no payload is out.
        """

    def forget_copy(self, memory: str, index: int) -> None:
        """Delete a stored copy: the fate of its segment is on disk."""


class RemoteModem(Protocol):
    """A modem of another gateway, as the queue uses it: it is given messages, and its gateway sends them."""

    @property
    def name(self) -> str:
        """The name of its gateway and its own: ``ulm/m0``."""

    @property
    def status(self) -> ModemStatus:
        """The status that its gateway told last; absent while the gateway is silent."""

    @property
    def paused_until_ms(self) -> int | None:
        """Until when its limits hold it back; None when they do not."""

    @property
    def room(self) -> int:
        """How many more messages it may be given now."""

    async def assign(self, messages: Sequence[Outgoing]) -> Sequence[Outgoing]:
        """Give it messages; they are its gateway's once this is on disk. Return those that it did not get.

        Raises :class:`gsmgw.errors.StoreError`: none of them is assigned then.
        """
