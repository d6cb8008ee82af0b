"""What an error code of a modem means for the text it was asked to send.

The meanings are those of :mod:`gsmgw.pdu.causes`; from 512 on each maker has its own, which its profile brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gsmgw.errors import Disposition
from gsmgw.pdu.causes import cme_cause, cms_cause


@dataclass(frozen=True, slots=True)
class Cause:
    """What a code says and what to do."""

    title: str
    disposition: Disposition


#: A plain ERROR has no code; after the payload it is what +CMS ERROR: 500 is.
PLAIN_ERROR = Cause("the modem refused without a reason", Disposition.LATER)
#: Beyond the standard, with the same meaning wherever they were seen (gammu's atgen.c lists them).
_COMMON_CME: Mapping[int, Cause] = {
    256: Cause("temporarily not allowed", Disposition.LATER),
    257: Cause("barred", Disposition.ACCOUNT),
    258: Cause("busy", Disposition.LATER),
    262: Cause("the SIM is blocked", Disposition.MODEM),
}
#: Wavecom's and its heirs' word for having heard nothing from the network, also used by makers that have no profile.
_UNHEARD_BY_VENDOR = 513


def of_cms(code: int | None, vendor: Mapping[int, Cause], *, payload_started: bool) -> Cause:
    """The meaning of ``+CMS ERROR``: the profile's first, then the standard's (TS 27.005 3.2.5)."""
    if code is None:
        return PLAIN_ERROR
    if code in vendor:
        return _before_payload(vendor[code], payload_started)
    known = cms_cause(code)
    if code == _UNHEARD_BY_VENDOR and payload_started:
        return Cause(known.title, Disposition.UNKNOWN)
    return Cause(known.title, known.after(1, payload_started=payload_started))


def of_cme(code: int | None, vendor: Mapping[int, Cause], *, payload_started: bool) -> Cause:
    """The meaning of ``+CME ERROR``: the profile's first, then the standard's (TS 27.007 9.2)."""
    if code is None:
        return PLAIN_ERROR
    if code in vendor:
        return _before_payload(vendor[code], payload_started)
    if code in _COMMON_CME:
        return _COMMON_CME[code]
    known = cme_cause(code)
    return Cause(known.title, known.after(1, payload_started=payload_started))


def _before_payload(cause: Cause, payload_started: bool) -> Cause:
    """Nothing can be on the air before a byte of it has left."""
    if cause.disposition is Disposition.UNKNOWN and not payload_started:
        return Cause(cause.title, Disposition.LATER)
    return cause
