"""Tasks that are cancelled while they wait for a library."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def cancellable(awaitable: Awaitable[T]) -> T:
    """Wait for something that may use ``asyncio.wait_for``, and be cancelled if this task is.

    In Python 3.11, ``wait_for`` returns its result as if nothing had happened when the result and the cancellation come
    in the same turn of the event loop: https://github.com/python/cpython/issues/81839. The task would go on for ever.
    """
    try:
        return await awaitable
    finally:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
