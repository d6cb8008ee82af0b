"""Checks of what is said about a contact. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gsmgw.audience.field_values import ValueRefused, checked, nearest
from gsmgw.model.contacts import ContactField, FieldValue
from gsmgw.numbers import NumberError, lacks_digits, parse_recipient
from gsmgw.outbound.errors import Refusal
from gsmgw.wire.problems import ProblemCode
from gsmgw.zones import is_zone

#: Maximum number of characters of a name, and of the name of a group.
MAX_NAME, MAX_GROUP_NAME = 200, 100
#: Language, script and region of BCP 47 (RFC 5646 2.1); variants and extensions are not needed to choose a text.
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?", re.ASCII | re.IGNORECASE)


def contact_number(text: str, country: str | None) -> str:
    """Return a number in E.164. Raises :class:`NumberError` for anything else, a short code included."""
    number = parse_recipient(text, country)
    if not number.startswith("+"):
        raise NumberError("is a short code: a contact needs a whole phone number")
    return number


def checked_number(text: str, country: str | None, field: str = "number") -> str:
    """Return a number in E.164. Raises :class:`Refusal`."""
    try:
        number = contact_number(text, country)
    except NumberError as exc:
        raise Refusal(ProblemCode.INVALID_NUMBER, field, f"{text[:40]!r} {exc}") from None
    if lacks_digits(number):
        raise Refusal(ProblemCode.INVALID_NUMBER, field, f"{text[:40]!r} lacks digits: write the whole number")
    return number


def checked_language(text: str) -> str:
    """Return a language tag in its usual case: ``de``, ``pt-BR``, ``zh-Hant-TW``. Raises :class:`ValueRefused`."""
    found = _LANGUAGE.fullmatch(text.strip())
    if found is None:
        raise ValueRefused(f"{text[:40]!r} is not a valid language: write de, en or pt-BR")
    language, script, region = found.groups()
    parts = (language.lower(), script and script.title(), region and region.upper())
    return "-".join(part for part in parts if part)


def checked_zone(text: str) -> str:
    """Return the name of a time zone. Raises :class:`ValueRefused`."""
    name = text.strip()
    if not is_zone(name):
        raise ValueRefused(f"{text[:40]!r} is not a valid time zone: write a name such as Europe/Berlin")
    return name


def checked_group(text: str) -> str:
    """Return the name of a group. Raises :class:`ValueRefused`."""
    name = " ".join(text.split())
    if not name or len(name) > MAX_GROUP_NAME:
        raise ValueRefused(f"must have 1 to {MAX_GROUP_NAME} characters")
    return name


def checked_fields(values: Mapping[str, object], known: Iterable[ContactField]) -> dict[str, FieldValue]:
    """Return checked values by field; a value of None is left out. Raises :class:`Refusal`."""
    by_name = {field.name: field for field in known}
    found: dict[str, FieldValue] = {}
    for name, value in values.items():
        field = by_name.get(name)
        if field is None:
            hint = f"declare it with PUT /v1/fields/NAME or gsmgw contacts fields set{nearest(name, by_name)}"
            detail = f"the field {name[:64]!r} is not declared: {hint}"
            raise Refusal(ProblemCode.INVALID_REQUEST, "fields", detail)
        if value is None:
            continue
        try:
            found[name] = checked(field, value)
        except ValueRefused as exc:
            raise Refusal(ProblemCode.INVALID_REQUEST, "fields", f"{name} {exc}") from None
    return found
