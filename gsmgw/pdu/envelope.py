"""A PDU as TS 27.005 3.1 passes it over the serial line: hexadecimal, an SMSC address in front, a length in bytes."""

from __future__ import annotations

from binascii import Error as HexError
from binascii import unhexlify
from dataclasses import dataclass

from gsmgw.pdu.address import Address, build_smsc, parse_smsc
from gsmgw.pdu.build import build_tpdu
from gsmgw.pdu.errors import PduError
from gsmgw.pdu.findings import Finding, examine
from gsmgw.pdu.parse import Rp, parse_at
from gsmgw.pdu.tpdu import SubmitReport, Tpdu


@dataclass(frozen=True, slots=True)
class Pdu:
    """A PDU taken apart. ``octets`` are all of it; the TPDU begins at ``tpdu_offset`` and ends at ``end_offset``."""

    smsc: Address | None
    tpdu: Tpdu
    octets: bytes
    tpdu_offset: int
    end_offset: int
    stated_octets: int | None = None

    @property
    def tpdu_octets(self) -> int:
        """The length that +CMGS and +CMGR count: everything after the SMSC address (TS 27.005 3.1, ``<length>``)."""
        return len(self.octets) - self.tpdu_offset

    @property
    def trailing(self) -> bytes:
        """The bytes after the last field, which are ignored."""
        return self.octets[self.end_offset :]

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The oddities of the PDU that do not make it unreadable; computed at each call."""
        found = list(examine(self.tpdu, self.octets, self.tpdu_offset, self.end_offset))
        if self.stated_octets is not None and self.stated_octets != self.tpdu_octets:
            title = f"{self.stated_octets} bytes were announced, {self.tpdu_octets} came"
            found.append(Finding("length", self.tpdu_offset, title))
        return tuple(found)


def from_hex(text: str | bytes) -> bytes:
    """Return the bytes of hexadecimal ``text``, blanks around it dropped. Raises :class:`PduError`."""
    text = text.strip()
    try:
        return unhexlify(text)
    except (HexError, ValueError):
        pass
    shown = text if isinstance(text, str) else text.decode("latin-1")
    for position, char in enumerate(shown):
        if char not in "0123456789abcdefABCDEF":
            raise PduError(f"{char!r} is not a hexadecimal digit", field="PDU", offset=position // 2)
    raise PduError(f"an odd number of hexadecimal digits ({len(shown)})", field="PDU", offset=len(shown) // 2)


def parse_pdu(
    pdu: str | bytes,
    *,
    smsc: bool = True,
    sent: bool = False,
    rp: Rp | None = None,
    stated_octets: int | None = None,
) -> Pdu:
    """Return a PDU taken apart: ``str`` is hexadecimal, ``bytes`` is the PDU itself.

    ``smsc`` tells whether an SMSC address leads; ``sent`` and ``rp`` are those of :func:`parse_tpdu`.
    ``stated_octets`` is the length that +CMGR or +CMT announced: when the PDU cannot be read with an SMSC address and
    has just that many bytes, it is one of a phase 1 modem that leaves the address out. Raises :class:`PduError`.
    """
    octets = from_hex(pdu) if isinstance(pdu, str) else pdu
    try:
        return _parse(octets, smsc, sent, rp, stated_octets)
    except PduError:
        if not smsc or stated_octets != len(octets):
            raise
        return _parse(octets, False, sent, rp, stated_octets)


def _parse(octets: bytes, smsc: bool, sent: bool, rp: Rp | None, stated_octets: int | None) -> Pdu:
    address, at = parse_smsc(octets) if smsc else (None, 0)
    tpdu, end = parse_at(octets, at, sent, rp)
    if smsc and rp is None and isinstance(tpdu, SubmitReport) and tpdu.timestamp is None:
        # An SMSC address never leads a SUBMIT-REPORT (TS 27.005 3.1, <ackpdu>): with an impossible time besides,
        # this is a stored SUBMIT, or no PDU at all.
        raise PduError("a SUBMIT-REPORT has no such time; is this a SUBMIT that was sent?", field="TP-SCTS", offset=at)
    return Pdu(address, tpdu, octets, at, end, stated_octets)


def build_pdu(tpdu: Tpdu, smsc: Address | None = None) -> str:
    """Return the hexadecimal PDU of a TPDU behind an SMSC address (``None``: the one stored on the SIM)."""
    return (build_smsc(smsc) + build_tpdu(tpdu)).hex().upper()


def cmgs_length(pdu: str) -> int:
    """Return what AT+CMGS wants with a PDU of :func:`build_pdu`: bytes without the SMSC address (TS 27.005 3.5.1)."""
    return (len(pdu) >> 1) - 1 - bytes.fromhex(pdu[:2])[0]
