"""Packing of septets into bytes and back, TS 23.038 6.1.2.

Septets are handled as ``bytes``, one septet (0-127) to a byte. Both directions work on one big integer and move groups
of septets by halves, so that the cost grows with the number of halvings and not with the number of characters.
"""

from __future__ import annotations

from typing import Final

_BLOCK_SEPTETS: Final = 256
"""Handled in one go: more than any TP-UD holds. They fill 224 bytes exactly, so that longer runs join at bytes."""
_BLOCK_OCTETS: Final = 224


def _halvings() -> tuple[tuple[int, int], ...]:
    """Pairs (group, mask): the mask selects the lower of each two groups of ``group`` septets."""
    pairs = []
    group = 1
    while group < _BLOCK_SEPTETS:
        low = (1 << (7 * group)) - 1
        mask = 0
        for at in range(0, 8 * _BLOCK_SEPTETS, 16 * group):
            mask |= low << at
        pairs.append((group, mask))
        group *= 2
    return tuple(pairs)


_HALVINGS: Final = _halvings()
_SEVEN_BITS: Final = int.from_bytes(b"\x7f" * _BLOCK_SEPTETS, "little")
# Indexed by the number of septets: the halvings that this number needs, from small groups to large and back.
_PACK: Final = tuple(_HALVINGS[: (max(n, 1) - 1).bit_length()] for n in range(_BLOCK_SEPTETS + 1))
_UNPACK: Final = tuple(tuple(reversed(steps)) for steps in _PACK)


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Return the bytes that hold ``septets``, lowest bits first, after ``fill_bits`` zero bits (TS 23.038 6.1.2.1).

    Only the low seven bits of each byte count. Spare bits at the end are zero.
    """
    count = len(septets)
    if count > _BLOCK_SEPTETS:
        blocks = b"".join(pack(septets[at : at + _BLOCK_SEPTETS]) for at in range(0, count, _BLOCK_SEPTETS))
        bits = int.from_bytes(blocks, "little")
    else:
        bits = int.from_bytes(septets, "little") & _SEVEN_BITS
        for group, mask in _PACK[count]:
            low = bits & mask
            bits = low | ((bits ^ low) >> group)
    return (bits << fill_bits).to_bytes((7 * count + fill_bits + 7) >> 3, "little")


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """Return ``count`` septets from ``octets``, skipping ``fill_bits`` bits (TS 23.038 6.1.2.1).

    The caller has made sure that the bytes hold them; bytes that are missing read as zero.
    """
    if count <= 0:
        return b""
    bits = int.from_bytes(octets, "little") >> fill_bits
    if count > _BLOCK_SEPTETS:
        aligned = bits.to_bytes(len(octets), "little")
        return unpack(aligned[:_BLOCK_OCTETS], _BLOCK_SEPTETS) + unpack(aligned[_BLOCK_OCTETS:], count - _BLOCK_SEPTETS)
    bits &= (1 << (7 * count)) - 1
    for group, mask in _UNPACK[count]:
        low = bits & mask
        bits = low | ((bits ^ low) << group)
    return bits.to_bytes(count, "little")
