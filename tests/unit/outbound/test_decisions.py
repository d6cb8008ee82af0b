"""The deciding modules: lanes, pacing, policy. Pure values in and out."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsmgw.errors import Disposition
from gsmgw.model import Outgoing, Priority
from gsmgw.model.routes import Route, RouteKind, target_of
from gsmgw.outbound.limits.rate_limit import DAY_MS, Limits, RateLimiter, Use
from gsmgw.outbound.limits.sending_hours import HORIZON_DAYS, SendingTimes, Window
from gsmgw.outbound.queue.eligibility import Eligibility
from gsmgw.outbound.queue.ready_queue import PATIENCE, ReadyQueue
from gsmgw.outbound.queue.router import RouteTable, Rule, routes_served
from gsmgw.outbound.worker.policy import ACCOUNT_REST_S, BACK_OFF_S, JITTER, REST_S, Action, decide

ANY_OF_M = ("", "=m")


def message(
    number: int, to: str | None = None, priority: Priority = Priority.NORMAL, route: str = "", client: str = ""
) -> Outgoing:
    return Outgoing(number, to or f"+4915100000{number:03d}", "x", priority, 1, 0, route=route, client=client)


def opened(**options: int) -> ReadyQueue:
    lanes = ReadyQueue(**options)
    lanes.expect([])
    return lanes


def drain(lanes: ReadyQueue, routes: tuple[str, ...] = ANY_OF_M) -> list[int]:
    taken = []
    while (found := lanes.take(routes)) is not None:
        taken.append(found.id)
        lanes.release(found)
    return taken


def test_oldest_first_inside_a_class_and_urgent_before_normal_before_bulk() -> None:
    lanes = opened()
    for number, priority in ((1, Priority.BULK), (2, Priority.NORMAL), (3, Priority.URGENT), (4, Priority.NORMAL)):
        assert lanes.offer(message(number, priority=priority))
    assert drain(lanes) == [3, 2, 4, 1]


def test_an_old_message_that_is_queued_again_during_a_look_on_disk_is_found_by_the_next_look() -> None:
    """The look began before it was queued, and found younger ones only."""
    lanes = ReadyQueue()
    lanes.expect([("", "")])
    key = ("", "", Priority.NORMAL)
    looks = {found: after for found, after, _ in lanes.hungry()}
    assert looks[key] == 0
    assert not lanes.offer(message(5))
    lanes.load(key, [message(10), message(11)], complete=True)
    (after,) = [after for found, after, _ in lanes.hungry() if found == key]
    on_disk = [message(number) for number in (5, 10, 11) if number > after]
    lanes.load(key, on_disk, complete=True)
    assert drain(lanes) == [5, 10, 11]


def test_a_lower_class_is_not_starved() -> None:
    lanes = opened()
    for number in range(100):
        lanes.offer(message(number, priority=Priority.URGENT))
    lanes.offer(message(500, priority=Priority.BULK))
    assert drain(lanes).index(500) == PATIENCE


def test_what_was_refused_goes_behind_what_nobody_tried_and_is_not_starved() -> None:
    lanes = opened()
    for number in range(3):
        lanes.offer(message(number)._replace(refusals={"cms 500": 1}))
    for number in range(10, 10 + 2 * PATIENCE):
        lanes.offer(message(number, client="other" if number % 2 else ""))
    assert lanes.has_untried(ANY_OF_M)
    order = drain(lanes)
    assert [order.index(number) for number in range(3)] == [PATIENCE, 2 * PATIENCE + 1, 2 * PATIENCE + 2]
    lanes.offer(message(100)._replace(refusals={"cms 500": 1}))
    assert not lanes.has_untried(ANY_OF_M)
    assert drain(lanes) == [100]


def test_only_what_is_before_a_class_interrupts_it() -> None:
    lanes = opened()
    lanes.offer(message(1))
    assert lanes.take(ANY_OF_M, above=Priority.NORMAL) is None
    lanes.offer(message(2, priority=Priority.URGENT))
    found = lanes.take(ANY_OF_M, above=Priority.NORMAL)
    assert found is not None
    assert found.id == 2


def test_two_texts_to_one_person_are_never_under_way_at_once() -> None:
    lanes = opened()
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
    lanes = opened()
    lanes.offer(message(1, route="=m"))
    lanes.offer(message(2))
    assert drain(lanes, ("", "=other")) == [2]
    assert drain(lanes) == [1]


def test_the_window_is_bounded_and_refilled_from_disk_in_order() -> None:
    lanes = opened(window=10)
    on_disk = [message(number) for number in range(1, 26)]
    taken = [lanes.offer(entry) for entry in on_disk]
    assert taken == [True] * 10 + [False] * 15
    order = []
    while len(order) < 25:
        order += drain(lanes)
        for key, after, room in lanes.hungry():
            rest = [entry for entry in on_disk if entry.id > after][:room]
            lanes.load(key, rest, complete=len(rest) < room)
    assert order == list(range(1, 26))
    assert lanes.offer(message(30))  # the disk is drained: new ones come straight in again


def test_a_message_that_is_known_is_not_taken_twice() -> None:
    lanes = opened()
    assert lanes.offer(message(1))
    assert not lanes.offer(message(1))
    lanes.load(("", "", Priority.NORMAL), [message(1)], complete=True)
    assert drain(lanes) == [1]


def test_a_message_that_came_while_the_disk_was_looked_at_is_not_forgotten() -> None:
    lanes = ReadyQueue()
    lanes.expect([("", "")])
    looks = list(lanes.hungry())
    assert not lanes.offer(message(1))  # committed after the look began: that look did not see it
    for key, _, _ in looks:
        lanes.load(key, [], complete=True)
    assert lanes.is_hungry
    for key, after, _ in lanes.hungry():
        lanes.load(key, [message(1)] if key[2] is Priority.NORMAL and not after else [], complete=True)
    assert drain(lanes) == [1]
    assert not lanes.is_hungry


def test_what_is_accepted_while_the_queue_starts_does_not_hide_what_was_there_before() -> None:
    on_disk = [message(number) for number in (1, 2, 9)]
    lanes = ReadyQueue()
    assert not lanes.offer(on_disk[2])  # accepted in the moment between the start of the API and that of the queue
    lanes.expect([])
    for key, after, room in lanes.hungry():
        rest = [entry for entry in on_disk if entry.id > after and entry.priority is key[2]][:room]
        lanes.load(key, rest, complete=True)
    assert drain(lanes) == [1, 2, 9]


def test_a_withdrawn_message_is_not_handed_out() -> None:
    lanes = opened()
    lanes.offer(message(1))
    lanes.offer(message(2))
    lanes.withdraw(1)
    assert drain(lanes) == [2]
    assert len(lanes) == 0


def test_clients_take_turns_inside_a_class() -> None:
    lanes = opened()
    for number in range(6):
        lanes.offer(message(number, client="campaign"))
    for number in range(6, 8):
        lanes.offer(message(number, client="shop"))
    assert drain(lanes) == [0, 6, 1, 7, 2, 3, 4, 5]


def pacer(used: tuple[int, ...] = (), **limits: Any) -> RateLimiter:
    return RateLimiter(Limits(**limits), [Use(at_ms, "+49") for at_ms in used])


def test_a_pacer_counts_over_rolling_windows() -> None:
    counting = pacer(windows={60: 2, 3600: 3})
    assert counting.next_allowed_ms(0) == 0
    counting.note(Use(0, "a"))
    counting.note(Use(10_000, "a"))
    assert counting.next_allowed_ms(20_000) == 60_000  # the minute that began with the first one
    counting.note(Use(60_000, "a"))
    assert counting.next_allowed_ms(70_000) == 3_600_000
    assert counting.next_allowed_ms(3_600_001) == 3_600_001


def test_a_pacer_goes_on_where_it_was_before_a_restart() -> None:
    assert pacer((1_000, 2_000), windows={60: 2}).next_allowed_ms(3_000) == 61_000


def test_without_limits_a_pacer_lets_everything_pass() -> None:
    free = pacer()
    free.note(Use(1, "a"))
    assert not free.limits.any
    assert free.next_allowed_ms(1) == 1


def test_a_pacer_may_count_messages_instead_of_segments() -> None:
    counting = pacer(windows={60: 1}, by_message=True)
    counting.note(Use(0, "a", first=True))
    assert counting.next_allowed_ms(1) == 60_000
    segments = RateLimiter(Limits(windows={60: 2}, by_message=True))
    for seq in range(5):
        segments.note(Use(seq, "a", first=seq == 0))
    assert segments.next_allowed_ms(5) == 5


def test_a_reserve_is_for_urgent_messages() -> None:
    counting = pacer((0, 1), windows={60: 3}, urgent_reserve=1)
    assert counting.next_allowed_ms(2) == 60_000
    assert counting.next_allowed_ms(2, urgent=True) == 2
    counting.note(Use(2, "a"))
    assert counting.next_allowed_ms(3, urgent=True) == 60_000


def test_a_gap_lies_between_two_segments() -> None:
    counting = pacer(min_gap_s=2, gap_jitter_s=4)
    counting.note(Use(1000, "a"), chance=0.5)
    assert counting.next_allowed_ms(1001) == 5000


def test_a_new_recipient_waits_for_room_and_a_known_one_does_not() -> None:
    counting = RateLimiter(Limits(recipients_per_day=2), [Use(0, "a"), Use(1000, "b")])
    assert counting.recipient_allowed_ms("a", 2000) == 2000
    assert counting.recipient_allowed_ms("c", 2000) == DAY_MS
    counting.note(Use(2000, "a"))  # a is in use again: b is the one that falls out first
    assert counting.recipient_allowed_ms("c", 3000) == 1000 + DAY_MS
    assert counting.recipient_allowed_ms("c", 1001 + DAY_MS) == 1001 + DAY_MS


BERLIN, NEW_YORK, LOS_ANGELES = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("America/Los_Angeles")
DAY = SendingTimes(Window(time(8), time(21)))
WEEK = SendingTimes(Window(time(8), time(21)), range(6))


@pytest.mark.parametrize(
    ("times", "zones", "now", "allowed"),
    [
        (DAY, [BERLIN], "2026-11-21T12:00+01:00", "2026-11-21T12:00+01:00"),
        (DAY, [BERLIN], "2026-11-21T07:59+01:00", "2026-11-21T08:00+01:00"),
        (DAY, [BERLIN], "2026-11-21T21:00+01:00", "2026-11-22T08:00+01:00"),
        # where one country has several zones it has to be a proper time in all of them
        (DAY, [NEW_YORK, LOS_ANGELES], "2026-11-21T08:00-05:00", "2026-11-21T08:00-08:00"),
        (DAY, [NEW_YORK, LOS_ANGELES], "2026-11-21T18:30-08:00", "2026-11-22T08:00-08:00"),
        # over midnight
        (SendingTimes(Window(time(22), time(6))), [BERLIN], "2026-11-21T12:00+01:00", "2026-11-21T22:00+01:00"),
        (SendingTimes(Window(time(22), time(6))), [BERLIN], "2026-11-21T05:59+01:00", "2026-11-21T05:59+01:00"),
        # not on Sundays, nor at Christmas
        (
            SendingTimes(Window(time(8), time(21)), range(6)),
            [BERLIN],
            "2026-11-21T22:00+01:00",
            "2026-11-23T08:00+01:00",
        ),
        (SendingTimes(None, (), [date(2026, 12, 25)]), [BERLIN], "2026-12-25T10:00+01:00", "2026-12-26T00:00+01:00"),
        # the night the clock goes back has 25 hours
        (DAY, [BERLIN], "2026-10-24T21:00+02:00", "2026-10-25T08:00+01:00"),
    ],
)
def test_when_people_may_be_texted(times: SendingTimes, zones: list[ZoneInfo], now: str, allowed: str) -> None:
    now_ms = round(datetime.fromisoformat(now).timestamp() * 1000)
    found = times.next_allowed_ms(now_ms, zones)
    assert found == round(datetime.fromisoformat(allowed).timestamp() * 1000)


QUARTER = timedelta(minutes=15)
ZONES = ["Pacific/Kiritimati", "Asia/Kathmandu", "Europe/Berlin", "Pacific/Pago_Pago", "America/St_Johns"]
quarters = st.integers(0, 95).map(lambda n: (datetime.min + n * QUARTER).time())


@given(
    window=st.none() | st.builds(Window, quarters, quarters),
    days=st.lists(st.integers(0, 6), max_size=4),
    holidays=st.lists(st.integers(0, 6).map(lambda n: date(2026, 10, 22) + timedelta(days=n)), max_size=4),
    names=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
    start=st.integers(0, 500),
)
@settings(deadline=None, max_examples=100)
def test_the_next_allowed_moment_is_the_first_one(
    window: Window | None, days: list[int], holidays: list[date], names: list[str], start: int
) -> None:
    """Held against asking for each quarter of an hour, in the week in which Berlin's clock goes back."""
    times = SendingTimes(window, days, holidays)
    zones = [ZoneInfo(name) for name in names]
    now = datetime(2026, 10, 22, tzinfo=UTC) + start * QUARTER

    def allowed(moment: datetime) -> bool:
        local = [moment.astimezone(zone) for zone in zones]
        return all(
            (window is None or window.allows(at.time()))
            and (not days or at.weekday() in days)
            and at.date() not in holidays
            for at in local
        )

    first = next((m for n in range(8 * 96) if allowed(m := now + n * QUARTER)), None)
    found = times.next_allowed_ms(round(now.timestamp() * 1000), zones)
    if first is None:
        assert found is None or found > (now + 8 * 96 * QUARTER).timestamp() * 1000 - 1
    else:
        assert found == round(first.timestamp() * 1000)


