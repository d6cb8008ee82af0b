"""Whether a modem is registered with a network, from whichever of +CREG, +CGREG and +CEREG it knows."""

from __future__ import annotations

from gsmgw.at.dialogue import Urc
from gsmgw.at.responses import Registration, parse_registration

#: <stat> of TS 27.007 7.2 with which text messages can be sent, and how it is called.
_REGISTERED = {
    1: "home",
    5: "roaming",
    6: "home, messages only",
    7: "roaming, messages only",
    9: "home, no fallback",
    10: "roaming, no fallback",
}
_NOT_REGISTERED = {0: "not registered", 2: "searching", 3: "denied", 4: "unknown", 8: "emergency only"}

#: <AcT> of TS 27.007 7.3.
TECHNOLOGY = {
    0: "GSM",
    1: "GSM",
    2: "UMTS",
    3: "EDGE",
    4: "HSPA",
    5: "HSPA",
    6: "HSPA",
    7: "LTE",
    8: "EC-GSM",
    9: "NB-IoT",
    10: "LTE",
    11: "NR",
    12: "NR",
}


class RegistrationState:
    """The last <stat> of each domain."""

    def __init__(self) -> None:
        self._found: dict[str, Registration] = {}
        #: The commands that this modem knows.
        self.names: tuple[str, ...] = ()

    def note(self, name: str, registration: Registration | None) -> None:
        """A read answer; None forgets what was known."""
        if registration is None:
            self._found.pop(name, None)
        else:
            self._found[name] = registration

    def note_urc(self, urc: Urc) -> bool:
        """A URC; whether it says anything."""
        found = parse_registration(urc.line, urc=True)
        if found is None:
            return False
        self._found[urc.line[1:].partition(":")[0]] = found
        return True

    @property
    def registered(self) -> bool:
        """Any domain will do: LTE modems send over SGs with +CREG at 0 or 3. One that says nothing is believed."""
        return not self._found or any(found.stat in _REGISTERED for found in self._found.values())

    @property
    def denied(self) -> bool:
        """The network does not want this SIM."""
        return not self.registered and any(found.stat == 3 for found in self._found.values())

    @property
    def word(self) -> str:
        """The best that any domain says."""
        stats = [self._found[name].stat for name in ("CREG", "CEREG", "CGREG") if name in self._found]
        for stat in stats:
            if stat in _REGISTERED:
                return _REGISTERED[stat]
        for stat in (3, 2, 8, 0):
            if stat in stats:
                return _NOT_REGISTERED[stat]
        return "unknown"
