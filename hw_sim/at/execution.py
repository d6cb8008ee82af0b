"""A command line while it is carried out: its commands one after the other, their output gathered (V.250 5.2, 5.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .command import RunningCommand
from .parsing import Command
from .reply import Answer, Failure
from .results import information
from .settings import PortSettings


class LineHost(Protocol):
    """The port as a command line sees it."""

    settings: PortSettings

    def carry_out(self, command: RunningCommand) -> None:
        """Carry out a command; its ``finish`` is called at once or later."""

    def write(self, data: bytes) -> None:
        """Write output."""

    def final(self, failure: Failure | None) -> bytes:
        """Return the final result."""

    def complete(self, name: str, output: bytes) -> None:
        """The line is finished: write its last output. ``name`` is the last command."""

    def done(self) -> None:
        """The line is finished without further output."""


class Execution:
    """One command line under way."""

    __slots__ = ("_at", "_commands", "_current", "_host", "_output", "cancelled")

    def __init__(self, host: LineHost, commands: Sequence[Command]) -> None:
        self._host, self._commands, self._at = host, commands, 0
        self._output = b""
        self._current: RunningCommand | None = None
        self.cancelled = False

    def abort(self) -> bool:
        """End an abortable command that takes its time (V.250 5.6.1); return False when there is none."""
        command = self._current
        if command is None or not command.abortable or command.ended:
            return False
        command.finish(None)
        return True

    def flush(self) -> None:
        """Write the output so far."""
        if self._output:
            output, self._output = self._output, b""
            self._host.write(output)

    def next(self) -> None:
        """Carry out the next command, or end the line."""
        if self.cancelled:
            return
        if self._at >= len(self._commands):
            self._end(None)
            return
        command = RunningCommand(self._commands[self._at], self._host.settings, self._finished)
        self._at += 1
        self._current = command
        self._host.carry_out(command)

    def _finished(self, command: RunningCommand, answer: Answer) -> None:
        if self.cancelled or command.ended:
            return
        command.ended = True
        if isinstance(answer, Failure):
            self._end(answer)
            return
        if answer:
            self._output += information(answer, self._host.settings)
        if command.silent:
            self.flush()
            self._host.done()
        elif self._at >= len(self._commands):
            self._end(None)
        else:
            self.next()

    def _end(self, failure: Failure | None) -> None:
        output, self._output = self._output + self._host.final(failure), b""
        self._host.complete(self._commands[-1].name if self._commands else "", output)
