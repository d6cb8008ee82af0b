"""The base class of all sections, and value types that several sections share."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from ipaddress import ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from gsmgw.config.confidential import mark_of
from gsmgw.digits import is_digits


class Section(BaseModel):
    """A table of the file: rejects unknown keys and is immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Leave confidential fields out of the repr, which may end up in logs and tracebacks."""
        fields = type(self).model_fields
        return [(name, value) for name, value in super().__repr_args__() if not name or mark_of(fields[name]) is None]


#: Type of the error that tells of problems across sections; its context has ``problems``: places and sentences.
CROSS_PROBLEMS = "cross_problems"


class WrongForm(ValueError):
    """A text does not have the form of its setting. The message says what form that is."""


def form(pattern: str, words: str) -> AfterValidator:
    """Return a validator of texts that match a pattern; ``words`` tell the form to a person."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise WrongForm(words)
        return value

    return AfterValidator(check)


def _host_port(value: Any) -> Any:
    if isinstance(value, str):
        host, colon, port = value.rpartition(":")
        if not colon or not host or not is_digits(port) or not 0 < int(port) < 65536:
            raise ValueError('must be "host:port", for example "127.0.0.1:8775"')
    return value


def server_url(schemes: Collection[str], example: str, instead: str) -> AfterValidator:
    """Return a validator of addresses of servers: scheme, host, port. ``instead`` are the keys of who signs in."""

    def check(value: str) -> str:
        parts = urlsplit(value)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in schemes or not parts.hostname or port == 0 or parts.path.strip("/") or parts.query:
            raise ValueError(f"must be {example} for TLS")
        if parts.username is not None or parts.password is not None:
            raise ValueError(f"must not contain a user name or password: use {instead}")
        return value

    return AfterValidator(check)


def known_country(value: str) -> str:
    """Return a country code in upper case. Raises ValueError if it is not one."""
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
Name = Annotated[
    str,
    form(
        r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}",
        "must begin with a letter or digit; then up to 62 letters, digits, dots, hyphens and underscores",
    ),
]
#: ISO 3166-1 alpha-2, converted to upper case.
CountryCode = Annotated[str, AfterValidator(known_country)]
HostPort = Annotated[str, BeforeValidator(_host_port)]
#: A phone number, with or without a plus.
PhoneNumber = Annotated[str, form(r"\+?[0-9]{3,20}", 'must be a phone number, for example "+4915112345678"')]
#: A target to allow besides public addresses over https: a kind of address, or a network.
AllowedTarget = Annotated[str, BeforeValidator(_allowed_target)]
