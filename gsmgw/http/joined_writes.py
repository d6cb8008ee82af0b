"""A transport that sends the head of a response together with the beginning of its body.

uvicorn writes them one after the other. Each write is a system call and wakes the client: for small answers that was a
tenth of the time of a request.
"""

from __future__ import annotations

import asyncio
from typing import Any

_HEAD = b"HTTP/1."
#: A larger body is written by itself: copying it would cost more than a system call.
_LARGEST_BYTES = 65_536


class JoiningTransport(asyncio.Transport):
    """Passes everything on to another transport; a head waits for what follows in the same turn of the event loop."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._head = b""

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Write data, after the head that waits."""
        if self._head:
            if len(data) <= _LARGEST_BYTES:
                data, self._head = self._head + data, b""
            else:
                self._flush()
            self._transport.write(data)
        elif data[: len(_HEAD)] == _HEAD:
            self._head = bytes(data)
            self._loop.call_soon(self._flush)
        elif data:
            self._transport.write(data)

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def write_eof(self) -> None:
        """Write what waits, then no more."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Write what waits, then close."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._head = b""
        self._transport.abort()

    # -- passed on ----------------------------------------------------------------------------------------------------

    def can_write_eof(self) -> bool:
        """Return True if one direction can be closed: not with TLS."""
        return self._transport.can_write_eof()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return information about the transport."""
        return self._transport.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        """Return the number of bytes that are not sent yet."""
        return len(self._head) + self._transport.get_write_buffer_size()

    def is_closing(self) -> bool:
        """Return True if it is closed or closing."""
        return self._transport.is_closing()

    def is_reading(self) -> bool:
        """Return True if it reads."""
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set how much may wait before the protocol is told to pause."""
        self._transport.set_write_buffer_limits(high, low)
