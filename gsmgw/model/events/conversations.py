"""Events of people who answer texts: conversations and sessions."""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.model.events.types import EventData, EventType


@dataclass(slots=True)
class ConversationChanged(EventData):
    """A person changed a conversation, or a received message reopened it.

    ``change`` is ``read``, ``unread``, ``assigned``, ``closed``, ``reopened`` or ``note``; ``by`` is who did it.
    """

    type = EventType.CONVERSATION_CHANGED
    number: str
    change: str
    state: str
    assigned_to: str | None = None
    by: str | None = None


@dataclass(slots=True)
class SessionEnded(EventData):
    """A session of a user was ended; without ``session``, all of the user."""

    type = EventType.SESSION_ENDED
    user: str
    session: int | None = None
