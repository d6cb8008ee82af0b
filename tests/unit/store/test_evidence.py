"""Evidence from a reference about unknown segments before it (TS 23.040 9.2.3.6: TP-MR goes up by one)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gsmgw.model import DeliveryOutcome, MessageError, Outgoing, Priority, Status, StatusReportFacts
from gsmgw.store import Store, evidence, lifecycle, messages, outbox, reports

NOW = 1_700_000_000_000
ERROR = MessageError("not_confirmed", "silence")


class Sim:
    """One SIM's segments, each a message of its own, in the order they are handed over."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.count = 0

    async def begin(self) -> Outgoing:
        self.count += 1
        one = Outgoing(self.count, f"+49151000000{self.count:02d}", "x", Priority.NORMAL, 1, NOW)
        await self.store.write(lambda tx: outbox.accept(tx, NOW, [one]))
        await self.store.write(
            lambda tx: outbox.begin_segment(tx, NOW, one, 1, "m", "sim", one.id, first=True, tpdus=[b"x"])
        )
        return one

    async def accepted(self, reference: int) -> list[int]:
        """A segment is taken with that reference; the messages that are queued again by that."""
        one = await self.begin()
        queued = await self.store.write(lambda tx: outbox.segment_sent(tx, NOW, one, 1, "m", "sim", one.id, reference))
        return [entry.id for entry in queued]

    async def unknown(self) -> int:
        """A segment whose result never came."""
        one = await self.begin()
        await self.store.write(lambda tx: outbox.segment_unknown(tx, NOW, one, 1, error=ERROR, due_ms=NOW + 10**6))
        return one.id

    async def interrupted(self, count: int) -> list[int]:
        """So many segments were committed when the gateway was killed."""
        numbers = [(await self.begin()).id for _ in range(count)]
        await self.store.write(lambda tx: lifecycle.recover(tx, NOW, 10**6))  # the clock of a board may stand still
        return numbers

    async def refused(self) -> None:
        """A segment that was refused."""
        one = await self.begin()
        await self.store.write(
            lambda tx: outbox.segment_refused(
                tx, NOW, one, 1, "sim", error=ERROR, due_ms=NOW + 10**9, waiting=None, charged=True
            )
        )

    async def reported(self, number: int, reference: int) -> list[int]:
        """A status report for a segment comes."""
        recipient = f"+49151000000{number:02d}"
        facts = StatusReportFacts("m", "sim", reference, recipient, 0, DeliveryOutcome.DELIVERED, "received", NOW, "00")
        taken = await self.store.write(lambda tx: reports.take_report(tx, NOW, facts))
        assert taken.message_id == number
        return [entry.id for entry in taken.queued]

    async def recorded(self, last: int, *, after_s: float = 60, confirmed: int | None = None) -> list[int]:
        """The SIM says which reference it gave last; the modem has just ``confirmed`` one, where that is given."""
        now_ms = NOW + round(after_s * 1000)
        found = await self.store.write(lambda tx: evidence.recorded(tx, now_ms, "sim", last, confirmed))
        return [entry.id for entry in found]

    async def believed(self) -> None:
        """The SIM's record has agreed often enough."""
        for reference in (0, 1, 2):
            await self.accepted(reference)
            await self.recorded(reference, confirmed=reference)

    async def status(self, number: int) -> Status:
        found = await self.store.read(lambda db: messages.get_message(db, number))
        assert found is not None
        return found.status


@pytest.fixture
async def sim(tmp_path: Path) -> AsyncIterator[Sim]:
    store = await Store.open(tmp_path / "g.db")
    card = Sim(store)
    for reference in (253, 254, 255):  # it counts, and wraps at 256
        await card.accepted(reference)
    yield card
    await store.close()


async def test_no_gap_says_that_nothing_went(sim: Sim) -> None:
    doubtful = [await sim.unknown(), *await sim.interrupted(2)]
    assert await sim.accepted(0) == doubtful
    assert [await sim.status(number) for number in doubtful] == [Status.QUEUED] * 3


