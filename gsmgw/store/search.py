"""Full-text search over the texts of messages.

A text is not indexed in the transaction that accepts it, which would take twice as long, but by following the event
log: events are numbered in the order of their commits, so none is passed by.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gsmgw.model import Event, EventType
from gsmgw.store.tx import Tx, as_json

#: The name of the index's cursor in the event log.
CURSOR = "search"
_BRINGS_TEXT = frozenset(
    {EventType.MESSAGE_QUEUED, EventType.MESSAGE_SCHEDULED, EventType.MESSAGE_RECEIVED, EventType.MESSAGE_COMPLETED}
)
_TERM = re.compile(r'"([^"]*)"|(\S+)')


def index_messages(tx: Tx, events: Sequence[Event]) -> None:
    """Index the texts of the messages of these events; skip messages that are already indexed."""
    ids = [event.message_id for event in events if event.type in _BRINGS_TEXT and event.message_id is not None]
    if ids:
        tx.run(
            "INSERT INTO messages_search (rowid, text) SELECT id, text FROM messages WHERE typeof(text) = 'text' "
            "AND id IN (SELECT value FROM json_each(?)) "
            "AND NOT EXISTS (SELECT 1 FROM messages_search_docsize AS indexed WHERE indexed.id = messages.id)",
            (as_json(ids),),
        )


def expression(question: str) -> str | None:
    """Convert user input to an FTS5 expression, or None if it contains no word.

    All words have to be there; words in double quotes as they stand, one after the other; a word that ends in a star
    is the beginning of one.
    """
    terms = []
    for phrase, word in _TERM.findall(question.replace("\0", " ")):
        text = phrase or word.replace('"', " ")
        if any(char.isalnum() for char in text):
            terms.append(f'"{text}"' + ("*" if word.endswith("*") else ""))
    return " ".join(terms) or None
