"""Siemens, Cinterion, Gemalto, Thales: one family of modules."""

from __future__ import annotations

from dataclasses import replace

from gsmgw.modem.profiles.base import CNMI_SETTINGS, GENERIC, Reading, only
from gsmgw.modem.profiles.vendor_causes import SIEMENS_CMS
from gsmgw.pdu.causes import CMS

CINTERION = replace(
    GENERIC,
    name="cinterion",
    title="Siemens TC35, MC55, MC75i; Cinterion, Gemalto, Thales BGS, EHS, PHS, PLS",
    matches=(r"siemens", r"cinterion", r"gemalto", r"thales"),
    # bfr 0 is refused.
    cnmi=only(CNMI_SETTINGS, bfr="1"),
    iccid=("AT^SCID", "AT+CCID"),
    pin_tries=("AT^SPIC", "AT+CPINR"),
    noise=("^SCKS:", "^SBC:"),
    reset=("AT+CFUN=1,1", "AT^SMSO"),
    # MC35 manual 8.9: presentation mode and range; newer modules add the value.
    temperature=Reading("AT^SCTM?", "", 3),
    cms={code: CMS[code] for code in (256, 257, 258, 262)} | dict(SIEMENS_CMS),
    source="gammu issues 97, 1206, 1207 and atgen.c; ModemManager test-modem-helpers-cinterion.c:996",
)

PROFILES = (CINTERION,)
