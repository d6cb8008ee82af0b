"""Concatenation references that each recipient has seen."""

from __future__ import annotations

import json
from typing import Any

from gsmgw.pdu.references import References
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, parsed


def _references(row: tuple[str, Any]) -> References:
    next_8, next_16, used_s = parsed(row[1], list)
    check((next_8, next_16, *used_s), _REFERENCES)
    return References(next_8 & 0xFF, next_16 & 0xFFFF, tuple(used_s))


_INTEGER: frozenset[type] = frozenset({int})
_MOMENT: frozenset[type] = frozenset({int, float, type(None)})
_REFERENCES = [_INTEGER, _INTEGER, *[_MOMENT] * len(References(0, 0).used_s)]


def next_reference(tx: Tx, now_ms: int, recipient: str) -> tuple[int, int]:
    """A concatenation reference that the recipient has not seen for a week, and its size in bits (8 or 16).

    TS 23.040 9.2.3.24.1 and .8; see :class:`gsmgw.pdu.references.References`.
    """
    row = tx.one("SELECT state FROM concat_references WHERE recipient = ?", (recipient,))
    rows = () if row is None else ((recipient, row[0]),)
    found: list[References] = tx.readable("concat_references", _references, rows)
    known = found[0] if found else References.of(recipient)
    bits = known.bits(now_ms / 1000)
    reference, after = known.take(now_ms / 1000, bits)
    tx.run(
        "INSERT INTO concat_references (recipient, state, used_ms) VALUES (?, ?, ?) "
        "ON CONFLICT (recipient) DO UPDATE SET state = excluded.state, used_ms = excluded.used_ms",
        (recipient, json.dumps([after.next_8, after.next_16, after.used_s]), now_ms),
    )
    return reference, bits
