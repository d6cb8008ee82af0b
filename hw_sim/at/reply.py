"""A command being carried out: its arguments, its errors, its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..codec.charset import decode_string
from ..numeric import is_digits
from .parsing import BadLine, Command, split_args

if TYPE_CHECKING:
    from ..modem.modem import Modem
    from .port import Port


class Failure(Exception):
    """The command ends with an error: ``kind`` is ``error``, ``cme`` (27.007 9.2) or ``cms`` (27.005 3.2.5)."""

    def __init__(self, kind: str = "error", code: int = 0) -> None:
        super().__init__(f"{kind} {code}")
        self.kind, self.code = kind, code


def cme(code: int) -> Failure:
    return Failure("cme", code)


def cms(code: int) -> Failure:
    return Failure("cms", code)


class Later:
    """The answer comes later, through Call.finish or Call.fail."""

    __slots__ = ()


LATER: Final = Later()


class Prompt:
    """The command wants a payload: ``taken`` gets it without its Ctrl-Z, ``left`` runs after ESC."""

    __slots__ = ("left", "taken")

    def __init__(self, taken: Callable[[Call, bytes], Reply], left: Callable[[], object] | None = None) -> None:
        self.taken, self.left = taken, left


Reply = list[str] | None | Later | Prompt
Handler = Callable[["Call"], Reply]


class Call:
    """One command of a line, with the port it came from."""

    __slots__ = ("_args", "abortable", "command", "ended", "finish", "modem", "port", "silent")

    def __init__(self, port: Port, command: Command) -> None:
        self.port, self.command = port, command
        self.modem: Modem = port.modem
        self._args: list[str | None] | None = None
        self.ended = False
        self.silent = False
        self.abortable = False
        self.finish: Callable[[list[str] | Failure | None], None] = _unset

    @property
    def args(self) -> list[str | None]:
        if self._args is None:
            try:
                self._args = split_args(self.command.text)
            except BadLine:
                raise Failure() from None
        return self._args

    def text(self, at: int, default: str | None = None) -> str:
        """Argument ``at``, decoded from nothing: as it was written. A missing one without default is an error."""
        value = self.args[at] if at < len(self.args) else None
        if value is None:
            if default is None:
                raise Failure()
            return default
        return value

    def string(self, at: int, default: str | None = None) -> str:
        """Argument ``at`` as text, in the character set that +CSCS chose."""
        return decode_string(self.text(at, default), self.port.charset)

    def number(self, at: int, default: int | None = None, low: int = 0, high: int = 255) -> int:
        """Argument ``at`` as a number from low to high; anything else is an error."""
        value = self.args[at] if at < len(self.args) else None
        if value is None:
            if default is None:
                raise Failure()
            return default
        if not is_digits(value) or not low <= int(value) <= high:
            raise Failure()
        return int(value)

    def at_most(self, count: int) -> None:
        """More arguments than ``count`` are an error."""
        if len(self.args) > count:
            raise Failure()


def _unset(answer: list[str] | Failure | None) -> None:
    raise RuntimeError("a command was finished that does not wait")
