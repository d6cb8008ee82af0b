"""The recovery plan: one step after the other, each within its limit."""

from __future__ import annotations

from gsmgw.clock import VirtualClock
from gsmgw.model import RecoveryStep
from gsmgw.modem.health.failure_counter import FailureCounter
from gsmgw.modem.health.recovery import LIMIT_PER_HOUR, RecoveryPlan
from gsmgw.pdu.causes import PLAIN_ERROR, cme_cause, cms_cause


def test_the_steps_come_in_order_and_start_over_after_a_success() -> None:
    plan = RecoveryPlan(VirtualClock())
    assert [plan.next_step() for _ in range(7)] == [*RecoveryStep, RecoveryStep.QUARANTINE]
    plan.succeeded()
    assert plan.next_step() is RecoveryStep.SETTINGS


def test_what_is_not_possible_is_left_out() -> None:
    plan = RecoveryPlan(VirtualClock())
    available = frozenset({RecoveryStep.SETTINGS, RecoveryStep.RADIO, RecoveryStep.RESET, RecoveryStep.QUARANTINE})
    assert [plan.next_step(available=available) for _ in range(4)] == [
        RecoveryStep.SETTINGS,
        RecoveryStep.RADIO,
        RecoveryStep.RESET,
        RecoveryStep.QUARANTINE,
    ]
    assert RecoveryPlan(VirtualClock()).next_step(RecoveryStep.USB, available=available) is RecoveryStep.QUARANTINE


async def test_each_step_has_a_limit_per_hour() -> None:
    clock = VirtualClock()
    plan = RecoveryPlan(clock)
    resets = 0
    for _ in range(20):
        plan.succeeded()
        for _ in range(3):
            resets += plan.next_step() is RecoveryStep.RESET
    assert resets == LIMIT_PER_HOUR[RecoveryStep.RESET]
    await clock.advance(3600)
    plan.succeeded()
    assert [plan.next_step() for _ in range(3)] == [RecoveryStep.SETTINGS, RecoveryStep.RADIO, RecoveryStep.RESET]


def test_quarantine_grows() -> None:
    plan = RecoveryPlan(VirtualClock())
    assert [plan.quarantine_s() for _ in range(4)] == [60.0, 300.0, 900.0, 900.0]


def test_a_modem_that_sends_nothing_is_found_out() -> None:
    for own in (cms_cause(500), cms_cause(300), cme_cause(100), PLAIN_ERROR, None):
        counter = FailureCounter()
        assert [counter.failure(own) for _ in range(4)] == [False, False, True, True]
    counter = FailureCounter()
    assert [counter.failure(cms_cause(38)) for _ in range(9)] == [False] * 7 + [True, False]


def test_what_follows_the_recipient_says_nothing_about_the_modem() -> None:
    counter = FailureCounter()
    wrong = [bytes([number]) for number in range(20)]
    assert not any(counter.failure(cms_cause(500), to, others_wait=True) for to in wrong)
    counter.success(b"right")
    assert not any(counter.failure(cms_cause(500), to) for to in wrong * 5)
    assert [counter.failure(cms_cause(500), b"other") for _ in range(3)] == [False, False, True]
    assert not counter.is_certain
    counter.received()
    assert [counter.failure(cms_cause(500), b"right") for _ in range(3)] == [False, False, True]
    assert counter.is_certain


def test_a_modem_that_refuses_all_is_found_out_though_there_are_always_others() -> None:
    counter = FailureCounter()
    verdicts = [counter.failure(cms_cause(500), bytes([number]), others_wait=True) for number in range(60)]
    assert verdicts.index(True) == FailureCounter.FAR_LIMIT - 1


async def test_a_modem_that_has_just_sent_is_not_sick() -> None:
    clock = VirtualClock()
    counter = FailureCounter(clock)
    counter.success(b"right")
    assert not any(counter.failure(cms_cause(500), bytes([number % 7])) for number in range(50))
    assert [counter.failure(cms_cause(500), b"right") for _ in range(3)] == [False, False, True]
    counter.success(b"another")
    await clock.advance(FailureCounter.JUST_SENT_S)
    assert [counter.failure(cms_cause(500), bytes([number])) for number in range(40, 43)] == [False, False, True]


def test_silence_is_the_modems_whoever_waits() -> None:
    counter = FailureCounter()
    assert [counter.failure(None, bytes([n]), others_wait=True) for n in range(3)] == [False, False, True]
    assert counter.is_certain
