"""vCards of phones and programs, 2.1 to 4.0, as contacts. The cards are written as these programs write them."""

from __future__ import annotations

from gsmgw.audience.files.entries import RawEntry
from gsmgw.audience.files.vcard_reader import VcardContacts
from gsmgw.tables import Fault

ANDROID_21 = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=4D=C3=BC=6C=6C=65=72;=4A=C3=B6=72=67;;;
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=4A=C3=B6=72=67=20=4D=C3=BC=6C=6C=65=
=72
TEL;HOME:0731-1234567
TEL;CELL;PREF:0151-12345671
PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgK
 DBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBD

END:VCARD
"""
APPLE_30 = """BEGIN:VCARD\r
VERSION:3.0\r
PRODID:-//Apple Inc.//iPhone OS 17.0//EN\r
N:Bauer;Anna;Maria;;\r
FN:Anna Maria Bau\r
 er\r
item1.TEL;type=pref:+49 151 12345672\r
item1.X-ABLabel:_$!<Other>!$_\r
TEL;type=WORK;type=FAX:+49 731 99\r
TEL;type=WORK;type=VOICE:+49 731 1234567\r
CATEGORIES:Kunden,Ulm\\, Mitte\r
NOTE:a note\\nwith lines\r
END:VCARD\r
"""
V4 = """BEGIN:VCARD
VERSION:4.0
FN:Carla "C" Diaz
LANG;TYPE=work:es
TZ:Europe/Madrid
TEL;VALUE=uri;TYPE="voice,cell";PREF=1:tel:+34-612-345-678;ext=5
TEL;X-NOTE="a:b;c":+34 911 234 567
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Nobody
END:VCARD
"""


def entries(text: str) -> list[RawEntry | Fault]:
    return list(VcardContacts(text.splitlines(keepends=True)))


def one(text: str) -> RawEntry:
    (found,) = entries(text)
    assert isinstance(found, RawEntry)
    return found


def texts(entry: RawEntry) -> list[str]:
    return [cell.text for cell in entry.numbers]


def test_a_card_of_an_android_phone() -> None:
    found = one(ANDROID_21)
    assert found.name is not None
    assert found.name.text == "Jörg Müller"
    assert texts(found) == ["0151-12345671", "0731-1234567"]


def test_a_card_of_an_iphone() -> None:
    found = one(APPLE_30)
    assert found.name is not None
    assert found.name.text == "Anna Maria Bauer"
    assert texts(found) == ["+49 151 12345672", "+49 731 1234567"]
    assert [cell.text for cell in found.groups] == ["Kunden", "Ulm, Mitte"]


def test_cards_of_the_newest_version() -> None:
    carla, nobody = entries(V4)
    assert isinstance(carla, RawEntry)
    assert isinstance(nobody, RawEntry)
    assert (carla.line, nobody.line) == (1, 9)
    assert texts(carla) == ["+34-612-345-678", "+34 911 234 567"]
    assert carla.language is not None
    assert carla.time_zone is not None
    assert (carla.language.text, carla.time_zone.text) == ("es", "Europe/Madrid")
    assert nobody.numbers == []


def test_quoted_printable_of_an_old_phone_in_its_own_charset() -> None:
    card = "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg\nEND:VCARD\n"
    found = one(card)
    assert found.name is not None
    assert found.name.text == "Jörg Müller"


def test_a_card_in_a_card_is_passed_over() -> None:
    card = "BEGIN:VCARD\nFN:Boss\nAGENT:\nBEGIN:VCARD\nTEL:1\nEND:VCARD\nTEL:+4915112345671\nEND:VCARD\n"
    assert texts(one(card)) == ["+4915112345671"]


def test_cards_that_do_not_end_and_lines_outside_are_errors() -> None:
    first, second = entries("hello\nBEGIN:VCARD\nFN:x\n")
    assert isinstance(first, Fault)
    assert isinstance(second, Fault)
    assert (first.line, second.line) == (1, 2)
    assert "END:VCARD is missing" in second.detail
