"""Addresses of SMPP and what they mean here. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from gsmgw.bridges.smpp.content import Refused
from gsmgw.bridges.smpp.pdus import Address, CommandStatus
from gsmgw.bridges.values import with_plus
from gsmgw.digits import is_digits
from gsmgw.ports import ModemHandle

#: Types of numbers (5.2.5).
UNKNOWN, INTERNATIONAL, ALPHANUMERIC = 0, 1, 5
_ISDN: Final = 1


def international(destination: Address) -> str:
    """Return a recipient as the service reads it. Raises :class:`Refused` for a name."""
    digits = destination.digits
    if destination.ton == ALPHANUMERIC or not is_digits(digits.removeprefix("+")):
        raise Refused(CommandStatus.INVALID_DESTINATION, "destination_addr is not a phone number")
    if destination.ton == INTERNATIONAL and not digits.startswith(("+", "0")):
        return f"+{digits}"
    return with_plus(digits)


def target(source: str, modems: Mapping[str, ModemHandle], pools: Collection[str]) -> tuple[str | None, str | None]:
    """Return the modem or the pool that a source address names: by its name, or by the number of its SIM."""
    if source in modems:
        return source, None
    if source in pools:
        return None, source
    digits = source.lstrip("+")
    if not digits:
        return None, None
    for name, modem in modems.items():
        number = modem.status.number
        if number is not None and number.lstrip("+") == digits:
            return name, None
    return None, None


def address_of(number: str | None) -> Address:
    """Return the address of a number, or of a sender with a name."""
    if not number:
        return Address(UNKNOWN, UNKNOWN, "")
    if number.startswith("+"):
        return Address(INTERNATIONAL, _ISDN, number[1:])
    if is_digits(number):
        return Address(UNKNOWN, _ISDN, number)
    return Address(ALPHANUMERIC, UNKNOWN, number.encode("latin-1", "replace").decode("latin-1"))


def joined(address: Address) -> str:
    """Return an address as it is stored."""
    return f"{address.ton}.{address.npi}.{address.digits}"


def split(text: str) -> Address:
    """Read what :func:`joined` returned."""
    ton, npi, digits = text.split(".", 2)
    return Address(int(ton), int(npi), digits)
