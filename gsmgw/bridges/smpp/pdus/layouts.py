"""The mandatory parameters of each PDU, in their order (4.1 to 4.11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from gsmgw.bridges.smpp.pdus.codes import RESPONSE, Command, CommandStatus
from gsmgw.bridges.smpp.pdus.parameters import Destinations, Failures, Number, Parameter, ShortMessage, Text

Layout: TypeAlias = tuple[Parameter, ...]


def _source(size: int = 21) -> Layout:
    return (
        Number("source_addr_ton"),
        Number("source_addr_npi"),
        Text("source_addr", size, CommandStatus.INVALID_SOURCE),
    )


def _destination(size: int = 21) -> Layout:
    return (
        Number("dest_addr_ton"),
        Number("dest_addr_npi"),
        Text("destination_addr", size, CommandStatus.INVALID_DESTINATION),
    )


_MESSAGE_ID: Final = Text("message_id", 65, CommandStatus.INVALID_MESSAGE_ID)
_SERVICE: Final = Text("service_type", 6, CommandStatus.INVALID_SERVICE_TYPE)
_TIMES: Final[Layout] = (
    Text("schedule_delivery_time", 17, CommandStatus.INVALID_SCHEDULE),
    Text("validity_period", 17, CommandStatus.INVALID_EXPIRY),
)
_MESSAGE: Final[Layout] = (
    Number("esm_class"),
    Number("protocol_id"),
    Number("priority_flag"),
    *_TIMES,
    Number("registered_delivery"),
    Number("replace_if_present_flag"),
    Number("data_coding"),
    Number("sm_default_msg_id"),
    ShortMessage(),
)
_BIND: Final[Layout] = (
    Text("system_id", 16, CommandStatus.INVALID_SYSTEM_ID),
    Text("password", 9, CommandStatus.INVALID_PASSWORD),
    Text("system_type", 13, CommandStatus.INVALID_SYSTEM_TYPE),
    Number("interface_version"),
    Number("addr_ton"),
    Number("addr_npi"),
    Text("address_range", 41, CommandStatus.BIND_FAILED),
)
_BIND_RESP: Final[Layout] = (Text("system_id", 16, CommandStatus.INVALID_SYSTEM_ID),)

_SESSION: Final[Mapping[int, Layout]] = {
    Command.BIND_RECEIVER: _BIND,
    Command.BIND_TRANSMITTER: _BIND,
    Command.BIND_TRANSCEIVER: _BIND,
    Command.BIND_RECEIVER | RESPONSE: _BIND_RESP,
    Command.BIND_TRANSMITTER | RESPONSE: _BIND_RESP,
    Command.BIND_TRANSCEIVER | RESPONSE: _BIND_RESP,
    Command.UNBIND: (),
    Command.UNBIND | RESPONSE: (),
    Command.ENQUIRE_LINK: (),
    Command.ENQUIRE_LINK | RESPONSE: (),
    Command.GENERIC_NACK: (),
}
_SUBMITTING: Final[Mapping[int, Layout]] = {
    Command.SUBMIT_SM: (_SERVICE, *_source(), *_destination(), *_MESSAGE),
    Command.SUBMIT_SM | RESPONSE: (_MESSAGE_ID,),
    Command.SUBMIT_MULTI: (_SERVICE, *_source(), Destinations(), *_MESSAGE),
    Command.SUBMIT_MULTI | RESPONSE: (_MESSAGE_ID, Failures()),
    Command.DATA_SM: (
        _SERVICE,
        *_source(65),
        *_destination(65),
        Number("esm_class"),
        Number("registered_delivery"),
        Number("data_coding"),
    ),
    Command.DATA_SM | RESPONSE: (_MESSAGE_ID,),
}
_DELIVERING: Final[Mapping[int, Layout]] = {
    Command.DELIVER_SM: (_SERVICE, *_source(), *_destination(), *_MESSAGE),
    Command.DELIVER_SM | RESPONSE: (_MESSAGE_ID,),
}
_SUBMITTED: Final[Mapping[int, Layout]] = {
    Command.QUERY_SM: (_MESSAGE_ID, *_source()),
    Command.QUERY_SM | RESPONSE: (
        _MESSAGE_ID,
        Text("final_date", 17, CommandStatus.INVALID_EXPIRY),
        Number("message_state"),
        Number("error_code"),
    ),
    Command.CANCEL_SM: (_SERVICE, _MESSAGE_ID, *_source(), *_destination()),
    Command.CANCEL_SM | RESPONSE: (),
    Command.REPLACE_SM: (
        _MESSAGE_ID,
        *_source(),
        *_TIMES,
        Number("registered_delivery"),
        Number("sm_default_msg_id"),
        ShortMessage(),
    ),
    Command.REPLACE_SM | RESPONSE: (),
}

LAYOUTS: Final[Mapping[int, Layout]] = {**_SESSION, **_SUBMITTING, **_DELIVERING, **_SUBMITTED}
