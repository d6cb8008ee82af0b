"""Final result codes: which whole line ends a command, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gsmgw.at.errortexts import CME_TEXTS, CMS_TEXTS, normalise
from gsmgw.digits import is_digits


class FinalKind(StrEnum):
    """How a command ended."""

    OK = "OK"
    ERROR = "ERROR"
    CME = "+CME ERROR"
    CMS = "+CMS ERROR"


@dataclass(frozen=True, slots=True)
class Final:
    """A final result code. ``code`` is the number of a CME or CMS error where the modem named one or a known text."""

    kind: FinalKind
    code: int | None = None
    text: str = ""

    @property
    def ok(self) -> bool:
        """Whether the command did what it should."""
        return self.kind is FinalKind.OK

    def __str__(self) -> str:
        if self.kind in (FinalKind.CME, FinalKind.CMS):
            return f"{self.kind.value} {self.code if self.code is not None else self.text or '(empty)'}"
        return self.text or self.kind.value


_OK = Final(FinalKind.OK)

#: Whole lines that end a command, besides the CME and CMS errors. TS 27.005/V.250 unless a device is named.
_WHOLE_LINES: dict[str, Final] = {
    "OK": _OK,
    "ERROR": Final(FinalKind.ERROR),
    "COMMAND NOT SUPPORT": Final(FinalKind.ERROR, text="COMMAND NOT SUPPORT"),  # Huawei E1752
    "NA": Final(FinalKind.ERROR, text="NA"),  # Samsung
    "TOO MANY PARAMETERS": Final(FinalKind.ERROR, text="TOO MANY PARAMETERS"),
    "ABORTED": Final(FinalKind.ERROR, text="ABORTED"),
}

#: V.250 6.3.4: numeric result codes, when the modem was left in ATV0. Only for commands that bring no lines.
NUMERIC_FINALS: dict[str, Final] = {"0": _OK, "4": Final(FinalKind.ERROR)}


def parse_final(line: str) -> Final | None:
    """The final result code that the whole of ``line`` is, or None. ``OK whatever`` is none."""
    found = _WHOLE_LINES.get(line)
    if found is not None:
        return found
    if line.startswith("+CM"):
        for prefix, kind, texts in (
            ("+CME ERROR", FinalKind.CME, CME_TEXTS),
            ("+CMS ERROR", FinalKind.CMS, CMS_TEXTS),
        ):
            if line.startswith(prefix):
                rest = line[len(prefix) :]
                if rest and rest[0] not in ": ":
                    return None
                text = rest.lstrip(": ")
                code = int(text) if is_digits(text) and len(text) < 6 else texts.get(normalise(text))
                return Final(kind, code, text)
        return None
    if line.startswith("MODEM ERROR"):  # Motorola
        return Final(FinalKind.ERROR, text=line)
    return None
