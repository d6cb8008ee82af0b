"""The API calls: request, and the part of the answer to return."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

from typing_extensions import Unpack

from gsmgw.client.errors import EmptyName
from gsmgw.client.options import TIMEOUT_S

if TYPE_CHECKING:  # importing these takes most of the time of a command
    from gsmgw.wire import requests, resources

Json = dict[str, Any]
T = TypeVar("T")
#: A command may have to wait for an urgent message, and USSD takes up to a minute; seconds.
MODEM_TIMEOUT_S = 180.0
#: The whole event log is searched.
PRIVACY_TIMEOUT_S = 300.0


def _whole(answer: Any) -> Any:
    return answer


def _data(answer: Any) -> Any:
    return answer["data"]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request. With a ``key``, or if it only reads, it is retried when the answer is lost.

    ``timeout_s`` is the maximum time until the answer begins.
    """

    method: str
    path: str
    json: Any = None
    params: Any = None
    key: str | None = None
    timeout_s: float = TIMEOUT_S
    pick: Callable[[Any], T] = _whole
    #: A body that is a file.
    content: bytes | None = None
    extra_headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def repeatable(self) -> bool:
        """True if the request can be repeated without a further effect."""
        return self.key is not None or self.method == "GET"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that only this request has."""
        if self.content is not None:
            return {"Content-Type": "application/octet-stream", **self.extra_headers}
        return {"Idempotency-Key": self.key, **self.extra_headers} if self.key else {**self.extra_headers}


def given(fields: Mapping[str, object]) -> Json:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def part(name: str) -> str:
    """Return a name encoded as one path segment. Raises :class:`EmptyName` if it is empty."""
    if not name:
        raise EmptyName
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
    """Call a route. With a ``key``, or if it only reads, it is retried when the answer is lost."""
    return Call(method, path, json, params, key, timeout_s)


def send(
    to: str, text: str | None = None, *, key: str | None = None, **fields: Unpack[requests.MessageFields]
) -> Call[resources.Message]:
    """Send a message; it is saved to disk when this returns. ``fields`` are those of ``POST /v1/messages``.

    ``key`` is the Idempotency-Key; without one, each call is a message of its own.
    """
    body = {"to": to, "text": text, **given(fields)}
    return Call("POST", "/v1/messages", body, key=key or str(uuid.uuid4()))


def send_many(
    messages: Sequence[requests.Message | Json], *, key: str | None = None
) -> Call[list[resources.BatchMessage | resources.RefusedMessage]]:
    """Send at most 10 000 messages in one transaction; each result is the message or ``{"error": problem}``."""
    return Call("POST", "/v1/messages/batch", {"messages": list(messages)}, key=key or str(uuid.uuid4()), pick=_data)


def preview_many(
    messages: Sequence[requests.Message | Json],
) -> Call[list[resources.SeenMessage | resources.RefusedMessage]]:
    """Return a preview of each message of a batch without sending it."""
    return Call("POST", "/v1/messages/batch/preview", {"messages": list(messages)}, pick=_data)


def preview(text: str, **fields: Any) -> Call[resources.Preview]:
    """Return a preview of a text: encoding and segments."""
    return Call("POST", "/v1/messages/preview", {"text": text, **given(fields)})


def message(message_id: str) -> Call[resources.WholeMessage]:
    """Return a message with its segments and its history."""
    return Call("GET", f"/v1/messages/{part(message_id)}")


def page(**filters: Any) -> Call[resources.MessagePage]:
    """Return a page of messages, newest first: ``data``, ``next_cursor``. ``filters``: see ``GET /v1/messages``."""
    return Call("GET", "/v1/messages", params=given(filters))


def quarantine_page(**filters: Any) -> Call[resources.QuarantinePage]:
    """Return a page of received PDUs that could not be decoded, newest first: ``data`` and ``next_cursor``."""
    return Call("GET", "/v1/quarantine", params=given(filters))


def reread_quarantine() -> Call[resources.Reread]:
    """Decode the PDUs in quarantine again; return the counts ``understood`` and ``left``."""
    return Call("POST", "/v1/quarantine/reread")


def audit_page(**filters: Any) -> Call[resources.AuditPage]:
    """Return a page of the audit log, newest first: ``data`` and ``next_cursor``."""
    return Call("GET", "/v1/audit", params=given(filters))


def export(format: str, filters: Json) -> Call[str]:
    """Export all messages that match the filters, as a stream of text."""
    return Call("GET", "/v1/messages/export", params={"format": format, **given(filters)})


def act(message_id: str, action: str, body: Json | None = None) -> Call[resources.WholeMessage]:
    """Call an action on a message: ``cancel``, ``retry`` or ``resolve``."""
    return Call("POST", f"/v1/messages/{part(message_id)}/{part(action)}", body)


def wait(
    *,
    sender: str | None = None,
    match: str | None = None,
    modem: str | None = None,
    since: str | None = None,
    timeout_s: float = 60.0,
) -> Call[resources.ArrivedMessage]:
    """Wait for a received message, and return it with its one-time code in ``code``.

    ``match`` is a part of its text, or ``/a regular expression/``. ``since``, a time in RFC 3339, also finds messages
    that have been received. Raises :class:`gsmgw.client.ApiError` with the code ``no_message`` if none arrived.
    """
    params = given({"from": sender, "match": match, "modem": modem, "since": since, "timeout": timeout_s})
    return Call("GET", "/v1/messages/wait", params=params, timeout_s=timeout_s + TIMEOUT_S)


def optout_page(**filters: Any) -> Call[resources.OptOutPage]:
    """Return a page of opt-outs, newest number first: ``data`` and ``next_cursor``. ``filters``: ``list``."""
    return Call("GET", "/v1/optouts", params=given(filters))


def suspect_page(**filters: Any) -> Call[resources.SuspectPage]:
    """Return a page of numbers whose text may be an opt-out: ``data`` and ``next_cursor``."""
    return Call("GET", "/v1/suspects", params=given(filters))


def consent(number: str) -> Call[resources.Consent]:
    """Return the consent of a number to each list, and how it came about."""
    return Call("GET", f"/v1/consent/{part(number)}")


def opt_out(number: str, *, list: str = "*", reason: str | None = None) -> Call[resources.Consent]:
    """Opt a number out of a list, by default of everything. Messages that wait for it are canceled."""
    return Call("POST", "/v1/optouts", given({"number": number, "list": list, "reason": reason}))


def end_opt_out(number: str, *, list: str = "*", reason: str | None = None) -> Call[None]:
    """End an opt-out; the number may be texted again."""
    return Call("DELETE", f"/v1/optouts/{part(number)}", params=given({"list": list, "reason": reason}))


def import_opt_outs(
    numbers: Sequence[str], *, list: str = "*", reason: str | None = None, dry_run: bool | None = None
) -> Call[resources.OptOutImport]:
    """Opt out at most 10 000 numbers; numbers that are not valid are reported."""
    body = {"numbers": [*numbers], "list": list, "reason": reason, "dry_run": dry_run}
    return Call("POST", "/v1/optouts/import", given(body))


def decide_suspect(number: str, decision: str, *, reason: str | None = None) -> Call[resources.Consent]:
    """Decide about a suspect: ``opt_out``, or ``dismiss``, which sends what is on hold."""
    return Call("POST", f"/v1/suspects/{part(number)}", given({"decision": decision, "reason": reason}))


def consent_lists() -> Call[list[resources.ConsentList]]:
    """Return all consent lists."""
    return Call("GET", "/v1/lists", pick=_data)


def put_consent_list(name: str, **fields: Any) -> Call[resources.ConsentList]:
    """Create or replace a consent list. ``fields`` are those of ``PUT /v1/lists/{name}``."""
    return Call("PUT", f"/v1/lists/{part(name)}", given(fields))


def delete_consent_list(name: str) -> Call[None]:
    """Delete a consent list; its opt-outs are kept."""
    return Call("DELETE", f"/v1/lists/{part(name)}")


def modems() -> Call[list[resources.Modem]]:
    """Return all modems."""
    return Call("GET", "/v1/modems", pick=_data)


def modem(name: str, action: str | None = None, body: Json | None = None) -> Call[Json]:
    """Return a modem, or call an action on it: ``reset``, ``enable``, ``disable``, ``pin``, ``ussd``."""
    if action is None:
        return Call("GET", f"/v1/modems/{part(name)}")
    return Call("POST", f"/v1/modems/{part(name)}/{part(action)}", body, timeout_s=MODEM_TIMEOUT_S)


def modem_history(name: str) -> Call[resources.ModemHistory]:
    """Return the signal, temperature and state of a modem over the last day, one value a minute."""
    return Call("GET", f"/v1/modems/{part(name)}/history")


def stats() -> Call[resources.Stats]:
    """Return the state of the gateway, its queue and its database."""
    return Call("GET", "/v1/stats")


def statistics(**filters: Any) -> Call[resources.Statistics]:
    """Return counts, delivery rates, causes and cost of a span; ``filters``: see ``GET /v1/statistics``."""
    return Call("GET", "/v1/statistics", params=given(filters))


def export_person(number: str) -> Call[resources.PrivacyExport]:
    """Return all that is known about a number."""
    return Call("POST", f"/v1/privacy/{part(number)}/export", timeout_s=PRIVACY_TIMEOUT_S)


def erase_person(number: str, *, reason: str | None = None) -> Call[resources.PrivacyErasure]:
    """Erase all that is known about a number, and cancel what waits for it. An opt-out stays in force."""
    body = {} if reason is None else {"reason": reason}
    return Call("POST", f"/v1/privacy/{part(number)}/erase", body, timeout_s=PRIVACY_TIMEOUT_S)


def reload() -> Call[resources.Reload]:
    """Have the gateway read its configuration again; return what changed."""
    return Call("POST", "/v1/reload")


def events(cursor: int | None, types: Iterable[str], heartbeat_s: float | None) -> Call[str]:
    """Return the event stream after a cursor."""
    joined = ",".join(types)
    params = given({"types": joined or None, "heartbeat": heartbeat_s, "after": cursor})
    return Call("GET", "/v1/events", params=params)
