"""Every row of the table of causes is walked through the queue: each try in a process of its own, on one database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from support.desk import Desk, desk
from support.fakes import ScriptedModem
from support.waiting import until

from gsmgw.clock import VirtualClock
from gsmgw.errors import Cause, Disposition, SubmitError
from gsmgw.model import MessageRecord, Outgoing, Status, WaitReason
from gsmgw.modem.profiles.vendor_causes import QUECTEL_CMS, SIEMENS_CMS, WAVECOM_CMS
from gsmgw.outbound.worker.policy import JITTER
from gsmgw.pdu import Submit, parse_tpdu
from gsmgw.pdu.causes import CME, CMS, PLAIN_ERROR, UNHEARD, cme_cause, cms_cause
from gsmgw.ports import Stored
from gsmgw.store import lifecycle

NEVER, LATER, ELSEWHERE, MODEM, ACCOUNT, UNKNOWN = (
    Disposition.NEVER,
    Disposition.LATER,
    Disposition.ELSEWHERE,
    Disposition.MODEM,
    Disposition.ACCOUNT,
    Disposition.UNKNOWN,
)
#: The pauses after the first, second ... try, seconds, where a row has no other first one.
PAUSES_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 1800.0)
#: More tries than any row allows.
TRIES = 5

VENDOR_CMS = (("wavecom", WAVECOM_CMS), ("siemens", SIEMENS_CMS), ("quectel", QUECTEL_CMS))

#: The name of a row, its family of codes, and the row.
ROWS: list[tuple[str, str, Cause]] = [
    *((f"cms-{code}", "cms", cause) for code, cause in CMS.items()),
    *((f"cme-{code}", "cme", cause) for code, cause in CME.items()),
    *(
        (f"{family}-{code}", "cms", cause)
        for family, table in VENDOR_CMS
        for code, cause in table.items()
    ),
    ("error", "", PLAIN_ERROR),
    ("unheard", "cms", UNHEARD),
    ("cms-unnamed", "cms", cms_cause(777)),
    ("cme-unnamed", "cme", cme_cause(777)),
    ("cme-barred", "cme", cme_cause(257)),
]  # fmt: skip
#: Rows that make the modem rest are walked one by one.
RESTING = [row for row in ROWS if row[2].disposition in (MODEM, ACCOUNT)]
UNSURE = [row for row in ROWS if row[2].disposition is UNKNOWN]
OTHERS = [row for row in ROWS if row not in RESTING]


def refusal(kind: str, cause: Cause, *, started: bool) -> SubmitError:
    """The error as the modem's side raises it."""
    return SubmitError(
        cause.title,
        cause.after(1, payload_started=started),
        cms=cause.code if kind == "cms" else None,
        cme=cause.code if kind == "cme" else None,
        payload_started=started,
        cause=cause,
    )


class TableModem(ScriptedModem):
    """Refuses each recipient with a row of its own."""

    def __init__(self, name: str, rows: dict[str, SubmitError]) -> None:
        super().__init__(name)
        self.rows = rows
        self.tried: list[tuple[str, bool]] = []

    async def submit(
        self,
        tpdu: bytes,
        *,
        before_payload: Callable[[], Awaitable[None]],
        more: bool = False,
        on_stored: Stored | None = None,
    ) -> int:
        submit = parse_tpdu(tpdu, sent=True)
        assert isinstance(submit, Submit)
        to = str(submit.destination.number)
        self.tried.append((to, submit.validity is not None))
        error = self.rows[to]
        if error.payload_started:
            await before_payload()
        raise error


def expected(cause: Cause, tries: int, *, started: bool) -> Disposition:
    """Return the table's result for the last of that many tries, computed differently from the code."""
    if cause.attempts is not None and tries >= cause.attempts:
        assert cause.then is not None
        return cause.then
    return LATER if cause.disposition is UNKNOWN and not started else cause.disposition


#: Messages that are with a modem or on their way to one.
OPEN = "SELECT count(*) FROM messages WHERE status = 'sending' OR status = 'queued' AND (due_ms IS NULL OR due_ms <= ?)"


async def quiet(work: Desk) -> None:
    """Wait until everything that can be tried now was tried."""

    async def none_open() -> bool:
        now_ms = work.clock.wall_ms()
        return bool(await work.store.read(lambda db: db.execute(OPEN, (now_ms,)).fetchone() == (0,)))

    await until(none_open)


def check_pause(name: str, cause: Cause, record: MessageRecord, now_ms: int, tries: int) -> None:
    pauses = (cause.pause_s, *(pause for pause in PAUSES_S if pause > cause.pause_s)) if cause.pause_s else PAUSES_S
    least = pauses[min(tries, len(pauses)) - 1]
    assert record.due_ms is not None, name
    assert least <= (record.due_ms - now_ms) / 1000 + 0.001, name
    assert (record.due_ms - now_ms) / 1000 <= least * (1 + JITTER) + 0.001, name


