"""Huawei sticks, and their successors by Brovi."""

from __future__ import annotations

from dataclasses import replace

from gsmgw.modem.profiles.base import GENERIC, Reading

HUAWEI = replace(
    GENERIC,
    name="huawei",
    title="Huawei E1xx, E17xx, E3xx, K37xx, MS, MU",
    matches=(r"\bhuawei\b",),
    # CURC=0 stops the periodic lines, which fill the buffers of unread ports until the stick crashes;
    # USSDMODE=0 lets USSD requests be plain text (an E1752 refuses all until then).
    init=("AT^CURC=0", "AT^USSDMODE=0"),
    noise=(
        "^RSSI:",
        "^HCSQ:",
        "^MODE:",
        "^BOOT:",
        "^SRVST:",
        "^SIMST:",
        "^DSFLOWRPT:",
        "^STIN:",
        "^LWURC:",
        "^NWTIME:",
        "^CSNR:",
        "^HRSSILVL:",
        "^CEND:",
        "^CONF:",
    ),
    iccid=("AT^ICCID?", "AT+CCID", "AT+ICCID"),
    pin_tries=("AT^CPIN?", "AT+CPINR"),
    after_pin_s=3.0,
    radio_off=0,
    # Tenths of degrees, 65535 for a missing sensor; some firmware writes whole degrees.
    temperature=Reading("AT^CHIPTEMP?"),
    reset=("AT^RESET", "AT+CFUN=1,1"),
    source="ModemManager huawei plugin; gammu issues 126, 393, 400; python-gsmmodem test/fakemodems.py",
)

BROVI = replace(
    HUAWEI,
    name="brovi",
    title="Brovi E3372-325",
    matches=(r"\bbrovi\b", r"\bE3372-325\b"),
    cpms_forms=(3,),
    source="gammu issues 829, 908 and tests/at-cpms/brovi-e3372-325.dump",
)

PROFILES = (BROVI, HUAWEI)