async def test_a_gap_for_all_says_that_all_went_and_their_reports_find_them(sim: Sim) -> None:
    first, second = await sim.unknown(), await sim.unknown()
    assert await sim.accepted(2) == []
    assert await sim.status(first) is Status.SENT
    await sim.reported(second, 1)
    await sim.reported(first, 0)
    assert await sim.status(first) is Status.DELIVERED


async def test_a_smaller_gap_says_that_the_first_ones_of_an_interruption_went(sim: Sim) -> None:
    first, second, third = await sim.interrupted(3)
    assert await sim.accepted(1) == [second, third]
    assert await sim.status(first) is Status.SENT


async def test_a_smaller_gap_over_two_interruptions_does_not_say_whose_went(sim: Sim) -> None:
    """Killed before the first one left, started, killed after the second one had left: the gap is the second one's."""
    (first,) = await sim.interrupted(1)
    (second,) = await sim.interrupted(1)
    assert await sim.accepted(1) == []
    assert [await sim.status(number) for number in (first, second)] == [Status.UNKNOWN] * 2


async def test_of_two_interruptions_what_holds_either_way_is_certain(sim: Sim) -> None:
    """Three and one, two references used: two of the three went, or one of them and the last."""
    first, second, third = await sim.interrupted(3)
    (last,) = await sim.interrupted(1)
    assert await sim.accepted(2) == [third]
    assert await sim.status(first) is Status.SENT
    assert [await sim.status(number) for number in (second, last)] == [Status.UNKNOWN] * 2
    await sim.reported(first, 0)  # which reference it got is certain too
    assert await sim.status(first) is Status.DELIVERED


async def test_behind_a_refusal_what_holds_either_way_is_certain(sim: Sim) -> None:
    """Three in doubt and one refused, two references used: one of the three went at least, and two at the most."""
    doubtful = await sim.interrupted(3)
    await sim.refused()
    assert await sim.accepted(2) == [doubtful[2]]
    wanted = [Status.SENT, Status.UNKNOWN, Status.QUEUED]
    assert [await sim.status(number) for number in doubtful] == wanted


async def test_a_refusal_that_counted_does_not_make_the_counter_a_bad_one(sim: Sim) -> None:
    await sim.refused()
    await sim.accepted(1)
    (first,) = await sim.interrupted(1)
    await sim.accepted(3)
    assert await sim.status(first) is Status.SENT


async def test_a_gap_larger_than_what_is_in_doubt_says_nothing(sim: Sim) -> None:
    doubtful = await sim.unknown()
    assert await sim.accepted(2) == []
    assert await sim.status(doubtful) is Status.UNKNOWN


async def test_a_refusal_in_between_may_have_used_the_reference(sim: Sim) -> None:
    doubtful = await sim.unknown()
    await sim.refused()
    assert await sim.accepted(1) == []
    assert await sim.status(doubtful) is Status.UNKNOWN


async def test_no_gap_in_spite_of_a_refusal_is_evidence(sim: Sim) -> None:
    doubtful = await sim.unknown()
    await sim.refused()
    assert await sim.accepted(0) == [doubtful]


async def test_without_evidence_the_last_one_is_sent_again_first_and_no_gap_settles_the_others(sim: Sim) -> None:
    first, last = await sim.interrupted(2)
    ready = await sim.store.write(lambda tx: lifecycle.promote_due(tx, NOW + 2 * 10**6))
    assert [entry.id for entry in ready.queued] == [last]
    (again,) = ready.queued
    await sim.store.write(lambda tx: outbox.begin_segment(tx, NOW, again, 1, "m", "sim", 99, first=True, tpdus=None))
    queued = await sim.store.write(lambda tx: outbox.segment_sent(tx, NOW, again, 1, "m", "sim", 99, 0))
    assert [entry.id for entry in queued] == [first]


