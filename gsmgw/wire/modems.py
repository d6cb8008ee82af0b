"""Modems as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping

from gsmgw.model import ModemStatus
from gsmgw.wire import resources


def modem_resource(
    status: ModemStatus, limits: resources.JsonObject, pools: Mapping[str, frozenset[str]]
) -> resources.Modem:
    """Return the resource of a modem; ``limits`` are those of its SIM, as configured, ``pools`` all that there are."""
    return {
        "name": status.name,
        "state": status.state,
        "detail": status.detail,
        "port": status.port,
        "profile": status.profile,
        "manufacturer": status.manufacturer,
        "model": status.model,
        "revision": status.revision,
        "imei": status.imei,
        "iccid": status.iccid,
        "imsi": status.imsi,
        "number": status.number,
        "operator": status.operator,
        "registration": status.registration,
        "technology": status.technology,
        "signal_dbm": status.signal_dbm,
        "temperature_c": status.temperature_c,
        "voltage_mv": status.voltage_mv,
        "storage": {name: {"used": use.used, "total": use.total} for name, use in status.storage.items()},
        "limits": limits,
        "pools": sorted(name for name, modems in pools.items() if status.name in modems),
    }
