"""Events of modems and their SIMs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gsmgw.model.events.types import EventData, EventType
from gsmgw.model.modems import BabbleKind, ModemState, RecoveryStep


@dataclass(slots=True)
class ModemStateChanged(EventData):
    """The state of a modem changed; ``detail`` is the reason in a sentence."""

    type = EventType.MODEM_STATE_CHANGED
    state: ModemState
    previous: ModemState | None
    detail: str


@dataclass(slots=True)
class ModemRecovery(EventData):
    """A step to bring a modem back begins."""

    type = EventType.MODEM_RECOVERY
    step: RecoveryStep
    reason: str


@dataclass(slots=True)
class ModemQuarantined(EventData):
    """No step brought a modem back."""

    type = EventType.MODEM_QUARANTINED
    reason: str


@dataclass(slots=True)
class ModemBabbling(EventData):
    """A modem said more than it may: ``limit`` names the budget, ``unasked`` counts what came."""

    type = EventType.MODEM_BABBLING
    limit: BabbleKind
    retry_s: float
    unasked: Mapping[BabbleKind, int]


@dataclass(slots=True)
class ModemIndicationsLost(EventData):
    """New-message indications, or delivery reports, stay away."""

    type = EventType.MODEM_INDICATIONS_LOST
    unannounced: int | None = None
    in_a_row: int | None = None
    reports_missing: int | None = None


@dataclass(slots=True)
class ModemSettingsLost(EventData):
    """A modem forgot its settings; they are repeated."""

    type = EventType.MODEM_SETTINGS_LOST
    settings: Sequence[str]


@dataclass(slots=True)
class ModemUnknownModel(EventData):
    """No profile describes this model; ``identity`` is its answer to ATI."""

    type = EventType.MODEM_UNKNOWN_MODEL
    identity: str
    hint: str


@dataclass(slots=True)
class SimChanged(EventData):
    """Another SIM is in a modem; ICCIDs."""

    type = EventType.SIM_CHANGED
    before: str
    now: str


@dataclass(slots=True)
class StorageFull(EventData):
    """The message storage of a modem is full; ``line`` is its indication."""

    type = EventType.STORAGE_FULL
    line: str


@dataclass(slots=True)
class StorageNoCopies(EventData):
    """A modem cannot keep copies of what it sends (AT+CMGW)."""

    type = EventType.STORAGE_NO_COPIES
    reason: str


@dataclass(slots=True)
class SubmitLateConfirmation(EventData):
    """A modem confirmed a segment after the wait for its result had ended. ``reference`` is TP-MR."""

    type = EventType.SUBMIT_LATE_CONFIRMATION
    reference: int


@dataclass(slots=True)
class SubmitLateRefusal(EventData):
    """A modem refused a segment after the wait for its result had ended. ``cms`` is the code of +CMS ERROR."""

    type = EventType.SUBMIT_LATE_REFUSAL
    cms: int | None
    title: str
    permanent: bool


@dataclass(slots=True)
class CallMissed(EventData):
    """A call came; ``number`` is None when it was withheld."""

    type = EventType.CALL_MISSED
    number: str | None


@dataclass(slots=True)
class UssdReceived(EventData):
    """The network sent a USSD text that nobody had asked for."""

    type = EventType.USSD_RECEIVED
    text: str
