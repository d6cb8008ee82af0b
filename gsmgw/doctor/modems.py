"""The modems, as the running gateway sees them."""

from __future__ import annotations

from collections.abc import Iterator

from gsmgw.doctor.findings import Finding, Level, note, ok, warning
from gsmgw.wire import resources

_WEAK_DBM = -105
_FULL = 0.9

#: State -> how bad, and what helps. TS 27.007 8.1 for the signal, 7.2 for the registration.
_STATES: dict[str, tuple[Level, str]] = {
    "absent": (Level.ERROR, "plug it in, and look at port or match in the configuration; gsmgw doctor lists the ports"),
    "probing": (Level.NOTE, "wait half a minute; a stick that was just plugged in takes that long"),
    "locked": (Level.ERROR, "gsmgw modem {name} pin enters the PIN; pin in the configuration keeps it"),
    "searching": (Level.ERROR, "look at the aerial and the place, and whether the SIM is active (try it in a phone)"),
    "ready": (Level.OK, ""),
    "degraded": (Level.WARNING, "gsmgw modem {name} says what is missing; it is worked around"),
    "recovering": (Level.WARNING, "nothing: it is being brought back; if it goes on, look at power and cable"),
    "quarantined": (Level.ERROR, "replug it, look at power and cable, then: gsmgw modem {name} enable"),
    "disabled": (Level.NOTE, "gsmgw modem {name} enable takes it into service"),
}


def check_modems(modems: list[resources.Modem]) -> Iterator[Finding]:
    """State, SIM, registration, signal and storage of each."""
    if not modems:
        yield Finding(Level.ERROR, "modems", "the gateway has no modem", "plug one in, or configure one: gsmgw setup")
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
        yield warning(subject, f"the signal is weak ({signal} dBm)", "move the stick to a window, or use an aerial")
    elif signal is not None:
        yield ok(subject, f"signal {signal} dBm, {modem.get('operator') or 'operator unknown'}")
    for storage, use in sorted((modem.get("storage") or {}).items()):
        if use["total"] and use["used"] >= use["total"] * _FULL:
            yield warning(
                subject,
                f"the message storage {storage} is full: {use['used']} of {use['total']}",
                "received texts are read and deleted by the gateway; what another program left there, it shows once, "
                "too. If it stays full, delete the rest in a phone",
            )
    if not modem.get("number"):
        yield note(subject, "the SIM does not know its own number", 'number = "+49..." in its [[modem]] section')
