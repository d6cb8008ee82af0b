"""A short storm: poison from all sides, and every ordinary message arrives once. `make storm` lasts ten minutes."""

from __future__ import annotations

from pathlib import Path

import pytest
from storm.run import seconds_wanted, storm

pytestmark = pytest.mark.long


async def test_ordinary_messages_arrive_once_in_a_storm(tmp_path: Path) -> None:
    found = await storm(tmp_path, seconds_wanted(20.0), grace_s=15.0)
    assert found.faults == []
    assert found.sent > 10
    assert found.received > 5
    # `make storm` holds it against 50 ms of a machine that does nothing else.
    assert found.loop["work_ms"] < 250, found.loop
