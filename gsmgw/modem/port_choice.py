"""The ports of a configured modem: by path, or by what the modem is."""

from __future__ import annotations

from collections.abc import Callable

from gsmgw.config import MatchSection, ModemSection
from gsmgw.transport import port_present


class PortChoice:
    """Finds the port of one modem.

    ``locate`` finds the port of a modem that is configured by what it is (:meth:`gsmgw.modem.finder.Finder.locate`),
    ``second_of`` another port of the same stick.
    """

    def __init__(
        self,
        config: ModemSection,
        locate: Callable[[MatchSection], str | None] | None,
        second_of: Callable[[str], str | None] | None,
    ) -> None:
        self._config = config
        self._locate = locate
        self._second_of = second_of

    def present(self) -> str | None:
        """Return the port where the modem is now; None while it is absent."""
        port = self._port()
        return port if port is not None and port_present(port) else None

    def _port(self) -> str | None:
        match = self._config.match
        if match is None:
            return self._config.port
        return self._locate(match) if self._locate is not None else None

    def second(self, port: str) -> str | None:
        """Return the port that is listened to as well: as configured, or as the stick is known to have one."""
        if self._config.urc_port is not None:
            return None if self._config.urc_port == "none" else self._config.urc_port
        return self._second_of(port) if self._second_of is not None else None

    def describe(self) -> str:
        """Return what is missing while the modem is absent."""
        port, match = self._port(), self._config.match
        if port is not None or match is None:
            return f"port {port}"
        return f"the modem with IMEI {match.imei}" if match.imei else f"a modem at USB {match.usb}"
