"""The bench of the fleet still runs: its stand-in for a node speaks the protocol of today."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.nats_server import require_nats_server

ROOT = Path(__file__).parents[3]


def test_a_small_backlog_is_assigned_to_stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_nats_server()
    monkeypatch.syspath_prepend(str(ROOT))
    from tests.bench.fleet import assign

    found = assign(tmp_path, 60)
    assert found.count == 60
    assert found.took_s <= found.settled_s
    assert "messages/s" in str(found)
