"""ZTE sticks."""

from __future__ import annotations

from dataclasses import replace

from gsmgw.modem.profiles.base import GENERIC

ZTE = replace(
    GENERIC,
    name="zte",
    title="ZTE MF1xx, MF6xx, K35xx",
    matches=(r"\bzte\b",),
    # ZOPRT=5 goes online; the first CPMS? ends a flood of +ZUSIMR:2 that fills the buffers until the modem crashes.
    init=("AT+ZOPRT=5", "AT+CPMS?"),
    noise=("+ZUSIMR:", "+ZPASR:", "+ZDONR:", "+ZPSTM:", "+ZEND", "+ZUSSD:"),
    radio_off=0,
    source="ModemManager mm-plugin-zte.c; gammu; python-gsmmodem test/fakemodems.py",
)

PROFILES = (ZTE,)
