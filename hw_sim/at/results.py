"""Results as a port writes them: information text, final results, result codes (V.250 5.7)."""

from __future__ import annotations

from collections.abc import Sequence

from .error_texts import CME_TEXT, CMS_TEXT
from .reply import Failure
from .settings import PortSettings

_NUMERIC = {"OK": 0, "CONNECT": 1, "RING": 2, "NO CARRIER": 3, "ERROR": 4, "NO DIALTONE": 6, "BUSY": 7, "NO ANSWER": 8}
_CALL_RESULTS = {3: "NO CARRIER", 6: "NO DIALTONE", 7: "BUSY", 8: "NO ANSWER"}


def information(lines: Sequence[str], settings: PortSettings) -> bytes:
    """Return information text: lines with the header and trailer of V.250 5.7.1."""
    crlf = settings.crlf
    return settings.header + crlf.join([line.encode("latin-1", "replace") for line in lines]) + crlf


def unsolicited(text: str, settings: PortSettings) -> bytes:
    """Return an unsolicited line; a result code such as RING is a number under ATV0."""
    if text in _NUMERIC and not settings.verbose:
        text = str(_NUMERIC[text])
    return information([text], settings)


def final_result(failure: Failure | None, settings: PortSettings, unknown: str) -> bytes:
    """Return the final result (V.250 5.7; 27.007 9.1; 27.005 3.2.5), empty under ATQ1.

    ``unknown`` is the text for a command that the modem does not know.
    """
    if settings.quiet:
        return b""
    text = _text(failure, settings.cmee, unknown)
    if not settings.verbose and text in _NUMERIC:
        return b"%d" % _NUMERIC[text] + settings.line_end
    return settings.header + text.encode("ascii") + settings.crlf


def _text(failure: Failure | None, cmee: int, unknown: str) -> str:
    if failure is None:
        return "OK"
    if failure.kind == "unknown":
        return unknown
    if failure.kind == "error" or (failure.kind == "cme" and cmee == 0):
        return "ERROR"
    if failure.kind == "result":
        return _CALL_RESULTS[failure.code]
    texts = CME_TEXT if failure.kind == "cme" else CMS_TEXT
    shown = texts.get(failure.code, str(failure.code)) if cmee == 2 else str(failure.code)
    return f"+{failure.kind.upper()} ERROR: {shown}"
