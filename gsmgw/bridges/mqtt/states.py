"""The payloads that say how the gateway and its modems are, and what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gsmgw.bridges.mqtt.discovery import MISSED_CALL, OUTCOMES, SMS, USSD, Payload
from gsmgw.model import Event, MessageRecord, ModemState, ModemStatus, NetworkRegistration, format_id
from gsmgw.model.events import EventType
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp

_ROAMING = frozenset(
    {
        NetworkRegistration.ROAMING,
        NetworkRegistration.ROAMING_SMS_ONLY,
        NetworkRegistration.ROAMING_NO_FALLBACK,
    }
)
#: Events of the topic ``received``, and their event types.
RECEIVED: Mapping[str, str] = {
    EventType.MESSAGE_RECEIVED: SMS,
    EventType.CALL_MISSED: MISSED_CALL,
    EventType.USSD_RECEIVED: USSD,
}
#: Events of the topic ``outcome``, and their event types.
OUTCOME: Mapping[str, str] = {f"message.{name}": name for name in OUTCOMES}


def gateway_state(
    waiting: Mapping[str, int],
    oldest_ms: int | None,
    sent_today: int,
    trouble: str | None,
    modems: Sequence[ModemStatus],
) -> Payload:
    """Return the state of the gateway. It has a problem when its database fails or no modem works."""
    working = sum(modem.state.carries for modem in modems)
    problem = trouble or (None if working or not modems else "no modem can send")
    return {
        "queued": waiting.get("queued", 0),
        "scheduled": waiting.get("scheduled", 0),
        "unknown": waiting.get("unknown", 0),
        "oldest_queued_at": stamp(oldest_ms),
        "sent_today": sent_today,
        "modems": len(modems),
        "modems_ready": working,
        "problem": problem,
    }


def modem_state(status: ModemStatus, usage: Sequence[resources.LimitUse]) -> Payload:
    """Return the state of a modem. ``limit_left`` is what the tightest limit leaves."""
    left = [use["limit"] - use["used"] for use in usage]
    return {
        "state": status.state.value,
        "detail": status.detail,
        "ready": status.state.carries,
        "enabled": status.state is not ModemState.DISABLED,
        "signal_dbm": status.signal_dbm,
        "operator": status.operator,
        "technology": status.technology,
        "registration": status.registration,
        "roaming": status.registration in _ROAMING,
        "temperature_c": status.temperature_c,
        "number": status.number,
        "pin_attempts_left": status.pin_attempts_left,
        "limit_left": max(0, min(left)) if left else None,
        "credit": None if status.last_ussd is None else status.last_ussd.answer[:255],
    }


def event_payload(event: Event, message: MessageRecord | None, contact: str | None) -> Payload | None:
    """Return an event for the topic ``received`` or ``outcome``; None if it is for neither.

    ``id`` is that of the event: an event that is published again has the same.
    """
    payload: Payload = {"id": event.id, "at": stamp(event.at_ms), "modem": event.modem}
    kind = RECEIVED.get(event.type)
    if kind == SMS:
        if message is None:
            return None
        return {
            "event_type": kind,
            **payload,
            "message_id": format_id(message.id),
            "from": message.peer,
            "contact": contact,
            "text": message.text,
        }
    if kind == MISSED_CALL:
        return {"event_type": kind, **payload, "from": event.data.get("number"), "contact": contact}
    if kind is not None:
        return {"event_type": kind, **payload, "text": event.data.get("text")}
    outcome = OUTCOME.get(event.type)
    if outcome is None or event.message_id is None:
        return None
    return {
        "event_type": outcome,
        **payload,
        "message_id": format_id(event.message_id),
        "to": None if message is None else message.peer,
        "contact": contact,
        "ref": None if message is None else message.client_ref,
        "error": event.data.get("error"),
    }