class _Counted(frozenset[date]):
    asked = 0

    def __contains__(self, day: object) -> bool:
        _Counted.asked += 1
        return True


def test_that_it_is_never_allowed_costs_one_look_at_each_day() -> None:
    assert SendingTimes(None, (), _Counted()).next_allowed_ms(0, [BERLIN, NEW_YORK]) is None
    assert _Counted.asked <= 2 * HORIZON_DAYS + 1


def test_urgent_messages_keep_no_hours() -> None:
    assert not DAY.applies_to(Priority.URGENT)
    assert DAY.applies_to(Priority.NORMAL)


def test_the_first_rule_that_matches_routes() -> None:
    table = RouteTable(
        [
            Rule("=otp", tag="otp"),
            Rule("@abroad", pattern=re.compile(r"^\+(?!49)")),
            Rule("=shop", prefix="+4915", client="shop"),
            Rule("@german", country="DE"),
        ],
        {"abroad": ["a", "b"], "german": ["b"]},
    )
    assert table.choose("+33612345678", "FR", ["otp"], "") == "=otp"
    assert table.choose("+33612345678", "FR", [], "") == "@abroad"
    assert table.choose("+4915112345678", "DE", [], "shop") == "=shop"
    assert table.choose("+4915112345678", "DE", [], "other") == "@german"
    assert table.choose("2442", None, [], "") == ""
    assert table.pools_of("b") == ("abroad", "german")


