"""The deciding modules: lanes, pacing, policy. Pure values in and out."""

from __future__ import annotations

import pytest

from gsmgw.errors import Disposition
from gsmgw.model import Outgoing, Priority
from gsmgw.outbound.lanes import PATIENCE, Lanes
from gsmgw.outbound.pacing import Pacer
from gsmgw.outbound.policy import ACCOUNT_REST_S, BACK_OFF_S, JITTER, REST_S, Action, decide

ANY_OF_M = ("", "m")


def message(
    number: int, to: str | None = None, priority: Priority = Priority.NORMAL, modem: str | None = None
) -> Outgoing:
    return Outgoing(number, to or f"+4915100000{number:03d}", "x", priority, 1, 0, modem=modem)


def drain(lanes: Lanes, routes: tuple[str, ...] = ANY_OF_M) -> list[int]:
    taken = []
    while (found := lanes.take(routes)) is not None:
        taken.append(found.id)
        lanes.release(found)
    return taken


def test_oldest_first_inside_a_class_and_urgent_before_normal_before_bulk() -> None:
    lanes = Lanes()
    for number, priority in ((1, Priority.BULK), (2, Priority.NORMAL), (3, Priority.URGENT), (4, Priority.NORMAL)):
        assert lanes.offer(message(number, priority=priority))
    assert drain(lanes) == [3, 2, 4, 1]


def test_a_lower_class_is_not_starved() -> None:
    lanes = Lanes()
    for number in range(100):
        lanes.offer(message(number, priority=Priority.URGENT))
    lanes.offer(message(500, priority=Priority.BULK))
    assert drain(lanes).index(500) == PATIENCE


def test_only_what_is_before_a_class_interrupts_it() -> None:
    lanes = Lanes()
    lanes.offer(message(1))
    assert lanes.take(ANY_OF_M, above=Priority.NORMAL) is None
    lanes.offer(message(2, priority=Priority.URGENT))
    found = lanes.take(ANY_OF_M, above=Priority.NORMAL)
    assert found is not None
    assert found.id == 2


def test_two_texts_to_one_person_are_never_under_way_at_once() -> None:
    lanes = Lanes()
    for number in (1, 2):
        lanes.offer(message(number, to="+4915112345678"))
    lanes.offer(message(3))
    first, other = lanes.take(ANY_OF_M), lanes.take(ANY_OF_M)
    assert first is not None
    assert other is not None
    assert (first.id, other.id) == (1, 3)
    assert lanes.take(ANY_OF_M) is None
    assert lanes.is_parked("+4915112345678")
    following = lanes.release(first)
    assert following is not None
    assert following.id == 2
    assert drain(lanes) == [2]


def test_a_pinned_message_goes_to_its_modem_only() -> None:
    lanes = Lanes()
    lanes.offer(message(1, modem="m"))
    lanes.offer(message(2))
    assert drain(lanes, ("", "other")) == [2]
    assert drain(lanes) == [1]


def test_the_window_is_bounded_and_refilled_from_disk_in_order() -> None:
    lanes = Lanes(window=10)
    on_disk = [message(number) for number in range(1, 26)]
    taken = [lanes.offer(entry) for entry in on_disk]
    assert taken == [True] * 10 + [False] * 15
    order = []
    while len(order) < 25:
        order += drain(lanes)
        for route, priority, after, room in list(lanes.hungry()):
            rest = [entry for entry in on_disk if entry.id > after][:room]
            lanes.load(route, priority, rest, complete=len(rest) < room)
    assert order == list(range(1, 26))
    assert lanes.offer(message(30))  # the disk is drained: new ones come straight in again


def test_a_message_that_is_known_is_not_taken_twice() -> None:
    lanes = Lanes()
    assert lanes.offer(message(1))
    assert not lanes.offer(message(1))
    lanes.load("", Priority.NORMAL, [message(1)], complete=True)
    assert drain(lanes) == [1]


def test_a_message_that_came_while_the_disk_was_looked_at_is_not_forgotten() -> None:
    lanes = Lanes()
    lanes.expect([""])
    looks = list(lanes.hungry())
    assert not lanes.offer(message(1))  # committed after the look began: that look did not see it
    for route, priority, _, _ in looks:
        lanes.load(route, priority, [], complete=True)
    assert lanes.is_hungry
    for route, priority, after, _ in lanes.hungry():
        lanes.load(route, priority, [message(1)] if priority is Priority.NORMAL and not after else [], complete=True)
    assert drain(lanes) == [1]
    assert not lanes.is_hungry


def test_a_withdrawn_message_is_not_handed_out() -> None:
    lanes = Lanes()
    lanes.offer(message(1))
    lanes.offer(message(2))
    lanes.withdraw(1)
    assert drain(lanes) == [2]
    assert len(lanes) == 0


def test_a_pacer_counts_over_rolling_windows() -> None:
    pacer = Pacer({60: 2, 3600: 3})
    assert pacer.next_allowed_ms(0) == 0
    pacer.note(0)
    pacer.note(10_000)
    assert pacer.next_allowed_ms(20_000) == 60_000  # the minute that began with the first one
    pacer.note(60_000)
    assert pacer.next_allowed_ms(70_000) == 3_600_000
    assert pacer.next_allowed_ms(3_600_001) == 3_600_001


def test_a_pacer_goes_on_where_it_was_before_a_restart() -> None:
    assert Pacer({60: 2}, [1_000, 2_000]).next_allowed_ms(3_000) == 61_000


def test_without_limits_a_pacer_lets_everything_pass_and_keeps_nothing() -> None:
    pacer = Pacer({})
    pacer.note(1)
    assert not pacer.limited
    assert pacer.next_allowed_ms(1) == 1


@pytest.mark.parametrize(
    ("disposition", "action"),
    [
        (Disposition.NEVER, Action.FAIL),
        (Disposition.LATER, Action.RETRY),
        (Disposition.ELSEWHERE, Action.RETRY),
        (Disposition.MODEM, Action.HAND_BACK),
        (Disposition.ACCOUNT, Action.HAND_BACK),
        (Disposition.UNKNOWN, Action.AWAIT),
    ],
)
def test_the_disposition_decides(disposition: Disposition, action: Action) -> None:
    assert decide(disposition, attempts=1, failures_in_a_row=1, chance=0).action is action


def test_pauses_grow_and_are_spread() -> None:
    pauses = [decide(Disposition.LATER, attempts=n, failures_in_a_row=0, chance=0).pause_s for n in range(1, 8)]
    assert pauses == [*BACK_OFF_S, BACK_OFF_S[-1], BACK_OFF_S[-1]]
    spread = decide(Disposition.LATER, attempts=1, failures_in_a_row=0, chance=1).pause_s
    assert spread == pytest.approx(BACK_OFF_S[0] * (1 + JITTER))


def test_a_failing_modem_starts_slowly_and_an_empty_account_rests_long() -> None:
    rests = [decide(Disposition.MODEM, attempts=1, failures_in_a_row=n, chance=0).rest_s for n in range(1, 7)]
    assert rests == [*REST_S, REST_S[-1]]
    assert decide(Disposition.ACCOUNT, attempts=1, failures_in_a_row=1, chance=0).rest_s == ACCOUNT_REST_S
