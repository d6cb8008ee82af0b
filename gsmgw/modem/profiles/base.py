"""The profile of a family of modems, and the generic one that follows the standards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gsmgw.errors import Cause

#: AT+CNMI settings (TS 27.005 3.4.1 ``mode,mt,bm,ds,bfr``), the preferred first: stored messages indicated, reports
#: routed directly. Many modems advertise settings that they refuse (Qualcomm), some accept only bfr 1 (Siemens).
CNMI_SETTINGS: tuple[str, ...] = (
    "2,1,0,1,0",
    "2,1,0,1,1",
    "1,1,0,1,0",
    "1,1,0,1,1",
    "2,1,0,2,0",
    "2,1,0,2,1",
    "1,1,0,2,0",
    "1,1,0,2,1",
    "2,1,0,0,0",
    "2,1,0,0,1",
    "2,1",
    "1,1,0,0,0",
    "1,1,0,0,1",
    "3,1,0,0,0",
    "3,1,0,0,1",
)

#: The same with messages routed directly (+CMT), for acknowledged delivery (AT+CSMS=1, AT+CNMA).
CNMI_DIRECT_SETTINGS: tuple[str, ...] = ("2,2,0,1,0", "2,2,0,1,1", "1,2,0,1,0", "1,2,0,1,1", "3,2,0,1,0", "2,2,0,0,0")


@dataclass(frozen=True, slots=True)
class Reading:
    """A command whose response has a figure. ``prefix`` is for a response whose prefix is not the command's own.

    ``field`` counts from 1; 0 means the largest of all.
    """

    command: str
    prefix: str = ""
    field: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """The differences of a family of modems from the standards. Commands are full lines; ``init`` may be refused."""

    name: str
    title: str
    #: Regular expressions searched, without case, in "manufacturer model revision".
    matches: tuple[str, ...] = ()
    #: Sent after identification, before the SIM is asked for anything.
    init: tuple[str, ...] = ()
    #: Sent when the port in use is that USB interface: some modems send their URCs to one port only.
    init_for_interface: Mapping[int, str] = field(default_factory=dict)
    #: Names of lines that are ignored.
    noise: tuple[str, ...] = ()
    cnmi: tuple[str, ...] = CNMI_SETTINGS
    #: The numbers of memories to try with AT+CPMS, in order; none for a modem without storage.
    cpms_forms: tuple[int, ...] = (3, 2, 1)
    #: The memories to sweep, where the modem has them.
    sweep: tuple[str, ...] = ("SM", "ME", "SR")
    #: True if a second port may be asked to read and delete while a message is being sent on the first. Telit's manuals
    #: forbid commands that use the SIM on any port meanwhile, and no other vendor is known to allow them.
    reads_while_sending: bool = False
    #: The memory for received messages; empty keeps the modem's own choice.
    receive_into: str = ""
    iccid: tuple[str, ...] = ("AT+CCID", "AT+ICCID", "AT^ICCID?", "AT+QCCID", "AT#CCID")
    pin_tries: tuple[str, ...] = ("AT+CPINR", "AT^CPIN?", 'AT+QPINC="SC"', "AT#PCT", "AT^SPIC")
    #: True if AT+CMGW and AT+CMSS work, and the <stat> of a stored message tells whether it was sent.
    keeps_copies: bool = True
    #: True if AT+CRSM may be used to read the SIM's record of its last TP-MR.
    reads_smss: bool = True
    #: Pause after the PIN was accepted, and after the radio was switched on.
    after_pin_s: float = 0.0
    after_radio_on_s: float = 0.0
    #: How long the SIM, and after it the message service, may take until they are ready, seconds.
    sim_ready_s: float = 20.0
    sms_ready_s: float = 20.0
    #: How long the prompt may take at the first and at the second attempt, seconds. Nothing is sent before it.
    prompt_timeouts_s: tuple[float, ...] = (3.0, 10.0)
    #: How long the network may take, seconds. The modem itself gives up after some 45 s (TS 24.011 10); vendors state$
    #: 60 to 120 s.
    submit_timeout_s: float = 180.0
    #: When AT is sent while a final result is missing, seconds; None where AT would cancel the message.
    probe_after_s: float | None = 10.0
    #: The shortest pause between a final result and the next command, seconds.
    pause_s: float = 0.0
    #: Commands that restart the modem, in the order to try.
    reset: tuple[str, ...] = ("AT+CFUN=1,1",)
    #: CFUN level that switches the radio off.
    radio_off: int = 4
    #: The forms of a USSD request, in the order to try: plain, packed (TS 23.038 6.1.2.3.1, in hexadecimal).
    ussd_forms: tuple[str, ...] = ("plain", "packed")
    #: How temperature and supply voltage are read (TS 27.007 8.4, with a third field that many add).
    temperature: Reading | None = None
    voltage: Reading | None = Reading("AT+CBC")
    #: The vendor's own error codes.
    cms: Mapping[int, Cause] = field(default_factory=dict)
    cme: Mapping[int, Cause] = field(default_factory=dict)
    #: The sources of these facts.
    source: str = "TS 27.005, TS 27.007"


GENERIC = Profile("generic", "any modem that follows the standards")


def only(settings: tuple[str, ...], *, ds: str | None = None, bfr: str | None = None) -> tuple[str, ...]:
    """Return the AT+CNMI settings with that <ds> or <bfr>."""
    rows = [(row, row.split(",")) for row in settings if row.count(",") == 4]
    return tuple(row for row, part in rows if ds in (None, part[3]) and bfr in (None, part[4]))
