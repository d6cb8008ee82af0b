"""Modems as the layers above see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class ModemState(StrEnum):
    """The state of a modem's session."""

    ABSENT = "absent"  #: no such port or device
    UNAVAILABLE = "unavailable"  #: the port exists and cannot be opened: in use, no permission, not a serial port
    PROBING = "probing"  #: being opened, identified, initialised
    LOCKED = "locked"  #: the SIM needs a PIN or PUK
    SEARCHING = "searching"  #: not registered with a network
    READY = "ready"
    DEGRADED = "degraded"  #: works in part
    RECOVERING = "recovering"  #: a fault is being recovered
    QUARANTINED = "quarantined"  #: given up for now; a person is asked to look
    DISABLED = "disabled"  #: disabled by a person

    @property
    def carries(self) -> bool:
        """True if messages may be handed to a modem in this state."""
        return self in (ModemState.READY, ModemState.DEGRADED)


class CopyFate(StrEnum):
    """The fate of a stored copy of a submission (AT+CMGW)."""

    FOREIGN = "foreign"  #: not written by the gateway: left alone
    NEEDED = "needed"  #: the outcome of its segment is not on disk yet: asked about again
    SETTLED = "settled"  #: the outcome of its segment is on disk: the copy is deleted


class RecoveryStep(StrEnum):
    """The steps that bring a modem back, in order: each costs more than the one before.

    Resynchronising (ESC, AT) and reopening the port happen all the time and are not steps.
    """

    SETTINGS = "settings"  #: the settings are applied again
    RADIO = "radio"  #: AT+CFUN off and on: the modem reads the SIM and registers again
    RESET = "reset"  #: the modem restarts itself: AT+CFUN=1,1 or the vendor's command
    USB = "usb"  #: its USB device is unbound and bound again
    POWER = "power"  #: the power of its USB port is cycled: uhubctl, or the configured command
    QUARANTINE = "quarantine"  #: given up for a while; a person is asked to look


class BabbleKind(StrEnum):
    """The kinds of unsolicited input that are limited for each modem."""

    BYTES = "bytes"  #: bytes that belong to no response
    LINES = "lines"  #: lines that belong to no response
    EVENTS = "events"  #: events and changes of state that follow from them
    PDUS = "PDUs"  #: PDUs that came with their indication and could not be decoded


class NetworkRegistration(StrEnum):
    """The registration with the network: the best <stat> of any domain (TS 27.007 7.2)."""

    HOME = "home"
    ROAMING = "roaming"
    HOME_SMS_ONLY = "home, messages only"
    ROAMING_SMS_ONLY = "roaming, messages only"
    HOME_NO_FALLBACK = "home, no fallback"
    ROAMING_NO_FALLBACK = "roaming, no fallback"
    NOT_REGISTERED = "not registered"
    SEARCHING = "searching"
    DENIED = "denied"
    UNKNOWN = "unknown"
    EMERGENCY_ONLY = "emergency only"


class AccessTechnology(StrEnum):
    """The access technology of the serving cell: <AcT> of TS 27.007 7.3."""

    GSM = "GSM"
    EDGE = "EDGE"
    UMTS = "UMTS"
    HSPA = "HSPA"
    LTE = "LTE"
    EC_GSM = "EC-GSM"
    NB_IOT = "NB-IoT"
    NR = "NR"


class ProfileReason(StrEnum):
    """Why a modem has its profile."""

    CONFIGURED = "configured"  #: named in the configuration
    MATCHED = "matched"  #: a pattern of the profile matches the modem's identity
    STANDARD = "standard"  #: no profile matches: the commands of the standards


@dataclass(frozen=True, slots=True)
class StorageUse:
    """How many messages a storage of a modem or SIM holds, and can hold."""

    used: int
    total: int


@dataclass(frozen=True, slots=True)
class UssdNote:
    """The last answer of the network to a USSD code: the balance, most often."""

    code: str
    answer: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ModemStatus:
    """The current status of one modem. ``detail`` is the reason for its state in a sentence."""

    name: str
    state: ModemState
    detail: str
    port: str | None = None
    profile: str | None = None
    profile_reason: ProfileReason | None = None
    #: The pattern that matched, for :attr:`ProfileReason.MATCHED`.
    profile_pattern: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    revision: str | None = None
    imei: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    number: str | None = None
    operator: str | None = None
    technology: AccessTechnology | None = None
    registration: NetworkRegistration | None = None
    signal_dbm: int | None = None
    temperature_c: float | None = None
    voltage_mv: int | None = None
    #: PINs that may be tried while the SIM is locked, where the modem tells.
    pin_attempts_left: int | None = None
    last_ussd: UssdNote | None = None
    #: By the name of the storage: ``SM``, ``ME``.
    storage: Mapping[str, StorageUse] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def sim(self) -> str:
        """The identity of the SIM for report matching and limits: ICCID, else IMSI, else the modem's name."""
        return self.iccid or self.imsi or f"modem:{self.name}"


@dataclass(frozen=True, slots=True)
class ModemSample:
    """The readings of a modem at one moment."""

    at_ms: int
    state: ModemState
    signal_dbm: int | None
    temperature_c: float | None
