"""Settings of the SMPP server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from gsmgw.config.fields import HostPort, Section, form


class SmppSection(Section):
    """[smpp]: the SMPP server. Off without ``listen``."""

    listen: HostPort | None = None
    #: Certificate chain and key, PEM.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: The name that the server gives itself when a client binds.
    system_id: Annotated[str, form(r"[!-~]{1,15}", "must have 1 to 15 characters of ASCII without spaces")] = "gsmgw"
    #: Seconds of silence after which a client is asked whether it is alive.
    enquire_link_s: float = Field(30.0, ge=1, le=3600)
    #: Seconds that a client may take for a response.
    response_s: float = Field(30.0, ge=1, le=3600)
    #: Seconds without a message after which a session is ended; never if it is not set.
    inactivity_s: float | None = Field(None, ge=1, le=7 * 86_400)
    #: Messages on their way to one client without its response.
    window: int = Field(20, ge=1, le=1000)
    max_sessions: int = Field(100, ge=1, le=10_000)
    #: How long receipts and received texts wait for a session of their account.
    keep_days: int = Field(30, ge=1, le=365)

    @model_validator(mode="after")
    def _whole_tls(self) -> SmppSection:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key must be set together: one of them is missing")
        return self