async def test_others_in_doubt_wait_until_the_one_that_is_sent_again_has_its_result(sim: Sim) -> None:
    """However long its modem takes, and also when it is due later than the first one."""
    first, _ = await sim.interrupted(2)
    due = NOW + 10**6
    ready = await sim.store.write(lambda tx: lifecycle.promote_due(tx, due))
    (again,) = ready.queued
    for later in (3_000, 6_000):
        assert not (await sim.store.write(lambda tx, ms=due + later: lifecycle.promote_due(tx, ms))).queued
    await sim.store.write(
        lambda tx: outbox.begin_segment(tx, due + 7000, again, 1, "m", "sim", 99, first=True, tpdus=None)
    )
    for later in (9_000, 30_000):
        assert not (await sim.store.write(lambda tx, ms=due + later: lifecycle.promote_due(tx, ms))).queued
    queued = await sim.store.write(lambda tx: outbox.segment_sent(tx, due + 31_000, again, 1, "m", "sim", 99, 1))
    assert not queued
    assert await sim.status(first) is Status.SENT  # reference 0 was used: of one interruption the first ones went


async def test_what_waits_in_the_queue_goes_before_one_that_would_be_sent_again_without_evidence(sim: Sim) -> None:
    """Its reference tells whether the one in doubt has gone."""
    (doubtful,) = await sim.interrupted(1)
    due = NOW + 10**6
    other = Outgoing(50, "+4915100000050", "x", Priority.NORMAL, 1, NOW)
    await sim.store.write(lambda tx: outbox.accept(tx, NOW, [other]))
    assert not (await sim.store.write(lambda tx: lifecycle.promote_due(tx, due))).queued
    await sim.store.write(lambda tx: outbox.begin_segment(tx, due, other, 1, "m", "sim", 50, first=True, tpdus=[b"x"]))
    queued = await sim.store.write(lambda tx: outbox.segment_sent(tx, due, other, 1, "m", "sim", 50, 1))
    assert not queued
    assert await sim.status(doubtful) is Status.SENT


async def test_one_whose_modem_is_being_brought_back_is_not_sent_again_by_another_one(sim: Sim) -> None:
    """The modem may have a report or a record; it is waited for, but not for ever."""
    (doubtful,) = await sim.interrupted(1)
    due = NOW + 10**6

    async def queued(after_ms: int, *returning: str) -> list[int]:
        found = await sim.store.write(lambda tx: lifecycle.promote_due(tx, due + after_ms, returning=returning))
        return [message.id for message in found.queued]

    assert await queued(0, "m") == []
    assert await queued(59_000, "m") == []
    assert await queued(62_000, "m") == [doubtful]


async def test_one_whose_modem_works_is_sent_again_when_its_time_is_over(sim: Sim) -> None:
    (doubtful,) = await sim.interrupted(1)
    found = await sim.store.write(lambda tx: lifecycle.promote_due(tx, NOW + 10**6, returning=("other",)))
    assert [message.id for message in found.queued] == [doubtful]


async def test_the_place_of_one_that_is_sent_again_tells_about_its_interruption(sim: Sim) -> None:
    """Of one interruption the first ones went: the second cannot have used the only reference that is missing."""
    went, did_not = await sim.interrupted(2)
    await sim.store.write(lambda tx: lifecycle.settle_unknown(tx, NOW, went, resend=True))
    sim.count = 90
    assert await sim.accepted(1) == [did_not]


async def test_others_in_doubt_do_not_wait_for_ever_for_the_one_that_is_sent_again(sim: Sim) -> None:
    first, _ = await sim.interrupted(2)
    due = NOW + 10**6
    await sim.store.write(lambda tx: lifecycle.promote_due(tx, due))
    assert not (await sim.store.write(lambda tx: lifecycle.promote_due(tx, due + 59_000))).queued
    ready = await sim.store.write(lambda tx: lifecycle.promote_due(tx, due + 63_000))
    assert [entry.id for entry in ready.queued] == [first]


@pytest.mark.parametrize("begun", [True, False])
async def test_one_that_is_sent_again_without_evidence_may_have_used_the_gap(sim: Sim, begun: bool) -> None:
    """Killed twice; one is held for a person, the other one, which had gone, is to be sent again."""
    went, held = [(await sim.interrupted(1))[0] for _ in range(2)]
    await sim.store.write(lambda tx: lifecycle.settle_unknown(tx, NOW, went, resend=True))
    if begun:
        again = Outgoing(went, f"+49151000000{went:02d}", "x", Priority.NORMAL, 1, NOW)
        await sim.store.write(
            lambda tx: outbox.begin_segment(tx, NOW, again, 1, "m", "sim", 90, first=True, tpdus=None)
        )
        await sim.store.write(lambda tx: outbox.segment_sent(tx, NOW, again, 1, "m", "sim", 90, 1))
    else:
        sim.count = 90
        await sim.accepted(1)
    assert await sim.status(held) is Status.UNKNOWN


