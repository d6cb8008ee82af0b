"""What the sections are made of: their base, and kinds of values that several of them have."""

from __future__ import annotations

import difflib
from typing import Annotated, Any

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """A table of the file: no unknown keys, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _host_port(value: Any) -> Any:
    if isinstance(value, str):
        host, colon, port = value.rpartition(":")
        if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError('must be "host:port", for example "127.0.0.1:8775"')
    return value


def _known_country(value: str) -> str:
    code = value.upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        near = difflib.get_close_matches(code, phonenumbers.SUPPORTED_REGIONS, 1, 0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f'must be a two-letter country code like "DE"{hint}')
    return code


#: Of a modem, a pool or a hook.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
#: ISO 3166-1 alpha-2, in capitals once it is read.
CountryCode = Annotated[str, AfterValidator(_known_country)]
HostPort = Annotated[str, BeforeValidator(_host_port)]
