"""How an event is told to a target: by Standard Webhooks, or as the gateways do whose clients the target was made for.

Pure: values in, a request out. Sources: standardwebhooks.com; docs.sms-gate.app/features/webhooks; the user guide of
Kannel 1.4, "delivery reports" and the escape codes of sms-services; twilio.com/docs/usage/webhooks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from standardwebhooks import Webhook as Signer

from gsmgw.dispatch.bodies import dumped, envelope, packed, stamp
from gsmgw.model import Event, MessageRecord, format_id
from gsmgw.store.callbacks import Callback
from gsmgw.store.webhooks import Webhook

#: client_ref of messages that came through the SMSGate door: its identifier, and the recipient's number in the list.
SMSGATE_REF = "smsgate:"
#: What the SMSGate door calls the one device that there is.
DEVICE = "gsmgw"


@dataclass(frozen=True, slots=True)
class Keys:
    """What the doors' callbacks are signed with."""

    smsgate: str | None = None
    twilio_sid: str = ""
    twilio_token: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """A request to be made."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"


def render(
    hook: Webhook,
    event: Event,
    message: MessageRecord | None,
    callback: Callback | None,
    *,
    number: str,
    now_ms: int,
    limit_octets: int,
    keys: Keys,
) -> Post | None:
    """The request that tells a target of an event; None when in its dialect there is nothing to tell."""
    if hook.format == "smsgate":
        return _smsgate(hook, event, message, now_ms, keys)
    if hook.format == "kannel":
        return None if message is None or callback is None else _kannel(event, message, callback)
    if hook.format == "twilio":
        return None if message is None or callback is None else _twilio(event, message, callback, keys)
    body = packed(envelope(event, message), limit_octets)
    secrets = [secret.value for secret in hook.secrets if secret.is_valid(now_ms)]
    moment, text = datetime.fromtimestamp(now_ms // 1000, UTC), body.decode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": number,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": " ".join(Signer(secret).sign(number, moment, text) for secret in secrets),
    }
    return Post(hook.url, body, headers)


# -- SMSGate ----------------------------------------------------------------------------------------------------

#: Its events, and the names of the moments in them.
SMSGATE_EVENTS = {
    "message.received": ("sms:received", "receivedAt"),
    "message.sent": ("sms:sent", "sentAt"),
    "message.delivered": ("sms:delivered", "deliveredAt"),
    "message.failed": ("sms:failed", "failedAt"),
    "message.undelivered": ("sms:failed", "failedAt"),
    "message.expired": ("sms:failed", "failedAt"),
    "message.canceled": ("sms:cancelled", "cancelledAt"),
}


def smsgate_id(message: MessageRecord) -> str:
    """What the SMSGate door calls a message: what its client called it, else our own identifier."""
    if message.client_ref and message.client_ref.startswith(SMSGATE_REF):
        return message.client_ref[len(SMSGATE_REF) :].rpartition(":")[0]
    return format_id(message.id)


def _smsgate(hook: Webhook, event: Event, message: MessageRecord | None, now_ms: int, keys: Keys) -> Post | None:
    if event.type == "webhook.test":
        name, payload = "system:ping", {"health": {"status": "pass", "checks": {}}}
    elif message is None or event.type not in SMSGATE_EVENTS:
        return None
    else:
        name, moment = SMSGATE_EVENTS[event.type]
        payload = _smsgate_payload(event, message, moment)
        if name == "sms:received" and message.data is not None:
            name = "sms:data-received"
    whole = {"deviceId": DEVICE, "event": name, "id": f"evt_{event.id}", "payload": payload, "webhookId": hook.id}
    body = dumped(whole)
    headers = {"Content-Type": "application/json"}
    if keys.smsgate is not None:
        timestamp = str(now_ms // 1000)
        digest = hmac.new(keys.smsgate.encode(), body + timestamp.encode(), hashlib.sha256)
        headers |= {"X-Timestamp": timestamp, "X-Signature": digest.hexdigest()}
    return Post(hook.url, body, headers)


def _smsgate_payload(event: Event, message: MessageRecord, moment: str) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "messageId": smsgate_id(message),
        "phoneNumber": message.peer,
        "simNumber": None,
        moment: stamp(event.at_ms),
    }
    if event.type == "message.received":
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


# -- Kannel -----------------------------------------------------------------------------------------------------

#: Bits of a dlr-mask, which are the values of %d, too.
KANNEL_DLR = {
    "message.delivered": 1,
    "message.undelivered": 2,
    "message.sent": 8,
    "message.failed": 16,
    "message.expired": 16,
    "message.canceled": 16,
}


def _kannel(event: Event, message: MessageRecord, callback: Callback) -> Post | None:
    value = KANNEL_DLR.get(event.type, 0)
    if not value & callback.mask:
        return None
    return Post(fill_escapes(callback.url, event, message, value), b"", {}, "GET")


#: Kannel's codes for which there is nothing to tell here (its user guide, "parameters" of sms-service).
_NOTHING_TO_TELL = frozenset("ksSrRmMuBDoOvlf")
_HEXADECIMAL = re.compile("[0-9A-Fa-f]{2}")


def fill_escapes(url: str, event: Event, message: MessageRecord, value: int) -> str:
    """A dlr-url with its escape codes filled in, each as a part of a URL. What is no code stays as it is: the URL's own
    percent encoding, which may also stand behind a doubled percent sign.
    """
    at = datetime.fromtimestamp(event.at_ms / 1000, UTC)
    known = {
        "d": str(value),
        "p": message.own or "",
        "P": message.peer,
        "q": message.own or "",
        "Q": message.peer,
        "i": message.modem or "",
        "I": format_id(message.id),
        "F": format_id(message.id),
        "t": at.strftime("%Y-%m-%d %H:%M"),
        "T": str(event.at_ms // 1000),
        "A": message.error.title if message.error else "",
        "n": message.client,
        "a": message.text or "",
        "b": message.text or "",
        "c": {"ucs2": "2", "data": "1"}.get(message.encoding, "0"),
        "C": "UTF-8",
    }
    pieces, rest = [], url
    while (at_sign := rest.find("%")) >= 0:
        pieces.append(rest[:at_sign])
        code = rest[at_sign + 1 : at_sign + 2]
        if code == "%":
            pieces.append("%" if _HEXADECIMAL.match(rest, at_sign + 2) else "%25")
        elif code in known:
            pieces.append(quote(known[code], safe=""))
        elif code not in _NOTHING_TO_TELL:
            pieces.append(f"%{code}")
        rest = rest[at_sign + 2 :]
    return "".join((*pieces, rest))


# -- Twilio -----------------------------------------------------------------------------------------------------

TWILIO_STATUS = {
    "message.sending": "sending",
    "message.sent": "sent",
    "message.delivered": "delivered",
    "message.undelivered": "undelivered",
    "message.failed": "failed",
    "message.expired": "failed",
    "message.canceled": "canceled",
}
#: Its codes for what a message can die of: unknown, and validity over (twilio.com/docs/api/errors).
TWILIO_UNKNOWN_ERROR, TWILIO_EXPIRED = 30008, 30036


def twilio_sid(message_id: int) -> str:
    """A message's identifier as Twilio's clients want it: two letters and 32 hexadecimal digits."""
    return f"SM{message_id:032x}"


def twilio_error(message: MessageRecord) -> int | None:
    """The error code of a message that has failed."""
    if message.error is None:
        return None
    return TWILIO_EXPIRED if message.error.code == "expired" else TWILIO_UNKNOWN_ERROR


def twilio_signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the URL and each field, sorted by name (twilio.com/docs/usage/security)."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _twilio(event: Event, message: MessageRecord, callback: Callback, keys: Keys) -> Post | None:
    status = TWILIO_STATUS.get(event.type)
    if status is None:
        return None
    sid = twilio_sid(message.id)
    fields = {
        "AccountSid": keys.twilio_sid,
        "ApiVersion": "2010-04-01",
        "From": message.own or "",
        "MessageSid": sid,
        "MessageStatus": status,
        "SmsSid": sid,
        "SmsStatus": status,
        "To": message.peer,
    }
    if status in ("failed", "undelivered"):
        fields["ErrorCode"] = str(twilio_error(message) or TWILIO_UNKNOWN_ERROR)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": twilio_signature(keys.twilio_token, callback.url, fields),
    }
    return Post(callback.url, urlencode(fields).encode(), headers)
