"""Settings of the gateway, its listeners, backups and retention."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gsmgw.config.confidential import Confidential
from gsmgw.config.fields import CountryCode, HostPort, Section, form


def _network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise ValueError('must be an IP address or a network, for example "127.0.0.1" or "10.0.0.0/8"') from None


_Mode = Annotated[str, form(r"0?[0-7]{3}", 'must be a file mode in quotes, for example "0660"')]


class GatewaySection(Section):
    """[gateway]"""

    state_dir: Path = Path("/var/lib/gsmgw")
    socket: Path = Path("/run/gsmgw/gsmgw.sock")
    socket_mode: _Mode = "0660"
    #: Group of the socket; default: the gateway's own.
    socket_group: str | None = None
    country: CountryCode | None = None
    #: Currency of the price list (ISO 4217).
    currency: Annotated[str, form(r"[A-Z]{3}", 'must be a currency code, for example "EUR"')] | None = None
    unknown_grace_s: float = Field(120.0, ge=0)
    on_unknown: Literal["resend", "hold"] = "resend"
    #: Default validity period of a message; seconds.
    valid_for: int = Field(3 * 86400, ge=60, le=63 * 7 * 86400)
    delivery_report: bool = True
    #: Time after which a multi-part message with missing parts is shown as incomplete; seconds.
    incomplete_after_s: float = Field(600.0, ge=1)
    #: Maximum time for messages in transmission to finish when the service stops; seconds.
    stop_timeout_s: float = Field(60.0, gt=0)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    #: Lines of text, or one JSON object per line.
    log_format: Literal["text", "json"] = "text"
    #: Log phone numbers in full.
    log_numbers: bool = False


class ApiSection(Section):
    """[api]"""

    listen: HostPort | None = None
    #: Certificate chain and key of the TCP listener, PEM.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: Users that may use the socket, in addition to its file mode; root and the gateway's own user always may.
    users: list[str] = Field(default_factory=list)
    #: Users that may open the socket and have no rights there but those of a session or token: the dashboard's.
    session_users: list[str] = Field(default_factory=list)
    #: Maximum requests per minute for each token or, without a token, each address; does not apply to the socket.
    requests_per_minute: int | None = Field(None, ge=1)
    #: Maximum connections to a listener; further ones get a 503.
    max_connections: int = Field(1024, ge=8, le=100_000)
    #: Maximum connections from one address without a valid token; the oldest is closed for a new one.
    max_connections_per_address: int = Field(64, ge=1, le=100_000)
    #: Addresses and networks of proxies whose X-Forwarded-For header is trusted.
    trusted_proxies: list[Annotated[str, AfterValidator(_network)]] = Field(default_factory=list)
    #: Maximum time to receive the header of a request; seconds.
    request_timeout_s: float = Field(15.0, gt=0, le=3600)
    #: Maximum time that a client may stop reading a response before it is disconnected; seconds.
    stall_timeout_s: float = Field(30.0, gt=0, le=3600)

    @model_validator(mode="after")
    def _whole_tls(self) -> ApiSection:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key must be set together: one of them is missing")
        if self.tls_cert is not None and self.listen is None:
            raise ValueError('tls_cert needs a TCP listener: set listen = "host:port"')
        return self


class BackupSection(Section):
    """[backup]"""

    #: Default: state_dir/backups.
    directory: Path | None = None
    keep: int = Field(7, ge=1, le=1000)


class WebSection(Section):
    """[web]: settings of the dashboard."""

    listen: HostPort = "127.0.0.1:8776"
    #: Path below which a proxy serves the dashboard.
    prefix: Annotated[
        str, form(r"(/[A-Za-z0-9._~-]+)*", 'must be a path such as "/sms", without a slash at its end')
    ] = ""
    #: Certificate chain and key, PEM.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: Addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto headers are trusted.
    trusted_proxies: list[Annotated[str, AfterValidator(_network)]] = Field(default_factory=list)
    #: Sites that may show the dashboard in a frame.
    frame_ancestors: list[
        Annotated[
            str,
            form(r"'self'|https?://[A-Za-z0-9.*:-]+", 'must be a site such as "https://home.example", or "\'self\'"'),
        ]
    ] = Field(default_factory=list)
    #: Control socket of a modem simulator whose phones the dashboard shows.
    simulator: Path | None = None

    @model_validator(mode="after")
    def _whole_tls(self) -> WebSection:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key must be set together: one of them is missing")
        return self


class RetentionSection(Section):
    """[retention]: how long to keep finished messages and events; None keeps them forever."""

    #: Sent and received messages. At least a month, because rate limits count that far back.
    messages_days: int | None = Field(None, ge=31)
    #: Events: limits how far back a reader can resume, and how long a message's history is complete.
    events_days: int | None = Field(90, ge=7)


class KeepSection(Section):
    """[[keep]]: how long the texts of some messages are kept; the first one that fits counts."""

    purpose: Literal["transactional", "marketing", "conversation"] | None = None
    tag: Annotated[str | None, Confidential.PERSONAL] = None
    #: Only texts with a one-time code.
    codes: bool = False
    minutes: int | None = Field(None, ge=1, le=10_000_000)
    days: int | None = Field(None, ge=1, le=10_000)

    @model_validator(mode="after")
    def _one_time(self) -> KeepSection:
        if (self.minutes is None) == (self.days is None):
            raise ValueError("needs exactly one of minutes and days")
        return self

    @property
    def keep_ms(self) -> int:
        """How long, milliseconds."""
        return (self.minutes or 0) * 60_000 + (self.days or 0) * 86_400_000


class ClientSection(Section):
    """[[client]]: defaults for the messages of one client."""

    #: Name of the client's token; empty for the local socket.
    name: Annotated[str, Confidential.PERSONAL] = Field(max_length=64)
    on_unknown: Literal["resend", "hold"]
