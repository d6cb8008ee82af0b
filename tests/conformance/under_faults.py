"""Observe programs while the modem misbehaves: one text under each fault, one after it, one to the program.

Run by hand, from docs/explanation; it takes some minutes:

    python ../../tests/conformance/under_faults.py simulator-failures.md transcripts

It writes the table between the two marks of the page, and a transcript for each row that went wrong.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.drivers import Driver, GammuSmsd, Kannel, PythonGsmmodem, Smstools, until

from hw_sim.background import BackgroundSimulation
from hw_sim.transcripts.format import parse_transcript, readable

PROGRAMS: tuple[type[Driver], ...] = (GammuSmsd, Smstools, Kannel, PythonGsmmodem)
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("lost-result", {"count": 1}),
    ("late-result", {"count": 1, "seconds": 20.0}),
    ("taken-error", {"count": 1}),
    ("stuck-send", {"count": 1}),
    ("false-ok", {"count": 1}),
    ("cms-error", {"count": 1, "code": 500}),
    ("prompt-missing", {"count": 1}),
    ("prompt-late", {"count": 1, "seconds": 10.0}),
    ("reset-mid-pdu", {}),
    ("reset", {}),
    ("hang", {"for_s": 15.0}),
    ("vanish", {"for_s": 5.0}),
    ("network-lost", {"for_s": 15.0}),
    ("sim-removed", {"for_s": 10.0}),
    ("urc-midresponse", {"for_s": 30.0}),
    ("garbage", {"for_s": 30.0, "share": 0.3}),
    ("split", {"for_s": 30.0}),
    ("wrong-result", {"count": 1}),
)
OBSERVED_S = 130.0
AT_ONCE = 18


def observe(simulation: BackgroundSimulation, driver: Driver, kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """One program under one fault."""
    found: dict[str, Any] = {"program": driver.name, "fault": kind}
    phone, modem = driver.phone, driver.modem

    def copies(text: str) -> int:
        return sum(event["text"] == text and event["modem"] == modem.name for event in simulation.submits)

    with driver:
        try:
            driver.identified()
            driver.send("before the fault")
            until(lambda: copies("before the fault"))
        except (TimeoutError, RuntimeError) as error:
            return {**found, "copies": -1, "note": repr(error)}
        start = time.monotonic()
        found["from_s"] = simulation.run(simulation.simulation.clock.now)
        modem.fault(kind, **options)
        refused = ""
        try:
            driver.send("under the fault")
        except (TimeoutError, RuntimeError) as error:
            refused = repr(error)
        arrived: float | None = None
        while time.monotonic() < start + OBSERVED_S:
            if arrived is None and copies("under the fault"):
                arrived = time.monotonic() - start
            time.sleep(0.2)  # between two looks
        found |= {"arrived_s": arrived, "refused": refused}
        modem.clear_faults()
        again = time.monotonic()
        try:
            driver.send("after the fault")
            until(lambda: copies("after the fault"), 45)
            found["after_s"] = time.monotonic() - again
        except (TimeoutError, RuntimeError, BrokenPipeError):
            found["after_s"] = None
        phone.send(modem.name, "to the program")
        try:
            until(lambda: "to the program" in driver.received(), 20)
            found["inbound"] = True
        except (TimeoutError, RuntimeError, BrokenPipeError):
            found["inbound"] = False
        found["copies"] = copies("under the fault")
    return found


def verdict(found: dict[str, Any]) -> str:
    """The finding in words."""
    if found["copies"] < 0:
        return "did not start"
    words = []
    if found["copies"] == 0:
        words.append(
            "lost, said so" if found["refused"] else "lost silently" if found["fault"] == "false-ok" else "not sent"
        )
    elif found["copies"] > 1:
        words.append(f"sent {found['copies']} times")
    elif found["refused"]:
        words.append("sent, reported as failed")
    elif found["arrived_s"] is None or found["arrived_s"] > 45:
        words.append(f"sent after {found['arrived_s'] or OBSERVED_S:.0f} s or more")
    if found["after_s"] is None:
        words.append("sends nothing any more")
    elif found["after_s"] > 15:
        words.append(f"next text after {found['after_s']:.0f} s")
    if not found["inbound"]:
        words.append("receives nothing any more")
    return "; ".join(words) or "fine"


def main(page: Path, folder: Path) -> None:
    """Observe everything, write the page's table and the transcripts."""
    work = Path(tempfile.mkdtemp(prefix="uf"))
    ttys = tempfile.mkdtemp(prefix="hs")
    jobs = []
    with BackgroundSimulation(seed=1, directory=ttys, transcripts=work / "transcripts") as simulation:
        simulation.run(lambda: simulation.simulation.network.set_rules(delivery_gap_s=0.3))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number, (kind, options) in enumerate(FAULTS):
                for place, program in enumerate(PROGRAMS):
                    name = f"m{number * len(PROGRAMS) + place}"
                    modem = simulation.add_modem(name, profile="simcom-sim800")
                    phone = simulation.phone(f"+49151{number:04d}{place:04d}")
                    driver = program(work / name, modem, phone, "simcom-sim800")
                    jobs.append((name, pool.submit(observe, simulation, driver, kind, options)))
    rows: dict[str, list[str]] = {kind: [] for kind, _ in FAULTS}
    folder.mkdir(exist_ok=True)
    for name, job in jobs:
        found = job.result()
        words = verdict(found)
        print(json.dumps({**found, "verdict": words}))
        if words != "fine":
            pieces = parse_transcript((work / "transcripts" / f"{name}.transcript").read_text())
            kept = [piece for piece in pieces if piece.at_s >= found.get("from_s", 0.0) - 0.5]
            target = folder / f"{found['program']}-{found['fault']}.txt"
            target.write_text("\n".join(readable(kept)[:120]) + "\n", encoding="utf-8")
            words = f"[{words}](transcripts/{target.name})"
        rows[found["fault"]].append(words)
    table = ["| fault | " + " | ".join(program.name for program in PROGRAMS) + " |", "|---|" + "---|" * len(PROGRAMS)]
    table += [f"| `{kind}` | " + " | ".join(cells) + " |" for kind, cells in rows.items()]
    head, _, rest = page.read_text(encoding="utf-8").partition("<!-- table -->\n")
    _, _, tail = rest.partition("<!-- end -->\n")
    page.write_text(f"{head}<!-- table -->\n" + "\n".join(table) + f"\n<!-- end -->\n{tail}", encoding="utf-8")
    shutil.rmtree(ttys, ignore_errors=True)
    shutil.rmtree(work)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
