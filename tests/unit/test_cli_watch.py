"""Events as lines for people."""

from __future__ import annotations

from typing import Any

import pytest

from gsmgw.cli.watch import describe_event
from gsmgw.wire import resources


def event(type_: str, **data: Any) -> resources.Event:
    return {"id": 1, "type": type_, "at": "2026-12-24T18:00:00Z", "message_id": None, "modem": None, "data": data}


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (
            event("campaign.state_changed", campaign="1m8", name="Sale", state="paused", reason="20 failed"),
            "campaign.state_changed  Sale  paused  20 failed",
        ),
        (
            event("consent.changed", number="+4915112345671", list="*", state="out", action="out"),
            "consent.changed  +4915112345671  out",
        ),
        (event("rule.matched", rule="draw", number="+4915112345671"), "rule.matched  +4915112345671  draw"),
        (
            event("rule.suppressed", rule="draw", number="+4915112345671", reason="budget"),
            "rule.suppressed  +4915112345671  draw  budget",
        ),
        (
            event("conversation.changed", number="+4915112345671", change="note", state="open"),
            "conversation.changed  +4915112345671  note  open",
        ),
    ],
)
def test_an_event_says_whom_and_what_it_is_about(found: resources.Event, line: str) -> None:
    assert describe_event(found) == line
