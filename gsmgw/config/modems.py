"""Settings of modems, limits and pools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from gsmgw.config.confidential import Confidential
from gsmgw.config.fields import Name, PhoneNumber, Section, WrongForm, form
from gsmgw.digits import is_digits


class LimitsSection(Section):
    """[modem.limits] and [pool.limits]: rate limits in rolling windows."""

    per_minute: int | None = Field(None, ge=1)
    per_hour: int | None = Field(None, ge=1)
    per_day: int | None = Field(None, ge=1)
    per_month: int | None = Field(None, ge=1)
    #: The unit that the windows count.
    count: Literal["segments", "messages"] = "segments"
    #: Part of each window that is reserved for urgent messages.
    urgent_reserve: int = Field(0, ge=0)
    #: Maximum number of different recipients in 24 hours.
    recipients_per_day: int | None = Field(None, ge=1)
    #: Minimum gap between two segments, and a random time added to it; seconds.
    min_gap_s: float = Field(0.0, ge=0, le=3600)
    gap_jitter_s: float = Field(0.0, ge=0, le=3600)

    def windows(self) -> dict[int, int]:
        """Return the limit of each window by its length in seconds."""
        named = {60: self.per_minute, 3600: self.per_hour, 86400: self.per_day, 30 * 86400: self.per_month}
        return {seconds: limit for seconds, limit in named.items() if limit is not None}


class ModemsSection(Section):
    """[modems]"""

    discover: bool = True
    #: TOML file with profiles of your own (docs/guides/add-a-modem.md).
    profiles: Path | None = None


_Imei = Annotated[str, form(r"[0-9]{14,16}", "must be the 15 digits of an IMEI, in quotes")]
_UsbPath = Annotated[
    str, form(r"[0-9]+-[0-9]+(\.[0-9]+)*", 'must be a USB path, for example "1-1.3"; gsmgw doctor lists those in use')
]


def _pin(value: Any) -> Any:
    if not isinstance(value, str) or not 4 <= len(value.strip()) <= 8 or not is_digits(value.strip()):
        raise WrongForm("must be 4 to 8 digits in quotes")
    return value


_Pin = Annotated[str, BeforeValidator(_pin)]
_PORT = r"/.+|socket://.+:[0-9]{1,5}/?"
_PORT_WORDS = 'must be a path such as "/dev/ttyUSB2", or "socket://host:port"; ls /dev/serial/by-id shows the ports'
_Port = Annotated[str, form(_PORT, _PORT_WORDS)]
_UrcPort = Annotated[str, form(f"none|{_PORT}", f'{_PORT_WORDS}. "none" is for no second port')]


class MatchSection(Section):
    """match = { imei = "..." } or { usb = "1-1.3" }"""

    imei: Annotated[_Imei | None, Confidential.PERSONAL] = None
    usb: _UsbPath | None = None

    @model_validator(mode="after")
    def _one(self) -> MatchSection:
        if (self.imei is None) == (self.usb is None):
            raise ValueError("needs exactly one of imei and usb")
        return self


class ModemSection(Section):
    """[[modem]]"""

    name: Name
    port: _Port | None = None
    match: MatchSection | None = None
    #: A second port of the same modem, for notifications; detected for known models; "none" turns it off.
    urc_port: _UrcPort | None = None
    #: Allow reading received messages over the second port while a message is being sent; default: the profile's.
    reads_while_sending: bool | None = None
    pin: Annotated[_Pin | None, Confidential.SECRET] = None
    pin_file: Path | None = None
    number: Annotated[PhoneNumber | None, Confidential.PERSONAL] = None
    smsc: Annotated[PhoneNumber | None, Confidential.PERSONAL] = None
    #: Offer the recipient's phone to answer through the same service centre (TP-RP).
    reply_path: bool = False
    profile: str | None = None
    #: Received messages are stored by the modem and indicated, or routed directly and acknowledged once saved.
    reception: Literal["stored", "direct"] = "stored"
    #: Status reports are routed directly, or stored by the modem and indicated. Stored reports survive while the
    #: gateway is down, but cost two or three AT commands each.
    reports: Literal["direct", "stored"] = "direct"
    #: Write each message to the modem's storage and send it from there: the stored copy shows if it was sent.
    store_before_sending: bool = False
    #: Hang up incoming calls. Calls are logged as events in any case.
    hang_up_calls: bool = False
    #: Command that power-cycles the modem, the last recovery step; run without a shell.
    power_command: Annotated[list[str], Confidential.ARGUMENTS] = Field(default_factory=list)
    baudrate: int = Field(115200, ge=300, le=4_000_000)
    enabled: bool = True
    #: Share of the traffic: among idle modems, the one that sent least relative to its weight sends next.
    weight: float = Field(1.0, gt=0, le=1000)
    limits: LimitsSection = LimitsSection.model_construct()

    @model_validator(mode="after")
    def _complete(self) -> ModemSection:
        if (self.port is None) == (self.match is None):
            raise ValueError('needs either port = "/dev/..." or match = { imei = "..." } or { usb = "..." }')
        if self.pin is not None and self.pin_file is not None:
            raise ValueError("pin and pin_file exclude each other")
        return self


class PoolSection(Section):
    """[[pool]]: a named group of modems."""

    name: Name
    modems: list[str] = Field(min_length=1)
    limits: LimitsSection = LimitsSection.model_construct()
