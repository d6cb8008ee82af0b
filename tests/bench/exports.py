"""Exports and searches beside sending: how long texts wait for them.

A database of 50 000 messages; two clients export all of it, two search it, again and again, while one text after the
other is sent over an idle modem. The delay is from the request to the PDU. Their requests and the JSON of the export
take CPU of the same process, so some delay remains; waiting for a reader of the database is none of it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client

STORED, TEXTS, READERS = 50_000, 60, 2

_READER = """
import sys
from gsmgw.client import Client
client = Client(sys.argv[1])
def read():
    return client.export("ndjson") if sys.argv[2] == "export" else client.messages(q="number lorem", limit=500)
next(iter(read()))
print("reading", flush=True)
while True:
    for portion in read(): pass
"""


def main() -> None:
    """Print the delay of texts without anybody who reads, and beside exports and searches."""
    with tempfile.TemporaryDirectory() as directory, site(Path(directory), 1) as place:
        with place.start() as client:
            until(lambda: client.modems()[0]["state"] == "ready")
        place.kill()
        _fill(Path(directory) / "state" / "gsmgw.db")
        with place.start() as client:
            until(lambda: client.modems()[0]["state"] == "ready")
            until(lambda: bool(list(client.messages(q="number lorem", limit=1))), 120)
            alone = _delays(place, client, "alone")
            with _reading(place, "export"):
                beside = _delays(place, client, "export")
            with _reading(place, "search"):
                searched = _delays(place, client, "search")
    for words, delays in (("nothing", alone), (f"{READERS} exports", beside), (f"{READERS} searches", searched)):
        p50, p95 = delays[len(delays) // 2], delays[int(len(delays) * 0.95)]
        print(
            f"exports beside {words}: POST to PDU p50 {p50:.1f} ms ({p50 / alone[len(alone) // 2]:.1f}), p95 {p95:.1f}"
        )


def _fill(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO messages (id, direction, status, peer, text, encoding, segments, created_ms, sent_ms, "
            "delivered_ms) VALUES (?, 'outbound', 'delivered', ?, ?, 'gsm7', 1, ?, 1, 1)",
            (
                (number, f"+491511{number % 5000:07d}", f"number {number} lorem ipsum {number % 97}", number)
                for number in range(1, STORED + 1)
            ),
        )
        db.executemany(
            "INSERT INTO events (at_ms, type, message_id, data) VALUES (?, 'message.queued', ?, '{}')",
            ((number, number) for number in range(1, STORED + 1)),
        )
        db.execute("COMMIT")


@contextlib.contextmanager
def _reading(place: Site, what: str) -> Iterator[None]:
    command = [sys.executable, "-c", _READER, str(place.socket), what]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(READERS)]
    try:
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == b"reading\n"
        yield
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()


def _delays(place: Site, client: Client, word: str) -> list[float]:
    """Milliseconds from the request to the PDU, sorted."""
    posted: dict[str, float] = {}
    for number in range(TEXTS):
        text = f"{word} {number}"
        posted[text] = time.time()
        client.send(f"+4915199{number:05d}", text)
        until(lambda text=text: place.copies()[text] == 1)
        time.sleep(0.02)  # each finds an idle queue
    return sorted((entry["t"] - posted[entry["text"]]) * 1000 for entry in place.submits() if entry["text"] in posted)
