"""Cost of a backup for those who send meanwhile: acceptance of single texts without one and during one."""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client

_MESSAGES = 100_000
#: So that nothing but the backup and the acceptance is measured.
LATER = (datetime.now(UTC) + timedelta(days=1)).isoformat()


def main() -> None:
    """Print how long a backup takes, its size, and latencies without and during it."""
    with tempfile.TemporaryDirectory() as directory, site(Path(directory), 1) as place, place.start() as client:
        for start in range(0, _MESSAGES, 5000):
            client.send_many([_message(n) for n in range(start, start + 5000)])
        until(lambda: _is_found(client, _MESSAGES - 1), 120)
        _report("without a backup", _latencies(place, 3.0, threading.Event()))
        done = threading.Event()
        made: list[dict[str, int]] = []

        def back_up() -> None:
            with Client(place.socket) as other:
                began = time.perf_counter()
                made.append(other.request("POST", "/v1/backups"))
                took_s = time.perf_counter() - began
                size = (place.directory / "state" / "gsmgw.db").stat().st_size
                print(
                    f"backup of {_MESSAGES} texts: {took_s:.1f} s, "
                    f"{size / 1048576:.0f} MiB packed to {made[0]['octets'] / 1048576:.0f} MiB"
                )
                done.set()

        thread = threading.Thread(target=back_up)
        thread.start()
        _report("during a backup", _latencies(place, 120.0, done))
        thread.join()


def _is_found(client: Client, number: int) -> bool:
    """Return True if the search index has followed up to that message."""
    return next(iter(client.messages(q=f"table {number} ready")), None) is not None


def _message(number: int) -> dict[str, str]:
    text = f"Your table for {number} is ready, please come in."
    return {"to": f"+4915100{number % 5000:05d}", "text": text, "send_at": LATER}


def _latencies(place: Site, most_s: float, ended: threading.Event) -> list[float]:
    found = []
    with Client(place.socket) as client:
        until_s = time.monotonic() + most_s
        while time.monotonic() < until_s and not ended.is_set():
            began = time.perf_counter()
            client.send(**_message(len(found)))
            found.append((time.perf_counter() - began) * 1000)
    return sorted(found)


def _report(name: str, times: list[float]) -> None:
    p99 = times[int(len(times) * 0.99)]
    print(
        f"backup: a text is accepted {name} in {statistics.median(times):.1f} ms (median), "
        f"{p99:.1f} ms (p99), {times[-1]:.0f} ms (worst of {len(times)})"
    )
