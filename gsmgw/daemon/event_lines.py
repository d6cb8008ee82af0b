"""Log lines of events: one for each message sent or received, and for each event of a modem that a person may need.

Texts and PDUs are never logged. Numbers stand after ``to=``, ``from=`` or ``number=``, where :mod:`gsmgw.logs` masks
them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from gsmgw.model import Event, EventData, EventType, format_id
from gsmgw.model.events import Json

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line: its level, its words, and the keys of the event's data that it shows."""

    level: int
    words: str
    keys: tuple[str, ...] = ()


_MESSAGES: Mapping[str, _Line] = {
    EventType.MESSAGE_SENT: _Line(logging.INFO, "sent", ("to", "segments")),
    EventType.MESSAGE_DELIVERED: _Line(logging.INFO, "delivered", ("to",)),
    EventType.MESSAGE_UNDELIVERED: _Line(logging.INFO, "not delivered", ("to", "error")),
    EventType.MESSAGE_FAILED: _Line(logging.WARNING, "failed", ("to", "error")),
    EventType.MESSAGE_EXPIRED: _Line(logging.WARNING, "expired before it could be sent", ("to",)),
    EventType.MESSAGE_CANCELED: _Line(logging.INFO, "canceled", ("to", "cause")),
    EventType.MESSAGE_UNKNOWN: _Line(logging.INFO, "outcome unknown, looking for evidence", ("error",)),
    EventType.MESSAGE_SETTLED: _Line(logging.INFO, "outcome decided", ("decision", "evidence")),
    EventType.MESSAGE_HELD: _Line(logging.WARNING, "on hold, outcome unknown: use gsmgw resolve", ("repeats",)),
    EventType.MESSAGE_RECEIVED: _Line(logging.INFO, "received", ("from", "segments", "incomplete")),
    EventType.MESSAGE_COMPLETED: _Line(logging.INFO, "completed: a missing segment arrived", ("from", "segments")),
}
_MODEMS: Mapping[EventType, _Line] = {
    EventType.MODEM_RECOVERY: _Line(logging.INFO, "recovery step", ("step", "reason")),
    EventType.MODEM_BABBLING: _Line(logging.WARNING, "too much unsolicited input, paused", ("limit", "retry_s")),
    EventType.MODEM_INDICATIONS_LOST: _Line(
        logging.WARNING, "new-message notifications stopped", ("unannounced", "in_a_row", "reports_missing")
    ),
    EventType.MODEM_SETTINGS_LOST: _Line(logging.INFO, "settings lost, applying them again", ("settings",)),
    EventType.MODEM_UNKNOWN_MODEL: _Line(logging.INFO, "unknown model", ("identity", "hint")),
    EventType.SIM_CHANGED: _Line(logging.WARNING, "another SIM was inserted"),
    EventType.STORAGE_FULL: _Line(logging.WARNING, "message storage is full"),
    EventType.SUBMIT_LATE_CONFIRMATION: _Line(logging.INFO, "late confirmation of a segment", ("reference",)),
    EventType.SUBMIT_LATE_REFUSAL: _Line(logging.INFO, "late refusal of a segment", ("cms", "title")),
    EventType.RULE_SUSPENDED: _Line(logging.WARNING, "rule suspended", ("rule", "reason")),
    EventType.CALL_MISSED: _Line(logging.INFO, "call missed", ("number",)),
    EventType.USSD_RECEIVED: _Line(logging.INFO, "USSD text received"),
    EventType.CLOCK_SKEW: _Line(logging.INFO, "clock of the network differs", ("ahead_s",)),
}
_CONSENT: Mapping[str, _Line] = {
    EventType.CONSENT_CHANGED: _Line(logging.INFO, "changed", ("number", "list", "state", "action", "source")),
    EventType.CONSENT_SUSPECTED: _Line(logging.INFO, "may be an opt-out: use gsmgw optouts decide", ("number",)),
}
_WEBHOOKS: Mapping[str, _Line] = {
    EventType.WEBHOOK_PAUSED: _Line(logging.WARNING, "paused", ("reason",)),
    EventType.WEBHOOK_DISABLED: _Line(logging.WARNING, "disabled", ("reason",)),
    EventType.WEBHOOK_RESUMED: _Line(logging.INFO, "resumed"),
}
_REQUESTED = "request"
#: Each message has its line, in a campaign, too (:class:`gsmgw.logs.FloodFilter`).
_UNLIMITED = {"unlimited": True}
#: Keys that hold texts, or addresses with secrets in them.
_HIDDEN = frozenset({"text", "pdu", "url", "line", "before", "now"})


def log_events(events: Sequence[Event]) -> None:
    """Log committed events."""
    for event in events:
        if log.isEnabledFor(logging.DEBUG):
            log.debug("event: %s id=%d%s", event.type, event.id, _pairs(event.data, tuple(event.data)))
        if (line := _MESSAGES.get(event.type)) is not None:
            _log_message(line, event)
        elif (line := _CONSENT.get(event.type)) is not None:
            log.log(line.level, "consent: %s%s", line.words, _pairs(event.data, line.keys))
        elif (line := _WEBHOOKS.get(event.type)) is not None:
            _log_webhook(line, event.data)


def log_modem_event(modem: str, data: EventData) -> None:
    """Log an event of a modem, whether or not the database takes it."""
    line = _MODEMS.get(data.type)
    if line is not None:
        log.log(line.level, "%s: %s%s", modem, line.words, _pairs(data.as_json(), line.keys))


def _log_message(line: _Line, event: Event) -> None:
    number = "-" if event.message_id is None else format_id(event.message_id)
    modem = f" modem={event.modem}" if event.modem is not None else ""
    rest = f"{_pairs(event.data, line.keys)}{modem}"
    if line.level >= logging.WARNING:  # those with one cause are similar, so that their rate is limited
        log.log(line.level, "messages: %s id=%s%s", f"{line.words}{_cause(event.data)}", number, rest)
    else:
        log.log(line.level, "messages: %s %s%s", number, line.words, rest, extra=_UNLIMITED)


def _log_webhook(line: _Line, data: Mapping[str, Json]) -> None:
    """Log the host of a webhook only: its path may hold a secret."""
    level = logging.INFO if data.get("cause") == _REQUESTED else line.level
    host = urlsplit(str(data.get("url", ""))).hostname
    log.log(level, "webhook %s: %s host=%s%s", data.get("webhook"), line.words, host, _pairs(data, line.keys))


def _pairs(data: Mapping[str, Json], keys: Sequence[str]) -> str:
    found = [(key, data.get(key)) for key in keys if key not in _HIDDEN]
    return "".join(f" {key}={_value(value)}" for key, value in found if value is not None)


def _value(value: Json) -> str:
    """Return a value of an event; of an error its title."""
    if isinstance(value, dict):
        return repr(str(value.get("title", value.get("code"))))
    text = str(value)
    return repr(text) if " " in text else text


def _cause(data: Mapping[str, Json]) -> str:
    error = data.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return f" code={code}" if code else ""
