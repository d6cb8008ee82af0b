"""Parsers of information lines: each takes a whole line or the text after its colon, and is tolerant.

A parser returns None, or a value with None in it, for a line that it cannot read. No parser raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from gsmgw.at.fields import after_prefix, groups, integer, split_fields
from gsmgw.digits import is_digits


def parse_registration(line: str, *, urc: bool) -> int | None:
    """``+CREG: [n,]stat[,lac,ci[,act]]`` -> <stat> of TS 27.007 7.2.

    The URC has no n. A URC inside a response to a query is recognised by its shape.
    """
    fields = [field.strip('"') for field in split_fields(after_prefix(line))]
    if not urc:
        if len(fields) < 2 or integer(fields[1]) is None or len(fields[1]) > 2 or len(fields) == 3:
            # "1", "1,4CA,81DE": the URC form. "2,1" and longer responses have n first.
            if not fields or integer(fields[0]) is None:
                return None
        else:
            fields = fields[1:]
    stat = integer(fields[0]) if fields else None
    return stat if stat is not None and 0 <= stat <= 11 else None


def parse_signal_dbm(line: str) -> int | None:
    """``+CSQ: rssi,ber`` (TS 27.007 8.5) in dBm; 99 and 199 are unknown, 100-191 is the TD-SCDMA scale."""
    rssi = integer(split_fields(after_prefix(line))[0])
    if rssi is None:
        return None
    if 0 <= rssi <= 31:
        return 2 * rssi - 113
    if 100 <= rssi <= 191:
        return rssi - 216
    return None


def parse_stored(line: str) -> tuple[str, int] | None:
    """``+CMTI: "SM",3`` and ``+CDSI:`` -> memory and index.

    The memory is empty where it is a number or missing; the index is -1 where no message can be read by it.
    """
    fields = split_fields(after_prefix(line))
    index = integer(fields[-1])
    if index is None:
        return None
    memory = fields[0] if len(fields) > 1 else ""
    return ("" if is_digits(memory) else memory.upper()), index


@dataclass(frozen=True, slots=True)
class StoredHeader:
    """The header of a stored PDU. ``status`` is <stat>; None where the modem left it empty."""

    index: int | None
    status: int | None
    length_octets: int | None


def parse_list_header(line: str) -> StoredHeader:
    """``+CMGL: index,stat,[alpha],length`` (TS 27.005 4.1), also without the alpha and its comma."""
    fields = split_fields(after_prefix(line))
    return StoredHeader(
        integer(fields[0]), integer(fields[1]) if len(fields) > 1 else None, integer(fields[-1]) if fields[1:] else None
    )


def parse_read_header(line: str) -> StoredHeader:
    """``+CMGR: stat,[alpha],length`` (TS 27.005 4.2); seen: ``,,27``, ``0,23``, ``4,1,,151``, a lone ``24``."""
    fields = split_fields(after_prefix(line))
    status = integer(fields[0]) if len(fields) > 1 else None
    return StoredHeader(None, status if status is not None and status <= 3 else None, integer(fields[-1]))


def parse_direct_length(line: str) -> int | None:
    """The TPDU length of ``+CMT: [alpha],length`` or ``+CDS: length``."""
    return integer(split_fields(after_prefix(line))[-1])


def parse_reference(line: str) -> int | None:
    """``+CMGS: mr[,ackpdu]`` -> TP-MR (TS 23.040 9.2.3.6)."""
    reference = integer(split_fields(after_prefix(line))[0])
    return reference if reference is not None and 0 <= reference <= 255 else None


def parse_index(line: str) -> int | None:
    """``+CMGW: index`` -> the index of the stored message."""
    return integer(split_fields(after_prefix(line))[0])


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """The number of messages that one memory holds, and can hold."""

    memory: str
    used: int
    total: int


def parse_storage_use(line: str) -> list[MemoryUse]:
    """``+CPMS: "SM",3,50,"SM",3,50,"SM",3,50``: one per memory in order; an empty list for a modem without storage."""
    fields = split_fields(after_prefix(line))
    found = []
    for at in range(0, len(fields) - 2, 3):
        used, total = integer(fields[at + 1]), integer(fields[at + 2])
        if fields[at] and used is not None and total is not None:
            found.append(MemoryUse(fields[at].upper(), used, total))
    return found


def parse_storages(line: str) -> list[list[str]]:
    """``+CPMS: (mem1s),(mem2s),(mem3s)``: the memories that each role allows. A flat list is one role."""
    found = groups(after_prefix(line))
    if len(found) > 3 and all(len(group) == 1 for group in found):
        found = [[group[0] for group in found]]
    return [[memory.strip('"( )').upper() for memory in group if memory.strip('"( )')] for group in found]


def parse_free(lines: list[str], prefix: str) -> str:
    """Return the text of a free response: its lines without prefix and quotes, joined by blanks."""
    parts = []
    for line in lines:
        text = line[len(prefix) :] if line.startswith(prefix) else line
        text = text.strip().strip('"').strip()
        if text:
            parts.append(text)
    return " ".join(parts)


def parse_digits(lines: list[str], prefix: str, least: int, most: int) -> str | None:
    """Return the first run of ``least`` to ``most`` digits in a free response (IMEI, IMSI, ICCID with its F filler)."""
    for line in lines:
        text = line[len(prefix) :] if line.startswith(prefix) else line
        for field in split_fields(text):
            digits = field.strip('" ').rstrip("Ff")
            if is_digits(digits) and least <= len(digits) <= most:
                return digits
    return None


class PinState(StrEnum):
    """The state of the SIM: <code> of TS 27.007 8.3, and what the errors of AT+CPIN? stand for."""

    READY = "READY"
    SIM_PIN = "SIM PIN"
    SIM_PUK = "SIM PUK"
    SIM_PIN2 = "SIM PIN2"
    SIM_PUK2 = "SIM PUK2"
    PH_SIM_PIN = "PH-SIM PIN"
    PH_FSIM_PIN = "PH-FSIM PIN"
    PH_FSIM_PUK = "PH-FSIM PUK"
    PH_NET_PIN = "PH-NET PIN"
    PH_NET_PUK = "PH-NET PUK"
    PH_NETSUB_PIN = "PH-NETSUB PIN"
    PH_NETSUB_PUK = "PH-NETSUB PUK"
    PH_SP_PIN = "PH-SP PIN"
    PH_SP_PUK = "PH-SP PUK"
    PH_CORP_PIN = "PH-CORP PIN"
    PH_CORP_PUK = "PH-CORP PUK"
    NO_SIM = "NO SIM"
    SIM_FAILURE = "SIM FAILURE"
    SIM_BUSY = "SIM BUSY"
    NOT_READY = "NOT READY"  #: and all that no standard knows


_PIN_STATES = {state.value: state for state in PinState}


def parse_pin_state(line: str) -> PinState:
    """``+CPIN: READY`` -> :attr:`PinState.READY`; quotes are dropped."""
    return _PIN_STATES.get(after_prefix(line).strip('" ').upper(), PinState.NOT_READY)


def parse_last_reference(line: str) -> int | None:
    """``+CRSM: sw1,sw2,"hex"`` of EF_SMSS -> the last TP-MR used; None where the SIM has no such file.

    90 00 and 91 xx mean success (TS 102 221 10.2.1). The data comes with or without quotes.
    """
    fields = split_fields(after_prefix(line))
    if len(fields) < 3 or integer(fields[0]) not in (0x90, 0x91) or not re.fullmatch("[0-9A-Fa-f]{2,}", fields[2]):
        return None
    return int(fields[2][:2], 16)


def parse_operator(line: str) -> tuple[str | None, int | None]:
    """``+COPS: mode[,format,"name"[,act]]`` -> name and technology."""
    fields = split_fields(after_prefix(line))
    return (fields[2] or None if len(fields) > 2 else None), (integer(fields[3]) if len(fields) > 3 else None)


def parse_own_number(line: str) -> str | None:
    """``+CNUM: [alpha],"number",type``; a plus is added for an international number (type 145)."""
    fields = split_fields(after_prefix(line))
    # A name with quotation marks and commas may look like several fields: the number is what has a type after it.
    pairs = list(pairwise([*fields[1:], ""])) or [("", "")]
    number, kind = next((pair for pair in pairs if 128 <= (integer(pair[1]) or 0) <= 255), pairs[0])
    digits = number.lstrip("+")
    if not is_digits(digits):
        return None
    return f"+{digits}" if integer(kind) == 145 or number.startswith("+") else digits


def parse_smsc(line: str) -> str | None:
    """``+CSCA: "+49...",145``, also as UCS-2 hexadecimal when AT+CSCS says so, quoted or not. None when empty."""
    fields = split_fields(after_prefix(line))
    number = fields[0]
    if len(number) >= 8 and len(number) % 4 == 0 and number.startswith("00"):
        try:
            number = bytes.fromhex(number).decode("utf-16-be")
        except ValueError:
            return None
    digits = number.lstrip("+")
    if not is_digits(digits):
        return None
    international = number.startswith("+") or (len(fields) > 1 and integer(fields[1]) == 145)
    return f"+{digits}" if international else digits


@dataclass(frozen=True, slots=True)
class UssdIndication:
    """``+CUSD: m[,text[,dcs]]``: the text of the network, and whether it waits for a reply (TS 27.007 7.15)."""

    status: int
    text: str | None
    dcs: int | None


def parse_ussd(line: str) -> UssdIndication | None:
    """Parse +CUSD: quoted or not, with line ends or commas in the text, with or without DCS."""
    rest = after_prefix(line)
    head, comma, tail = rest.partition(",")
    status = integer(head)
    if status is None:
        return None
    if not comma:
        return UssdIndication(status, None, None)
    tail = tail.strip()
    dcs: int | None = None
    if tail.startswith('"'):
        close = tail.rfind('"')
        if close > 0:
            return UssdIndication(status, tail[1:close], integer(tail[close + 1 :].lstrip(" ,")))
        tail = tail[1:]
    body, last_comma, last = tail.rpartition(",")
    if last_comma and (value := integer(last)) is not None and 0 <= value <= 255:
        tail, dcs = body, value
    return UssdIndication(status, tail.strip(), dcs)


def parse_caller(line: str) -> str | None:
    """``+CLIP: "number",type,...`` -> the number, None when withheld."""
    fields = split_fields(after_prefix(line))
    number = fields[0]
    if not number:
        return None
    international = len(fields) > 1 and integer(fields[1]) == 145 and not number.startswith("+")
    return f"+{number}" if international else number


def parse_tries_left(lines: list[str]) -> int | None:
    """Parse the PIN attempts left: ``+CPINR: SIM PIN,3,3``, ``^CPIN: READY,,10,3,10,3``, ``+QPINC: "SC",3,10``,
    ``#PCT: 3``, ``^SPIC: 3``.
    """
    for line in lines:
        fields = split_fields(after_prefix(line))
        if line.startswith("^CPIN:"):  # Huawei: state, times, PUK1, PIN1, PUK2, PIN2
            return integer(fields[3]) if len(fields) > 3 else None
        if fields[0].upper() in ("SIM PIN", "SC") and len(fields) > 1:
            return integer(fields[1])
        if len(fields) == 1 and (count := integer(fields[0])) is not None:
            return count
    return None


def parse_clock(line: str) -> tuple[int, int, int, int, int, int, int] | None:
    """``+CCLK: "yy/MM/dd,hh:mm:ss+zz"`` -> year, month, day, hour, minute, second, zone in quarter hours."""
    text = after_prefix(line).strip('" ')
    date, _, rest = text.partition(",")
    sign = max(rest.find("+"), rest.find("-"))
    zone = integer(rest[sign:].lstrip("+")) if sign > 0 else 0
    parts = date.split("/") + (rest[:sign] if sign > 0 else rest).split(":")
    values = [integer(part) for part in parts]
    if len(values) != 6 or zone is None or any(value is None for value in values):
        return None
    year, month, day, hour, minute, second = (value or 0 for value in values)
    return (year + 2000 if year < 100 else year), month, day, hour, minute, second, zone
