"""Registration with the network, from those of +CREG, +CGREG and +CEREG that the modem knows."""

from __future__ import annotations

from gsmgw.at.dialogue import Urc
from gsmgw.at.responses import Registration, parse_registration
from gsmgw.modem.commands import network
from gsmgw.modem.commands.client import AtClient

#: <stat> of TS 27.007 7.2 with which messages can be sent, and its name.
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
    """The last <stat> of each domain, for one link."""

    def __init__(self, at: AtClient) -> None:
        self._at = at
        self._found: dict[str, Registration] = {}
        #: The commands that this modem knows.
        self.names: tuple[str, ...] = ()

    async def enable_urcs(self) -> None:
        """Have the modem report changes, and find out which domains it knows."""
        self.names = await network.enable_registration_urcs(self._at)

    async def refresh(self) -> None:
        """Ask for the registration in every domain that the modem knows."""
        for name in self.names or ("CREG",):
            self.note(name, await network.registration(self._at, name))

    def note(self, name: str, registration: Registration | None) -> None:
        """Note a response to a query; None forgets what was known."""
        if registration is None:
            self._found.pop(name, None)
        else:
            self._found[name] = registration

    def note_urc(self, urc: Urc) -> bool:
        """Note a URC; return whether it could be read."""
        found = parse_registration(urc.line, urc=True)
        if found is None:
            return False
        self._found[urc.line[1:].partition(":")[0]] = found
        return True

    @property
    def registered(self) -> bool:
        """Whether any domain is registered: LTE modems send over SGs with +CREG at 0 or 3. True while none is known."""
        return not self._found or any(found.stat in _REGISTERED for found in self._found.values())

    @property
    def denied(self) -> bool:
        """Whether the network refuses this SIM."""
        return not self.registered and any(found.stat == 3 for found in self._found.values())

    @property
    def word(self) -> str:
        """The best state of any domain."""
        stats = [self._found[name].stat for name in ("CREG", "CEREG", "CGREG") if name in self._found]
        for stat in stats:
            if stat in _REGISTERED:
                return _REGISTERED[stat]
        for stat in (3, 2, 8, 0):
            if stat in stats:
                return _NOT_REGISTERED[stat]
        return "unknown"
