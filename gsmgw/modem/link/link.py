"""One connection to a modem, from opening the port to its end: start, service, submissions.

A link is used once. Whatever ends it is its cause, which :meth:`Link.run` returns; the modem decides what comes next.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from gsmgw.at.events import Stale, Urc
from gsmgw.at.urcs import UrcKind
from gsmgw.errors import Disposition, ModemError, PortError, SubmitError
from gsmgw.model import ModemState
from gsmgw.modem.commands import device
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.commands.storage import MessageStorage
from gsmgw.modem.health.healing import Healing
from gsmgw.modem.health.link_state import LinkState
from gsmgw.modem.health.monitor import HealthMonitor
from gsmgw.modem.health.telemetry import Telemetry
from gsmgw.modem.link.link_context import LinkContext
from gsmgw.modem.link.startup import Startup
from gsmgw.modem.link_bus import (
    RECEIVED,
    AcknowledgementRefused,
    IndicationsLost,
    IndicationsResumed,
    LinkBus,
    UnreadableChanged,
)
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.errors import CommandTimeout, ModemReset, PromptLost, ResultOverdue
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.receiving.direct import DirectReceiver
from gsmgw.modem.receiving.handover import Handover, Retry
from gsmgw.modem.receiving.indication_watch import IndicationWatch
from gsmgw.modem.receiving.second_port import SecondPort, UrcDeduplicator
from gsmgw.modem.receiving.stored import StoredReceiver
from gsmgw.modem.sending.sender import Sender
from gsmgw.modem.sending.stored_copies import StoredCopies
from gsmgw.modem.services.calls import Calls
from gsmgw.modem.services.ussd import Ussd
from gsmgw.modem.settings import Settings
from gsmgw.modem.sim.registration import RegistrationState
from gsmgw.modem.sim.unlock import SimUnlocker
from gsmgw.modem.wakeup import Wakeup
from gsmgw.ports import Stored

#: The bit of the first byte that sets the reply path (TS 23.040 9.2.3.17).
TP_RP = 0x80
#: How much of a line is shown in a status.
_SHOWN_CHARS = 80


class Link:
    """See the module."""

    def __init__(self, context: LinkContext) -> None:
        self._context = context
        self._reporter = context.reporter
        self._memory = context.memory
        #: Why the modem is believed to send nothing, when it restarted instead of sending.
        self.suspicion = ""
        #: True if anything answered AT on this link.
        self.answered = False
        self._ended: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._make_port()
        self._make_sending()
        self._make_receiving()
        self._make_health()
        self._subscribe()

    # -- parts: each is handed those that were made before it -----------------------------------------------------

    def _make_port(self) -> None:
        context, clock, guard = self._context, self._context.clock, self._memory.babble_guard
        name = self._reporter.name
        self._bus = LinkBus(name)
        ports = UrcDeduplicator(clock, self._bus.publish_urc)
        on_urc = self._bus.publish_urc if context.second_opener is None else partial(ports.take, 0)
        self._channel = Channel(clock, on_urc, self.end, self._bus.publish, guard)
        self._second_port = SecondPort(name, clock, partial(ports.take, 1), self.end, guard)
        self._at = AtClient(self._channel, clock)
        self._storage = MessageStorage(self._at)
        self._settings = Settings(context.config, self._at, self._storage, self._reporter, self._memory.unable)
        pins = context.pin_guard, self._memory.accepted_pins
        self.unlocker = SimUnlocker(context.config, self._at, self._reporter, *pins)
        self._registration = RegistrationState(self._at)

    def _make_sending(self) -> None:
        config = self._context.config
        self._storage_work = Wakeup(self._context.clock)
        self._copies = StoredCopies(
            self._at, self._storage, self._reporter, self._storage_work, enabled=config.store_before_sending
        )
        self._sender = Sender(self._at, self._reporter, self._copies, self._memory.result_timeout)
        self.ussd = Ussd(self._at, self._settings, self._reporter)
        self._calls = Calls(self._at, self._reporter, hang_up=config.hang_up_calls)

    def _make_receiving(self) -> None:
        retry = Retry(self._context.clock)
        handover = Handover(self._reporter, retry)
        self._indication_watch = IndicationWatch(self._context.clock, self._bus)
        self._direct = DirectReceiver(self._reporter.name, self._at, self._settings, handover, self._bus)
        self._stored = StoredReceiver(
            self._storage,
            self._settings,
            self._reporter,
            handover,
            retry,
            self._storage_work,
            watch=self._indication_watch,
            copies=self._copies,
            sender=self._sender,
            second_port=self._second_port,
            unable=self._memory.unable,
            bus=self._bus,
        )

    def _make_health(self) -> None:
        context, reporter, memory = self._context, self._reporter, self._memory
        self._state = LinkState(reporter, self._registration, self._settings)
        self._telemetry = Telemetry(
            context.config, self._at, self._storage, self._settings, reporter, self._registration, self._sender
        )
        healing = Healing(
            self._at,
            reporter,
            self._state,
            self._settings,
            self._registration,
            self._stored,
            self._indication_watch,
            plan=memory.recovery,
            failures=memory.failures,
            available=context.available_steps,
        )
        self._health = HealthMonitor(
            self._at,
            reporter,
            self._state,
            healing,
            self._telemetry,
            self._registration,
            self._settings,
            self._stored,
            self._sender,
            report_watch=memory.report_watch,
            node=context.node,
        )

    def _subscribe(self) -> None:
        bus = self._bus
        bus.on_urc(self._received, *RECEIVED)
        bus.on_urc(self._direct.received, UrcKind.MESSAGE, UrcKind.REPORT)
        bus.on_urc(self._stored.indicated, UrcKind.STORED)
        bus.on_urc(self._stored.storage_full, UrcKind.FULL)
        bus.on_urc(self._health.registration_urc, UrcKind.REGISTRATION)
        bus.on_urc(self._health.boot_urc, UrcKind.BOOT)
        bus.on_urc(self._sim_urc, UrcKind.SIM)
        bus.on_urc(self._reset_urc, UrcKind.RESET)
        bus.on_urc(self._calls.call_urc, UrcKind.CALL)
        bus.on_urc(self.ussd.ussd_urc, UrcKind.USSD)
        bus.on(Stale, self._sender.stale_line)
        bus.on(IndicationsLost, self._health.indications_lost)
        bus.on(IndicationsResumed, self._health.indications_resumed)
        bus.on(AcknowledgementRefused, self._health.acknowledgement_refused)
        bus.on(UnreadableChanged, self._health.unreadable_changed)

    def _received(self, urc: Urc) -> None:
        self._memory.report_watch.received()
        self._memory.failures.received()

    def _reset_urc(self, urc: Urc) -> None:
        self.end(ModemReset(f"the modem restarted by itself ({urc.line[:_SHOWN_CHARS]})"))

    def _sim_urc(self, urc: Urc) -> None:
        self.unlocker.wake()
        self._health.sim_urc(urc)

    # -- life ---------------------------------------------------------------------------------------------------

    @property
    def was_ready(self) -> bool:
        """True if the modem was ready on this link at any time."""
        return self._state.was_ready

    async def run(self) -> Exception:
        """Open, start, serve; return why it ended. Only programming errors and cancellation are raised."""
        try:
            await self._channel.open(self._context.opener)
        except ModemError as exc:
            return exc
        try:
            self._context.node.remember()
            if self._context.second_opener is not None:
                await self._second_port.open(self._context.second_opener)
            await self._start()
            return await self._serve()
        except ModemError as exc:
            return exc
        finally:
            self._state.serving = False
            self._calls.close()
            self._indication_watch.close()
            self.ussd.close()
            await self._second_port.close()
            await self._channel.close()

    async def _start(self) -> None:
        parts = self._at, self._settings, self._registration, self.unlocker, self._ended
        startup = Startup(self._context, *parts, self._note_answer)
        await startup.prepare_modem()
        await self._stored.sweep()
        await startup.register()
        if startup.reads_while_sending:
            await self._second_port.prepare_reading(self._at.profile, self._storage.selected)
        await self._telemetry.read_last_reference()
        startup.check_is_modem()
        self._state.serving = True
        self._state.update()

    def _note_answer(self) -> None:
        self.answered = True
        if self._reporter.status.state is ModemState.UNAVAILABLE:
            self._reporter.enter(ModemState.PROBING, "the port can be used now")

    async def _serve(self) -> Exception:
        workers = {
            "direct": self._direct.run(),
            "stored": self._stored.run(),
            "calls": self._calls.run(),
            "health": self._health.run(),
        }
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._work(worker), name=f"{self._reporter.name} {name}")
                for name, worker in workers.items()
            ]
            try:
                return await self._ended
            finally:
                for task in tasks:
                    task.cancel()

    async def _work(self, worker: Coroutine[Any, Any, None]) -> None:
        try:
            await worker
        except (PortError, CommandTimeout) as exc:
            self.end(exc)
        except ModemError as exc:
            with contextlib.suppress(ModemError):
                async with self._channel.exclusive(PortPriority.CONTROL):  # a running submission ends before the link
                    pass
            self.end(exc)

    def end(self, cause: Exception) -> None:
        """End the link; the first cause counts."""
        if not self._ended.done():
            self._ended.set_result(cause)
            if self._state.serving and self._state.leaving is None:
                title = cause.title if isinstance(cause, ModemError) else str(cause)
                self._reporter.enter(ModemState.RECOVERING, f"{title}; reconnecting")
        self._health.wake()
        self.unlocker.wake()

    async def submit(
        self, tpdu: bytes, before_payload: Callable[[], Awaitable[None]], *, more: bool, on_stored: Stored | None
    ) -> int:
        """See :meth:`gsmgw.ports.ModemHandle.submit`."""
        if self._context.config.reply_path:
            tpdu = bytes((tpdu[0] | TP_RP,)) + tpdu[1:]
        try:
            reference = await self._sender.submit(tpdu, before_payload, more=more, on_stored=on_stored)
        except SubmitError as exc:
            self._after_failure(exc, _recipient(tpdu))
            raise
        self._health.confirmed()
        self._memory.babble_guard.earn()
        self._memory.failures.success(_recipient(tpdu))
        self._memory.report_watch.sent(tpdu)
        self._memory.recovery.succeeded()
        return reference

    def _after_failure(self, exc: SubmitError, to: bytes) -> None:
        """Decide what a message that was not confirmed says about the modem."""
        if exc.disposition in (Disposition.NEVER, Disposition.ACCOUNT):
            self._health.wake()
            return
        if self._channel.cause is not None:  # the port is gone: that says nothing about sending
            return
        if exc.disposition is Disposition.UNKNOWN:
            self._health.in_doubt()
        failures = self._memory.failures
        suspect = failures.failure(exc.cause, to, others_wait=self._context.others_wait())
        trouble = f"{exc.title}; {failures.in_a_row} messages in a row failed" if suspect else exc.title
        if self._ended.done():
            self.suspicion = trouble if suspect else ""
            return
        forgot = isinstance(exc.__cause__, PromptLost | ModemReset | ResultOverdue)
        if forgot:  # a modem that forgot a message, or that its echo is off, may have lost its settings
            self._health.settings_lost()
            self._reporter.enter(ModemState.RECOVERING, f"{exc.title}; applying the settings again")
        if suspect or (exc.disposition is Disposition.MODEM and (exc.cms, exc.cme) != (None, None)):
            self._health.distrust(trouble, suspect=suspect)
        elif exc.disposition is Disposition.MODEM and not forgot:
            self.end(exc)
        self._health.wake()

    def settle(self, reference: int) -> None:
        """See :meth:`gsmgw.ports.ModemHandle.settle`."""
        if self._sender.settle(reference):
            self._health.wake()

    def forget_copy(self, memory: str, index: int) -> None:
        """See :meth:`gsmgw.ports.ModemHandle.forget_copy`."""
        self._copies.forget(memory, index)

    async def store_while_away(self) -> None:
        """Have the modem store what it receives while nobody listens. Raises :class:`gsmgw.errors.ModemError`."""
        if self._state.serving:
            await self._settings.store_while_away()

    def stop(self) -> None:
        """End the link once no message is being transmitted: the modem was disabled."""
        cause = ModemError("disabled")
        if self._state.serving:
            self._health.leave(cause)
        else:
            self.end(cause)

    def tap(self, listener: Callable[[str, bytes], None] | None) -> None:
        """Have ``listener`` called with all that is said on the port; None ends that."""
        self._channel.tap(listener)

    async def reset(self) -> None:
        """Restart the modem."""
        with contextlib.suppress(CommandTimeout):
            await device.restart(self._at)
        self.end(ModemReset("the modem was restarted on request"))


def _recipient(tpdu: bytes) -> bytes:
    """Return the destination of an SMS-SUBMIT as it stands there (TS 23.040 9.2.2.2): length, type and digits."""
    return tpdu[2 : 4 + (tpdu[2] + 1) // 2] if len(tpdu) > 2 else b""
