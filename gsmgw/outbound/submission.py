"""A message as a client submits it, and what the service answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from gsmgw.model import OnUnknown, Outgoing, Priority, Purpose
from gsmgw.model.questions import Ask
from gsmgw.outbound.errors import Refusal
from gsmgw.wire.problems import ProblemCode


class Submission(NamedTuple):
    """A message as a client submits it. Times are UTC milliseconds, ``valid_for`` is in seconds."""

    to: str
    text: str | None = None
    data: bytes | None = None
    port: int | None = None
    modem: str | None = None
    pool: str | None = None
    priority: Priority = Priority.NORMAL
    send_at_ms: int | None = None
    valid_for: int | None = None
    report: bool | None = None
    encoding: str = "auto"
    message_class: int | None = None
    client_ref: str | None = None
    tags: tuple[str, ...] = ()
    on_unknown: OnUnknown | None = None
    purpose: Purpose = Purpose.TRANSACTIONAL
    #: The consent list of a marketing message.
    list: str | None = None
    #: No opt-out blocks it. Only the gateway's own answers about consent are exempt.
    exempt: bool = False
    #: The next text of the recipient answers it.
    ask: Ask | None = None
    #: Data goes without a port. Only protocols that know such data submit it.
    bare: bool = False
    #: The received message that it answers. Without a route, it leaves through the SIM of that message.
    answers: int | None = None


class Accepted(NamedTuple):
    """A message that is saved. ``replayed``: an earlier request with the same key brought it; ``message`` is None."""

    message_id: int
    message: Outgoing | None
    replayed: bool = False


Result = Accepted | Refusal

#: Names in a fingerprint, in their order. The client's name is one of them.
_BEFORE_CLIENT = Submission._fields.index("pool") + 1
_NAMES = (*Submission._fields[:_BEFORE_CLIENT], "client", *Submission._fields[_BEFORE_CLIENT:])
_DEFAULTS = {"client": "", **Submission._field_defaults}


def fingerprint(client: str, submissions: Sequence[Submission]) -> str:
    """Return a digest that is equal for equal submissions. Fields with their default do not count."""
    digest = hashlib.sha256()
    for submission in submissions:
        values = (*submission[:_BEFORE_CLIENT], client, *submission[_BEFORE_CLIENT:])
        given = [(name, value) for name, value in zip(_NAMES, values, strict=True) if value != _DEFAULTS.get(name)]
        digest.update(repr(given).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def results_json(results: Sequence[Result]) -> str:
    """Return results as they are remembered for an Idempotency-Key."""
    return json.dumps([_as_json(result) for result in results])


def replayed_results(answer: str) -> list[Result]:
    """Return the results that are remembered for an Idempotency-Key."""
    return [_replayed(entry) for entry in json.loads(answer)]


def _as_json(result: Result) -> dict[str, object]:
    if isinstance(result, Accepted):
        return {"id": result.message_id}
    return {"code": result.code, "field": result.field, "detail": result.detail}


def _replayed(entry: dict[str, object]) -> Result:
    if isinstance(entry.get("id"), int):
        return Accepted(int(str(entry["id"])), None, replayed=True)
    return Refusal(ProblemCode(str(entry["code"])), str(entry["field"]), str(entry["detail"]))
