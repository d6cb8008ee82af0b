"""Kannel's delivery reports: a GET of the ``dlr-url`` with its escape codes filled in (user guide 1.4, chapter 6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from gsmgw.dispatch.dialect import Notification, Post
from gsmgw.model import Event, EventType, MessageRecord, format_id

#: Bits of a ``dlr-mask``, which are also the values of ``%d``.
DLR_BITS: Mapping[str, int] = {
    EventType.MESSAGE_DELIVERED: 1,
    EventType.MESSAGE_UNDELIVERED: 2,
    EventType.MESSAGE_SENT: 8,
    EventType.MESSAGE_FAILED: 16,
    EventType.MESSAGE_EXPIRED: 16,
    EventType.MESSAGE_CANCELED: 16,
}
#: Kannel's codes that have no value here; they become empty.
_EMPTY = frozenset("ksSrRmMuBDoOvlf")
_HEXADECIMAL = re.compile("[0-9A-Fa-f]{2}")


class KannelDialect:
    """Delivery reports for clients of Kannel."""

    has_test = False

    def render(self, notification: Notification) -> Post | None:
        """Return the request; None if the client did not ask for this event."""
        message, callback = notification.message, notification.callback
        if message is None or callback is None:
            return None
        value = DLR_BITS.get(notification.event.type, 0)
        if not value & callback.mask:
            return None
        return Post(fill_escapes(callback.url, notification.event, message, value), b"", {}, "GET")


def fill_escapes(url: str, event: Event, message: MessageRecord, value: int) -> str:
    """Return a ``dlr-url`` with its escape codes filled in, each percent-encoded.

    Other percent signs stay: they are the URL's own percent encoding, which may follow a doubled percent sign.
    """
    known = _escape_values(event, message, value)
    pieces, rest = [], url
    while (percent := rest.find("%")) >= 0:
        pieces.append(rest[:percent])
        code = rest[percent + 1 : percent + 2]
        if code == "%":
            pieces.append("%" if _HEXADECIMAL.match(rest, percent + 2) else "%25")
        elif code in known:
            pieces.append(quote(known[code], safe=""))
        elif code not in _EMPTY:
            pieces.append(f"%{code}")
        rest = rest[percent + 2 :]
    return "".join((*pieces, rest))


def _escape_values(event: Event, message: MessageRecord, value: int) -> dict[str, str]:
    at = datetime.fromtimestamp(event.at_ms / 1000, UTC)
    return {
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
