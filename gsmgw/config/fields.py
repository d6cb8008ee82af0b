"""The base class of all sections, and value types that several sections share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from ipaddress import ip_network
from typing import Annotated, Any

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from gsmgw.config.confidential import mark_of
from gsmgw.digits import is_digits


class Section(BaseModel):
    """A table of the file: rejects unknown keys and is immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Leave confidential fields out of the repr, which may end up in logs and tracebacks."""
        fields = type(self).model_fields
        return [(name, value) for name, value in super().__repr_args__() if not name or mark_of(fields[name]) is None]


def _host_port(value: Any) -> Any:
    if isinstance(value, str):
        host, colon, port = value.rpartition(":")
        if not colon or not host or not is_digits(port) or not 0 < int(port) < 65536:
            raise ValueError('must be "host:port", for example "127.0.0.1:8775"')
    return value


def _known_country(value: str) -> str:
    code = value.upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        near = difflib.get_close_matches(code, phonenumbers.SUPPORTED_REGIONS, 1, 0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f'must be a two-letter country code like "DE"{hint}')
    return code


def _allowed_target(value: Any) -> Any:
    if isinstance(value, str) and value not in ("http", "loopback", "link-local", "private"):
        try:
            ip_network(value)
        except ValueError:
            raise ValueError(
                f'{value!r} is not valid: use "http", "loopback", "link-local", "private", '
                'or a network like "192.168.1.0/24"'
            ) from None
    return value


#: The name of a modem, a pool or a hook.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
#: ISO 3166-1 alpha-2, converted to upper case.
CountryCode = Annotated[str, AfterValidator(_known_country)]
HostPort = Annotated[str, BeforeValidator(_host_port)]
#: A target to allow besides public addresses over https: a kind of address, or a network.
AllowedTarget = Annotated[str, BeforeValidator(_allowed_target)]
