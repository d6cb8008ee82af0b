"""Events and the objects that they are on the wire."""

from __future__ import annotations

import inspect

import pytest

from gsmgw.model import EventType, MessageError, ModemState, events
from gsmgw.model.events import (
    CallMissed,
    EventData,
    MessageFailed,
    MessageQueued,
    MessageReceived,
    MessageScheduled,
    ModemStateChanged,
    accepted_json,
    check_choice,
)

KINDS = [
    kind
    for _, kind in inspect.getmembers(events, inspect.isclass)
    if isinstance(getattr(kind, "type", None), EventType)
]


def test_each_type_has_at_most_one_class() -> None:
    types = [kind.type for kind in KINDS]
    assert len(types) == len(set(types))
    assert set(EventType) - set(types) == {EventType.WEBHOOK_TEST, EventType.EVENT_UNREADABLE}


@pytest.mark.parametrize(
    ("data", "json"),
    [
        (CallMissed(None), {}),
        (CallMissed("+49151"), {"number": "+49151"}),
        (MessageQueued(), {}),
        (
            MessageFailed(MessageError("expired", "too late", cms=28)),
            {"error": {"code": "expired", "title": "too late", "cms": 28}},
        ),
        (MessageReceived("+49151", None, "hi", 1), {"from": "+49151", "text": "hi", "segments": 1}),
        (ModemStateChanged(ModemState.READY, None, "ready"), {"state": "ready", "detail": "ready"}),
    ],
)
def test_a_field_without_a_value_is_left_out(data: EventData, json: dict[str, object]) -> None:
    assert data.as_json() == json


@pytest.mark.parametrize("kind", [MessageQueued, MessageScheduled])
@pytest.mark.parametrize("client_ref", [None, "order 7"])
def test_an_accepted_message_needs_no_object(kind: type[MessageQueued], client_ref: str | None) -> None:
    assert accepted_json("+49151", 2, client_ref) == kind("+49151", 2, client_ref).as_json()


def test_a_choice_of_types() -> None:
    for choice in ("*", "message.*", "message.sent", "sim.changed"):
        assert check_choice(choice) == choice
    for choice, hint in (("Message.Sent", "message.sent"), ("message", "message.*"), ("modem.ready", "modem.")):
        with pytest.raises(ValueError, match=hint.replace(".", r"\.").replace("*", r"\*")):
            check_choice(choice)
