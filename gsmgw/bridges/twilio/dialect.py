"""Twilio's status callbacks, signed with the account's token (twilio.com/docs/usage/webhooks)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

from gsmgw.bridges.twilio.words import EVENT_STATUSES, UNKNOWN_ERROR, error_code, sid_of
from gsmgw.dispatch.dialect import Notification, Post


class TwilioDialect:
    """Status callbacks for clients of Twilio."""

    has_test = False

    def __init__(self, account_sid: str, auth_token: str) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token

    def render(self, notification: Notification) -> Post | None:
        """Return the request; None for an event that Twilio does not know."""
        message, callback = notification.message, notification.callback
        status = EVENT_STATUSES.get(notification.event.type)
        if message is None or callback is None or status is None:
            return None
        sid = sid_of(message.id)
        fields = {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "From": message.own or "",
            "MessageSid": sid,
            "MessageStatus": status,
            "SmsSid": sid,
            "SmsStatus": status,
            "To": message.peer,
        }
        if status in ("failed", "undelivered"):
            fields["ErrorCode"] = str(error_code(message) or UNKNOWN_ERROR)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature(self._auth_token, callback.url, fields),
        }
        return Post(callback.url, urlencode(fields).encode(), headers)


def signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """Return X-Twilio-Signature: HMAC-SHA1 over the URL and each field, sorted by name (docs/usage/security)."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
