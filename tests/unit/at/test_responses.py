"""Information lines as modems write them."""

from __future__ import annotations

import pytest

from gsmgw.at import responses
from gsmgw.at.fields import split_fields
from gsmgw.at.responses import MemoryUse, StoredHeader, UssdIndication, parse_operator, parse_own_number


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('"SM",3', ["SM", "3"]),
        ("0,111", ["0", "111"]),
        (",-1", ["", "-1"]),
        ('"a,b",1', ["a,b", "1"]),
        ('1,"0B,"0100701",7', ["1", "0B", "0100701", "7"]),  # gammu tests/at-creg
        ('2 , "x" ,3', ["2", "x", "3"]),
        ("", [""]),
        ('""', [""]),
        ("1,,147", ["1", "", "147"]),
    ],
)
def test_fields(text: str, fields: list[str]) -> None:
    assert split_fields(text) == fields


@pytest.mark.parametrize(
    ("line", "urc", "expected"),
    [
        ("+CREG: 1", True, 1),
        ("+CREG:5", True, 5),
        ('+CREG: 1,"00C3","1234"', True, 1),
        ("+CREG: 2,1,4CA,81DE445", False, 1),
        ('+CREG: 0,1,"5E25","605F"', False, 1),  # Siemens, gammu tests/at-creg
        ('+CREG: 2,1,"0B,"0100701",7', False, 1),
        ('+CEREG: 2,5,"00C3","01234567",7', False, 5),
        ("+CREG: 0,3", False, 3),
        ("+CREG: 1", False, 1),  # a URC inside the read answer
        ('+CREG: 1,"00C3","1234"', False, 1),
        ("+CREG: ", False, None),
        ("+CREG: 77", True, None),
    ],
)
def test_registration(line: str, urc: bool, expected: int | None) -> None:
    assert responses.parse_registration(line, urc=urc) == expected


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('+CMTI: "SM",3', ("SM", 3)),
        ("+CMTI: 0,111", ("", 111)),
        ('+CMTI: "SM",-1', ("SM", -1)),
        ("+CMTI: ,-1", ("", -1)),
        ('+CDSI: "SR",1', ("SR", 1)),
        ("+CMTI: x", None),
    ],
)
def test_stored(line: str, place: tuple[str, int] | None) -> None:
    assert responses.parse_stored(line) == place


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("+CMGR: 1,,147", StoredHeader(None, 1, 147)),
        ('+CMGR: 0,"",50', StoredHeader(None, 0, 50)),
        ("+CMGR: ,,27", StoredHeader(None, None, 27)),  # ZTE K3565-Z
        ("+CMGR: 0,23", StoredHeader(None, 0, 23)),
        ("+CMGR: 24", StoredHeader(None, None, 24)),
    ],
)
def test_read_header(line: str, header: StoredHeader) -> None:
    assert responses.parse_read_header(line) == header


def test_list_header() -> None:
    assert responses.parse_list_header("+CMGL: 0,1,,147") == StoredHeader(0, 1, 147)
    assert responses.parse_list_header("+CMGL: 17,3,35") == StoredHeader(17, 3, 35)
    assert responses.parse_list_header('+CMGL: 1,0,"a,b",35') == StoredHeader(1, 0, 35)


@pytest.mark.parametrize(
    ("line", "roles"),
    [
        ('+CPMS: ("SM","ME"),("SM","ME"),("SM")', [["SM", "ME"], ["SM", "ME"], ["SM"]]),
        ('+CPMS: (("SM","BM","SR"),("SM"))', [["SM", "BM", "SR"], ["SM"]]),  # Wavecom
        ("+CPMS: (),(),()", [[], [], []]),  # Nokia N79
        ("+CPMS: ", []),  # Samsung J700
        ('+CPMS: ("ME","MT"),"ME",("SM")', [["ME", "MT"], ["ME"], ["SM"]]),
        ('+CPMS: "ME","MT","SM"', [["ME"], ["MT"], ["SM"]]),  # Huawei MU609
    ],
)
def test_storages(line: str, roles: list[list[str]]) -> None:
    assert responses.parse_storages(line) == roles


