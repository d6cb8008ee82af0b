"""Which lines come unasked (unsolicited result codes), and what kind of news each is."""

from __future__ import annotations

from enum import StrEnum


class UrcKind(StrEnum):
    """What a line that nobody asked for is about."""

    MESSAGE = "message"  #: +CMT, +CBM with a PDU line: a message routed directly
    REPORT = "report"  #: +CDS with a PDU line: a status report routed directly
    STORED = "stored"  #: +CMTI, +CDSI: something was put into storage
    REGISTRATION = "registration"
    CALL = "call"
    USSD = "ussd"
    SIM = "sim"
    FULL = "full"  #: a storage is full: nothing more will come until it is emptied
    RESET = "reset"  #: the modem started anew, or is going down: all settings are lost
    BOOT = "boot"  #: may be a start of the modem, or follow from a command of ours
    TIME = "time"
    NOISE = "noise"  #: known, and of no use
    UNKNOWN = "unknown"


#: Headers that one PDU line follows (TS 27.005 3.4.1).
TWO_LINE: dict[str, UrcKind] = {
    "+CMT:": UrcKind.MESSAGE,
    "+CDS:": UrcKind.REPORT,
    "+CBM:": UrcKind.NOISE,  # cell broadcast: its two lines are taken together and dropped
}

#: Lines with a value, by what stands before it. TS 27.005 and TS 27.007 unless a device is named.
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
    """The part of a line by which it is known: up to and with the colon, else the whole line."""
    head, colon, _ = line.partition(":")
    return head + colon


def kind_of(line: str) -> UrcKind:
    """What a line is when it is no answer."""
    name = urc_name(line)
    return LINES.get(line) or PREFIXES.get(name) or TWO_LINE.get(name) or UrcKind.UNKNOWN


#: Names that are looked for inside a line that is otherwise unknown: a lost line end glued something before them.
GLUED = ("+CMTI:", "+CDSI:", "+CMT:", "+CDS:")
