"""kill -9 and SIGTERM of the real daemon process, under load."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.processes import Process, first_events, site, until
from support.waiting import GENEROUS_S

from gsmgw.outbound.worker.worker import CLAIMS_MAX

pytestmark = pytest.mark.long

COUNT = 200


@pytest.mark.parametrize("after", [1, 60, 140])
def test_kill_9_in_the_middle_of_200_messages_loses_nothing(after: int, tmp_path: Path) -> None:
    with site(tmp_path, gateway="unknown_grace_s = 5.0") as place:
        with place.start() as client:
            answers = client.send_many([{"to": f"+49151000001{n % 50:02d}", "text": f"text {n}"} for n in range(COUNT)])
            assert all("id" in answer for answer in answers)
            until(lambda: len(place.submits()) >= after)
            place.kill()
        with place.start() as client:
            until(lambda: not client.stats()["messages"], 60)
            messages = list(client.messages())
            assert len(messages) == COUNT
            assert {message["status"] for message in messages} <= {"delivered", "sent"}
            doubtful = set()
            for message in messages:
                kinds = [event["type"] for event in client.message(message["id"])["history"]]
                if "message.unknown" in kinds:
                    doubtful.add(message["text"])
        copies = place.copies()
        assert set(copies) == {f"text {n}" for n in range(COUNT)}
        # what was committed ahead is in doubt, and nothing else can have gone twice
        twice = {text for text, count in copies.items() if count > 1}
        assert twice <= doubtful
        assert len(doubtful) <= 2 * (CLAIMS_MAX + 1)
        if after > 20:  # both SIMs had shown that they count: their references tell what had gone
            assert not twice


def test_sigterm_leaves_the_rest_queued(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        with place.start() as client:
            client.send_many([{"to": f"+49151000001{n % 100:02d}", "text": f"text {n}"} for n in range(1000)])
            until(lambda: len(place.submits()) >= 50)
            assert place.gateway is not None
            assert place.gateway.signal(signal.SIGTERM) == 0
            assert not place.socket.exists()
        sent = place.copies()
        assert 50 <= len(sent) < 1000
        with place.start() as client:
            until(lambda: not client.stats()["messages"], 60)
            kinds = {event["type"] for event in first_events(client, 6000)}
            assert "message.unknown" not in kinds
        copies = place.copies()
        assert len(copies) == 1000
        assert set(copies.values()) == {1}
        assert "Traceback" not in (tmp_path / "gateway.out").read_text()


def test_a_second_gateway_on_the_same_state_is_refused(tmp_path: Path) -> None:
    with site(tmp_path, modems=1) as place, place.start():
        first = place.gateway
        other = Process(tmp_path / "second.out", "gsmgw", "run", "--config", str(place.config))
        assert other.child.wait(GENEROUS_S) == 75
        other.end()
        assert "another gsmgw uses" in (tmp_path / "second.out").read_text()
        assert first is not None
        assert first.child.poll() is None
