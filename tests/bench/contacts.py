"""Contacts: the import of 100 000 rows, its memory, and how long segments of them take to count.

The gateway is a process of its own; the memory is the growth of its peak (VmHWM) over what it had before the import.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client

ROWS = 100_000
CITIES = ("Ulm", "Bonn", "Kiel", "Köln", "Trier")


def main() -> None:
    """Print the time and the memory of an import, and of its undoing."""
    with tempfile.TemporaryDirectory() as directory, site(Path(directory), 1) as place, place.start() as client:
        until(lambda: client.modems()[0]["state"] == "ready")
        for name, kind in (("city", "text"), ("points", "number"), ("born", "date")):
            client.put_field(name, kind)
        client.create_group("Blocked")
        before_mb, began_s = _peak_mb(place), time.perf_counter()
        done = client.import_contacts(_file(), groups=["Customers"])
        took_s = time.perf_counter() - began_s
        assert done["created"] == ROWS, done
        grown_mb = _peak_mb(place) - before_mb
        print(f"import of {ROWS} contacts: {took_s:.1f} s (must: 60), memory +{grown_mb:.0f} MB (must: 50)")
        _segments(client)
        began_s = time.perf_counter()
        client.undo_import(done["import_id"] or "")
        print(f"undone in {time.perf_counter() - began_s:.1f} s")


def _segments(client: Client) -> None:
    """Print the time of previews: the first one of each kind, and the best of five."""
    for segment in (
        'city = "Ulm" and last_reply < 30d and not group = "Blocked"',
        'not city = "Ulm" and points >= 500 or name contains "anna9"',
        "born < 1980-01-01 and last_sent is empty and consent is empty",
        'group = "Customers" and language is empty',
    ):
        times = []
        for _ in range(5):
            began_s = time.perf_counter()
            count = client.preview_segment(segment)["count"]
            times.append((time.perf_counter() - began_s) * 1000)
        print(f"segment: {times[0]:.0f} ms, best {min(times):.0f} ms (must: 200), {count} in {segment}")


def _file() -> bytes:
    dice = random.Random(1)
    lines = ["Vorname,Nachname,Handy,City,Points,Born"]
    lines += [
        f"Anna{number % 997},Bauer{number},+49151{12_000_000 + number},{dice.choice(CITIES)},{dice.randrange(1000)},"
        f"{dice.randrange(1950, 2010)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}"
        for number in range(ROWS)
    ]
    return "\n".join(lines).encode()


def _peak_mb(place: Site) -> float:
    assert place.gateway is not None
    status = Path(f"/proc/{place.gateway.child.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