def test_storage_use() -> None:
    assert responses.parse_storage_use('+CPMS: "SM",3,50,"ME",4,255,"SM",3,50') == [
        MemoryUse("SM", 3, 50),
        MemoryUse("ME", 4, 255),
        MemoryUse("SM", 3, 50),
    ]
    assert responses.parse_storage_use("+CPMS: ,,,,,,,,") == []


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ('+CSCA: "+79168999100",145', "+79168999100"),
        ("+CSCA: 002B0034003900310037,145", "+4917"),
        ('+CSCA: "002B0034003900310037",145', "+4917"),
        ('+CSCA: "",129', None),
        ('+CSCA: "491710760000",145', "+491710760000"),
    ],
)
def test_smsc(line: str, number: str | None) -> None:
    assert responses.parse_smsc(line) == number


@pytest.mark.parametrize(
    ("line", "news"),
    [
        ('+CUSD: 0,"CF2135487D2E4130572D0682BB1A",0', UssdIndication(0, "CF2135487D2E4130572D0682BB1A", 0)),
        ("+CUSD: 5", UssdIndication(5, None, None)),  # asterisk-chan-dongle test/parse.c
        ("+CUSD: 0, 49B4", UssdIndication(0, "49B4", None)),
        ('+CUSD: 1,"text"', UssdIndication(1, "text", None)),
        ('+CUSD: 0,"a \n"b", c",15', UssdIndication(0, 'a \n"b", c', 15)),
        ("+CUSD: 0,49B4,15", UssdIndication(0, "49B4", 15)),
    ],
)
def test_ussd(line: str, news: UssdIndication) -> None:
    assert responses.parse_ussd(line) == news


def test_signal() -> None:
    assert responses.parse_signal_dbm("+CSQ: 18,99") == -77
    assert responses.parse_signal_dbm("+CSQ: 99,99") is None
    assert responses.parse_signal_dbm("+CSQ: 0,0") == -113


def test_numbers_and_names() -> None:
    assert responses.parse_own_number('+CNUM: "","491711234567",145') == "+491711234567"
    assert responses.parse_own_number('+CNUM: ,"",129') is None
    assert responses.parse_operator('+COPS: 0,0,"Testnet",7') == ("Testnet", 7)
    assert responses.parse_operator("+COPS: 0") == (None, None)
    assert responses.parse_digits(["+CCID: 8949017000000000019F"], "+CCID:", 17, 22) == "8949017000000000019"
    assert responses.parse_digits(['+ICCID: "8949017000000000019"'], "+ICCID:", 17, 22) == "8949017000000000019"
    assert responses.parse_caller('+CLIP: "+4917",145,,,,0') == "+4917"
    assert responses.parse_caller('+CLIP: "",128') is None


def test_clock() -> None:
    assert responses.parse_clock('+CCLK: "26/11/21,17:44:01+04"') == (2026, 11, 21, 17, 44, 1, 4)
    assert responses.parse_clock('+CCLK: "26/11/21,17:44:01-32"') == (2026, 11, 21, 17, 44, 1, -32)
    assert responses.parse_clock('+CCLK: "nonsense"') is None


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (["+CPINR: SIM PIN,3,3"], 3),
        (["^CPIN: READY,,10,3,10,3"], 3),
        (['+QPINC: "SC",2,10'], 2),
        (["#PCT: 1"], 1),
        (["+CPINR: PH-SIM PIN,3,3"], None),
    ],
)
def test_pin_tries(lines: list[str], left: int | None) -> None:
    assert responses.parse_tries_left(lines) == left


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('+COPS: 0,0,"TV 32" Net",7', 'TV 32" Net'),
        ('+COPS: 0,0,"A, B",2', "A, B"),
        ('+COPS: 0,0,"The "Net""', 'The "Net"'),
        ('+COPS: 0,0,"OK",7', "OK"),
        ('+COPS: 0,0,"Net', "Net"),
        ('+COPS: 0,0,"\0Net",7', "\0Net"),
    ],
)
def test_names_of_operators(line: str, name: str) -> None:
    assert parse_operator(line)[0] == name


def test_names_of_own_numbers() -> None:
    assert parse_own_number('+CNUM: "My "own", one","+491711234567",145') == "+491711234567"
    assert parse_own_number('+CNUM: "5" line","491711234567",145') == "+491711234567"
