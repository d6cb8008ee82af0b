"""All programs on all profiles at once, each on its own modem of one network: the results, once per session."""

from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from conformance.drivers import DRIVERS, Driver, missing, until

from hw_sim.background import BackgroundModem, BackgroundPhone, BackgroundSimulation

PROFILES = ("generic", "huawei-e1752", "quectel-ec25", "simcom-sim800")
#: Time between two texts of the network. A program that reads one may not hear of the next, and how long it reads
#: depends on what else the machine does.
DELIVERY_GAP_S = 1.5
STEPS = ("identify", "short", "long", "Unicode", "flash", "receive", "report", "storage")

#: Programs at work at the same time: more of them starve each other on a small machine, and miss their deadlines.
WORKERS = 12

LONG = " ".join(f"piece {number}" for number in range(1, 40))
INCOMING = "An answer to the program"
LONG_INCOMING = " ".join(f"answer {number}" for number in range(1, 40))

Results = dict[tuple[str, str], Future[dict[str, str]]]


def _attempt(action: object) -> str:
    try:
        assert callable(action)
        return "yes" if action() is not False else "no"
    except TimeoutError:
        return "no: nothing came"
    except Exception as error:  # noqa: BLE001  a program's failure is the result
        return f"no: {error}"


def _got(phone: BackgroundPhone, text: str, message_class: int | None = None) -> bool:
    return bool(
        until(lambda: any(m.text == text and (message_class is None or m.message_class == 0) for m in phone.received))
    )


def _emptied(driver: Driver, modem: BackgroundModem) -> bool:
    driver.clean()
    return bool(until(lambda: modem.change(lambda m: len(m.memories["SM"]) + len(m.memories["ME"]) == 0), 60))


def _received(driver: Driver) -> bool:
    def there() -> bool:
        try:
            said = driver.received().replace("\n", "")
        except RuntimeError:  # an indication came in between: it asks again
            return False
        return INCOMING in said and all(word in said for word in LONG_INCOMING.split(" ")[:-1:7])

    return bool(until(there))


def exercise(driver: Driver) -> dict[str, str]:
    """Every step of one program on one modem."""
    phone, modem = driver.phone, driver.modem
    with driver:
        found = {"identify": _attempt(driver.identified)}
        texts = {"short": "short text", "long": LONG, "Unicode": "Ελλάδα жук", "flash": "flash text"}
        sent = {}
        for step, text in texts.items():
            options = {"unicode": step == "Unicode", "flash": step == "flash", "report": step == "short"}
            sent[step] = _attempt(lambda text=text, options=options: driver.send(text, **options))
            driver.rest()
        phone.send(modem.name, INCOMING)
        phone.send(modem.name, LONG_INCOMING)
        for step, text in texts.items():
            state = sent[step]
            if state == "yes":
                state = _attempt(lambda text=text, step=step: _got(phone, text, 0 if step == "flash" else None))
            found[step] = state
        found["receive"] = _attempt(lambda: _received(driver))
        found["report"] = _attempt(lambda: until(driver.reported, 20))
        found["storage"] = _attempt(lambda: _emptied(driver, modem))
    return found


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Results of each installed program on each profile."""
    folder = tmp_path_factory.mktemp("conformance")
    ttys = tempfile.mkdtemp(prefix="hs")  # gnokii takes a port name of at most 31 characters
    drivers = [driver for driver in DRIVERS if not missing(driver)]
    gathered: Results = {}
    with BackgroundSimulation(seed=1, directory=ttys, transcripts=folder / "transcripts") as simulation:
        simulation.run(lambda: simulation.simulation.network.set_rules(delivery_gap_s=DELIVERY_GAP_S))
        with ThreadPoolExecutor(WORKERS) as pool:
            for driver in drivers:
                for profile in PROFILES:
                    place = len(gathered) + 1
                    modem = simulation.add_modem(f"m{place}", profile=profile)
                    phone = simulation.phone(f"+4915100000{place:02d}")
                    made = driver(folder / f"{driver.name}-{profile}", modem, phone, profile)
                    gathered[driver.name, profile] = pool.submit(exercise, made)
    shutil.rmtree(ttys)
    return gathered


@pytest.fixture
def required() -> bool:
    """In CI the programs must be there."""
    return os.environ.get("CI") == "true"
