"""A command while it is carried out: its parameters and its end."""

from __future__ import annotations

from collections.abc import Callable

from ..codec.charset import decode_string
from ..numeric import is_decimal
from .parsing import BadLine, Command, split_args
from .reply import Answer, Failure
from .settings import PortSettings


class RunningCommand:
    """One command of a line. ``finish`` ends a command that answered LATER.

    ``abortable``: a character from the program ends it (V.250 5.6.1). ``silent``: no final result follows.
    """

    __slots__ = ("_args", "_on_finish", "abortable", "ended", "form", "name", "raw", "settings", "silent")

    def __init__(
        self, command: Command, settings: PortSettings, on_finish: Callable[[RunningCommand, Answer], None]
    ) -> None:
        self.name, self.form, self.raw = command
        self.settings = settings
        self._on_finish = on_finish
        self.ended = False
        self.silent = False
        self.abortable = False
        self._args: list[str | None] | None = None

    def finish(self, answer: Answer) -> None:
        """End the command."""
        self._on_finish(self, answer)

    @property
    def args(self) -> list[str | None]:
        """The parameters; None for one that was left out. Raises Failure."""
        if self._args is None:
            try:
                self._args = split_args(self.raw)
            except BadLine:
                raise Failure() from None
        return self._args

    def text(self, at: int, default: str | None = None) -> str:
        """Return parameter ``at`` as it was written. Raises Failure when it and ``default`` are missing."""
        value = self.args[at] if at < len(self.args) else None
        if value is None:
            if default is None:
                raise Failure()
            return default
        return value

    def string(self, at: int, default: str | None = None) -> str:
        """Return parameter ``at`` decoded from the character set of +CSCS."""
        return decode_string(self.text(at, default), self.settings.charset)

    def number(self, at: int, default: int | None = None, low: int = 0, high: int = 255) -> int:
        """Return parameter ``at`` as a number from ``low`` to ``high``. Raises Failure for anything else."""
        value = self.args[at] if at < len(self.args) else None
        if value is None:
            if default is None:
                raise Failure()
            return default
        if not is_decimal(value) or not low <= int(value) <= high:
            raise Failure()
        return int(value)

    def at_most(self, count: int) -> None:
        """Raise Failure when there are more than ``count`` parameters."""
        if len(self.args) > count:
            raise Failure()
