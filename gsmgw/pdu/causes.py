"""Causes of refusal: the standard's +CMS ERROR and +CME ERROR codes, and what may be done next.

Codes 1-127 of +CMS ERROR are the causes of the relay layer (TS 24.011 8.2.5.4), 128-255 are TP-FCS (TS 23.040
9.2.3.22), 300-511 come from the modem (TS 27.005 3.2.5). Codes from 512 are the vendor's own and belong to the profile
of the modem. +CME ERROR is TS 27.007 9.2. The dispositions follow what operators and modems do, not only the names.

``UNKNOWN`` is for a refusal that came after the PDU had begun to leave; before that the same code is ``LATER``, see
:meth:`gsmgw.errors.Cause.after`.
"""

from __future__ import annotations

from typing import Final

from gsmgw.errors import Cause, Disposition

_NEVER = Disposition.NEVER
_LATER = Disposition.LATER
_ELSEWHERE = Disposition.ELSEWHERE
_MODEM = Disposition.MODEM
_ACCOUNT = Disposition.ACCOUNT
_UNKNOWN = Disposition.UNKNOWN


_HOUR: Final = 3600.0

_CMS_ROWS: Final = (
    # TS 24.011 8.2.5.4 and annex E: causes of the network
    Cause(1, "unassigned number", _NEVER),
    Cause(8, "operator determined barring", _ACCOUNT, pause_s=_HOUR / 2),
    Cause(10, "call barred", _ACCOUNT, pause_s=_HOUR / 2),
    Cause(11, "reserved", _LATER, 3, _NEVER),
    Cause(17, "network failure", _LATER),
    Cause(21, "short message transfer rejected", _LATER, 3, _NEVER),  # filters, black lists, no credit
    Cause(22, "memory capacity exceeded", _LATER),
    Cause(27, "destination out of service", _LATER, pause_s=600.0),
    Cause(28, "unidentified subscriber", _NEVER),
    Cause(29, "facility rejected", _LATER, 3, _NEVER),
    Cause(30, "unknown subscriber", _NEVER),
    Cause(38, "network out of order", _LATER),
    Cause(41, "temporary failure", _LATER),
    Cause(42, "congestion", _LATER),
    Cause(47, "resources unavailable", _LATER),
    Cause(50, "requested facility not subscribed", _ACCOUNT, pause_s=_HOUR / 2),
    Cause(69, "requested facility not implemented", _ELSEWHERE),
    Cause(81, "invalid short message transfer reference", _LATER),
    Cause(95, "semantically incorrect message", _NEVER, our_fault=True),
    Cause(96, "invalid mandatory information", _NEVER, our_fault=True),
    Cause(97, "message type non-existent or not implemented", _NEVER, our_fault=True),
    Cause(98, "message not compatible with protocol state", _NEVER, our_fault=True),
    Cause(99, "information element non-existent or not implemented", _NEVER, our_fault=True),
    Cause(111, "protocol error, unspecified", _LATER, 2, _NEVER),
    Cause(127, "interworking, unspecified", _LATER, 2, _NEVER),
    # TS 23.040 9.2.3.22: TP-FCS
    Cause(128, "telematic interworking not supported", _NEVER),
    Cause(129, "short message type 0 not supported", _NEVER),
    Cause(130, "cannot replace short message", _NEVER),
    Cause(143, "unspecified TP-PID error", _NEVER),
    Cause(144, "data coding scheme (alphabet) not supported", _NEVER),
    Cause(145, "message class not supported", _NEVER),
    Cause(159, "unspecified TP-DCS error", _NEVER),
    Cause(160, "command cannot be acted on", _NEVER),
    Cause(161, "command not supported", _NEVER),
    Cause(175, "unspecified TP-Command error", _NEVER),
    Cause(176, "TPDU not supported", _NEVER),
    Cause(192, "service centre busy", _LATER),
    Cause(193, "no service centre subscription", _ELSEWHERE),
    Cause(194, "service centre system failure", _LATER),
    Cause(195, "invalid recipient address", _NEVER),
    Cause(196, "recipient barred", _NEVER),
    Cause(197, "rejected as a duplicate", _UNKNOWN),  # the first copy has most likely gone
    Cause(198, "TP-VPF not supported", _NEVER, our_fault=True, without_validity=True),
    Cause(199, "TP-VP not supported", _NEVER, our_fault=True, without_validity=True),
    Cause(208, "SIM storage full", _MODEM),
    Cause(209, "no short message storage in the SIM", _MODEM),
    Cause(210, "error in the mobile", _LATER),
    Cause(211, "memory capacity exceeded", _MODEM),
    Cause(212, "SIM application toolkit busy", _LATER),
    Cause(213, "SIM data download error", _LATER),
    Cause(255, "unspecified error", _LATER),
    # not of the specifications, seen on Siemens and kin
    Cause(256, "temporarily not allowed", _LATER),
    Cause(257, "barred", _ACCOUNT, pause_s=_HOUR / 2),
    Cause(258, "busy", _LATER),
    Cause(262, "SIM blocked", _MODEM),
    # TS 27.005 3.2.5: the modem
    Cause(300, "failure of the modem", _LATER, 3, _MODEM),
    Cause(301, "SMS service of the modem reserved", _LATER),
    Cause(302, "operation not allowed", _LATER, 2, _MODEM),
    Cause(303, "operation not supported", _MODEM, our_fault=True),
    Cause(304, "invalid PDU mode parameter", _NEVER, our_fault=True),
    Cause(305, "invalid text mode parameter", _NEVER, our_fault=True),
    Cause(310, "SIM not inserted", _MODEM),
    Cause(311, "SIM PIN required", _MODEM),
    Cause(312, "PH-SIM PIN required", _MODEM),
    Cause(313, "SIM failure", _MODEM),
    Cause(314, "SIM busy", _LATER, pause_s=0.2),
    Cause(315, "SIM wrong", _MODEM),
    Cause(316, "SIM PUK required", _MODEM),
    Cause(317, "SIM PIN2 required", _MODEM),
    Cause(318, "SIM PUK2 required", _MODEM),
    Cause(320, "memory failure", _MODEM),
    Cause(321, "invalid memory index", _LATER),
    Cause(322, "memory full", _MODEM),
    Cause(330, "SMSC address unknown", _MODEM),
    Cause(331, "no network service", _MODEM),
    Cause(332, "network timeout", _UNKNOWN),
    Cause(340, "no +CNMA acknowledgement expected", _LATER),
    Cause(500, "unknown error", _LATER, 3, _MODEM),
)

