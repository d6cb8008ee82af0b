"""Settings of the e-mail bridge."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gsmgw.config.confidential import Confidential
from gsmgw.config.fields import HostPort, Section, form

#: Ports of a mail server, by ``tls``: submission (RFC 6409), submission over TLS (RFC 8314), and relay.
PORTS = {"starttls": 587, "implicit": 465, "none": 25}

_MAILBOX = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}"
_DOMAIN = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
#: An e-mail address.
Mailbox = Annotated[
    str, form(_MAILBOX, 'must be an e-mail address, for example "ann@example.org"'), Confidential.PERSONAL
]
_Domain = Annotated[str, form(_DOMAIN, 'must be a domain, for example "sms.example.org"')]


def is_loopback(host: str) -> bool:
    """Return True for an address that only this machine reaches."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _host(value: str) -> str:
    if not value or any(char.isspace() or char in "/@" for char in value):
        raise ValueError('must be a host, for example "mail.example.org"; the port is a setting of its own')
    return value


class MailSection(Section):
    """[mail]: texts from mails, and mails from texts. Off without ``listen`` and ``to``."""

    listen: HostPort | None = None
    #: Certificate chain and key of the listener, PEM.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: How clients of the listener begin TLS.
    listen_tls: Literal["starttls", "implicit"] = "starttls"
    #: Use of the subject of a mail.
    subject: Literal["none", "prepend", "only"] = "prepend"
    #: Longer texts are cut.
    max_characters: int = Field(1000, ge=20, le=10_000)
    #: The mail server that takes outgoing mails.
    server: Annotated[str, AfterValidator(_host)] = "localhost"
    #: Its port; default by ``tls``.
    port: int | None = Field(None, ge=1, le=65_535)
    #: Default: ``none`` for this machine, else ``starttls``.
    tls: Literal["starttls", "implicit", "none"] | None = None
    username: Annotated[str | None, Confidential.PERSONAL] = None
    password_file: Path | None = None
    #: Certificate of a private certificate authority.
    ca_file: Path | None = None
    #: The address that mails come from.
    sender: Mailbox | None = None
    #: Who gets received texts and failures.
    to: list[Mailbox] = Field(default_factory=list)
    #: The domain of addresses that answers go to: NUMBER@domain.
    domain: _Domain | None = None

    @model_validator(mode="after")
    def _safe_listener(self) -> MailSection:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key must be set together: one of them is missing")
        if self.listen is None:
            if self.tls_cert is not None:
                raise ValueError('tls_cert needs a listener: set listen = "host:port"')
        elif self.tls_cert is None and not is_loopback(self.listen.rpartition(":")[0]):
            raise ValueError(
                f"listen = {self.listen!r} needs tls_cert and tls_key, because clients send a token as password. "
                'Without them, only this machine may connect: listen = "127.0.0.1:8725"'
            )
        if self.listen_tls == "implicit" and self.tls_cert is None:
            raise ValueError('listen_tls = "implicit" needs tls_cert and tls_key')
        return self

    @model_validator(mode="after")
    def _whole_sending(self) -> MailSection:
        if self.to and self.sender is None:
            raise ValueError('to needs sender, the address that mails come from: sender = "sms@example.org"')
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file must be set together: one of them is missing")
        if self.username is not None and self.server_tls == "none" and not is_loopback(self.server):
            raise ValueError('tls = "none" would send the password in clear text: use "starttls" or "implicit"')
        return self

    @property
    def server_tls(self) -> Literal["starttls", "implicit", "none"]:
        """How TLS is used with the mail server."""
        if self.tls is not None:
            return self.tls
        return "none" if is_loopback(self.server) else "starttls"

    @property
    def server_port(self) -> int:
        """The port of the mail server."""
        return PORTS[self.server_tls] if self.port is None else self.port
