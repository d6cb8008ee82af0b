"""Reads the body of a PDU from its front."""

from __future__ import annotations

from gsmgw.bridges.smpp.pdus.codes import CommandStatus
from gsmgw.bridges.smpp.pdus.errors import MalformedPdu


class Reader:
    """A position in the bytes of a PDU."""

    __slots__ = ("_at", "_raw")

    def __init__(self, raw: bytes, at: int) -> None:
        self._raw = raw
        self._at = at

    @property
    def left(self) -> int:
        """The number of bytes that were not read."""
        return len(self._raw) - self._at

    def take(self, count: int, name: str) -> bytes:
        """Return the next bytes. ``name`` is the parameter, for the error."""
        if count > self.left:
            raise MalformedPdu(CommandStatus.INVALID_COMMAND_LENGTH, f"the PDU ends inside of {name}")
        start = self._at
        self._at += count
        return self._raw[start : self._at]

    def number(self, name: str) -> int:
        """Return an integer of one byte."""
        return self.take(1, name)[0]

    def text(self, name: str, size: int, status: CommandStatus) -> bytes:
        """Return a C-Octet String of at most ``size`` bytes with its NUL, without it. ``status``: it is longer."""
        end = self._raw.find(0, self._at, self._at + size)
        if end < 0:
            if self.left < size:
                raise MalformedPdu(CommandStatus.INVALID_COMMAND_LENGTH, f"the PDU ends inside of {name}")
            raise MalformedPdu(status, f"{name} has more than {size - 1} bytes")
        found = self._raw[self._at : end]
        self._at = end + 1
        return found
