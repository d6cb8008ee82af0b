"""One connection to a modem, from opening the port to its end: start, service, upkeep.

A link lives once. Whatever ends it is its cause, which :meth:`Link.live` returns; the modem's loop decides what next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from gsmgw.at.answers import parse_pin_state, parse_reference, parse_ussd
from gsmgw.at.commands import AT
from gsmgw.at.dialogue import Stale, Urc
from gsmgw.at.urcs import UrcKind
from gsmgw.errors import Disposition, ModemError, PortError, SubmitError
from gsmgw.model import ModemState
from gsmgw.modem.calls import Calls
from gsmgw.modem.channel import Channel
from gsmgw.modem.driver import Driver
from gsmgw.modem.failures import CommandTimeout, ModemReset, PromptLost
from gsmgw.modem.ladder import FailureCounter, Rung
from gsmgw.modem.listener import Listener, Once
from gsmgw.modem.network import Network
from gsmgw.modem.profiles import GENERIC
from gsmgw.modem.receiving import Receiver
from gsmgw.modem.sending import Sender
from gsmgw.modem.settings import Settings
from gsmgw.modem.surroundings import StepNeeded, Surroundings
from gsmgw.modem.survey import Survey
from gsmgw.modem.turns import Priority
from gsmgw.modem.unlocking import Unlocker
from gsmgw.modem.ussd import Ussd, decode_answer
from gsmgw.modem.waiting import Signal

log = logging.getLogger(__name__)

#: How often a silent modem is asked AT, one second each, before the port is opened anew.
WAKE_TRIES = 10
#: A modem that said nothing for that long is asked for its registration and signal.
HEALTH_EVERY_S = 30.0
#: One that is busy sending is asked, too, but not as often.
REFRESH_AT_LEAST_EVERY_S = 300.0
#: While no network is found: the URC may not come, so it is also asked for, in growing pauses.
SEARCH_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
#: The node of the port is looked at, for one that was replaced without a hang-up.
NODE_EVERY_S = 1.0
#: The memories are swept, in case an indication was lost; and where no indications can be had.
SWEEP_EVERY_S = 300.0
POLL_EVERY_S = 10.0
_POLLED = f"works, but does not announce what it receives: its storage is read every {POLL_EVERY_S:.0f} s"
_SENDS_ONLY = "sends only: it neither announces what it receives nor lets its storage be read"
#: After the last line of a starting modem its settings are repeated.
BOOT_SETTLE_S = 0.5


class Link:
    """See the module."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._board = around.board
        self._clock = around.clock
        once = Once(around.clock, self._on_urc)
        on_urc = self._on_urc if around.second_opener is None else partial(once.news, 0)
        self._channel = Channel(around.clock, on_urc, self.end, self._on_stale)
        self._listener = Listener(partial(once.news, 1))
        self.driver = Driver(self._channel, around.clock)
        self._network = Network()
        self._receiver = Receiver(self.driver, self._board, around.clock, around.unable)
        self._settings = Settings(around.config, self.driver, self._board, self._receiver)
        self._survey = Survey(around.config, self.driver, self._board, around.clock, self._network)
        self.ussd = Ussd(self.driver, around.clock)
        self._calls = Calls(self._board, around.clock, self._want_hang_up)
        self._hang_up_wanted = False
        #: Why the link is to end as soon as nothing is on the air.
        self._farewell: ModemError | None = None
        self._sender = Sender(self.driver, around.clock)
        self._sim_news = Signal(around.clock)
        self.unlocker = Unlocker(around.config, self.driver, self._board, around.clock, around.guard, self._sim_news)
        self._attention = Signal(around.clock)
        self._ended: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._node: object = None
        self._serving = False
        self._booting = False
        self._trouble = ""
        self._suspect = False
        self._failures = FailureCounter()
        self._refreshed_at = float("-inf")
        self._registration_changed = False
        self._handlers: dict[UrcKind, Callable[[Urc], None]] = {
            UrcKind.MESSAGE: self._receiver.direct,
            UrcKind.REPORT: self._receiver.direct,
            UrcKind.STORED: self._receiver.stored,
            UrcKind.REGISTRATION: self._on_registration,
            UrcKind.FULL: self._on_full,
            UrcKind.RESET: self._on_reset,
            UrcKind.BOOT: self._on_boot,
            UrcKind.SIM: self._on_sim,
            UrcKind.CALL: self._on_call,
            UrcKind.USSD: self._on_ussd,
        }
        #: Whether this link ever was ready.
        self.was_ready = False

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
            self._serving = False
            self._calls.close()
            self.ussd.close()
            await self._listener.close()
            await self._channel.close()

    def end(self, cause: Exception) -> None:
        """End the link; the first cause counts."""
        if not self._ended.done():
            self._ended.set_result(cause)
            if self._serving and self._farewell is None:
                title = cause.title if isinstance(cause, ModemError) else str(cause)
                self._board.enter(ModemState.RECOVERING, f"{title}; it is being brought back")
        self._attention.set()
        self._sim_news.set()

    async def _serve(self) -> Exception:
        async with asyncio.TaskGroup() as group:
            workers = [
                group.create_task(self._work(worker), name=f"{self._board.name} {name}")
                for name, worker in (
                    ("direct", self._receiver.take_direct()),
                    ("stored", self._receiver.take_stored()),
                    ("upkeep", self._upkeep()),
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
        self._serving = True
        self._judge()

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

    # -- upkeep -------------------------------------------------------------------------------------------------

    async def _upkeep(self) -> None:
        """Worker: keeps the port in step and what is known fresh, and finds out what nobody tells."""
        now = self._clock.monotonic()
        health_at, sweep_at, search_at, searches = now, now + SWEEP_EVERY_S, now, 0
        while True:
            if self._channel.dirty.is_set():
                async with self._channel.turn(Priority.CONTROL):
                    pass
            if self._farewell is not None:
                async with self._channel.turn(Priority.CONTROL):
                    raise self._farewell
            if self._hang_up_wanted:
                self._hang_up_wanted = False
                await self.driver.hang_up()
            if self._trouble:
                await self._heal()
            if self._booting or self._settings.forgotten:
                await self._renew()
            now = self._clock.monotonic()
            if self._registration_changed:
                self._registration_changed = False
                await self._survey.look_for_network()
                self._judge()
            if not self._network.registered and now >= search_at:
                await self._survey.look_for_network()
                self._judge()
                search_at = now + SEARCH_PAUSES_S[min(searches, len(SEARCH_PAUSES_S) - 1)]
                searches += 1
            elif self._network.registered:
                searches = 0
            if now >= health_at:
                health_at = now + HEALTH_EVERY_S
                # One that is sending shows its health by it.
                if not self._sender.active or now - self._refreshed_at >= REFRESH_AT_LEAST_EVERY_S:
                    self._refreshed_at = now
                    if await self._survey.refresh():
                        self._receiver.want_sweep()
                    self._judge()
            if now >= sweep_at:
                sweep_at = now + (POLL_EVERY_S if self._settings.polls else SWEEP_EVERY_S)
                self._receiver.want_sweep()
            self._check_node()
            due_at = min(health_at, sweep_at)
            if not self._network.registered:
                due_at = min(due_at, search_at)
            if self._node is not None:
                due_at = min(due_at, now + NODE_EVERY_S)
            await self._attention.wait(max(0.01, due_at - self._clock.monotonic()))

    async def _renew(self) -> None:
        """Tell the modem everything again: it may have forgotten."""
        self._booting = False
        await self._clock.sleep(BOOT_SETTLE_S)
        log.info("%s: the settings are repeated", self._board.name)
        await self.driver.basics()
        await self._settings.make()
        self._network.names = await self.driver.registration_reports()
        await self._survey.look_for_network()
        self._receiver.want_sweep()
        self._settings.note_echoes()
        self._judge()

    async def _heal(self) -> None:
        """After a refusal that blames the modem: look at what it may be, and if it is nothing, climb the ladder."""
        trouble, suspect, self._suspect = self._trouble, self._suspect, False
        log.info("%s: %s; the modem is checked", self._board.name, trouble)
        state = await self.driver.pin_state()
        if state != "READY":
            raise ModemError(f"the SIM is not ready any more: {state}")
        await self._survey.look_for_network()
        if self._network.registered or suspect:
            rung = self._around.ladder.climb(able=self._around.able) if suspect else Rung.SETTINGS
            await self._take_step(rung, trouble)
        self._trouble = ""  # until here no text was given to it
        self._judge()

    async def _take_step(self, rung: Rung, trouble: str) -> None:
        self._board.event("modem.recovery", step=rung.value, reason=trouble)
        if rung is Rung.SETTINGS:
            await self._renew()
        elif rung is Rung.RADIO:
            async with self._channel.turn(Priority.CONTROL):  # nothing is on the air when the link ends
                await self.driver.radio_cycle()
                raise ModemReset(f"{trouble}; its radio was switched off and on")
        elif rung is Rung.RESET:
            async with self._channel.turn(Priority.CONTROL):
                await self.driver.reset()
                raise ModemReset(f"{trouble}; it was restarted")
        else:
            raise StepNeeded(rung, trouble)

    def _judge(self) -> None:
        """The state that follows from what is known."""
        if not self._serving or self._trouble or self._farewell is not None:
            return
        self._board.update(registration=self._network.word)
        if not self._network.registered:
            reason = "the network refuses this SIM" if self._network.denied else "no network is found yet"
            self._board.enter(ModemState.SEARCHING, f"{reason} ({self._network.word}); texts wait until there is one")
        elif self._settings.polls:
            self.was_ready = True
            self._board.enter(ModemState.DEGRADED, _POLLED if self._board.status.storage else _SENDS_ONLY)
        else:
            self.was_ready = True
            self._board.enter(ModemState.READY, "ready")

    # -- news ---------------------------------------------------------------------------------------------------

    def _on_urc(self, urc: Urc) -> None:
        handler = self._handlers.get(urc.kind)
        if handler is not None:
            handler(urc)
        else:
            log.debug("%s: %s %s", self._board.name, urc.kind.value, urc.line)

    def _on_stale(self, stale: Stale) -> None:
        if stale.line.startswith("+CMGS:"):
            reference = parse_reference(stale.line)
            if reference is not None and reference != self._sender.last_reference:
                self._board.event("submit.late", reference=reference)

    def _on_registration(self, urc: Urc) -> None:
        if self._network.note_urc(urc):
            # What the other domains said before may be as old: they are read again before it is given up.
            self._registration_changed = True
            if self._network.registered:
                self._judge()
            self._attention.set()

    def _on_full(self, urc: Urc) -> None:
        self._board.event("storage.full", line=urc.line)
        self._receiver.want_sweep()

    def _on_reset(self, urc: Urc) -> None:
        self.end(ModemReset(f"the modem restarted by itself ({urc.line})"))

    def _on_boot(self, urc: Urc) -> None:
        if self._serving:
            self._booting = True
            self._attention.set()

    def _on_sim(self, urc: Urc) -> None:
        self._sim_news.set()
        if self._serving and parse_pin_state(urc.line) != "READY":
            cause = ModemError(f"the SIM is not ready any more ({urc.line})")
            self._end_gently(cause)
            self._board.enter(ModemState.RECOVERING, f"{cause.title}; it is looked at again")

    def _on_call(self, urc: Urc) -> None:
        self._calls.news(urc.line)

    def _on_ussd(self, urc: Urc) -> None:
        if not self.ussd.news(urc.line):
            news = parse_ussd(urc.line)
            if news is not None and news.text is not None:
                self._board.event("ussd.received", text=decode_answer(news.text, news.dcs))

    def _want_hang_up(self) -> None:
        if self._around.config.hang_up_calls:
            self._hang_up_wanted = True
            self._attention.set()

    # -- verbs --------------------------------------------------------------------------------------------------

    async def submit(self, tpdu: bytes, before_payload: Callable[[], Awaitable[None]], *, more: bool) -> int:
        """See :meth:`gsmgw.ports.ModemHandle.submit`."""
        try:
            reference = await self._sender.submit(tpdu, before_payload, more=more)
        except SubmitError as exc:
            self._after_failure(exc)
            raise
        self._failures.success()
        self._around.ladder.well()
        return reference

    def _after_failure(self, exc: SubmitError) -> None:
        if self._channel.cause is not None:
            return  # the link ends anyway
        if isinstance(exc.__cause__, PromptLost):
            self._booting = True  # a modem that forgot a message may have forgotten more
            self._board.enter(ModemState.RECOVERING, f"{exc.title}; it is told its settings again before it is used")
        silent = exc.disposition is Disposition.MODEM and exc.cms is None and exc.cme is None
        if silent:
            self.end(exc)
        elif exc.disposition not in (Disposition.NEVER, Disposition.ACCOUNT):
            self._suspect = self._failures.failure(exc.cms, exc.cme)
            if self._suspect or exc.disposition is Disposition.MODEM:
                self._trouble = exc.title
                self._board.enter(ModemState.RECOVERING, f"{exc.title}; the modem is checked before it is used again")
        self._attention.set()

    def settle(self, reference: int) -> None:
        """See :meth:`gsmgw.ports.ModemHandle.settle`."""
        if self._sender.settle(reference):
            self._sender.last_reference = reference
            self._attention.set()

    def stop(self) -> None:
        """End the link, because the modem is switched off, once nothing is on the air."""
        self._end_gently(ModemError("switched off"))

    def _end_gently(self, cause: ModemError) -> None:
        if not self._serving:
            self.end(cause)
        elif self._farewell is None:
            self._farewell = cause
            self._attention.set()

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
