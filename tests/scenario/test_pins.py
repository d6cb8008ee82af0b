"""The PIN: the one that a SIM accepted is used again for as long as the gateway runs, and no attempt is wasted."""

from __future__ import annotations

import asyncio

import pytest
from support.virtual import Bench, bench

from gsmgw.errors import ModemError
from gsmgw.model import ModemState
from gsmgw.modem import MemoryPinGuard
from hw_sim.simcard import SimCard

#: Profiles whose SIMs tell their ICCID and attempts in different ways before the PIN, or not at all.
PROFILES = ("generic", "huawei-e1752", "quectel-ec25", "zte-k3565z", "qualcomm-m6280", "siemens-tc35", "telit-he910")
RIGHT = {"pin": "4711"}
WRONG = {"pin": "1111"}


async def is_locked(place: Bench) -> None:
    await place.pass_until(lambda: place.modem.status.state is ModemState.LOCKED, 90)


async def enter(place: Bench, pin: str) -> None:
    entering = asyncio.ensure_future(place.modem.enter_pin(pin))
    await place.pass_until(entering.done, 90)
    entering.result()


async def restart(place: Bench) -> None:
    """Restart the modem, as a spontaneous reset does, and give the gateway time to notice."""
    place.simulated.fault("reset")
    await place.clock.advance(45)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The PINs that reach a SIM."""
    found: list[str] = []
    original = SimCard.try_pin

    def try_pin(card: SimCard, code: str) -> bool:
        found.append(code)
        return original(card, code)

    monkeypatch.setattr(SimCard, "try_pin", try_pin)
    return found


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_pin_by_hand_outlives_resets_although_the_configured_one_is_wrong(
    profile: str, tried: list[str]
) -> None:
    async with bench(profile, sim=RIGHT, config=WRONG, ready=False) as place:
        await is_locked(place)
        await enter(place, "4711")
        await place.ready(90)
        assert tried == ["1111", "4711"]
        for _ in range(3):
            await restart(place)
            await place.ready(90)
        assert place.simulated.card.pin_left == 3
        place.simulated.fault("pin-again")
        await place.pass_until(lambda: not place.modem.status.state.carries)
        await place.ready(90)
        assert tried == ["1111", *["4711"] * 5]


async def test_a_pin_by_hand_outlives_unplugging() -> None:
    async with bench("quectel-ec25", sim=RIGHT, config=WRONG, ready=False) as place:
        await is_locked(place)
        await enter(place, "4711")
        await place.ready(90)
        place.simulated.fault("vanish", for_s=5)
        await place.pass_until(lambda: not place.modem.status.state.carries)
        await place.ready(90)
        assert place.simulated.card.pin_left == 3


async def test_the_pin_of_one_sim_is_not_tried_with_another() -> None:
    async with bench(sim=RIGHT, ready=False) as place:
        await is_locked(place)
        await enter(place, "4711")
        await place.ready(90)
        place.simulated.fault("sim-removed")
        await is_locked(place)
        card = place.simulated.card
        card.iccid, card.pin_code = "8949000000000000999", "2222"
        place.simulated.faults.clear()
        await place.clock.advance(60)
        assert place.modem.status.state is ModemState.LOCKED
        assert card.pin_left == 3
        await enter(place, "2222")
        await place.ready(90)


async def test_another_sim_behind_a_modem_that_does_not_tell_it_costs_no_attempt_when_one_is_spent() -> None:
    """Where the ICCID needs the PIN, the remembered PIN is tried only with a SIM that has all its attempts left."""
    hidden = lambda line: "+CME ERROR: 11" if "CCID" in line else None  # noqa: E731
    async with bench(sim=RIGHT, ready=False, answer=hidden) as place:
        await is_locked(place)
        await enter(place, "4711")
        await place.ready(90)
        place.simulated.card.pin_code, place.simulated.card.pin_left = "2222", 2
        await restart(place)
        await is_locked(place)
        assert place.simulated.card.pin_left == 2
        await enter(place, "2222")
        await place.ready(90)


async def test_a_changed_pin_costs_one_attempt_and_then_a_person_is_asked() -> None:
    async with bench(sim=RIGHT, ready=False) as place:
        await is_locked(place)
        await enter(place, "4711")
        await place.ready(90)
        place.simulated.card.pin_code = "2222"
        for _ in range(3):
            await restart(place)
            await is_locked(place)
            assert place.simulated.card.pin_left == 2
        await enter(place, "2222")
        await restart(place)
        await place.ready(90)


async def test_a_wrong_pin_is_never_entered_twice_by_itself(tried: list[str]) -> None:
    guard = MemoryPinGuard()
    async with bench(sim=RIGHT, config=WRONG, guard=guard, ready=False) as place:
        for _ in range(4):
            await is_locked(place)
            await restart(place)
        await is_locked(place)
        with pytest.raises(ModemError, match="refused this PIN earlier"):
            await enter(place, "1111")
        assert tried == ["1111"]
        await enter(place, "4711")
        await place.ready(90)
    async with bench(sim=RIGHT, config=WRONG, guard=guard, ready=False) as place:  # the gateway was restarted
        await is_locked(place)
        assert place.simulated.card.pin_left == 3


async def test_the_last_attempt_is_left_to_a_person_with_a_phone() -> None:
    async with bench(sim=RIGHT, config=WRONG, ready=False) as place:
        await is_locked(place)
        with pytest.raises(ModemError, match="PIN"):
            await enter(place, "2222")
        assert place.simulated.card.pin_left == 1
        for pin in ("3333", "4711"):
            with pytest.raises(ModemError, match="only one PIN attempt is left"):
                await enter(place, pin)
        assert place.simulated.card.pin_left == 1


@pytest.mark.parametrize("answer", ["+CME ERROR: 14", "+CME ERROR: 515", "+CMS ERROR: 314", "+CME ERROR: 100"])
async def test_a_busy_sim_gets_the_right_pin_again(answer: str) -> None:
    left = 3

    def busy(line: str) -> str | None:
        nonlocal left
        if line.startswith("AT+CPIN=") and left:
            left -= 1
            return answer
        return None

    async with bench(sim=RIGHT, config=RIGHT, answer=busy, ready=False) as place:
        await place.ready(120)
        assert place.simulated.card.pin_left == 3


async def test_a_right_pin_whose_answer_got_lost_is_entered_again() -> None:
    """The port is lost between AT+CPIN and its answer: the SIM has all its attempts left, which tells that it was not
    wrong.
    """
    guard = MemoryPinGuard()
    lost = False

    async with bench(sim=RIGHT, config=RIGHT, guard=guard, ready=False) as place:

        def lose(line: str) -> str | None:
            nonlocal lost
            if line.startswith("AT+CPIN=") and not lost:
                lost = True
                place.port._lose()
                return ""
            return None

        place.port.answer = lose
        await place.ready(120)
        assert lost
        assert place.simulated.card.pin_left == 3


async def test_plain_error_counts_as_a_refusal_only_when_the_sim_counted_it() -> None:
    errors = {"AT+CPIN=": "ERROR"}
    async with bench(sim=RIGHT, config=RIGHT, ready=False) as place:
        place.port.answer = lambda line: next((error for name, error in errors.items() if line.startswith(name)), None)
        await place.clock.advance(5)
        assert not place.modem.status.state.carries
        errors.clear()
        await place.ready(120)
        assert place.simulated.card.pin_left == 3
