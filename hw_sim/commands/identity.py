"""Who the modem is (27.007 5) and the TE's character set."""

from __future__ import annotations

from collections.abc import Callable

from ..at.reply import Call, Failure, Reply
from ..codec.charset import CHARSETS
from .row import Row


def _words(pick: str) -> Callable[[Call], Reply]:
    def answer(call: Call) -> Reply:
        identity = call.modem.profile.identity
        lines: tuple[str, ...] = getattr(identity, pick)
        if identity.prefixed:
            return [f'{call.command.name}: "{line}"' for line in lines]
        return list(lines)

    return answer


def _serial(call: Call) -> Reply:
    if call.modem.profile.identity.prefixed:
        return [f'{call.command.name}: "{call.modem.imei}"']
    return [call.modem.imei]


def _shown_charset(call: Call) -> Reply:
    return [f'+CSCS: "{call.port.charset}"']


def _charset(call: Call) -> Reply:
    name = call.text(0).upper()
    if name not in CHARSETS:
        raise Failure()
    call.port.charset = name
    return None


ROWS = (
    Row("+CGMI", "27.007 5.1", run=_words("manufacturer"), test=""),
    Row("+CGMM", "27.007 5.2", run=_words("model"), test=""),
    Row("+CGMR", "27.007 5.3", run=_words("revision"), test=""),
    Row("+CGSN", "27.007 5.4", run=_serial, test=""),
    Row("+GMI", "V.250 6.1.4", run=_words("manufacturer"), test=""),
    Row("+GMM", "V.250 6.1.5", run=_words("model"), test=""),
    Row("+GMR", "V.250 6.1.6", run=_words("revision"), test=""),
    Row("+GSN", "V.250 6.1.7", run=_serial, test=""),
    Row(
        "+CSCS",
        "27.007 5.5",
        read=_shown_charset,
        test="(" + ",".join(f'"{name}"' for name in CHARSETS) + ")",
        set=_charset,
    ),
)
