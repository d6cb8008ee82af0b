"""The six TPDUs as values: TS 23.040 9.2.2."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from gsmgw.pdu.address import Address
from gsmgw.pdu.dcs import DCS, Dcs
from gsmgw.pdu.errors import PduError
from gsmgw.pdu.header import Concat, Element, Ports, parse_elements
from gsmgw.pdu.times import parse_timestamp
from gsmgw.pdu.userdata import UserData
from gsmgw.pdu.validity import Validity


class _Content:
    """The common part of all TPDUs with user data."""

    __slots__ = ()
    user_data: UserData

    @property
    def text(self) -> str | None:
        """The text, ``None`` for 8-bit data; decoded at each call."""
        return self.user_data.text

    @property
    def data(self) -> bytes | None:
        """8-bit data after the header, ``None`` for text."""
        return self.user_data.data

    @property
    def concat(self) -> Concat | None:
        """The place in a concatenated message, ``None`` for a single one."""
        return self.user_data.concat

    @property
    def ports(self) -> Ports | None:
        """The application port addresses."""
        return self.user_data.ports


class _OptionalContent:
    """The common part of the reports, whose user data may be missing."""

    __slots__ = ()
    user_data: UserData | None

    @property
    def text(self) -> str | None:
        """The text, ``None`` for 8-bit data or none at all."""
        return self.user_data.text if self.user_data else None

    @property
    def data(self) -> bytes | None:
        """8-bit data after the header, ``None`` for text or none at all."""
        return self.user_data.data if self.user_data else None

    @property
    def concat(self) -> Concat | None:
        """The place in a concatenated message."""
        return self.user_data.concat if self.user_data else None

    @property
    def ports(self) -> Ports | None:
        """The application port addresses."""
        return self.user_data.ports if self.user_data else None


@dataclass(frozen=True, slots=True)
class Deliver(_Content):
    """SMS-DELIVER, service centre to mobile: a message that came in (9.2.2.1)."""

    name: ClassVar[str] = "DELIVER"
    sent: ClassVar[bool] = False

    originator: Address
    raw_timestamp: bytes
    user_data: UserData
    pid: int = 0
    dcs: int = 0
    more_messages: bool = False
    loop_prevention: bool = False
    status_report_indication: bool = False
    reply_path: bool = False

    @property
    def timestamp(self) -> datetime | None:
        """When the service centre got the message, with its zone; ``None`` if the bytes are not a valid date."""
        return parse_timestamp(self.raw_timestamp)

    @property
    def coding(self) -> Dcs:
        """TP-DCS interpreted."""
        return DCS[self.dcs]

    @property
    def message_class(self) -> int | None:
        """0 flash, 1 equipment, 2 SIM, 3 terminal, ``None`` without a class."""
        return DCS[self.dcs].message_class


@dataclass(frozen=True, slots=True)
class Submit(_Content):
    """SMS-SUBMIT, mobile to service centre: a message to send (9.2.2.2)."""

    name: ClassVar[str] = "SUBMIT"
    sent: ClassVar[bool] = True

    destination: Address
    user_data: UserData
    reference: int = 0
    pid: int = 0
    dcs: int = 0
    validity: Validity | None = None
    reject_duplicates: bool = False
    status_report_request: bool = False
    reply_path: bool = False

    @property
    def coding(self) -> Dcs:
        """TP-DCS interpreted."""
        return DCS[self.dcs]

    @property
    def message_class(self) -> int | None:
        """0 flash, 1 equipment, 2 SIM, 3 terminal, ``None`` without a class."""
        return DCS[self.dcs].message_class


@dataclass(frozen=True, slots=True)
class StatusReport(_OptionalContent):
    """SMS-STATUS-REPORT, service centre to mobile: what became of a message or command (9.2.2.3).

    ``parameters`` is TP-PI, ``None`` when the report ends before it.
    """

    name: ClassVar[str] = "STATUS-REPORT"
    sent: ClassVar[bool] = False

    reference: int
    recipient: Address
    raw_timestamp: bytes
    raw_discharge: bytes
    status: int
    parameters: int | None = None
    pid: int | None = None
    dcs: int | None = None
    user_data: UserData | None = None
    more_messages: bool = False
    loop_prevention: bool = False
    of_command: bool = False

    @property
    def timestamp(self) -> datetime | None:
        """When the service centre got the message that is reported on."""
        return parse_timestamp(self.raw_timestamp)

    @property
    def discharge(self) -> datetime | None:
        """When the message was delivered or last tried, or the status was set (9.2.3.13)."""
        return parse_timestamp(self.raw_discharge)


@dataclass(frozen=True, slots=True)
class SubmitReport(_OptionalContent):
    """SMS-SUBMIT-REPORT, the service centre's answer to a SUBMIT or COMMAND (9.2.2.2a).

    ``failure_cause`` is TP-FCS: a number in an RP-ERROR, ``None`` in an RP-ACK.
    """

    name: ClassVar[str] = "SUBMIT-REPORT"
    sent: ClassVar[bool] = False

    raw_timestamp: bytes
    failure_cause: int | None = None
    parameters: int = 0
    pid: int | None = None
    dcs: int | None = None
    user_data: UserData | None = None

    @property
    def timestamp(self) -> datetime | None:
        """When the service centre got the message."""
        return parse_timestamp(self.raw_timestamp)


@dataclass(frozen=True, slots=True)
class DeliverReport(_OptionalContent):
    """SMS-DELIVER-REPORT, the mobile's answer to a DELIVER or STATUS-REPORT (9.2.2.1a).

    ``failure_cause`` is TP-FCS: a number in an RP-ERROR, ``None`` in an RP-ACK.
    """

    name: ClassVar[str] = "DELIVER-REPORT"
    sent: ClassVar[bool] = True

    failure_cause: int | None = None
    parameters: int = 0
    pid: int | None = None
    dcs: int | None = None
    user_data: UserData | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """SMS-COMMAND, mobile to service centre: something to be done with a message submitted before (9.2.2.4)."""

    name: ClassVar[str] = "COMMAND"
    sent: ClassVar[bool] = True

    destination: Address
    command_type: int
    message_number: int
    reference: int = 0
    pid: int = 0
    command_data: bytes = b""
    has_header: bool = False
    status_report_request: bool = False

    @property
    def elements(self) -> tuple[Element, ...]:
        """The information elements of TP-CD; none without a header or with a malformed one."""
        if not self.has_header or not self.command_data:
            return ()
        try:
            return parse_elements(self.command_data[1 : self.command_data[0] + 1])
        except PduError:
            return ()

    @property
    def data(self) -> bytes:
        """TP-CD behind its header."""
        if self.has_header and self.command_data:
            return self.command_data[self.command_data[0] + 1 :]
        return self.command_data


Tpdu = Deliver | Submit | StatusReport | SubmitReport | DeliverReport | Command
