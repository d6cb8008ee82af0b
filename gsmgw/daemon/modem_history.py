"""The readings of modems over the last day, kept in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from gsmgw.model import ModemSample
from gsmgw.ports import Clock, ModemHandle

#: Time between two samples, seconds.
INTERVAL_S = 60
#: Samples of a modem: those of a day.
KEPT = 1440


class ModemHistory:
    """Samples the status of each modem."""

    def __init__(self, clock: Clock, modems: Mapping[str, ModemHandle]) -> None:
        self._clock = clock
        self._modems = modems
        self._samples: dict[str, deque[ModemSample]] = {}

    def of(self, name: str) -> Sequence[ModemSample]:
        """Return the samples of a modem, oldest first, and its readings of this moment."""
        modem = self._modems.get(name)
        return [*self._samples.get(name, ()), *([] if modem is None else [self._sample(modem)])]

    async def run(self) -> None:
        """Take samples until cancellation."""
        while True:
            await self._clock.sleep(INTERVAL_S)
            for name, modem in self._modems.items():
                self._samples.setdefault(name, deque(maxlen=KEPT)).append(self._sample(modem))

    def _sample(self, modem: ModemHandle) -> ModemSample:
        status = modem.status
        return ModemSample(self._clock.wall_ms(), status.state, status.signal_dbm, status.temperature_c)
