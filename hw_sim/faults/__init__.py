"""The faults. Each imitates something that real modems do; its docstring names the source."""

from __future__ import annotations

from typing import Any

from ..numeric import is_decimal
from ..sim_modem import SimModem
from ..validation import OptionError, arguments, nearest
from . import device, dialogue, line, long_texts, network_texts, other_device, refusing, sending, silent
from .fault import Fault


class FaultError(ValueError):
    """An unknown fault, or an option that is not valid."""


KINDS: dict[str, type[Fault]] = {
    kind.kind: kind
    for module in (line, sending, refusing, dialogue, network_texts, long_texts, device, silent, other_device)
    for kind in module.KINDS
}


def make_fault(modem: SimModem, kind: str, count: int | None, options: dict[str, Any]) -> Fault:
    """Return a new fault of a kind. Raises FaultError.

    ``cms-500`` is ``cms-error`` with code 500, ``cme-14`` likewise.
    """
    name = kind.replace("_", "-").lower()
    family, _, number = name.partition("-")
    if family in ("cms", "cme") and is_decimal(number):
        name, options = f"{family}-error", {"code": int(number), **options}
    found = KINDS.get(name)
    if found is None:
        raise FaultError(f"fault '{kind}' does not exist{nearest(name, KINDS)}")
    try:
        return found(modem, count, **arguments(found.__init__, options, where=f"fault {name}", noun="option", skip=3))
    except OptionError as error:
        raise FaultError(str(error)) from None
