"""Keeps the full-text index, the list of conversations, the history of contacts and text expiry up to date.

In small portions, at low priority.
"""

from __future__ import annotations

from collections.abc import Sequence

from gsmgw.dispatch.cursor_runner import Follower
from gsmgw.dispatch.feed import EventFeed
from gsmgw.model import Event
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, contact_history, conversations, messages, search, text_expiry
from gsmgw.store.text_expiry import Keep

#: Time to collect events before indexing them together, seconds.
SETTLE_S = 5.0
#: Events per transaction: limits the delay for other writers to some milliseconds.
PORTION = 200


class Indexer(Follower):
    """Indexes the texts of new messages, and notes the latest messages with each number."""

    def __init__(self, store: Store, clock: Clock, feed: EventFeed, keep: Sequence[Keep] = ()) -> None:
        super().__init__(search.CURSOR, store, clock, feed, first=0, settle_s=SETTLE_S, portion=PORTION)
        self._keep = tuple(keep)

    def reconfigure(self, keep: Sequence[Keep]) -> None:
        """Use other rules for the texts of messages from now on."""
        self._keep = tuple(keep)

    async def page(self) -> Sequence[Event]:
        """Return the next portion of events, without their data: the index needs only the messages."""
        return await self._store.read(lambda db: messages.event_heads_after(db, self.position, PORTION))

    def apply(self, tx: Tx, events: Sequence[Event]) -> None:
        """Index the messages of some events."""
        search.index_messages(tx, events)
        conversations.note_accepted(tx, events)
        contact_history.note(tx, events)
        text_expiry.note(tx, events, self._keep)
