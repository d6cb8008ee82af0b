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
from gsmgw.modem.health.monitor import Upkeep
from gsmgw.modem.health.telemetry import Survey
from gsmgw.modem.link.link_context import Surroundings
from gsmgw.modem.link.second_port import Listener, Once
from gsmgw.modem.link.urc_dispatch import News
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.driver import Driver
from gsmgw.modem.port.errors import CommandTimeout, ModemReset, NotAModem, PromptLost, ResultOverdue
from gsmgw.modem.port.port_lock import Priority
from gsmgw.modem.profiles import GENERIC
from gsmgw.modem.receiving.indication_watch import Hearing
from gsmgw.modem.receiving.receiver import Receiver
from gsmgw.modem.sending.sender import Sender
from gsmgw.modem.sending.stored_copies import Copies
from gsmgw.modem.services.calls import Calls
from gsmgw.modem.services.ussd import Ussd
from gsmgw.modem.settings import Settings
from gsmgw.modem.sim.registration import Network
from gsmgw.modem.sim.unlock import Unlocker
from gsmgw.modem.wakeup import Signal
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

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._board = around.board
        self._clock = around.clock
        once = Once(around.clock, lambda urc: self._news.take(urc))
        on_urc = once.pass_on if around.second_opener is None else partial(once.news, 0)
        self._channel = Channel(
            around.clock, on_urc, self.end, lambda stale: self._news.take_stale(stale), around.budget
        )
        self._listener = Listener(around.clock, partial(once.news, 1), self.end, around.budget)
        self.driver = Driver(self._channel, around.clock)
        self._network = Network()
        self._hearing = Hearing(around.clock, lambda count: self._upkeep.deaf(count), lambda: self._upkeep.heard())
        self._copies = Copies(
            self.driver,
            self._board,
            writes=around.config.store_before_sending,
            on_settled=lambda: self._receiver.wake(),
        )
        self._receiver = Receiver(self.driver, self._board, around.clock, around.unable, self._hearing, self._copies)
        self._receiver.aside = lambda: self._listener if self._sender.active else None
        self._settings = Settings(around.config, self.driver, self._board, self._receiver)
        self._survey = Survey(
            around.config, self.driver, self._board, around.clock, self._network, lambda: self._sender.confirmed
        )
        self.ussd = Ussd(self.driver, around.clock)
        self._sender = Sender(self.driver, around.clock, self._copies, around.patience)
        self._upkeep = Upkeep(
            around,
            self.driver,
            self._network,
            self._survey,
            self._settings,
            self._receiver,
            self._hearing,
            sending=lambda: self._sender.active,
            check_node=self._check_node,
        )
        self._calls = Calls(self._board, around.clock, self._upkeep.want_hang_up)
        self._sim_news = Signal(around.clock)
        self._news = News(
            self._board,
            self._network,
            self._receiver,
            self._sender,
            self._calls,
            self.ussd,
            self._sim_news,
            self._upkeep,
            self.end,
            self._heard,
        )
        self.unlocker = Unlocker(around.config, self.driver, self._board, around.clock, around.guard, self._sim_news)
        #: Why the modem is believed to send nothing, when it restarted instead of sending.
        self.suspicion = ""
        self._ended: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._node: object = None

    @property
    def was_ready(self) -> bool:
        """Whether this link ever was ready."""
        return self._upkeep.was_ready

    def _heard(self) -> None:
        """Something came in from the network."""
        self._around.expectation.heard()
        self._around.failures.received()

    # -- life ---------------------------------------------------------------------------------------------------

    async def live(self) -> Exception:
        """Open, start, serve; returns why it ended. Only programming errors and cancellation are raised."""
        try:
            await self._channel.open(self._around.opener)
        except ModemError as exc:
            return exc
        try:
            self._node = self._around.node()
            if self._around.second_opener is not None:
                await self._listener.open(self._around.second_opener)
            await self._start()
            return await self._serve()
        except ModemError as exc:
            return exc
        finally:
            self._upkeep.serving = False
            self._calls.close()
            self._hearing.close()
            self.ussd.close()
            await self._listener.close()
            await self._channel.close()

    def end(self, cause: Exception) -> None:
        """End the link; the first cause counts."""
        if not self._ended.done():
            self._ended.set_result(cause)
            if self._upkeep.serving and self._upkeep.farewell is None:
                title = cause.title if isinstance(cause, ModemError) else str(cause)
                self._board.enter(ModemState.RECOVERING, f"{title}; it is being brought back")
        self._upkeep.wake()
        self._sim_news.set()

    async def _serve(self) -> Exception:
        async with asyncio.TaskGroup() as group:
            workers = [
                group.create_task(self._work(worker), name=f"{self._board.name} {name}")
                for name, worker in (
                    ("direct", self._receiver.take_direct()),
                    ("stored", self._receiver.take_stored()),
                    ("upkeep", self._upkeep.run()),
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
                async with self._channel.turn(Priority.CONTROL):  # what is on the air ends before the link does
                    pass
            self.end(exc)

    # -- start --------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        await self._wake()
        driver = self.driver
        await driver.basics()
        identity = await driver.identify()
        profile = self._around.choose_profile(identity.text)
        driver.profile = profile
        self._board.update(
            manufacturer=identity.manufacturer or None,
            model=identity.model or None,
            revision=identity.revision or None,
            imei=identity.imei or self._board.status.imei,
            profile=profile.name,
        )
        await driver.prepare(self._around.interface)
        await driver.power_up()
        await self.unlocker.unlock()
        self._check_end()
        await driver.basics()  # where the SIM had to come first
        if not identity.manufacturer and profile is GENERIC:
            identity = await driver.identify()
            profile = driver.profile = self._around.choose_profile(identity.text)
            self._board.update(manufacturer=identity.manufacturer or None, model=identity.model or None)
            self._board.update(imei=identity.imei or self._board.status.imei, profile=profile.name)
            await driver.prepare(self._around.interface)
        if profile is GENERIC and self._around.stranger:
            self._board.event("modem.unfamiliar", identity=identity.text.strip(), hint=_UNFAMILIAR)
        iccid, imsi = await driver.sim_identity()
        before = self._board.status
        self._board.update(iccid=iccid, imsi=imsi)
        if before.iccid is not None and iccid is not None and iccid != before.iccid:
            self._board.event("sim.changed", before=before.iccid, now=iccid)
        await self._settings.make()
        self._check_end()
        await self._receiver.sweep()
        self._network.names = await driver.registration_reports()
        await self._survey.look_for_network()
        self._check_end()
        self._settings.note_echoes()
        allowed = self._around.config.reads_while_sending
        if driver.profile.reads_while_sending if allowed is None else allowed:
            await self._listener.join(driver.profile, driver.memory)
        await self._survey.look_at_record()
        if not self._channel.proofs:
            raise NotAModem
        self._upkeep.serving = True
        self._upkeep.judge()

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
        if self._node is not None and self._around.node() != self._node:
            raise PortError("the port was replaced by another one")

    # -- verbs --------------------------------------------------------------------------------------------------

    async def submit(
        self, tpdu: bytes, before_payload: Callable[[], Awaitable[None]], *, more: bool, on_stored: Stored | None
    ) -> int:
        """See :meth:`gsmgw.ports.ModemHandle.submit`."""
        if self._around.config.reply_path:
            tpdu = bytes((tpdu[0] | TP_RP,)) + tpdu[1:]
        try:
            reference = await self._sender.submit(tpdu, before_payload, more=more, on_stored=on_stored)
        except SubmitError as exc:
            self._after_failure(exc, _recipient(tpdu))
            raise
        self._upkeep.confirmed()
        self._around.budget.earn()
        self._around.failures.success(_recipient(tpdu))
        self._around.expectation.sent(tpdu)
        self._around.ladder.well()
        return reference

    def _after_failure(self, exc: SubmitError, to: bytes) -> None:
        """What a text that was not confirmed says about the modem."""
        if exc.disposition in (Disposition.NEVER, Disposition.ACCOUNT):
            self._upkeep.wake()
            return
        if self._channel.cause is not None:
            return  # the port is gone: that says nothing about sending
        if exc.disposition is Disposition.UNKNOWN:
            self._upkeep.in_doubt()
        failures = self._around.failures
        suspect = failures.failure(exc.cause, to, others_wait=self._around.others_wait())
        trouble = f"{exc.title}; {failures.in_a_row} texts in a row failed" if suspect else exc.title
        if self._ended.done():
            self.suspicion = trouble if suspect else ""
            return
        forgot = isinstance(exc.__cause__, PromptLost | ModemReset | ResultOverdue)
        if forgot:  # a modem that forgot a message, or that it was to be quiet, may have forgotten more
            self._upkeep.settings_lost()
            self._board.enter(ModemState.RECOVERING, f"{exc.title}; it is told its settings again before it is used")
        if suspect or (exc.disposition is Disposition.MODEM and (exc.cms, exc.cme) != (None, None)):
            self._upkeep.distrust(trouble, suspect=suspect)
        elif exc.disposition is Disposition.MODEM and not forgot:
            self.end(exc)
        self._upkeep.wake()

    def settle(self, reference: int) -> None:
        """See :meth:`gsmgw.ports.ModemHandle.settle`."""
        if self._sender.settle(reference):
            self._sender.last_reference = reference
            self._upkeep.wake()

    def forget_copy(self, memory: str, index: int) -> None:
        """See :meth:`gsmgw.ports.ModemHandle.forget_copy`."""
        self._copies.forget(memory, index)

    async def leave(self) -> None:
        """Nobody will listen for a while. Raises :class:`gsmgw.errors.ModemError`."""
        if self._upkeep.serving:
            await self._settings.keep_for_later()

    def stop(self) -> None:
        """End the link, because the modem is switched off, once nothing is on the air."""
        self._end_gently(ModemError("switched off"))

    def _end_gently(self, cause: ModemError) -> None:
        if self._upkeep.serving:
            self._upkeep.leave(cause)
        else:
            self.end(cause)

    def tap(self, listener: Callable[[str, bytes], None] | None) -> None:
        """Have all that is said on the port overheard, or no more."""
        self._channel.tap = listener

    async def reset(self) -> None:
        """Restart the modem."""
        try:
            await self.driver.reset()
        except CommandTimeout as exc:
            log.info("%s: %s", self._board.name, exc)
        self.end(ModemReset("the modem was restarted on request"))


def _recipient(tpdu: bytes) -> bytes:
    """The destination of an SMS-SUBMIT as it stands there (TS 23.040 9.2.2.2): length, type and digits."""
    return tpdu[2 : 4 + (tpdu[2] + 1) // 2] if len(tpdu) > 2 else b""
