"""Families with few rows."""

from __future__ import annotations

from dataclasses import replace

from gsmgw.modem.profiles.base import CNMI_SETTINGS, GENERIC, Reading, only
from gsmgw.modem.profiles.vendor_causes import WAVECOM_CMS

WAVECOM = replace(
    GENERIC,
    name="wavecom",
    title="Wavecom Fastrack, Q24, WMOD",
    matches=(r"wavecom",),
    cpms_forms=(2, 1),
    sim_ready_s=30.0,
    noise=("+WIND:",),
    cms=WAVECOM_CMS,
    source="python-gsmmodem test/fakemodems.py:153; gammu issue 93",
)

SIERRA = replace(
    GENERIC,
    name="sierra",
    title="Sierra Wireless AirPrime",
    matches=(r"sierra",),
    after_pin_s=3.0,
    after_radio_on_s=5.0,
    reset=("AT!RESET", "AT+CFUN=1,1"),
    cms=WAVECOM_CMS,
    temperature=Reading("AT!PCTEMP?", "Temperature:"),
    voltage=Reading("AT!PCVOLT?", "Power supply voltage:"),
    source="ModemManager mm-common-sierra.c",
)

TELIT = replace(
    GENERIC,
    name="telit",
    title="Telit GE, HE, LE, ME",
    matches=(r"telit",),
    # At least 20 ms between a final result and the next command.
    pause_s=0.02,
    # The module's own handling of messages must be off.
    init=("AT#SMSATRUN=0", "AT#E2SMSRI=0"),
    cnmi=(*only(CNMI_SETTINGS, ds="1"), *only(CNMI_SETTINGS, ds="0")),
    iccid=("AT#CCID", "AT+CCID"),
    pin_tries=("AT#PCT", "AT+CPINR"),
    reset=("AT#REBOOT", "AT+CFUN=1,1"),
    noise=("#QSS:", "#STN:"),
    # UC864 AT reference 3.5.7.1.18: the level, and the value in degrees.
    temperature=Reading("AT#TEMPMON=1", "#TEMPMEAS:", 2),
    source="LE910C manual 2.2.5; gammu issue 272",
)

UBLOX = replace(
    GENERIC,
    name="u-blox",
    title="u-blox SARA, LISA, TOBY",
    matches=(r"u-?blox",),
    iccid=("AT+CCID", "AT+CCID?"),
    noise=("+UMWI:", "+UUSIMSTAT:", "+UREG:"),
    source="ModemManager 77-mm-ublox-port-types.rules",
)

OPTION = replace(
    GENERIC,
    name="option",
    title="Option, hso",
    matches=(r"\boption\b",),
    after_radio_on_s=10.0,
    noise=("_OSIGQ:", "_OWANCALL:", "_OUWCTI:"),
    source="ModemManager option plugin",
)

ERICSSON = replace(
    GENERIC,
    name="ericsson",
    title="Ericsson F3507g, F5521gw, H5321gw",
    matches=(r"ericsson",),
    noise=("*E2NAP:",),
    source="oFono mbm driver",
)

NOKIA = replace(
    GENERIC,
    name="nokia",
    title="Nokia phones (send only)",
    matches=(r"nokia",),
    cnmi=(),
    cpms_forms=(),
    sweep=(),
    keeps_copies=False,
    source="python-gsmmodem test/fakemodems.py:554",
)

QUALCOMM = replace(
    GENERIC,
    name="qualcomm",
    title="Qualcomm reference designs",
    matches=(r"qualcomm",),
    # For up to 10 s after the start the SMSC cannot be read and nothing can be sent.
    sms_ready_s=30.0,
    # ds 2 is refused although it is advertised.
    cnmi=(*only(CNMI_SETTINGS, ds="1"), *only(CNMI_SETTINGS, ds="0")),
    source="ModemManager mm-broadband-modem.c:7799; python-gsmmodem issues 10, 11",
)

PROFILES = (WAVECOM, SIERRA, TELIT, UBLOX, OPTION, ERICSSON, NOKIA, QUALCOMM)