def test_a_conversation_goes_on_with_another_modem_only_while_its_own_is_unfit() -> None:
    assert "~a" in routes_served("a", (), ())
    assert "~a" not in routes_served("b", (), ())
    assert "~a" in routes_served("b", (), ("a",))


def test_a_route_leads_around_the_modems_that_refused() -> None:
    assert str(Route.parse("").around("a")) == "!a"
    assert str(Route.parse("!b@pool").around("a")) == "!a!b@pool"
    assert str(Route.parse("~a").around("a")) == "!a"
    assert Route.parse("=a").around("a") is None
    assert Route.parse("!a!b-1.x@pool") == Route(RouteKind.POOL, "pool", frozenset({"a", "b-1.x"}))
    assert Route.parse("@pool").base == "@pool"
    for odd in ("a", "!", "!@pool", "#a"):
        with pytest.raises(ValueError, match="not a valid route"):
            Route.parse(odd)
    assert target_of("!a@pool") == (None, "pool")


def test_detours_are_served_by_the_others_and_by_those_that_refused_only_when_there_is_no_other() -> None:
    roads = Eligibility(RouteTable((), {"two": ["a", "b"]}))
    for name in "abc":
        roads.attach(name, fit=True)
    assert roads.around("", "a") == "!a"
    assert roads.around("!a@two", "b") is None  # nobody else is in the pool
    roads.know(["!a", "!a@two"])
    served = {name: {route for route in roads.served_by(name) if route.startswith("!")} for name in "abc"}
    assert served == {"a": set(), "b": {"!a", "!a@two"}, "c": {"!a"}}
    roads.attach("b", fit=False)
    assert "!a@two" in roads.served_by("a")
    assert "!a" not in roads.served_by("a")
    assert roads.around("", "a") == "!a"
    roads.attach("c", fit=False)
    assert "!a" in roads.served_by("a")
    assert roads.around("", "a") is None


def test_what_this_modem_cannot_send_moves_to_another_at_once_where_there_is_one() -> None:
    assert decide(Disposition.ELSEWHERE, attempts=1, failures_in_a_row=0, chance=0, others=True).action is Action.MOVE
    assert decide(Disposition.LATER, attempts=1, failures_in_a_row=0, chance=0, others=True).action is Action.RETRY


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