CMS: Final[dict[int, Cause]] = {cause.code: cause for cause in _CMS_ROWS}
"""+CMS ERROR codes that mean the same on all modems."""

_CME_ROWS: Final = (
    Cause(0, "phone failure", _LATER, 3, _MODEM),
    Cause(1, "no connection to phone", _MODEM),
    Cause(2, "phone adaptor link reserved", _LATER),
    Cause(3, "operation not allowed", _LATER, 2, _MODEM),
    Cause(4, "operation not supported", _MODEM, our_fault=True),
    Cause(5, "PH-SIM PIN required", _MODEM),
    Cause(6, "PH-FSIM PIN required", _MODEM),
    Cause(7, "PH-FSIM PUK required", _MODEM),
    Cause(10, "SIM not inserted", _MODEM),
    Cause(11, "SIM PIN required", _MODEM),
    Cause(12, "SIM PUK required", _MODEM),
    Cause(13, "SIM failure", _MODEM),
    Cause(14, "SIM busy", _LATER, pause_s=0.2),
    Cause(15, "SIM wrong", _MODEM),
    Cause(16, "incorrect password", _MODEM),
    Cause(17, "SIM PIN2 required", _MODEM),
    Cause(18, "SIM PUK2 required", _MODEM),
    Cause(20, "memory full", _MODEM),
    Cause(21, "invalid index", _LATER),
    Cause(22, "not found", _LATER),
    Cause(23, "memory failure", _MODEM),
    Cause(24, "text string too long", _NEVER, our_fault=True),
    Cause(25, "invalid characters in text string", _NEVER, our_fault=True),
    Cause(26, "dial string too long", _NEVER, our_fault=True),
    Cause(27, "invalid characters in dial string", _NEVER, our_fault=True),
    Cause(30, "no network service", _MODEM),
    Cause(31, "network timeout", _UNKNOWN),
    Cause(32, "network not allowed, emergency calls only", _MODEM),
    Cause(40, "network personalisation PIN required", _MODEM),
    Cause(41, "network personalisation PUK required", _MODEM),
    Cause(42, "network subset personalisation PIN required", _MODEM),
    Cause(43, "network subset personalisation PUK required", _MODEM),
    Cause(44, "service provider personalisation PIN required", _MODEM),
    Cause(45, "service provider personalisation PUK required", _MODEM),
    Cause(46, "corporate personalisation PIN required", _MODEM),
    Cause(47, "corporate personalisation PUK required", _MODEM),
    Cause(48, "hidden key required", _MODEM),
    Cause(50, "incorrect parameters", _NEVER, our_fault=True),
    Cause(53, "invalid parameters", _NEVER, our_fault=True),
    Cause(100, "unknown", _LATER, 3, _MODEM),
    Cause(103, "illegal mobile station", _MODEM),
    Cause(106, "illegal mobile equipment", _MODEM),
    Cause(107, "GPRS services not allowed", _LATER),
    Cause(111, "network not allowed", _MODEM),
    Cause(112, "location area not allowed", _MODEM),
    Cause(113, "roaming not allowed in this location area", _MODEM),
    Cause(132, "service option not supported", _LATER),
    Cause(133, "service option not subscribed", _LATER),
    Cause(134, "service option temporarily out of order", _LATER),
    Cause(148, "unspecified GPRS error", _LATER),
    Cause(149, "PDP authentication failure", _LATER),
    Cause(150, "invalid mobile class", _LATER),
    Cause(262, "SIM blocked", _MODEM),
    Cause(515, "please wait: still starting", _LATER, pause_s=1.0),
)

