"""The codec against published octets and the clauses of TS 23.040 and 23.038."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hw_sim.codec.alphabet import gsm7_decode, gsm7_encode, pack, unpack
from hw_sim.codec.tpdu import (
    Address,
    CodecError,
    alphabet,
    message_class,
    read_time,
    read_tpdu,
    split_smsc,
    validity_s,
    write_smsc,
    write_time,
    write_tpdu,
)
from hw_sim.codec.user_data import content, segments


@pytest.mark.parametrize(
    ("text", "packed"),
    [  # babca/python-gsmmodem test/test_pdu.py:59-62
        ("123", "31D90C"),
        ("12345678", "31D98C56B3DD70"),
        ("123456789", "31D98C56B3DD7039"),
        ("Hello World!", "C8329BFD065DDF72363904"),
    ],
)
def test_septets_are_packed_from_the_low_bits(text: str, packed: str) -> None:
    assert pack(gsm7_encode(text)).hex().upper() == packed
    assert gsm7_decode(unpack(bytes.fromhex(packed), len(text))) == text


def test_a_deliver_of_modemmanager_is_read_and_written_back() -> None:
    # linux-mobile-broadband/ModemManager src/tests/test-sms-part-3gpp.c:98
    pdu = bytes.fromhex(
        "07912104442961F4040B916171957291F800001120821105050A6AC8B2BC7C9A83C220F6DB7D2ECB41EDF27C1E3E97411BDE06754FD3"
        "D1A0F9BB5D0695F1F4B29B5C2683C6E8B03C3CA697E5F34D6AE303D1D1F2F7DD0D4ABB59A0797D8C0685E7A00028EC26832A960B28EC"
        "2683BE6050780EBA97D96C17"
    )
    smsc, tpdu = split_smsc(pdu)
    assert smsc is not None
    assert smsc.number == "+12404492164"
    read = read_tpdu(tpdu, from_modem=False)
    assert read.address.number == "+16175927198"
    assert content(read).text == (
        "Here's a longer message [{with some extended characters}] thrown in, such as £ and ΩΠΨ and §¿ as well."
    )
    moment = read_time(read.scts)
    assert moment is not None
    assert moment.isoformat() == "2011-02-28T11:50:50-05:00"
    assert write_smsc(smsc.number) + write_tpdu(read) == pdu


def test_an_alphanumeric_sender_of_seven_characters_has_no_eighth() -> None:
    # TS 23.040 9.1.2.5: 13 semi-octets hold 7 characters
    tpdu = read_tpdu(bytes.fromhex("040DD0CDE6DB5DCECB0100000000000000000000"), from_modem=False)
    assert tpdu.address.number == gsm7_decode(unpack(bytes.fromhex("CDE6DB5DCECB01"), 7))
    assert len(tpdu.address.number) == 7


@pytest.mark.parametrize(
    ("octets", "field"),
    [("", "first byte"), ("01", "mr"), ("0100FF", "address"), ("01000B91", "address"), ("04049121430000", "scts")],
)
def test_what_is_cut_short_names_its_field(octets: str, field: str) -> None:
    with pytest.raises(CodecError) as caught:
        read_tpdu(bytes.fromhex(octets), from_modem=not octets.startswith("04"))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("dcs", "kind", "class_"),
    [
        (0x00, "gsm7", None),
        (0x04, "data", None),
        (0x08, "ucs2", None),
        (0x10, "gsm7", 0),
        (0x18, "ucs2", 0),
        (0xE0, "ucs2", None),
        (0xF5, "data", 1),
    ],
)
def test_data_coding_schemes(dcs: int, kind: str, class_: int | None) -> None:  # TS 23.038 4
    assert (alphabet(dcs), message_class(dcs)) == (kind, class_)


def test_a_time_stamp_west_of_greenwich() -> None:
    # TS 23.040 9.2.3.11: 0x8A is 28 quarters behind
    moment = read_time(bytes.fromhex("1120821105058A"))
    assert moment is not None
    assert moment.utcoffset() is not None
    assert moment.isoformat().endswith("-07:00")
    assert write_time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)).hex() == "62102030405000"


def test_validity_periods() -> None:
    # TS 23.040 9.2.3.12.1: 0xA7 is 24 h, 0x00 five minutes
    for octet, seconds in (("A7", 86400), ("00", 300), ("C4", 30 * 86400)):
        tpdu = read_tpdu(bytes.fromhex(f"1100049121430000{octet}0141"), from_modem=True)
        assert validity_s(tpdu) == seconds


@pytest.mark.parametrize(("length", "parts"), [(160, 1), (161, 2), (306, 2), (307, 3)])
def test_long_gsm_texts_are_cut_after_153_septets(length: int, parts: int) -> None:
    assert len(segments("a" * length, 7)) == parts


def test_no_escape_pair_and_no_surrogate_pair_is_cut() -> None:
    cut = segments("a" * 152 + "€" * 10, 1)
    assert [udl for _, udl, _ in cut] == [7 + 152, 7 + 20]
    kind, udl, _ = segments("я" * 66 + "😀" * 3, 1)[0]
    assert (kind, udl) == ("ucs2", 6 + 66 * 2)


def test_national_languages() -> None:
    # 23.038 annex A.2.1 and A.3.1: Turkish locking (25) has i without a dot at 07, single (24) has S with cedilla at 53
    assert gsm7_decode(b"\x07\x1b\x53", (1, 1)) == "ıŞ"
    assert gsm7_decode(b"\x1b\x41", (0, 2)) == "Á"  # A.2.2, Spanish single shift
    assert gsm7_decode(b"\x1b\x28", (1, 0)) == "{"


def test_addresses() -> None:
    assert Address.of("+4917").toa == 0x91
    assert Address.of("22922").toa == 0x81
    assert Address.of("BANK").toa == 0xD0
