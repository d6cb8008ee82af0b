"""Phone numbers: parsing user input to E.164, and comparing different notations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import phonenumbers

from gsmgw.digits import ascii_digits, is_digits

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE = re.compile(r"[0-9]{3,6}")
_SEPARATORS = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]")
#: Emergency numbers in every network, and those that a phone without a SIM knows besides (TS 22.101 10.1.1).
_EMERGENCY_EVERYWHERE = frozenset({"112", "911"})
_EMERGENCY = frozenset({"000", "110", "118", "119", "999"})
#: Digits that numbering plans allow at any place after the area code, and how many may be lost.
_LIKELY = ("0", "2")
_MOST_LOST = 7
_REASONS = {
    phonenumbers.ValidationResult.TOO_SHORT: "is too short for its country",
    phonenumbers.ValidationResult.TOO_LONG: "is too long",
    phonenumbers.ValidationResult.INVALID_LENGTH: "has a length that is not valid in its country",
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
}


class NumberError(ValueError):
    """The text is not a number that can receive messages. The message gives the reason."""


@lru_cache(maxsize=4096)
def parse_recipient(text: str, country: str | None) -> str:
    """Return a user's input as E.164 (``+491701234567``), or as a short code of 3 to 6 digits.

    ``country`` is the region (ISO 3166) of numbers written without a ``+``. Separators are dropped, and
    digits of other scripts become ASCII. Raises
    :class:`NumberError`.
    """
    number = _SEPARATORS.sub("", ascii_digits(text))
    if not number:
        raise NumberError("is empty")
    if number.startswith("00"):
        number = "+" + number[2:]
    if _SHORT_CODE.fullmatch(number):
        return _short_code(number, country)
    if not number.startswith("+"):
        if not is_digits(number):
            raise NumberError("is not a valid phone number: use digits, with + and the country code first")
        if country is None:
            raise NumberError("has no + and country code, and no [gateway] country is configured")
    elif not _E164.fullmatch(number):
        raise NumberError(
            "is not a valid phone number: after the +, use 7 to 15 digits, the country code first (E.164)"
        )
    elif _is_plain(number):
        return number
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException as exc:
        if number.startswith("+") and exc.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            return number  # a country code that our list lacks: let the network decide
        raise NumberError("is not a valid phone number") from None
    reason = _REASONS.get(phonenumbers.is_possible_number_with_reason(parsed))
    if reason is not None:
        raise NumberError(reason)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _short_code(number: str, country: str | None) -> str:
    """Return a short code that may be texted. Raises :class:`NumberError`."""
    national = _EMERGENCY if country is None else ()
    if number in _EMERGENCY_EVERYWHERE or number in national or _is_emergency(number, country):
        raise NumberError("is an emergency number: an automatic message must not go there")
    if number.startswith("0") and not _is_known_short_code(number, country):
        raise NumberError("is not a whole phone number: write all digits, with + and the country code first")
    return number


def _is_emergency(number: str, country: str | None) -> bool:
    return country is not None and phonenumbers.is_emergency_number(number, country)


def _is_known_short_code(number: str, country: str | None) -> bool:
    """Return True if the numbering plan has this short code: few begin with 0, the trunk prefix of most countries."""
    if country is None:
        return False
    # Not parsed, which would take the 0 for a trunk prefix.
    code = phonenumbers.country_code_for_region(country)
    short = phonenumbers.PhoneNumber(country_code=code, national_number=int(number))
    short.italian_leading_zero = True
    short.number_of_leading_zeros = len(number) - len(number.lstrip("0"))
    return phonenumbers.is_valid_short_number_for_region(short, country)


_FORMS = {
    "national": phonenumbers.PhoneNumberFormat.NATIONAL,
    "international": phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    "e164": phonenumbers.PhoneNumberFormat.E164,
}
NumberForm = Literal["national", "international", "e164"]


def show_number(number: str, form: NumberForm) -> str:
    """Return an E.164 number as people write it, for example ``01512 3456789``; another number as it is."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), _FORMS[form])
    except phonenumbers.NumberParseException:
        return number


def lacks_digits(number: str) -> bool:
    """Return True if an E.164 number is not valid, but only the beginning of a valid one: digits were lost."""
    if not number.startswith("+") or _is_whole_mobile(number):
        return False
    try:
        if phonenumbers.is_valid_number(phonenumbers.parse(number)):
            return False
        longer = (number + digit * more for more in range(1, _MOST_LOST + 1) for digit in _LIKELY)
        return any(phonenumbers.is_valid_number(phonenumbers.parse(each)) for each in longer)
    except phonenumbers.NumberParseException:  # a country code that our list lacks
        return False


def is_mobile(number: str) -> bool:
    """Return True if an E.164 number is, by its numbering plan, a mobile phone's, or may be one."""
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
    return kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The valid lengths of a country's national numbers, their possible prefixes, and its mobile numbers."""

    lengths: frozenset[int]
    prefix: re.Pattern[str] | None
    mobile: re.Pattern[str] | None
    mobile_lengths: frozenset[int]


@lru_cache(maxsize=1000)
def _plan(code: int) -> _Plan | None:
    region = phonenumbers.region_code_for_country_code(code)
    found = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if found is None or found.general_desc is None:
        return None
    prefix = found.national_prefix_for_parsing
    mobile = found.mobile
    pattern = None if mobile is None else mobile.national_number_pattern
    return _Plan(
        frozenset(found.general_desc.possible_length),
        re.compile(prefix) if prefix else None,
        re.compile(pattern) if pattern else None,
        frozenset(() if mobile is None else mobile.possible_length or found.general_desc.possible_length),
    )


def _is_plain(number: str) -> bool:
    """Return True if an E.164 number is certainly valid. Gives the library's result, 30 times faster.

    Numbers that may begin with a trunk or carrier prefix are left to the library.
    """
    plan, national = _planned(number)
    return (
        plan is not None
        and len(national) in plan.lengths
        and not national.startswith("0")
        and (plan.prefix is None or plan.prefix.match(national) is None)
    )


def _planned(number: str) -> tuple[_Plan | None, str]:
    """Return the numbering plan of an E.164 number, and its digits after the country code."""
    for end in (2, 3, 4):
        code = int(number[1:end])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return _plan(code), number[end:]
    return None, ""


def _is_whole_mobile(number: str) -> bool:
    """Return True if an E.164 number is certainly a valid mobile number. Saves the library's slower check."""
    plan, national = _planned(number)
    return (
        plan is not None
        and plan.mobile is not None
        and len(national) in plan.mobile_lengths
        and plan.mobile.fullmatch(national) is not None
    )


_NO_DIGIT = re.compile(r"[^0-9*#a-c]")
#: Digits that must match between a national and an international notation. Subscriber numbers with their network
#: code have at least seven digits in every national plan (ITU-T E.164).
_SUFFIX = 7


@lru_cache(maxsize=4096)
def digits_of(number: str) -> str:
    """Return the part of a number that status reports are matched by."""
    return _NO_DIGIT.sub("", number)


def same_number(one: str, other: str) -> bool:
    """Return True if two numbers may be the same, even if one lacks its country code or has a trunk zero."""
    if one == other:
        return True
    a, b = one.lstrip("0"), other.lstrip("0")
    shorter = min(len(a), len(b))
    return shorter >= _SUFFIX and a[-shorter:] == b[-shorter:]