CME: Final[dict[int, Cause]] = {cause.code: cause for cause in _CME_ROWS}
"""+CME ERROR codes."""


_BEYOND_CME: Final = {code: CMS[code] for code in (256, 257, 258)}
"""+CME ERROR codes beyond the standard, with the same meaning wherever they were seen (gammu's atgen.c)."""

PLAIN_ERROR: Final = Cause(500, "the modem refused without a reason", _LATER, 3, _MODEM)
"""ERROR without a code: after the payload it is what +CMS ERROR: 500 is."""

UNHEARD: Final = Cause(513, "no answer of the network", _UNKNOWN)
"""No answer from the network: a code of Wavecom and its successors, also used by vendors without a table."""


def cms_cause(code: int) -> Cause:
    """Return the meaning of a +CMS ERROR code. One that is not in the table is retried three times; then the modem is
    checked.
    """
    return CMS.get(code) or Cause(code, _unnamed(code), _LATER, 3, _MODEM)


def _unnamed(code: int) -> str:
    if code >= 512:
        return "specific to the modem's vendor"
    if 1 <= code <= 255:
        return "reserved, or specific to the application"
    return "not defined"


def cme_cause(code: int) -> Cause:
    """Return the meaning of a +CME ERROR code; one that is not in the table is retried three times."""
    return CME.get(code) or _BEYOND_CME.get(code) or Cause(code, "not defined", _LATER, 3, _MODEM)


def failure_cause(code: int) -> Cause:
    """Return the meaning of a TP-FCS byte, 128-255 (TS 23.040 9.2.3.22)."""
    return cms_cause(code)
