"""Delete old rows in small portions that do not delay other writers. Unfinished messages are never deleted."""

from __future__ import annotations

from gsmgw.model import Status
from gsmgw.store import conversations
from gsmgw.store.ids import first_id
from gsmgw.store.states import RETRYABLE, one_of
from gsmgw.store.tx import Tx

#: States in which a message has ended; ``sent`` is one where no status report is awaited any more.
ENDED = (
    f"({one_of({*RETRYABLE, Status.DELIVERED, Status.RECEIVED})} "
    "OR status = 'sent' AND (report = 0 OR report_missing = 1))"
)


def drop_messages(tx: Tx, before_ms: int, limit: int) -> int:
    """Delete messages that were accepted or received before then, with their segments and PDUs; how many.

    A received PDU that a modem may still hold is kept: it would be taken for a new one when it is read again.
    """
    ids = [
        (row[0],)
        for row in tx.all(
            f"SELECT id FROM messages WHERE id < ? AND {ENDED} ORDER BY id LIMIT ?", (first_id(before_ms), limit)
        )
    ]
    tx.run_many("DELETE FROM parts WHERE message_id = ? AND held = 0", ids)
    tx.run_many("DELETE FROM messages WHERE id = ?", ids)
    conversations.forget(tx, [number for (number,) in ids])
    return len(ids)


def drop_parts(tx: Tx, before_ms: int, limit: int) -> int:
    """Delete received PDUs of that age that belong to no message: silent ones, quarantined ones, drafts; how many."""
    return tx.run(
        "DELETE FROM parts WHERE id IN (SELECT id FROM parts WHERE message_id IS NULL AND held = 0 AND at_ms < ? "
        "AND state <> 'waiting' ORDER BY at_ms LIMIT ?)",
        (before_ms, limit),
    )


def drop_events(tx: Tx, before_ms: int, limit: int) -> int:
    """Delete events of that age, the oldest first; how many.

    Those that a consumer which must not miss any (``cursors.holds``) has not seen stay.
    """
    return tx.run(
        "DELETE FROM events WHERE id IN (SELECT id FROM events "
        "WHERE id <= (SELECT coalesce(min(event_id), 9223372036854775807) FROM cursors WHERE holds) "
        "ORDER BY id LIMIT ?) AND at_ms < ?",
        (limit, before_ms),
    )


def drop_reports(tx: Tx, before_ms: int, limit: int) -> int:
    """Delete status reports of that age that matched nothing; how many."""
    return tx.run(
        "DELETE FROM reports WHERE id IN (SELECT id FROM reports WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
        (before_ms, limit),
    )


def drop_answers(tx: Tx, before_ms: int, after: str, limit: int) -> str | None:
    """Forget answers to requests of that age; looks at ``limit`` keys behind ``after`` and returns the last one."""
    keys = tx.all("SELECT key, created_ms FROM idempotency WHERE key > ? ORDER BY key LIMIT ?", (after, limit))
    tx.run_many("DELETE FROM idempotency WHERE key = ?", [(key,) for key, at_ms in keys if at_ms < before_ms])
    return keys[-1][0] if keys else None


def drop_references(tx: Tx, before_ms: int, after: str, limit: int) -> str | None:
    """Forget which concatenation references recipients have seen that were not written to since; as above."""
    keys = tx.all(
        "SELECT recipient, used_ms FROM concat_references WHERE recipient > ? ORDER BY recipient LIMIT ?",
        (after, limit),
    )
    tx.run_many("DELETE FROM concat_references WHERE recipient = ?", [(key,) for key, at in keys if at < before_ms])
    return keys[-1][0] if keys else None


def shrink(tx: Tx, pages: int) -> bool:
    """Give free pages at the end of the file back to the file system, where more than a tenth of it is free.

    Only for databases that were created with ``auto_vacuum = INCREMENTAL``; the pages of others are used again.
    """
    (mode,), (free,), (total,) = (tx.one(f"PRAGMA {name}") for name in ("auto_vacuum", "freelist_count", "page_count"))
    if mode != _INCREMENTAL or free < pages or free * 10 < total:
        return False
    tx.all(f"PRAGMA incremental_vacuum({pages})")
    return True


_INCREMENTAL = 2
