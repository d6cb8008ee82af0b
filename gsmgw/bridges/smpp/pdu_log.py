"""PDUs in the debug log: texts and passwords are left out, numbers are masked by the log itself."""

from __future__ import annotations

from typing import Final

from gsmgw.bridges.smpp.pdus import Pdu

#: Parameters that are shown as they are.
_SHOWN: Final = (
    "system_id",
    "message_id",
    "esm_class",
    "data_coding",
    "registered_delivery",
    "schedule_delivery_time",
    "validity_period",
    "message_state",
)
_LONGEST: Final = 70


def described(pdu: Pdu) -> str:
    """Return a PDU on one line."""
    words = [pdu.title, f"seq={pdu.sequence}"]
    if pdu.is_response:
        words.append(f"status={pdu.status:#04x}")
    for key, name in (("from", "source"), ("to", "dest")):
        if digits := pdu.address(name).digits:
            words.append(f"{key}={digits[:_LONGEST]}")
    words += [f"{name}={_shown(pdu, name)}" for name in _SHOWN if pdu.fields.get(name)]
    if raw := pdu.raw("short_message"):
        words.append(f"short_message={len(raw)} bytes")
    words += [f"tlv={tag:#06x}/{len(value)}" for tag, value in pdu.tlvs.items()]
    return " ".join(words)


def _shown(pdu: Pdu, name: str) -> str:
    value = pdu.fields[name]
    return pdu.text(name)[:_LONGEST] if isinstance(value, bytes) else str(value)
