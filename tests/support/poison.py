"""PDUs as nobody should send them, and the way of any PDU into a modem's storage."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from gsmgw.pdu import build_timestamp
from hw_sim import SimModem
from hw_sim.codec.tpdu import write_smsc
from hw_sim.storage import UNREAD, Stored

#: First octets of TS 23.040 9.2.3.1: an SMS-DELIVER without and with a header in its user data.
_DELIVER, _HEADED = 0x04, 0x44


def concat(reference: int, total: int, seq: int, *, wide: bool = False) -> bytes:
    """An information element of a part (TS 23.040 9.2.3.24.1, 9.2.3.24.8)."""
    if wide:
        return bytes((8, 4)) + reference.to_bytes(2, "big") + bytes((total, seq))
    return bytes((0, 3, reference % 256, total, seq))


def deliver(
    sender: str,
    body: bytes,
    elements: bytes = b"",
    *,
    dcs: int = 4,
    pid: int = 0,
    stamp: datetime | None = None,
    length: int | None = None,
) -> bytes:
    """A TPDU octet by octet. ``stamp`` None cannot be read; ``length`` is TP-UDL where it is to be wrong."""
    digits = sender.lstrip("+")
    semi = "".join(b + a for a, b in zip(*[iter(digits + "F" * (len(digits) % 2))] * 2, strict=True))
    data = (bytes((len(elements),)) + elements if elements else b"") + body
    first = _HEADED if elements else _DELIVER
    scts = build_timestamp(stamp) if stamp is not None else b"\xff" * 7
    head = bytes((first, len(digits), 0x91 if sender.startswith("+") else 0x81)) + bytes.fromhex(semi)
    return head + bytes((pid, dcs)) + scts + bytes((len(data) if length is None else length,)) + data


def as_pdu(tpdu: bytes) -> str:
    """A TPDU as a modem shows it, without the address of a service centre."""
    return "00" + tpdu.hex().upper()


def drop(modem: SimModem, tpdu: bytes) -> bool:
    """Put a TPDU into a modem's storage as if the network had brought it; False when that is full."""
    memory = modem.receive_memory
    index = memory.put(Stored(UNREAD, "deliver", write_smsc(modem.card.smsc), tpdu))
    if index is None:
        return False
    modem.inbound.notify("+CMTI: " + modem.profile.messages.cmti.format(memory=memory.name, index=index))
    return True


def odd_tpdus(chance: random.Random, sender: str, now: datetime) -> Sequence[bytes]:
    """Some PDUs that belong together and do not fit together."""
    stamp = now + timedelta(days=chance.choice((0, 0, 0, -2, -400, 3)), minutes=chance.randrange(600))
    reference, total = chance.randrange(3), chance.randrange(2, 5)
    kind = chance.randrange(8)
    if kind == 0:  # field case G1: text and data under one reference
        made = [
            deliver(sender, "hello".encode("utf-16-be"), concat(reference, total, 1), dcs=8, stamp=stamp),
            deliver(sender, b"\xca\xfe", concat(reference, total, 2), dcs=4, stamp=stamp),
        ]
    elif kind == 1:  # places that cannot be
        made = [
            deliver(sender, b"x", concat(reference, *place), stamp=stamp)
            for place in ((0, 0), (2, 3), (1, 0), (255, 255))
        ]
    elif kind == 2:  # any DCS
        made = [deliver(sender, b"\x00\xd8" * 5, dcs=chance.randrange(256), stamp=stamp) for _ in range(3)]
    elif kind == 3:  # a header without sense
        made = [deliver(sender, b"abc", chance.randbytes(chance.randrange(1, 12)), stamp=stamp)]
    elif kind == 4:  # cut short, or longer than it says
        whole = deliver(sender, chance.randbytes(100), stamp=stamp, length=chance.randrange(256))
        made = [whole[: chance.randrange(1, len(whole))]]
    elif kind == 5:  # the same part again, in both widths, without a readable time
        made = [
            deliver(sender, b"y", concat(reference, total, 1, wide=wide), stamp=chance.choice((stamp, None)))
            for wide in (False, True, False)
        ]
    elif kind == 6:
        made = [chance.randbytes(chance.randrange(1, 40))]
    else:
        made = [
            deliver(
                sender, chance.randbytes(chance.randrange(130)), dcs=chance.choice((0, 4, 8)), pid=chance.randrange(256)
            )
        ]
    chance.shuffle(made)
    return made
