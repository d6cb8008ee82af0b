"""The power goes: the process is gone, and so is every write that was not synced."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from support.processes import Process, Site, site, until

pytestmark = pytest.mark.long

SOURCE = Path(__file__).parents[1] / "support" / "synced.c"
ROUNDS = int(os.environ.get("GSMGW_POWER_CUTS", "5"))


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that keeps what was synced."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler: apt install gcc libc6-dev")
    library = tmp_path_factory.mktemp("shim") / "synced.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


def start(place: Site, shim: Path, synced: Path) -> None:
    environ = {"LD_PRELOAD": str(shim), "SYNCED_FROM": f"{place.directory}/state/", "SYNCED_TO": str(synced)}
    command = ("gsmgw", "run", "--config", str(place.config))
    place.gateway = Process(place.directory / "gateway.out", *command, environ=environ)


def test_what_was_accepted_is_there_after_a_power_cut(shim: Path, tmp_path: Path) -> None:
    chance = random.Random(11)
    state, synced = tmp_path / "state", tmp_path / "synced"
    accepted: list[str] = []
    with site(tmp_path, modems=2, gateway="unknown_grace_s = 1.0") as place:
        for round_number in range(ROUNDS):
            synced.mkdir()
            if state.exists():
                for path in state.iterdir():
                    shutil.copy(path, synced)  # what was there before this start is on the disk
            start(place, shim, synced)
            texts = [f"round {round_number} text {n}" for n in range(200)]
            messages = [{"to": f"+49151{chance.randrange(10**7):07d}", "text": text} for text in texts]
            accepted += place.send_until_cut(messages, 0.1 + chance.random() * 0.5)
            place.kill()
            shutil.rmtree(state)
            synced.rename(state)
            for leftover in state.glob(".*"):
                leftover.unlink()
        with place.start() as client:
            until(lambda: not client.stats()["messages"], 60)
            found = {message["text"] for message in client.messages(direction="outbound")}
        copies = place.copies()
    assert len(accepted) > 20
    assert set(accepted) <= found
    assert set(accepted) <= set(copies)
