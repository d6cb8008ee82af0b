"""The transaction that accepts messages: it tells new ones from repeated ones and saves the new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gsmgw.model import Block, Outgoing
from gsmgw.model.questions import Ask
from gsmgw.model.routes import ANY, like_last_time
from gsmgw.outbound.errors import IdempotencyConflict, Refusal
from gsmgw.outbound.submission import Accepted, Result, replayed_results, results_json
from gsmgw.store import KeyConflict, Tx, consent, consent_lists, idempotency, outbox, questions
from gsmgw.wire.problems import ProblemCode

#: Called in the transaction with the messages that are new.
OnAccept = Callable[[Tx, Sequence[Outgoing]], None]


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key of an owner, with the fingerprint of the request that has it."""

    owner: int
    text: str
    fingerprint: str

    @property
    def stored(self) -> str:
        """The key in the database: two owners may use the same one."""
        return idempotency.key_of(self.owner, self.text)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Checked messages of one request. ``fingerprints`` are of those that have a ``client_ref``, else empty."""

    now_ms: int
    checked: Sequence[Outgoing | Refusal]
    fingerprints: Sequence[str]
    key: Key | None = None
    on_accept: OnAccept | None = None
    #: Questions that messages ask, by the messages' IDs.
    asks: Mapping[int, Ask] = field(default_factory=dict)
    #: The received messages that messages answer, by the IDs of the answers.
    answered: Mapping[int, int] = field(default_factory=dict)

    def __call__(self, tx: Tx) -> list[Result]:
        """Return a result for each message. Raises :class:`IdempotencyConflict`."""
        if self.key is not None and (earlier := _earlier_results(tx, self.key)) is not None:
            return earlier
        results = self._accept(tx)
        fresh = new_messages(results)
        outbox.accept(tx, self.now_ms, fresh)
        if self.asks:
            for message in fresh:
                if message.id in self.asks:
                    questions.note_asking(tx, message.id, self.asks[message.id])
        if fresh and self.on_accept is not None:
            self.on_accept(tx, fresh)
        if self.key is not None and any(isinstance(result, Accepted) for result in results):
            answer = idempotency.Answered(self.key.fingerprint, results_json(results))
            idempotency.remember_answers(tx, self.now_ms, {self.key.stored: answer})
        return results

    def _accept(self, tx: Tx) -> list[Result]:
        """Tell new messages from those that an earlier request, or an earlier place in this one, has brought.

        New messages without a route use the modem of the text that they answer, else of their conversation.
        """
        messages = [each for each in self.checked if isinstance(each, Outgoing)]
        refs = [idempotency.ref_of(message.owner, message.client_ref) for message in messages if message.client_ref]
        known = idempotency.earlier_answers(tx, refs) if refs else {}
        peers = {message.to for message in messages if message.route == ANY}
        last = outbox.last_texted(tx, peers) if peers else {}
        answered = self._answered(tx)
        refused = refusals(tx.all, messages)
        results: list[Result] = []
        given: dict[str, idempotency.Answered] = {}
        for message, mark in zip(self.checked, self.fingerprints, strict=True):
            if isinstance(message, Refusal):
                results.append(message)
                continue
            if message.client_ref:
                ref = idempotency.ref_of(message.owner, message.client_ref)
                if (earlier := known.get(ref) or given.get(ref)) is not None:
                    results.append(_by_client_ref(earlier, message.client_ref, mark))
                    continue
                if message.id in refused:
                    results.append(refused[message.id])
                    continue
                given[ref] = idempotency.Answered(mark, str(message.id))
            elif message.id in refused:
                results.append(refused[message.id])
                continue
            if message.route == ANY:
                sender, modem = answered.get(message.id, ("", ""))
                texted = modem if sender == message.to else last.get(message.to)
                message = message if texted is None else message._replace(route=like_last_time(texted))
            results.append(Accepted(message.id, message))
        idempotency.remember_answers(tx, self.now_ms, given)
        return results

    def _answered(self, tx: Tx) -> dict[int, tuple[str, str]]:
        """Return the sender and the modem of what messages answer, by the IDs of the answers."""
        if not self.answered:
            return {}
        received = outbox.received_by(tx, {*self.answered.values()})
        return {answer: received[of] for answer, of in self.answered.items() if of in received}


def refusals(query: consent.Query, messages: Sequence[Outgoing]) -> dict[int, Refusal]:
    """Return which messages are refused, by their ids: the recipient opted out, or the list does not exist."""
    blocks = consent.blocked(query, messages)
    found = {
        messages[place].id: opted_out(messages[place].to) for place, block in blocks.items() if block is Block.OPTED_OUT
    }
    if any(message.list is not None for message in messages):
        known = consent_lists.names(query)
        found |= {
            message.id: Refusal(ProblemCode.UNKNOWN_LIST, "list", consent_lists.unknown(message.list, known))
            for message in messages
            if message.list is not None and message.list not in known
        }
    return found


def opted_out(number: str) -> Refusal:
    """Return why a message to a number that opted out is refused."""
    detail = f"the recipient has opted out. To see how: gsmgw optouts show {number}"
    return Refusal(ProblemCode.RECIPIENT_OPTED_OUT, "to", detail)


def new_messages(results: Sequence[Result]) -> list[Outgoing]:
    """Return the messages that were accepted now."""
    return [each.message for each in results if isinstance(each, Accepted) and each.message is not None]


def _earlier_results(tx: Tx, key: Key) -> list[Result] | None:
    """Return the results of an earlier request with the key; None if there was none."""
    answered = idempotency.earlier_answers(tx, [key.stored]).get(key.stored)
    if answered is None:
        return None
    try:
        answer = answered.repeated(key.stored, key.fingerprint)
    except KeyConflict:
        raise IdempotencyConflict(key.text) from None
    replayed = tx.readable("idempotency", lambda row: replayed_results(row[1]), [(key.stored, answer)])
    if not replayed:  # accepted, but the row is broken: it must not be sent twice
        raise IdempotencyConflict(key.text)
    return replayed[0]


def _by_client_ref(earlier: idempotency.Answered, client_ref: str, mark: str) -> Result:
    try:
        return Accepted(int(earlier.repeated(f"ref:{client_ref}", mark)), None, replayed=True)
    except (KeyConflict, ValueError):  # ValueError: the row is broken, and it must not be sent twice
        return Refusal(
            ProblemCode.CLIENT_REF_CONFLICT, "client_ref", f"{client_ref!r} was used before for another message"
        )
