"""One PDU, and the values of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from gsmgw.bridges.smpp.pdus.codes import RESPONSE, title


class Address(NamedTuple):
    """An address with its type of number and numbering plan (5.2.5, 5.2.6)."""

    ton: int
    npi: int
    digits: str


class Failure(NamedTuple):
    """A recipient of ``submit_multi`` that was refused (4.5.3)."""

    address: Address
    status: int


Value: TypeAlias = "int | bytes | Sequence[Address | str | Failure]"
Fields: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU. ``fields`` are its mandatory parameters by the names of the specification."""

    command: int
    status: int = 0
    sequence: int = 0
    fields: Fields = field(default_factory=dict)
    tlvs: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def is_response(self) -> bool:
        """True for a response."""
        return bool(self.command & RESPONSE)

    @property
    def title(self) -> str:
        """The name of the command."""
        return title(self.command)

    def number(self, name: str) -> int:
        """Return an integer parameter; 0 if the PDU has none."""
        value = self.fields.get(name, 0)
        return value if isinstance(value, int) else 0

    def raw(self, name: str) -> bytes:
        """Return the bytes of a parameter; none if the PDU has none."""
        value = self.fields.get(name, b"")
        return value if isinstance(value, bytes) else b""

    def text(self, name: str) -> str:
        """Return a C-Octet String, one character for each byte."""
        return self.raw(name).decode("latin-1")

    def address(self, prefix: str) -> Address:
        """Return the address whose parameters begin with ``prefix``: ``source`` or ``dest``."""
        name = "source_addr" if prefix == "source" else "destination_addr"
        return Address(self.number(f"{prefix}_addr_ton"), self.number(f"{prefix}_addr_npi"), self.text(name))

    def response(self, status: int = 0, fields: Fields | None = None, tlvs: Mapping[int, bytes] | None = None) -> Pdu:
        """Return the response to this request."""
        return Pdu(self.command | RESPONSE, status, self.sequence, fields or {}, tlvs or {})
