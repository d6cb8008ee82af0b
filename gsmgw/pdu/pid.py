"""TP-PID, the protocol identifier: TS 23.040 9.2.3.9."""

from __future__ import annotations

from typing import Final

SILENT: Final = 0x40
"""Short message type 0: acknowledged, neither shown nor stored."""

_TELEMATIC: Final = {
    0x00: "implicit, or negotiated with the service centre",
    0x01: "telex",
    0x02: "group 3 fax",
    0x03: "group 4 fax",
    0x04: "voice telephone (conversion to speech)",
    0x05: "ERMES paging",
    0x06: "national paging",
    0x07: "videotex",
    0x08: "teletex, carrier not specified",
    0x09: "teletex in PSPDN",
    0x0A: "teletex in CSPDN",
    0x0B: "teletex in analogue PSTN",
    0x0C: "teletex in digital ISDN",
    0x0D: "UCI",
    0x10: "message handling facility",
    0x11: "X.400 message handling system",
    0x12: "internet electronic mail",
    0x1F: "a GSM or UMTS mobile station",
}
"""Bits 4-0 when bit 5 says that a telematic device is addressed."""

_NAMED: Final = {
    0x00: "short message, nothing special",
    SILENT: "type 0, silent: acknowledged, neither shown nor stored",
    0x48: "device triggering",
    0x5E: "enhanced message service (obsolete)",
    0x5F: "return call",
    0x7C: "ANSI-136 R-DATA",
    0x7D: "data download to the mobile equipment",
    0x7E: "de-personalisation of the mobile equipment",
    0x7F: "data download to the SIM",
}


def replace_type(pid: int) -> int | None:
    """Return 1-7 for a message that replaces an earlier one of the same type and originator, else ``None``."""
    return pid & 7 if 0x41 <= pid <= 0x47 else None


def pid_meaning(pid: int) -> str:
    """Return what a TP-PID byte means."""
    if pid in _NAMED:
        return _NAMED[pid]
    replaces = replace_type(pid)
    if replaces is not None:
        return f"replaces an earlier message of type {replaces} from the same sender"
    if pid >= 0xC0:
        return "specific to the service centre"
    if pid >= 0x40:
        return "reserved"
    if pid < 0x20:
        return f"SME to SME protocol {pid}"
    kind = pid & 0x1F
    if 0x18 <= kind <= 0x1E:
        return "telematic: specific to the service centre"
    return "telematic: " + _TELEMATIC.get(kind, "reserved")
