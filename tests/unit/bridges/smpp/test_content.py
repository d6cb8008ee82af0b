"""Contents of a submission: alphabets, headers, parts, times and addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from gsmgw.bridges.smpp.addresses import address_of, international, joined, split, target
from gsmgw.bridges.smpp.content import Place, Refused, content_of
from gsmgw.bridges.smpp.moments import minute, moment, parse_moment
from gsmgw.bridges.smpp.pdu_log import described
from gsmgw.bridges.smpp.pdus import Address, Command, CommandStatus, Pdu, Tag

NOW = round(datetime(2026, 11, 28, 20, 0, tzinfo=UTC).timestamp() * 1000)


def submit(raw: bytes = b"", data_coding: int = 0, esm_class: int = 0, tlvs: Any = None) -> Pdu:
    fields = {"short_message": raw, "data_coding": data_coding, "esm_class": esm_class}
    return Pdu(Command.SUBMIT_SM, 0, 1, fields, tlvs or {})


@pytest.mark.parametrize(
    ("raw", "data_coding", "text", "message_class"),
    [
        (b"a\x00b\x1b\x65", 0, "a@b€", None),
        ("Grüße".encode("latin-1"), 0, "Grüße", None),  # not septets: clients write Latin-1 so
        (b"plain", 1, "plain", None),
        ("Grüße".encode("latin-1"), 3, "Grüße", None),
        ("Привет".encode("iso8859-5"), 6, "Привет", None),
        ("שלום".encode("iso8859-8"), 7, "שלום", None),
        ("Ελλάδα 😀".encode("utf-16-be"), 8, "Ελλάδα 😀", None),
        (b"flash", 0xF0, "flash", 0),
        (b"flash", 0x10, "flash", 0),
        ("жук".encode("utf-16-be"), 0x18, "жук", 0),
        (b"\x01\xff", 4, None, None),
        (b"\x01\xff", 2, None, None),
        (b"\x01\xff", 0xF5, None, 1),
    ],
)
def test_alphabets(raw: bytes, data_coding: int, text: str | None, message_class: int | None) -> None:
    content = content_of(submit(raw, data_coding))
    assert (content.text, content.message_class) == (text, message_class)


def test_a_header_says_part_port_and_language() -> None:
    content = content_of(submit(bytes.fromhex("0B 00 03 2A 02 01 05 04 0B84 23F0") + b"\x01\xff", 4, 0x40))
    assert (content.place, content.port, content.raw) == (Place(0x2A, 2, 1), 0x0B84, b"\x01\xff")
    content = content_of(submit(bytes.fromhex("06 08 04 1234 03 02") + b"x", 0, 0x40))
    assert content.place == Place(0x1234, 3, 2)
    turkish = content_of(submit(bytes.fromhex("03 24 01 01") + b"\x1bg", 0, 0x40))
    assert turkish.text == "ğ"


def test_sar_parameters_say_the_part() -> None:
    tlvs = {Tag.SAR_REFERENCE: b"\0\x07", Tag.SAR_TOTAL: b"\x03", Tag.SAR_SEQUENCE: b"\x02"}
    assert content_of(submit(b"x", tlvs=tlvs)).place == Place(7, 3, 2)
    assert content_of(submit(b"x", tlvs={**tlvs, Tag.SAR_TOTAL: b"\x01"})).place is None
    assert content_of(submit(tlvs={Tag.MESSAGE_PAYLOAD: b"long", Tag.DEST_PORT: b"\x0b\x84"})).port == 0x0B84


@pytest.mark.parametrize(
    ("pdu", "status"),
    [
        (submit(), CommandStatus.INVALID_MESSAGE_LENGTH),
        (submit(b"a", tlvs={Tag.MESSAGE_PAYLOAD: b"b"}), CommandStatus.INVALID_MESSAGE_LENGTH),
        (submit(b"\x20ab", 0, 0x40), CommandStatus.INVALID_MESSAGE_LENGTH),
        (submit(b"\x02\x00\x09ab", 0, 0x40), CommandStatus.INVALID_ESM_CLASS),
        (submit(b"\x03\x70\x01\x00ab", 0, 0x40), CommandStatus.SUBMIT_FAILED),
        (submit(b"a", 0, 0x08), CommandStatus.INVALID_ESM_CLASS),
        (submit(b"a", 5), CommandStatus.SUBMIT_FAILED),
        (submit(b"a", 0xC0), CommandStatus.SUBMIT_FAILED),
        (submit(b"a", tlvs={Tag.SAR_TOTAL: b"\0\x02"}), CommandStatus.INVALID_OPTIONAL_LENGTH),
        (submit(b"a", tlvs={Tag.SAR_TOTAL: b"\x02", Tag.SAR_SEQUENCE: b"\x03"}), CommandStatus.INVALID_OPTIONAL_VALUE),
    ],
)
def test_content_that_is_refused(pdu: Pdu, status: CommandStatus) -> None:
    with pytest.raises(Refused) as caught:
        content_of(pdu)
    assert caught.value.status is status


def test_text_that_is_not_in_its_alphabet_is_refused() -> None:
    for raw, coding in ((b"\xff", 1), (b"\xd8\x00", 8), (b"\x00\x41\x00", 8)):
        with pytest.raises(Refused):
            _ = content_of(submit(raw, coding)).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("261128203000000+", NOW + 30 * 60_000),
        ("261128213000004+", NOW + 30 * 60_000),  # an hour ahead of UTC
        ("261128193000004-", NOW + 90 * 60_000 - 60 * 60_000),
        ("000000010000000R", NOW + 3_600_000),
        ("000001000000000R", NOW + 86_400_000),
        ("000100000000000R", NOW + 30 * 86_400_000),
        ("261128203000500+", NOW + 30 * 60_000 + 500),
    ],
)
def test_times(text: str, expected: int | None) -> None:
    assert parse_moment(text, NOW) == expected


@pytest.mark.parametrize(
    "text",
    ["2611282030", "261128203000000X", "261328203000000+", "2611282030000x0+", "261128203000049+", "²61128203000000+"],
)
def test_times_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|month|year|hour|day|difference"):
        parse_moment(text, NOW)


def test_times_are_written_in_utc() -> None:
    assert (moment(NOW + 300), moment(None), minute(NOW)) == (b"261128200000300+", b"", "2611282000")


@pytest.mark.parametrize(
    ("address", "number"),
    [
        (Address(1, 1, "4915112345678"), "+4915112345678"),
        (Address(1, 1, "+4915112345678"), "+4915112345678"),
        (Address(1, 1, "004915112345678"), "004915112345678"),
        (Address(0, 1, "4915112345678"), "+4915112345678"),
        (Address(0, 0, "015112345678"), "015112345678"),
        (Address(2, 1, "72345"), "72345"),
    ],
)
def test_recipients(address: Address, number: str) -> None:
    assert international(address) == number
    assert split(joined(address)) == address


def test_names_are_not_recipients() -> None:
    for address in (Address(5, 0, "Shop"), Address(1, 1, "49x"), Address(1, 1, "")):
        with pytest.raises(Refused):
            international(address)


def test_a_source_address_may_name_the_way() -> None:
    modems: Any = {
        "office": SimpleNamespace(status=SimpleNamespace(number="+491711")),
        "new": SimpleNamespace(status=SimpleNamespace(number=None)),
    }
    assert [target(source, modems, {"fast"}) for source in ("office", "fast", "491711", "+491711", "Shop", "")] == [
        ("office", None), (None, "fast"), ("office", None), ("office", None), (None, None), (None, None),
    ]  # fmt: skip


def test_senders_of_received_texts() -> None:
    assert [address_of(number) for number in ("+4915", "72345", "Bank", None)] == [
        Address(1, 1, "4915"), Address(0, 1, "72345"), Address(5, 0, "Bank"), Address(0, 0, ""),
    ]  # fmt: skip


def test_the_log_has_no_text_and_no_password() -> None:
    pdu = submit(b"the secret text", tlvs={Tag.MESSAGE_PAYLOAD: b"and more"})
    bind = Pdu(Command.BIND_TRANSMITTER, 0, 3, {"system_id": b"shop", "password": b"hush"})
    told = described(pdu) + described(bind)
    assert "secret" not in told
    assert "more" not in told
    assert "hush" not in told
    assert "system_id=shop" in told
    assert "short_message=15 bytes tlv=0x0424/8" in told
