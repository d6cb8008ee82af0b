"""kill -9 at random moments under load, as often as wanted: python -m tests.crash.storm --kills 200 [--no-reports]"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from crash.umpire import Umpire
from support.processes import Site, site, until

from gsmgw.client import Client, NoDaemon


@dataclass
class Outcome:
    """Result of a storm: texts that never arrived, texts that went twice, texts that were in doubt."""

    accepted: int = 0
    kills: int = 0
    lost: set[str] = field(default_factory=set)
    twice: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    #: Of those that went twice, the ones that the references of the SIMs told about.
    avoidable: set[str] = field(default_factory=set)
    open: Counter[str] = field(default_factory=Counter)


def storm(place: Site, kills: int, seed: int, *, reports: bool, batch: int = 60) -> Outcome:
    """Send, kill, start again; at the end wait until nothing is open, and count."""
    chance = random.Random(seed)
    wanted: set[str] = set()
    outcome = Outcome(kills=kills)
    umpire, database = Umpire(), place.directory / "state" / "gsmgw.db"
    for round_number in range(kills):
        with place.start() as client:
            texts = [f"round {round_number} text {n}" for n in range(batch)]
            try:
                answers = client.send_many(
                    [
                        {"to": f"+49151{chance.randrange(10**7):07d}", "text": text, "delivery_report": reports}
                        for text in texts
                    ]
                )
                wanted.update(text for text, answer in zip(texts, answers, strict=True) if "id" in answer)
                until(lambda: any(modem["state"] == "ready" for modem in client.modems()))
            except NoDaemon:
                pass
            time.sleep(chance.random() * 0.25)  # the kill comes at any step of the work
            place.kill()
        umpire.look(database, killed=True)
    with place.start() as client:
        until(lambda: not client.stats()["messages"], 120)
        outcome.doubtful = _doubtful(client)
        outcome.open = Counter(message["status"] for message in client.messages(direction="outbound"))
        umpire.look(database, killed=False)
    copies = place.copies()
    outcome.accepted = len(wanted)
    outcome.lost = wanted - set(copies)
    outcome.twice = {text for text, count in copies.items() if count > 1}
    outcome.avoidable = {text for text in outcome.twice if not umpire.without_evidence(text)}
    return outcome


def _doubtful(client: Client) -> set[str]:
    """Texts that were ever unknown: the history lists them."""
    last = client.stats()["last_event"]
    ids = set()
    for event in client.events(0):
        if event["type"] == "message.unknown":
            ids.add(event["message_id"])
        if event["id"] >= last:
            break
    return {client.message(message_id)["text"] for message_id in ids}


def main() -> None:
    """Print what a storm left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--modems", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-reports", action="store_true")
    parser.add_argument("--stored", action="store_true", help="the modems store status reports")
    parser.add_argument("--grace", type=float, default=30.0, help="unknown_grace_s; the gateway's default is 120")
    options = parser.parse_args()
    grace = f"unknown_grace_s = {options.grace}"
    how = 'reports = "stored"' if options.stored else ""
    with (
        tempfile.TemporaryDirectory() as directory,
        site(Path(directory), options.modems, gateway=grace, modem=how) as place,
    ):
        found = storm(place, options.kills, options.seed, reports=not options.no_reports)
    print(
        f"{found.kills} kills, {found.accepted} texts accepted: {len(found.lost)} lost, {len(found.twice)} sent twice, "
        f"{len(found.doubtful)} were in doubt; {dict(found.open)}"
    )
    if found.lost:
        sys.exit(f"lost: {sorted(found.lost)[:10]}")
    if silent := found.twice - found.doubtful:
        sys.exit(f"sent twice without having been in doubt: {sorted(silent)[:10]}")
    if found.avoidable:
        sys.exit(f"sent twice although references told about them: {sorted(found.avoidable)[:10]}")


if __name__ == "__main__":
    main()
