"""The API calls for users, their sessions, and the conversations that they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gsmgw.client.calls import Call, given, part

if TYPE_CHECKING:  # importing these takes most of the time of a command
    from gsmgw.wire import resources


def _data(answer: Any) -> Any:
    return answer["data"]


def conversation_page(**filters: Any) -> Call[resources.ConversationPage]:
    """Return a page of conversations, newest first: ``data``, ``next_cursor``; see ``GET /v1/conversations``."""
    return Call("GET", "/v1/conversations", params=given(filters))


def conversation(peer: str, **page: Any) -> Call[resources.ConversationThread]:
    """Return one conversation with its notes and a page of its messages, newest first."""
    return Call("GET", f"/v1/conversations/{part(peer)}", params=given(page))


def update_conversation(peer: str, **fields: Any) -> Call[resources.ConversationState]:
    """Change ``read``, ``read_until``, ``state`` or ``assigned_to`` of a conversation."""
    return Call("PATCH", f"/v1/conversations/{part(peer)}", fields)


def add_note(peer: str, text: str) -> Call[resources.Note]:
    """Add a note to a conversation. It is never sent."""
    return Call("POST", f"/v1/conversations/{part(peer)}/notes", {"text": text})


def answers(contact: str | None = None) -> Call[list[resources.Answer]]:
    """Return the canned answers, by name; for a contact also with its fields filled in."""
    return Call("GET", "/v1/answers", params=given({"contact": contact}), pick=_data)


def assignees() -> Call[list[str]]:
    """Return the names of the users who can take care of conversations."""
    return Call("GET", "/v1/assignees", pick=_data)


def put_answer(name: str, text: str) -> Call[resources.Answer]:
    """Add a canned answer, or replace its text."""
    return Call("PUT", f"/v1/answers/{part(name)}", {"text": text})


def delete_answer(name: str) -> Call[None]:
    """Delete a canned answer."""
    return Call("DELETE", f"/v1/answers/{part(name)}")


def sign_in(
    name: str, password: str, *, source: str | None = None, agent: str | None = None
) -> Call[resources.NewSession]:
    """Sign a user in; use the ``token`` of the answer as the token of a further client.

    ``source`` is the address of the person's device and ``agent`` its program, for a process that signs others in.
    """
    body = {"name": name, "password": password}
    return Call("POST", "/v1/sessions", body, extra_headers=given({"X-Forwarded-For": source, "User-Agent": agent}))


def setup() -> Call[resources.Setup]:
    """Return whether the first account is missing."""
    return Call("GET", "/v1/setup")


def create_setup_code() -> Call[resources.SetupCode]:
    """Create the code for the first account, valid for an hour."""
    return Call("POST", "/v1/setup/code")


def set_up(
    code: str, name: str, password: str, *, language: str | None = None, time_zone: str | None = None
) -> Call[resources.User]:
    """Create the first account with the code for it."""
    body = {"code": code, "name": name, "password": password, "language": language, "time_zone": time_zone}
    return Call("POST", "/v1/setup", given(body))


def users() -> Call[list[resources.User]]:
    """Return all users."""
    return Call("GET", "/v1/users", pick=_data)


def user_page(**filters: Any) -> Call[resources.UserList]:
    """Return a page of users: ``limit``, ``cursor``."""
    return Call("GET", "/v1/users", params=given(filters))


def user(name: str) -> Call[resources.User]:
    """Return a user; ``me`` is the one whose session the client uses."""
    return Call("GET", f"/v1/users/{part(name)}")


def create_user(name: str, password: str, role: str, **settings: Any) -> Call[resources.User]:
    """Add a user with the role ``owner``, ``operator`` or ``viewer``. ``settings``: ``language``, ``time_zone``."""
    return Call("POST", "/v1/users", {"name": name, "password": password, "role": role, **settings})


def change_user(name: str, /, **changes: Any) -> Call[resources.User]:
    """Change a user: ``password``, ``role``, ``language``, ``time_zone``, ``disabled``.

    A new password, or ``disabled``, ends all sessions of the user. ``me`` changes the caller, without role and
    ``disabled``, and needs ``current_password`` beside a new ``password``.
    """
    return Call("PATCH", f"/v1/users/{part(name)}", changes)


def delete_user(name: str) -> Call[None]:
    """Remove a user and end all sessions of the user."""
    return Call("DELETE", f"/v1/users/{part(name)}")


def sessions() -> Call[list[resources.Session]]:
    """Return the sessions, newest first: all of them with the scope ``manage``, else those of the caller."""
    return Call("GET", "/v1/sessions", pick=_data)


def end_session(session: int) -> Call[None]:
    """End a session: one of the caller, or any with the scope ``manage``."""
    return Call("DELETE", f"/v1/sessions/{session}")
