"""Full-text search over the texts of messages.

A text is not indexed in the transaction that accepts it, which would take twice as long, but by following the event
log: events are numbered in the order of their commits, so none is passed by.
"""

from __future__ import annotations

import re
import sqlite3

from gsmgw.store.tx import Tx

_BRINGS_TEXT = "'message.queued', 'message.scheduled', 'message.received', 'message.completed'"
_TERM = re.compile(r'"([^"]*)"|(\S+)')


def index_events(tx: Tx, limit: int) -> bool:
    """Index the texts behind the next events; False when there was none left."""
    row = tx.one("SELECT event_id FROM search_cursor")
    if row is None or not isinstance(row[0], int):  # from the beginning: what is indexed is not indexed twice
        tx.note_unreadable("search_cursor", 0, TypeError("there is no number in it"))
        tx.run("DELETE FROM search_cursor")
        tx.run("INSERT INTO search_cursor (event_id) VALUES (0)")
        row = (0,)
    cursor = row[0]
    last = tx.one("SELECT max(id) FROM (SELECT id FROM events WHERE id > ? ORDER BY id LIMIT ?)", (cursor, limit))[0]
    if last is None:
        return False
    tx.run(
        "INSERT INTO messages_search (rowid, text) SELECT id, text FROM messages WHERE typeof(text) = 'text' AND id IN "
        f"(SELECT message_id FROM events WHERE id > ? AND id <= ? AND type IN ({_BRINGS_TEXT})) "
        "AND NOT EXISTS (SELECT 1 FROM messages_search_docsize AS indexed WHERE indexed.id = messages.id)",
        (cursor, last),
    )
    tx.run("UPDATE search_cursor SET event_id = ?", (last,))
    return True


def cursor(db: sqlite3.Connection) -> int:
    """The last event whose message is in the index."""
    row = db.execute("SELECT event_id FROM search_cursor").fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else -1


def expression(question: str) -> str | None:
    """What a person typed as an FTS5 expression, or None where there is no word in it.

    All words have to be there; words in double quotes as they stand, one after the other; a word that ends in a star
    is the beginning of one.
    """
    terms = []
    for phrase, word in _TERM.findall(question.replace("\0", " ")):
        text = phrase or word.replace('"', " ")
        if any(char.isalnum() for char in text):
            terms.append(f'"{text}"' + ("*" if word.endswith("*") else ""))
    return " ".join(terms) or None
