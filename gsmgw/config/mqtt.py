"""Settings of the MQTT bridge."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from gsmgw.config.confidential import Confidential
from gsmgw.config.fields import Section, form, server_url

#: Ports of MQTT and of MQTT over TLS.
PORTS = {"mqtt": 1883, "mqtts": 8883}


def _node() -> str:
    """Return the name of this machine as one level of a topic."""
    name = socket.gethostname().partition(".")[0]
    return "".join(char if char.isalnum() or char in "-_" else "-" for char in name) or "gsmgw"


#: A topic without wildcards, and without slashes at its ends.
Topic = Annotated[
    str,
    form(r"[^+#\x00/\s]+(/[^+#\x00/\s]+)*", 'must be a topic without spaces and wildcards, for example "gsmgw/shop"'),
]
#: A phone number, or the name of a contact or a group.
Recipient = Annotated[str, Confidential.PERSONAL]


class MqttNotifySection(Section):
    """[[mqtt.notify]]: a recipient that Home Assistant can notify."""

    #: The name of the entity.
    name: str = Field(min_length=1, max_length=100)
    #: A phone number, or the name of a contact or a group.
    to: Recipient = Field(min_length=1, max_length=200)


class MqttSection(Section):
    """[mqtt]: the connection to an MQTT broker. Off without ``url``."""

    url: (
        Annotated[str, server_url(PORTS, '"mqtt://host:1883", or "mqtts://host:8883"', "username and password_file")]
        | None
    ) = None
    #: The first levels of all topics.
    base: Topic = Field(default_factory=lambda: f"gsmgw/{_node()}", validate_default=True)
    #: Where Home Assistant looks for devices; empty to announce none.
    discovery_prefix: Topic | Literal[""] = "homeassistant"
    version: Literal["5", "3.1.1"] = "5"
    username: Annotated[str | None, Confidential.PERSONAL] = None
    password_file: Path | None = None
    #: Certificate of a private certificate authority.
    ca_file: Path | None = None
    #: Whom a publisher may text; everybody if it is empty.
    recipients: list[Recipient] = Field(default_factory=list)
    notify: list[MqttNotifySection] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> MqttSection:
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs username")
        names = [each.name.casefold() for each in self.notify]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"notify: the name {twice[0]!r} is used twice")
        return self

    @property
    def address(self) -> tuple[str, int, bool]:
        """Host, port, and whether TLS is used."""
        parts = urlsplit(self.url or "mqtt://127.0.0.1")
        return parts.hostname or "127.0.0.1", parts.port or PORTS[parts.scheme], parts.scheme == "mqtts"
