"""Tokens, the audit log, backups, and the state of the gateway."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field, JsonValue
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
    smpp: Annotated[bool, Field(description="True if it is also an SMPP account")]


@closed
class NewToken(Token):
    """A token with its secret, which is shown only this once."""

    token: str
    smpp_password: Annotated[str | None, Field(description="Password of the SMPP account; null if it is none")]


@closed
class TokenList(TypedDict):
    """All tokens."""

    data: list[Token]
    next_cursor: str | None


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
class ApiAddresses(TypedDict):
    """Where programs reach the API."""

    socket: Annotated[str, Field(description="Path of the Unix socket")]
    listen: Annotated[str | None, Field(description="host:port of the TCP listener, which needs a token")]
    tls: Annotated[bool, Field(description="The TCP listener speaks TLS")]


@closed
class HookRun(TypedDict):
    """The last run of a hook since the start."""

    at: Time
    event: int
    problem: Annotated[str | None, Field(description="Why it failed; null if it exited with 0")]


@closed
class Hook(TypedDict):
    """A hook of the configuration, with its state."""

    name: str
    events: list[str]
    command: list[str]
    timeout_s: float
    parallel: int
    behind: Annotated[int, Field(description="Events that it is not done with")]
    last_run: HookRun | None


@closed
class BridgeState(TypedDict):
    """A bridge to programs that speak another protocol."""

    name: str
    enabled: bool
    paths: Annotated[list[str], Field(description="The paths or topics that it serves begin with these")]
    trouble: Annotated[str | None, Field(description="Why it does not work; null if it does, or is off")]
    behind: Annotated[int | None, Field(description="Events that it has not passed on; null if it passes on none")]
    dropped: Annotated[
        int | None, Field(description="Events that it gave up since the start; null if it passes on none")
    ]


@closed
class Integrations(TypedDict):
    """Connections for other programs: addresses of the API, hooks, bridges."""

    api: ApiAddresses
    hooks: list[Hook]
    bridges: list[BridgeState]


@closed
class Setting(TypedDict):
    """One setting in effect."""

    key: Annotated[str, Field(description="Its section and name: gateway.country, modem.office.pin, route.1.prefix")]
    value: Annotated[JsonValue, Field(description="Its value in effect; **** for a secret, null if it is not set")]
    source: Annotated[Literal["file", "option", "default"], Field(description="Where the value comes from")]
    line: Annotated[int | None, Field(description="Its line in the file")]
    meaning: Annotated[str, Field(description="What it is for, in a sentence or two")]
    live: Annotated[bool, Field(description="A reload applies it; others need a restart")]


@closed
class Configuration(TypedDict):
    """The settings in effect, without secrets."""

    file: Annotated[str | None, Field(description="The configuration file; null if there is none")]
    problem: Annotated[str | None, Field(description="Why the file as it is now cannot be used")]
    pending: Annotated[list[str], Field(description="Keys with another value in the file, which is not in effect yet")]
    settings: list[Setting]


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
    queue_done_at: Annotated[
        Time | None, Field(description="When the queued messages will be sent, an estimate; null if no modem works")
    ]
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