async def test_an_answer_that_comes_late_settles_the_last_one(sim: Sim) -> None:
    earlier, last = await sim.interrupted(2)
    await sim.store.write(lambda tx: evidence.late_answer(tx, NOW, "sim", 1))
    assert (await sim.status(earlier), await sim.status(last)) == (Status.SENT, Status.SENT)
    await sim.reported(last, 1)
    assert await sim.store.write(lambda tx: evidence.late_answer(tx, NOW, "sim", 2)) == []


async def test_a_modem_that_does_not_count_is_not_believed(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")
    sim = Sim(store)
    for reference in (0, 0, 0):
        await sim.accepted(reference)
    doubtful = await sim.unknown()
    await sim.accepted(0)
    await sim.accepted(1)
    assert await sim.status(doubtful) is Status.UNKNOWN
    await store.close()


async def test_a_gap_does_not_speak_about_those_of_an_earlier_gap(sim: Sim) -> None:
    """One was left open because a refusal lay in between; the next gap is another one's."""
    earlier = await sim.unknown()
    await sim.refused()
    await sim.accepted(1)
    assert await sim.accepted(2) == []  # no gap: it does not say that the earlier one had not gone
    assert await sim.status(earlier) is Status.UNKNOWN
    later = await sim.unknown()
    assert await sim.accepted(4) == []
    assert (await sim.status(earlier), await sim.status(later)) == (Status.UNKNOWN, Status.SENT)
    await sim.reported(earlier, 0)


async def test_a_counter_that_is_not_known_yet_settles_nothing_and_nothing_afterwards(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")
    sim = Sim(store)
    await sim.accepted(7)
    doubtful = await sim.unknown()
    for reference in (9, 10, 11, 12):
        assert await sim.accepted(reference) == []
    assert await sim.status(doubtful) is Status.UNKNOWN
    await store.close()


async def test_a_report_that_comes_twice_is_not_taken_for_an_unknown_one_to_the_same_person(sim: Sim) -> None:
    doubtful = await sim.unknown()
    facts = StatusReportFacts(
        "m", "sim", 254, f"+49151000000{doubtful:02d}", 0, DeliveryOutcome.DELIVERED, "received", NOW, "00"
    )
    taken = await sim.store.write(lambda tx: reports.take_report(tx, NOW, facts))
    assert taken.message_id is None
    assert await sim.status(doubtful) is Status.UNKNOWN


async def test_a_report_counts_as_an_acceptance(sim: Sim) -> None:
    """Without that, the reference it brings would be taken for a gap, and a text that never went for sent."""
    first, second = await sim.unknown(), await sim.unknown()
    assert await sim.reported(first, 0) == []
    assert await sim.accepted(1) == [second]


async def test_a_report_for_a_later_one_says_that_the_earlier_one_went(sim: Sim) -> None:
    first, second = await sim.interrupted(2)
    assert await sim.reported(second, 1) == []
    assert await sim.status(first) is Status.SENT
    await sim.reported(first, 0)
    assert await sim.status(first) is Status.DELIVERED


async def test_a_report_for_a_later_one_says_that_the_earlier_one_did_not_go(sim: Sim) -> None:
    first, second = await sim.unknown(), await sim.unknown()
    assert await sim.reported(second, 0) == [first]


@pytest.mark.parametrize("gone", range(4))
async def test_the_sims_own_record_says_what_went_before_anything_else_is_sent(sim: Sim, gone: int) -> None:
    await sim.believed()
    doubtful = await sim.interrupted(3)
    assert await sim.recorded(2 + gone) == doubtful[gone:]
    wanted = [Status.SENT] * gone + [Status.QUEUED] * (3 - gone)
    assert [await sim.status(number) for number in doubtful] == wanted
    events = await sim.store.read(lambda db: messages.history(db, doubtful[0]))
    assert "record" in [event.data.get("evidence") for event in events]
    # It goes on from there: the next reference follows the record.
    later = await sim.unknown()
    assert await sim.accepted(2 + gone + 2) == []
    assert await sim.status(later) is Status.SENT


async def test_a_record_is_believed_only_after_it_was_right_at_different_references(sim: Sim) -> None:
    for _ in range(5):
        await sim.recorded(255, confirmed=255)  # always the same one: it may be one that never moves
    doubtful = await sim.interrupted(1)
    assert await sim.recorded(255) == []
    assert await sim.status(doubtful[0]) is Status.UNKNOWN


async def test_a_record_that_was_wrong_once_is_not_believed(sim: Sim) -> None:
    await sim.believed()
    await sim.accepted(3)
    await sim.recorded(2, confirmed=3)  # written late
    doubtful = await sim.interrupted(1)
    assert await sim.recorded(3) == []
    assert await sim.status(doubtful[0]) is Status.UNKNOWN


async def test_what_is_read_at_a_modems_start_teaches_nothing(sim: Sim) -> None:
    for reference in (0, 1, 2):
        await sim.accepted(reference)
        await sim.recorded(reference)  # one that writes when it is switched off looks like this
    await sim.interrupted(1)
    assert await sim.recorded(2) == []


async def test_the_record_does_not_say_at_once_that_a_text_was_not_sent(sim: Sim) -> None:
    await sim.believed()
    (doubtful,) = await sim.interrupted(1)
    assert await sim.recorded(2, after_s=5) == []
    assert await sim.status(doubtful) is Status.UNKNOWN
    assert await sim.recorded(3, after_s=5) == []  # that it was sent is said at once
    assert await sim.status(doubtful) is Status.SENT


async def test_the_record_is_no_evidence_behind_a_refusal_that_may_have_counted(sim: Sim) -> None:
    await sim.believed()
    await sim.refused()
    doubtful = await sim.unknown()
    assert await sim.recorded(3) == []
    assert await sim.status(doubtful) is Status.UNKNOWN
    assert await sim.recorded(2) == [doubtful]  # nothing was counted, so nothing has gone


async def test_the_record_says_nothing_while_a_segment_is_with_the_modem(sim: Sim) -> None:
    await sim.believed()
    doubtful = await sim.unknown()
    await sim.begin()
    assert await sim.recorded(3) == []
    assert await sim.status(doubtful) is Status.UNKNOWN


async def test_what_the_record_says_at_once_counts_when_the_gateway_is_killed_again(sim: Sim) -> None:
    """The first of three went, says the record at the first start; at the next gap one more has, of two that may."""
    await sim.believed()
    first, second, third = await sim.interrupted(3)
    assert await sim.recorded(3, after_s=1) == []
    assert await sim.status(first) is Status.SENT
    assert await sim.status(second) is Status.UNKNOWN
    (last,) = await sim.interrupted(1)
    assert await sim.accepted(5) == [third]
    assert [await sim.status(number) for number in (second, last)] == [Status.UNKNOWN] * 2


async def test_a_report_that_came_right_before_the_end_is_found_when_the_gateway_starts(sim: Sim) -> None:
    """The text was with the modem when its report came, and the gateway was killed before it drew a conclusion."""
    one = await sim.begin()
    facts = StatusReportFacts("m", "sim", 0, one.to, 0, DeliveryOutcome.DELIVERED, "received", NOW, "00")
    assert (await sim.store.write(lambda tx: reports.take_report(tx, NOW, facts))).message_id is None
    await sim.store.write(lambda tx: lifecycle.recover(tx, NOW + 1, 10**6))
    assert await sim.status(one.id) is Status.DELIVERED


async def test_a_report_that_came_while_the_modem_was_silent_is_found_when_it_is_given_up(sim: Sim) -> None:
    earlier = (await sim.interrupted(1))[0]
    one = await sim.begin()
    facts = StatusReportFacts("m", "sim", 0, one.to, 0, DeliveryOutcome.DELIVERED, "received", NOW, "00")
    await sim.store.write(lambda tx: reports.take_report(tx, NOW, facts))
    queued = await sim.store.write(lambda tx: outbox.segment_unknown(tx, NOW, one, 1, error=ERROR, due_ms=NOW + 10**6))
    assert await sim.status(one.id) is Status.DELIVERED
    assert [message.id for message in queued] == [earlier]  # its reference says that the one before had not gone


async def test_a_report_of_former_times_is_not_taken_for_one_that_has_come_to_be_in_doubt(sim: Sim) -> None:
    one = await sim.begin()
    facts = StatusReportFacts("m", "sim", 0, one.to, 0, DeliveryOutcome.DELIVERED, "received", NOW, "00")
    await sim.store.write(lambda tx: reports.take_report(tx, NOW - 1, facts))
    await sim.store.write(lambda tx: lifecycle.recover(tx, NOW + 1, 10**6))
    assert await sim.status(one.id) is Status.UNKNOWN


async def test_one_that_certainly_did_not_go_leaves_no_doubt_behind_when_it_goes_again(sim: Sim) -> None:
    """It did not use a reference: what the next gap says is not watered down by it."""
    (first,) = await sim.interrupted(1)
    assert await sim.accepted(0) == [first]
    again = Outgoing(first, f"+49151000000{first:02d}", "x", Priority.NORMAL, 1, NOW)
    await sim.store.write(
        lambda tx: outbox.begin_segment(tx, NOW, again, 1, "other", "another", 900, first=True, tpdus=None)
    )
    second = await sim.unknown()
    await sim.accepted(2)
    assert await sim.status(second) is Status.SENT


async def test_one_of_former_times_that_is_sent_again_does_not_water_down_the_next_gap(sim: Sim) -> None:
    """The counter has moved past it: what it may have used is behind the last known reference."""
    (first,) = await sim.interrupted(1)
    (second,) = await sim.interrupted(1)
    assert await sim.accepted(1) == []  # one of the two went, nothing tells which
    for number, claim in ((first, 900), (second, 901)):
        await sim.store.write(lambda tx, n=number: lifecycle.settle_unknown(tx, NOW, n, resend=True))
        again = Outgoing(number, f"+49151000000{number:02d}", "x", Priority.NORMAL, 1, NOW)
        await sim.store.write(
            lambda tx, one=again, c=claim: outbox.begin_segment(
                tx, NOW, one, 1, "other", "another", c, first=True, tpdus=None
            )
        )
    third = await sim.unknown()
    await sim.accepted(3)
    assert await sim.status(third) is Status.SENT


@pytest.mark.parametrize(
    "column",
    ["reference = 'x'", "steps = x'ff'", "refused = 'x'", "repeated = '{'", "repeated = '[[1]]'", "agreed = 'x'"],
)
async def test_a_counter_that_cannot_be_decoded_is_forgotten_and_costs_no_message_anything(
    sim: Sim, column: str
) -> None:
    doubtful = await sim.unknown()
    await sim.store.write(lambda tx: tx.run(f"UPDATE sims SET {column}"))
    await sim.store.write(lambda tx: lifecycle.settle_unknown(tx, NOW, doubtful, resend=True))
    again = Outgoing(doubtful, f"+49151000000{doubtful:02d}", "x", Priority.NORMAL, 1, NOW)
    await sim.store.write(lambda tx: outbox.begin_segment(tx, NOW, again, 1, "m", "sim", 90, first=True, tpdus=None))
    await sim.store.write(lambda tx: outbox.segment_sent(tx, NOW, again, 1, "m", "sim", 90, 5))
    assert await sim.status(doubtful) is Status.SENT
    sim.count = 95
    for reference in (6, 7):
        await sim.accepted(reference)
    missing = await sim.unknown()
    assert await sim.accepted(8) == [missing]  # it counts again


async def test_a_segment_in_doubt_that_cannot_be_decoded_may_have_used_the_gap(sim: Sim) -> None:
    damaged, good = [await sim.unknown() for _ in range(2)]
    await sim.store.write(lambda tx: tx.run("UPDATE segments SET sending_ms = 'x' WHERE message_id = ?", (damaged,)))
    assert await sim.accepted(1) == []
    assert await sim.status(good) is Status.UNKNOWN
