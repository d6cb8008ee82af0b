"""Joins the parts of a long message. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gsmgw.inbound.reassembly import Assembly
from gsmgw.pdu import Deliver, PduError, UserData, join_data, join_text, parse_pdu
from gsmgw.store.inbox import Received

#: Stands for a part that is missing.
GAP = "[…]"
#: TP-PIDs of messages that replace an earlier one with the same TP-PID and sender (TS 23.040 9.2.3.9).
REPLACE_TYPES = range(0x41, 0x48)


def join(assembly: Assembly, total: int, *, modem: str, own: str | None) -> Received:
    """Join the content of parts. A missing part is shown as an ellipsis in brackets.

    Raises :class:`PduError` when the parts are not of one message.
    """
    delivers = [(piece.seq, _deliver(piece.pdu)) for piece in assembly.pieces]
    first = delivers[0][1]
    stamps = [stamp for _, deliver in delivers if (stamp := to_ms(deliver.timestamp)) is not None]
    fields = [deliver.user_data for _, deliver in delivers]
    is_data = first.data is not None
    if any((deliver.data is not None) != is_data for _, deliver in delivers):
        raise PduError("some parts are text and some are 8-bit data", field="TP-DCS")
    ports = first.ports
    return Received(
        sender=first.originator.number,
        modem=modem,
        own=own,
        encoding=first.user_data.alphabet.value,
        segments=total,
        text=None if is_data else _text(delivers, total),
        data=join_data(fields) if is_data else None,
        port=ports.destination if ports is not None else None,
        message_class=first.message_class,
        smsc_ms=max(stamps, default=None),
        incomplete=not assembly.complete,
        replace_type=first.pid if first.pid in REPLACE_TYPES else None,
    )


def _text(delivers: Sequence[tuple[int, Deliver]], total: int) -> str:
    """Return the text of the parts. Consecutive parts are joined raw: a character may be split between two parts."""
    by_seq = {seq: deliver.user_data for seq, deliver in delivers}
    pieces: list[str] = []
    run: list[UserData] = []
    for seq in range(1, total + 1):
        if seq in by_seq:
            run.append(by_seq[seq])
            continue
        if run:
            pieces.append(join_text(run))
            run = []
        if not pieces or pieces[-1] != GAP:
            pieces.append(GAP)
    if run:
        pieces.append(join_text(run))
    return "".join(pieces)


def _deliver(pdu: str) -> Deliver:
    tpdu = parse_pdu(pdu, stated_octets=len(pdu) // 2).tpdu
    if not isinstance(tpdu, Deliver):
        raise PduError("the PDU is not a DELIVER", field="TP-MTI")
    return tpdu


def to_ms(moment: datetime | None) -> int | None:
    """Return a moment as UTC milliseconds."""
    return None if moment is None else round(moment.timestamp() * 1000)
