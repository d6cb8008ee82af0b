"""An estimate of when the queue will be empty."""

from __future__ import annotations

import asyncio

from gsmgw.audience.campaigns.duration import HORIZON_S, Task, duration_s
from gsmgw.audience.templates import setting_of
from gsmgw.daemon.modem_names import ModemNames
from gsmgw.model import Priority
from gsmgw.outbound import Scheduler
from gsmgw.ports import Clock
from gsmgw.store import Store, messages

#: Messages that the number of segments of all is estimated from.
SAMPLE = 200


class QueueEnd:
    """Estimates from the speed of the modems that work, their limits and the sending hours."""

    def __init__(self, store: Store, clock: Clock, scheduler: Scheduler, names: ModemNames) -> None:
        self._store = store
        self._clock = clock
        self._scheduler = scheduler
        self._names = names

    async def after_ms(self, queued: int) -> int | None:
        """Return when that number of messages will be sent; None if it is 0, or no modem works."""
        working = self._names.working
        if not queued or not working:
            return None
        peer, segments = await self._store.read(lambda db: messages.queued_sample(db, SAMPLE))
        times = self._scheduler.times if self._scheduler.times.applies_to(Priority.NORMAL) else None
        capacities = [each for each in self._scheduler.capacities() if each.name in working]
        task = Task(queued, max(queued, round(queued * segments)), capacities, times=times)
        now_ms = self._clock.wall_ms()
        took_s = await asyncio.to_thread(duration_s, task, setting_of({"number": peer}, now_ms).now)
        return None if took_s >= HORIZON_S else now_ms + round(took_s * 1000)
