"""Final result codes: the lines that end a command (V.250 5.7, TS 27.005 3.2.5, TS 27.007 9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gsmgw.at.error_texts import CME_TEXTS, CMS_TEXTS, normalise
from gsmgw.digits import is_digits


class FinalResultKind(StrEnum):
    """How a command ended."""

    OK = "OK"
    ERROR = "ERROR"
    CME = "+CME ERROR"
    CMS = "+CMS ERROR"


@dataclass(frozen=True, slots=True)
class FinalResult:
    """A final result code. ``code`` is the number of a CME or CMS error, where the modem gave it or a known text."""

    kind: FinalResultKind
    code: int | None = None
    text: str = ""

    @property
    def ok(self) -> bool:
        """True if the command succeeded."""
        return self.kind is FinalResultKind.OK

    def __str__(self) -> str:
        if self.kind in (FinalResultKind.CME, FinalResultKind.CMS):
            return f"{self.kind.value} {self.code if self.code is not None else self.text or '(empty)'}"
        return self.text or self.kind.value


_OK = FinalResult(FinalResultKind.OK)

#: Whole lines that end a command, besides the CME and CMS errors. TS 27.005/V.250 unless a device is named.
_WHOLE_LINES: dict[str, FinalResult] = {
    "OK": _OK,
    "ERROR": FinalResult(FinalResultKind.ERROR),
    "COMMAND NOT SUPPORT": FinalResult(FinalResultKind.ERROR, text="COMMAND NOT SUPPORT"),  # Huawei E1752
    "NA": FinalResult(FinalResultKind.ERROR, text="NA"),  # Samsung
    "TOO MANY PARAMETERS": FinalResult(FinalResultKind.ERROR, text="TOO MANY PARAMETERS"),
    "ABORTED": FinalResult(FinalResultKind.ERROR, text="ABORTED"),
}

#: Numeric result codes, for a modem that was left in ATV0 (V.250 6.3.4). Only for commands without information lines.
NUMERIC_RESULTS: dict[str, FinalResult] = {"0": _OK, "4": FinalResult(FinalResultKind.ERROR)}


def parse_final_result(line: str) -> FinalResult | None:
    """Parse a final result code; None for any other line. ``OK whatever`` is not one."""
    found = _WHOLE_LINES.get(line)
    if found is not None:
        return found
    if line.startswith("+CM"):
        for prefix, kind, texts in (
            ("+CME ERROR", FinalResultKind.CME, CME_TEXTS),
            ("+CMS ERROR", FinalResultKind.CMS, CMS_TEXTS),
        ):
            if line.startswith(prefix):
                rest = line[len(prefix) :]
                if rest and rest[0] not in ": ":
                    return None
                text = rest.lstrip(": ")
                code = int(text) if is_digits(text) and len(text) < 6 else texts.get(normalise(text))
                return FinalResult(kind, code, text)
        return None
    if line.startswith("MODEM ERROR"):  # Motorola
        return FinalResult(FinalResultKind.ERROR, text=line)
    return None
