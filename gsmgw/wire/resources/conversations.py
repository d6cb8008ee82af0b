"""Conversations, their notes, and canned answers."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.wire.resources.common import Time, closed
from gsmgw.wire.resources.messages import Message


@closed
class ConversationState(TypedDict):
    """A conversation without its messages."""

    peer: str
    name: Annotated[str | None, Field(description="The name of the contact; null for a restricted token")]
    state: Literal["open", "closed"]
    unread: Annotated[int, Field(description="Received messages that are not marked as read, at most 1000")]
    assigned_to: Annotated[str | None, Field(description="Name of a user")]
    modem: Annotated[str | None, Field(description="The modem that received the latest message: answers leave there")]


@closed
class Conversation(ConversationState):
    """A conversation with its latest message."""

    last_message: Message


@closed
class ConversationPage(TypedDict):
    """A page of conversations, newest first."""

    data: list[Conversation]
    next_cursor: str | None


@closed
class Note(TypedDict):
    """A note on a conversation. It is never sent."""

    id: int
    at: Time
    author: str
    text: str


@closed
class NoteList(TypedDict):
    """Notes, oldest first."""

    data: list[Note]


@closed
class ConversationThread(ConversationState):
    """A conversation with its notes and a page of its messages, newest first."""

    notes: list[Note]
    messages: list[Message]
    next_cursor: str | None


@closed
class Answer(TypedDict):
    """A canned answer."""

    name: str
    text: str
    filled: NotRequired[
        Annotated[str | None, Field(description="With the fields of the contact asked for; null if one is empty")]
    ]


@closed
class AssigneeList(TypedDict):
    """Names of the users who can take care of conversations."""

    data: list[str]


@closed
class AnswerList(TypedDict):
    """Canned answers, by name."""

    data: list[Answer]
