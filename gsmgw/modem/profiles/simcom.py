"""SIMCom modules: GSM, and LTE with chips of Qualcomm and ASR."""

from __future__ import annotations

from dataclasses import replace

from gsmgw.modem.profiles.base import CNMI_SETTINGS, GENERIC, Reading, only

SIMCOM_GSM = replace(
    GENERIC,
    name="simcom-gsm",
    title="SIMCom SIM800, SIM900",
    matches=(r"\bsim(800|808|868|900|908)", r"simcom.*sim[89][0-9][0-9]"),
    # Reports come as +CDS only.
    cnmi=(*only(CNMI_SETTINGS, ds="1"), *only(CNMI_SETTINGS, ds="0")),
    iccid=("AT+CCID",),
    pin_tries=("AT+SPIC", "AT+CPINR"),
    # AT+CMGS takes at most 60 s.
    submit_timeout_s=75.0,
    noise=("*PSNWID:",),
    source="SIM800 manual 1.09 4.2.5; python-gsmmodem issue 76",
)

SIMCOM_LTE = replace(
    GENERIC,
    name="simcom-lte",
    title="SIMCom SIM7xxx, A76xx",
    matches=(r"simcom", r"\bsim7[0-9][0-9][0-9]", r"\ba76[0-9][0-9]"),
    # A stored profile may have enabled hardware flow control, which nothing drives.
    init=("AT+IFC=0,0",),
    iccid=("AT+CICCID", "AT+CCID", "AT+ICCID"),
    pin_tries=("AT+SPIC", "AT+CPINR"),
    noise=("+CPSI:",),
    temperature=Reading("AT+CPMUTEMP"),
    source="LilyGo-Modem-Series issues 184, 340; gammu issue 1176",
)

PROFILES = (SIMCOM_GSM, SIMCOM_LTE)