@pytest.mark.parametrize("started", [True, False])
async def test_each_row_holds_at_each_try(started: bool, tmp_path: Path) -> None:
    clock = VirtualClock()
    rows = [row for row in OTHERS if not (started and row in UNSURE)]
    numbers = {f"+4915100{place:05d}": row for place, row in enumerate(rows)}
    errors = {to: refusal(kind, cause, started=started) for to, (_, kind, cause) in numbers.items()}
    ids: dict[str, int] = {}
    ended: set[str] = set()
    for tries in range(1, TRIES + 1):
        modem = TableModem("m", errors)
        async with desk(tmp_path, modem, clock=clock, grace_s=10**6) as work:
            if tries == 1:
                for to in numbers:
                    ids[to] = await work.send(to=to, valid_for=10**6)
            again = {to for to, (_, _, cause) in numbers.items() if cause.without_validity and tries == 1}
            await quiet(work)
            for to, (name, _, cause) in numbers.items():
                if to in ended:
                    assert to not in [tried for tried, _ in modem.tried], name
                    continue
                record = await work.record(ids[to])
                what = f"{name}, try {tries}"
                match expected(cause, tries, started=started):
                    case Disposition.NEVER:
                        assert record.status is Status.FAILED, what
                        ended.add(to)
                        tried = [with_validity for each, with_validity in modem.tried if each == to]
                        assert tried == ([True, False] if to in again else [True]), what
                    case _:
                        assert record.status is Status.QUEUED, what
                        assert record.attempts == tries, what
                        check_pause(what, cause, record, clock.wall_ms(), tries)
                assert record.error is not None, what
                assert record.error.title == cause.title, what
                assert bool(record.error.our_fault) is cause.our_fault, what
        await clock.advance(2 * 1800)
    spent = {name for to, (name, _, cause) in numbers.items() if cause.then is MODEM and to not in ended}
    assert "cms-500" in spent


@pytest.mark.parametrize(("name", "kind", "cause"), RESTING, ids=[row[0] for row in RESTING])
async def test_a_row_that_speaks_of_the_modem_lets_it_rest(name: str, kind: str, cause: Cause, tmp_path: Path) -> None:
    to = "+4915112345678"
    modem = TableModem("m", {to: refusal(kind, cause, started=True)})
    clock = VirtualClock()
    async with desk(tmp_path, modem, clock=clock) as work:
        number = await work.send(to=to)
        record = await work.once(number, lambda record: record.error is not None)
        assert record.status is Status.QUEUED
        assert (record.attempts, record.due_ms) == (0, None)
        waiting = work.scheduler.explain(record)
        assert waiting is not None
        assert waiting.reason is WaitReason.COOLDOWN
        assert waiting.until_ms is not None
        rest_s = (cause.pause_s or 1800.0) if cause.disposition is ACCOUNT else 0.5
        assert (waiting.until_ms - clock.wall_ms()) / 1000 == rest_s


@pytest.mark.parametrize(("name", "kind", "cause"), UNSURE, ids=[row[0] for row in UNSURE])
async def test_what_may_have_gone_waits_for_evidence(name: str, kind: str, cause: Cause, tmp_path: Path) -> None:
    modem = ScriptedModem("m", refusal(kind, cause, started=True))
    async with desk(tmp_path, modem) as work:
        record = await work.until(await work.send(), Status.UNKNOWN)
        assert record.error is not None
        assert (record.error.code, record.error.title) == ("not_confirmed", cause.title)


@pytest.mark.parametrize("code", [69, 193])
async def test_what_this_modem_cannot_goes_to_the_next_at_once(code: int, tmp_path: Path) -> None:
    first = ScriptedModem("a", *[refusal("cms", CMS[code], started=True)] * 3)
    other = ScriptedModem("b", *[refusal("cms", CMS[code], started=True)] * 3)
    async with desk(tmp_path, first, other, ScriptedModem("c"), weights={"c": 0.001}) as work:
        record = await work.until(await work.send(), Status.SENT)
        assert record.attempts == len(first.tpdus) + len(other.tpdus) + 1
        assert max(len(first.tpdus), len(other.tpdus)) == 1


async def test_a_code_that_may_be_the_modems_is_tried_by_another_one(tmp_path: Path) -> None:
    clock = VirtualClock()
    pair = [ScriptedModem(name, *[refusal("cms", CMS[500], started=True)] * 9) for name in ("a", "b")]
    number = 0
    for tries in (1, 2):
        async with desk(tmp_path, *pair, clock=clock) as work:
            number = number or await work.send()
            await until(lambda tries=tries: sum(len(modem.tpdus) for modem in pair) >= tries)
            await work.once(number, lambda record: record.due_ms is not None)
        await clock.advance(60)
    assert [len(modem.tpdus) for modem in pair] == [1, 1]


async def test_a_person_who_tries_again_gives_a_text_all_its_tries(tmp_path: Path) -> None:
    clock = VirtualClock()
    rejected = refusal("cms", CMS[111], started=True)
    number = 0
    for tries in range(4):
        async with desk(tmp_path, ScriptedModem("m", rejected), clock=clock) as work:
            if tries == 0:
                number = await work.send(valid_for=10**6)
            if tries == 2:
                again = await work.store.write(lambda tx, n=number: lifecycle.retry(tx, clock.wall_ms(), n, None))
                assert isinstance(again, Outgoing)
                work.scheduler.offer([again])
            await work.until(number, Status.FAILED if tries % 2 else Status.QUEUED)
            if tries % 2 == 0:
                await work.once(number, lambda record: record.due_ms is not None)
        await clock.advance(3600)


async def test_the_pdu_of_our_own_fault_is_logged_without_number_and_text(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    modem = ScriptedModem("m", refusal("cms", CMS[96], started=True))
    async with desk(tmp_path, modem) as work:
        await work.until(await work.send("a secret text"), Status.FAILED)
    (line,) = [entry.getMessage() for entry in caplog.records if "pdu=" in entry.getMessage()]
    shown = line.partition("pdu=")[2]
    (tpdu,) = modem.tpdus
    assert len(shown) == len(tpdu.hex())
    assert shown.startswith("31000D91" + "xx" * 7 + "0000")
    assert shown[-2 * 12 :] == "x" * 24  # 13 septets
