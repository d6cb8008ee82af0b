"""What clients ask to be sent: checked, cut to size, committed, and only then answered."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from gsmgw.errors import GsmgwError
from gsmgw.model import SOCKET, OnUnknown, Outgoing, Priority
from gsmgw.model.routes import ANY, like_last_time, to_modem, to_pool
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound.queue.router import RouteTable
from gsmgw.outbound.segmenting import plan, split_data
from gsmgw.pdu import MAX_SEGMENTS, Address, PduError
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, idempotency, outbox
from gsmgw.zones import country_of_number

#: TP-VP's longest period (TS 23.040 9.2.3.12.1).
MAX_VALID_FOR_S = 63 * 7 * 86400
#: The longest text that 255 segments can carry: GSM-7, behind a 16-bit concatenation header.
TEXT_LIMIT = 255 * 152
#: Of a large request, so many messages are looked at before others have a turn.
SLICE = 500
#: The encoding of 8-bit data.
DATA = "data"


class Submission(NamedTuple):
    """A message as a client asks for it. Times are UTC milliseconds, ``valid_for`` seconds."""

    to: str
    text: str | None = None
    data: bytes | None = None
    port: int | None = None
    modem: str | None = None
    pool: str | None = None
    client: str = ""
    priority: Priority = Priority.NORMAL
    send_at_ms: int | None = None
    valid_for: int | None = None
    report: bool | None = None
    encoding: str = "auto"
    message_class: int | None = None
    client_ref: str | None = None
    tags: tuple[str, ...] = ()
    on_unknown: OnUnknown | None = None
    owner: int = SOCKET


class Refusal(GsmgwError):
    """A request that cannot be taken. ``code`` is stable, ``field`` the part at fault, ``detail`` a sentence."""

    def __init__(self, code: str, field: str, detail: str) -> None:
        self.code = code
        self.field = field
        self.detail = detail
        super().__init__(f"{field}: {detail}")


class Accepted(NamedTuple):
    """A message that is on disk. ``replayed``: it was accepted by an earlier request with the same key."""

    message_id: int
    message: Outgoing | None
    replayed: bool = False


Result = Accepted | Refusal


@lru_cache(maxsize=4096)
def _measure(text: str, encoding: str) -> tuple[int, str]:
    planned = plan(text, encoding)
    if planned.segment_count > 1:  # the reference that is free when it leaves may be of either size
        plan(text, encoding, bits=16)
    return planned.segment_count, planned.encoding.value


class Intake:
    """Takes messages into the store and offers them to the queue."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        offer: Callable[[Sequence[Outgoing]], None],
        due: Callable[[int], None],
        modems: Callable[[], Collection[str]],
        *,
        table: RouteTable | None = None,
        country: str | None,
        valid_for_s: int,
        report: bool,
        on_unknown: OnUnknown,
        on_unknown_of: Mapping[str, OnUnknown] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._offer = offer
        self._due = due
        self._modems = modems
        self._table = table or RouteTable()
        self._wants_country = self._table.wants_country
        self._country = country
        self._valid_for_s = valid_for_s
        self._report = report
        self._on_unknown = on_unknown
        self._on_unknown_of = on_unknown_of or {}

    async def accept(self, request: Submission, key: str | None = None) -> Accepted:
        """Take one message; it is on disk when this returns. Raises :class:`Refusal` or ``KeyConflict``."""
        (result,) = await self.accept_many([request], key)
        if isinstance(result, Refusal):
            raise result
        return result

    async def accept_many(
        self,
        wanted: Sequence[Submission],
        key: str | None = None,
        also: Callable[[Tx, Sequence[int]], None] | None = None,
    ) -> list[Result]:
        """Take messages in one transaction, each accepted or refused by itself, in the order given.

        ``key`` is the Idempotency-Key of the whole request: used again with the same content, it gets the same
        answer, with another content ``KeyConflict``. A ``client_ref`` does the same for one message.
        ``also`` is done in the same transaction, with the identifiers of those that are new.
        """
        now_ms = self._clock.wall_ms()
        checked: list[Outgoing | Refusal] = []
        for at in range(0, len(wanted), SLICE):
            if at:
                await asyncio.sleep(0)  # others have a turn
            checked += [self._look(request, now_ms) for request in wanted[at : at + SLICE]]
        fingerprint = _fingerprint(wanted) if key is not None else ""
        marks = [_fingerprint([request]) if request.client_ref else "" for request in wanted]
        # Numbered behind the last turn of others, so that identifiers are written in their order.
        number = partial(self._store.ids.next, now_ms)
        checked = [each if isinstance(each, Refusal) else each._replace(id=number()) for each in checked]

        def take(tx: Tx) -> list[Result]:
            if key is not None and (given := idempotency.earlier_answers(tx, [f"key:{key}"])):
                answer = given[f"key:{key}"].repeated(f"key:{key}", fingerprint)
                replayed = tx.readable("idempotency", _replayed_all, [(key, answer)])
                if not replayed:  # it was accepted, and nobody knows any more as what: it is not to go twice
                    raise idempotency.KeyConflict(f"key:{key}")
                return replayed[0]
            results = _take(tx, now_ms, checked, marks)
            fresh = [each.message for each in results if isinstance(each, Accepted) and each.message is not None]
            outbox.accept(tx, now_ms, fresh)
            if also is not None:
                also(tx, [message.id for message in fresh])
            if key is not None and any(isinstance(each, Accepted) for each in results):
                answer = json.dumps(list(map(_kept, results)))
                idempotency.remember_answers(tx, now_ms, {f"key:{key}": idempotency.Answered(fingerprint, answer)})
            return results

        results = await self._store.write(take)
        fresh = [each.message for each in results if isinstance(each, Accepted) and each.message is not None]
        self._offer([message for message in fresh if not outbox.is_early(message, now_ms)])
        later = [message.send_at_ms for message in fresh if outbox.is_early(message, now_ms)]
        if moments := [moment_ms for moment_ms in later if moment_ms is not None]:
            self._due(min(moments))
        return results

    def look(self, request: Submission) -> Outgoing | Refusal:
        """What a request would become; nothing is kept."""
        return self._look(request, self._clock.wall_ms())

    def _look(self, request: Submission, now_ms: int) -> Outgoing | Refusal:
        try:
            return self._check(request, now_ms)
        except Refusal as refusal:
            return refusal

    def _check(self, request: Submission, now_ms: int) -> Outgoing:
        """A message that has no number yet."""
        try:
            to = parse_recipient(request.to, self._country)
            Address.parse_number(to)
        except NumberError as exc:
            raise Refusal("invalid_number", "to", f"{request.to!r} {exc}") from None
        except PduError as exc:
            raise Refusal("invalid_number", "to", f"{request.to!r}: {exc.title}") from None
        _check_characters(request)
        route = self._route(request, to)
        valid_for_s = request.valid_for if request.valid_for is not None else self._valid_for_s
        segments, encoding = self._measure(request)
        if request.client_ref and "\0" in request.client_ref:
            raise Refusal("invalid_request", "client_ref", "holds a NUL character")
        starts_ms = max(now_ms, request.send_at_ms or 0)
        return Outgoing(
            id=0,
            to=to,
            text=request.text,
            priority=request.priority,
            segments=segments,
            created_ms=now_ms,
            data=request.data,
            port=request.port,
            encoding=encoding,
            message_class=request.message_class,
            report=self._report if request.report is None else request.report,
            route=route,
            client=request.client,
            owner=request.owner,
            send_at_ms=request.send_at_ms,
            expires_ms=starts_ms + valid_for_s * 1000,
            client_ref=request.client_ref,
            tags=request.tags,
            on_unknown=request.on_unknown or self._on_unknown_of.get(request.client, self._on_unknown),
        )

    def _route(self, request: Submission, to: str) -> str:
        """By which modems a message may leave: as the client says, else by the first rule that matches."""
        if request.modem is not None:
            if request.pool is not None:
                raise Refusal("invalid_request", "pool", "a message has either a modem or a pool, not both")
            if request.modem not in self._modems():
                known = ", ".join(sorted(self._modems())) or "none"
                raise Refusal("unknown_modem", "modem", f"there is no modem named {request.modem!r} (known: {known})")
            return to_modem(request.modem)
        if request.pool is not None:
            pools = self._table.pools or {}
            if request.pool not in pools:
                known = ", ".join(sorted(pools)) or "none"
                raise Refusal("unknown_pool", "pool", f"there is no pool named {request.pool!r} (known: {known})")
            return to_pool(request.pool)
        country = country_of_number(to) if self._wants_country else None
        return self._table.choose(to, country, request.tags, request.client)

    def _measure(self, request: Submission) -> tuple[int, str]:
        """Segments and encoding of a request's content."""
        if request.data is not None:
            if request.text is not None:
                raise Refusal("invalid_request", "data", "a message has either text or data, not both")
            if not request.data:
                raise Refusal("empty_message", "data", "is empty")
            if request.port is None:
                raise Refusal("invalid_request", "port", "data needs the application port it is meant for")
            count = len(split_data(request.data))
            if count > MAX_SEGMENTS:
                raise Refusal("too_long", "data", f"takes {count} segments; 255 are possible")
            return count, DATA
        if not request.text:
            raise Refusal("empty_message", "text", "is empty")
        if len(request.text) > TEXT_LIMIT:
            raise Refusal("too_long", "text", f"has {len(request.text)} characters; {TEXT_LIMIT} are possible")
        try:
            return _measure(request.text, request.encoding)
        except PduError as exc:
            code = "not_encodable" if request.encoding == "gsm7" and "segments" not in exc.title else "too_long"
            raise Refusal(code, "text", exc.title) from None


