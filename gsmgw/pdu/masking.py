"""A TPDU as a log may show it: the fields that a fault can lie in, without the number and the text."""

from __future__ import annotations

#: TS 23.040 9.2.3.23, TP-UDHI, and 9.2.3.3, TP-VPF.
_HEADER_BIT = 0x40
_VALIDITY_OCTETS = {0x00: 0, 0x08: 7, 0x10: 1, 0x18: 7}


def masked_submit(tpdu: bytes) -> str:
    """Return an SMS-SUBMIT in hexadecimal; "x" stands for the digits of the recipient and for the text."""
    if len(tpdu) < 4:
        return "x" * len(tpdu.hex())
    address_octets = (tpdu[2] + 1) // 2
    shown = {0, 1, 2, 3, *range(4 + address_octets, 7 + address_octets + _VALIDITY_OCTETS[tpdu[0] & 0x18])}
    if tpdu[0] & _HEADER_BIT and max(shown) + 1 < len(tpdu):
        start = max(shown) + 1
        shown.update(range(start, start + 1 + tpdu[start]))
    return "".join(f"{octet:02X}" if place in shown else "xx" for place, octet in enumerate(tpdu))
