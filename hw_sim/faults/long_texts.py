"""Faults of long texts: parts that share a reference and are not one message (TS 23.040 9.2.3.24.1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal

from ..codec.alphabet import ucs2_encode
from ..codec.tpdu import Address, Tpdu, write_time
from ..codec.user_data import user_data
from ..modem.modem import Modem
from ..network.mailbox import Transit
from ..validation import Number, Within
from .fault import Fault

_UCS2, _DATA = 0x08, 0x04


class PartsFault(Fault):
    """Sends parts to the modem as the network would, and ends."""

    def __init__(self, modem: Modem, left: int | None, sender: str, reference: int) -> None:
        super().__init__(modem, left)
        self._sender, self._reference = sender, reference

    def _part(self, seq: int, total: int, text: str, at: datetime | None, dcs: int = _UCS2) -> None:
        body = ucs2_encode(text) if dcs == _UCS2 else text.encode()
        header = bytes((0, 3, self._reference, total, seq))
        udl, ud = user_data("ucs2" if dcs == _UCS2 else "data", body, header)
        stamp = bytes(7) if at is None else write_time(at)
        tpdu = Tpdu("deliver", 0x44, address=Address.of(self._sender), dcs=dcs, scts=stamp, udl=udl, ud=ud)
        network = self.modem.network
        network.post(network.normal(self.modem.number), Transit(tpdu, self._sender, None))


class ReusedReference(PartsFault):
    """A sender uses a reference again while a part of an earlier text with it is waiting.

    Part 1 of each of ``generations`` (1) earlier texts comes, stamped ``days`` (2) apart; the other part is lost. Then
    both parts of the new text, in the ``order`` ``reversed`` or ``forward``. ``stamps`` = false: the service centre's
    clock has no time. The new text reads ``new text``.
    """

    kind: ClassVar[str] = "reused-reference"

    def __init__(
        self,
        modem: Modem,
        left: int | None,
        days: Annotated[float, Within(0, 400)] = 2.0,
        generations: Annotated[int, Within(1, 10)] = 1,
        order: Literal["reversed", "forward"] = "reversed",
        stamps: bool = True,
        sender: Number = "+4915199999999",
        reference: Annotated[int, Within(0, 255)] = 7,
    ) -> None:
        super().__init__(modem, left, sender, reference)
        self._days, self._generations, self._stamps = days, generations, stamps
        self._order = (2, 1) if order == "reversed" else (1, 2)

    def begin(self) -> None:
        now = self.modem.network.calendar.now()
        for age in range(self._generations, 0, -1):
            self._part(1, 2, f"old {age} ", now - timedelta(days=age * self._days) if self._stamps else None)
        for seq in self._order:
            self._part(seq, 2, ("new ", "text")[seq - 1], now + timedelta(seconds=seq) if self._stamps else None)
        self.modem.faults.remove(self)


class MixedParts(PartsFault):
    """Part 1 of one reference is a text, part 2 is 8-bit data. With ``total`` 3 a third part never comes.

    ``order`` is ``forward`` or ``reversed``.
    """

    kind: ClassVar[str] = "mixed-parts"

    def __init__(
        self,
        modem: Modem,
        left: int | None,
        total: Annotated[int, Within(2, 3)] = 2,
        order: Literal["forward", "reversed"] = "forward",
        sender: Number = "+4915199999999",
        reference: Annotated[int, Within(0, 255)] = 7,
    ) -> None:
        super().__init__(modem, left, sender, reference)
        self._total = total
        self._order = (1, 2) if order == "forward" else (2, 1)

    def begin(self) -> None:
        now = self.modem.network.calendar.now()
        for seq in self._order:
            text, dcs = (("some text", _UCS2), ("some data", _DATA))[seq - 1]
            self._part(seq, self._total, text, now, dcs)
        self.modem.faults.remove(self)


KINDS: tuple[type[Fault], ...] = (ReusedReference, MixedParts)
