"""Users and their sessions."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.wire.resources.common import Time, closed

#: Roles of users.
UserRole: TypeAlias = Literal["owner", "operator", "viewer"]


@closed
class User(TypedDict):
    """A person who signs in, without the password."""

    name: str
    role: UserRole
    language: str | None
    time_zone: str | None
    disabled: bool
    created_at: Time
    signed_in_at: Annotated[Time | None, Field(description="The last time")]


@closed
class Setup(TypedDict):
    """The state of the first account."""

    needed: Annotated[bool, Field(description="No account exists yet")]


@closed
class SetupCode(TypedDict):
    """The code for the first account."""

    code: str
    expires_at: Time


@closed
class UserList(TypedDict):
    """All users, by name."""

    data: list[User]
    next_cursor: str | None


_SessionWords = TypedDict("_SessionWords", {"from": Annotated[str, Field(description="Address that signed in")]})


@closed
class Session(_SessionWords):
    """A session of a user, without its token."""

    id: int
    user: str
    role: UserRole
    created_at: Time
    last_used_at: Time
    expires_at: Annotated[Time, Field(description="When it ends, unless it is used before")]
    agent: Annotated[str, Field(description="User-Agent of the sign-in")]
    current: Annotated[bool, Field(description="This request has it")]


@closed
class NewSession(Session):
    """A session with its token, which is shown only this once."""

    token: str


@closed
class SessionList(TypedDict):
    """Sessions, newest first."""

    data: list[Session]
