"""Registration with the network, from those of +CREG, +CGREG and +CEREG that the modem knows."""

from __future__ import annotations

from gsmgw.at.events import Urc
from gsmgw.at.responses import parse_registration
from gsmgw.model import AccessTechnology, NetworkRegistration
from gsmgw.modem.commands import network
from gsmgw.modem.commands.client import AtClient

#: <stat> of TS 27.007 7.2 with which messages can be sent.
_REGISTERED = {
    1: NetworkRegistration.HOME,
    5: NetworkRegistration.ROAMING,
    6: NetworkRegistration.HOME_SMS_ONLY,
    7: NetworkRegistration.ROAMING_SMS_ONLY,
    9: NetworkRegistration.HOME_NO_FALLBACK,
    10: NetworkRegistration.ROAMING_NO_FALLBACK,
}
#: The others, the most telling first.
_NOT_REGISTERED = {
    3: NetworkRegistration.DENIED,
    2: NetworkRegistration.SEARCHING,
    8: NetworkRegistration.EMERGENCY_ONLY,
    0: NetworkRegistration.NOT_REGISTERED,
}

#: <AcT> of TS 27.007 7.3.
TECHNOLOGY = {
    0: AccessTechnology.GSM,
    1: AccessTechnology.GSM,
    2: AccessTechnology.UMTS,
    3: AccessTechnology.EDGE,
    4: AccessTechnology.HSPA,
    5: AccessTechnology.HSPA,
    6: AccessTechnology.HSPA,
    7: AccessTechnology.LTE,
    8: AccessTechnology.EC_GSM,
    9: AccessTechnology.NB_IOT,
    10: AccessTechnology.LTE,
    11: AccessTechnology.NR,
    12: AccessTechnology.NR,
}


class RegistrationState:
    """The last <stat> of each domain, for one link."""

    def __init__(self, at: AtClient) -> None:
        self._at = at
        self._found: dict[str, int] = {}
        #: The commands that this modem knows.
        self.names: tuple[str, ...] = ()

    async def enable_urcs(self) -> None:
        """Have the modem report changes, and find out which domains it knows."""
        self.names = await network.enable_registration_urcs(self._at)

    async def refresh(self) -> None:
        """Ask for the registration in every domain that the modem knows."""
        for name in self.names or ("CREG",):
            self._note(name, await network.registration(self._at, name))

    def _note(self, name: str, stat: int | None) -> None:
        """Note a response to a query; None forgets what was known."""
        if stat is None:
            self._found.pop(name, None)
        else:
            self._found[name] = stat

    def note_urc(self, urc: Urc) -> bool:
        """Note a URC; return whether it could be read."""
        found = parse_registration(urc.line, urc=True)
        if found is None:
            return False
        self._found[urc.line[1:].partition(":")[0]] = found
        return True

    @property
    def registered(self) -> bool:
        """True if any domain is registered: LTE modems send over SGs with +CREG at 0 or 3. True while none is known."""
        return not self._found or any(stat in _REGISTERED for stat in self._found.values())

    @property
    def denied(self) -> bool:
        """True if the network refuses this SIM."""
        return not self.registered and any(stat == 3 for stat in self._found.values())

    @property
    def best(self) -> NetworkRegistration:
        """The best state of any domain."""
        stats = [self._found[name] for name in ("CREG", "CEREG", "CGREG") if name in self._found]
        for stat in stats:
            if stat in _REGISTERED:
                return _REGISTERED[stat]
        for stat, state in _NOT_REGISTERED.items():
            if stat in stats:
                return state
        return NetworkRegistration.UNKNOWN
