"""Modems as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gsmgw.model import ModemSample, ModemStatus, UssdNote
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp


def modem_resource(
    status: ModemStatus,
    limits: resources.JsonObject,
    usage: Sequence[resources.LimitUse],
    pools: Mapping[str, frozenset[str]],
) -> resources.Modem:
    """Return the resource of a modem; ``limits`` are those of its SIM, as configured, ``pools`` all that there are."""
    return {
        "name": status.name,
        "state": status.state,
        "detail": status.detail,
        "port": status.port,
        "profile": status.profile,
        "profile_reason": status.profile_reason,
        "profile_pattern": status.profile_pattern,
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
        "pin_attempts_left": status.pin_attempts_left,
        "last_ussd": None if status.last_ussd is None else _note(status.last_ussd),
        "limits": limits,
        "pools": sorted(name for name, modems in pools.items() if status.name in modems),
        "usage": list(usage),
    }


def _note(note: UssdNote) -> resources.UssdNote:
    return {"code": note.code, "answer": note.answer, "at": stamp(note.at_ms)}


def history_resource(samples: Iterable[ModemSample], interval_s: int) -> resources.ModemHistory:
    """Return the resource of a modem's readings."""
    return {
        "interval_s": interval_s,
        "data": [
            {
                "at": stamp(sample.at_ms),
                "state": sample.state,
                "signal_dbm": sample.signal_dbm,
                "temperature_c": sample.temperature_c,
            }
            for sample in samples
        ],
    }
