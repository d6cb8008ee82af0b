"""A fault of ours that is met with one message fails or doubts that message, and the modem goes on with the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.desk import TO, Desk, desk
from support.fakes import ScriptedModem

from gsmgw.model import MessageRecord, ModemState, Outgoing, Priority, Status
from gsmgw.store import outbox

OTHER = "+4915112345679"


class BrokenModem(ScriptedModem):
    """Raises something that no modem should raise, at the first submit."""

    def __init__(self, *, after_payload: bool) -> None:
        super().__init__("m")
        self._broken, self._after_payload = True, after_payload

    async def submit(self, tpdu: bytes, *, before_payload: Callable[[], Awaitable[None]], **options: Any) -> int:
        if not self._broken:
            return await super().submit(tpdu, before_payload=before_payload, **options)
        self._broken = False
        if self._after_payload:
            await before_payload()
        raise ZeroDivisionError("ours")


def internal(record: MessageRecord) -> bool:
    return record.error is not None and record.error.code == "internal_error"


async def unbuildable(work: Desk, count: int) -> list[int]:
    """Messages that were accepted, as by an earlier version, and for which no PDU can be built."""
    now_ms = work.clock.wall_ms()
    numbers = [work.store.ids.next(now_ms) for _ in range(count)]
    made = [Outgoing(number, "no number", "x", Priority.NORMAL, 1, now_ms) for number in numbers]
    await work.store.write(lambda tx: outbox.accept(tx, now_ms, made))
    work.scheduler.offer(made)
    return numbers


async def test_a_message_that_cannot_be_built_fails_and_others_go(tmp_path: Path) -> None:
    modem = ScriptedModem("m", state=ModemState.SEARCHING)
    async with desk(tmp_path, modem) as work:
        before = [await work.send(f"before {number}") for number in range(5)]
        bad = await unbuildable(work, 5)
        after = [await work.send(f"after {number}", OTHER) for number in range(5)]
        work.scheduler.modem_changed(modem.become(ModemState.READY))
        for number in before + after:
            await work.until(number, Status.SENT)
        for number in bad:
            assert internal(await work.until(number, Status.FAILED))
        assert len(modem.tpdus) == 10


@pytest.mark.parametrize("after_payload", [False, True])
async def test_a_modem_that_breaks_costs_one_message(after_payload: bool, tmp_path: Path) -> None:
    async with desk(tmp_path, BrokenModem(after_payload=after_payload)) as work:
        bad, good = await work.send("bad"), await work.send("good", OTHER)
        await work.until(good, Status.SENT)
        assert internal(await work.until(bad, Status.UNKNOWN if after_payload else Status.FAILED))


@pytest.mark.parametrize(
    ("trigger", "status"),
    [
        ("BEFORE UPDATE ON messages WHEN NEW.status = 'sending'", Status.FAILED),
        ("BEFORE UPDATE ON segments WHEN NEW.status = 'sent'", Status.UNKNOWN),
    ],
)
async def test_a_write_that_is_refused_for_good_holds_nothing_up(trigger: str, status: Status, tmp_path: Path) -> None:
    modem = ScriptedModem("m", state=ModemState.SEARCHING)
    async with desk(tmp_path, modem) as work:
        bad, good = await work.send("bad", TO), await work.send("good", OTHER)
        own = f"{'NEW.id' if 'messages' in trigger else 'NEW.message_id'} = {bad}"
        refuse = f"CREATE TRIGGER refuse {trigger} AND {own} BEGIN SELECT RAISE(ABORT, 'never'); END"
        await work.store.write(lambda tx: tx.run(refuse))
        work.scheduler.modem_changed(modem.become(ModemState.READY))
        await work.until(good, Status.SENT)
        assert internal(await work.until(bad, status))
        assert work.store.faults >= 1
