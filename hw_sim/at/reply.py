"""The answer of a command: lines, an error, a prompt, or something that comes later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

FailureKind = Literal["error", "unknown", "cme", "cms", "result"]


class Failure(Exception):
    """The command ends with an error.

    ``kind``: ``error`` (plain ERROR), ``unknown`` (the profile's answer to an unknown command), ``cme`` (27.007 9.2),
    ``cms`` (27.005 3.2.5) or ``result`` (a V.250 result code of a call). ``code`` is the number of the last three.
    """

    def __init__(self, kind: FailureKind = "error", code: int = 0) -> None:
        super().__init__(f"{kind} {code}")
        self.kind, self.code = kind, code


def cme(code: int) -> Failure:
    """Return the failure +CME ERROR ``code``."""
    return Failure("cme", code)


def cms(code: int) -> Failure:
    """Return the failure +CMS ERROR ``code``."""
    return Failure("cms", code)


class Later:
    """The answer comes later, through RunningCommand.finish."""

    __slots__ = ()


LATER: Final = Later()


@dataclass(frozen=True, slots=True)
class Prompt:
    """The command wants a payload. ``on_payload`` gets it without its Ctrl-Z."""

    on_payload: Callable[[bytes], Reply]


#: Information lines (None: OK alone), or what is still to come.
Reply = list[str] | None | Later | Prompt
#: The end of a command: its information lines, or why it failed.
Answer = list[str] | Failure | None
