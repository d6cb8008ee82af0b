"""Unsolicited result codes (URCs): which lines are URCs, and of what kind."""

from __future__ import annotations

import re
from enum import StrEnum


class UrcKind(StrEnum):
    """The kind of a URC."""

    MESSAGE = "message"  #: +CMT, +CBM with a PDU line: a message routed directly
    REPORT = "report"  #: +CDS with a PDU line: a status report routed directly
    STORED = "stored"  #: +CMTI, +CDSI: a message or report was stored
    REGISTRATION = "registration"
    CALL = "call"
    USSD = "ussd"
    SIM = "sim"
    FULL = "full"  #: a storage is full: nothing more is received until it is emptied
    RESET = "reset"  #: the modem restarted, or is shutting down: all settings are lost
    BOOT = "boot"  #: the modem may be starting, or it follows from a command of ours
    TIME = "time"
    NOISE = "noise"  #: known and ignored
    UNKNOWN = "unknown"


#: Headers that are followed by one PDU line (TS 27.005 3.4.1).
TWO_LINE: dict[str, UrcKind] = {
    "+CMT:": UrcKind.MESSAGE,
    "+CDS:": UrcKind.REPORT,
    "+CBM:": UrcKind.NOISE,  # cell broadcast: its two lines are taken together and dropped
}

#: Lines with a value, by their prefix. TS 27.005 and TS 27.007 unless a device is named.
PREFIXES: dict[str, UrcKind] = {
    "+CMTI:": UrcKind.STORED,
    "+CDSI:": UrcKind.STORED,
    "+CBMI:": UrcKind.NOISE,
    "+CREG:": UrcKind.REGISTRATION,
    "+CGREG:": UrcKind.REGISTRATION,
    "+CEREG:": UrcKind.REGISTRATION,
    "+C5GREG:": UrcKind.REGISTRATION,
    "+CUSD:": UrcKind.USSD,
    "+CRING:": UrcKind.CALL,
    "+CLIP:": UrcKind.CALL,
    "+CPIN:": UrcKind.SIM,
    "+SIM:": UrcKind.SIM,
    "+CTZV:": UrcKind.TIME,
    "+CTZE:": UrcKind.TIME,
    "*PSUTTZ:": UrcKind.TIME,  # SIMCom
    "DST:": UrcKind.TIME,  # SIMCom
    "+CGEV:": UrcKind.NOISE,
    "+CIEV:": UrcKind.NOISE,
    "+CUSV:": UrcKind.NOISE,
    "+CCWA:": UrcKind.NOISE,
    "+CSSU:": UrcKind.NOISE,
    "^SMMEMFULL:": UrcKind.FULL,  # Huawei
    "+ZSMMEMFULL:": UrcKind.FULL,  # ZTE
    "+SMS FULL:": UrcKind.FULL,  # SIMCom A7670E
    "+CFUN:": UrcKind.BOOT,
    "+WIND:": UrcKind.BOOT,  # Wavecom
    "*EMRDY:": UrcKind.BOOT,  # Ericsson
    "*ATREADY:": UrcKind.BOOT,
}

#: Whole lines.
LINES: dict[str, UrcKind] = {
    "RING": UrcKind.CALL,
    "NO CARRIER": UrcKind.CALL,
    "BUSY": UrcKind.CALL,
    "NO ANSWER": UrcKind.CALL,
    "NO DIALTONE": UrcKind.CALL,
    "+SMS FULL": UrcKind.FULL,
    "^SMMEMFULL": UrcKind.FULL,
    "+ZSMMEMFULL": UrcKind.FULL,
    "RDY": UrcKind.RESET,
    "^SYSSTART": UrcKind.RESET,  # Cinterion
    "+READY": UrcKind.RESET,  # u-blox TOBY-L4
    "POWERED DOWN": UrcKind.RESET,  # Quectel
    "NORMAL POWER DOWN": UrcKind.RESET,  # SIMCom
    "Call Ready": UrcKind.BOOT,
    "SMS Ready": UrcKind.BOOT,
    "SMS READY": UrcKind.BOOT,
    "SMS DONE": UrcKind.BOOT,
    "PB DONE": UrcKind.BOOT,
    "APP RDY": UrcKind.BOOT,
    "+PACSP0": UrcKind.BOOT,  # Sierra
    "+PACSP1": UrcKind.BOOT,
}


def urc_name(line: str) -> str:
    """Return the name of a URC: its line up to and including the colon, or the whole line."""
    head, colon, _ = line.partition(":")
    return head + colon


def kind_of(line: str) -> UrcKind:
    """Return the kind of a line that is not part of a response."""
    name = urc_name(line)
    return LINES.get(line) or PREFIXES.get(name) or TWO_LINE.get(name) or UrcKind.UNKNOWN


#: Names that are looked for inside an unknown line: a lost line end may have put other text before them.
GLUED = ("+CMTI:", "+CDSI:", "+CMT:", "+CDS:")

#: The grammar of URCs that a text from the network could imitate: a memory with an index, a length, a state.
_GRAMMAR: dict[str, re.Pattern[str]] = {
    "+CMTI:": re.compile(r' *(?:"?\w*"?)?,? *-?\d+', re.ASCII),
    "+CDSI:": re.compile(r' *(?:"?\w*"?)?,? *-?\d+', re.ASCII),
    "+CMT:": re.compile(r".*\d+", re.ASCII),
    "+CDS:": re.compile(r" *\d+", re.ASCII),
    "+CBM:": re.compile(r" *\d+", re.ASCII),
    "+CREG:": re.compile(r" *\d.*", re.ASCII),
    "+CGREG:": re.compile(r" *\d.*", re.ASCII),
    "+CEREG:": re.compile(r" *\d.*", re.ASCII),
    "+C5GREG:": re.compile(r" *\d.*", re.ASCII),
    "+CUSD:": re.compile(r" *\d *(?:,.*)?", re.ASCII),
}


def is_whole_urc(line: str) -> bool:
    """Return whether a line has the name and the grammar of a URC: it is not part of a text around it."""
    name = urc_name(line)
    if name not in PREFIXES and name not in TWO_LINE:
        return False
    grammar = _GRAMMAR.get(name)
    return grammar is None or grammar.fullmatch(line, len(name)) is not None
