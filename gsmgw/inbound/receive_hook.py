"""The hook of the collector: works on each received message in the transaction that stores it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from gsmgw.store import Rejected, Tx
from gsmgw.store.inbox import Received

log = logging.getLogger(__name__)

#: Called once the transaction is on disk.
AfterCommit = Callable[[], None]


class ReceiveHook(Protocol):
    """Works on each complete received message."""

    def __call__(self, tx: Tx, now_ms: int, message_id: int, received: Received) -> AfterCommit | None:
        """Take a message. Return what is to be done after the commit."""


def apply(hook: ReceiveHook | None, tx: Tx, now_ms: int, message_id: int, received: Received) -> AfterCommit | None:
    """Call a hook with a message, unless parts of it are missing. An error of the hook does not lose the message."""
    if hook is None or received.incomplete:
        return None
    try:
        with tx.savepoint():
            return hook(tx, now_ms, message_id, received)
    except Rejected as exc:
        log.error("%s: a received message was stored but not examined", received.modem, exc_info=exc.cause)
        return None
