"""Numbers as users write them, and when two spellings are the same number."""

from __future__ import annotations

import random

import phonenumbers
import pytest

from gsmgw.numbers import NumberError, digits_of, lacks_digits, parse_recipient, same_number


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+4915112345678", None, "+4915112345678"),
        ("0151 1234 5678", "DE", "+4915112345678"),
        ("0049 151/12345678", None, "+4915112345678"),
        ("+1 (555) 010-9999", None, "+15550109999"),
        ("07700 900123", "GB", "+447700900123"),
        ("2442", None, "2442"),
        ("22044", "DE", "22044"),
        ("22044", None, "22044"),
        ("١٢٣٤", None, "1234"),
        ("１２３４５", None, "12345"),
        ("+49１７０1234567", None, "+491701234567"),
        ("＋４９ １７０ １２３４５６７", None, "+491701234567"),
        ("\u202a+49 170 1234567\u202c", None, "+491701234567"),
        ("٠١٧٠١٢٣٤٥٦٧", "DE", "+491701234567"),
    ],
)
def test_what_is_accepted(text: str, country: str | None, number: str) -> None:
    assert parse_recipient(text, country) == number


@pytest.mark.parametrize(
    ("text", "country", "why"),
    [
        ("", None, "is empty"),
        ("+49", None, "7 to 15 digits"),
        ("+491511234567890123", None, "7 to 15 digits"),
        ("0151 12345678", None, "no [gateway] country"),
        ("hello", "DE", "use digits"),
        ("+1555010", None, "too short"),
        ("+155501099991234", None, "too long"),
        ("²³¹", "DE", "use digits"),
        ("+49 170 ①②③④⑤⑥⑦", None, "7 to 15 digits"),
        ("+49 151 1234 x", "DE", "7 to 15 digits"),
        ("112", "DE", "emergency"),
        ("1 1 0", "DE", "emergency"),
        ("112", None, "emergency"),
        ("911", "DE", "emergency"),
        ("999", None, "emergency"),
        ("0151", "DE", "not a whole phone number"),
        ("0151", None, "not a whole phone number"),
    ],
)
def test_what_is_refused_and_why(text: str, country: str | None, why: str) -> None:
    with pytest.raises(NumberError) as caught:
        parse_recipient(text, country)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("number", "lacks"),
    [
        ("+4915112345678", False),
        ("+491511234567", True),
        ("+4915112", True),
        ("+120255501", True),
        ("+12025550123", False),
        ("+3361234567", True),
        ("+33612345678", False),
        ("+999123456789", False),  # a country code that nobody knows: not known to be short
        ("22044", False),
    ],
)
def test_a_number_that_lost_digits(number: str, lacks: bool) -> None:
    assert lacks_digits(number) is lacks


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+4915112345678", "015112345678", True),
        ("+4915112345678", "4915112345678", True),
        ("+4915112345678", "+4915112345670", False),
        ("2442", "2442", True),
        ("2442", "49151002442", False),
        ("1234567", "5551234567", True),
    ],
)
def test_the_same_number_in_another_spelling(one: str, other: str, same: bool) -> None:
    assert same_number(digits_of(one), digits_of(other)) is same


def test_a_number_in_international_form_is_read_as_the_library_reads_it() -> None:
    """Of every country code numbers of all lengths, most of which are taken as they stand, without the library."""
    chance = random.Random(1)
    taken = 0
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        for length in range(4, 14):
            national = "".join(chance.choice("0123456789") for _ in range(length))
            number = f"+{code}{national}"
            if not 8 <= len(number) <= 16:  # E.164: 7 to 15 digits
                continue
            parsed = phonenumbers.parse(number, None)
            reason = phonenumbers.is_possible_number_with_reason(parsed)
            if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
                with pytest.raises(NumberError):
                    parse_recipient(number, "DE")
                continue
            assert parse_recipient(number, "DE") == phonenumbers.format_number(
                parsed, phonenumbers.PhoneNumberFormat.E164
            )
            taken += 1
    assert taken > 300
    assert parse_recipient("+4901511234567", "DE") == "+491511234567"  # a trunk zero is dropped
