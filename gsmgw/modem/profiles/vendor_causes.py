"""+CMS ERROR codes from 512, which each vendor defines for itself."""

from __future__ import annotations

from collections.abc import Mapping

from gsmgw.errors import Cause, Disposition

_NEVER = Disposition.NEVER
_LATER = Disposition.LATER
_MODEM = Disposition.MODEM
_UNKNOWN = Disposition.UNKNOWN


def _by_code(*causes: Cause) -> Mapping[int, Cause]:
    return {cause.code: cause for cause in causes}


#: Wavecom, also Sierra.
WAVECOM_CMS = _by_code(
    Cause(512, "connection not established: weak signal, or a message came in", _LATER),
    Cause(513, "lower layer failure, no answer of the network", _UNKNOWN),
    Cause(514, "congestion of the control protocol", _LATER),
    Cause(515, "please wait: still starting", _LATER, pause_s=1.0),
)

#: Siemens, also Cinterion.
SIEMENS_CMS = _by_code(
    Cause(512, "aborted by the user", _LATER, 3, _MODEM),
    Cause(513, "unable to store", _MODEM),
    Cause(514, "invalid status", _LATER, 3, _MODEM),
    Cause(515, "invalid character in the address", _NEVER, our_fault=True),
    Cause(516, "invalid length", _NEVER, our_fault=True),
    Cause(517, "invalid character in the PDU", _NEVER, our_fault=True),
    Cause(518, "invalid parameter", _NEVER, our_fault=True),
    Cause(519, "invalid length of the text", _NEVER, our_fault=True),
    Cause(520, "invalid character in the text", _NEVER, our_fault=True),
    Cause(521, "timer expired", _LATER),
    Cause(522, "temporarily not allowed", _LATER),
    Cause(532, "SIM not ready", _LATER),
    Cause(535, "busy", _LATER),
    Cause(538, "invalid parameter", _NEVER, our_fault=True),
    Cause(549, "invalid length of the PDU", _NEVER, our_fault=True),
    Cause(550, "invalid message type", _NEVER, our_fault=True),
    Cause(551, "invalid characters in the address", _NEVER, our_fault=True),
    Cause(553, "invalid length of the user data", _NEVER, our_fault=True),
    Cause(554, "invalid length of the SMSC address", _NEVER, our_fault=True),
    Cause(615, "network failure", _LATER),
    Cause(616, "network down", _LATER),
    Cause(770, "SIM invalid", _MODEM),
    Cause(772, "SIM switched off", _MODEM),
)

#: Quectel.
QUECTEL_CMS = _by_code(Cause(604, "busy with another request", _LATER, pause_s=1.0))
