"""The profile of a family of modems, and the generic one that follows the standards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gsmgw.modem.causes import Cause

#: TS 27.005 3.4.1 ``mode,mt,bm,ds,bfr``, the wanted one first: stored messages indicated, reports routed directly.
#: Many advertise what they then refuse (Qualcomm), some accept bfr 1 only (Siemens, Cinterion).
CNMI_LADDER: tuple[str, ...] = (
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
CNMI_DIRECT_LADDER: tuple[str, ...] = ("2,2,0,1,0", "2,2,0,1,1", "1,2,0,1,0", "1,2,0,1,1", "3,2,0,1,0", "2,2,0,0,0")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a family needs. Commands are full lines; those of ``init`` may be refused."""

    name: str
    title: str
    #: Regular expressions searched, without case, in "manufacturer model revision" and in USB "vendor:product".
    matches: tuple[str, ...] = ()
    usb_ids: tuple[str, ...] = ()
    #: Sent after identification, before the SIM is asked for anything.
    init: tuple[str, ...] = ()
    #: Names of lines that mean nothing.
    noise: tuple[str, ...] = ()
    cnmi: tuple[str, ...] = CNMI_LADDER
    #: How many memories AT+CPMS is given, in the order to try.
    cpms_forms: tuple[int, ...] = (3, 2, 1)
    #: The memories to sweep, where the modem has them.
    sweep: tuple[str, ...] = ("SM", "ME")
    #: Where received messages are to be stored; empty leaves it as the modem has it.
    receive_into: str = ""
    iccid: tuple[str, ...] = ("AT+CCID", "AT+ICCID", "AT^ICCID?", "AT+QCCID", "AT#CCID")
    pin_tries: tuple[str, ...] = ("AT+CPINR", "AT^CPIN?", "AT+QPINC?", "AT#PCT", "AT^SPIC")
    #: How long the SIM may take after its PIN until it can be used.
    sim_ready_s: float = 20.0
    #: How long the prompt may take at the first and at the second try. Nothing is sent before it comes.
    prompt_timeouts_s: tuple[float, ...] = (3.0, 10.0)
    #: How long the network may take. The modem itself gives up after some 45 s (TS 24.011 10), vendors say 60 to 120.
    submit_timeout_s: float = 180.0
    #: When to ask AT while the final result of a message is missing; None where that would cancel the message.
    probe_after_s: float | None = 15.0
    #: The shortest pause between a final result and the next command.
    pause_s: float = 0.0
    #: How the modem is restarted.
    reset: str = "AT+CFUN=1,1"
    #: CFUN level that switches the radio off.
    radio_off: int = 4
    #: USSD requests are written as packed hexadecimal.
    ussd_packed: bool = False
    #: Command that ends a USSD session; empty where it is not known to the modem.
    ussd_cancel: str = "AT+CUSD=2"
    #: Meaning of the vendor's own error codes.
    cms: Mapping[int, Cause] = field(default_factory=dict)
    cme: Mapping[int, Cause] = field(default_factory=dict)
    #: Where the facts come from.
    source: str = "TS 27.005, TS 27.007"


GENERIC = Profile("generic", "any modem that follows the standards")
