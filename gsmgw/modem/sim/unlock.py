"""Unlocking the SIM by its PIN, once, or reporting what is wrong with the SIM until a person helps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gsmgw.at.responses import PinState
from gsmgw.config import ModemSection
from gsmgw.errors import ModemError
from gsmgw.model import ModemState
from gsmgw.modem.commands import sim
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.sim.pin import AcceptedPins, PinGuard, read_pin_file, valid_pin
from gsmgw.modem.sim.pin_attempts import Attempt, PinAttempts, PinNotChecked, PinRefused
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.wakeup import Wakeup

#: A locked SIM is asked again after that time, seconds: it may have been replaced.
_LOOK_AGAIN_S = 30.0
#: A SIM that is busy is asked again after that time, seconds.
_SETTLING_S = 1.0

#: How often a known PIN is tried on one link while the modem answers that it is busy.
OWN_TRIES = 20

_SENTENCES = {
    PinState.SIM_PIN: "the SIM needs its PIN. Set it in the configuration or run: gsmgw modem {name} pin",
    PinState.SIM_PUK: "the SIM needs its PUK, because three wrong PINs were entered. The PUK is on the card that the "
    "SIM came on. Enter it in a phone: ten wrong PUKs destroy the SIM",
    PinState.PH_SIM_PIN: "the modem is locked to another SIM and needs its device code",
    PinState.SIM_PIN2: "the SIM needs its PIN2",
    PinState.SIM_PUK2: "the SIM needs its PUK2",
    PinState.PH_NET_PIN: "the modem is locked to another network and needs its unlock code",
    PinState.NO_SIM: "no SIM is inserted, or it has no contact",
    PinState.SIM_FAILURE: "the SIM does not work. Take it out, clean it and insert it again",
}


def _sentence(state: PinState, name: str) -> str:
    return _SENTENCES.get(state, f"the SIM is not ready: {state}").format(name=name)


class SimUnlocker:
    """Unlocks the SIM at the start of one link."""

    def __init__(
        self,
        config: ModemSection,
        at: AtClient,
        reporter: StatusReporter,
        guard: PinGuard,
        accepted: AcceptedPins,
    ) -> None:
        self._config = config
        self._at = at
        self._clock = at.clock
        self._reporter = reporter
        self._accepted = accepted
        self._attempts = PinAttempts(at, guard, accepted, reporter)
        self._wakeup = Wakeup(at.clock)
        self._offers: list[tuple[str, asyncio.Future[None]]] = []
        self._refusal = ""
        #: How many times more the known PINs are tried on this link: again only while the modem does not check them.
        self._own_tries = OWN_TRIES
        self.locked = False

    def wake(self) -> None:
        """Ask the SIM again now: something about it has changed."""
        self._wakeup.set()

    async def offer(self, pin: str) -> None:
        """Try a PIN that a person gives. Raises :class:`PinRefused` or :class:`ModemError`."""
        if not valid_pin(pin):
            raise PinRefused("a PIN must have 4 to 8 digits")
        if not self.locked:
            raise ModemError("the SIM does not need a PIN now")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._offers.append((pin, done))
        self._wakeup.set()
        await done

    def close(self) -> None:
        """Refuse the PINs that were not tried."""
        for _, done in self._offers:
            if not done.done():
                done.set_exception(ModemError("the modem disconnected before the PIN was tried"))
        self._offers.clear()

    async def unlock(self, check_end: Callable[[], None]) -> None:
        """Return when the SIM is ready. The modem stays locked for as long as that takes.

        ``check_end`` raises when the link is to end: a locked modem can be disabled and reset, too.
        """
        try:
            while True:
                check_end()
                state = await sim.pin_state(self._at)
                if state is PinState.READY:
                    self._reporter.update(pin_attempts_left=None)
                    return
                if state is PinState.SIM_BUSY:
                    self._reporter.enter(ModemState.PROBING, "the SIM is starting")
                    await self._clock.sleep(_SETTLING_S)
                    continue
                if state is PinState.SIM_PIN and self._own_tries:
                    await self._try_known()
                    continue
                if state is PinState.NO_SIM:
                    self._own_tries = OWN_TRIES  # the next one may be another
                self.locked = True
                left = await sim.pin_attempts_left(self._at) if state is PinState.SIM_PIN else None
                check_end()
                explanation = self._explain(state, left)
                self._reporter.update(state=ModemState.LOCKED, detail=explanation, pin_attempts_left=left)
                await self._wakeup.wait(_LOOK_AGAIN_S)
                while self._offers:
                    await self._try_offered(*self._offers.pop(0), state)
        finally:
            self.locked = False
            self.close()

    def _explain(self, state: PinState, left: int | None) -> str:
        sentence = _sentence(state, self._config.name)
        if state is not PinState.SIM_PIN:
            return sentence
        return f"{self._refusal or sentence}{'' if left is None else f' (attempts left: {left})'}"

    async def _try_known(self) -> None:
        """Try the PIN that this SIM accepted before, and the configured one where that does not help."""
        self._own_tries -= 1
        for pin, attempt in (await self._known_pins()).items():
            try:
                await self._attempts.make(pin, attempt)
                break
            except PinNotChecked as exc:
                self._refusal = exc.title
                self._reporter.enter(ModemState.PROBING, "the SIM is starting")
                await self._clock.sleep(_SETTLING_S)
                return
            except PinRefused as exc:
                self._refusal = exc.title
        self._own_tries = 0

    async def _known_pins(self) -> dict[str, Attempt]:
        accepted = self._accepted.of(await self._attempts.sim_id())
        pins = {accepted: Attempt.REPEATED} if accepted is not None else {}
        configured = self._configured()
        if configured is not None:
            pins.setdefault(configured, Attempt.CONFIGURED)
        return pins

    def _configured(self) -> str | None:
        if self._config.pin is not None or self._config.pin_file is None:
            return self._config.pin
        try:
            return read_pin_file(self._config.pin_file)
        except ModemError as exc:
            self._refusal = exc.title
            return None

    async def _try_offered(self, pin: str, done: asyncio.Future[None], state: PinState) -> None:
        try:
            if state is not PinState.SIM_PIN:
                raise PinRefused(_sentence(state, self._config.name))
            await self._attempts.make(pin, Attempt.BY_HAND)
        except PinRefused as exc:
            self._refusal = exc.title
            try:  # whoever gave the PIN sees at once how many tries are left
                self._reporter.update(pin_attempts_left=await sim.pin_attempts_left(self._at))
            finally:
                _refuse(done, exc)
        except ModemError as exc:
            _refuse(done, exc)
            raise
        except BaseException:
            done.cancel()
            raise
        else:
            if not done.done():
                done.set_result(None)


def _refuse(done: asyncio.Future[None], cause: ModemError) -> None:
    if not done.done():
        done.set_exception(cause)
