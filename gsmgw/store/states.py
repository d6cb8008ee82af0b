"""SQL conditions on the states of messages and segments, made from the tables of ``model.lifecycle``.

A statement that names states takes them from here, so that the tables are the only place that says what may follow
what.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from gsmgw.model import ON_AIR, SEGMENT_SOURCES, SOURCES, SegmentStatus, Status


def one_of(states: Iterable[StrEnum], column: str = "status") -> str:
    """Return the condition that a column holds one of some states.

    It is written with OR: for a list behind IN, SQLite makes a temporary table each time the statement is run.
    """
    return f"({' OR '.join(f'{column} = {state.value!r}' for state in sorted(states))})"


_MESSAGE = {status: one_of(sources) for status, sources in SOURCES.items()}
_SEGMENT = {status: one_of(sources) for status, sources in SEGMENT_SOURCES.items()}


def may_become(status: Status) -> str:
    """Return the guard of an UPDATE that brings a message into a state."""
    return _MESSAGE[status]


def segment_may_become(status: SegmentStatus) -> str:
    """Return the guard of an UPDATE that brings a segment into a state."""
    return _SEGMENT[status]


#: Segments that the network has accepted.
SEGMENT_ON_AIR = one_of(ON_AIR)
#: States that a person's retry leaves: those in which a message has ended without success.
RETRYABLE = frozenset({Status.FAILED, Status.EXPIRED, Status.CANCELED, Status.UNDELIVERED})
assert SOURCES[Status.QUEUED] >= RETRYABLE

# -- conditions that SQLite has to recognise as those of a partial index ----------------------------------------
#
# SQLite uses a partial index only where the query repeats the condition of the index, term by term and in the same
# order (https://www.sqlite.org/partialindex.html). So these are written out, as in ``m022_cheap_conditions``. A
# narrower state is asked for by a second term: ``(status = 'sending' OR status = 'unknown') IS TRUE AND
# status = 'sending'`` reads the index of both and is cheap, for few segments are in either.

#: Messages that have not ended, or may be retried: the index ``messages_open``.
OPEN = (
    "(status = 'scheduled' OR status = 'queued' OR status = 'sending' OR status = 'unknown' OR status = 'failed' "
    "OR status = 'undelivered') IS TRUE"
)
OPEN_STATES = frozenset(
    {Status.SCHEDULED, Status.QUEUED, Status.SENDING, Status.UNKNOWN, Status.FAILED, Status.UNDELIVERED}
)
#: Messages that wait to be sent: the index ``messages_expiry``, with ``expires_ms IS NOT NULL``.
WAITING = "(status = 'queued' OR status = 'scheduled') IS TRUE"
#: Segments that a modem has, or whose fate is unknown: the index ``segments_open``.
AT_MODEM = "(status = 'sending' OR status = 'unknown') IS TRUE"
#: Of those, the ones that a modem has now; and those in doubt.
SENDING = f"{AT_MODEM} AND status = 'sending'"
IN_DOUBT = f"{AT_MODEM} AND status = 'unknown'"


def of(table: str, condition: str) -> str:
    """Return a condition on the states of a table that has a short name in the query."""
    return condition.replace("status", f"{table}.status")
