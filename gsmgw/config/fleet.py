"""Settings of the fleet: many gateways that work as one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from gsmgw.config.fields import Section, form, server_url

#: Plain, and with TLS; the same as WebSocket.
SCHEMES = ("nats", "tls", "ws", "wss")
_EXAMPLE = '"nats://host:4222" or "ws://host:80", or "tls://host:4222" or "wss://host:443"'
_Server = Annotated[str, server_url(SCHEMES, _EXAMPLE, "credentials")]


def _node(value: str) -> str:
    if value == "hub":
        raise ValueError('"hub" is not a valid name for a node: the hub has it')
    return value


#: The name of a node, which is part of NATS subjects and of the names of its modems.
NodeName = Annotated[
    str,
    form(r"[a-z0-9][a-z0-9_-]{0,31}", 'must be a short name of a-z, 0-9, "-" and "_", for example "ulm"'),
    AfterValidator(_node),
]


class FleetSection(Section):
    """[fleet]: the connection to the NATS server of a fleet. Off without ``url``."""

    #: One server, or the servers of a cluster.
    url: _Server | list[_Server] | None = None
    #: The name of this gateway in the fleet.
    node: NodeName | None = None
    #: The file that `gsmgw fleet add` has printed.
    credentials: Path | None = None
    #: Certificate of a private certificate authority.
    ca_file: Path | None = None
    #: This gateway accepts messages for the whole fleet and assigns them to nodes.
    hub: bool = False
    #: Servers of a cluster that keep each message.
    replicas: int = Field(1, ge=1, le=5)
    #: Seconds of silence after which no more messages are assigned to a node.
    silent_after_s: float = Field(15.0, ge=5, le=3600)
    #: Seconds of silence after which messages that a node may have begun are sent by another one; never if it is not
    #: set. Some may go twice.
    reassign_after_s: float | None = Field(None, ge=10, le=30 * 86_400)

    @property
    def servers(self) -> list[str]:
        """The addresses of the NATS servers."""
        return [] if self.url is None else [self.url] if isinstance(self.url, str) else self.url

    @model_validator(mode="after")
    def _complete(self) -> FleetSection:
        if self.url is not None and not self.servers:
            raise ValueError("url must name at least one server")
        if len({url.startswith(("ws://", "wss://")) for url in self.servers}) > 1:
            raise ValueError("url must name all servers with ws:// or wss://, or none of them")
        if self.url is not None and not self.hub and self.node is None:
            raise ValueError('needs node = "NAME", the name of this gateway in the fleet, or hub = true')
        return self