def _check_characters(request: Submission) -> None:
    """Refuse half surrogates: neither the database nor an answer can hold them (RFC 3629 3)."""
    given = (("text", request.text), ("client_ref", request.client_ref), *(("tags", tag) for tag in request.tags))
    for field, value in given:
        if value is not None and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as exc:
                raise Refusal("invalid_request", field, f"has half a surrogate pair at position {exc.start}") from None


def _fingerprint(wanted: Sequence[Submission]) -> str:
    """What tells whether two requests ask for the same. Fields with their default do not count: later ones may come."""
    digest = hashlib.sha256()
    for request in wanted:
        given = [
            (name, value)
            for name, value in zip(Submission._fields, request, strict=True)
            if value != Submission._field_defaults.get(name) and name != "owner"  # the key says whose it is
        ]
        digest.update(repr(given).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _kept(result: Result) -> dict[str, object]:
    if isinstance(result, Accepted):
        return {"id": result.message_id}
    return {"code": result.code, "field": result.field, "detail": result.detail}


def _replayed(entry: dict[str, object]) -> Result:
    if isinstance(entry.get("id"), int):
        return Accepted(int(str(entry["id"])), None, replayed=True)
    return Refusal(str(entry["code"]), str(entry["field"]), str(entry["detail"]))


def _replayed_all(row: tuple[str, str]) -> list[Result]:
    return [_replayed(entry) for entry in json.loads(row[1])]


def _take(tx: Tx, now_ms: int, checked: Sequence[Outgoing | Refusal], marks: Sequence[str]) -> list[Result]:
    """Tell the new messages from those that an earlier request, or an earlier place of this one, had brought.

    New ones without a route go the way of their conversation. ``marks`` are the fingerprints of those with a
    ``client_ref``.
    """
    messages = [each for each in checked if isinstance(each, Outgoing)]
    refs = [idempotency.ref_of(message.owner, message.client_ref) for message in messages if message.client_ref]
    known = idempotency.earlier_answers(tx, refs) if refs else {}
    peers = {message.to for message in messages if message.route == ANY}
    last = outbox.last_texted(tx, peers) if peers else {}
    results: list[Result] = []
    given: dict[str, idempotency.Answered] = {}
    for message, mark in zip(checked, marks, strict=True):
        if isinstance(message, Refusal):
            results.append(message)
            continue
        if message.client_ref:
            ref = idempotency.ref_of(message.owner, message.client_ref)
            if (earlier := known.get(ref) or given.get(ref)) is not None:
                results.append(_by_ref(earlier, message.client_ref, mark))
                continue
            given[ref] = idempotency.Answered(mark, str(message.id))
        if message.route == ANY and message.to in last:
            message = message._replace(route=like_last_time(last[message.to]))
        results.append(Accepted(message.id, message))
    idempotency.remember_answers(tx, now_ms, given)
    return results


def _by_ref(earlier: idempotency.Answered, client_ref: str, mark: str) -> Result:
    try:
        return Accepted(int(earlier.repeated(f"ref:{client_ref}", mark)), None, replayed=True)
    except (idempotency.KeyConflict, ValueError):  # also where nobody knows any more as what it was accepted
        return Refusal("client_ref_conflict", "client_ref", f"{client_ref!r} was used before for another message")
