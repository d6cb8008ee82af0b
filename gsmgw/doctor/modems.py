"""Checks of the modems, from the running gateway's data."""

from __future__ import annotations

from collections.abc import Iterator

from gsmgw.doctor.findings import Finding, Level, note, ok, warning
from gsmgw.wire import resources

_WEAK_DBM = -105
_FULL = 0.9

#: Severity and cure by state. TS 27.007 8.5 for the signal, 7.2 for the registration.
_STATES: dict[str, tuple[Level, str]] = {
    "absent": (Level.ERROR, "plug it in, and check port or match in the configuration against the ports in this list"),
    "unavailable": (Level.ERROR, "see the reason. To try it at once: gsmgw modem {name} reset"),
    "probing": (Level.NOTE, "wait 30 s: a modem needs this time after it is plugged in"),
    "locked": (Level.ERROR, "enter the PIN: gsmgw modem {name} pin. To keep it, set pin in the [[modem]] section"),
    "searching": (Level.ERROR, "check the antenna and the location, and check in a phone that the SIM is active"),
    "ready": (Level.OK, ""),
    "degraded": (Level.WARNING, "for details: gsmgw modem {name}. The gateway works around the problem"),
    "recovering": (
        Level.WARNING,
        "wait: the gateway is recovering it. If this continues, check power supply and cable",
    ),
    "quarantined": (
        Level.ERROR,
        "unplug it and plug it in again, check power supply and cable, then: gsmgw modem {name} enable",
    ),
    "disabled": (Level.NOTE, "to use it: gsmgw modem {name} enable"),
}


def check_modems(modems: list[resources.Modem]) -> Iterator[Finding]:
    """Check the state, signal, message storage and number of each modem."""
    if not modems:
        yield Finding(Level.ERROR, "modems", "the gateway has no modem", "plug one in, or run: gsmgw setup")
    for modem in modems:
        name = modem["name"]
        level, cure = _STATES[modem["state"]]
        yield Finding(level, f"modem {name}", f"{modem['state']}: {modem['detail']}", cure.format(name=name))
        if modem["state"] in ("ready", "degraded"):
            yield from _check_use(name, modem)


def _check_use(name: str, modem: resources.Modem) -> Iterator[Finding]:
    subject = f"modem {name}"
    signal = modem.get("signal_dbm")
    if signal is not None and signal <= _WEAK_DBM:
        yield warning(subject, f"weak signal ({signal} dBm)", "move the modem to a window, or use an external antenna")
    elif signal is not None:
        yield ok(subject, f"signal {signal} dBm, {modem.get('operator') or 'operator unknown'}")
    for storage, use in sorted((modem.get("storage") or {}).items()):
        if use["total"] and use["used"] >= use["total"] * _FULL:
            yield warning(
                subject,
                f"the message storage {storage} is full: {use['used']} of {use['total']}",
                "the gateway reads and deletes received messages. If the storage stays full, "
                "put the SIM into a phone and delete messages",
            )
    if not modem.get("number"):
        yield note(subject, "the SIM does not provide its number", 'set number = "+49..." in its [[modem]] section')
