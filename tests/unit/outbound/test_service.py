"""Taking many messages at once: what was known before, whose conversation it is, and that others have their turns."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.desk import LOCAL, TO, Desk, desk
from support.fakes import ScriptedModem
from support.waiting import GENEROUS_S

from gsmgw.model import Outgoing, Status
from gsmgw.outbound import SLICE, Accepted, IdempotencyConflict, Principal, QuotaExceeded, Refusal, Submission
from gsmgw.store import Tx, inbox, messages
from gsmgw.store.tokens import TokenLimits

OTHERS = [f"+49151123456{number:02d}" for number in range(40)]


async def test_a_reference_that_comes_twice_in_one_request_is_one_message(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        first, same, other = await work.submit(
            [
                Submission(TO, "hi", client_ref="r"),
                Submission(TO, "hi", client_ref="r"),
                Submission(TO, "ho", client_ref="r"),
            ]
        )
        assert isinstance(first, Accepted)
        assert isinstance(same, Accepted)
        assert (same.message_id, same.message, same.replayed) == (first.message_id, None, True)
        assert isinstance(other, Refusal)
        assert other.code == "client_ref_conflict"
        await work.record(first.message_id)
        assert len(await work.store.read(lambda db: messages.list_messages(db, messages.Filter(), 10))) == 1


async def test_references_of_earlier_requests_are_told_apart_in_any_number(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        wanted = [Submission(TO, f"{number}", client_ref=f"r{number}") for number in range(120)]
        before = await work.submit(wanted[::2])
        results = await work.submit(wanted)
        for number, result in enumerate(results):
            assert isinstance(result, Accepted)
            assert result.replayed is (number % 2 == 0)
        again = await work.submit(wanted)
        ids = [result.message_id for result in results if isinstance(result, Accepted)]
        assert [result.message_id for result in again if isinstance(result, Accepted)] == ids
        assert ids[::2] == [result.message_id for result in before if isinstance(result, Accepted)]


async def test_a_key_is_remembered_also_when_its_messages_were_known(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        known = await work.service.submit(LOCAL, Submission(TO, "hi", client_ref="r"))
        wanted = [Submission(TO, "hi", client_ref="r")]
        for _ in range(2):
            (result,) = await work.submit(wanted, "k")
            assert isinstance(result, Accepted)
            assert result.message_id == known.message_id
        with pytest.raises(IdempotencyConflict):
            await work.submit([Submission(TO, "another")], "k")


async def test_a_key_whose_messages_were_all_refused_may_be_used_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        (refused,) = await work.submit([Submission(TO, "")], "k")
        assert isinstance(refused, Refusal)
        (taken,) = await work.submit([Submission(TO, "mended")], "k")
        assert isinstance(taken, Accepted)


@pytest.mark.parametrize("ref", ['"', "'; --", "a\\u0000b", "später ☀ 🎉", "[1]", "r" * 200])
async def test_a_reference_may_be_written_in_any_way(tmp_path: Path, ref: str) -> None:
    async with desk(tmp_path) as work:
        first = await work.service.submit(LOCAL, Submission(TO, "hi", client_ref=ref))
        again = await work.service.submit(LOCAL, Submission(TO, "hi", client_ref=ref))
        assert (again.message_id, again.replayed) == (first.message_id, True)


async def test_a_reference_with_a_nul_is_refused(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        with pytest.raises(Refusal, match="client_ref: contains a NUL character"):
            await work.service.submit(LOCAL, Submission(TO, "hi", client_ref="a\0b"))


async def test_each_message_of_a_request_goes_on_with_its_own_conversation(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        for number, peer in enumerate(OTHERS[:30]):
            for modem in (f"old{number}", f"m{number % 3}"):
                received = inbox.Received(peer, modem, None, "gsm7", 1, "hello?")
                await work.store.write(lambda tx, it=received: inbox.add_message(tx, 1, work.store.ids, it, []))
        results = await work.submit([Submission(peer, "yes?") for peer in (*OTHERS, OTHERS[0])])
        routes = [result.message.route for result in results if isinstance(result, Accepted) and result.message]
        assert routes == [*(f"~m{number % 3}" for number in range(30)), *[""] * 10, "~m0"]


async def test_others_have_their_turns_while_many_messages_are_taken(tmp_path: Path) -> None:
    """And what is accepted in between has the earlier identifiers, as it is written earlier."""
    async with desk(tmp_path) as work:
        many = asyncio.create_task(work.submit([Submission(TO, f"{n}") for n in range(4 * SLICE)]))
        await asyncio.sleep(0)
        single = await work.service.submit(LOCAL, Submission(TO, "in between"))
        results = await many
        ids = [result.message_id for result in results if isinstance(result, Accepted)]
        assert ids == sorted(ids)
        assert single.message_id < ids[0]


async def _cancelled_at_the_commit(work: Desk, caller: Principal) -> None:
    """Submit for a caller that is cancelled while its transaction runs."""
    begun, goes_on = threading.Event(), threading.Event()

    def hold(tx: Tx, fresh: Sequence[Outgoing]) -> None:
        begun.set()
        goes_on.wait(GENEROUS_S)

    task = asyncio.create_task(work.service.submit_batch(caller, [Submission(TO, "hi")], on_accept=hold))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    goes_on.set()


async def test_what_is_saved_is_sent_also_when_its_caller_was_cancelled(tmp_path: Path) -> None:
    """A connection that ends takes its handler with it, but not what is on disk by then."""
    async with desk(tmp_path, ScriptedModem("m0")) as work:
        await _cancelled_at_the_commit(work, LOCAL)
        await work.store.write(lambda tx: None)
        (message,) = await work.store.read(lambda db: messages.list_messages(db, messages.Filter(), 10))
        await work.until(message.id, Status.SENT)


async def test_what_a_cancelled_caller_may_have_saved_counts_against_its_quota(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        caller = Principal("till", "token", owner=1, scopes=("send",), limits=TokenLimits(per_day=1))
        await _cancelled_at_the_commit(work, caller)
        with pytest.raises(QuotaExceeded):
            await work.service.submit(caller, Submission(TO, "one more"))


async def test_the_last_key_that_begins_so_is_found(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        for key in ("a:1", "a:2", "b:3"):
            await work.submit([Submission(TO, key)], key)
        assert await work.service.latest_key(LOCAL, "a:", 0) == "a:2"
        assert await work.service.latest_key(LOCAL, "c:", 0) is None
        assert await work.service.latest_key(Principal("other", "token", owner=2), "a:", 0) is None
