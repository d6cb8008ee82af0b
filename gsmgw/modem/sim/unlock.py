"""Getting past the SIM's PIN, once, or saying what is wrong with the SIM until somebody helps."""

from __future__ import annotations

import asyncio

from gsmgw.config import ModemSection
from gsmgw.errors import ModemError
from gsmgw.model import ModemState
from gsmgw.modem.port.driver import Driver
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.sim.pin import PinGuard, fingerprint, read_pin_file, valid_pin
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.wakeup import Wakeup
from gsmgw.ports import Clock

#: A locked SIM is looked at again after that time: somebody may have changed it.
_LOOK_AGAIN_S = 30.0
#: A SIM that is busy or just unlocked, seconds between looks.
_SETTLING_S = 1.0

_SENTENCES = {
    "SIM PIN": "the SIM wants its PIN; give it in the configuration or with `gsmgw modem NAME pin`",
    "SIM PUK": "the SIM wants its PUK: three wrong PINs were entered; the PUK is on the card the SIM came on, "
    "and is best entered in a phone, ten wrong PUKs destroy the SIM",
    "PH-SIM PIN": "the modem is locked to another SIM and wants its device code",
    "SIM PIN2": "the SIM wants its PIN2",
    "SIM PUK2": "the SIM wants its PUK2",
    "PH-NET PIN": "the modem is locked to another network and wants its unlock code",
    "NO SIM": "no SIM is inserted, or it has no contact",
    "SIM FAILURE": "the SIM does not work; take it out, clean it, put it back",
}


class PinRefused(ModemError):
    """The SIM, or our memory of it, does not accept that PIN."""


class SimUnlocker:
    """The SIM side of one connection's start; :meth:`offer` is for the API."""

    def __init__(
        self,
        config: ModemSection,
        driver: Driver,
        reporter: StatusReporter,
        clock: Clock,
        guard: PinGuard,
        news: Wakeup,
    ) -> None:
        self._config = config
        self._driver = driver
        self._reporter = reporter
        self._clock = clock
        self._guard = guard
        self._news = news
        self._offers: list[tuple[str, asyncio.Future[None]]] = []
        self._refusal = ""
        self.locked = False

    async def offer(self, pin: str) -> None:
        """Try a PIN that a person gives. Raises :class:`PinRefused` or :class:`ModemError`."""
        if not valid_pin(pin):
            raise PinRefused("a PIN has 4 to 8 digits")
        if not self.locked:
            raise ModemError("the SIM does not wait for a PIN")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._offers.append((pin, done))
        self._news.set()
        await done

    def close(self) -> None:
        """Nobody will try the PINs that are still offered."""
        for _, done in self._offers:
            if not done.done():
                done.set_exception(ModemError("the modem went away before the PIN was tried"))
        self._offers.clear()

    async def unlock(self) -> None:
        """Return when the SIM is ready. Stays in state locked for as long as it takes."""
        own_pin_open = True
        try:
            while True:
                state = await self._driver.pin_state()
                if state == "READY":
                    return
                if state == "SIM BUSY":
                    self._reporter.enter(ModemState.PROBING, "the SIM is starting")
                    await self._clock.sleep(_SETTLING_S)
                    continue
                if state == "SIM PIN" and own_pin_open:
                    own_pin_open = False
                    if await self._try_own():
                        continue
                self.locked = True
                self._reporter.enter(ModemState.LOCKED, await self._explain(state))
                await self._news.wait(_LOOK_AGAIN_S)
                while self._offers:
                    await self._try_offered(*self._offers.pop(0), state)
        finally:
            self.locked = False
            self.close()

    async def _explain(self, state: str) -> str:
        sentence = _SENTENCES.get(state, f"the SIM is not ready: it says {state}")
        if state == "SIM PIN":
            left = await self._driver.pin_tries()
            tries = "" if left is None else f"; {left} tries are left"
            sentence = f"{self._refusal or sentence}{tries}"
        return sentence

    async def _try_own(self) -> bool:
        pin = self._config.pin
        if pin is None and self._config.pin_file is not None:
            try:
                pin = read_pin_file(self._config.pin_file)
            except ModemError as exc:
                self._refusal = exc.title
                return False
        if pin is None:
            return False
        try:
            await self._try(pin)
        except PinRefused as exc:
            self._refusal = exc.title
            return False
        return True

    async def _try_offered(self, pin: str, done: asyncio.Future[None], state: str) -> None:
        try:
            if state != "SIM PIN":
                raise PinRefused(_SENTENCES.get(state, "the SIM does not want a PIN"))
            await self._try(pin)
        except ModemError as exc:
            if not done.done():
                done.set_exception(exc)
            if not isinstance(exc, PinRefused):
                raise
            self._refusal = exc.title
        except BaseException:
            done.cancel()
            raise
        else:
            if not done.done():
                done.set_result(None)

    async def _try(self, pin: str) -> None:
        """One try, noted before it is made."""
        sim = await self._sim()
        mark = fingerprint(sim, pin)
        if await self._guard.is_refused(sim, mark):
            raise PinRefused("the SIM refused this PIN before; it is not tried again, give another one")
        left = await self._driver.pin_tries()
        if left is not None and left <= 1:
            raise PinRefused("only one PIN try is left, and a wrong one would lock the SIM; enter the PIN in a phone")
        await self._guard.failed(sim, mark)
        try:
            await self._driver.enter_pin(pin)
        except CommandError as exc:
            if exc.final.code in (14, 100, 314, 515):  # busy, or no word about the PIN: it may still be right
                await self._guard.accepted(sim, mark)
            raise PinRefused(f"the SIM refused the PIN ({exc.final}); it is not tried again") from None
        await self._guard.accepted(sim, mark)
        await self._driver.patiently_ready()

    async def _sim(self) -> str:
        """What the memory of PINs goes by: most SIMs show their ICCID before the PIN, else the modem stands for it."""
        iccid, _ = await self._driver.sim_identity()
        return iccid or f"modem:{self._reporter.status.imei or self._config.name}"
