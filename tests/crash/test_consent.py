"""kill -9 between a received STOP and the hand-over of what waits for its sender."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.processes import Site, first_events, site, until

PHONE, OTHER = "+4915100000117", "+4915100000118"
COUNT = 60


def says(place: Site, text: str) -> None:
    """Let the phone text the gateway; the modem keeps the text until it is on disk."""
    command = [
        sys.executable,
        "-m",
        "hw_sim",
        "send",
        "--control",
        str(place.control),
        "--from",
        PHONE,
        "--to",
        "modem0",
    ]
    subprocess.run([*command, text], check=True, capture_output=True)


@pytest.mark.parametrize("after_s", [0.02, *(pytest.param(each, marks=pytest.mark.long) for each in (0.0, 0.005, 0.1))])
def test_nothing_is_handed_over_after_the_opt_out_and_it_is_confirmed_once(after_s: float, tmp_path: Path) -> None:
    with site(tmp_path, modems=1, gateway="unknown_grace_s = 2.0", modem="limits = { min_gap_s = 0.1 }") as place:
        with place.start() as client:
            until(lambda: client.modems()[0]["state"] == "ready")
            client.send_many(
                [{"to": PHONE if n % 2 else OTHER, "text": f"text {n}", "priority": "bulk"} for n in range(COUNT)]
            )
            until(lambda: len(place.submits()) >= 4)
            says(place, "Stop please")
            time.sleep(after_s)  # the kill comes at another step of the opt-out
            place.kill()
        with place.start() as client:
            until(lambda: bool(list(client.optouts())))
            until(lambda: not client.stats()["messages"])
            messages = {message["id"]: message for message in client.messages(direction="outbound")}
            events = first_events(client, 10_000)
        (opted_out,) = [event["id"] for event in events if event["type"] == "consent.changed"]
        later = [
            messages[str(event["message_id"])]
            for event in events
            if event["type"] == "message.sending" and event["id"] > opted_out and event["data"]["to"] == PHONE
        ]
        (confirmation,) = [message for message in messages.values() if message["purpose"] == "conversation"]
        assert {message["id"] for message in later} <= {confirmation["id"]}
        assert confirmation["status"] == "delivered"
        copies = place.copies()
        assert copies[str(confirmation["text"])] == 1
        states = {message["status"] for message in messages.values() if message["to"] == OTHER}
        assert states <= {"delivered", "sent"}
        canceled = [message for message in messages.values() if message["status"] == "canceled"]
        assert canceled
        assert not [message for message in canceled if message["attempts"] == 0 and copies[str(message["text"])]]
