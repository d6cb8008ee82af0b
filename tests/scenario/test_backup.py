"""A backup under load, restored elsewhere, is the source at its moment; and it goes on from there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from support.databases import rows
from support.processes import Site, site, until

from gsmgw.backup import restore
from gsmgw.client import Client
from gsmgw.store.integrity import database_faults

#: The state that each event leaves a message in; others change none.
_STATE_AFTER = {
    "message.queued": "queued",
    "message.sending": "sending",
    "message.sent": "sent",
    "message.delivered": "delivered",
    "message.unknown": "unknown",
    "message.undelivered": "undelivered",
    "message.failed": "failed",
}


def back_up(how: str, place: Site, client: Client) -> dict[str, Any]:
    """By the gateway, or by another process that reads the same file."""
    if how == "gateway":
        made: dict[str, Any] = client.request("POST", "/v1/backups")
        assert client.request("GET", "/v1/backups")["data"][0]["file"] == made["file"]
        return made
    file = str(place.directory / "backup.tar.gz")
    command = [sys.executable, "-m", "gsmgw", "backup", file, "--config", str(place.config), "--json"]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)
    return found


@pytest.mark.parametrize("how", ["gateway", "file"])
def test_a_backup_under_load_equals_the_source_at_its_moment(how: str, tmp_path: Path) -> None:
    with site(tmp_path, 2) as place:
        with place.start() as client:
            accepted: list[str] = []
            stop = threading.Event()

            def load() -> None:
                with Client(place.socket) as sender:
                    number = 0
                    while not stop.wait(0.02) and number < 20_000:
                        batch = [{"to": f"+4915100{n:05d}", "text": f"text {n}"} for n in range(number, number + 20)]
                        accepted.extend(message["id"] for message in sender.send_many(batch))
                        number += 20

            thread = threading.Thread(target=load)
            thread.start()
            try:
                until(lambda: len(accepted) >= 200 and len(place.submits()) >= 50)
                before = list(accepted)
                made = back_up(how, place, client)
                went_on = len(accepted)
                until(lambda: len(accepted) > went_on)
            finally:
                stop.set()
                thread.join()
            assert place.gateway is not None
            place.gateway.signal(signal.SIGTERM)

        other = tmp_path / "elsewhere"
        done = restore(Path(made["file"]), other / "gsmgw.toml", state_dir=other / "state")
        copy, source = done.database, tmp_path / "state" / "gsmgw.db"
        assert database_faults(copy, thorough=True) == []

        last = made["last_event"]
        assert 0 < last < rows(source, "SELECT max(id) FROM events")[0][0]  # type: ignore[operator]
        kept = rows(copy, "SELECT id, at_ms, type, message_id, modem, data FROM events ORDER BY id")
        assert kept == rows(
            source, f"SELECT id, at_ms, type, message_id, modem, data FROM events WHERE id <= {last} ORDER BY id"
        )
        assert [event[0] for event in kept] == list(range(kept[0][0], last + 1))  # type: ignore[arg-type]

        in_copy = {str(row[0]) for row in rows(copy, "SELECT text FROM messages")}
        assert {f"text {n}" for n in range(len(before))} <= in_copy
        expected = {}
        for event in kept:
            if event[2] in _STATE_AFTER:
                expected[event[3]] = _STATE_AFTER[str(event[2])]
        assert dict(rows(copy, "SELECT id, status FROM messages")) == expected
        assert len(set(expected.values())) > 1  # it was taken in the middle of the work
