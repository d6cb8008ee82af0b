"""A simulation on its own thread, for programs and tests that block. Every method waits until it is done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from .events import Event
from .network.phone import Message, Phone
from .sim_modem import SimModem
from .simulation import Simulation

T = TypeVar("T")


class BackgroundPhone:
    """A phone of a background simulation."""

    def __init__(self, owner: BackgroundSimulation, phone: Phone) -> None:
        self._owner, self._phone = owner, phone

    @property
    def number(self) -> str:
        return self._phone.number

    @property
    def received(self) -> list[Message]:
        """The messages received so far, segments joined."""
        return self._owner.run(lambda: list(self._phone.received))

    def wait_for(self, count: int, timeout: float = 5.0) -> list[Message]:
        """Return the messages once there are ``count``. Raises TimeoutError."""
        return self._owner.wait(self._phone.wait_for(count, timeout))

    def send(self, to: str, text: str, **options: Any) -> int:
        """Send a text to a modem (name or number) or phone; return the number of segments."""
        return self._owner.send(from_=self.number, to=to, text=text, **options)

    def answer(self, script: Callable[[Message], str | None] | None) -> None:
        """Set the function that answers each message. It runs on the simulation's thread."""
        self._owner.run(lambda: setattr(self._phone, "on_message", script))

    def switch(self, on: bool) -> None:
        """Switch the phone on or off."""
        self._owner.run(self._phone.switch_on if on else self._phone.switch_off)


class BackgroundModem:
    """A modem of a background simulation."""

    def __init__(self, owner: BackgroundSimulation, modem: SimModem) -> None:
        self._owner, self._modem = owner, modem

    @property
    def name(self) -> str:
        return self._modem.name

    @property
    def number(self) -> str:
        return self._modem.number

    @property
    def path(self) -> str:
        """The address of the first port: a link to a tty, or ``socket://``."""
        return self._owner.run(lambda: self._modem.path)

    def fault(self, kind: str, **options: Any) -> None:
        """Start a fault (see ``SimModem.fault``)."""
        self._owner.run(lambda: self._modem.fault(kind, **options))

    def clear_faults(self) -> None:
        self._owner.run(self._modem.faults.clear)

    def unplug(self) -> None:
        self._owner.run(self._modem.unplug)

    def replug(self, name: str | None = None) -> None:
        self._owner.run(lambda: self._modem.plug(name))

    def change(self, action: Callable[[SimModem], T]) -> T:
        """Call ``action`` on the simulation's thread: ``modem.change(lambda m: m.radio.set_coverage(False))``."""
        return self._owner.run(lambda: action(self._modem))


class BackgroundSimulation:
    """A ``Simulation`` with its event loop on a thread. The arguments are the same."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._main, name="hw_sim", daemon=True)
        self.simulation: Simulation

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _main(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def start(self) -> None:
        self._thread.start()
        self.simulation = Simulation(**self._options)
        self.run(self.simulation.open)

    def stop(self) -> None:
        """Close the simulation and end the thread."""
        if self._thread.is_alive():
            self.run(self.simulation.close)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def run(self, action: Callable[[], T]) -> T:
        """Call ``action`` on the simulation's thread and return its result."""

        async def go() -> T:
            return action()

        return self.wait(go())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the simulation's thread and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def add_modem(self, name: str | None = None, **options: Any) -> BackgroundModem:
        return BackgroundModem(self, self.run(lambda: self.simulation.make_modem(name, **options)))

    def phone(self, number: str) -> BackgroundPhone:
        return BackgroundPhone(self, self.run(lambda: self.simulation.phone(number)))

    def send(self, *, from_: str, to: str, text: str, **options: Any) -> int:
        return self.run(lambda: self.simulation.send(from_=from_, to=to, text=text, **options))

    @property
    def log(self) -> list[Event]:
        return self.run(lambda: self.simulation.log)

    @property
    def submits(self) -> list[Event]:
        return self.run(lambda: self.simulation.submits)
