"""The event stream, with its reader and the daemon killed at random: every event once, in order."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.processes import Site, site, until

from gsmgw.client import Client

#: Events that have to come in the long run; 10 000 for a thorough one.
EVENTS = int(os.environ.get("GSMGW_CRASH_EVENTS", "2000"))
#: Kills after which it should long have come to an end.
MOST_KILLS = 1000
#: A reader that keeps each event in a file, and so knows where it was: what is in the file was seen.
READER = """
import json, os, sys
from gsmgw.client import Client
path, socket = sys.argv[1:]
lines = open(path).read().splitlines() if os.path.exists(path) else []
seen = [json.loads(line)["id"] for line in lines]
with open(path, "a") as file, Client(socket) as client:
    for event in client.events(seen[-1] if seen else 0):
        file.write(json.dumps(event) + "\\n")
        file.flush()
"""


class Reader:
    def __init__(self, place: Site, path: Path) -> None:
        self._command = [sys.executable, "-c", READER, str(path), str(place.socket)]
        self._path = path
        self.start()

    def start(self) -> None:
        self.child = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """kill -9; half a line that it was writing counts as not seen."""
        self.child.kill()
        self.child.wait()
        if self._path.exists():
            raw = self._path.read_bytes()
            self._path.write_bytes(raw[: raw.rfind(b"\n") + 1])

    def seen(self) -> list[int]:
        if not self._path.exists():
            return []
        return [json.loads(line)["id"] for line in self._path.read_text().splitlines() if line.endswith("}")]


def _keep_sending(place: Site, stop: threading.Event) -> None:
    number = 0
    while not stop.is_set():
        texts = [{"to": f"+49151000{n:05d}", "text": f"{number + n}", "delivery_report": False} for n in range(25)]
        number += 25
        body = json.dumps({"messages": texts}).encode()
        head = b"POST /v1/messages/batch HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        with socket.socket(socket.AF_UNIX) as channel, contextlib.suppress(OSError):
            channel.settimeout(60)
            channel.connect(str(place.socket))
            channel.sendall(head % len(body) + body)
            channel.recv(65536)
        stop.wait(0.02)


@pytest.mark.parametrize(("events", "least_kills"), [(400, 4), pytest.param(EVENTS, 10, marks=pytest.mark.long)])
def test_every_event_is_seen_once_and_in_order(tmp_path: Path, events: int, least_kills: int) -> None:
    chance = random.Random(5)
    with site(tmp_path, modems=2, gateway="unknown_grace_s = 1.0") as place:
        place.start().close()
        reader = Reader(place, tmp_path / "seen.jsonl")
        stop = threading.Event()
        sender = threading.Thread(target=_keep_sending, args=(place, stop))
        sender.start()
        kills = 0
        try:
            while len(reader.seen()) < events or kills < least_kills:
                stop.wait(chance.uniform(0.2, 1.0))
                if chance.random() < 0.5:
                    reader.kill()
                    reader.start()
                else:
                    place.kill()
                    place.start().close()
                kills += 1
                if reader.child.poll() is not None:  # it found no daemon when it began
                    reader.start()
                assert kills < MOST_KILLS, "it does not get on"
        finally:
            stop.set()
            sender.join()
            reader.kill()
        with Client(place.socket) as client:
            reader.start()
            last = client.stats()["last_event"]
            until(lambda: (reader.seen() or [0])[-1] >= last)
            reader.kill()
        seen = reader.seen()
        assert seen[:last] == list(range(1, last + 1))
        assert place.gateway is not None
        place.gateway.signal(signal.SIGTERM)
