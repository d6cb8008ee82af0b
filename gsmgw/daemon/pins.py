"""The PINs that must not be tried again."""

from __future__ import annotations

from gsmgw.ports import Clock
from gsmgw.store import Store, refused_pins


class Pins:
    """PINs that a SIM refused, remembered across restarts."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def failed(self, sim: str, fingerprint: str) -> None:
        """It is about to be tried: until it is accepted it counts as refused."""
        now_ms = self._clock.wall_ms()
        await self._store.write(lambda tx: refused_pins.add(tx, now_ms, sim, fingerprint))

    async def accepted(self, sim: str, fingerprint: str) -> None:
        """Forget that the SIM refused a PIN: it accepted it now."""
        await self._store.write(lambda tx: refused_pins.remove(tx, sim, fingerprint))

    async def is_refused(self, sim: str, fingerprint: str) -> bool:
        """True if the SIM refused it before."""
        return await self._store.write(lambda tx: refused_pins.contains(tx, sim, fingerprint))
