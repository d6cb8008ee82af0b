"""Messages and status reports that come with their URC (+CMT, +CDS).

They have a worker of their own: a report must get through while the message that it reports on occupies the port.
"""

from __future__ import annotations

import logging
from collections import deque

from gsmgw.at.events import Urc
from gsmgw.at.responses import parse_direct_length
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.commands.messages import Acknowledger
from gsmgw.modem.link_bus import AcknowledgementRefused, LinkBus
from gsmgw.modem.receiving.handover import Handover
from gsmgw.modem.settings import Settings
from gsmgw.modem.wakeup import Wakeup

log = logging.getLogger(__name__)

#: The most PDUs that wait for the store. More are dropped and not acknowledged, so the network repeats messages.
QUEUE_LIMIT = 1000
#: The most PDUs that go into one commit.
BATCH = 64
#: The least time between two log lines about dropped PDUs, seconds.
LOG_DROPPED_EVERY_S = 10.0


class DirectReceiver:
    """Takes over directly routed PDUs of one link, in order."""

    def __init__(self, name: str, at: AtClient, settings: Settings, handover: Handover, bus: LinkBus) -> None:
        self._name = name
        self._at = at
        self._settings = settings
        self._handover = handover
        self._bus = bus
        self._acknowledger = Acknowledger(at)
        self._queue: deque[Urc] = deque()
        self._work = Wakeup(at.clock)
        self._dropped = 0
        self._logged_at = float("-inf")

    def received(self, urc: Urc) -> None:
        """Queue a PDU that came with its URC."""
        if len(self._queue) >= QUEUE_LIMIT:
            self._drop()
            return
        self._queue.append(urc)
        self._work.set()

    def _drop(self) -> None:
        self._dropped += 1
        now = self._at.clock.monotonic()
        if now - self._logged_at >= LOG_DROPPED_EVERY_S:
            self._logged_at = now
            log.error("%s: received PDUs dropped dropped=%d waiting=%d", self._name, self._dropped, QUEUE_LIMIT)

    async def run(self) -> None:
        """Worker: hand over, then acknowledge where the modem wants it."""
        while True:
            await self._work.wait()
            while self._queue:
                # An acknowledgement is for one PDU; without one, all that wait go into one commit.
                acknowledges = self._settings.acknowledges
                count = 1 if acknowledges else min(len(self._queue), BATCH)
                urcs = [self._queue.popleft() for _ in range(count)]
                raws = [self._handover.raw(urc.pdu or "", parse_direct_length(urc.line)) for urc in urcs]
                for raw, on_disk in zip(raws, await self._handover.take_all(raws), strict=True):
                    if on_disk and (not acknowledges or await self._acknowledge()):
                        self._handover.released(raw)

    async def _acknowledge(self) -> bool:
        """Acknowledge a message. One that cannot be acknowledged comes again, and is recognised: it is not released."""
        if await self._acknowledger.acknowledge():
            return True
        log.warning("%s: the modem refuses to acknowledge a message (AT+CNMA)", self._name)
        self._bus.publish(AcknowledgementRefused())
        return False
