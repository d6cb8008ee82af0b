"""Errors of the codec."""

from __future__ import annotations

from gsmgw.bridges.smpp.pdus.codes import CommandStatus


class MalformedPdu(Exception):
    """The PDU cannot be read. ``status`` is what its response says."""

    def __init__(self, status: CommandStatus, why: str, command: int = 0, sequence: int = 0) -> None:
        self.status = status
        self.command = command
        self.sequence = sequence
        super().__init__(why)


class Broken(MalformedPdu):
    """The stream of bytes has no PDU that could be skipped: the session cannot go on."""
