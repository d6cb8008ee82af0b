"""One physical modem, for as long as the daemon runs: found, connected, served, recovered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from gsmgw.config import MatchSection, ModemSection
from gsmgw.errors import Disposition, ModemError, SubmitError
from gsmgw.model import ModemState, ModemStatus, UssdNote
from gsmgw.modem.link.link import Link
from gsmgw.modem.link.link_context import LinkContext, ModemMemory
from gsmgw.modem.port.port_node import PortNode
from gsmgw.modem.port_choice import PortChoice
from gsmgw.modem.profiles import PROFILES, Profile, choose_profile, named_profile
from gsmgw.modem.reconnect import Reconnection
from gsmgw.modem.services.ussd import UssdReply
from gsmgw.modem.sim.pin import MemoryPinGuard, PinGuard
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.tap.taps import Taps
from gsmgw.modem.wakeup import Wakeup
from gsmgw.ports import Clock, EventSink, Opener, Stored
from gsmgw.transport import opener_for
from gsmgw.transport.usb import usb_interface

#: How often an absent port is looked for, seconds: one stat() each.
ABSENT_LOOK_S = 0.25
#: How long the effect of an operation is waited for, seconds. A restart may take longer.
SETTLE_S = 10.0
#: The time that a modem is given at the gateway's end to prepare for being alone, seconds.
LEAVE_S = 2.0


class Modem:
    """A :class:`gsmgw.ports.ModemHandle` whose :meth:`run` lives until it is cancelled.

    ``locate`` and ``second_of`` are those of :class:`gsmgw.modem.port_choice.PortChoice`,
    ``others_wait`` tells whether messages wait for this modem that no modem has refused,
    ``make_opener`` maps a port to an opener, ``pin_guard`` remembers refused PINs across restarts.
    """

    def __init__(
        self,
        config: ModemSection,
        sink: EventSink,
        clock: Clock,
        *,
        pin_guard: PinGuard | None = None,
        profiles: tuple[Profile, ...] = PROFILES,
        locate: Callable[[MatchSection], str | None] | None = None,
        second_of: Callable[[str], str | None] | None = None,
        make_opener: Callable[[str], Opener] | None = None,
        others_wait: Callable[[], bool] = lambda: False,
    ) -> None:
        self._config = config
        self._clock = clock
        self._profiles = profiles
        self._pin_guard = pin_guard or MemoryPinGuard()
        self._others_wait = others_wait
        self._make_opener = make_opener or partial(opener_for, baudrate=config.baudrate)
        self._ports = PortChoice(config, locate, second_of)
        self._memory = ModemMemory(clock)
        state = ModemState.PROBING if config.enabled else ModemState.DISABLED
        detail = "not started yet" if config.enabled else self._disabled_detail
        self._reporter = StatusReporter(config.name, sink, state, detail, self._memory.babble_guard)
        self._enabled = config.enabled
        self._wake = Wakeup(clock)
        self._reconnection = Reconnection(
            config, self._reporter, self._memory.recovery, self._memory.babble_guard, self._wake
        )
        self._link: Link | None = None
        self._taps = Taps()
        #: The attempts to connect: how many began, and the number of the last one that ended.
        self._attempts = 0
        self._ended_attempt = 0
        #: True if it was ever ready: then an unknown model has been reported.
        self._was_ready = False

    # -- what others see ----------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The configured name."""
        return self._config.name

    @property
    def status(self) -> ModemStatus:
        """The current status."""
        return self._reporter.status

    @property
    def _disabled_detail(self) -> str:
        return f"disabled. To enable it, run: gsmgw modem {self._config.name} enable"

    async def submit(
        self,
        tpdu: bytes,
        *,
        before_payload: Callable[[], Awaitable[None]],
        more: bool = False,
        on_stored: Stored | None = None,
    ) -> int:
        """See :meth:`gsmgw.ports.ModemHandle.submit`."""
        link = self._link
        if link is None or not self.status.state.carries:
            raise SubmitError(f"the modem is {self.status.state.value}: {self.status.detail}", Disposition.MODEM)
        return await link.submit(tpdu, before_payload, more=more, on_stored=on_stored)

    def settle(self, reference: int) -> None:
        """See :meth:`gsmgw.ports.ModemHandle.settle`."""
        if self._link is not None:
            self._link.settle(reference)

    def forget_copy(self, memory: str, index: int) -> None:
        """See :meth:`gsmgw.ports.ModemHandle.forget_copy`."""
        if self._link is not None:
            self._link.forget_copy(memory, index)

    async def enter_pin(self, pin: str) -> None:
        """Try a PIN, once. Raises :class:`ModemError` with the reason when it is not accepted."""
        if self._link is None:
            raise ModemError(f"the modem is {self.status.state.value}")
        await self._link.unlocker.offer(pin)

    async def ussd(self, request: str) -> UssdReply:
        """Send a USSD code, or a reply in the session that a reply with ``more`` left open. May take a minute.

        Raises :class:`ModemError` with the reason.
        """
        if self._link is None or not self.status.state.carries:
            raise ModemError(f"the modem is {self.status.state.value}: {self.status.detail}")
        reply = await self._link.ussd.request(request)
        if reply.text:
            self._reporter.update(last_ussd=UssdNote(request, reply.text, self._clock.wall_ms()))
        return reply

    def tap(self, listener: Callable[[str, bytes], None]) -> Callable[[], None]:
        """Have ``listener(direction, data)`` called with all that is said on the port, ``>`` to and ``<`` from the
        modem, without PINs. Return a function that ends it.
        """
        self._taps.add(listener)
        self._connect_taps()

        def end() -> None:
            self._taps.remove(listener)
            self._connect_taps()

        return end

    def _connect_taps(self) -> None:
        if self._link is not None:
            self._link.tap(self._taps.heard)

    async def reset(self) -> None:
        """Restart the modem, or try to connect now."""
        if self._link is None:
            self._wake.set()
            return
        await self._link.reset()
        if self._enabled:
            self._reporter.enter(ModemState.RECOVERING, "the modem was restarted on request; reconnecting")

    def disable(self) -> None:
        """Stop using the modem until :meth:`enable`: it takes no more messages, and its port is closed as soon as the
        message in transmission has ended.
        """
        self._enabled = False
        self._reporter.enter(ModemState.DISABLED, self._disabled_detail)
        if self._link is not None:
            self._link.stop()
        self._wake.set()

    def enable(self) -> None:
        """Use the modem again."""
        self._enabled = True
        self._wake.set()

    async def settled(self, within_s: float = SETTLE_S) -> None:
        """Wait until the last operation has taken effect: the modem is in use, needs a person, or is closed."""
        attempts = self._attempts
        await self._reporter.until(lambda: self._is_settled(attempts), within_s, self._clock)

    def _is_settled(self, attempts: int) -> bool:
        """Return True if the state is final after an operation that began at this number of connection attempts."""
        state = self.status.state
        if not self._enabled:
            return state is ModemState.DISABLED and self._link is None
        if self._link is None:
            return self._ended_attempt > attempts and state is not ModemState.PROBING
        return state.carries or state is ModemState.LOCKED

    async def leave(self) -> None:
        """Have the modem store what it receives while the gateway is stopped, if it does so at once."""
        if self._link is not None:
            with suppress(ModemError, TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._link.store_while_away()

    # -- life ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Find the port, connect, serve, and start over whenever the link ends. Returns only by cancellation."""
        try:
            while True:
                if not self._enabled:
                    self._reporter.enter(ModemState.DISABLED, self._disabled_detail)
                    await self._wake.wait()
                elif (port := self._ports.present()) is None:
                    self._reconnection.absent(self._ports.describe())
                    self._attempts += 1
                    self._note_end()
                    await self._wake.wait(ABSENT_LOOK_S)
                else:
                    await self._connect(port)
        finally:
            self._link = None

    async def _connect(self, port: str) -> None:
        """Serve one link, and wait as long as the next one needs."""
        self._attempts += 1
        if self.status.state not in (ModemState.RECOVERING, ModemState.QUARANTINED, ModemState.UNAVAILABLE):
            self._reporter.enter(ModemState.PROBING, f"connecting to {port}")
        self._reporter.update(port=port)
        self._reconnection.connecting(port)
        link = self._link = Link(self._context(port))
        self._connect_taps()
        try:
            cause = await link.run()
        finally:
            self._link = None
        if link.was_ready:
            self._was_ready = True
            self._reconnection.ready()
        self._note_end()
        if self._enabled:
            await self._reconnection.after(link, cause, port)

    def _note_end(self) -> None:
        """An attempt to connect has ended; its outcome is in the status before anything else runs."""
        self._ended_attempt = self._attempts
        self._reporter.announce()

    def _context(self, port: str) -> LinkContext:
        second = self._ports.second(port)
        return LinkContext(
            config=self._config,
            reporter=self._reporter,
            clock=self._clock,
            memory=self._memory,
            pin_guard=self._pin_guard,
            choose_profile=self._choose_profile,
            opener=self._make_opener(port),
            node=PortNode(port),
            available_steps=self._reconnection.available_steps,
            report_unknown_model=self._config.profile is None and not self._was_ready,
            interface=usb_interface(port),
            others_wait=self._others_wait,
            second_opener=None if second is None else self._make_opener(second),
        )

    def _choose_profile(self, identity: str) -> Profile:
        named = named_profile(self._config.profile, self._profiles) if self._config.profile else None
        return named or choose_profile(identity, self._profiles)
