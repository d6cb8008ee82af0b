"""Masks the lines of a conversation: only text that is known to be harmless is shown.

A masked line keeps its length, because lengths help to find faults. Pure.
"""

from __future__ import annotations

import re

from gsmgw.at.result_codes import parse_final_result
from gsmgw.at.urcs import LINES

#: Names of responses, URCs and commands whose unquoted figures of up to four digits may be shown; text in quotation
#: marks is shown only if it is one of _WORDS.
_NAMES = (
    # TS 27.005
    "+CMGF +CPMS +CNMI +CSMS +CNMA +CMGS +CMGW +CMSS +CMGR +CMGL +CMGD +CMMS +CMTI +CDSI +CBMI +CMT +CDS +CBM +CSCB "
    "+CSAS +CSCA "
    # TS 27.007
    "+CMEE +CSQ +CREG +CGREG +CEREG +C5GREG +CFUN +CLIP +CUSD +CSCS +COPS +CBC +CTZU +CTZR +CTZV +CRC +CRING +COLP "
    "+CCWA +CSSU +CGEV +CIEV +CMER +CGATT +CRSM +CHUP +CPAS +CNUM "
    # Huawei, Cinterion
    "^BOOT ^RSSI ^HCSQ ^MODE ^SYSINFO ^SYSCFG ^CURC ^SRVST ^STIN ^SIMST ^CHIPTEMP ^SCTM ^SMSO "
    # Quectel, SIMCom, ZTE, Ericsson, Wavecom
    "+QTEMP +QCFG +QINDCFG +CPMUTEMP +CUSV +ZPASR +ZDON +ZUSIMR *EMRDY *ATREADY *PSUTTZ DST +WIND"
)
_FIGURES = frozenset(_NAMES.split())
#: Values of the standards: storages, character sets, states of stored messages.
_STANDARD = "SM,ME,MT,SR,BM,TA,GSM,IRA,UCS2,HEX,8859-1,UTF-8,ALL,REC UNREAD,REC READ,STO UNSENT,STO SENT"
_WORDS = frozenset(f'"{word}"' for word in _STANDARD.split(","))
#: States of the SIM (TS 27.007 8.3): the command of that name is a secret, its responses are words.
_SIM_STATE = re.compile(
    r"\+CPIN: ?(READY|SIM PIN2?|SIM PUK2?|PH-[A-Z]+ (PIN|PUK)|SIM (not inserted|busy|failure)|NOT (INSERTED|READY))"
)
#: Commands whose value may give access.
_SECRET = re.compile(r"AT[+^#*$%!](?:CPIN2?|CLCK|CPWD|CPINE|SPIC)=", re.IGNORECASE)
#: V.250: ATE0, ATV1, AT&F, ATH, ATZ. A number to dial does not match.
_BASIC = re.compile(r"AT(?:[EVQZHISX]\d?|&[FWD]\d?)*", re.IGNORECASE)
_EXTENDED = re.compile(r"(AT)([+^#*$%&!][A-Z][A-Z0-9]{0,15})(=\?|\?|=)?(.*)", re.IGNORECASE | re.DOTALL)
_INFORMATION = re.compile(r"([+^#*$%!]?[A-Z][A-Z0-9]{0,15})(: ?)(.*)", re.DOTALL)
_ERROR = re.compile(r"\+CM[ES] ERROR: ?\d{1,4}")
#: Commands that ask for the identity; the responses are lines without a name.
_ASKS_IDENTITY = re.compile(r"AT(?:\+CGM[IMR]|\+GM[IMR]|I\d?)", re.IGNORECASE)
#: Names of vendors, models and firmware. Seven digits in a row may be a phone number.
_IDENTITY = re.compile(r"(?!.*\d{7})[A-Za-z0-9 ._()/,:-]{1,64}")
_FIELD = re.compile(r'"[^"]*"|[^,()]+')
_SMALL = re.compile(r"\s*-?\d{1,4}(?:-\d{1,4})?\s*")


class Masker:
    """Masks the lines of one conversation, in their order: some are shown because of the command before them."""

    def __init__(self) -> None:
        self._identity_asked = False

    def mask(self, direction: str, line: str) -> str:
        """Return a line, without its end, as it may be shown to anybody."""
        if direction == ">":
            self._identity_asked = _ASKS_IDENTITY.fullmatch(line) is not None
            return _command(line, ours=True)
        if line in LINES or parse_final_result(line) is not None:
            self._identity_asked = False
            return line if line in LINES or not line.startswith("+") or _ERROR.fullmatch(line) else _verbose_error(line)
        if self._identity_asked and _IDENTITY.fullmatch(line) and not _INFORMATION.fullmatch(line):
            return line
        if line[:2].upper() == "AT":
            return _command(line, ours=False)
        self._identity_asked &= _INFORMATION.fullmatch(line) is None
        return _information(line)


def _verbose_error(line: str) -> str:
    """Return an error given as text. Only texts of TS 27.007 9.2 and TS 27.005 3.2.5 have a code here."""
    final = parse_final_result(line)
    return line if final is not None and final.code is not None and not re.search(r"\d", line) else _hidden(line)


def _command(line: str, *, ours: bool) -> str:
    """Return a command. One that is not ``ours`` is an echo, or looks like one: only known names are shown."""
    if _BASIC.fullmatch(line):
        return line
    found = _EXTENDED.fullmatch(line)
    if found is None:
        return _hidden(line)
    at, name, mark, value = found.groups()
    known = name.upper() in _FIGURES or _SECRET.match(f"AT{name}=") is not None
    if not known and not ours:
        return _hidden(line)
    # Without a value, the rest is another command on the same line.
    shows = mark == "=" and name.upper() in _FIGURES and not _SECRET.match(line)
    return f"{at}{name}{mark or ''}{_fields(value) if shows else _hidden(value)}"


def _information(line: str) -> str:
    if _SIM_STATE.fullmatch(line):
        return line
    found = _INFORMATION.fullmatch(line)
    if found is None or found[1] not in _FIGURES:
        return _hidden(line)
    # A USSD text may contain anything, so everything after its beginning is hidden.
    begun, quote, text = found[3].partition('"') if found[1] == "+CUSD" else (found[3], "", "")
    return f"{found[1]}{found[2]}{_fields(begun)}{quote}{_hidden(text)}"


def _fields(value: str) -> str:
    """Return the fields of a line, with small figures and known words as they are."""
    first, last = value.find('"'), value.rfind('"')
    if first == last:
        if first < 0:
            return _FIELD.sub(_field, value)
        return _hidden(value)  # a quotation that does not end on this line
    quoted = value[first : last + 1]
    known = [word for word in _FIELD.findall(quoted) if word in _WORDS or _SMALL.fullmatch(word)]
    if known != _FIELD.findall(quoted):  # a text may contain quotation marks: all of it is hidden
        quoted = f'"{_hidden(quoted[1:-1])}"'
    return f"{_FIELD.sub(_field, value[:first])}{quoted}{_FIELD.sub(_field, value[last + 1 :])}"


def _field(match: re.Match[str]) -> str:
    return match[0] if _SMALL.fullmatch(match[0]) or match[0] in _WORDS else _hidden(match[0])


def _hidden(text: str) -> str:
    return "x" * len(text)
