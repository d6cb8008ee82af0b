"""Numbers of the specification: commands, statuses, tags of optional parameters."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

#: The bit of ``command_id`` that marks a response (5.1.2.1).
RESPONSE: Final = 0x8000_0000


class Command(IntEnum):
    """Values of ``command_id`` (5.1.2.1)."""

    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    REPLACE_SM = 0x07
    CANCEL_SM = 0x08
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15
    SUBMIT_MULTI = 0x21
    DATA_SM = 0x103


class CommandStatus(IntEnum):
    """Values of ``command_status`` (5.1.3)."""

    OK = 0x00
    INVALID_MESSAGE_LENGTH = 0x01
    INVALID_COMMAND_LENGTH = 0x02
    INVALID_COMMAND_ID = 0x03
    INVALID_BIND_STATUS = 0x04
    ALREADY_BOUND = 0x05
    INVALID_PRIORITY = 0x06
    SYSTEM_ERROR = 0x08
    INVALID_SOURCE = 0x0A
    INVALID_DESTINATION = 0x0B
    INVALID_MESSAGE_ID = 0x0C
    BIND_FAILED = 0x0D
    INVALID_PASSWORD = 0x0E
    INVALID_SYSTEM_ID = 0x0F
    CANCEL_FAILED = 0x11
    REPLACE_FAILED = 0x13
    QUEUE_FULL = 0x14
    INVALID_SERVICE_TYPE = 0x15
    INVALID_DESTINATIONS = 0x33
    INVALID_LIST_NAME = 0x34
    INVALID_ESM_CLASS = 0x43
    SUBMIT_FAILED = 0x45
    INVALID_SYSTEM_TYPE = 0x53
    INVALID_REPLACE_FLAG = 0x54
    THROTTLED = 0x58
    INVALID_SCHEDULE = 0x61
    INVALID_EXPIRY = 0x62
    INVALID_PREDEFINED = 0x63
    TEMPORARY_ERROR = 0x64  #: of an ESME: try again
    QUERY_FAILED = 0x67
    INVALID_OPTIONAL = 0xC0
    INVALID_OPTIONAL_LENGTH = 0xC2
    MISSING_OPTIONAL = 0xC3
    INVALID_OPTIONAL_VALUE = 0xC4


class Tag(IntEnum):
    """Tags of optional parameters (5.3.2)."""

    DEST_PORT = 0x020B
    SOURCE_PORT = 0x020A
    SAR_REFERENCE = 0x020C
    SAR_TOTAL = 0x020E
    SAR_SEQUENCE = 0x020F
    INTERFACE_VERSION = 0x0210
    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


_REQUESTS: Final = frozenset(Command) - {Command.GENERIC_NACK}


def title(command: int) -> str:
    """Return the name of a command as the specification has it."""
    if command == Command.GENERIC_NACK:
        return "generic_nack"
    if command & ~RESPONSE not in _REQUESTS:
        return f"command {command:#010x}"
    return Command(command & ~RESPONSE).name.lower() + ("_resp" if command & RESPONSE else "")
