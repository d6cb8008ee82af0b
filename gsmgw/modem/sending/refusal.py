"""The meaning of a failed submission: error codes as the profile knows them, else as the standards define them."""

from __future__ import annotations

from gsmgw.at.result_codes import FinalResult, FinalResultKind
from gsmgw.errors import Disposition, ModemError, SubmitError
from gsmgw.modem.port.errors import CommandError, CommandTimeout, ResultOverdue
from gsmgw.modem.profiles import Profile
from gsmgw.pdu.causes import PLAIN_ERROR, UNHEARD, cme_cause, cms_cause


def refusal(final: FinalResult, profile: Profile, *, payload_started: bool) -> SubmitError:
    """Return the error for a final result other than OK."""
    cause = PLAIN_ERROR
    if final.kind is FinalResultKind.CMS and final.code is not None:
        cause = profile.cms.get(final.code) or (UNHEARD if final.code == UNHEARD.code else cms_cause(final.code))
    elif final.kind is FinalResultKind.CME and final.code is not None:
        cause = profile.cme.get(final.code) or cme_cause(final.code)
    return SubmitError(
        f"{cause.title} ({final})",
        cause.after(1, payload_started=payload_started),
        cms=final.code if final.kind is FinalResultKind.CMS else None,
        cme=final.code if final.kind is FinalResultKind.CME else None,
        payload_started=payload_started,
        cause=cause,
    )


def submit_error(exc: ModemError, profile: Profile, *, payload_started: bool) -> SubmitError:
    """Return the error for a submission that ended without a final result of its own."""
    if isinstance(exc, CommandError):
        return refusal(exc.final, profile, payload_started=False)
    return SubmitError(
        exc.title,
        Disposition.UNKNOWN if payload_started else Disposition.MODEM,
        payload_started=payload_started,
        overdue=payload_started and isinstance(exc, ResultOverdue | CommandTimeout),
    )
