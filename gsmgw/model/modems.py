"""Modems as the layers above see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ModemState(StrEnum):
    """The state of a modem's session."""

    ABSENT = "absent"  #: no such port or device
    PROBING = "probing"  #: being opened, identified, initialised
    LOCKED = "locked"  #: the SIM wants a PIN or PUK that it was not given
    SEARCHING = "searching"  #: not registered with a network
    READY = "ready"
    DEGRADED = "degraded"  #: works in part
    RECOVERING = "recovering"  #: being brought back
    QUARANTINED = "quarantined"  #: given up for now; a person is asked to look
    DISABLED = "disabled"  #: switched off by a person

    @property
    def carries(self) -> bool:
        """Whether texts may be handed to a modem in this state."""
        return self in (ModemState.READY, ModemState.DEGRADED)


class CopyFate(StrEnum):
    """What may become of a submission that a modem keeps in its storage (AT+CMGW)."""

    FOREIGN = "foreign"  #: not written by the gateway: left alone
    NEEDED = "needed"  #: what became of its segment is not on disk yet: asked about again
    SETTLED = "settled"  #: its segment's fate is on disk: deleted


@dataclass(frozen=True, slots=True)
class ModemStatus:
    """What is known about one modem now. ``detail`` is the reason for its state in a sentence."""

    name: str
    state: ModemState
    detail: str
    port: str | None = None
    profile: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    revision: str | None = None
    imei: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    number: str | None = None
    operator: str | None = None
    technology: str | None = None
    registration: str | None = None
    signal_dbm: int | None = None
    temperature_c: float | None = None
    voltage_mv: int | None = None
    #: Messages used and total per storage: ``{"SM": {"used": 3, "total": 50}}``.
    storage: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def sim(self) -> str:
        """What identifies the SIM for report matching and limits: ICCID, else IMSI, else the modem's name."""
        return self.iccid or self.imsi or f"modem:{self.name}"
