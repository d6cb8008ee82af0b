"""The one-time code in a text. The texts are of the forms that are in use, with invented numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsmgw.inbound.one_time_code import one_time_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # WICG, "Origin-bound one-time codes delivered via SMS", 4.2: the last line wins over all else.
        ("747723 is your FooBar authentication code.\n\n@foobar.com #747723", "747723"),
        ("Your code is 111111.\n\n@top.example #222222 @embedded.example", "222222"),
        ("G-482913 is your verification code.", "482913"),
        ("Your code: 123 456. It is valid for 10 minutes. Do not share it.", "123456"),
        ("Ihr Bestätigungscode lautet 12-34-56", "123456"),
        ("Your login code is 7F3K9Q", "7F3K9Q"),
        ("TAN 902144 für Überweisung 1.250,00 EUR an DE89 vom 24.12.2026", "902144"),
        ("Use 4821 as your PIN for order 77812345, until 18:30", "4821"),
        ("749123 is your code. Reply 12345 to stop these texts", "749123"),
        ("Votre code de connexion : 55012", "55012"),
        ("Ваш код: 739102. Никому не сообщайте", "739102"),
        ("【Shop】验证码 604213，5分钟内有效", "604213"),
        ("رمز التحقق الخاص بك هو 551204", "551204"),
        ("Su contraseña temporal es 9917 2284", "99172284"),
        ("Dein Kennwort-Code 0047", "0047"),
        ("493812", "493812"),
    ],
)
def test_codes(text: str, code: str) -> None:
    assert one_time_code(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "See you tomorrow at 18:30, table 12",
        "Your bill of 2026 is 1250.00 EUR",
        "Call +4915112345678 or 0731 123456789",
        "Happy 2027!",
        "Orders 4711 and 4712 are ready",
        "Your code is on its way",
    ],
)
def test_no_codes(text: str) -> None:
    assert one_time_code(text) is None


@given(st.text(max_size=500))
def test_any_text_has_a_code_of_letters_and_digits_or_none(text: str) -> None:
    code = one_time_code(text)
    assert code is None or 4 <= len(code) <= 12
