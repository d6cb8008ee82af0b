"""Taking many messages at once: what was known before, whose conversation it is, and that others have their turns."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.desk import LOCAL, TO, desk

from gsmgw.outbound import SLICE, Accepted, IdempotencyConflict, Refusal, Submission
from gsmgw.store import inbox, messages

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
