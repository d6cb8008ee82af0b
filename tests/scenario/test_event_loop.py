"""Nothing that people write or import holds the event loop: neither long segments and loops nor large campaigns."""

from __future__ import annotations

from pathlib import Path

from bench.event_loop import MUST_MS, measure


async def test_the_event_loop_is_not_held(tmp_path: Path) -> None:
    found = await measure(tmp_path, 3000)
    assert {name: what for name, (most_ms, what) in found.items() if most_ms > MUST_MS} == {}
    assert {name.split(" (")[0]: "(" in name for name in found} == {
        "import": False, "segment, long": False, "segment, nested": False, "segment, wrong": True,
        "template, loops": True, "template, long": False, "pattern, saved": False, "pattern, tried": False,
        "campaign, started": False, "campaign, numbers": False, "campaign, never": True, "campaign, dates": False,
    }  # fmt: skip
