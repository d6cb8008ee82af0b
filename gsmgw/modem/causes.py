"""What an error code of a modem means for the text it was asked to send: code -> disposition, as data.

``+CMS ERROR`` 0-127 are RP causes of TS 24.011 8.2.5.4, 128-255 the TP-FCS of TS 23.040 9.2.3.22, 300-511 the modem's
own (TS 27.005 3.2.5). From 512 on each maker has its own; a profile brings those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gsmgw.errors import Disposition

NEVER, LATER, MODEM, ACCOUNT, UNKNOWN = (
    Disposition.NEVER,
    Disposition.LATER,
    Disposition.MODEM,
    Disposition.ACCOUNT,
    Disposition.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Cause:
    """What a code says and what to do."""

    title: str
    disposition: Disposition


def _rows(*rows: tuple[int, str, Disposition]) -> dict[int, Cause]:
    return {code: Cause(title, disposition) for code, title, disposition in rows}


CMS: Mapping[int, Cause] = _rows(
    (1, "the number is not assigned", NEVER),
    (8, "barred by the operator", ACCOUNT),
    (10, "barred for this SIM", ACCOUNT),
    (21, "rejected by the network", LATER),
    (22, "the recipient's memory is full", LATER),
    (27, "the recipient cannot be reached", LATER),
    (28, "the recipient is not identified", NEVER),
    (29, "the network rejects the service", LATER),
    (30, "the recipient is unknown", NEVER),
    (38, "the network is out of order", LATER),
    (41, "temporary failure of the network", LATER),
    (42, "the network is congested", LATER),
    (47, "the network lacks resources", LATER),
    (50, "the SIM has not subscribed to text messages", MODEM),
    (69, "the network does not offer text messages", MODEM),
    (81, "invalid transfer reference", LATER),
    (95, "invalid message", NEVER),
    (96, "invalid mandatory information", NEVER),
    (97, "message type unknown", NEVER),
    (98, "message not compatible with the state", NEVER),
    (99, "information element unknown", NEVER),
    (111, "protocol error", LATER),
    (127, "interworking error", LATER),
    (128, "telematic interworking is not supported", NEVER),
    (129, "short message type 0 is not supported", NEVER),
    (130, "the message cannot be replaced", NEVER),
    (143, "TP-PID error", NEVER),
    (144, "the coding scheme is not supported", NEVER),
    (145, "the message class is not supported", NEVER),
    (159, "TP-DCS error", NEVER),
    (160, "the command cannot be acted upon", NEVER),
    (161, "the command is not supported", NEVER),
    (175, "TP-command error", NEVER),
    (176, "the TPDU is not supported", NEVER),
    (192, "the service centre is busy", LATER),
    (193, "no subscription with the service centre", MODEM),
    (194, "the service centre failed", LATER),
    (195, "the recipient's address is invalid", NEVER),
    (196, "the recipient is barred", NEVER),
    (197, "rejected as a duplicate", NEVER),
    (198, "TP-VPF is not supported", NEVER),
    (199, "TP-VP is not supported", NEVER),
    (208, "the SIM's message storage is full", MODEM),
    (209, "the SIM has no message storage", MODEM),
    (210, "error in the modem", LATER),
    (211, "the memory is full", MODEM),
    (212, "the SIM's application toolkit is busy", LATER),
    (213, "data download error", LATER),
    (255, "unspecified failure", LATER),
    (300, "the modem failed", LATER),
    (301, "the modem's message service is reserved", LATER),
    (302, "the modem does not allow the operation now", LATER),
    (303, "the modem does not support the operation", MODEM),
    (304, "the modem found the PDU invalid", NEVER),
    (305, "the modem found a parameter invalid", NEVER),
    (310, "no SIM inserted", MODEM),
    (311, "the SIM wants its PIN", MODEM),
    (312, "the phone lock wants its PIN", MODEM),
    (313, "the SIM failed", MODEM),
    (314, "the SIM is busy", LATER),
    (315, "the wrong SIM is inserted", MODEM),
    (316, "the SIM wants its PUK", MODEM),
    (317, "the SIM wants its PIN2", MODEM),
    (318, "the SIM wants its PUK2", MODEM),
    (320, "the memory failed", MODEM),
    (321, "invalid memory index", LATER),
    (322, "the memory is full", MODEM),
    (330, "the SMSC address is not known", MODEM),
    (331, "no network service", MODEM),
    (332, "the network did not answer", LATER),  # UNKNOWN once the payload is out
    (340, "no acknowledgement was expected", LATER),
    (500, "unknown error", LATER),
    (512, "vendor error 512", LATER),
    (513, "vendor error 513: no answer from the network", LATER),  # UNKNOWN once the payload is out
    (514, "vendor error 514", LATER),
    (515, "vendor error 515: initialisation in progress", LATER),
)

CME: Mapping[int, Cause] = _rows(
    (0, "the phone failed", LATER),
    (1, "no connection to the phone", MODEM),
    (3, "the operation is not allowed", LATER),
    (4, "the operation is not supported", MODEM),
    (5, "the phone lock wants its PIN", MODEM),
    (6, "the phone lock wants the first SIM", MODEM),
    (7, "the phone lock wants its PUK", MODEM),
    (10, "no SIM inserted", MODEM),
    (11, "the SIM wants its PIN", MODEM),
    (12, "the SIM wants its PUK", MODEM),
    (13, "the SIM failed", MODEM),
    (14, "the SIM is busy", LATER),
    (15, "the wrong SIM is inserted", MODEM),
    (16, "incorrect password", MODEM),
    (17, "the SIM wants its PIN2", MODEM),
    (18, "the SIM wants its PUK2", MODEM),
    (20, "the memory is full", MODEM),
    (21, "invalid index", LATER),
    (22, "not found", LATER),
    (23, "the memory failed", MODEM),
    (24, "the text is too long", NEVER),
    (25, "invalid characters in the text", NEVER),
    (30, "no network service", MODEM),
    (31, "the network did not answer", LATER),
    (32, "emergency calls only", MODEM),
    (50, "incorrect parameters", NEVER),
    (100, "unknown error", LATER),
    (256, "temporarily not allowed", LATER),
    (257, "barred", ACCOUNT),
    (258, "busy", LATER),
    (262, "the SIM is blocked", MODEM),
    (515, "initialisation in progress", LATER),
)
for _code in range(40, 49):
    assert isinstance(CME, dict)
    CME[_code] = Cause("the modem is locked to another network", MODEM)

#: Codes after which the text may be on the air all the same, when its payload had left: the modem heard nothing from
#: the network, which is not a refusal (TS 24.011 10: the modem stops waiting after TR1M, 35 to 45 s).
OUTCOME_UNKNOWN_CMS = frozenset({332, 513})
OUTCOME_UNKNOWN_CME = frozenset({31})

#: A plain ERROR has no code; after the payload it is what +CMS ERROR: 500 is.
PLAIN_ERROR = Cause("the modem refused without a reason", LATER)


def cause_of(table: Mapping[int, Cause], code: int | None, vendor: Mapping[int, Cause]) -> Cause:
    """The meaning of a code: the profile's first, then the standard's, then that of its range."""
    if code is None:
        return PLAIN_ERROR
    found = vendor.get(code) or table.get(code)
    if found is not None:
        return found
    return Cause(f"error {code}", LATER)
