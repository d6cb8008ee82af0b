"""The one entrance to outbound messages: submit, preview, cancel, retry, resolve, for the API and every bridge.

Every call takes the caller as a :class:`Principal` and checks its scopes, modems, quota and ownership here. Callers
of the service parse a request, call one method and translate the result or the :class:`ServiceError`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Protocol

from gsmgw.model import NOBODY, Block, MessageRecord, Outgoing, Status, Waiting
from gsmgw.model.questions import Ask
from gsmgw.outbound.acceptance import Acceptance, Key, OnAccept, new_messages, opted_out, refusals
from gsmgw.outbound.errors import MessageNotFound, Refusal, WrongState
from gsmgw.outbound.permissions import require_own, require_route, restricted, visible_to
from gsmgw.outbound.principal import Principal
from gsmgw.outbound.queue.router import RouteTable
from gsmgw.outbound.queue.wait_reason import not_yet
from gsmgw.outbound.quotas import Quotas
from gsmgw.outbound.segmenting import plan
from gsmgw.outbound.submission import Accepted, Result, Submission, fingerprint
from gsmgw.outbound.validation import Defaults, Validator
from gsmgw.pdu import PduError, TextPlan
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, consent, idempotency, lifecycle, messages, outbox
from gsmgw.store.message_details import MessageDetails, details_of
from gsmgw.store.visibility import Sight
from gsmgw.wire.problems import ProblemCode

log = logging.getLogger(__name__)

#: The gateway as a caller: it answers to opt-outs and keywords.
OWN = Principal("gsmgw", "gsmgw", owner=NOBODY)
#: Messages of a batch that are checked before other tasks run.
SLICE = 500


class Queue(Protocol):
    """The part of the queue that the service tells of new and canceled messages."""

    def offer(self, messages: Sequence[Outgoing]) -> None:
        """Take messages that were saved as queued."""

    def withdraw(self, message_id: int) -> None:
        """Drop a message that was canceled."""

    def due(self, moment_ms: int) -> None:
        """Look at the database at that moment: a scheduled message is due."""

    def recall(self, number: str) -> None:
        """Give up what is committed ahead for a number that opted out."""

    def explain(self, message: MessageRecord) -> Waiting | None:
        """Return why an outbound message is not sent yet; None if it is not waiting."""

    def explain_queued(self, route: str, peer: str, known: dict[tuple[str, bool], Waiting]) -> Waiting:
        """Return why a message in the queue is not sent yet. ``known`` keeps what is the same for others."""


class RemoteMessages(Protocol):
    """Messages that other gateways have: only they can change them."""

    async def cancel(self, record: MessageRecord) -> bool:
        """Cancel a message that another gateway has. Return False if none has it. Raises :class:`WrongState`."""

    async def resolve(self, record: MessageRecord, *, resend: bool) -> bool:
        """Resolve a message that another gateway has. Return False if none has it. Raises :class:`WrongState`."""


class MessageService:
    """Accepts outbound messages and changes them on behalf of a caller."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        queue: Queue,
        modems: Callable[[], Collection[str]],
        defaults: Defaults,
        table: RouteTable | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._modems = modems
        self.quotas = Quotas(store, clock)
        #: Set where other gateways send some of the messages.
        self.remote: RemoteMessages | None = None
        #: True once a message was accepted that asks a question.
        self.asks = False
        self.reconfigure(defaults, table or RouteTable())

    def reconfigure(self, defaults: Defaults, table: RouteTable) -> None:
        """Use other defaults and routes for messages that are accepted from now on."""
        self._pools = table.pools or {}
        self._valid_for_s = defaults.valid_for_s
        self._validator = Validator(self._modems, table, defaults)

    async def submit(self, principal: Principal, submission: Submission, key: str | None = None) -> Accepted:
        """Accept one message; it is saved when this returns. Raises :class:`ServiceError`."""
        (result,) = await self.submit_batch(principal, [submission], key)
        if isinstance(result, Refusal):
            raise result
        return result

    async def submit_batch(
        self,
        principal: Principal,
        submissions: Sequence[Submission],
        key: str | None = None,
        on_accept: OnAccept | None = None,
    ) -> list[Result]:
        """Accept messages in one transaction, each accepted or refused by itself, in the order given.

        ``key`` is the Idempotency-Key of the whole request: used again with the same content it gets the same
        results, with other content :class:`IdempotencyConflict`. A ``client_ref`` does the same for one message.
        ``on_accept`` is called in the transaction with the messages that are new.
        """
        principal.require("send")
        allowed = [_restricted(principal, submission) for submission in submissions]
        wanted = [each for each in allowed if isinstance(each, Submission)]
        count = await self._count_new(principal, wanted, key)
        async with self.quotas.reserve(principal, count) as reservation:
            results = await self._accept(principal, wanted, key, on_accept)
            reservation.used = sum(isinstance(each, Accepted) and not each.replayed for each in results)
        if len(wanted) == len(allowed):
            return results
        found = iter(results)
        return [each if isinstance(each, Refusal) else next(found) for each in allowed]

    async def latest_key(self, principal: Principal, prefix: str, since_ms: int) -> str | None:
        """Return the last Idempotency-Key of a caller that begins so and was used since a moment, in their order."""
        return await self._store.read(lambda db: idempotency.latest_of(db, principal.owner, prefix, since_ms))

    def preview(
        self, principal: Principal, text: str, encoding: str = "auto", *, transliterate: bool = False
    ) -> TextPlan:
        """Return how a text would be sent: encoding, segments, space left."""
        principal.require("send")
        try:
            return plan(text, encoding, transliterate=transliterate)
        except PduError as exc:
            raise Refusal(ProblemCode.NOT_ENCODABLE, "text", exc.title) from None

    async def preview_batch(self, principal: Principal, submissions: Sequence[Submission]) -> list[Outgoing | Refusal]:
        """Return the messages that submissions would become. Nothing is saved."""
        principal.require("send")
        allowed = [_restricted(principal, submission) for submission in submissions]
        checked = await self._checked(principal, allowed, self._clock.wall_ms())
        numbered = [
            each if isinstance(each, Refusal) else each._replace(id=place) for place, each in enumerate(checked)
        ]
        wanted = [each for each in numbered if isinstance(each, Outgoing)]
        refused = await self._store.read(lambda db: refusals(consent.on(db), wanted))
        return [each if isinstance(each, Refusal) else refused.get(each.id, each) for each in numbered]

    async def get(self, principal: Principal, message_id: int) -> MessageRecord:
        """Return a message that the caller may see. Raises :class:`MessageNotFound`."""
        record = await self._store.read(lambda db: messages.get_message(db, message_id))
        if record is None or not self._may_see(principal, record):
            raise MessageNotFound(message_id)
        return record

    async def details(self, principal: Principal, message_id: int) -> MessageDetails:
        """Return a message that the caller may see, at one moment. Raises :class:`MessageNotFound`."""
        found = await self._store.read(lambda db: details_of(db, message_id))
        if found is None or not self._may_see(principal, found.record):
            raise MessageNotFound(message_id)
        return found

    async def cancel(self, principal: Principal, message_id: int) -> None:
        """Cancel a message of which nothing has been sent. Raises :class:`ServiceError`."""
        record = await self._get_to_change(principal, message_id)
        now_ms = self._clock.wall_ms()

        def tell(canceled: bool) -> None:
            if canceled:
                self._queue.withdraw(record.id)

        if await self._store.write(lambda tx: lifecycle.cancel(tx, now_ms, record.id), tell):
            return
        if self.remote is None or not await self.remote.cancel(record):
            raise await self._wrong_state(record, "only a message that is not yet being sent can be canceled")

    async def retry(self, principal: Principal, message_id: int) -> None:
        """Queue a failed, undelivered, expired or canceled message again; a queued one is tried now.

        Raises :class:`ServiceError`.
        """
        record = await self._get_to_change(principal, message_id)
        require_route(principal, record.route)
        now_ms = self._clock.wall_ms()
        if record.status is Status.QUEUED:
            await self._store.write(lambda tx: lifecycle.hurry(tx, now_ms, record.id), self._offer)
            return
        expires_ms = now_ms + self._valid_for_s * 1000
        async with self.quotas.reserve(principal, 1) as reservation:
            message = await self._store.write(
                lambda tx: _unless_opted_out(tx, lifecycle.retry(tx, now_ms, record.id, expires_ms)), self._offer
            )
            if message is None:
                states = "queued, failed, undelivered, expired or canceled"
                raise await self._wrong_state(record, f"only a {states} message can be sent again")
            reservation.used = 1

    async def resolve(self, principal: Principal, message_id: int, *, resend: bool) -> None:
        """Settle a message whose outcome is unknown: send its doubtful segments again, or count them as sent.

        Raises :class:`ServiceError`.
        """
        record = await self._get_to_change(principal, message_id)
        if resend:
            require_route(principal, record.route)
        if self.remote is not None and await self.remote.resolve(record, resend=resend):
            return
        now_ms = self._clock.wall_ms()
        async with self.quotas.reserve(principal, int(resend)) as reservation:
            resolved = await self._store.write(
                partial(_resolve, now_ms=now_ms, message_id=record.id, resend=resend),
                lambda resolved: self._offer(None if resolved is None else resolved.queued),
            )
            if resolved is None:
                raise await self._wrong_state(record, "only a message with unknown outcome can be resolved")
            reservation.used = int(resend)

    def accept_own(self, tx: Tx, now_ms: int, submission: Submission, route: str) -> list[Outgoing]:
        """Accept a message of the gateway itself in the transaction of another part, which announces it afterwards.

        Called in the writer's thread. Returns the message, or nothing if it is refused.
        """
        checked = self._validator.message(OWN, submission, now_ms)
        if isinstance(checked, Refusal):
            log.error("own message refused: %s", checked)
            return []
        message = checked._replace(id=self._store.ids.next(now_ms), route=route)
        return new_messages(Acceptance(now_ms, [message], [""], asks=self._asks([message], [submission]))(tx))

    def accept_many(self, tx: Tx, now_ms: int, submissions: Sequence[Submission]) -> list[Result]:
        """Accept messages of the gateway itself, each by itself, in the transaction of another part.

        Called in the writer's thread. The other part announces them afterwards.
        """
        number = partial(self._store.ids.next, now_ms)
        checked = [self._validator.message(OWN, each, now_ms) for each in submissions]
        numbered = [each if isinstance(each, Refusal) else each._replace(id=number()) for each in checked]
        asks, answered = self._asks(numbered, submissions), _answered(numbered, submissions)
        return Acceptance(now_ms, numbered, [""] * len(numbered), asks=asks, answered=answered)(tx)

    def _asks(self, numbered: Sequence[Outgoing | Refusal], submissions: Sequence[Submission]) -> dict[int, Ask]:
        """Return what messages ask, by their IDs."""
        found = {
            message.id: submission.ask
            for message, submission in zip(numbered, submissions, strict=True)
            if submission.ask is not None and isinstance(message, Outgoing)
        }
        self.asks = self.asks or bool(found)
        return found

    def taken_back(self, messages: Sequence[tuple[int, str]]) -> None:
        """Tell the queue of messages that were canceled, each with its number."""
        for message_id, number in messages:
            self._queue.withdraw(message_id)
            self._queue.recall(number)

    def opted_out(self, number: str, canceled: Sequence[int]) -> None:
        """Take back what waits for a number that opted out. ``canceled`` are the messages that were canceled."""
        for message_id in canceled:
            self._queue.withdraw(message_id)
        self._queue.recall(number)

    def look_again(self, moment_ms: int) -> None:
        """Look at the database at that moment: messages that were on hold may go."""
        self._queue.due(moment_ms)

    def visible_to(self, principal: Principal) -> Sight | None:
        """Return which messages a caller may see; None for all."""
        return visible_to(principal, self._pools)

    def explain(self, record: MessageRecord) -> Waiting | None:
        """Return why a message is not sent yet; None if it is not waiting."""
        return self._queue.explain(record)

    def explain_all(self, fresh: Sequence[Outgoing]) -> list[Waiting]:
        """Return why messages that were just accepted are not sent yet."""
        known: dict[tuple[str, bool], Waiting] = {}
        return [
            not_yet(message.send_at_ms)
            if outbox.is_early(message, message.created_ms)
            else self._queue.explain_queued(message.route, message.to, known)
            for message in fresh
        ]

    def _may_see(self, principal: Principal, record: MessageRecord) -> bool:
        sight = self.visible_to(principal)
        return sight is None or sight.sees(record)

    async def _get_to_change(self, principal: Principal, message_id: int) -> MessageRecord:
        principal.require("send")
        record = await self.get(principal, message_id)
        require_own(principal, record)
        return record

    async def _wrong_state(self, record: MessageRecord, rule: str) -> WrongState:
        """Return the error for a change that the state of a message does not allow; it may have changed meanwhile."""
        current = await self._store.read(lambda db: messages.get_message(db, record.id))
        return WrongState(f"the message is {(current or record).status}: {rule}")

    async def _count_new(self, principal: Principal, submissions: Sequence[Submission], key: str | None) -> int:
        """Return how many of these messages count against the quota: those that no earlier request has brought."""
        if not self.quotas.apply_to(principal):
            return 0
        owner = principal.owner
        refs = [idempotency.ref_of(owner, each.client_ref) for each in submissions if each.client_ref]
        whole = [] if key is None else [Key(owner, key, "").stored]
        known = await self._store.read(lambda db: idempotency.known_of(db, [*whole, *refs]))
        if not known.isdisjoint(whole):
            return 0
        return len(submissions) - sum(ref in known for ref in refs)

    async def _accept(
        self, principal: Principal, submissions: Sequence[Submission], key: str | None, on_accept: OnAccept | None
    ) -> list[Result]:
        now_ms = self._clock.wall_ms()
        checked = await self._checked(principal, submissions, now_ms)
        client = principal.token
        marks = [fingerprint(client, [each]) if each.client_ref else "" for each in submissions]
        # Numbered after the last pause, so that ids are written in their order.
        number = partial(self._store.ids.next, now_ms)
        numbered = [each if isinstance(each, Refusal) else each._replace(id=number()) for each in checked]
        whole = None if key is None else Key(principal.owner, key, fingerprint(client, submissions))
        asks = self._asks(numbered, submissions)
        answered = _answered(numbered, submissions)
        # The queue is told even if the caller is cancelled meanwhile: what is on disk must be sent in this run.
        return await self._store.write(
            Acceptance(now_ms, numbered, marks, whole, on_accept, asks, answered),
            lambda results: self.announce(new_messages(results)),
        )

    async def _checked(
        self, principal: Principal, submissions: Sequence[Submission | Refusal], now_ms: int
    ) -> list[Outgoing | Refusal]:
        """Check submissions; other tasks run in between."""
        check = self._validator.message
        checked: list[Outgoing | Refusal] = []
        for at in range(0, len(submissions), SLICE):
            if at:
                await asyncio.sleep(0)
            checked += [
                each if isinstance(each, Refusal) else check(principal, each, now_ms)
                for each in submissions[at : at + SLICE]
            ]
        return checked

    def _offer(self, message: Outgoing | None) -> None:
        """Tell the queue of a message that was queued again, if there is one."""
        if message is not None:
            self._queue.offer([message])

    def announce(self, fresh: Sequence[Outgoing]) -> None:
        """Tell the queue of messages that were saved: those to be sent now, and when the next one is due."""
        self._queue.offer([message for message in fresh if not outbox.is_early(message, message.created_ms)])
        later = [message.send_at_ms for message in fresh if outbox.is_early(message, message.created_ms)]
        if moments := [moment_ms for moment_ms in later if moment_ms is not None]:
            self._queue.due(min(moments))


def _unless_opted_out(tx: Tx, message: Outgoing | None) -> Outgoing | None:
    """Return a message that is to be sent again. Raises :class:`Refusal` if its recipient opted out."""
    if message is not None and consent.blocked(tx.all, (message,)).get(0) is Block.OPTED_OUT:
        raise opted_out(message.to)
    return message


def _resolve(tx: Tx, now_ms: int, message_id: int, *, resend: bool) -> lifecycle.Resolved | None:
    """Resolve a message. Raises :class:`Refusal` where the rest of it would go to a number that opted out."""
    resolved = lifecycle.resolve(tx, now_ms, message_id, resend=resend)
    if resolved is not None:
        _unless_opted_out(tx, resolved.queued)
    return resolved


def _answered(numbered: Sequence[Outgoing | Refusal], submissions: Sequence[Submission]) -> dict[int, int]:
    """Return the received messages that messages answer, by the IDs of the answers."""
    return {
        message.id: submission.answers
        for message, submission in zip(numbered, submissions, strict=True)
        if submission.answers is not None and isinstance(message, Outgoing)
    }


def _restricted(principal: Principal, submission: Submission) -> Submission | Refusal:
    try:
        return restricted(principal, submission)
    except Refusal as refusal:
        return refusal
