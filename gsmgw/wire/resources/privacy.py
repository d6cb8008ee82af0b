"""One person's data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.wire.resources.common import Time, closed
from gsmgw.wire.resources.consent import Consent
from gsmgw.wire.resources.contacts import Contact
from gsmgw.wire.resources.conversations import ConversationState, Note
from gsmgw.wire.resources.drips import DripPerson, Question
from gsmgw.wire.resources.messages import Event, Message


@closed
class PrivacyExport(TypedDict):
    """All that is known about a number."""

    number: str
    exported_at: Time
    contact: Contact | None
    consent: Consent
    conversation: ConversationState | None
    drips: Annotated[list[DripPerson], Field(description="Newest first")]
    question: Annotated[Question | None, Field(description="The question that is open")]
    notes: list[Note]
    messages: Annotated[list[Message], Field(description="Oldest first")]
    events: Annotated[list[Event], Field(description="Oldest first")]


@closed
class PrivacyErasure(TypedDict):
    """How much was erased."""

    messages: int
    events: Annotated[int, Field(description="Events that named the number: deleted with its messages, or emptied")]
    contacts: int
    notes: int
    consent: Annotated[int, Field(description="1 if the number was removed from its consent; an opt-out stays")]
