"""Events of conversations."""

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
