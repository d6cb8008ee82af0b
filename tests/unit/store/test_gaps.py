"""Evidence from used references about segments in doubt, compared with every way in which it can have been."""

from __future__ import annotations

from itertools import groupby, product

from hypothesis import given
from hypothesis import strategies as st

from gsmgw.store.reference_gaps import Fate, Verdict, weigh


def histories(doubts: list[int], used: int, perhaps: int) -> list[list[int | None]]:
    """Every way in which so many references can have been used: the place of each segment, None where it did not go.

    Of an interruption the first segments went, up to some point. Others that may have used a reference lie anywhere:
    where there are any, the places are not told.
    """
    sizes = [len(list(group)) for _, group in groupby(doubts)]
    found = []
    for gone in product(*(range(size + 1) for size in sizes)):
        if 0 <= used - sum(gone) <= perhaps:
            places: list[int | None] = []
            for size, count in zip(sizes, gone, strict=True):
                before = sum(place is not None for place in places)
                places += [before + place if place <= count else None for place in range(1, size + 1)]
            found.append(places)
    return found


@given(st.lists(st.integers(1, 4), max_size=4), st.integers(0, 18), st.integers(0, 2))
def test_what_is_said_holds_in_every_history_and_nothing_certain_is_left_open(
    sizes: list[int], used: int, perhaps: int
) -> None:
    doubts = [number for number, size in enumerate(sizes) for _ in range(size)]
    verdicts = weigh(doubts, used, perhaps)
    possible = histories(doubts, used, perhaps)
    if not possible:
        assert {verdict.fate for verdict in verdicts} <= {Fate.OPEN}
        return
    for number, verdict in enumerate(verdicts):
        places = {history[number] for history in possible}
        if None not in places:
            assert verdict.fate is Fate.SENT
            assert verdict.place == (places.pop() if len(places) == 1 and not perhaps else None)
        else:
            assert verdict == Verdict(Fate.NOT_SENT if places == {None} else Fate.OPEN)


def test_a_sum_that_cannot_be_made_up_says_nothing() -> None:
    assert weigh([1, 1], 3, 0) == [Verdict(Fate.OPEN)] * 2
    assert weigh([], 0, 0) == []
