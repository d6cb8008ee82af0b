"""Settings of webhooks and hooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from gsmgw.config.confidential import Confidential
from gsmgw.config.fields import AllowedTarget, Name, Section
from gsmgw.model.events import check_choice


class WebhooksSection(Section):
    """[webhooks]: allowed targets, timeouts and size limits of webhook requests."""

    #: Targets to allow besides public addresses over https.
    allow: list[AllowedTarget] = Field(default_factory=list)
    connect_timeout_s: float = Field(5.0, gt=0, le=60)
    timeout_s: float = Field(15.0, gt=0, le=120)
    #: Maximum body size in bytes; a larger body is sent without the text of its message.
    max_payload: int = Field(262_144, ge=4096, le=4_194_304)
    #: Certificates of a private certificate authority, trusted in addition to the public ones.
    ca_file: Path | None = None


class HookSection(Section):
    """[[hook]]: a program to run on events."""

    name: Name
    events: list[Annotated[str, AfterValidator(check_choice)]] = Field(["message.received"], min_length=1)
    #: The program and its arguments; run without a shell.
    command: Annotated[list[str], Confidential.ARGUMENTS] = Field(min_length=1)
    timeout_s: float = Field(120.0, gt=0, le=3600)
    #: Maximum number of runs at the same time; with 1, hooks run in the order of the events.
    parallel: int = Field(1, ge=1, le=32)

    @field_validator("command")
    @classmethod
    def _absolute(cls, value: list[str]) -> list[str]:
        if not value[0].startswith("/"):
            raise ValueError("must begin with the absolute path of a program, for example /usr/local/bin/on-receive")
        return value
