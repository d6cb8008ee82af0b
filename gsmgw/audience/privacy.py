"""One person's data: handed out, or erased."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from gsmgw.audience.drips.desk import Drips, Standing
from gsmgw.model import Event, MessageRecord
from gsmgw.model.contacts import Contact
from gsmgw.model.questions import OpenQuestion
from gsmgw.outbound import MessageService, Principal, WrongState
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, consent_reads, contacts, conversations, fleet_state, messages, privacy, questions
from gsmgw.store.conversations import Conversation, Note

#: Messages and events that are read at once.
_PAGE = 1000


@dataclass(slots=True)
class Dossier:
    """All that is known about a number."""

    number: str
    contact: Contact | None
    consent: consent_reads.Person
    conversation: Conversation | None
    #: Where the person stands in follow-ups, newest first.
    drips: list[Standing]
    question: OpenQuestion | None
    notes: list[Note] = field(default_factory=list)
    messages: list[MessageRecord] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class Privacy:
    """Exports and erases what is known about a number. ``forget`` drops it from the events in memory.

    With ``has_nodes``, the nodes of a fleet have to erase it as well: the database remembers that.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        service: MessageService,
        drips: Drips,
        forget: Callable[[str], None],
        *,
        has_nodes: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._service = service
        self._drips = drips
        self._forget = forget
        self._has_nodes = has_nodes

    async def export(self, number: str) -> Dossier:
        """Return all that is known about a number, oldest first."""
        read = self._store.read
        found = Dossier(
            number,
            await read(lambda db: contacts.get(db, number)),
            await read(lambda db: consent_reads.person(db, number)),
            await read(lambda db: conversations.get(db, number)),
            await self._drips.of(number),
            await read(lambda db: questions.get(db, number)),
            await read(lambda db: conversations.notes(db, number)),
        )
        before: int | None = None
        while True:
            wanted = messages.Filter(peer=number, before_id=before)
            page = await read(partial(messages.list_messages, wanted=wanted, limit=_PAGE))
            found.messages += page
            if len(page) < _PAGE:
                break
            before = page[-1].id
        found.messages.reverse()
        named = set((await read(lambda db: privacy.find(db, number))).events)
        for message in found.messages:
            named.update(event.id for event in await read(partial(messages.history, message_id=message.id)))
        ids = sorted(named)
        for place in range(0, len(ids), _PAGE):
            found.events += await read(partial(privacy.events_by_id, ids=ids[place : place + _PAGE]))
        return found

    async def erase(self, caller: Principal, number: str, reason: str | None) -> dict[str, int]:
        """Cancel what waits for a number, and erase all that is known about it; return counts by name.

        Raises :class:`gsmgw.outbound.WrongState` while a message to it is at a modem, or its outcome is unknown.
        """
        await self._cancel(caller, number)
        found = await self._store.read(lambda db: privacy.find(db, number))
        await self._store.write(privacy.begin)
        try:
            erased = 0
            while some := await self._store.write(lambda tx: privacy.erase_messages(tx, number)):
                erased += some
            for place in range(0, max(len(found.events), len(found.answers)), privacy.PORTION):
                events = found.events[place : place + privacy.PORTION]
                answers = found.answers[place : place + privacy.PORTION]
                await self._store.write(partial(privacy.erase_events, ids=events, keys=answers))
            now_ms = self._clock.wall_ms()
            counts = await self._store.write(lambda tx: self._erase_person(tx, now_ms, number, reason))
        finally:
            await self._store.write(privacy.end)
        self._forget(number)
        return {"messages": erased, "events": len(found.events), **counts}

    def _erase_person(self, tx: Tx, now_ms: int, number: str, reason: str | None) -> dict[str, int]:
        if self._has_nodes:
            fleet_state.note_erasure(tx, now_ms, number)
        return privacy.erase_person(tx, now_ms, number, reason)

    async def _cancel(self, caller: Principal, number: str) -> None:
        for message_id in await self._store.read(lambda db: privacy.waiting(db, number)):
            await self._service.cancel(caller, message_id)
        if under_way := await self._store.read(lambda db: privacy.under_way(db, number)):
            raise WrongState(
                f"{len(under_way)} message(s) to this number are being sent, or their outcome is unknown. "
                "Try again when they have ended, or decide with gsmgw resolve"
            )
