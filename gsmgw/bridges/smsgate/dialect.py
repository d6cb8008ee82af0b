"""SMSGate's webhooks (docs.sms-gate.app/features/webhooks)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from gsmgw.bridges.smsgate.words import DEVICE, EVENTS, id_of
from gsmgw.dispatch.dialect import Notification, Post
from gsmgw.model import Event, EventType, MessageRecord
from gsmgw.model.events import Json
from gsmgw.wire.encoding import dumped, stamp


class SmsgateDialect:
    """Webhooks for clients of SMSGate, signed if there is a key."""

    has_test = True

    def __init__(self, signing_key: str | None) -> None:
        self._key = None if signing_key is None else signing_key.encode()

    def render(self, notification: Notification) -> Post | None:
        """Return the request; None for an event that SMSGate does not know."""
        hook, event, message = notification.hook, notification.event, notification.message
        payload: Mapping[str, Json] = {"health": {"status": "pass", "checks": {}}}
        if event.type == EventType.WEBHOOK_TEST:
            name = "system:ping"
        elif message is None or event.type not in EVENTS:
            return None
        else:
            name, moment = EVENTS[event.type]
            payload = _payload(event, message, moment)
            if name == "sms:received" and message.data is not None:
                name = "sms:data-received"
        whole = {"deviceId": DEVICE, "event": name, "id": f"evt_{event.id}", "payload": payload, "webhookId": hook.id}
        body = dumped(whole)
        return Post(hook.url, body, {"Content-Type": "application/json", **self._signature(body, notification.now_ms)})

    def _signature(self, body: bytes, now_ms: int) -> dict[str, str]:
        if self._key is None:
            return {}
        timestamp = str(now_ms // 1000)
        digest = hmac.new(self._key, body + timestamp.encode(), hashlib.sha256)
        return {"X-Timestamp": timestamp, "X-Signature": digest.hexdigest()}


def _payload(event: Event, message: MessageRecord, moment: str) -> dict[str, Json]:
    payload: dict[str, Json] = {
        "messageId": id_of(message),
        "phoneNumber": message.peer,
        "simNumber": None,
        moment: stamp(event.at_ms),
    }
    if event.type == EventType.MESSAGE_RECEIVED:
        payload |= {"sender": message.peer, "recipient": message.own}
        if message.data is not None:
            payload["data"] = base64.b64encode(message.data).decode()
        else:
            payload["message"] = message.text
    else:
        payload |= {"sender": message.own, "recipient": message.peer}
        if moment == "failedAt":
            payload["reason"] = (message.error.title if message.error else "") or event.type.removeprefix("message.")
    return payload
