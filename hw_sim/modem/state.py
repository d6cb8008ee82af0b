"""Named values of a modem's state for the answers and chatter of profiles: ``{rssi}`` in a text is the <rssi>.

docs/reference/simulator-profiles.md lists them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from .host import Host
from .radio import ROAMING, Radio
from .sim import SimSlot

_NAME = re.compile(r"\{([a-z_]+)\}")
_GSM, _UTRAN, _LTE = 0, 2, 7  # <AcT>, 27.007 7.3


class StateHost(Host, Protocol):
    """The parts of a modem that have state to show."""

    sim: SimSlot
    radio: Radio
    temperature_c: float
    voltage_mv: int

    @property
    def operator(self) -> tuple[str, str, str]: ...

    @property
    def uptime_s(self) -> float: ...


def _sim_code(modem: StateHost) -> str:
    return {"absent": "NOT INSERTED", "dead": "SIM FAILURE", "busy": "SIM BUSY"}.get(modem.sim.state, modem.sim.state)


def _tries_left(modem: StateHost) -> str:
    left = modem.sim.tries_left
    return "" if left is None else str(left)


def _tries_or_pin(modem: StateHost) -> str:
    left = modem.sim.tries_left
    return str(modem.card.pin_left if left is None else left)


def _qss(modem: StateHost) -> str:
    """Telit #QSS: 0 not inserted, 1 inserted and locked, 2 unlocked, 3 ready."""
    if not modem.sim.inserted:
        return "0"
    return {"READY": "3", "busy": "2"}.get(modem.sim.state, "1")


def _service(modem: StateHost) -> str:
    """Huawei ^SYSINFO <srv_status>: 0 none, 2 valid."""
    return "2" if modem.radio.registered else "0"


def _service_domain(modem: StateHost) -> str:
    """Huawei ^SYSINFO <srv_domain>: 0 none, 3 circuit and packet switched."""
    return "3" if modem.radio.registered else "0"


def _system_mode(modem: StateHost) -> str:
    """Huawei ^SYSINFO <sys_mode>: 0 none, 3 GSM, 5 WCDMA, 6 LTE (as in ^SYSINFOEX)."""
    return {_GSM: "3", _UTRAN: "5", _LTE: "6"}.get(modem.radio.access, "3") if modem.radio.registered else "0"


def _system_submode(modem: StateHost) -> str:
    """Huawei ^SYSINFO <sys_submode>: 0 none, 3 EDGE, 4 WCDMA."""
    return {_UTRAN: "4"}.get(modem.radio.access, "3") if modem.radio.registered else "0"


def _sim_valid(modem: StateHost) -> str:
    """Huawei ^SYSINFO <sim_state>: 1 valid, 0 invalid, 255 not inserted."""
    return "255" if not modem.sim.inserted else str(int(modem.sim.ready))


def _hcsq(modem: StateHost) -> str:
    """Huawei ^HCSQ: the access technology and its levels, RSSI in dB above -121 dBm."""
    rssi, _ = modem.radio.signal()
    if rssi == 99 or not modem.radio.registered:
        return '"NOSERVICE"'
    level = 8 + 2 * rssi
    names = {_GSM: f'"GSM",{level}', _UTRAN: f'"WCDMA",{level},{max(0, level - 5)},60'}
    return names.get(modem.radio.access, f'"LTE",{level},37,121,22')


def _cpsi(modem: StateHost) -> str:
    """SIMCom +CPSI."""
    if modem.radio.functionality != 1:
        return "NO SERVICE,Low Power Mode"
    if not modem.radio.registered:
        return "NO SERVICE,Online"
    code = modem.operator[2]
    network = f"{code[:3]}-{code[3:]},0x{modem.radio.lac},{int(modem.radio.cell, 16)}"
    rssi, _ = modem.radio.signal()
    dbm = 2 * min(rssi, 31) - 113
    return f"LTE,Online,{network},257,EUTRAN-BAND3,1300,5,5,-99,{10 * (dbm - 30)},{10 * dbm},12"


def _qnwinfo(modem: StateHost) -> str:
    """Quectel +QNWINFO."""
    if not modem.radio.registered:
        return "No Service"
    return f'"FDD LTE","{modem.operator[2]}","LTE BAND 3",1300'


def _zte_service(modem: StateHost) -> str:
    """ZTE +ZPAS: access technology and domain."""
    return '"UMTS","CS_PS"' if modem.radio.registered else '"No Service","LIMITED"'


def _sierra_mode(modem: StateHost) -> str:
    """Sierra !STATUS."""
    return "ONLINE" if modem.radio.functionality == 1 else "LOW POWER MODE"


def _charge(modem: StateHost) -> str:
    """+CBC <bcl>: the charge of a lithium cell between 3.3 V and 4.2 V, in percent."""
    return str(max(0, min(100, round((modem.voltage_mv - 3300) / 9))))


STATE: dict[str, Callable[[StateHost], str]] = {
    "sim": _sim_code,
    "sim_inserted": lambda modem: str(int(modem.sim.inserted)),
    "sim_valid": _sim_valid,
    "qss": _qss,
    "tries_left": _tries_left,
    "tries_or_pin": _tries_or_pin,
    "pin_left": lambda modem: str(modem.card.pin_left),
    "puk_left": lambda modem: str(modem.card.puk_left),
    "functionality": lambda modem: str(modem.radio.functionality),
    "roaming": lambda modem: str(int(modem.radio.stat == ROAMING)),
    "rssi": lambda modem: str(modem.radio.signal()[0]),
    "service": _service,
    "service_domain": _service_domain,
    "system_mode": _system_mode,
    "system_submode": _system_submode,
    "hcsq": _hcsq,
    "cpsi": _cpsi,
    "qnwinfo": _qnwinfo,
    "zte_service": _zte_service,
    "sierra_mode": _sierra_mode,
    "temperature": lambda modem: str(round(modem.temperature_c)),
    "temperature_tenths": lambda modem: str(round(modem.temperature_c * 10)),
    "millivolts": lambda modem: str(modem.voltage_mv),
    "volts": lambda modem: f"{modem.voltage_mv / 1000:.3f}",
    "charge": _charge,
    "uptime": lambda modem: str(int(modem.uptime_s)),
}


def render(text: str, modem: StateHost) -> str:
    """Return ``text`` with the named values filled in; a name that does not exist stays as it is."""
    if "{" not in text:
        return text
    return _NAME.sub(lambda found: STATE[found[1]](modem) if found[1] in STATE else found[0], text)
