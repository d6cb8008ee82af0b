"""TP-DCS, the data coding scheme: TS 23.038 clause 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gsmgw.pdu.alphabet import Alphabet

_ALPHABETS: Final = (Alphabet.GSM7, Alphabet.DATA, Alphabet.UCS2, Alphabet.GSM7)  # bits 3-2; 11 is reserved
_INDICATIONS: Final = ("voicemail", "fax", "email", "other")

CLASSES: Final = {
    0: "immediate display (flash)",
    1: "mobile equipment specific",
    2: "SIM specific",
    3: "terminal equipment specific",
}
"""Meaning of a message class, TS 23.038 clause 4."""


@dataclass(frozen=True, slots=True)
class Indication:
    """A message waiting indication: messages of ``kind`` wait (``active``) or no longer do.

    ``kind`` is ``voicemail``, ``fax``, ``email`` or ``other``. ``store`` is false when the text may be discarded.
    ``count`` is known from the user data header only (TS 23.040 9.2.3.24.2).
    """

    kind: str
    active: bool
    store: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Dcs:
    """The meaning of a TP-DCS byte. ``alphabet`` is the effective one: compressed text counts as 8-bit data."""

    octet: int
    alphabet: Alphabet
    message_class: int | None = None
    compressed: bool = False
    auto_delete: bool = False
    indication: Indication | None = None
    reserved: bool = False
    title: str = ""


def _general(octet: int) -> Dcs:
    compressed = bool(octet & 0x20)
    auto_delete = bool(octet & 0x40)
    alphabet = _ALPHABETS[octet >> 2 & 3]
    return Dcs(
        octet,
        Alphabet.DATA if compressed else alphabet,
        message_class=octet & 3 if octet & 0x10 else None,
        compressed=compressed,
        auto_delete=auto_delete,
        reserved=octet >> 2 & 3 == 3,
        title="marked for automatic deletion" if auto_delete else "general data coding",
    )


def _waiting(octet: int) -> Dcs:
    store = octet >= 0xD0
    indication = Indication(_INDICATIONS[octet & 3], active=bool(octet & 8), store=store)
    alphabet = Alphabet.UCS2 if octet >= 0xE0 else Alphabet.GSM7
    return Dcs(octet, alphabet, indication=indication, title="message waiting, " + ("store" if store else "discard"))


def _interpret(octet: int) -> Dcs:
    group = octet >> 4
    if group < 8:
        return _general(octet)
    if group < 12:
        return Dcs(octet, Alphabet.GSM7, reserved=True, title="reserved coding group")
    if group < 15:
        return _waiting(octet)
    alphabet = Alphabet.DATA if octet & 4 else Alphabet.GSM7
    return Dcs(octet, alphabet, message_class=octet & 3, title="data coding and message class")


DCS: Final = tuple(_interpret(octet) for octet in range(256))
"""Every TP-DCS byte, interpreted. Reserved codings count as the default alphabet, as clause 4 has a receiver do."""

_BITS: Final = {Alphabet.GSM7: 0x00, Alphabet.DATA: 0x04, Alphabet.UCS2: 0x08}


def dcs_octet(alphabet: Alphabet, message_class: int | None = None) -> int:
    """Return the TP-DCS byte of the general group for an alphabet and, if given, a message class 0-3."""
    octet = _BITS[alphabet]
    return octet if message_class is None else octet | 0x10 | message_class & 3
