"""Each message that is sent or received is a line of the log, and no line tells its text."""

from __future__ import annotations

import logging

import pytest

from gsmgw.daemon import event_lines
from gsmgw.model import Event, MessageError, format_id
from gsmgw.model.events import (
    CallMissed,
    EventData,
    MessageFailed,
    MessageHeld,
    MessageReceived,
    MessageSent,
    SimChanged,
    StorageFull,
    UssdReceived,
    WebhookPaused,
)

ID = format_id(77)
SECRET = "4711"


def committed(data: EventData, message: int | None = 77, modem: str | None = "office") -> list[Event]:
    return [Event(5, 0, data.type.value, message, modem, data.as_json())]


@pytest.mark.parametrize(
    ("data", "level", "line"),
    [
        (
            MessageSent("+4915112345678", None, 2),
            "INFO",
            f"messages: {ID} sent to=+4915112345678 segments=2 modem=office",
        ),
        (
            MessageReceived("+4915112345678", None, SECRET, 1),
            "INFO",
            f"messages: {ID} received from=+4915112345678 segments=1 modem=office",
        ),
        (
            MessageFailed(MessageError("cms_error", "Unassigned number", cms=1), "+4915112345678"),
            "WARNING",
            f"messages: failed code=cms_error id={ID} to=+4915112345678 error='Unassigned number' modem=office",
        ),
        (
            MessageHeld("no evidence", 0),
            "WARNING",
            f"messages: on hold, outcome unknown: use gsmgw resolve id={ID} repeats=0 modem=office",
        ),
        (
            WebhookPaused("wh_1", f"https://user:{SECRET}@shop.example/{SECRET}", "tries_used_up", "answered 500"),
            "WARNING",
            "webhook wh_1: paused host=shop.example reason='answered 500'",
        ),
        (
            WebhookPaused("wh_1", "https://shop.example/", "request", "paused by request"),
            "INFO",
            "webhook wh_1: paused host=shop.example reason='paused by request'",
        ),
    ],
)
def test_events_are_lines(caplog: pytest.LogCaptureFixture, data: EventData, level: str, line: str) -> None:
    caplog.set_level(logging.INFO)
    event_lines.log_events(committed(data))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [(level, line)]


@pytest.mark.parametrize(
    ("data", "level", "line"),
    [
        (CallMissed("015112345678"), "INFO", "office: call missed number=015112345678"),
        (UssdReceived(SECRET), "INFO", "office: USSD text received"),
        (StorageFull(SECRET), "WARNING", "office: message storage is full"),
        (SimChanged(SECRET, SECRET), "WARNING", "office: another SIM was inserted"),
    ],
)
def test_events_of_modems_are_lines(caplog: pytest.LogCaptureFixture, data: EventData, level: str, line: str) -> None:
    caplog.set_level(logging.INFO)
    event_lines.log_modem_event("office", data)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [(level, line)]


def test_debug_shows_every_event_without_texts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    event_lines.log_events(committed(MessageReceived("+4915112345678", None, SECRET, 1)))
    assert caplog.records[0].getMessage() == "event: message.received id=5 from=+4915112345678 segments=1"
    assert SECRET not in caplog.text
