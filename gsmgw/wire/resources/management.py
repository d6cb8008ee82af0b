"""Tokens, the audit log, backups, and the state of the gateway."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.wire.resources.common import JsonObject, Time, closed


@closed
class Token(TypedDict):
    """A token, without its secret."""

    name: str
    scopes: list[str]
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    per_minute: int | None
    per_day: int | None
    modems: list[str]
    pools: list[str]
    missing: Annotated[list[str], Field(description="Its modems and pools that do not exist now")]


@closed
class NewToken(Token):
    """A token with its secret, which is shown only this once."""

    token: str


@closed
class TokenList(TypedDict):
    """All tokens."""

    data: list[Token]


_AuditEntryWords = TypedDict("_AuditEntryWords", {"from": str})  # words of Python cannot be names


@closed
class AuditEntry(_AuditEntryWords):
    """A call that managed something, with its outcome."""

    id: int
    at: Time
    who: str
    method: str
    path: str
    status: int
    detail: JsonObject


@closed
class AuditPage(TypedDict):
    """A page of the audit log, newest first."""

    data: list[AuditEntry]
    next_cursor: str | None


@closed
class BackupEntry(TypedDict):
    """A backup."""

    file: str
    octets: int
    created_at: Time


@closed
class BackupList(TypedDict):
    """All backups, newest first."""

    data: list[BackupEntry]


@closed
class Reload(TypedDict):
    """The outcome of a reload of the configuration. Settings are named by their keys: ``gateway.country``."""

    applied: Annotated[list[str], Field(description="Settings that are in effect now")]
    needs_restart: Annotated[list[str], Field(description="Settings that take effect after a restart")]
    missing: Annotated[list[str], Field(description="What the file names and this machine does not have")]


@closed
class Backup(BackupEntry):
    """A new backup."""

    version: Annotated[str, Field(description="Version of the gateway")]
    messages: int
    last_event: int
    left_out: Annotated[list[str], Field(description="Files of the configuration that could not be read")]


@closed
class Health(TypedDict):
    """The health of the gateway, with the reason if it is not ready."""

    status: Literal["ok", "unavailable"]
    detail: NotRequired[str | None]


@closed
class Stats(TypedDict):
    """The state of the gateway."""

    version: str
    started_at: Time
    uptime_s: int
    messages: Annotated[dict[str, int], Field(description="Messages in each state that is not final")]
    oldest_queued_at: Time | None
    since_start: Annotated[dict[str, int], Field(description="Outcomes of messages since the start")]
    modems: Annotated[dict[str, int], Field(description="Modems in each state")]
    webhooks: Annotated[dict[str, int], Field(description="Webhooks in each state")]
    first_event: Annotated[int, Field(description="ID of the oldest event that is kept")]
    last_event: int
    database_ok: bool
    database_loss: Annotated[str | None, Field(description="What the database lost before the start, in a sentence")]
    task_failures: dict[str, int]
    database_octets: int
    commit_ms: float
