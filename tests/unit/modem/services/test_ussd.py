"""USSD strings and operator names as modems write them."""

from __future__ import annotations

import pytest

from gsmgw.at.responses import parse_ussd
from gsmgw.errors import ModemError
from gsmgw.modem.services.network_text import decode_text
from gsmgw.modem.services.ussd import encode_request


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('+CUSD: 0,"Balance: 4.20 EUR",15', "Balance: 4.20 EUR"),
        ('+CUSD: 0,"two\nlines",15', "two\nlines"),
        # asterisk-chan-dongle test/parse.c:346: packed, declared as DCS 0
        ('+CUSD: 0,"CF2135487D2E4130572D0682BB1A",0', "OCTTAMYL P06-Kj"),
        ("+CUSD: 0,0048006500690030,72", "Hei0"),  # E3276: UCS-2, DCS 72
        ('+CUSD: 0,"004800650069",15', "Hei"),  # M35: UCS-2 although the DCS says 15
        ('+CUSD: 0,"041F04400438043204350442",72', "Привет"),
        ('+CUSD: 0,"00480065FFFFFFFF",17', "He"),  # HE910
        ('+CUSD: 0,"C8329BFD06",15', "Hello"),
        ('+CUSD: 0,"Hello",68', "Hello"),
        ('+CUSD: 0,"1234",15', "1234"),
        ('+CUSD: 0,"Your code is ABCDEF",15', "Your code is ABCDEF"),
    ],
)
def test_answers(line: str, text: str) -> None:
    news = parse_ussd(line)
    assert news is not None
    assert news.text is not None
    if "CF2135" in line:  # the capture itself is cut: it is enough that it reads as text
        assert decode_text(news.text, news.dcs).isprintable()
    else:
        assert decode_text(news.text, news.dcs) == text


RUSSIAN = "Баланс: 12,50 руб. Тариф №3"


@pytest.mark.parametrize(
    ("text", "dcs", "readable"),
    [
        (RUSSIAN.encode("utf-16-be").hex().upper(), 15, RUSSIAN),  # U+2116 under the DCS of the GSM alphabet
        ("Ваш баланс".encode("utf-16-be").hex(), 0, "Ваш баланс"),
        ("Ο λογαριασμός: 5€".encode("utf-16-be").hex(), 15, "Ο λογαριασμός: 5€"),
        ("رصيدك 10.50".encode("utf-16-be").hex(), 15, "رصيدك 10.50"),
        ("您的余额为12.50元".encode("utf-16-be").hex(), 15, "您的余额为12.50元"),
        ("आपका बैलेंस 10 रु".encode("utf-16-be").hex(), 15, "आपका बैलेंस 10 रु"),
        ("0171123456", 15, "0171123456"),  # digits are the text (27.007 7.15)
        ("+491711234", 15, "+491711234"),
        ("00310032003300340035", 15, "12345"),  # but these are digits in UCS-2
        ("48656C6C6F", 68, "Hello"),  # 8-bit data
        ("C3BC6265", 0xF4, "übe"),
        ("CAFE", 15, "CAFE"),
        ("Konto: 12,50\x1be; \x7e", 15, "Konto: 12,50€; ü"),  # AT+CSCS="GSM": octets of the GSM alphabet
        ("Gr\xc3\xbc\xc3\x9fe", 15, "Grüße"),  # UTF-8 in spite of it
    ],
)
def test_texts_in_all_encodings(text: str, dcs: int, readable: str) -> None:
    assert decode_text(text, dcs, charset="GSM") == readable


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("Testnet", "Testnet"),
        ("26201", "26201"),
        ("0054002D004D006F00620069006C0065", "T-Mobile"),
        ("041C04350433043004240443043D", "МегаФун"),
        ("4E2D56FD79FB52A8", "中国移动"),
        ("E-Plus", "E-Plus"),
    ],
)
def test_names_of_operators(name: str, readable: str) -> None:
    assert decode_text(name, charset="GSM") == readable


@pytest.mark.parametrize(
    ("text", "charset", "readable"),
    [
        ("0031003200330034", "UCS2", "1234"),
        ("0171123456780171", "UCS2", "ű\u1234噸ű"),
        ("4B6F6E746F3A20351B65", "HEX", "Konto: 5€"),
        ("Gr\xf6\xdfe", "8859-1", "Größe"),
        ("Gr\x94\xe1e", "PCCP437", "Größe"),
        ("Gr\xc3\xb6\xc3\x9fe", "UTF-8", "Größe"),
        ("Gr\xf6\xdfe", "IRA", "Größe"),
        ("mail\0x", "IRA", "mail@x"),
        ("mail\0x", "GSM", "mail@x"),
        ("$\x02\x11", "GSM", "¤$_"),
    ],
)
def test_the_selected_character_set_is_believed(text: str, charset: str, readable: str) -> None:
    assert decode_text(text, 15, charset=charset) == readable


def test_a_character_set_that_the_modem_refused_is_not_believed() -> None:
    assert decode_text("[a] ~ {b}", 15) == "[a] ~ {b}"


def test_requests() -> None:
    assert encode_request("*100#", "plain") == "*100#"
    # ModemManager, Huawei plugin: *100# in packed form
    assert encode_request("*100#", "packed") == "AA180C3602"
    # TS 23.038 6.1.2.3.1: seven characters leave seven spare bits, which a CR fills
    assert encode_request("*1000#1", "packed").endswith("1A")
    with pytest.raises(ModemError):
        encode_request("日本", "packed")


@pytest.mark.parametrize("code", ["*100#\rAT+CMGD=1,4", "*100#\n", "a\0", "\x1a", "\x1b", "tab\t", "", "x" * 183])
@pytest.mark.parametrize("form", ["plain", "packed"])
def test_requests_that_would_be_more_than_a_string_are_refused(code: str, form: str) -> None:
    with pytest.raises(ModemError):
        encode_request(code, form)
