"""The gateway itself, its listeners, what it keeps and for how long."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gsmgw.config.confidential import Confidential
from gsmgw.config.fields import CountryCode, HostPort, Section


def _network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise ValueError('must be an address or a network, for example "127.0.0.1" or "10.0.0.0/8"') from None


class GatewaySection(Section):
    """[gateway]"""

    state_dir: Path = Path("/var/lib/gsmgw")
    socket: Path = Path("/run/gsmgw/gsmgw.sock")
    socket_mode: str = Field("0660", pattern=r"^0?[0-7]{3}$")
    #: The socket's group, where it is not the gateway's own.
    socket_group: str | None = None
    country: CountryCode | None = None
    unknown_grace_s: float = Field(120.0, ge=0)
    on_unknown: Literal["resend", "hold"] = "resend"
    #: How long a message may wait before it expires, unless it says otherwise; seconds.
    valid_for: int = Field(3 * 86400, ge=60, le=63 * 7 * 86400)
    delivery_report: bool = True
    #: A multi-part text with a missing part is shown as incomplete after that many seconds.
    incomplete_after_s: float = Field(600.0, ge=1)
    #: How long the message on the air may take to finish when the service stops; seconds.
    stop_timeout_s: float = Field(60.0, gt=0)
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class ApiSection(Section):
    """[api]"""

    listen: HostPort | None = None
    #: TLS for the TCP listener: certificate chain and key, PEM.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: Who may use the socket, by user name, where its mode is not enough; root and the gateway's own user always may.
    users: list[str] = Field(default_factory=list)
    #: Requests a minute from one token or, without one, one address; not for the socket.
    requests_per_minute: int | None = Field(None, ge=1)
    #: Connections at once to a listener; more are answered 503.
    max_connections: int = Field(1024, ge=8, le=100_000)
    #: Connections at once from one address that have not shown a valid token; the oldest make room.
    max_connections_per_address: int = Field(64, ge=1, le=100_000)
    #: Proxies whose X-Forwarded-For is believed: addresses and networks.
    trusted_proxies: list[Annotated[str, AfterValidator(_network)]] = Field(default_factory=list)
    #: How long the head of a request may take to come.
    request_timeout_s: float = Field(15.0, gt=0, le=3600)
    #: A client that does not read what it asked for is cut off after that time.
    stall_timeout_s: float = Field(30.0, gt=0, le=3600)

    @model_validator(mode="after")
    def _whole_tls(self) -> ApiSection:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together: one of them is missing")
        if self.tls_cert is not None and self.listen is None:
            raise ValueError("tls_cert is for the TCP listener, and there is no listen")
        return self


class BackupSection(Section):
    """[backup]"""

    #: state_dir/backups, where left out.
    directory: Path | None = None
    keep: int = Field(7, ge=1, le=1000)


class WebSection(Section):
    """[web], read by the dashboard."""

    listen: HostPort = "127.0.0.1:8776"


class RetentionSection(Section):
    """[retention]: how long what has ended is kept; none of these for ever."""

    #: Messages and what was received. Limits look back up to a month.
    messages_days: int | None = Field(None, ge=31)
    #: Events: how far back a reader may resume, and how long a message's history is whole.
    events_days: int | None = Field(90, ge=7)


class ClientSection(Section):
    """[[client]]: what holds for messages of one client unless they say otherwise."""

    #: The name of its token; empty for the local socket.
    name: Annotated[str, Confidential.PERSONAL] = Field(max_length=64)
    on_unknown: Literal["resend", "hold"]
