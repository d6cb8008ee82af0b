"""Quectel modules, also inside Teltonika's."""

from __future__ import annotations

from dataclasses import replace

from gsmgw.modem.profiles.base import CNMI_SETTINGS, GENERIC, Reading, only
from gsmgw.modem.profiles.vendor_causes import QUECTEL_CMS

QUECTEL = replace(
    GENERIC,
    name="quectel",
    title="Quectel M, UC, EC, EG, RM; Teltonika TRM240",
    matches=(r"quectel", r"\bTRM240\b", r"\b(EC2[015]|EG25|EG91|EP06|M35|M95|UC20)"),
    # URCs go to one port only, and the choice is stored; EC25: interface 2 is usbat, 3 usbmodem.
    init_for_interface={2: 'AT+QURCCFG="urcport","usbat"', 3: 'AT+QURCCFG="urcport","usbmodem"'},
    noise=("+QIND:", "+QLWURC:", "+QGPSURC:", "+QUSIM:", "+QNTP:"),
    # Stored reports are announced in the wrong memory, so reports are only routed directly.
    cnmi=(*only(CNMI_SETTINGS, ds="1"), *only(CNMI_SETTINGS, ds="0")),
    iccid=("AT+QCCID", "AT+CCID"),
    pin_tries=('AT+QPINC="SC"', "AT+CPINR"),
    # Several sensors: three numbers (EC25, EP06), or a line with name and value for each (RM500Q).
    temperature=Reading("AT+QTEMP"),
    submit_timeout_s=130.0,
    # After power-on SMS commands are refused until +QIND: SMS DONE.
    sms_ready_s=25.0,
    cms=QUECTEL_CMS,
    source="EC25 manual p. 136, 142; asterisk-chan-quectel PR 75; serialport-gsm 12; forums.quectel 4515",
)

BG96 = replace(
    QUECTEL,
    name="quectel-bg",
    title="Quectel BG95, BG96; Teltonika TRM250",
    matches=(r"\bBG9[56]", r"\bTRM250\b"),
    # No reports at all.
    cnmi=only(CNMI_SETTINGS, ds="0"),
    source="gammu issues 676, 695",
)

PROFILES = (BG96, QUECTEL)
