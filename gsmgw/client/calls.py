"""Each call of the API, described once: what is asked for, and what of the answer is handed on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from typing_extensions import Unpack

from gsmgw.client.options import TIMEOUT_S
from gsmgw.wire import requests, resources

Json = dict[str, Any]
T = TypeVar("T")
#: A modem may wait for an urgent text before its turn, and the network takes up to a minute to answer USSD.
MODEM_TIMEOUT_S = 180.0


def _whole(answer: Any) -> Any:
    return answer


def _data(answer: Any) -> Any:
    return answer["data"]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. With a ``key``, or when it only reads, a lost answer is asked for again.

    ``timeout_s`` is for the answer to begin.
    """

    method: str
    path: str
    json: Any = None
    params: Any = None
    key: str | None = None
    timeout_s: float = TIMEOUT_S
    pick: Callable[[Any], T] = _whole

    @property
    def repeatable(self) -> bool:
        """Whether asking again changes nothing more."""
        return self.key is not None or self.method == "GET"

    @property
    def headers(self) -> dict[str, str]:
        """Besides those of every request."""
        return {"Idempotency-Key": self.key} if self.key else {}


M = TypeVar("M", bound=Callable[..., Any])


def named(method: M, describe: Callable[..., Any]) -> M:
    """A transport's method, with the name and the words of what it does."""
    method.__name__, method.__doc__ = describe.__name__, describe.__doc__
    return method


def given(fields: Mapping[str, object]) -> Json:
    """The fields that were given a value."""
    return {name: value for name, value in fields.items() if value is not None}


def part(name: str) -> str:
    """A name as one part of a path, whatever characters it has. Raises ValueError for an empty one."""
    if not name:
        raise ValueError("the name or identifier is empty")
    return quote(name, safe="").replace(".", "%2E")


def request(
    method: str,
    path: str,
    *,
    json: Any = None,
    params: Any = None,
    key: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Call[Any]:
    """Call a route. With ``key``, or when it changes nothing, a lost answer is asked for again."""
    return Call(method, path, json, params, key, timeout_s)


def send(
    to: str, text: str | None = None, *, key: str | None = None, **fields: Unpack[requests.MessageFields]
) -> Call[resources.Message]:
    """Send a message; it is on the gateway's disk when this returns. ``fields`` as of ``POST /v1/messages``.

    ``key`` is the Idempotency-Key; without one, each call is a message of its own.
    """
    body = {"to": to, "text": text, **given(fields)}
    return Call("POST", "/v1/messages", body, key=key or str(uuid.uuid4()))


def send_many(
    messages: Sequence[requests.Message | Json], *, key: str | None = None
) -> Call[list[resources.BatchMessage | resources.RefusedMessage]]:
    """Send up to 10 000 messages in one transaction; each answer is the message or ``{"error": problem}``."""
    return Call("POST", "/v1/messages/batch", {"messages": list(messages)}, key=key or str(uuid.uuid4()), pick=_data)


def preview_many(
    messages: Sequence[requests.Message | Json],
) -> Call[list[resources.SeenMessage | resources.RefusedMessage]]:
    """What each message of a batch would become; nothing is sent."""
    return Call("POST", "/v1/messages/batch/preview", {"messages": list(messages)}, pick=_data)


def preview(text: str, **fields: Any) -> Call[resources.Preview]:
    """How a text would be sent."""
    return Call("POST", "/v1/messages/preview", {"text": text, **given(fields)})


def message(message_id: str) -> Call[resources.WholeMessage]:
    """One message with its segments and its history."""
    return Call("GET", f"/v1/messages/{part(message_id)}")


def page(**filters: Any) -> Call[resources.MessagePage]:
    """One page of messages, newest first: ``data`` and ``next_cursor``. ``filters`` as of ``GET /v1/messages``."""
    return Call("GET", "/v1/messages", params=given(filters))


def conversation_page(**filters: Any) -> Call[resources.ConversationPage]:
    """One page of peers with their latest messages, newest first: ``data`` and ``next_cursor``."""
    return Call("GET", "/v1/conversations", params=given(filters))


def quarantine_page(**filters: Any) -> Call[resources.QuarantinePage]:
    """One page of received PDUs that could not be understood, newest first: ``data`` and ``next_cursor``."""
    return Call("GET", "/v1/quarantine", params=given(filters))


def reread_quarantine() -> Call[resources.Reread]:
    """Try the PDUs of the quarantine again: ``understood`` and ``left``."""
    return Call("POST", "/v1/quarantine/reread")


def audit_page(**filters: Any) -> Call[resources.AuditPage]:
    """One page of the audit log, newest first: ``data`` and ``next_cursor``."""
    return Call("GET", "/v1/audit", params=given(filters))


def export(format: str, filters: Json) -> Call[str]:
    """All messages that the filters let through, as a stream of text."""
    return Call("GET", "/v1/messages/export", params={"format": format, **given(filters)})


def act(message_id: str, action: str, body: Json | None = None) -> Call[resources.WholeMessage]:
    """``cancel``, ``retry`` or ``resolve`` a message."""
    return Call("POST", f"/v1/messages/{part(message_id)}/{part(action)}", body)


def modems() -> Call[list[resources.Modem]]:
    """All modems."""
    return Call("GET", "/v1/modems", pick=_data)


def modem(name: str, action: str | None = None, body: Json | None = None) -> Call[Json]:
    """One modem, or an action on it: ``reset``, ``enable``, ``disable``, ``pin``, ``ussd``."""
    if action is None:
        return Call("GET", f"/v1/modems/{part(name)}")
    return Call("POST", f"/v1/modems/{part(name)}/{part(action)}", body, timeout_s=MODEM_TIMEOUT_S)


def stats() -> Call[resources.Stats]:
    """The gateway at a glance."""
    return Call("GET", "/v1/stats")


def events(cursor: int | None, types: Iterable[str], heartbeat_s: float | None) -> Call[str]:
    """The event stream from behind a cursor."""
    joined = ",".join(types)
    params = given({"types": joined or None, "heartbeat": heartbeat_s, "after": cursor})
    return Call("GET", "/v1/events", params=params)
