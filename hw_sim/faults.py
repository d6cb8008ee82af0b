"""The faults: each imitates something that real modems do, named in its docstring."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, ClassVar

from .call import Failure, cms
from .codec import Tpdu
from .faultset import Fault
from .port import Port

if TYPE_CHECKING:
    from .simulation import SimModem


class FaultError(ValueError):
    """No such fault, or options it does not know."""


class Hang(Fault):
    """The modem stops listening and talking: a crashed firmware (Huawei E220, gammu #393). Octets are lost."""

    kind: ClassVar[str] = "hang"

    def incoming(self, port: Port, data: bytes) -> bytes:
        return b""

    def outgoing(self, port: Port, data: bytes) -> bytes:
        return b""


class CmsError(Fault):
    """Submissions are refused with a +CMS ERROR; ``code`` says which (500 by default, the commonest in the field)."""

    kind: ClassVar[str] = "cms-error"

    def __init__(self, modem: SimModem, left: int | None, code: int = 500) -> None:
        super().__init__(modem, left)
        self.code = code

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        self.strike()
        return cms(self.code)


class LostResult(Fault):
    """The network takes the message, the final result of +CMGS never comes (asterisk-chan-dongle BUGS 8)."""

    kind: ClassVar[str] = "lost-result"

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        if command not in ("+CMGS", "+CMSS") or b"ERROR" in out:
            return out
        self.strike()
        return None


class Vanish(Fault):
    """The port vanishes (EIO, link gone) and comes back when the fault ends: a loose plug, a USB reset (gammu #192)."""

    kind: ClassVar[str] = "vanish"

    def __init__(self, modem: SimModem, left: int | None, name: str | None = None) -> None:
        super().__init__(modem, left)
        self._sim, self._name = modem, name

    def begin(self) -> None:
        self._sim.unplug()

    def end(self) -> None:
        self._sim.plug(self._name)


KINDS: dict[str, type[Fault]] = {kind.kind: kind for kind in (Hang, CmsError, LostResult, Vanish)}


def make_fault(modem: SimModem, kind: str, count: int | None, for_s: float | None, options: dict[str, Any]) -> Fault:
    """A fault by its name; ``cms-500`` is ``cms-error`` with code 500. Raises FaultError."""
    name = kind.replace("_", "-").lower()
    if name.startswith("cms-") and name[4:].isdigit():
        name, options = "cms-error", {"code": int(name[4:]), **options}
    found = KINDS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, KINDS, 1)
        raise FaultError(
            f"no fault {kind}" + (f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(KINDS))}")
        )
    try:
        return found(modem, count, **options)
    except TypeError as error:
        raise FaultError(f"fault {name}: {error}") from None
