"""How long a modem is waited for follows how long it took."""

from __future__ import annotations

from gsmgw.modem.sending.result_timeout import ResultTimeout


def test_a_modem_of_which_nothing_is_known_is_waited_for_long() -> None:
    patience = ResultTimeout()
    assert patience.wait_s(10.0, 180.0) == 80.0
    for wait_s in (40.0, 20.0, 10.0, 10.0):
        patience.missed()
        assert patience.wait_s(10.0, 180.0) == wait_s
    patience.note(0.3)
    assert patience.wait_s(10.0, 180.0) == 80.0
    for _ in range(4):
        patience.note(0.3)
    assert patience.wait_s(10.0, 180.0) == 10.0


def test_one_that_was_slow_is_waited_for_longer_and_never_beyond_its_limit() -> None:
    patience = ResultTimeout()
    for _ in range(5):
        patience.note(0.3)
    patience.note(20.0)
    assert patience.wait_s(10.0, 180.0) == 60.0
    patience.note(100.0)
    assert patience.wait_s(10.0, 180.0) == 180.0
    for _ in range(50):
        patience.note(0.3)
    assert patience.wait_s(10.0, 180.0) == 10.0
