"""Who is told of events: webhooks and programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from gsmgw.config.confidential import Confidential
from gsmgw.config.fields import AllowedTarget, Name, Section


class WebhooksSection(Section):
    """[webhooks]: where events may be posted to, and within which bounds."""

    #: Besides public addresses over https.
    allow: list[AllowedTarget] = Field(default_factory=list)
    connect_timeout_s: float = Field(5.0, gt=0, le=60)
    timeout_s: float = Field(15.0, gt=0, le=120)
    #: A larger body goes without the text of its message; octets.
    max_payload: int = Field(262_144, ge=4096, le=4_194_304)
    #: Certificates of one's own authority, in addition to the public ones.
    ca_file: Path | None = None


class HookSection(Section):
    """[[hook]]: a program that is run on events."""

    name: Name
    events: list[str] = Field(["message.received"])
    #: The program with its arguments; there is no shell.
    command: Annotated[list[str], Confidential.ARGUMENTS] = Field(min_length=1)
    timeout_s: float = Field(120.0, gt=0, le=3600)
    #: Runs at once at the most; with one they keep the order of the events.
    parallel: int = Field(1, ge=1, le=32)

    @field_validator("command")
    @classmethod
    def _absolute(cls, value: list[str]) -> list[str]:
        if not value[0].startswith("/"):
            raise ValueError("must begin with the whole path of a program, for example /usr/local/bin/on-receive")
        return value
