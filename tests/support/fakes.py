"""Doubles at the seams of ``gsmgw.ports``, for errors that have to come at an exact moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from gsmgw.errors import SubmitError
from gsmgw.model import ModemState, ModemStatus
from gsmgw.ports import Stored

#: What a submit does: a reference to return, an error to raise, before or after the payload; or a future to wait for.
Step = int | SubmitError | asyncio.Future[int]


class ScriptedModem:
    """A modem handle that answers each submit from a script; an int is the reference it gives."""

    def __init__(self, name: str, *script: Step, state: ModemState = ModemState.READY) -> None:
        self._name = name
        self._status = ModemStatus(name, state, "as the test wants it", iccid=f"sim-{name}")
        self.script = list(script)
        self.tpdus: list[bytes] = []
        self.settled: list[int] = []
        self.forgotten: list[tuple[str, int]] = []
        self._pending: asyncio.Future[int] | None = None
        self._next = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def status(self) -> ModemStatus:
        return self._status

    def become(self, state: ModemState) -> ModemStatus:
        self._status = replace(self._status, state=state)
        return self._status

    async def submit(
        self,
        tpdu: bytes,
        *,
        before_payload: Callable[[], Awaitable[None]],
        more: bool = False,
        on_stored: Stored | None = None,
    ) -> int:
        step = self.script.pop(0) if self.script else self._count()
        if isinstance(step, SubmitError) and not step.payload_started:
            raise step
        await before_payload()
        self.tpdus.append(tpdu)
        if isinstance(step, SubmitError):
            raise step
        if isinstance(step, asyncio.Future):
            self._pending = step
            return await step
        return step

    def settle(self, reference: int) -> None:
        self.settled.append(reference)
        if self._pending is not None and not self._pending.done():
            self._pending.set_result(reference)

    def forget_copy(self, memory: str, index: int) -> None:
        self.forgotten.append((memory, index))

    def _count(self) -> int:
        self._next = (self._next + 1) % 256
        return self._next
