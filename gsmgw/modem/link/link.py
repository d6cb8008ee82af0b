"""One connection to a modem, from opening the port to its end: the start, the service, what may be asked of it.

A link lives once. Whatever ends it is its cause, which :meth:`Link.live` returns; the modem's loop decides what next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from gsmgw.at.commands import AT
from gsmgw.errors import Disposition, ModemError, PortError, SubmitError
from gsmgw.model import ModemState
from gsmgw.model.events import ModemUnknownModel, SimChanged
from gsmgw.modem.health.monitor import HealthMonitor
from gsmgw.modem.health.telemetry import Telemetry
from gsmgw.modem.link.link_context import LinkContext
from gsmgw.modem.link.second_port import SecondPort, UrcDeduplicator
from gsmgw.modem.link.urc_dispatch import UrcDispatch
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.driver import Driver
from gsmgw.modem.port.errors import CommandTimeout, ModemReset, NotAModem, PromptLost, ResultOverdue
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.profiles import GENERIC
from gsmgw.modem.receiving.indication_watch import IndicationWatch
from gsmgw.modem.receiving.receiver import Receiver
from gsmgw.modem.sending.sender import Sender
from gsmgw.modem.sending.stored_copies import StoredCopies
from gsmgw.modem.services.calls import Calls
from gsmgw.modem.services.ussd import Ussd
from gsmgw.modem.settings import Settings
from gsmgw.modem.sim.registration import RegistrationState
from gsmgw.modem.sim.unlock import SimUnlocker
from gsmgw.modem.wakeup import Wakeup
from gsmgw.ports import Stored

log = logging.getLogger(__name__)

#: How often a silent modem is asked AT, one second each, before the port is opened anew.
WAKE_TRIES = 10
#: The bit of the first octet that sets the reply path (TS 23.040 9.2.3.17).
TP_RP = 0x80
_UNFAMILIAR = (
    "no profile is known for this modem, it is used as the standards say; if something does not work, "
    "`gsmgw modem NAME tap --masked --output FILE` makes a transcript that may be shown: see docs/modems.md"
)


class Link:
    """See the module."""

    def __init__(self, context: LinkContext) -> None:
        self._context = context
        self._reporter = context.reporter
        self._clock = context.clock
        once = UrcDeduplicator(context.clock, lambda urc: self._news.take(urc))
        on_urc = once.pass_on if context.second_opener is None else partial(once.news, 0)
        self._channel = Channel(
            context.clock, on_urc, self.end, lambda stale: self._news.take_stale(stale), context.babble_guard
        )
        self._second_port = SecondPort(context.clock, partial(once.news, 1), self.end, context.babble_guard)
        self.driver = Driver(self._channel, context.clock)
        self._registration = RegistrationState()
        self._indication_watch = IndicationWatch(
            context.clock, lambda count: self._health.deaf(count), lambda: self._health.heard()
        )
        self._copies = StoredCopies(
            self.driver,
            self._reporter,
            writes=context.config.store_before_sending,
            on_settled=lambda: self._receiver.wake(),
        )
        self._receiver = Receiver(
            self.driver, self._reporter, context.clock, context.unable, self._indication_watch, self._copies
        )
        self._receiver.aside = lambda: self._second_port if self._sender.active else None
        self._settings = Settings(context.config, self.driver, self._reporter, self._receiver)
        self._telemetry = Telemetry(
            context.config,
            self.driver,
            self._reporter,
            context.clock,
            self._registration,
            lambda: self._sender.confirmed,
        )
        self.ussd = Ussd(self.driver, context.clock)
        self._sender = Sender(self.driver, context.clock, self._copies, context.patience)
        self._health = HealthMonitor(
            context,
            self.driver,
            self._registration,
            self._telemetry,
            self._settings,
            self._receiver,
            self._indication_watch,
            sending=lambda: self._sender.active,
            check_node=self._check_node,
        )
        self._calls = Calls(self._reporter, context.clock, self._health.want_hang_up)
        self._sim_changed = Wakeup(context.clock)
        self._news = UrcDispatch(
            self._reporter,
            self._registration,
            self._receiver,
            self._sender,
            self._calls,
            self.ussd,
            self._sim_changed,
            self._health,
            self.end,
            self._heard,
        )
        self.unlocker = SimUnlocker(
            context.config, self.driver, self._reporter, context.clock, context.guard, self._sim_changed
        )
        #: Why the modem is believed to send nothing, when it restarted instead of sending.
        self.suspicion = ""
        self._ended: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._node: object = None

    @property
    def was_ready(self) -> bool:
        """Whether this link ever was ready."""
        return self._health.was_ready

    def _heard(self) -> None:
        """Something came in from the network."""
        self._context.report_watch.heard()
        self._context.failures.received()

    # -- life ---------------------------------------------------------------------------------------------------

    async def live(self) -> Exception:
        """Open, start, serve; returns why it ended. Only programming errors and cancellation are raised."""
        try:
            await self._channel.open(self._context.opener)
        except ModemError as exc:
            return exc
        try:
            self._node = self._context.node()
            if self._context.second_opener is not None:
                await self._second_port.open(self._context.second_opener)
            await self._start()
            return await self._serve()
        except ModemError as exc:
            return exc
        finally:
            self._health.serving = False
            self._calls.close()
            self._indication_watch.close()
            self.ussd.close()
            await self._second_port.close()
            await self._channel.close()

    def end(self, cause: Exception) -> None:
        """End the link; the first cause counts."""
        if not self._ended.done():
            self._ended.set_result(cause)
            if self._health.serving and self._health.farewell is None:
                title = cause.title if isinstance(cause, ModemError) else str(cause)
                self._reporter.enter(ModemState.RECOVERING, f"{title}; it is being brought back")
        self._health.wake()
        self._sim_changed.set()

    async def _serve(self) -> Exception:
        async with asyncio.TaskGroup() as group:
            workers = [
                group.create_task(self._work(worker), name=f"{self._reporter.name} {name}")
                for name, worker in (
                    ("direct", self._receiver.take_direct()),
                    ("stored", self._receiver.take_stored()),
                    ("upkeep", self._health.run()),
                )
            ]
            try:
                return await self._ended
            finally:
                for task in workers:
                    task.cancel()

    async def _work(self, worker: Coroutine[Any, Any, None]) -> None:
        try:
            await worker
        except (PortError, CommandTimeout) as exc:
            self.end(exc)
        except ModemError as exc:
            with contextlib.suppress(ModemError):
                async with self._channel.turn(PortPriority.CONTROL):  # what is on the air ends before the link does
                    pass
            self.end(exc)

    # -- start --------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        await self._wake()
        driver = self.driver
        await driver.basics()
        identity = await driver.identify()
        profile = self._context.choose_profile(identity.text)
        driver.profile = profile
        self._reporter.update(
            manufacturer=identity.manufacturer or None,
            model=identity.model or None,
            revision=identity.revision or None,
            imei=identity.imei or self._reporter.status.imei,
            profile=profile.name,
        )
        await driver.prepare(self._context.interface)
        await driver.power_up()
        await self.unlocker.unlock()
        self._check_end()
        await driver.basics()  # where the SIM had to come first
        if not identity.manufacturer and profile is GENERIC:
            identity = await driver.identify()
            profile = driver.profile = self._context.choose_profile(identity.text)
            self._reporter.update(manufacturer=identity.manufacturer or None, model=identity.model or None)
            self._reporter.update(imei=identity.imei or self._reporter.status.imei, profile=profile.name)
            await driver.prepare(self._context.interface)
        if profile is GENERIC and self._context.stranger:
            self._reporter.event(ModemUnknownModel(identity=identity.text.strip(), hint=_UNFAMILIAR))
        iccid, imsi = await driver.sim_identity()
        before = self._reporter.status
        self._reporter.update(iccid=iccid, imsi=imsi)
        if before.iccid is not None and iccid is not None and iccid != before.iccid:
            self._reporter.event(SimChanged(before=before.iccid, now=iccid))
        await self._settings.make()
        self._check_end()
        await self._receiver.sweep()
        self._registration.names = await driver.registration_reports()
        await self._telemetry.look_for_network()
        self._check_end()
        self._settings.note_echoes()
        allowed = self._context.config.reads_while_sending
        if driver.profile.reads_while_sending if allowed is None else allowed:
            await self._second_port.join(driver.profile, driver.memory)
        await self._telemetry.look_at_record()
        if not self._channel.proofs:
            raise NotAModem
        self._health.serving = True
        self._health.judge()

    async def _wake(self) -> None:
        """Wait for a sign of life."""
        for _ in range(WAKE_TRIES):
            try:
                await self._channel.wake(1)
                return
            except CommandTimeout:
                self._check_end()
                self._check_node()
        raise CommandTimeout(AT)

    def _check_end(self) -> None:
        if self._ended.done():
            cause = self._ended.result()
            raise cause if isinstance(cause, ModemError) else ModemError(str(cause))

    def _check_node(self) -> None:
        if self._node is not None and self._context.node() != self._node:
            raise PortError("the port was replaced by another one")

    # -- verbs --------------------------------------------------------------------------------------------------

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
        self._context.babble_guard.earn()
        self._context.failures.success(_recipient(tpdu))
        self._context.report_watch.sent(tpdu)
        self._context.recovery.succeeded()
        return reference

    def _after_failure(self, exc: SubmitError, to: bytes) -> None:
        """What a text that was not confirmed says about the modem."""
        if exc.disposition in (Disposition.NEVER, Disposition.ACCOUNT):
            self._health.wake()
            return
        if self._channel.cause is not None:
            return  # the port is gone: that says nothing about sending
        if exc.disposition is Disposition.UNKNOWN:
            self._health.in_doubt()
        failures = self._context.failures
        suspect = failures.failure(exc.cause, to, others_wait=self._context.others_wait())
        trouble = f"{exc.title}; {failures.in_a_row} texts in a row failed" if suspect else exc.title
        if self._ended.done():
            self.suspicion = trouble if suspect else ""
            return
        forgot = isinstance(exc.__cause__, PromptLost | ModemReset | ResultOverdue)
        if forgot:  # a modem that forgot a message, or that it was to be quiet, may have forgotten more
            self._health.settings_lost()
            self._reporter.enter(ModemState.RECOVERING, f"{exc.title}; it is told its settings again before it is used")
        if suspect or (exc.disposition is Disposition.MODEM and (exc.cms, exc.cme) != (None, None)):
            self._health.distrust(trouble, suspect=suspect)
        elif exc.disposition is Disposition.MODEM and not forgot:
            self.end(exc)
        self._health.wake()

    def settle(self, reference: int) -> None:
        """See :meth:`gsmgw.ports.ModemHandle.settle`."""
        if self._sender.settle(reference):
            self._sender.last_reference = reference
            self._health.wake()

    def forget_copy(self, memory: str, index: int) -> None:
        """See :meth:`gsmgw.ports.ModemHandle.forget_copy`."""
        self._copies.forget(memory, index)

    async def leave(self) -> None:
        """Nobody will listen for a while. Raises :class:`gsmgw.errors.ModemError`."""
        if self._health.serving:
            await self._settings.keep_for_later()

    def stop(self) -> None:
        """End the link, because the modem is switched off, once nothing is on the air."""
        self._end_gently(ModemError("switched off"))

    def _end_gently(self, cause: ModemError) -> None:
        if self._health.serving:
            self._health.leave(cause)
        else:
            self.end(cause)

    def tap(self, second_port: Callable[[str, bytes], None] | None) -> None:
        """Have all that is said on the port overheard, or no more."""
        self._channel.tap = second_port

    async def reset(self) -> None:
        """Restart the modem."""
        try:
            await self.driver.reset()
        except CommandTimeout as exc:
            log.info("%s: %s", self._reporter.name, exc)
        self.end(ModemReset("the modem was restarted on request"))


def _recipient(tpdu: bytes) -> bytes:
    """The destination of an SMS-SUBMIT as it stands there (TS 23.040 9.2.2.2): length, type and digits."""
    return tpdu[2 : 4 + (tpdu[2] + 1) // 2] if len(tpdu) > 2 else b""
