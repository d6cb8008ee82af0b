"""One physical modem, for as long as the daemon runs: found, opened, served, brought back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from gsmgw.config import MatchSection, ModemSection
from gsmgw.errors import Disposition, ModemError, PortError, SubmitError
from gsmgw.model import ModemState, ModemStatus
from gsmgw.model.events import ModemBabbling, ModemQuarantined, ModemRecovery
from gsmgw.modem.health.recovery import FailureCounter, RecoveryPlan, RecoveryStep
from gsmgw.modem.link.link import Link
from gsmgw.modem.link.link_context import LinkContext, StepNeeded
from gsmgw.modem.port.babble_guard import BabbleGuard, Babbling
from gsmgw.modem.port.errors import CommandTimeout, ModemReset
from gsmgw.modem.profiles import PROFILES, Profile, choose_profile, named_profile
from gsmgw.modem.receiving.report_watch import ReportWatch
from gsmgw.modem.sending.result_timeout import ResultTimeout
from gsmgw.modem.services.ussd import UssdReply
from gsmgw.modem.sim.pin import MemoryPinGuard, PinGuard
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.tap.transcript import without_secrets
from gsmgw.modem.wakeup import Wakeup
from gsmgw.ports import Clock, EventSink, Opener, Stored
from gsmgw.transport import opener_for, port_present, same_node
from gsmgw.transport.usb import power_cycle, reauthorise, run_command, usb_interface, usb_path

#: How often an absent port is looked for: one stat() each.
ABSENT_LOOK_S = 0.25
#: The modem is given so long to take note that nobody will listen.
LEAVE_S = 2.0
#: Pauses before a present port is opened again, growing while that fails.
REOPEN_PAUSES_S = (0.05, 0.25, 0.5, 1.0)
#: Pauses before a modem that refuses to be set up is tried again, growing while that fails.
SETUP_PAUSES_S = (0.5, 2.0, 5.0, 15.0, 30.0)


#: How many times a silent modem is asked, each for some ten seconds, before its USB device is reset.
SILENCES_BEFORE_STEP = 4

_DISABLED = "switched off; `gsmgw modem NAME enable` switches it on"
_STEPS = {
    RecoveryStep.USB: "its USB device is taken away from the drivers and given back",
    RecoveryStep.POWER: "its power is cut for a moment",
}


class Modem:
    """A :class:`gsmgw.ports.ModemHandle` whose :meth:`run` lives until it is cancelled.

    ``locate`` finds the port of a modem that is configured by what it is (:meth:`gsmgw.modem.finder.Finder.locate`),
    ``second_of`` another port of the same stick,
    ``others_wait`` tells whether texts wait for it that no modem has refused,
    ``make_opener`` maps the configured port to an opener, ``pin_guard`` remembers refused PINs across restarts.
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
        self._guard = pin_guard or MemoryPinGuard()
        self._locate = locate
        self._second_of = second_of
        self._others_wait = others_wait
        self._make_opener = make_opener or partial(opener_for, baudrate=config.baudrate)
        state = ModemState.PROBING if config.enabled else ModemState.DISABLED
        self._babble_guard = BabbleGuard(clock)
        detail = "not started yet" if config.enabled else "switched off"
        self._reporter = StatusReporter(config.name, sink, state, detail, self._babble_guard)
        self._enabled = config.enabled
        self._link: Link | None = None
        self._wake = Wakeup(clock)
        self._taps: list[Callable[[str, bytes], None]] = []
        self._failures = 0
        self._silences = 0
        #: Whether it was ready once: what is to be said about its kind has been said.
        self._met = False
        self._unable: set[str] = set()
        self._recovery = RecoveryPlan(clock)
        self._sending_failures = FailureCounter(clock)
        self._report_watch = ReportWatch(clock)
        self._result_timeout = ResultTimeout()
        #: The USB path where the port was last seen: when it is silent, sysfs may not say any more.
        self._usb: str | None = None

    # -- what others see ----------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The configured name."""
        return self._config.name

    @property
    def status(self) -> ModemStatus:
        """What is known about it now."""
        return self._reporter.status

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
        return await self._link.ussd.request(request)

    async def cancel_ussd(self) -> None:
        """End an open USSD session."""
        if self._link is not None:
            await self._link.ussd.cancel()

    def tap(self, second_port: Callable[[str, bytes], None]) -> Callable[[], None]:
        """Have ``listener(direction, data)`` called for all that is said on the port, ``>`` to and ``<`` from the
        modem, without PINs. Returns what ends it.
        """
        self._taps.append(second_port)
        self._hang_taps()
        return lambda: self._untap(second_port)

    def _untap(self, second_port: Callable[[str, bytes], None]) -> None:
        if second_port in self._taps:
            self._taps.remove(second_port)
        self._hang_taps()

    def _hang_taps(self) -> None:
        if self._link is not None:
            self._link.tap(self._overheard if self._taps else None)

    def _overheard(self, direction: str, data: bytes) -> None:
        shown = without_secrets(data)
        for second_port in tuple(self._taps):
            second_port(direction, shown)

    async def reset(self) -> None:
        """Restart the modem and everything known about it."""
        if self._link is None:
            self._wake.set()
            return
        await self._link.reset()

    def disable(self) -> None:
        """Leave the modem alone, until :meth:`enable`: it takes no text any more, and its port is closed as soon as
        what is on the air has ended.
        """
        self._enabled = False
        self._reporter.enter(ModemState.DISABLED, _DISABLED)
        if self._link is not None:
            self._link.stop()
        self._wake.set()

    def enable(self) -> None:
        """Use the modem again."""
        self._enabled = True
        self._wake.set()

    async def leave(self) -> None:
        """The gateway is about to end: have the modem keep what comes meanwhile, if it is well and does so at once."""
        if self._link is not None:
            with suppress(ModemError, TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._link.leave()

    # -- life ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Find the port, serve it, and start over whenever it ends. Returns only by cancellation."""
        try:
            while True:
                if not self._enabled:
                    self._reporter.enter(ModemState.DISABLED, _DISABLED)
                    await self._wake.wait()
                    continue
                port = self._where()
                if port is None or not port_present(port):
                    self._absent(port)
                    await self._wake.wait(ABSENT_LOOK_S)
                    continue
                await self._connect(port)
        finally:
            self._link = None

    def _where(self) -> str | None:
        match = self._config.match
        if match is None:
            return self._config.port
        return self._locate(match) if self._locate is not None else None

    def _second(self, port: str) -> str | None:
        """The port that is listened to besides: as configured, or as the stick is known to have one."""
        if self._config.urc_port is not None:
            return None if self._config.urc_port == "none" else self._config.urc_port
        return self._second_of(port) if self._second_of is not None else None

    def _absent(self, port: str | None) -> None:
        self._failures = 0
        match = self._config.match
        if port is None and match is not None:
            port = f"the modem with IMEI {match.imei}" if match.imei else f"a modem at USB {match.usb}"
        self._reporter.update(
            state=ModemState.ABSENT, detail=f"{port} is not there; it is used as soon as it appears", port=None
        )

    async def _connect(self, port: str) -> None:
        if self.status.state not in (ModemState.RECOVERING, ModemState.QUARANTINED):
            self._reporter.enter(ModemState.PROBING, f"{port} is being opened and asked")
        self._reporter.update(port=port)
        self._usb = usb_path(port) or self._usb
        link = Link(
            LinkContext(
                config=self._config,
                reporter=self._reporter,
                clock=self._clock,
                guard=self._guard,
                opener=self._make_opener(port),
                node=partial(same_node, port),
                choose_profile=self._choose_profile,
                recovery=self._recovery,
                failures=self._sending_failures,
                report_watch=self._report_watch,
                patience=self._result_timeout,
                babble_guard=self._babble_guard,
                able=self._able(),
                unable=self._unable,
                stranger=self._config.profile is None and not self._met,
                interface=usb_interface(port),
                others_wait=self._others_wait,
                second_opener=None if (second := self._second(port)) is None else self._make_opener(second),
            )
        )
        self._link = link
        self._hang_taps()
        try:
            cause = await link.live()
        finally:
            self._link = None
        if link.was_ready:
            self._met = True
            self._failures = 0
            self._silences = 0
        if self._enabled and link.suspicion and isinstance(cause, ModemReset):
            # It restarts whenever it is to send, as with too weak a supply: nothing that can be said to it helps.
            await self._take_step(self._recovery.next_step(RecoveryStep.USB, able=self._able()), link.suspicion)
        elif self._enabled:
            await self._after(cause, port)

    async def _after(self, cause: Exception, port: str) -> None:
        """Say what happened and pause as long as that needs."""
        self._failures += 1
        title = cause.title if isinstance(cause, ModemError) else str(cause)
        pauses: tuple[float, ...] = SETUP_PAUSES_S
        if isinstance(cause, PortError):
            if not port_present(port):
                self._absent(port)
                return
            pauses = REOPEN_PAUSES_S
            if self._link is None and self._failures > 1:
                self._reporter.enter(ModemState.ABSENT, f"{title}; tried again every second")
            else:
                self._reporter.enter(ModemState.RECOVERING, f"{title}; it is opened again")
        elif isinstance(cause, ModemReset):
            pauses = REOPEN_PAUSES_S
            self._reporter.enter(ModemState.RECOVERING, f"{title}; it is set up again")
        elif isinstance(cause, Babbling):
            await self._rest_from(cause)
            return
        elif isinstance(cause, StepNeeded):
            await self._take_step(cause.step, title)
            return
        elif isinstance(cause, CommandTimeout):
            self._silences += 1
            if self._silences > SILENCES_BEFORE_STEP:
                await self._take_step(self._recovery.next_step(RecoveryStep.USB, able=self._able()), title)
                return
            pauses = REOPEN_PAUSES_S
            self._reporter.enter(ModemState.RECOVERING, f"{title}; it is asked again until it answers")
        else:
            self._reporter.enter(ModemState.RECOVERING, f"{title}; it is tried again")
        await self._wake.wait(pauses[min(self._failures, len(pauses)) - 1])

    async def _rest_from(self, cause: Babbling) -> None:
        """Leave a modem that babbles alone for a while, with its port closed, and try it again."""
        pause_s = self._recovery.quarantine_s()
        self._reporter.enter(
            ModemState.QUARANTINED, f"{cause.title}; check the modem and its port. Next attempt in {pause_s:.0f} s"
        )
        self._reporter.tell(
            ModemBabbling(limit=cause.kind.value, retry_s=pause_s, unasked=dict(self._babble_guard.counts))
        )
        await self._wake.wait(pause_s)
        self._babble_guard.renew()

    # -- steps that are not the modem's own ---------------------------------------------------------------------

    def _able(self) -> frozenset[RecoveryStep]:
        steps = {RecoveryStep.SETTINGS, RecoveryStep.RADIO, RecoveryStep.RESET, RecoveryStep.QUARANTINE}
        if self._usb is not None:
            steps |= {RecoveryStep.USB, RecoveryStep.POWER}
        if self._config.power_command:
            steps.add(RecoveryStep.POWER)
        return frozenset(steps)

    async def _take_step(self, step: RecoveryStep, reason: str) -> None:
        if step is RecoveryStep.QUARANTINE:
            if self._silences:
                await self._wait_for_sign(reason)
                return
            pause_s = self._recovery.quarantine_s()
            self._reporter.enter(
                ModemState.QUARANTINED,
                f"{reason}, and nothing helped; please look at it. It is tried again in {pause_s:.0f} s",
            )
            self._reporter.tell(ModemQuarantined(reason=reason))
            await self._wake.wait(pause_s)
            return
        self._reporter.enter(ModemState.RECOVERING, f"{reason}; {_STEPS[step]}")
        self._reporter.event(ModemRecovery(step=step.value, reason=reason))
        await self._step(step)

    async def _wait_for_sign(self, reason: str) -> None:
        """A silent modem costs nothing: it is asked on, and used at once when it answers."""
        if self.status.state is not ModemState.QUARANTINED:
            self._reporter.enter(
                ModemState.QUARANTINED, f"{reason}, and nothing helped; please look at it. It is asked on every second"
            )
            self._reporter.tell(ModemQuarantined(reason=reason))
        await self._wake.wait(REOPEN_PAUSES_S[-1])

    async def _step(self, step: RecoveryStep) -> bool:
        if step is RecoveryStep.POWER and self._config.power_command:
            return await run_command(self._config.power_command)
        if self._usb is None:
            return False
        return await (power_cycle(self._usb) if step is RecoveryStep.POWER else reauthorise(self._usb))

    def _choose_profile(self, identity: str) -> Profile:
        named = named_profile(self._config.profile, self._profiles) if self._config.profile else None
        return named or choose_profile(identity, self._profiles)
