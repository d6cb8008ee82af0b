"""Every path of a message to a number that opted out ends before the modem."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.consent import dismiss, say, suspect
from support.desk import LOCAL, TO, Desk, desk
from support.fakes import ScriptedModem

from gsmgw.clock import VirtualClock
from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import (
    EVERYTHING,
    Block,
    ConsentState,
    MessageRecord,
    ModemState,
    OnUnknown,
    Outgoing,
    Priority,
    Purpose,
    Status,
)
from gsmgw.outbound import Refusal, Submission
from gsmgw.store import consent, consent_changes, consent_lists
from gsmgw.store.consent import Standing, block_of
from gsmgw.store.consent_lists import ConsentList

OTHER = "+4915112345699"
ALL = frozenset(purpose.value for purpose in Purpose)
SILENCE = SubmitError("silence", Disposition.UNKNOWN, payload_started=True)


def ended_by_opt_out(record: MessageRecord) -> bool:
    return record.status is Status.CANCELED and record.error is not None and record.error.code == "opted_out"


async def refused(work: Desk, **fields: object) -> str | None:
    (result,) = await work.submit([Submission(TO, "hello", **fields)])  # type: ignore[arg-type]
    return result.code.value if isinstance(result, Refusal) else None


async def with_list(work: Desk, name: str) -> None:
    await work.store.write(lambda tx: consent_lists.put(tx, ConsentList(name)))


def standings() -> Iterator[tuple[ConsentState | None, int]]:
    yield None, 0
    for state in ConsentState:
        yield state, 5
        yield state, 15


def test_what_an_opt_out_blocks() -> None:
    for state, at in standings():
        for list_state, list_at in standings():
            found = {EVERYTHING: Standing(state, at, False), "news": Standing(list_state, list_at, False)}
            out, list_out = state is ConsentState.OUT, list_state is ConsentState.OUT
            joined_later = list_state is not None and not list_out and list_at > at
            for purpose in (Purpose.TRANSACTIONAL, Purpose.CONVERSATION):
                assert (block_of(found, purpose, None, ALL) is Block.OPTED_OUT) is out
                assert block_of(found, purpose, None, {"marketing"}) is None
            blocked = block_of(found, Purpose.MARKETING, "news", {"marketing"}) is Block.OPTED_OUT
            assert blocked is (list_out or (out and not joined_later))
            assert (block_of(found, Purpose.MARKETING, "other", ALL) is Block.OPTED_OUT) is out


def test_a_suspicion_holds_marketing_only() -> None:
    found = {EVERYTHING: Standing(None, 0, True)}
    assert block_of(found, Purpose.MARKETING, None, ALL) is Block.SUSPECTED
    assert block_of(found, Purpose.TRANSACTIONAL, None, ALL) is None


async def test_a_message_to_who_opted_out_is_refused_and_the_others_of_its_batch_are_not(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        await say(work, ConsentState.OUT)
        first, second = await work.submit([Submission(TO, "a", client_ref="r"), Submission(OTHER, "b")])
        assert isinstance(first, Refusal)
        assert (first.code, first.field) == ("recipient_opted_out", "to")
        assert not isinstance(second, Refusal)
        preview = await work.service.preview_batch(LOCAL, [Submission(OTHER, "b"), Submission(TO, "a")])
        assert [isinstance(each, Refusal) for each in preview] == [False, True]
        await say(work, ConsentState.IN)
        assert await refused(work, client_ref="r") is None  # the refused one is not remembered


async def test_a_list_blocks_marketing_of_that_list(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        for name in ("news", "bar"):
            await with_list(work, name)
        await say(work, ConsentState.OUT, name="news")
        marketing = Purpose.MARKETING
        assert await refused(work, purpose=marketing, list="news") == "recipient_opted_out"
        assert await refused(work, purpose=marketing, list="bar") is None
        assert await refused(work) is None
        assert await refused(work, purpose=marketing, list="nwes") == "unknown_list"
        assert await refused(work, list="bar") == "invalid_request"


async def test_the_purposes_that_are_blocked_can_be_chosen(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        await work.store.write(lambda tx: consent.set_blocks(tx, ["marketing"]))
        await say(work, ConsentState.OUT)
        assert await refused(work) is None
        assert await refused(work, purpose=Purpose.MARKETING) == "recipient_opted_out"


async def test_what_waits_is_canceled_with_the_opt_out(tmp_path: Path) -> None:
    modem = ScriptedModem("m", state=ModemState.RECOVERING)
    async with desk(tmp_path, modem) as work:
        later = work.clock.wall_ms() + 3_600_000
        waiting = [await work.send(), await work.send("x" * 400), await work.send(send_at_ms=later)]
        other = await work.send(to=OTHER)
        exempt = await work.send(priority=Priority.URGENT, exempt=True)
        await say(work, ConsentState.OUT)
        for number in waiting:
            assert ended_by_opt_out(await work.record(number))
        work.scheduler.modem_changed(modem.become(ModemState.READY))
        for number in (other, exempt):
            await work.until(number, Status.SENT)
        await work.quiet()
        assert len(modem.tpdus) == 2


async def test_a_canceled_message_is_not_sent_again_by_a_person(tmp_path: Path) -> None:
    modem = ScriptedModem("m", state=ModemState.RECOVERING)
    async with desk(tmp_path, modem) as work:
        number = await work.send()
        await say(work, ConsentState.OUT)
        with pytest.raises(Refusal, match="opted out"):
            await work.service.retry(LOCAL, number)
        assert ended_by_opt_out(await work.record(number))
        await say(work, ConsentState.IN)
        await work.service.retry(LOCAL, number)
        work.scheduler.modem_changed(modem.become(ModemState.READY))
        await work.until(number, Status.SENT)


async def test_an_unknown_message_is_not_sent_again(tmp_path: Path) -> None:
    clock, modem = VirtualClock(), ScriptedModem("m", SILENCE, SILENCE)
    async with desk(tmp_path, modem, clock=clock, grace_s=1) as work:
        held = await work.send(on_unknown=OnUnknown.HOLD)
        await work.until(held, Status.UNKNOWN)
        await clock.advance(120)
        resent = await work.send("again", on_unknown=OnUnknown.RESEND)
        await work.until(resent, Status.UNKNOWN)
        await say(work, ConsentState.OUT)
        with pytest.raises(Refusal, match="opted out"):
            await work.service.resolve(LOCAL, held, resend=True)
        assert (await work.record(held)).status is Status.UNKNOWN
        await work.service.resolve(LOCAL, held, resend=False)
        await work.until(held, Status.SENT)
        for _ in range(30):
            await clock.advance(5)
            work.scheduler.due(0)
            await work.quiet()
            if (await work.record(resent)).status is Status.CANCELED:
                break
        assert ended_by_opt_out(await work.record(resent))
        assert len(modem.tpdus) == 2


async def test_what_was_refused_and_waits_for_its_next_try_is_canceled(tmp_path: Path) -> None:
    modem = ScriptedModem("m", SubmitError("congestion", Disposition.LATER, cms=42))
    async with desk(tmp_path, modem) as work:
        number = await work.send()
        await work.once(number, lambda record: record.attempts == 1 and record.due_ms is not None)
        await say(work, ConsentState.OUT)
        assert ended_by_opt_out(await work.record(number))


async def test_the_rest_of_a_long_text_is_not_sent(tmp_path: Path) -> None:
    first: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    modem = ScriptedModem("m", first)
    async with desk(tmp_path, modem) as work:
        number = await work.send("x" * 400)
        async with asyncio.timeout(60):
            while not modem.tpdus:  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0.002)
        await say(work, ConsentState.OUT)
        first.set_result(7)
        record = await work.until(number, Status.FAILED)
        assert record.error is not None
        assert record.error.code == "opted_out"
        await work.quiet()
        assert len(modem.tpdus) == 1


async def test_what_is_committed_ahead_is_recalled(tmp_path: Path) -> None:
    """A modem that is faster than the disk has its next messages committed as ``sending``: they are checked again."""
    gate: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    modem = ScriptedModem("m", *range(1, 40), gate)
    async with desk(tmp_path, modem) as work:
        work.store.commit_s = 10.0  # the disk seems slow: many are claimed
        before = [await work.send(f"{n}", to=OTHER) for n in range(40)]
        after = [await work.send(f"to who opts out {n}") for n in range(5)]
        async with asyncio.timeout(60):
            while len(modem.tpdus) < 40:
                work.store.commit_s = 10.0
                await asyncio.sleep(0.002)
        await say(work, ConsentState.OUT)
        await work.quiet()
        gate.set_result(77)
        for number in before:
            await work.until(number, Status.SENT)
        for number in after:
            record = await work.until(number, Status.CANCELED)
            assert ended_by_opt_out(record)
        assert len(modem.tpdus) == 40


async def test_marketing_to_a_suspect_waits_for_a_person(tmp_path: Path) -> None:
    modem = ScriptedModem("m")
    async with desk(tmp_path, modem) as work:
        await suspect(work)
        first = await work.send("offer", purpose=Purpose.MARKETING)
        reminder = await work.send("your table is ready")
        await work.until(reminder, Status.SENT)
        record = await work.once(first, lambda found: found.waiting == consent_changes.HELD)
        assert record.status is Status.QUEUED
        await dismiss(work)
        await work.until(first, Status.SENT)
        assert len(modem.tpdus) == 2


async def test_marketing_to_a_suspect_who_meant_it_is_canceled(tmp_path: Path) -> None:
    modem = ScriptedModem("m")
    async with desk(tmp_path, modem) as work:
        await suspect(work)
        number = await work.send("offer", purpose=Purpose.MARKETING)
        await work.once(number, lambda found: found.waiting == consent_changes.HELD)
        await say(work, ConsentState.OUT)
        assert ended_by_opt_out(await work.record(number))
        assert not modem.tpdus


async def test_an_opt_out_outlives_the_erasure_of_its_number(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        await say(work, ConsentState.OUT)
        assert await work.store.write(lambda tx: consent_changes.erase(tx, 1, TO))
        assert await refused(work) == "recipient_opted_out"
        rows = await work.store.read(
            lambda db: db.execute("SELECT number FROM consent UNION SELECT number FROM consent_trail").fetchall()
        )
        assert rows == [(None,)]
        assert not await work.store.write(lambda tx: consent_changes.erase(tx, 1, OTHER))


async def test_a_number_is_not_told_by_what_stands_for_it(tmp_path: Path) -> None:
    async with desk(tmp_path / "a") as one, desk(tmp_path / "b") as other:
        secrets = [await work.store.read(lambda db: consent.secret_of(consent.on(db))) for work in (one, other)]
        assert len({consent.person_of(secret, TO) for secret in secrets}) == 2
        assert len(secrets[0]) == 32


async def test_nobody_opted_out_costs_one_look(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        asked: list[str] = []

        def look(sql: str, values: object) -> list[object]:
            asked.append(sql)
            return []

        messages = [Outgoing(n, TO, "x", Priority.NORMAL, 1, 1) for n in range(1000)]
        assert consent.blocked(look, messages) == {}
        assert len(asked) == 1
        await work.quiet()
