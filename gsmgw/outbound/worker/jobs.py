"""The records of a worker: messages cut into segments, claimed segments, and the words for failures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import MessageError, Outgoing
from gsmgw.outbound.segmenting import build_segments
from gsmgw.store import Tx

T = TypeVar("T")


@dataclass(slots=True)
class Job:
    """A message in the worker's hands. ``todo``: the segments still to be claimed; ``open``: claimed, not settled."""

    message: Outgoing
    tpdus: dict[int, bytes]
    todo: list[int]
    open: list[int]
    stored: bool
    #: Segments of this message are with the network: the rest has to leave through the same SIM, or the
    #: recipient's phone cannot join them.
    split: bool
    begun: bool = False


@dataclass(slots=True, eq=False)
class Claim:
    """A segment that was committed as ``sending``, or is about to be."""

    job: Job
    seq: int
    sim: str
    number: int
    began: asyncio.Future[None]
    #: Memory and index of the copy that the modem keeps of it, if it does.
    copy: tuple[str, int] | None = None


@dataclass(slots=True, eq=False)
class InFlight:
    """The segment that is with the modem now. ``payload_since_s``: since when its PDU may be leaving."""

    message: Outgoing
    payload_since_s: float | None = None


def cut(message: Outgoing, now_ms: int, reference: int = 0, bits: int = 8) -> Job:
    """Split a message into segments. ``reference`` is the concatenation reference, of 8 or 16 ``bits``."""
    numbered = dict(enumerate(build_segments(message, reference, now_ms, bits), 1))
    if len(numbered) != message.segments:  # a reference of 16 bits leaves less room
        message = message._replace(segments=len(numbered))
    return Job(message, numbered, list(numbered), [], stored=False, split=False)


def retrieve(future: asyncio.Future[None]) -> None:
    """The commit of a claim that was given up may fail with nobody waiting for it."""
    if not future.cancelled():
        future.exception()


def both(first: Callable[[Tx], object], second: Callable[[Tx], T]) -> Callable[[Tx], T]:
    """Both operations as one, in that order."""

    def operation(tx: Tx) -> T:
        first(tx)
        return second(tx)

    return operation


def describe(exc: SubmitError, modem: str) -> MessageError:
    """An error as it is shown to users: a stable code, a sentence, the numbers behind it."""
    if exc.disposition is Disposition.UNKNOWN:
        code = "not_confirmed"
    elif exc.cms is not None:
        code = "refused_by_network"
    else:
        code = "modem_error"
    our_fault = True if exc.cause is not None and exc.cause.our_fault else None
    return MessageError(code, exc.title, modem, exc.cms, exc.cme, our_fault=our_fault)


def internal_error(exc: Exception, modem: str) -> MessageError:
    """Return the error of a message that a fault of ours ends."""
    return MessageError("internal_error", f"internal error: {type(exc).__name__}: {exc}"[:300], modem)
