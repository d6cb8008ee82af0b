"""Links to the modems' ports by IMEI: /run/gsmgw/by-imei/490154203237518 -> /dev/ttyUSB2.

udev knows no IMEI, and a rule that asked for it would open the port that the gateway is about to open. The gateway
has asked anyway.
"""

from __future__ import annotations

import logging
from pathlib import Path

from gsmgw.digits import is_digits
from gsmgw.model import ModemState, ModemStatus

log = logging.getLogger(__name__)


class ImeiLinks:
    """Maintains a directory of links. The first failure is logged and stops it: the links are optional."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[str, tuple[str, str]] = {}
        self._works = True

    def show(self, status: ModemStatus) -> None:
        """Update the link of a modem."""
        there = status.state not in (ModemState.ABSENT, ModemState.DISABLED)
        wanted = (status.imei, status.port) if there and status.imei and status.port else None
        if wanted is not None and not (is_digits(wanted[0]) and wanted[1].startswith("/")):
            wanted = None
        known = self._known.get(status.name)
        if not self._works or wanted == known:
            return
        try:
            if known is not None:
                self._remove(status.name)
            if wanted is not None:
                self._directory.mkdir(exist_ok=True)
                self._directory.chmod(0o755)  # whatever the umask is: names of devices are for everybody
                fresh = self._directory / f".{wanted[0]}"
                fresh.unlink(missing_ok=True)
                fresh.symlink_to(wanted[1])
                fresh.replace(self._directory / wanted[0])
                self._known[status.name] = wanted
        except OSError as exc:
            self._works = False
            log.info("imei links: cannot be written directory=%s error=%s", self._directory, exc.strerror)

    def close(self) -> None:
        """Remove all links."""
        for name in list(self._known):
            try:
                self._remove(name)
            except OSError as exc:
                log.info("imei links: cannot be removed error=%s", exc)

    def _remove(self, name: str) -> None:
        imei, _ = self._known.pop(name)
        if not any(imei == other for other, _ in self._known.values()):
            (self._directory / imei).unlink(missing_ok=True)
