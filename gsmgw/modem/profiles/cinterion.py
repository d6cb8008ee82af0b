"""Siemens, Cinterion, Gemalto, Thales: one family of modules."""

from __future__ import annotations

from dataclasses import replace

from gsmgw.errors import Disposition
from gsmgw.modem.causes import Cause
from gsmgw.modem.profiles.base import CNMI_LADDER, GENERIC, Reading, only

NEVER, LATER, MODEM = Disposition.NEVER, Disposition.LATER, Disposition.MODEM

#: The vendor's codes, with their names in gammu's atgen.c.
_CODES = {
    256: Cause("temporarily not allowed", LATER),
    257: Cause("barred", Disposition.ACCOUNT),
    258: Cause("the phone is busy", LATER),
    262: Cause("the SIM is blocked", MODEM),
    512: Cause("aborted by the user", LATER),
    513: Cause("unable to store", MODEM),
    514: Cause("invalid status", LATER),
    515: Cause("invalid character in the address", NEVER),
    516: Cause("invalid length", NEVER),
    517: Cause("invalid character in the PDU", NEVER),
    518: Cause("invalid parameter", NEVER),
    519: Cause("invalid length or character", NEVER),
    520: Cause("invalid character in the text", NEVER),
    521: Cause("timer expired", LATER),
    522: Cause("temporarily not allowed", LATER),
    532: Cause("the SIM is not ready", LATER),
    535: Cause("the packet service is busy", LATER),
    538: Cause("invalid parameter", NEVER),
    549: Cause("invalid PDU length", NEVER),
    550: Cause("invalid message type", NEVER),
    551: Cause("invalid address", NEVER),
    553: Cause("invalid user data length", NEVER),
    554: Cause("invalid service centre address length", NEVER),
    615: Cause("network failure", LATER),
    616: Cause("the network is down", LATER),
    770: Cause("the SIM is invalid", MODEM),
    772: Cause("the SIM is switched off", MODEM),
}

CINTERION = replace(
    GENERIC,
    name="cinterion",
    title="Siemens TC35, MC55, MC75i; Cinterion, Gemalto, Thales BGS, EHS, PHS, PLS",
    matches=(r"siemens", r"cinterion", r"gemalto", r"thales"),
    # bfr 0 is refused.
    cnmi=only(CNMI_LADDER, bfr="1"),
    iccid=("AT^SCID", "AT+CCID"),
    pin_tries=("AT^SPIC", "AT+CPINR"),
    noise=("^SCKS:", "^SBC:"),
    reset=("AT+CFUN=1,1", "AT^SMSO"),
    # MC35 manual 8.9: presentation mode and range; newer modules add the value.
    temperature=Reading("AT^SCTM?", "", 3),
    cms=_CODES,
    source="gammu issues 97, 1206, 1207 and atgen.c; ModemManager test-modem-helpers-cinterion.c:996",
)

PROFILES = (CINTERION,)
