"""The ports of known sticks that accept AT commands, by USB identity and interface number.

Interface numbers (bInterfaceNumber) are fixed by the vendor; ttyUSB numbers are assigned at random. Sources are the
port-type rules of ModemManager (77-mm-*-port-types.rules) unless a row names another one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PortHint:
    """Interfaces of a device: the one to use, a second one for AT commands, and those that must not be opened."""

    primary: int | None
    secondary: int | None = None
    avoid: frozenset[int] = frozenset()


def _rows(
    vendor: str, products: str, primary: int | None, secondary: int | None = None, *avoid: int
) -> dict[str, PortHint]:
    hint = PortHint(primary, secondary, frozenset(avoid))
    return {f"{vendor}:{product}": hint for product in products.split()}


HINTS: dict[str, PortHint] = {
    # Huawei by interface index: asterisk-chan-dongle pdiscovery.c. E220: gammu issue 400.
    **_rows("12d1", "1001", 2, None, 1),
    **_rows("12d1", "140c", 3, None, 2),
    **_rows("12d1", "14ac 1436", 4, None, 3),
    **_rows("12d1", "1506", 3, None, 2),
    **_rows("12d1", "1003", 1, 0),
    # ZTE
    **_rows("19d2", "0016 0117", 2, 1, 0),
    **_rows("19d2", "0031 0063", 3, 1, 0),
    # SIMCom
    **_rows("1e0e", "9001", 2, 3, 0, 1, 4),
    **_rows("1e0e", "9011", 4, 5, 2),
    **_rows("1e0e", "9205 9206", 2, None, 3),
    **_rows("1e0e", "9100 9200", 3, 1),
    **_rows("1e0e", "cefe", 2),
    # Quectel
    **_rows("2c7c", "0125 0121 0191 0195 0296 0306 0512 0800", 2, 3, 0, 1),
    # Telit
    **_rows("1bc7", "1003 1004 1006", 0, 2),
    **_rows("1bc7", "1031 1033", 1),
    **_rows("1bc7", "1040", 4),
    **_rows("1bc7", "1041", 5),
    # u-blox
    **_rows("1546", "1010", None, None, 2, 4, 8),
    **_rows("05c6", "908b", 1, 2),
    # Cinterion
    **_rows("1e2d", "005b 005d 0069 006f", 0, 2),
    **_rows("1e2d", "0061", 2, 0, 6, 8),
    # Sierra
    **_rows("1199", "68c0 9071 9079 9091", 3, None, 0, 2),
}

#: Vendors whose devices with a serial port are modems. Only these are probed without being configured.
MODEM_VENDORS: dict[str, str] = {
    "12d1": "Huawei",
    "3566": "Brovi",
    "19d2": "ZTE",
    "1e0e": "SIMCom",
    "2c7c": "Quectel",
    "1bc7": "Telit",
    "1546": "u-blox",
    "1e2d": "Cinterion",
    "0681": "Siemens",
    "1199": "Sierra Wireless",
    "0af0": "Option",
    "0bdb": "Ericsson",
    "05c6": "Qualcomm",
    "114f": "Wavecom",
}

#: u-blox satellite receivers: same vendor, not modems.
NO_MODEMS: frozenset[str] = frozenset(f"1546:01a{digit}" for digit in range(5, 10))

#: Identities of devices in disk mode, which must be switched to be modems (usb-modeswitch-data 20191128).
SWITCH_NEEDED: dict[str, str] = {
    "12d1:1446": "Huawei",
    "12d1:14fe": "Huawei",
    "12d1:15ca": "Huawei",
    "12d1:1f01": "Huawei HiLink: a router, not a modem",
    "19d2:2000": "ZTE",
    "19d2:0103": "ZTE",
    "19d2:0154": "ZTE",
    "19d2:0083": "ZTE",
    "1e0e:f000": "SIMCom",
}

#: Qualcomm's emergency download mode: the firmware does not work.
EMERGENCY: frozenset[str] = frozenset({"05c6:9008"})
